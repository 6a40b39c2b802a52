//! Points of all types, and the type of family that each is of.

use crate::formats::Format;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, DataPointFlags, ExponentialHistogramDataPoint, HistogramDataPoint, NumberDataPoint,
    SummaryDataPoint, metric::Data,
};

/// A type of families.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
    Summary,
    Info,
}

/// A point as Prometheus has it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Point<'p> {
    Counter(&'p NumberDataPoint),
    Gauge(&'p NumberDataPoint),
    Histogram(&'p HistogramDataPoint),
    Exponential(&'p ExponentialHistogramDataPoint),
    Summary(&'p SummaryDataPoint),
    /// A resource by its attributes.
    Info(&'p [KeyValue]),
}

/// The points of a metric and their type. A sum that may shrink is a gauge.
pub(crate) fn of(data: &Data) -> (Kind, Vec<Point<'_>>) {
    match data {
        Data::Gauge(gauge) => (Kind::Gauge, gauge.data_points.iter().map(Point::Gauge).collect()),
        Data::Sum(sum) if sum.is_monotonic => (Kind::Counter, sum.data_points.iter().map(Point::Counter).collect()),
        Data::Sum(sum) => (Kind::Gauge, sum.data_points.iter().map(Point::Gauge).collect()),
        Data::Histogram(of) => (Kind::Histogram, of.data_points.iter().map(Point::Histogram).collect()),
        Data::ExponentialHistogram(of) => (Kind::Histogram, of.data_points.iter().map(Point::Exponential).collect()),
        Data::Summary(summary) => (Kind::Summary, summary.data_points.iter().map(Point::Summary).collect()),
    }
}

/// Whether a metric's points count since their start, if they count at all.
pub(crate) fn is_cumulative(data: &Data) -> bool {
    let temporality = match data {
        Data::Gauge(_) | Data::Summary(_) => return true,
        Data::Sum(sum) => sum.aggregation_temporality,
        Data::Histogram(histogram) => histogram.aggregation_temporality,
        Data::ExponentialHistogram(histogram) => histogram.aggregation_temporality,
    };
    temporality == AggregationTemporality::Cumulative as i32
}

impl<'p> Point<'p> {
    pub(crate) fn attributes(self) -> &'p [KeyValue] {
        match self {
            Self::Counter(of) | Self::Gauge(of) => &of.attributes,
            Self::Histogram(of) => &of.attributes,
            Self::Exponential(of) => &of.attributes,
            Self::Summary(of) => &of.attributes,
            Self::Info(attributes) => attributes,
        }
    }

    /// Whether it only says that there is nothing to say any more.
    pub(crate) const fn is_gone(self) -> bool {
        let flags = match self {
            Self::Counter(of) | Self::Gauge(of) => of.flags,
            Self::Histogram(of) => of.flags,
            Self::Exponential(of) => of.flags,
            Self::Summary(of) => of.flags,
            Self::Info(_) => 0,
        };
        flags & DataPointFlags::NoRecordedValueMask as u32 != 0
    }
}

impl Kind {
    /// As the type line has it.
    pub(crate) const fn word(self, format: Format) -> &'static str {
        match (self, format) {
            (Self::Info, Format::OpenMetrics) => "info",
            (Self::Gauge | Self::Info, _) => "gauge",
            (Self::Counter, _) => "counter",
            (Self::Histogram, _) => "histogram",
            (Self::Summary, _) => "summary",
        }
    }

    /// What stands behind the family's name in its lines.
    pub(crate) const fn suffixes(self) -> &'static [&'static str] {
        match self {
            Self::Counter => &["_total", "_created"],
            Self::Gauge => &[""],
            Self::Histogram => &["_bucket", "_count", "_sum", "_created"],
            Self::Summary => &["", "_count", "_sum", "_created"],
            Self::Info => &["_info"],
        }
    }

    /// What stands behind it where its type is told, which in the classic format is the type of lines.
    pub(crate) const fn suffix(self, format: Format) -> &'static str {
        match (self, format) {
            (Self::Counter, Format::Classic) => "_total",
            (Self::Info, Format::Classic) => "_info",
            _ => "",
        }
    }

    /// The label that its lines have for themselves.
    pub(crate) const fn reserved(self) -> Option<&'static str> {
        match self {
            Self::Histogram => Some("le"),
            Self::Summary => Some("quantile"),
            Self::Counter | Self::Gauge | Self::Info => None,
        }
    }
}
