//! A distribution whose buckets grow by a constant factor (metrics data model, "ExponentialHistogram").
//!
//! At scale `s` bucket `i` holds what is greater than `2^(i / 2^s)` and not greater than `2^((i + 1) / 2^s)`. Where
//! values lie too far apart for 160 buckets, pairs of buckets become one.

use super::Points;
use crate::attribute::attribute;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Metric, metric,
};
use std::collections::VecDeque;

/// Most buckets: as the SDKs have it.
const MAX_BUCKETS: usize = 160;
/// The scale that one begins with: a value is known to 2 %.
const FIRST_SCALE: i32 = 4;

/// What was measured, as a distribution.
#[derive(Clone, Debug)]
pub struct Histogram {
    count: u64,
    sum: f64,
    least: f64,
    most: f64,
    zeros: u64,
    scale: i32,
    /// The index of the first bucket.
    offset: i32,
    buckets: VecDeque<u64>,
    exemplar: Option<Exemplar>,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            count: 0,
            sum: 0.0,
            least: f64::INFINITY,
            most: f64::NEG_INFINITY,
            zeros: 0,
            scale: FIRST_SCALE,
            offset: 0,
            buckets: VecDeque::new(),
            exemplar: None,
        }
    }
}

impl Histogram {
    /// Takes a value in; what is no finite number that is 0 or more is left out. The largest since the last look is the
    /// one that `exemplar` is kept of.
    pub fn record(&mut self, value: f64, exemplar: impl FnOnce() -> Exemplar) {
        if !value.is_finite() || value < 0.0 {
            return;
        }
        self.count += 1;
        self.sum += value;
        (self.least, self.most) = (self.least.min(value), self.most.max(value));
        if value < f64::MIN_POSITIVE {
            self.zeros += 1;
        } else {
            self.count_in_bucket(value);
        }
        if self.exemplar.as_ref().is_none_or(|kept| number(kept) < value) {
            self.exemplar = Some(exemplar());
        }
    }

    /// How many values there were.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// A data point of it. Its exemplar is told once.
    pub fn point(&mut self, points: Points, attributes: &[(&str, &str)]) -> ExponentialHistogramDataPoint {
        let is_any = self.count > 0;
        ExponentialHistogramDataPoint {
            attributes: attributes.iter().map(|(key, text)| attribute(key, *text)).collect(),
            start_time_unix_nano: points.began_unix_ns,
            time_unix_nano: points.now_unix_ns,
            count: self.count,
            sum: Some(self.sum),
            scale: self.scale,
            zero_count: self.zeros,
            positive: Some(Buckets { offset: self.offset, bucket_counts: self.buckets.iter().copied().collect() }),
            exemplars: self.exemplar.take().into_iter().collect(),
            min: is_any.then_some(self.least),
            max: is_any.then_some(self.most),
            ..ExponentialHistogramDataPoint::default()
        }
    }

    fn count_in_bucket(&mut self, value: f64) {
        loop {
            let index = self.index(value);
            if self.buckets.is_empty() {
                self.offset = index;
            }
            let end = self.offset.saturating_add(self.buckets.len() as i32);
            let (first, last) = (self.offset.min(index), (end - 1).max(index));
            if (last - first) as usize >= MAX_BUCKETS {
                self.halve();
                continue;
            }
            for _ in index..self.offset {
                self.buckets.push_front(0);
            }
            self.offset = first;
            let at = (index - first) as usize;
            if self.buckets.len() <= at {
                self.buckets.resize(at + 1, 0);
            }
            if let Some(bucket) = self.buckets.get_mut(at) {
                *bucket += 1;
            }
            return;
        }
    }

    /// The bucket of a value: the logarithm is a little wrong at the very border, which the data model allows.
    fn index(&self, value: f64) -> i32 {
        (value.log2() * f64::from(self.scale).exp2()).ceil() as i32 - 1
    }

