//! Whole texts, and what comes in that nobody has seen.

mod anything;
mod lines;

use crate::{Format, Labels, LeftOut, Reason, render};
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint,
    exemplar, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;

pub(crate) fn attribute(key: &str, text: &str) -> KeyValue {
    let value = AnyValue { value: Some(Value::StringValue(text.to_owned())) };
    KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() }
}

pub(crate) fn resource(attributes: &[(&str, &str)]) -> Resource {
    let attributes = attributes.iter().map(|(key, text)| attribute(key, text)).collect();
    Resource { attributes, ..Resource::default() }
}

fn whole(number: i64, attributes: &[(&str, &str)]) -> NumberDataPoint {
    NumberDataPoint {
        attributes: resource(attributes).attributes,
        start_time_unix_nano: 1_000_000_000,
        time_unix_nano: 2_000_000_000,
        value: Some(number_data_point::Value::AsInt(number)),
        ..NumberDataPoint::default()
    }
}

fn real(number: f64, attributes: &[(&str, &str)]) -> NumberDataPoint {
    NumberDataPoint { value: Some(number_data_point::Value::AsDouble(number)), ..whole(0, attributes) }
}

fn metric(name: &str, unit: &str, data: Data) -> Metric {
    let description = format!("What {name} is");
    Metric { name: name.to_owned(), unit: unit.to_owned(), description, data: Some(data), ..Metric::default() }
}

fn sum(data_points: Vec<NumberDataPoint>, is_monotonic: bool) -> Data {
    let aggregation_temporality = AggregationTemporality::Cumulative.into();
    Data::Sum(Sum { data_points, aggregation_temporality, is_monotonic })
}

fn gauge(data_points: Vec<NumberDataPoint>) -> Data {
    Data::Gauge(Gauge { data_points })
}

fn of(attributes: &[(&str, &str)], metrics: Vec<Metric>) -> ResourceMetrics {
    let scope = InstrumentationScope { name: "rewind".to_owned(), ..InstrumentationScope::default() };
    let scope_metrics = vec![ScopeMetrics { scope: Some(scope), metrics, ..ScopeMetrics::default() }];
    ResourceMetrics { resource: Some(resource(attributes)), scope_metrics, ..ResourceMetrics::default() }
}

/// A text without the counts of what was left out, and these.
fn told(all: &[ResourceMetrics], labels: &Labels<'_>, format: Format) -> (String, LeftOut) {
    let mut left_out = LeftOut::default();
    let text = render(all, labels, format, usize::MAX, &mut left_out);
    let is_own = |line: &&str| line.contains("rewind_agent_prometheus_left_out");
    assert_eq!(text.lines().filter(is_own).count(), 2 + Reason::ALL.len());
    let text = text.lines().filter(|line| !is_own(line)).flat_map(|line| [line, "\n"]).collect();
    (text, left_out)
}

const POD: Labels<'_> = Labels { of_resource: &["k8s.pod.name"], has_scope: false, target: None };

fn both(all: &[ResourceMetrics], classic: &str, open: &str) {
    let texts = [Format::Classic, Format::OpenMetrics].map(|format| told(all, &POD, format));
    assert_eq!(texts[0], (classic.to_owned(), LeftOut::default()));
    assert_eq!(texts[1], (format!("{open}# EOF\n"), LeftOut::default()));
}

#[test]
fn series_of_a_family_stand_together_whatever_resource_they_are_of() {
    let of = |pod: &str, calls| {
        let calls = sum(vec![whole(calls, &[("rewind.call.class", "file")])], true);
        let usage = sum(vec![whole(7, &[])], false);
        of(
            &[("k8s.pod.name", pod), ("k8s.pod.uid", "1")],
            vec![metric("rewind.container.calls", "{call}", calls), metric("container.memory.usage", "By", usage)],
        )
    };
    both(
        &[of("web", 2), of("db", 3)],
        "# TYPE container_memory_usage_bytes gauge\n\
         # HELP container_memory_usage_bytes What container.memory.usage is\n\
         container_memory_usage_bytes{k8s_pod_name=\"db\"} 7\n\
         container_memory_usage_bytes{k8s_pod_name=\"web\"} 7\n\
         # TYPE rewind_container_calls_total counter\n\
         # HELP rewind_container_calls_total What rewind.container.calls is\n\
         rewind_container_calls_total{k8s_pod_name=\"db\",rewind_call_class=\"file\"} 3\n\
         rewind_container_calls_total{k8s_pod_name=\"web\",rewind_call_class=\"file\"} 2\n",
        "# TYPE container_memory_usage_bytes gauge\n\
         # UNIT container_memory_usage_bytes bytes\n\
         # HELP container_memory_usage_bytes What container.memory.usage is\n\
         container_memory_usage_bytes{k8s_pod_name=\"db\"} 7\n\
         container_memory_usage_bytes{k8s_pod_name=\"web\"} 7\n\
         # TYPE rewind_container_calls counter\n\
         # HELP rewind_container_calls What rewind.container.calls is\n\
         rewind_container_calls_total{k8s_pod_name=\"db\",rewind_call_class=\"file\"} 3\n\
         rewind_container_calls_created{k8s_pod_name=\"db\",rewind_call_class=\"file\"} 1.000000000\n\
         rewind_container_calls_total{k8s_pod_name=\"web\",rewind_call_class=\"file\"} 2\n\
         rewind_container_calls_created{k8s_pod_name=\"web\",rewind_call_class=\"file\"} 1.000000000\n",
    );
}

