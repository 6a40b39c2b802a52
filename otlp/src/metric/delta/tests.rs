//! Counters over time, with messages that arrive and others that do not.

use super::{Delta, MAX_BYTES, REMEMBERED_NS, Temporality};
use crate::metric::{self, Points};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Histogram,
    HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use proptest::prelude::*;

/// The agent's start.
const LOOK: u64 = 1_000;

fn of(metrics: Vec<Metric>) -> Vec<ResourceMetrics> {
    vec![metric::of_resource(Resource::default(), metrics)]
}

fn counter(began_unix_ns: u64, now_unix_ns: u64, number: u64) -> Vec<ResourceMetrics> {
    let points = Points { began_unix_ns, now_unix_ns };
    of(vec![metric::sum("calls", "", "", vec![points.of(number, &[("a", "b")])])])
}

fn data(all: &[ResourceMetrics]) -> Vec<&Data> {
    let metrics = all.iter().flat_map(|of| &of.scope_metrics).flat_map(|scope| &scope.metrics);
    metrics.filter_map(|metric| metric.data.as_ref()).collect()
}

/// From when, to when, how many, of the one counter that is sent.
fn sent(all: &[ResourceMetrics]) -> Option<(u64, u64, i64)> {
    match data(all)[..] {
        [] => None,
        [Data::Sum(sum)] => {
            assert_eq!(sum.aggregation_temporality, AggregationTemporality::Delta as i32);
            let [NumberDataPoint { value: Some(Value::AsInt(number)), start_time_unix_nano, time_unix_nano, .. }] =
                sum.data_points[..]
            else {
                panic!("{sum:?}")
            };
            Some((start_time_unix_nano, time_unix_nano, number))
        }
        ref other => panic!("{other:?}"),
    }
}

/// A message that arrives.
fn delivered(delta: &mut Delta, all: Vec<ResourceMetrics>) -> Vec<ResourceMetrics> {
    let (message, pending) = delta.take(all);
    delta.commit(pending);
    message
}

#[test]
fn a_point_says_what_came_since_the_one_before() {
    let mut delta = Delta::new(Temporality::Delta, LOOK);
    assert_eq!(sent(&delivered(&mut delta, counter(1_500, 2_000, 5))), Some((1_500, 2_000, 5)));
    assert_eq!(sent(&delivered(&mut delta, counter(1_500, 3_000, 9))), Some((2_000, 3_000, 4)));
    assert_eq!(sent(&delivered(&mut delta, counter(1_500, 4_000, 9))), Some((3_000, 4_000, 0)));
}

#[test]
fn what_began_before_the_first_look_is_sent_from_then_on() {
    let mut delta = Delta::new(Temporality::Delta, LOOK);
    // It is remembered though the message, of others, is not delivered.
    assert_eq!(sent(&delta.take(counter(500, 2_000, 100)).0), None);
    assert_eq!(sent(&delivered(&mut delta, counter(500, 3_000, 110))), Some((2_000, 3_000, 10)));
    assert_eq!(delta.left_out(), 0);
}

#[test]
fn what_is_not_delivered_is_in_the_next_message() {
    let mut delta = Delta::new(Temporality::Delta, LOOK);
    for at in [2_000, 3_000] {
        assert_eq!(sent(&delta.take(counter(1_500, at, at)).0), Some((1_500, at, at as i64)));
    }
    delivered(&mut delta, counter(1_500, 4_000, 4_000));
    assert_eq!(sent(&delta.take(counter(1_500, 5_000, 4_500)).0), Some((4_000, 5_000, 500)));
    assert_eq!(sent(&delivered(&mut delta, counter(1_500, 6_000, 4_700))), Some((4_000, 6_000, 700)));
}

#[test]
fn a_counter_that_began_anew_is_sent_as_a_whole() {
    let mut delta = Delta::new(Temporality::Delta, LOOK);
    delivered(&mut delta, counter(1_500, 2_000, 50));
    assert_eq!(sent(&delivered(&mut delta, counter(2_500, 3_000, 60))), Some((2_500, 3_000, 60)), "a newer start");
    assert_eq!(sent(&delivered(&mut delta, counter(2_600, 4_000, 1))), Some((3_000, 4_000, 1)), "no overlap");
    assert_eq!(sent(&delivered(&mut delta, counter(2_600, 5_000, 0))), Some((4_000, 5_000, 0)), "it went back");
}

#[test]
fn a_clock_that_is_set_back_costs_no_count() {
    let mut delta = Delta::new(Temporality::Delta, LOOK);
    delivered(&mut delta, counter(1_500, 9_000, 50));
    assert_eq!(sent(&delivered(&mut delta, counter(1_500, 2_000, 57))), Some((2_000, 2_000, 7)));
}

