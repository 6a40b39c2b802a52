//! The buckets of both kinds of histograms, as classic ones.
//!
//! # Exponential histograms
//!
//! Neither format has them. Their bounds move: with the values the scale changes, and the bounds of one scale are not those
//! of another. Those of scale 0, the powers of two, are bounds at each finer scale too, so that they take in whole buckets
//! only: the counts are exact, the bounds stay whatever the scale does, and from a millisecond to ten seconds they are 14. A
//! quantile is within a factor of two then, as with the usual lists of bounds. What is coarser already keeps its bounds,
//! which are powers of two as well.

use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets as Exponential;
use opentelemetry_proto::tonic::metrics::v1::{ExponentialHistogramDataPoint, HistogramDataPoint};
use std::collections::BTreeMap;

/// How many values are no greater than each bound, and all of them.
#[derive(Debug, PartialEq)]
pub(crate) struct Buckets {
    /// Finite bounds, ascending, each with its count.
    pub(crate) up_to: Vec<(f64, u64)>,
    /// All values.
    pub(crate) count: u64,
}

impl Buckets {
    /// Of counts between bounds, the last of them above all; `None`: they contradict each other.
    fn of(bounded: impl IntoIterator<Item = (f64, u64)>, above: u64, count: u64) -> Option<Self> {
        let (mut sum, mut last, mut up_to) = (0_u64, f64::NEG_INFINITY, Vec::new());
        for (bound, count) in bounded {
            // NaN is not either.
            if !(bound > last && bound.is_finite()) {
                return None;
            }
            sum = sum.checked_add(count)?;
            last = bound;
            up_to.push((bound, sum));
        }
        (sum.checked_add(above)? == count).then_some(Self { up_to, count })
    }

    /// Whether there may be values below zero, so that their sum may shrink.
    pub(crate) fn may_be_negative(&self) -> bool {
        self.up_to.first().is_some_and(|(bound, _)| *bound < 0.0)
    }

    pub(crate) fn explicit(point: &HistogramDataPoint) -> Option<Self> {
        let (bounds, counts) = (&point.explicit_bounds, &point.bucket_counts);
        match counts.split_last() {
            None => Self::of([], point.count, point.count),
            Some((above, counts)) if counts.len() == bounds.len() => {
                Self::of(bounds.iter().copied().zip(counts.iter().copied()), *above, point.count)
            }
            Some(_) => None,
        }
    }

    pub(crate) fn exponential(point: &ExponentialHistogramDataPoint) -> Option<Self> {
        let (negative, positive) =
            (coarse(point.negative.as_ref(), point.scale), coarse(point.positive.as_ref(), point.scale));
        // With -11 a bucket has all numbers above one already, and another all below.
        let width = f64::from(-point.scale.clamp(-11, 0)).exp2();
        let power = |index: i64| (index as f64 * width).exp2();
        // The bucket of an index goes from its power, exclusive, to the next; below zero it is mirrored.
        let below = negative.iter().rev().map(|(index, count)| (-power(*index), *count));
        let zero = (point.zero_threshold, point.zero_count);
        let mut all: Vec<(f64, u64)> = below.chain([zero]).collect();
        let mut above = 0_u64;
        for (index, count) in positive {
            match power(index + 1) {
                bound if bound.is_finite() => all.push((bound, count)),
                _ => above = above.checked_add(count)?,
            }
        }
        Self::of(all, above, point.count)
    }
}

