//! Metrics of one moment, family by family.

use super::series::Series;
use super::{self as metric, Number, Points};
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint};

/// What one data point says, and of what.
#[derive(Clone, Debug)]
pub struct Value<'v> {
    number: Number,
    attributes: Vec<(&'static str, &'v str)>,
}

/// A number, of something with these attributes.
pub fn value<'v>(number: impl Into<Number>, attributes: &[(&'static str, &'v str)]) -> Value<'v> {
    Value { number: number.into(), attributes: attributes.to_vec() }
}

/// A number of the thing as a whole.
#[must_use]
pub fn whole(number: impl Into<Number>) -> Vec<Value<'static>> {
    vec![value(number, &[])]
}

/// Metrics of one moment. What has no values is no metric.
#[derive(Debug)]
pub struct Sheet<'s> {
    series: &'s mut Series,
    now_unix_ns: u64,
    metrics: Vec<Metric>,
}

impl<'s> Sheet<'s> {
    /// An empty one of that moment.
    pub const fn new(series: &'s mut Series, now_unix_ns: u64) -> Self {
        Self { series, now_unix_ns, metrics: Vec::new() }
    }

    /// What only grows.
    pub fn counter(&mut self, name: &str, unit: &str, description: &str, values: Vec<Value<'_>>) {
        let points = values.iter().map(|value| self.counted(name, value)).collect();
        self.add(metric::sum(name, unit, description, points), values.len());
    }

    /// What grows and shrinks, and whose parts add up to something.
    pub fn up_down(&mut self, name: &str, unit: &str, description: &str, values: Vec<Value<'_>>) {
        self.add(metric::up_down(name, unit, description, self.points(&values)), values.len());
    }

    /// What is so at this moment, and does not add up.
    pub fn gauge(&mut self, name: &str, unit: &str, description: &str, values: Vec<Value<'_>>) {
        self.add(metric::gauge(name, unit, description, self.points(&values)), values.len());
    }

    /// All of them.
    #[must_use]
    pub fn finish(self) -> Vec<Metric> {
        self.metrics
    }

    fn add(&mut self, metric: Metric, values: usize) {
        self.metrics.extend(Some(metric).filter(|_| values > 0));
    }

    fn points(&self, values: &[Value<'_>]) -> Vec<NumberDataPoint> {
        let points = Points { began_unix_ns: self.series.start_unix_ns(), now_unix_ns: self.now_unix_ns };
        values.iter().map(|value| points.of(value.number, &value.attributes)).collect()
    }

    fn counted(&mut self, name: &str, value: &Value<'_>) -> NumberDataPoint {
        let key = value.attributes.iter().fold(name.to_owned(), |key, (_, text)| key + "\n" + text);
        let number = match value.number {
            Number::Whole(number) => number as f64,
            Number::Signed(number) => number as f64,
            Number::Real(number) => number,
        };
        let began_unix_ns = self.series.began(key, number, self.now_unix_ns);
        Points { began_unix_ns, now_unix_ns: self.now_unix_ns }.of(value.number, &value.attributes)
    }
}