#[test]
fn what_was_forgotten_is_not_sent_again() {
    let mut delta = Delta::new(Temporality::Delta, LOOK);
    delivered(&mut delta, counter(1_500, 2_000, 5));
    let later = 2_000 + REMEMBERED_NS;
    let points = Points { began_unix_ns: 1_500, now_unix_ns: later };
    delivered(&mut delta, of(vec![metric::sum("other", "", "", vec![points.of(1_u64, &[])])]));
    assert_eq!(delta.seen.len(), 1);
    assert_eq!(sent(&delivered(&mut delta, counter(1_500, later + 1, 9))), None);
    assert_eq!(sent(&delivered(&mut delta, counter(1_500, later + 2, 11))), Some((later + 1, later + 2, 2)));
}

#[test]
fn only_counters_become_delta_and_the_order_of_attributes_does_not_matter() {
    let mut delta = Delta::new(Temporality::Delta, LOOK);
    let message = |at, attributes: &[(&str, &str)]| {
        let points = Points { began_unix_ns: 1_500, now_unix_ns: at };
        of(vec![
            metric::up_down("a", "", "", vec![points.of(7_u64, &[])]),
            metric::gauge("b", "", "", vec![points.of(7_u64, &[])]),
            metric::sum("c", "", "", vec![points.of(7_u64, attributes)]),
        ])
    };
    delivered(&mut delta, message(2_000, &[("a", "1"), ("b", "2")]));
    let other = message(3_000, &[("b", "2"), ("a", "1")]);
    let (taken, pending) = delta.take(other.clone());
    assert_eq!(data(&taken)[..2], data(&other)[..2]);
    assert_eq!(pending.seen.len(), 1);
    let Data::Sum(sum) = data(&taken)[2] else { panic!("{taken:?}") };
    assert_eq!(sum.data_points[0].value, Some(Value::AsInt(0)));
}

#[test]
fn a_preference_says_what_becomes_delta() {
    let named = ["cumulative", "Delta", "LOWMEMORY", "", "deltas"].map(Temporality::parse);
    let [cumulative, delta, low_memory] = [Temporality::Cumulative, Temporality::Delta, Temporality::LowMemory];
    assert_eq!(named, [Some(cumulative), Some(delta), Some(low_memory), None, None]);
    let both = || {
        let mut both = counter(1_500, 2_000, 5);
        both.extend(of(vec![histogram(histogram_point(&[1, 2], 3.0))]));
        both
    };
    let kinds = |temporality| {
        let (taken, _) = Delta::new(temporality, LOOK).take(both());
        let of = data(&taken).into_iter().map(|data| match data {
            Data::Sum(sum) => sum.aggregation_temporality,
            Data::Histogram(histogram) => histogram.aggregation_temporality,
            other => panic!("{other:?}"),
        });
        of.collect::<Vec<_>>()
    };
    assert_eq!([kinds(cumulative), kinds(delta), kinds(low_memory)], [[2, 2], [1, 1], [2, 1]]);
}

#[test]
fn what_is_remembered_is_bounded_and_what_does_not_fit_is_counted() {
    let mut delta = Delta::new(Temporality::Delta, LOOK);
    let names: Vec<String> = (0..200_000).map(|at| at.to_string()).collect();
    let points = Points { began_unix_ns: 1_500, now_unix_ns: 2_000 };
    let each = names.iter().map(|name| points.of(1_u64, &[("name", name)])).collect();
    let message = of(vec![metric::sum("calls", "", "", each)]);
    for _ in 0..2 {
        let taken = delivered(&mut delta, message.clone());
        let Data::Sum(sum) = data(&taken)[0] else { panic!() };
        assert_eq!(sum.data_points.len(), delta.seen.len());
    }
    assert!(delta.bytes <= MAX_BYTES && delta.seen.len() > 50_000, "{}", delta.seen.len());
    assert_eq!(delta.left_out(), 2 * (200_000 - delta.seen.len() as u64));
}

fn histogram_point(counts: &[u64], sum: f64) -> HistogramDataPoint {
    let exemplar = |time_unix_nano| Exemplar { time_unix_nano, ..Exemplar::default() };
    HistogramDataPoint {
        start_time_unix_nano: 1_500,
        time_unix_nano: 2_000,
        count: counts.iter().sum(),
        sum: Some(sum),
        bucket_counts: counts.to_vec(),
        explicit_bounds: (1..counts.len()).map(|bound| bound as f64).collect(),
        exemplars: vec![exemplar(1_900), exemplar(2_500)],
        min: Some(0.0),
        max: Some(9.0),
        ..HistogramDataPoint::default()
    }
}