#[test]
fn histograms_have_their_buckets_with_exemplars() {
    let exemplar = |value, time_unix_nano| Exemplar {
        time_unix_nano,
        trace_id: vec![1; 16],
        value: Some(exemplar::Value::AsDouble(value)),
        ..Exemplar::default()
    };
    let point = HistogramDataPoint {
        attributes: vec![attribute("le", "mine")],
        count: 6,
        sum: Some(4.5),
        bucket_counts: vec![1, 2, 3],
        explicit_bounds: vec![0.5, 1.0],
        exemplars: vec![exemplar(0.75, 1_000_000_000), exemplar(0.8, 2_000_000_000)],
        ..HistogramDataPoint::default()
    };
    let aggregation_temporality = AggregationTemporality::Cumulative.into();
    let data = Data::Histogram(Histogram { data_points: vec![point], aggregation_temporality });
    let id = "01".repeat(16);
    let lines = |exemplar: &str| {
        format!(
            "# HELP rtt_seconds What rtt is\n\
             rtt_seconds_bucket{{exported_le=\"mine\",le=\"0.5\"}} 1\n\
             rtt_seconds_bucket{{exported_le=\"mine\",le=\"1.0\"}} 3{exemplar}\n\
             rtt_seconds_bucket{{exported_le=\"mine\",le=\"+Inf\"}} 6\n\
             rtt_seconds_count{{exported_le=\"mine\"}} 6\n\
             rtt_seconds_sum{{exported_le=\"mine\"}} 4.5\n"
        )
    };
    let open = lines(&format!(" # {{trace_id=\"{id}\"}} 0.8 2.000000000"));
    both(
        &[of(&[], vec![metric("rtt", "s", data)])],
        &format!("# TYPE rtt_seconds histogram\n{}", lines("")),
        &format!("# TYPE rtt_seconds histogram\n# UNIT rtt_seconds seconds\n{open}"),
    );
}

#[test]
fn a_sum_that_may_shrink_is_not_told_with_buckets_below_zero() {
    let point = ExponentialHistogramDataPoint {
        count: 3,
        sum: Some(1.0),
        negative: Some(Buckets { offset: 0, bucket_counts: vec![1] }),
        positive: Some(Buckets { offset: 0, bucket_counts: vec![2] }),
        ..ExponentialHistogramDataPoint::default()
    };
    let aggregation_temporality = AggregationTemporality::Cumulative.into();
    let data = Data::ExponentialHistogram(ExponentialHistogram { data_points: vec![point], aggregation_temporality });
    let buckets = "# TYPE a histogram\n# HELP a What a is\na_bucket{le=\"-1.0\"} 1\na_bucket{le=\"0.0\"} 1\n\
                   a_bucket{le=\"2.0\"} 3\na_bucket{le=\"+Inf\"} 3\n";
    both(&[of(&[], vec![metric("a", "", data)])], &format!("{buckets}a_count 3\n"), buckets);
}

#[test]
fn summaries_have_their_quantiles() {
    let quantile = |quantile, value| ValueAtQuantile { quantile, value };
    let point = SummaryDataPoint {
        count: 2,
        sum: 3.0,
        quantile_values: vec![quantile(0.0, f64::NAN), quantile(0.5, 1.0)],
        ..SummaryDataPoint::default()
    };
    let data = Data::Summary(Summary { data_points: vec![point] });
    let text = "# TYPE a summary\n# HELP a What a is\na{quantile=\"0.0\"} NaN\na{quantile=\"0.5\"} 1.0\na_count 2\na_sum 3.0\n";
    both(&[of(&[], vec![metric("a", "", data)])], text, text);
}

#[test]
fn numbers_are_what_they_are() {
    let points = [("a", f64::NAN), ("b", f64::INFINITY), ("c", f64::NEG_INFINITY), ("d", -0.5)];
    let points = points.map(|(name, number)| real(number, &[("at", name)]));
    let text = "# HELP part_ratio What part is\npart_ratio{at=\"a\"} NaN\npart_ratio{at=\"b\"} +Inf\n\
                part_ratio{at=\"c\"} -Inf\npart_ratio{at=\"d\"} -0.5\n";
    both(
        &[of(&[], vec![metric("part", "1", gauge(points.to_vec()))])],
        &format!("# TYPE part_ratio gauge\n{text}"),
        &format!("# TYPE part_ratio gauge\n# UNIT part_ratio ratio\n{text}"),
    );
}

