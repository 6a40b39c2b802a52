//! Since when each counter counts.
//!
//! The kernel's counters begin with what they are of: a host, a container. One that goes back has begun anew: a device went and another came, or it
//! was as long as its 32 bits last (times of disks, in milliseconds). When that was is not known; that it was after the
//! counter was read last is, and so that is its start from then on (metrics data model, "Resets and Gaps").

use std::collections::HashMap;

/// How long a counter is remembered that is no longer there, so that what comes again under its name is seen to be new.
const REMEMBERED_NS: u64 = 3_600_000_000_000;

/// All counters of one thing: a host, a container.
#[derive(Debug, Default)]
pub struct Series {
    /// When it began, as of the first time that it was asked: with the clock, that moves a little.
    start_unix_ns: u64,
    seen: HashMap<String, Seen>,
}

#[derive(Debug)]
struct Seen {
    value: f64,
    began_unix_ns: u64,
    at_unix_ns: u64,
}

impl Series {
    /// Begins another moment. Where the clock was set back to before what was a start, what is one now holds.
    pub fn turn(&mut self, start_unix_ns: u64, now_unix_ns: u64) {
        if self.start_unix_ns == 0 || self.start_unix_ns >= now_unix_ns {
            self.start_unix_ns = start_unix_ns.min(now_unix_ns);
        }
        self.seen.retain(|_, seen| now_unix_ns.saturating_sub(seen.at_unix_ns) < REMEMBERED_NS);
        for seen in self.seen.values_mut().filter(|seen| seen.began_unix_ns >= now_unix_ns) {
            seen.began_unix_ns = self.start_unix_ns;
        }
    }

    /// Since when its counters count, Unix time in nanoseconds.
    #[must_use]
    pub const fn start_unix_ns(&self) -> u64 {
        self.start_unix_ns
    }

    /// Since when a counter counts that says this now.
    pub fn began(&mut self, name: String, value: f64, now_unix_ns: u64) -> u64 {
        let began_unix_ns = self.start_unix_ns;
        let seen = self.seen.entry(name).or_insert(Seen { value, began_unix_ns, at_unix_ns: now_unix_ns });
        if value < seen.value {
            seen.began_unix_ns = seen.at_unix_ns.min(now_unix_ns);
        }
        (seen.value, seen.at_unix_ns) = (value, now_unix_ns);
        seen.began_unix_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn began(series: &mut Series, now_unix_ns: u64, value: f64) -> u64 {
        series.turn(100, now_unix_ns);
        series.began("a".to_owned(), value, now_unix_ns)
    }

    #[test]
    fn a_counter_counts_since_the_start_until_it_goes_back() {
        let mut series = Series::default();
        assert_eq!([began(&mut series, 1_000, 5.0), began(&mut series, 2_000, 5.0)], [100, 100]);
        assert_eq!(began(&mut series, 3_000, 4.0), 2_000, "since it was read last");
        assert_eq!([began(&mut series, 4_000, 9.0), began(&mut series, 5_000, 1.0)], [2_000, 4_000]);
    }

    #[test]
    fn the_start_stays_where_it_was_first_seen() {
        let mut series = Series::default();
        series.turn(100, 1_000);
        series.turn(117, 2_000);
        assert_eq!(series.start_unix_ns(), 100);
    }

    #[test]
    fn a_clock_that_is_set_back_leaves_no_start_in_the_future() {
        let mut series = Series::default();
        series.turn(10_000, 20_000);
        series.began("a".to_owned(), 5.0, 20_000);
        series.turn(50, 1_000);
        assert_eq!((series.start_unix_ns(), series.began("a".to_owned(), 6.0, 1_000)), (50, 50));
        series.began("b".to_owned(), 5.0, 1_000);
        assert_eq!(series.began("b".to_owned(), 1.0, 900), 900);
    }

    #[test]
    fn one_that_was_away_for_a_while_is_known_again() {
        let mut series = Series::default();
        began(&mut series, 1_000, 5.0);
        series.turn(100, 2_000);
        assert_eq!(began(&mut series, 3_000, 2.0), 1_000);
        series.turn(100, 3_000 + REMEMBERED_NS);
        assert!(series.seen.is_empty());
    }
}