/// Counts by their indices at scale 0 or less, from the first to the last that has some, without a gap.
fn coarse(buckets: Option<&Exponential>, scale: i32) -> BTreeMap<i64, u64> {
    let Some(Exponential { offset, bucket_counts }) = buckets else { return BTreeMap::new() };
    let Some(first) = bucket_counts.iter().position(|count| *count > 0) else { return BTreeMap::new() };
    let last = bucket_counts.iter().rposition(|count| *count > 0).unwrap_or(first);
    let mut counts = BTreeMap::<i64, u64>::new();
    for (at, count) in bucket_counts.iter().enumerate().take(last + 1).skip(first) {
        let index = (i64::from(*offset) + at as i64) >> scale.clamp(0, 63);
        let of = counts.entry(index).or_default();
        *of = of.saturating_add(*count);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exponential(scale: i32, offset: i32, counts: &[u64]) -> ExponentialHistogramDataPoint {
        ExponentialHistogramDataPoint {
            scale,
            count: counts.iter().sum(),
            positive: Some(Exponential { offset, bucket_counts: counts.to_vec() }),
            ..ExponentialHistogramDataPoint::default()
        }
    }

    #[test]
    fn explicit_buckets_count_all_below() {
        let point = HistogramDataPoint {
            count: 6,
            bucket_counts: vec![1, 2, 3],
            explicit_bounds: vec![0.5, 1.0],
            ..HistogramDataPoint::default()
        };
        assert_eq!(Buckets::explicit(&point), Some(Buckets { up_to: vec![(0.5, 1), (1.0, 3)], count: 6 }));
        for wrong in [
            HistogramDataPoint { count: 7, ..point.clone() },
            HistogramDataPoint { explicit_bounds: vec![1.0, 1.0], ..point.clone() },
            HistogramDataPoint { explicit_bounds: vec![f64::NAN, 1.0], ..point.clone() },
            HistogramDataPoint { explicit_bounds: vec![1.0, f64::INFINITY], ..point.clone() },
            HistogramDataPoint { explicit_bounds: vec![1.0], ..point.clone() },
            HistogramDataPoint { bucket_counts: vec![u64::MAX, 2, 5], ..point },
        ] {
            assert_eq!(Buckets::explicit(&wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_histogram_may_have_no_buckets() {
        let point = HistogramDataPoint { count: 6, ..HistogramDataPoint::default() };
        assert_eq!(Buckets::explicit(&point), Some(Buckets { up_to: vec![], count: 6 }));
    }

    #[test]
    fn whatever_the_scale_exponential_bounds_are_powers_of_two() {
        // Four values each in (1, 2] and (2, 4].
        let expected = Buckets { up_to: vec![(0.0, 0), (2.0, 4), (4.0, 8)], count: 8 };
        assert_eq!(Buckets::exponential(&exponential(0, -1, &[0, 4, 4, 0])), Some(expected));
        assert_eq!(
            Buckets::exponential(&exponential(1, 0, &[1, 3, 4, 0])),
            Buckets::exponential(&exponential(0, 0, &[4, 4]))
        );
        assert_eq!(
            Buckets::exponential(&exponential(2, 0, &[1, 1, 1, 1, 4])),
            Buckets::exponential(&exponential(0, 0, &[4, 4]))
        );
        let of_four = Buckets { up_to: vec![(0.0, 0), (0.25, 1), (1.0, 1), (4.0, 3)], count: 3 };
        assert_eq!(Buckets::exponential(&exponential(-1, -2, &[1, 0, 2])), Some(of_four));
    }

    #[test]
    fn values_below_zero_come_first_and_zeros_next() {
        let point = ExponentialHistogramDataPoint {
            count: 7,
            zero_count: 1,
            zero_threshold: 0.125,
            negative: Some(Exponential { offset: 0, bucket_counts: vec![1, 2] }),
            ..exponential(0, 0, &[3])
        };
        let of = Buckets::exponential(&ExponentialHistogramDataPoint { count: 7, ..point }).unwrap();
        assert_eq!(of.up_to, [(-2.0, 2), (-1.0, 3), (0.125, 4), (2.0, 7)]);
        assert!(of.may_be_negative());
    }

    #[test]
    fn what_no_number_can_be_has_no_bound() {
        let above = Buckets { up_to: vec![(0.0, 0)], count: 5 };
        assert_eq!(Buckets::exponential(&exponential(0, 1023, &[5])), Some(above));
        assert_eq!(Buckets::exponential(&exponential(0, i32::MIN, &[5])), None);
        assert_eq!(Buckets::exponential(&exponential(i32::MIN, 5, &[5])).unwrap().count, 5);
        assert_eq!(Buckets::exponential(&exponential(i32::MAX, i32::MAX, &[5])).unwrap().up_to, [(0.0, 0), (2.0, 5)]);
    }
}
