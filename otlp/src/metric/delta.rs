//! Cumulative metrics as delta, for backends that want them so (OpenTelemetry specification, "OTLP metrics exporter").
//!
//! ```text
//! cumulative -> what came since the point before -> delivered? -> that point is the one before
//!               counted.rs
//! ```
//!
//! * A point's delta begins where the one before ended, and that is the last that was delivered: what is not delivered is
//!   in the next one.
//! * Of a counter that is new here, and began after the first look, all is sent. Of one that began before nothing is: an
//!   agent before may have sent it, and what a host has counted since its start would be a peak at the agent's. It is
//!   remembered, and what comes then is sent.
//! * A counter that began anew is sent as a whole. What it had counted before, and was not delivered, is lost.
//! * What grows and shrinks stays cumulative, and what is so at a moment as it is.

mod counted;
#[cfg(test)]
mod tests;

use counted::{Bare, Counted, Since};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::{AggregationTemporality, Metric, ResourceMetrics, metric::Data};
use prost::Message as _;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

/// How long a point is remembered after which none came.
const REMEMBERED_NS: u64 = 3_600_000_000_000;
/// Most memory for what is remembered: some 80,000 counters.
const MAX_BYTES: usize = 8 << 20;

/// What a backend wants, as `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Temporality {
    /// All as it is.
    #[default]
    Cumulative,
    /// Counters and histograms as delta.
    Delta,
    /// Of what the program itself counts, too, but not of what it reads from elsewhere: histograms. Our counters are the
    /// kernel's, or are read as those are (asynchronous ones, in the specification's terms).
    LowMemory,
}

impl Temporality {
    /// By the variable's value; `None`: no such preference.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "cumulative" => Some(Self::Cumulative),
            "delta" => Some(Self::Delta),
            "lowmemory" => Some(Self::LowMemory),
            _ => None,
        }
    }
}

/// Makes delta of cumulative metrics, message by message.
#[derive(Debug)]
pub struct Delta {
    temporality: Temporality,
    first_look_unix_ns: u64,
    seen: HashMap<Key, Seen>,
    bytes: usize,
    /// When what was forgotten had been seen last: what began before may have been sent.
    forgotten_unix_ns: u64,
    hashers: [RandomState; 2],
    left_out: u64,
}

/// Resource, scope, metric and attributes are too much to be kept: two hashes of them.
type Key = [u64; 2];

/// A point that was delivered, or of which nothing is sent.
#[derive(Debug)]
struct Seen {
    start_unix_ns: u64,
    at_unix_ns: u64,
    value: Bare,
}

impl Seen {
    fn bytes(&self) -> usize {
        size_of::<(Key, Self)>() + self.value.bytes()
    }
}

/// What is remembered once a message is delivered. Where it is not, this is dropped.
#[derive(Debug, Default)]
#[must_use = "without `Delta::commit` all of the message is in the next one as well"]
pub struct Pending {
    seen: Vec<(Key, Seen)>,
    /// Of those that were not known.
    new_bytes: usize,
}

impl Delta {
    /// With the time from which on counters begin of which nobody has sent anything: the agent's start.
    #[must_use]
    pub fn new(temporality: Temporality, first_look_unix_ns: u64) -> Self {
        Self {
            temporality,
            first_look_unix_ns,
            seen: HashMap::new(),
            bytes: 0,
            forgotten_unix_ns: 0,
            hashers: [RandomState::new(), RandomState::new()],
            left_out: 0,
        }
    }

    /// The same metrics as the backend wants them, and what is to be committed, before others are taken, once it has them.
    /// A metric of which nothing is sent is not among them.
    pub fn take(&mut self, mut all: Vec<ResourceMetrics>) -> (Vec<ResourceMetrics>, Pending) {
        let mut pending = Pending::default();
        if self.temporality == Temporality::Cumulative {
            return (all, pending);
        }
        for of in &mut all {
            let resource = encoded(of.resource.as_ref().map(|of| of.attributes.as_slice()).unwrap_or_default());
            for scope in &mut of.scope_metrics {
                let name = scope.scope.as_ref().map(|scope| scope.name.clone()).unwrap_or_default();
                scope.metrics.retain_mut(|metric| self.metric([&resource, name.as_bytes()], metric, &mut pending));
            }
            of.scope_metrics.retain(|scope| !scope.metrics.is_empty());
        }
        all.retain(|of| !of.scope_metrics.is_empty());
        (all, pending)
    }

