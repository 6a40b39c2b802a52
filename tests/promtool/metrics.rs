//! Texts of metrics.

use super::promtool;
use anyhow::{Result, bail, ensure};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Histogram,
    HistogramDataPoint, Metric, MetricsData, Summary, SummaryDataPoint, exemplar, metric::Data,
    summary_data_point::ValueAtQuantile,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use rewind_host_metrics::{Host, Roots};
use rewind_openmetrics::{Format, Labels, LeftOut, Reason, render};
use rewind_otlp::attribute;
use rewind_otlp::metric::{self, Points};
use std::fs::File;
use std::path::Path;
use tempfile::TempDir;

/// Texts that have a meaning in one format or the other, or in none.
const ODD: &str = "\\ \" \n \r \t \0 # {a=\"b\"} é \u{202e} \u{10ffff} NaN # EOF";
const POINTS: Points = Points { began_unix_ns: 1_000_000_001, now_unix_ns: 2_000_000_000 };

/// What it finds in the host's metrics, and what stays: names are those of OpenTelemetry.
const KNOWN: [&str; 2] = [
    "system_cpu_logical_count non-histogram and non-summary metrics should not have \"_count\" suffix",
    "system_processes_count non-histogram and non-summary metrics should not have \"_count\" suffix",
];

pub(crate) fn classic() -> Result<()> {
    let (said, code) = check(&text(&odd(), &attributes(), Format::Classic)?)?;
    // 3: it has something to say of names.
    ensure!(code == Some(0) || code == Some(3), "{code:?}: {said}");
    Ok(())
}

pub(crate) fn open() -> Result<()> {
    // The one command that reads this format wants times, as Prometheus does where it reads no endpoint.
    let timed = text(&odd(), &attributes(), Format::OpenMetrics)?.lines().map(timed).collect::<String>();
    let dir = TempDir::new()?;
    let (file, blocks) = (dir.path().join("metrics"), dir.path().join("blocks"));
    std::fs::write(&file, timed)?;
    let paths = [&file, &blocks].map(|path| path.to_string_lossy().into_owned());
    let (said, code) = promtool(&["tsdb", "create-blocks-from", "openmetrics", &paths[0], &paths[1]], None)?;
    ensure!(code == Some(0), "{code:?}: {said}");
    let (listed, _) = promtool(&["tsdb", "list", &paths[1]], None)?;
    ensure!(listed.lines().count() > 1, "no block: {listed}");
    Ok(())
}

pub(crate) fn of_host() -> Result<()> {
    let mut host = Host::new(Roots::of(Path::new("/proc"), None));
    let (figures, _) = host.read();
    let of_host = metric::of_resource(Resource::default(), host.metrics(&figures, POINTS.now_unix_ns));
    let message = MetricsData { resource_metrics: vec![of_host] };
    let (said, code) = check(&text(&message, &[attribute("host.name", "node-1")], Format::Classic)?)?;
    let found: Vec<_> = said.lines().collect();
    ensure!(code == Some(3) && found == KNOWN, "{code:?}: {said}");
    Ok(())
}

fn check(text: &str) -> Result<(String, Option<i32>)> {
    let dir = TempDir::new()?;
    let file = dir.path().join("metrics");
    std::fs::write(&file, text)?;
    promtool(&["check", "metrics"], Some(File::open(file)?))
}

/// Their text, of which nothing is left out.
fn text(message: &MetricsData, target: &[KeyValue], format: Format) -> Result<String> {
    let target = Resource { attributes: target.to_vec(), ..Resource::default() };
    let labels = Labels { of_resource: &[], has_scope: true, target: Some(&target) };
    let mut left_out = LeftOut::default();
    let text = render(&message.resource_metrics, &labels, format, usize::MAX, &mut left_out);
    if let Some(reason) = Reason::ALL.into_iter().find(|reason| left_out.count(*reason) > 0) {
        bail!("{} points are left out: {}", left_out.count(reason), reason.name());
    }
    Ok(text)
}

/// A line with a time, before its exemplar if it has one.
fn timed(line: &str) -> String {
    match line.rsplit_once(" # {exemplar=") {
        _ if line.starts_with('#') => format!("{line}\n"),
        Some((line, exemplar)) => format!("{line} 2 # {{exemplar={exemplar}\n"),
        None => format!("{line} 2\n"),
    }
}

fn attributes() -> Vec<KeyValue> {
    vec![attribute("odd.\n-\"", ODD), attribute("9", "nine"), attribute("le", "le"), attribute("", "é")]
}

/// Metrics of all types, with what is odd wherever it may be.
fn odd() -> MetricsData {
    let numbers = [0.0, -1.5, 1e300, 5e-324, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let point = |number: f64| {
        let mut point = POINTS.of(number, &[("of", &number.to_string())]);
        point.attributes.extend(attributes());
        point
    };
    let mut counted = POINTS.of(7_u64, &[]);
    counted.exemplars = exemplars();
    let histograms = Histogram { data_points: vec![histogram()], aggregation_temporality: cumulative() };
    let exponential = ExponentialHistogram { data_points: vec![exponential()], aggregation_temporality: cumulative() };
    let metrics = vec![
        metric::gauge("odd.gauge\"{\n", "1", ODD, numbers.map(point).to_vec()),
        metric::up_down("1.up_down.total", "By/s", "", vec![POINTS.of(u64::MAX, &[])]),
        metric::sum("odd.sum", "{é}", ODD, vec![counted, point(1.5)]),
        of("odd.histogram", "s", Data::Histogram(histograms)),
        of("odd.exponential", "s", Data::ExponentialHistogram(exponential)),
        of("odd.summary", "s", Data::Summary(Summary { data_points: vec![summary()] })),
    ];
    MetricsData { resource_metrics: vec![metric::of_resource(Resource::default(), metrics)] }
}

fn of(name: &str, unit: &str, data: Data) -> Metric {
    Metric { name: name.to_owned(), unit: unit.to_owned(), data: Some(data), ..Metric::default() }
}

fn cumulative() -> i32 {
    AggregationTemporality::Cumulative.into()
}

fn exemplars() -> Vec<Exemplar> {
    let exemplar = Exemplar {
        filtered_attributes: vec![attribute("exemplar", ODD)],
        time_unix_nano: 1_500_000_000,
        trace_id: vec![1; 16],
        value: Some(exemplar::Value::AsDouble(0.75)),
        ..Exemplar::default()
    };
    vec![exemplar]
}

fn histogram() -> HistogramDataPoint {
    HistogramDataPoint {
        attributes: attributes(),
        start_time_unix_nano: 1,
        count: 6,
        sum: Some(4.5),
        bucket_counts: vec![1, 2, 3],
        explicit_bounds: vec![0.5, 1e6],
        exemplars: exemplars(),
        ..HistogramDataPoint::default()
    }
}

fn exponential() -> ExponentialHistogramDataPoint {
    ExponentialHistogramDataPoint {
        attributes: attributes(),
        count: 9,
        scale: 3,
        zero_count: 1,
        positive: Some(Buckets { offset: -99, bucket_counts: vec![1, 0, 4] }),
        negative: Some(Buckets { offset: 99, bucket_counts: vec![3] }),
        exemplars: exemplars(),
        ..ExponentialHistogramDataPoint::default()
    }
}

fn summary() -> SummaryDataPoint {
    SummaryDataPoint {
        attributes: attributes(),
        count: 2,
        sum: f64::INFINITY,
        quantile_values: vec![ValueAtQuantile { quantile: 0.99, value: f64::NAN }],
        ..SummaryDataPoint::default()
    }
}
