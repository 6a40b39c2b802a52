//! Points that count, and one without another.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, NumberDataPoint,
};
use std::collections::BTreeMap;

/// What a point counted, without what it is of.
#[derive(Debug)]
pub(super) enum Bare {
    Number(Value),
    Histogram { count: u64, sum: Option<f64>, counts: Vec<u64>, bounds: Vec<f64> },
    Exponential(Box<ExponentialHistogramDataPoint>),
}

impl Bare {
    /// What it takes beside itself.
    pub(super) fn bytes(&self) -> usize {
        let counts = match self {
            Self::Number(_) => 0,
            Self::Histogram { counts, bounds, .. } => counts.len() + bounds.len(),
            Self::Exponential(point) => {
                let of = |buckets: &Option<Buckets>| buckets.as_ref().map_or(0, |of| of.bucket_counts.len());
                size_of::<ExponentialHistogramDataPoint>() / 8 + of(&point.positive) + of(&point.negative)
            }
        };
        8 * counts
    }
}

/// A point beside the one before.
pub(super) enum Since<P> {
    /// It goes on: what came since.
    More(P),
    /// It went back: it began anew, though its start does not say so.
    Anew,
    /// It counts other things, by other bounds.
    Other,
}

/// A point that only grows.
pub(super) trait Counted: Sized {
    fn attributes(&self) -> &[KeyValue];

    /// Since when it counts and when it was so, Unix time in nanoseconds.
    fn times(&self) -> (u64, u64);

    /// The same, counting from another time.
    fn begun(self, unix_ns: u64) -> Self;

    /// `None`: it says nothing.
    fn bare(&self) -> Option<Bare>;

    /// What came since the one before, which was at that time.
    fn since(&self, before: &Bare, at_unix_ns: u64) -> Since<Self>;
}

impl Counted for NumberDataPoint {
    fn attributes(&self) -> &[KeyValue] {
        &self.attributes
    }

    fn times(&self) -> (u64, u64) {
        (self.start_time_unix_nano, self.time_unix_nano)
    }

    fn begun(self, unix_ns: u64) -> Self {
        Self { start_time_unix_nano: unix_ns, ..self }
    }

    fn bare(&self) -> Option<Bare> {
        self.value.map(Bare::Number)
    }

    fn since(&self, before: &Bare, at_unix_ns: u64) -> Since<Self> {
        let more = match (self.value, before) {
            (Some(Value::AsInt(now)), Bare::Number(Value::AsInt(before))) if now >= *before => {
                Value::AsInt(now.saturating_sub(*before))
            }
            (Some(Value::AsDouble(now)), Bare::Number(Value::AsDouble(before))) if now >= *before => {
                Value::AsDouble(now - before)
            }
            (Some(_), Bare::Number(_)) => return Since::Anew,
            _ => return Since::Other,
        };
        Since::More(Self { value: Some(more), exemplars: newer(&self.exemplars, at_unix_ns), ..self.clone() })
    }
}

impl Counted for HistogramDataPoint {
    fn attributes(&self) -> &[KeyValue] {
        &self.attributes
    }

    fn times(&self) -> (u64, u64) {
        (self.start_time_unix_nano, self.time_unix_nano)
    }

    fn begun(self, unix_ns: u64) -> Self {
        Self { start_time_unix_nano: unix_ns, ..self }
    }

    fn bare(&self) -> Option<Bare> {
        let (counts, bounds) = (self.bucket_counts.clone(), self.explicit_bounds.clone());
        Some(Bare::Histogram { count: self.count, sum: self.sum, counts, bounds })
    }

    fn since(&self, before: &Bare, at_unix_ns: u64) -> Since<Self> {
        let Bare::Histogram { count, sum, counts, bounds } = before else { return Since::Other };
        if self.explicit_bounds != *bounds || self.bucket_counts.len() != counts.len() {
            return Since::Other;
        }
        let each = self.bucket_counts.iter().zip(counts).map(|(now, before)| now.checked_sub(*before));
        match (self.count.checked_sub(*count), each.collect()) {
            (Some(count), Some(bucket_counts)) => Since::More(Self {
                count,
                sum: self.sum.zip(*sum).map(|(now, before)| now - before),
                bucket_counts,
                exemplars: newer(&self.exemplars, at_unix_ns),
                // Of which time they are, nobody knows.
                min: None,
                max: None,
                ..self.clone()
            }),
            _ => Since::Anew,
        }
    }
}

impl Counted for ExponentialHistogramDataPoint {
    fn attributes(&self) -> &[KeyValue] {
        &self.attributes
    }

    fn times(&self) -> (u64, u64) {
        (self.start_time_unix_nano, self.time_unix_nano)
    }

    fn begun(self, unix_ns: u64) -> Self {
        Self { start_time_unix_nano: unix_ns, ..self }
    }

    fn bare(&self) -> Option<Bare> {
        Some(Bare::Exponential(Box::new(Self { attributes: Vec::new(), exemplars: Vec::new(), ..self.clone() })))
    }

    fn since(&self, before: &Bare, at_unix_ns: u64) -> Since<Self> {
        let Bare::Exponential(before) = before else { return Since::Other };
        // A scale only shrinks while it counts on, and so each bucket of before is within one of now.
        let Some(finer) = before.scale.checked_sub(self.scale).and_then(|by| u32::try_from(by).ok()) else {
            return Since::Other;
        };
        if self.zero_threshold != before.zero_threshold {
            return Since::Other;
        }
        let positive = without(self.positive.as_ref(), before.positive.as_ref(), finer);
        let negative = without(self.negative.as_ref(), before.negative.as_ref(), finer);
        let counts = [self.count.checked_sub(before.count), self.zero_count.checked_sub(before.zero_count)];
        match (counts, positive, negative) {
            ([Some(count), Some(zero_count)], Ok(positive), Ok(negative)) => Since::More(Self {
                count,
                zero_count,
                positive,
                negative,
                sum: self.sum.zip(before.sum).map(|(now, before)| now - before),
                exemplars: newer(&self.exemplars, at_unix_ns),
                min: None,
                max: None,
                ..self.clone()
            }),
            _ => Since::Anew,
        }
    }
}

/// Buckets of now without those of before, whose scale is so much finer. An error: there were more before.
fn without(now: Option<&Buckets>, before: Option<&Buckets>, finer: u32) -> Result<Option<Buckets>, ()> {
    let mut were = BTreeMap::<i64, u64>::new();
    for (at, count) in before.iter().flat_map(|of| of.bucket_counts.iter().enumerate().filter(|(_, count)| **count > 0))
    {
        let offset = before.map_or(0, |of| i64::from(of.offset));
        let of = were.entry((offset + at as i64) >> finer.min(63)).or_default();
        *of = of.saturating_add(*count);
    }
    let Some(now) = now else { return if were.is_empty() { Ok(None) } else { Err(()) } };
    let offset = i64::from(now.offset);
    let mut bucket_counts = Vec::with_capacity(now.bucket_counts.len());
    for (at, count) in now.bucket_counts.iter().enumerate() {
        let was = were.remove(&(offset + at as i64)).unwrap_or(0);
        bucket_counts.push(count.checked_sub(was).ok_or(())?);
    }
    if were.is_empty() { Ok(Some(Buckets { offset: now.offset, bucket_counts })) } else { Err(()) }
}

/// Exemplars of after that time.
fn newer(exemplars: &[Exemplar], unix_ns: u64) -> Vec<Exemplar> {
    exemplars.iter().filter(|exemplar| exemplar.time_unix_nano > unix_ns).cloned().collect()
}