    /// The message is delivered: what comes next is counted from there.
    pub fn commit(&mut self, pending: Pending) {
        let now_unix_ns = pending.seen.iter().map(|(_, seen)| seen.at_unix_ns).max().unwrap_or(0);
        for (key, seen) in pending.seen {
            self.remember(key, seen);
        }
        let (bytes, forgotten_unix_ns) = (&mut self.bytes, &mut self.forgotten_unix_ns);
        self.seen.retain(|_, seen| {
            let is_kept = now_unix_ns.saturating_sub(seen.at_unix_ns) < REMEMBERED_NS;
            if !is_kept {
                *bytes = bytes.saturating_sub(seen.bytes());
                *forgotten_unix_ns = seen.at_unix_ns.max(*forgotten_unix_ns);
            }
            is_kept
        });
    }

    /// How many points were left out: too many are remembered, or the one before was of other buckets.
    #[must_use]
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Makes one metric delta if it is to be; `false`: nothing is left of it.
    fn metric(&mut self, of: [&[u8]; 2], metric: &mut Metric, pending: &mut Pending) -> bool {
        let wants_sums = self.temporality == Temporality::Delta;
        let key = [of[0], of[1], metric.name.as_bytes()];
        let (temporality, is_empty) = match &mut metric.data {
            Some(Data::Sum(sum)) if sum.is_monotonic && wants_sums => {
                let is_empty = self.points(key, sum.aggregation_temporality, &mut sum.data_points, pending);
                (&mut sum.aggregation_temporality, is_empty)
            }
            Some(Data::Histogram(of)) => {
                let is_empty = self.points(key, of.aggregation_temporality, &mut of.data_points, pending);
                (&mut of.aggregation_temporality, is_empty)
            }
            Some(Data::ExponentialHistogram(of)) => {
                let is_empty = self.points(key, of.aggregation_temporality, &mut of.data_points, pending);
                (&mut of.aggregation_temporality, is_empty)
            }
            _ => return true,
        };
        *temporality = AggregationTemporality::Delta.into();
        !is_empty
    }

    /// Makes points delta, unless they are; whether none is left.
    fn points<P: Counted>(
        &mut self,
        key: [&[u8]; 3],
        temporality: i32,
        points: &mut Vec<P>,
        pending: &mut Pending,
    ) -> bool {
        if temporality == AggregationTemporality::Cumulative as i32 {
            let cumulative = std::mem::take(points);
            points.extend(cumulative.into_iter().filter_map(|point| self.point(key, point, pending)));
        }
        points.is_empty()
    }

    /// What came since the point before; `None`: nothing is sent.
    fn point<P: Counted>(
        &mut self,
        [resource, scope, metric]: [&[u8]; 3],
        point: P,
        pending: &mut Pending,
    ) -> Option<P> {
        let whole = [resource, scope, metric, &encoded(point.attributes())];
        let key = self.hashers.each_ref().map(|hasher| hasher.hash_one(whole));
        let (start_unix_ns, at_unix_ns) = point.times();
        let now = Seen { start_unix_ns, at_unix_ns, value: point.bare()? };
        let (delta, from_unix_ns) = match self.seen.get(&key) {
            None => {
                if self.bytes + pending.new_bytes + now.bytes() > MAX_BYTES {
                    self.left_out += 1;
                    return None;
                }
                if start_unix_ns < self.first_look_unix_ns || start_unix_ns <= self.forgotten_unix_ns {
                    self.remember(key, now);
                    return None;
                }
                pending.new_bytes += now.bytes();
                (point, start_unix_ns)
            }
            Some(before) if start_unix_ns > before.start_unix_ns => (point, start_unix_ns.max(before.at_unix_ns)),
            Some(before) => match point.since(&before.value, before.at_unix_ns) {
                Since::More(delta) => (delta, before.at_unix_ns),
                Since::Anew => (point, before.at_unix_ns),
                Since::Other => {
                    self.left_out += 1;
                    self.remember(key, now);
                    return None;
                }
            },
        };
        pending.seen.push((key, now));
        // A clock that was set back.
        Some(delta.begun(from_unix_ns.min(at_unix_ns)))
    }

    fn remember(&mut self, key: Key, seen: Seen) {
        self.bytes += seen.bytes();
        if let Some(before) = self.seen.insert(key, seen) {
            self.bytes = self.bytes.saturating_sub(before.bytes());
        }
    }
}

/// Attributes as bytes, whatever their order.
fn encoded(attributes: &[KeyValue]) -> Vec<u8> {
    let mut each: Vec<Vec<u8>> = attributes.iter().map(KeyValue::encode_length_delimited_to_vec).collect();
    each.sort_unstable();
    each.concat()
}