    /// Makes one bucket of two.
    fn halve(&mut self) {
        let offset = self.offset.div_euclid(2);
        let mut merged = VecDeque::with_capacity(self.buckets.len() / 2 + 1);
        for (at, count) in self.buckets.iter().enumerate() {
            let index = ((self.offset + at as i32).div_euclid(2) - offset) as usize;
            if merged.len() <= index {
                merged.resize(index + 1, 0);
            }
            if let Some(bucket) = merged.get_mut(index) {
                *bucket += count;
            }
        }
        (self.scale, self.offset, self.buckets) = (self.scale - 1, offset, merged);
    }
}

/// What an exemplar was.
fn number(exemplar: &Exemplar) -> f64 {
    use opentelemetry_proto::tonic::metrics::v1::exemplar::Value;
    match exemplar.value {
        Some(Value::AsDouble(number)) => number,
        Some(Value::AsInt(number)) => number as f64,
        None => f64::NEG_INFINITY,
    }
}

/// Distributions, cumulative.
#[must_use]
pub fn histogram(name: &str, unit: &str, description: &str, data_points: Vec<ExponentialHistogramDataPoint>) -> Metric {
    let aggregation_temporality = AggregationTemporality::Cumulative.into();
    let data = ExponentialHistogram { data_points, aggregation_temporality };
    super::of(name, unit, description, metric::Data::ExponentialHistogram(data))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Points = Points { began_unix_ns: 1, now_unix_ns: 2 };

    /// The lower and upper bound of the bucket that holds the value at this rank.
    fn bounds(point: &ExponentialHistogramDataPoint, rank: u64) -> (f64, f64) {
        let positive = point.positive.as_ref().unwrap();
        let mut seen = point.zero_count;
        for (at, count) in positive.bucket_counts.iter().enumerate() {
            seen += count;
            if rank < seen {
                let bound = |index: i32| (f64::from(index) / f64::from(point.scale).exp2()).exp2();
                let index = positive.offset + at as i32;
                return (bound(index), bound(index + 1));
            }
        }
        panic!("no bucket holds rank {rank}: {point:?}");
    }

    proptest! {
        #[test]
        fn each_value_is_in_its_bucket_and_there_are_not_too_many(
            mut values in prop::collection::vec(prop_oneof![1e-9..1e-3f64, 1e-3..10.0f64, 10.0..1e6f64], 1..300)
        ) {
            let mut of = Histogram::default();
            values.iter().for_each(|value| of.record(*value, Exemplar::default));
            let point = of.point(NOW, &[]);
            let positive = point.positive.clone().unwrap();
            prop_assert!(positive.bucket_counts.len() <= MAX_BUCKETS);
            prop_assert_eq!(positive.bucket_counts.iter().sum::<u64>(), values.len() as u64);
            values.sort_by(f64::total_cmp);
            for (rank, value) in values.iter().enumerate() {
                let (low, high) = bounds(&point, rank as u64);
                prop_assert!(low * (1.0 - 1e-9) <= *value && *value <= high * (1.0 + 1e-9), "{low} {value} {high}");
            }
            prop_assert_eq!((point.min, point.max), (values.first().copied(), values.last().copied()));
        }
    }

    #[test]
    fn zeros_count_apart_and_what_is_no_duration_not_at_all() {
        let mut of = Histogram::default();
        [0.0, 2.0, -1.0, f64::NAN, f64::INFINITY].iter().for_each(|value| of.record(*value, Exemplar::default));
        let point = of.point(NOW, &[]);
        assert_eq!((point.count, point.zero_count, point.sum), (2, 1, Some(2.0)));
        assert_eq!(Histogram::default().point(NOW, &[]).min, None);
    }

    #[test]
    fn the_slowest_since_the_last_look_is_its_exemplar() {
        use opentelemetry_proto::tonic::metrics::v1::exemplar::Value;
        let of_value = |value: f64| move || Exemplar { value: Some(Value::AsDouble(value)), ..Exemplar::default() };
        let mut of = Histogram::default();
        [1.0, 3.0, 2.0].iter().for_each(|value| of.record(*value, of_value(*value)));
        let told = |of: &mut Histogram| of.point(NOW, &[]).exemplars.iter().map(number).collect::<Vec<_>>();
        assert_eq!((told(&mut of), told(&mut of)), (vec![3.0], Vec::new()));
        of.record(0.5, of_value(0.5));
        assert_eq!(told(&mut of), [0.5]);
    }
}