fn histogram(point: HistogramDataPoint) -> Metric {
    let aggregation_temporality = AggregationTemporality::Cumulative.into();
    let data = Data::Histogram(Histogram { data_points: vec![point], aggregation_temporality });
    Metric { name: "took".to_owned(), data: Some(data), ..Metric::default() }
}

#[test]
fn a_histogram_says_what_came_into_each_bucket() {
    let mut delta = Delta::new(Temporality::Delta, LOOK);
    delivered(&mut delta, of(vec![histogram(histogram_point(&[1, 2], 3.0))]));
    let more = HistogramDataPoint { time_unix_nano: 3_000, ..histogram_point(&[1, 5], 7.5) };
    let taken = delivered(&mut delta, of(vec![histogram(more.clone())]));
    let Data::Histogram(Histogram { data_points, .. }) = data(&taken)[0] else { panic!("{taken:?}") };
    let exemplars = vec![more.exemplars[1].clone()];
    let expected = HistogramDataPoint {
        start_time_unix_nano: 2_000,
        count: 3,
        sum: Some(4.5),
        bucket_counts: vec![0, 3],
        exemplars,
        min: None,
        max: None,
        ..more
    };
    assert_eq!(*data_points, [expected]);
}

#[test]
fn a_histogram_of_other_bounds_is_left_out_once() {
    let mut delta = Delta::new(Temporality::Delta, LOOK);
    delivered(&mut delta, of(vec![histogram(histogram_point(&[1, 2], 3.0))]));
    let other = |counts: &[u64]| of(vec![histogram(histogram_point(counts, 3.0))]);
    assert_eq!(delivered(&mut delta, other(&[1, 2, 3])), []);
    assert_eq!(delta.left_out(), 1);
    assert_eq!(data(&delivered(&mut delta, other(&[1, 2, 4]))).len(), 1);
}

fn exponential(scale: i32, offset: i32, counts: &[u64]) -> Vec<ResourceMetrics> {
    let point = ExponentialHistogramDataPoint {
        start_time_unix_nano: 1_500,
        time_unix_nano: 2_000,
        scale,
        count: counts.iter().sum(),
        positive: Some(Buckets { offset, bucket_counts: counts.to_vec() }),
        ..ExponentialHistogramDataPoint::default()
    };
    let aggregation_temporality = AggregationTemporality::Cumulative.into();
    let data = Data::ExponentialHistogram(ExponentialHistogram { data_points: vec![point], aggregation_temporality });
    of(vec![Metric { data: Some(data), ..Metric::default() }])
}

#[test]
fn an_exponential_histogram_may_become_coarser() {
    let mut delta = Delta::new(Temporality::Delta, LOOK);
    let mut counts = |scale, offset, counts: &[u64]| {
        let taken = delivered(&mut delta, exponential(scale, offset, counts));
        let Data::ExponentialHistogram(ExponentialHistogram { data_points, .. }) = *data(&taken).first()? else {
            panic!("{taken:?}")
        };
        Some((data_points[0].count, data_points[0].positive.clone().unwrap().bucket_counts))
    };
    assert_eq!(counts(1, -2, &[1, 2, 3, 4]), Some((10, vec![1, 2, 3, 4])));
    // -2 and -1 are -1 now, 0 and 1 are 0.
    assert_eq!(counts(0, -2, &[5, 3, 9, 1]), Some((8, vec![5, 0, 2, 1])));
    assert_eq!(counts(0, -1, &[1, 1]), Some((2, vec![1, 1])), "it went back");
    assert_eq!(counts(1, -1, &[9, 9]), None, "finer without a new start");
}

proptest! {
    /// Whatever is delivered and whenever it begins anew: what arrives adds up to what was counted until the last message
    /// that arrived, but for what was counted before a new start and not delivered.
    #[test]
    fn what_arrives_adds_up(steps in prop::collection::vec((0..5_u64, any::<bool>(), 0..9_u8), 1..60)) {
        let mut delta = Delta::new(Temporality::Delta, LOOK);
        let (mut start, mut value, mut waiting, mut last_end) = (1_500, 0, 0, 0);
        let (mut counted, mut arrived) = (0, 0);
        for (at, (more, is_delivered, anew)) in (2_000_u64..).step_by(10).zip(steps) {
            if anew == 0 {
                counted -= waiting;
                (start, value, waiting) = (at - 5, 0, 0);
            }
            value += more;
            waiting += more;
            counted += more;
            let (message, pending) = delta.take(counter(start, at, value));
            let (from, to, count) = sent(&message).unwrap();
            prop_assert!(from >= last_end && from < to);
            prop_assert_eq!(count, waiting as i64);
            if is_delivered {
                delta.commit(pending);
                (arrived, waiting, last_end) = (arrived + count as u64, 0, to);
            }
        }
        prop_assert_eq!(arrived + waiting, counted);
    }
}
