//! Metrics: an instrument with its data points. Sums are cumulative.
//!
//! | module | what it does |
//! |---|---|
//! | [`histogram`] | distributions |
//! | [`series`] | since when each counter counts |
//! | [`sheet`] | metrics of one moment |
//! | [`delta`] | the same as delta, for backends that want them so |

pub mod delta;
pub mod histogram;
pub mod series;
pub mod sheet;

use crate::attribute::attribute;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric,
    number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;

/// What a data point says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A whole number.
    Whole(u64),
    /// One that may be below zero.
    Signed(i64),
    /// One with a fraction.
    Real(f64),
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self::Whole(number)
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self::Signed(number)
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
            Number::Signed(number) => Self::AsInt(number),
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

/// The metrics of one resource.
#[must_use]
pub fn of_resource(resource: Resource, metrics: Vec<Metric>) -> ResourceMetrics {
    let schema_url = crate::SCHEMA_URL.to_owned();
    let scope_metrics = vec![ScopeMetrics { scope: Some(crate::scope()), metrics, schema_url: schema_url.clone() }];
    ResourceMetrics { resource: Some(resource), scope_metrics, schema_url }
}

/// How many data points a part of a message is.
#[must_use]
pub fn points(of: &ResourceMetrics) -> u64 {
    of.scope_metrics.iter().flat_map(|of| &of.metrics).map(count).sum()
}

fn cumulative(data_points: Vec<NumberDataPoint>, is_monotonic: bool) -> Sum {
    Sum { data_points, aggregation_temporality: AggregationTemporality::Cumulative.into(), is_monotonic }
}

fn of(name: &str, unit: &str, description: &str, data: metric::Data) -> Metric {
    let (name, unit, description) = (name.to_owned(), unit.to_owned(), description.to_owned());
    Metric { name, unit, description, data: Some(data), ..Metric::default() }
}

fn count(metric: &Metric) -> u64 {
    let count = match &metric.data {
        Some(metric::Data::Sum(sum)) => sum.data_points.len(),
        Some(metric::Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(metric::Data::ExponentialHistogram(of)) => of.data_points.len(),
        Some(metric::Data::Histogram(of)) => of.data_points.len(),
        Some(metric::Data::Summary(of)) => of.data_points.len(),
        None => 0,
    };
    count as u64
}
