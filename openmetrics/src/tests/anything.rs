//! Whatever comes in, what goes out is of its format.

use super::lines::checked;
use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

/// Few, so that they meet, and some that are odd.
const KNOWN: [&str; 13] =
    ["", "a", "a.b", "a_b", "a:b", "9", "_", "le", "quantile", "a.total", "a_count", "a.seconds", "\0\"\\\n# é"];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![3 => proptest::sample::select(&KNOWN[..]).prop_map(str::to_owned), 1 => any::<String>()]
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    let value = prop_oneof![
        4 => text().prop_map(Value::StringValue),
        1 => any::<f64>().prop_map(Value::DoubleValue),
        1 => any::<Vec<u8>>().prop_map(Value::BytesValue),
    ];
    let of = |(key, value)| KeyValue { key, value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() };
    vec((text(), value).prop_map(of), 0..4)
}

fn exemplars() -> impl Strategy<Value = Vec<Exemplar>> {
    let exemplar = (attributes(), any::<u64>(), any::<Vec<u8>>(), any::<f64>());
    let of = |(filtered_attributes, time_unix_nano, trace_id, value)| Exemplar {
        filtered_attributes,
        time_unix_nano,
        trace_id,
        value: Some(exemplar::Value::AsDouble(value)),
        ..Exemplar::default()
    };
    vec(exemplar.prop_map(of), 0..3)
}

fn number() -> impl Strategy<Value = NumberDataPoint> {
    let value = prop_oneof![
        any::<i64>().prop_map(|number| Some(number_data_point::Value::AsInt(number))),
        any::<f64>().prop_map(|number| Some(number_data_point::Value::AsDouble(number))),
        Just(None),
    ];
    let of = |(attributes, value, start_time_unix_nano, flags, exemplars)| NumberDataPoint {
        attributes,
        value,
        start_time_unix_nano,
        flags,
        exemplars,
        ..NumberDataPoint::default()
    };
    (attributes(), value, any::<u64>(), 0..2_u32, exemplars()).prop_map(of)
}

fn histogram() -> impl Strategy<Value = HistogramDataPoint> {
    let buckets = (vec(0..9_u64, 0..4), vec(any::<f64>(), 0..4), any::<bool>(), any::<Option<f64>>());
    (attributes(), buckets, exemplars()).prop_map(|(attributes, (counts, mut bounds, is_sound, sum), exemplars)| {
        if is_sound {
            bounds.sort_by(f64::total_cmp);
            bounds.truncate(counts.len().saturating_sub(1));
        }
        let count = counts.iter().sum();
        HistogramDataPoint {
            attributes,
            count,
            sum,
            bucket_counts: counts,
            explicit_bounds: bounds,
            exemplars,
            ..HistogramDataPoint::default()
        }
    })
}

fn exponential() -> impl Strategy<Value = ExponentialHistogramDataPoint> {
    let buckets = || (any::<i32>(), vec(prop_oneof![0..9_u64, any::<u64>()], 0..9));
    let scale = prop_oneof![3 => -12..21_i32, 1 => any::<i32>()];
    (attributes(), scale, buckets(), buckets(), 0..9_u64, any::<f64>()).prop_map(
        |(attributes, scale, (offset, positive), (other, negative), zero_count, zero_threshold)| {
            let all = positive.iter().chain(&negative);
            ExponentialHistogramDataPoint {
                attributes,
                scale,
                count: all.fold(zero_count, |sum, count| sum.wrapping_add(*count)),
                sum: Some(1.0),
                zero_count,
                zero_threshold: zero_threshold.abs().min(1e-9),
                positive: Some(Buckets { offset: offset % 99, bucket_counts: positive }),
                negative: Some(Buckets { offset: other, bucket_counts: negative }),
                ..ExponentialHistogramDataPoint::default()
            }
        },
    )
}

fn summary() -> impl Strategy<Value = SummaryDataPoint> {
    let quantile = (0.0..1.1, any::<f64>()).prop_map(|(quantile, value)| ValueAtQuantile { quantile, value });
    (attributes(), vec(quantile, 0..3), any::<f64>()).prop_map(|(attributes, quantile_values, sum)| SummaryDataPoint {
        attributes,
        quantile_values,
        sum,
        ..SummaryDataPoint::default()
    })
}

