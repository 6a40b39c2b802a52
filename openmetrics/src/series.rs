//! The lines of a point.

use crate::buckets::Buckets;
use crate::exemplar;
use crate::formats::Format;
use crate::number;
use crate::point::Point;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{Exemplar, NumberDataPoint, SummaryDataPoint};

/// Where the lines of a point go.
#[derive(Debug)]
pub(crate) struct Lines<'l> {
    /// The name without what the lines have behind it.
    pub(crate) name: &'l str,
    /// As [`crate::labels::text_of`] has them.
    pub(crate) labels: &'l str,
    pub(crate) format: Format,
    pub(crate) text: String,
}

impl Lines<'_> {
    /// The lines of a point; `None`: what it says makes no sense.
    pub(crate) fn of(mut self, point: Point<'_>) -> Option<String> {
        match point {
            Point::Counter(of) => self.counter(of)?,
            Point::Gauge(of) => self.line("", None, &number(of)?.0, None),
            Point::Histogram(of) => {
                self.histogram(&Buckets::explicit(of)?, of.sum, &of.exemplars, of.start_time_unix_nano);
            }
            Point::Exponential(of) => {
                self.histogram(&Buckets::exponential(of)?, of.sum, &of.exemplars, of.start_time_unix_nano);
            }
            Point::Summary(of) => self.summary(of)?,
            Point::Info(_) => self.line("_info", None, "1", None),
        }
        Some(self.text)
    }

    fn counter(&mut self, point: &NumberDataPoint) -> Option<()> {
        let (text, number) = number(point)?;
        if number.is_nan() || number < 0.0 {
            return None;
        }
        let newest = exemplar::newest(&point.exemplars, f64::NEG_INFINITY, f64::INFINITY);
        self.line("_total", None, &text, newest);
        self.created(point.start_time_unix_nano);
        Some(())
    }

    fn histogram(&mut self, buckets: &Buckets, sum: Option<f64>, exemplars: &[Exemplar], start_unix_ns: u64) {
        let mut above = f64::NEG_INFINITY;
        for (bound, count) in buckets.up_to.iter().copied().chain([(f64::INFINITY, buckets.count)]) {
            let label = ("le", number::label(bound));
            self.line("_bucket", Some(label), &count.to_string(), exemplar::newest(exemplars, above, bound));
            above = bound;
        }
        // A sum that may shrink is none that OpenMetrics has, and without a sum no count.
        let sum = sum.filter(|sum| *sum >= 0.0 && !buckets.may_be_negative());
        if sum.is_some() || self.format == Format::Classic {
            self.line("_count", None, &buckets.count.to_string(), None);
        }
        self.sum(sum);
        self.created(start_unix_ns);
    }

    fn summary(&mut self, point: &SummaryDataPoint) -> Option<()> {
        let mut last = -1.0;
        for of in &point.quantile_values {
            if !(of.quantile > last && (0.0..=1.0).contains(&of.quantile)) || of.value < 0.0 {
                return None;
            }
            last = of.quantile;
            self.line("", Some(("quantile", number::label(of.quantile))), &number::value(of.value), None);
        }
        self.line("_count", None, &point.count.to_string(), None);
        self.sum(Some(point.sum));
        self.created(point.start_time_unix_nano);
        Some(())
    }

    fn sum(&mut self, sum: Option<f64>) {
        if let Some(sum) = sum.filter(|sum| *sum >= 0.0) {
            self.line("_sum", None, &number::value(sum), None);
        }
    }

    fn created(&mut self, start_unix_ns: u64) {
        if self.format == Format::OpenMetrics && start_unix_ns > 0 {
            self.line("_created", None, &number::seconds(start_unix_ns), None);
        }
    }

    fn line(&mut self, suffix: &str, own: Option<(&str, String)>, value: &str, exemplar: Option<(&Exemplar, f64)>) {
        let own = own.map(|(name, value)| format!("{name}=\"{value}\""));
        let labels = [Some(self.labels), own.as_deref()].into_iter().flatten().filter(|labels| !labels.is_empty());
        let labels = labels.collect::<Vec<_>>().join(",");
        self.text.push_str(self.name);
        self.text.push_str(suffix);
        if !labels.is_empty() {
            self.text.extend(["{", &labels, "}"]);
        }
        self.text.extend([" ", value]);
        if let Some(exemplar) = exemplar.filter(|_| self.format == Format::OpenMetrics) {
            self.text.push_str(&exemplar::text_of(exemplar));
        }
        self.text.push('\n');
    }
}

/// What a point says, as text and as a number.
fn number(point: &NumberDataPoint) -> Option<(String, f64)> {
    Some(match point.value? {
        Value::AsInt(number) => (number.to_string(), number as f64),
        Value::AsDouble(number) => (number::value(number), number),
    })
}
