//! Metrics: an instrument with its data points. Sums are cumulative.
//!
//! | module | what it does |
//! |---|---|
//! | [`series`] | since when each counter counts |
//! | [`sheet`] | metrics of one moment |
//! | [`delta`] | the same as delta, for backends that want them so |

pub mod delta;
pub mod series;
pub mod sheet;

use crate::attribute::attribute;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Metric, MetricsData, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric,
    number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;

/// What a data point says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A whole number.
    Whole(u64),
    /// One with a fraction.
    Real(f64),
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self::Whole(number)
    }
}

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl From<Number> for number_data_point::Value {
    fn from(number: Number) -> Self {
        match number {
            Number::Whole(number) => Self::AsInt(i64::try_from(number).unwrap_or(i64::MAX)),
            Number::Real(number) => Self::AsDouble(number),
        }
    }
}

/// Makes data points of one moment.
#[derive(Clone, Copy, Debug)]
pub struct Points {
    /// Since when it is counted, Unix time in nanoseconds.
    pub began_unix_ns: u64,
    /// The moment, likewise.
    pub now_unix_ns: u64,
}

impl Points {
    /// A data point.
    pub fn of(self, number: impl Into<Number>, attributes: &[(&str, &str)]) -> NumberDataPoint {
        NumberDataPoint {
            attributes: attributes.iter().map(|(key, text)| attribute(key, *text)).collect(),
            start_time_unix_nano: self.began_unix_ns,
            time_unix_nano: self.now_unix_ns,
            value: Some(number.into().into()),
            ..NumberDataPoint::default()
        }
    }
}

/// What only grows.
#[must_use]
pub fn sum(name: &str, unit: &str, description: &str, data_points: Vec<NumberDataPoint>) -> Metric {
    of(name, unit, description, metric::Data::Sum(cumulative(data_points, true)))
}

/// What grows and shrinks, and whose parts add up to something.
#[must_use]
pub fn up_down(name: &str, unit: &str, description: &str, data_points: Vec<NumberDataPoint>) -> Metric {
    of(name, unit, description, metric::Data::Sum(cumulative(data_points, false)))
}

/// What is so at a moment, and does not add up.
#[must_use]
pub fn gauge(name: &str, unit: &str, description: &str, data_points: Vec<NumberDataPoint>) -> Metric {
    of(name, unit, description, metric::Data::Gauge(Gauge { data_points }))
}

/// The metrics of one resource, and how many data points they are.
#[must_use]
pub fn message(resource: Resource, metrics: Vec<Metric>) -> (MetricsData, u64) {
    let count = metrics.iter().map(count).sum();
    let schema_url = crate::SCHEMA_URL.to_owned();
    let scope_metrics = vec![ScopeMetrics { scope: Some(crate::scope()), metrics, schema_url: schema_url.clone() }];
    let of = ResourceMetrics { resource: Some(resource), scope_metrics, schema_url };
    (MetricsData { resource_metrics: vec![of] }, count)
}

fn cumulative(data_points: Vec<NumberDataPoint>, is_monotonic: bool) -> Sum {
    Sum { data_points, aggregation_temporality: AggregationTemporality::Cumulative.into(), is_monotonic }
}

fn of(name: &str, unit: &str, description: &str, data: metric::Data) -> Metric {
    let (name, unit, description) = (name.to_owned(), unit.to_owned(), description.to_owned());
    Metric { name, unit, description, data: Some(data), ..Metric::default() }
}

fn count(metric: &Metric) -> u64 {
    match &metric.data {
        Some(metric::Data::Sum(sum)) => sum.data_points.len() as u64,
        Some(metric::Data::Gauge(gauge)) => gauge.data_points.len() as u64,
        Some(metric::Data::Histogram(histogram)) => histogram.data_points.len() as u64,
        Some(metric::Data::ExponentialHistogram(histogram)) => histogram.data_points.len() as u64,
        Some(metric::Data::Summary(summary)) => summary.data_points.len() as u64,
        None => 0,
    }
}