fn data() -> impl Strategy<Value = Data> {
    let temporality = prop_oneof![4 => Just(2), 1 => any::<i32>()];
    prop_oneof![
        2 => vec(number(), 0..4).prop_map(gauge),
        3 => (vec(number(), 0..4), temporality.clone(), any::<bool>()).prop_map(
            |(data_points, aggregation_temporality, is_monotonic)| Data::Sum(Sum { data_points, aggregation_temporality, is_monotonic })
        ),
        2 => (vec(histogram(), 0..4), temporality.clone()).prop_map(
            |(data_points, aggregation_temporality)| Data::Histogram(Histogram { data_points, aggregation_temporality })
        ),
        2 => (vec(exponential(), 0..4), temporality).prop_map(
            |(data_points, aggregation_temporality)| {
                Data::ExponentialHistogram(ExponentialHistogram { data_points, aggregation_temporality })
            }
        ),
        1 => vec(summary(), 0..4).prop_map(|data_points| Data::Summary(Summary { data_points })),
    ]
}

pub(super) fn metrics() -> impl Strategy<Value = Vec<ResourceMetrics>> {
    let unit = proptest::sample::select(&["", "1", "s", "By/s", "{call}", "é{", "total"][..]);
    let metric = (text(), unit, text(), proptest::option::of(data()));
    let metric = metric.prop_map(|(name, unit, description, data)| Metric {
        name,
        unit: unit.to_owned(),
        description,
        data,
        ..Metric::default()
    });
    let scope = (vec(metric, 0..6), text(), attributes()).prop_map(|(metrics, name, attributes)| {
        let scope = InstrumentationScope { name, attributes, ..InstrumentationScope::default() };
        ScopeMetrics { scope: Some(scope), metrics, schema_url: "u".to_owned() }
    });
    let resource = (attributes(), vec(scope, 0..3)).prop_map(|(attributes, scope_metrics)| {
        let resource = Some(Resource { attributes, ..Resource::default() });
        ResourceMetrics { resource, scope_metrics, ..ResourceMetrics::default() }
    });
    vec(resource, 0..4)
}

/// How many points there are that say something.
fn points(all: &[ResourceMetrics]) -> usize {
    let metrics = all.iter().flat_map(|of| &of.scope_metrics).flat_map(|scope| &scope.metrics);
    let of = |data: &Data| crate::point::of(data).1.into_iter().filter(|point| !point.is_gone()).count();
    metrics.filter_map(|metric| metric.data.as_ref()).map(of).sum()
}

proptest! {
    #[test]
    fn whatever_comes_in_the_text_is_of_its_format_and_nothing_is_lost_silently(
        all in metrics(),
        has_scope: bool,
        is_open: bool,
        max_bytes in prop_oneof![Just(usize::MAX), 0..2_000_usize],
    ) {
        let format = if is_open { Format::OpenMetrics } else { Format::Classic };
        let target = all.first().and_then(|of| of.resource.as_ref());
        let labels = Labels { of_resource: &["a", "a.b", "le"], has_scope, target };
        let mut left_out = LeftOut::default();
        let text = render(&all, &labels, format, max_bytes, &mut left_out);
        prop_assert!(text.len() <= max_bytes.saturating_add(1 << 10), "{}", text);
        let (samples, series) = checked(&text, format);
        for reason in Reason::ALL {
            let name = format!("rewind_agent_prometheus_left_out_total[(\"reason\", {:?})]", reason.name());
            prop_assert_eq!(samples.get(&name).copied(), Some(left_out.count(reason) as f64));
        }
        let lost = Reason::ALL.into_iter().filter(|reason| *reason != Reason::Comment).map(|of| left_out.count(of));
        let target = usize::from(target.is_some_and(|target| !target.attributes.is_empty()));
        let own = Reason::ALL.len();
        prop_assert_eq!(series - own + lost.sum::<u64>() as usize, points(&all) + target, "{}", text);
        let mut again = LeftOut::default();
        prop_assert_eq!(render(&all, &labels, format, max_bytes, &mut again), text);
    }
}