#[test]
fn who_is_asked_is_the_target() {
    let agent = resource(&[("service.name", "rewind-agent"), ("host.name", "node \"1\"")]);
    let labels = Labels { target: Some(&agent), has_scope: true, ..POD };
    let all = [of(&[], vec![metric("a", "", gauge(vec![whole(1, &[])]))])];
    let text = "# HELP target_info Target metadata\ntarget_info{host_name=\"node \\\"1\\\"\",service_name=\"rewind-agent\"} 1\n";
    let a = "# TYPE a gauge\n# HELP a What a is\na{otel_scope_name=\"rewind\"} 1\n";
    assert_eq!(told(&all, &labels, Format::Classic).0, format!("{a}# TYPE target_info gauge\n{text}"));
    let open = text.replace("HELP target_info", "HELP target");
    assert_eq!(told(&all, &labels, Format::OpenMetrics).0, format!("{a}# TYPE target info\n{open}# EOF\n"));
}

#[test]
fn what_is_left_out_is_counted_by_its_reason() {
    let mut delta = sum(vec![whole(1, &[])], true);
    if let Data::Sum(sum) = &mut delta {
        sum.aggregation_temporality = AggregationTemporality::Delta.into();
    }
    let gone = NumberDataPoint { flags: 1, value: None, ..whole(1, &[("is", "gone")]) };
    let metrics = vec![
        metric("delta", "", delta),
        metric("a.b", "", gauge(vec![whole(1, &[]), whole(2, &[]), whole(3, &[("b", "")]), gone])),
        Metric { description: "Another".to_owned(), ..metric("a_b", "", gauge(vec![whole(4, &[("c", "d")])])) },
        metric("a.b", "", sum(vec![whole(5, &[])], true)),
        metric("a.b.total", "", gauge(vec![whole(5, &[])])),
        metric("no", "", sum(vec![real(f64::NAN, &[]), whole(-1, &[]), whole(1, &[])], true)),
        metric("", "", gauge(vec![whole(5, &[])])),
        metric("rewind.agent.prometheus.left_out", "", sum(vec![whole(5, &[])], true)),
    ];
    let counts = |format| {
        let (text, left_out) = told(&[of(&[], metrics.clone())], &POD, format);
        (text, Reason::ALL.map(|reason| left_out.count(reason)))
    };
    let a = "# TYPE a_b gauge\n# HELP a_b What a.b is\na_b 1\na_b{c=\"d\"} 4\n";
    let rest = "# TYPE a_b_total gauge\n# HELP a_b_total What a.b.total is\na_b_total 5\n";
    let counter = "# TYPE no_total counter\n# HELP no_total What no is\nno_total 1\n";
    assert_eq!(counts(Format::Classic), (format!("{a}{rest}{counter}"), [1, 2, 1, 2, 3, 0]));
    let counter = "# TYPE no counter\n# HELP no What no is\nno_total 1\nno_created 1.000000000\n# EOF\n";
    assert_eq!(counts(Format::OpenMetrics), (format!("{a}{rest}{counter}"), [1, 2, 1, 2, 3, 0]));
}

#[test]
fn counts_of_what_was_left_out_go_on() {
    let twice = [of(&[], vec![metric("a", "", gauge(vec![whole(1, &[]), whole(1, &[])]))])];
    let mut left_out = LeftOut::default();
    for count in 1..3 {
        let text = render(&twice, &POD, Format::Classic, usize::MAX, &mut left_out);
        let line = format!("rewind_agent_prometheus_left_out_total{{reason=\"duplicate\"}} {count}");
        assert!(text.lines().any(|told| told == line), "{text}");
    }
}

#[test]
fn what_does_not_fit_is_left_out_the_largest_families_first() {
    let many = (0..50).map(|at| whole(at, &[("at", &at.to_string())])).collect();
    let few = |name| metric(name, "", gauge(vec![whole(1, &[])]));
    let all = [of(&[], vec![metric("many", "", gauge(many)), few("a"), few("z")])];
    let mut left_out = LeftOut::default();
    let text = render(&all, &POD, Format::OpenMetrics, 100, &mut left_out);
    assert_eq!(left_out.count(Reason::Limit), 50);
    let named: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    assert_eq!(named, ["a gauge", "rewind_agent_prometheus_left_out counter", "z gauge"]);
    let least = render(&all, &POD, Format::OpenMetrics, 0, &mut left_out);
    assert!(least.len() < 1 << 10 && least.contains("{reason=\"limit\"} 102\n"), "{least}");
}
