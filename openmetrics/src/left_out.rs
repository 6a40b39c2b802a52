//! What is not in the text, and why.

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Metric, NumberDataPoint, Sum, metric, number_data_point,
};

/// Why something is not in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A point that does not count since its start, but since the point before.
    NotCumulative,
    /// A point of a metric whose name another one has that is of another type.
    Clash,
    /// A description or a unit, where the family has another. Its points are there.
    Comment,
    /// A point that has the name and the labels of another.
    Duplicate,
    /// A point without a value, a name or buckets that make sense.
    Malformed,
    /// A point that did not fit.
    Limit,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::NotCumulative, Self::Clash, Self::Comment, Self::Duplicate, Self::Malformed, Self::Limit];

    /// As the metric has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotCumulative => "not_cumulative",
            Self::Clash => "clash",
            Self::Comment => "comment",
            Self::Duplicate => "duplicate",
            Self::Malformed => "malformed",
            Self::Limit => "limit",
        }
    }
}

/// How much was left out of all texts so far. Who asks for texts keeps it, so that it only grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut([u64; Reason::ALL.len()]);

impl LeftOut {
    /// How much for this reason.
    #[must_use]
    pub fn count(&self, reason: Reason) -> u64 {
        self.0.get(reason as usize).copied().unwrap_or(0)
    }

    /// Counts that many more.
    pub(crate) fn add(&mut self, reason: Reason, count: usize) {
        if let Some(counted) = self.0.get_mut(reason as usize) {
            *counted = counted.saturating_add(count as u64);
        }
    }

    /// The same as a metric.
    pub(crate) fn metric(&self) -> Metric {
        let point = |reason: Reason| {
            let value = AnyValue { value: Some(any_value::Value::StringValue(reason.name().to_owned())) };
            NumberDataPoint {
                attributes: vec![KeyValue { key: "reason".to_owned(), value: Some(value), ..KeyValue::default() }],
                value: Some(number_data_point::Value::AsInt(i64::try_from(self.count(reason)).unwrap_or(i64::MAX))),
                ..NumberDataPoint::default()
            }
        };
        Metric {
            name: "rewind.agent.prometheus.left_out".to_owned(),
            unit: "{point}".to_owned(),
            description: "Points that are not in a text for Prometheus".to_owned(),
            data: Some(metric::Data::Sum(Sum {
                data_points: Reason::ALL.map(point).to_vec(),
                aggregation_temporality: AggregationTemporality::Cumulative.into(),
                is_monotonic: true,
            })),
            ..Metric::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_count_of_its_own() {
        let mut left_out = LeftOut::default();
        for (at, reason) in Reason::ALL.into_iter().enumerate() {
            left_out.add(reason, at + 1);
        }
        assert_eq!(Reason::ALL.map(|reason| left_out.count(reason)), [1, 2, 3, 4, 5, 6]);
    }
}
