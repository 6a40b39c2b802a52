//! What was measured, by load, setting and round; medians and ratios of it.

use super::setting::Setting;
use std::collections::BTreeMap;

/// What runs in every setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Load {
    Getppid,
    Openat,
    Connection,
    Nginx,
    Redis,
}

impl Load {
    /// What is measured, and what its ratio is.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Getppid => "getppid: ns of a call; ratio: what is added, in what the floor adds",
            Self::Openat => "openat of a 20-character path, and close: ns of a pair; ratio: as above",
            Self::Connection => "a TCP connection to itself, made, accepted, closed: ns of one; ratio: as above",
            Self::Nginx => "nginx, one worker, 4 KiB file, wrk -t1 -c32: requests/s; ratio: share of nothing attached",
            Self::Redis => "redis, GET of 20 clients, redis-benchmark: requests/s; ratio: share of nothing attached",
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Getppid => "getppid",
            Self::Openat => "openat+close",
            Self::Connection => "connection",
            Self::Nginx => "nginx",
            Self::Redis => "redis",
        }
    }

    /// Whether more is worse: times are, requests are not.
    const fn is_time(self) -> bool {
        matches!(self, Self::Getppid | Self::Openat | Self::Connection)
    }
}

/// Several measurements of one thing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Series(Vec<f64>);

impl Series {
    pub(super) fn new(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    pub(super) fn median(&self) -> Option<f64> {
        let upper = *self.0.get(self.0.len() / 2)?;
        let lower = *self.0.get((self.0.len() - 1) / 2)?;
        Some(f64::midpoint(lower, upper))
    }

    pub(super) fn range(&self) -> Option<(f64, f64)> {
        Some((*self.0.first()?, *self.0.last()?))
    }
}

/// All measurements.
#[derive(Debug, Default)]
pub(super) struct Figures(Vec<(Load, Setting, BTreeMap<usize, f64>)>);

impl Figures {
    pub(super) fn add(&mut self, load: Load, setting: Setting, round: usize, value: f64) {
        let at = self.0.iter().position(|(l, s, _)| (*l, *s) == (load, setting)).unwrap_or_else(|| {
            self.0.push((load, setting, BTreeMap::new()));
            self.0.len() - 1
        });
        if let Some((_, _, rounds)) = self.0.get_mut(at) {
            rounds.insert(round, value);
        }
    }

    fn rounds(&self, load: Load, setting: Setting) -> impl Iterator<Item = (usize, f64)> {
        let found = self.0.iter().find(move |(l, s, _)| (*l, *s) == (load, setting));
        found.into_iter().flat_map(|(_, _, rounds)| rounds.iter().map(|(round, value)| (*round, *value)))
    }

    fn of_round(&self, load: Load, setting: Setting, round: usize) -> f64 {
        self.rounds(load, setting).find(|(at, _)| *at == round).map_or(f64::NAN, |(_, value)| value)
    }

    pub(super) fn series(&self, load: Load, setting: Setting) -> Series {
        Series::new(self.rounds(load, setting).map(|(_, value)| value))
    }

    /// Ratios, each of the figures of one round: what is added, in what the floor adds, for times;
    /// the share of nothing attached for requests.
    pub(super) fn ratios(&self, load: Load, setting: Setting) -> Series {
        Series::new(self.rounds(load, setting).map(|(round, value)| {
            let nothing = self.of_round(load, Setting::Nothing, round);
            if !load.is_time() {
                return value / nothing;
            }
            let floor = self.of_round(load, Setting::Floor, round) - nothing;
            // Where the floor adds nothing, nothing can be said.
            if floor > 0.0 { (value - nothing) / floor } else { f64::NAN }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(Series::new([3.0, 1.0, 2.0, f64::NAN]).median(), Some(2.0));
        assert_eq!(Series::new([4.0, 1.0, 2.0, 3.0]).median(), Some(2.5));
        assert_eq!(Series::new([]).median(), None);
        assert_eq!(Series::new([3.0, 1.0]).range(), Some((1.0, 3.0)));
    }

    #[test]
    fn ratios_are_of_figures_of_one_round() {
        let mut figures = Figures::default();
        for (round, nothing, floor, recorded) in [(0, 200.0, 300.0, 400.0), (1, 210.0, 310.0, 510.0)] {
            figures.add(Load::Getppid, Setting::Nothing, round, nothing);
            figures.add(Load::Getppid, Setting::Floor, round, floor);
            figures.add(Load::Getppid, Setting::Recorded, round, recorded);
            figures.add(Load::Nginx, Setting::Nothing, round, nothing);
            figures.add(Load::Nginx, Setting::Recorded, round, nothing / 2.0);
        }
        assert_eq!(figures.ratios(Load::Getppid, Setting::Recorded), Series(vec![2.0, 3.0]));
        assert_eq!(figures.ratios(Load::Getppid, Setting::Floor), Series(vec![1.0, 1.0]));
        assert_eq!(figures.ratios(Load::Nginx, Setting::Recorded), Series(vec![0.5, 0.5]));
    }

    #[test]
    fn a_round_without_its_floor_has_no_ratio() {
        let mut figures = Figures::default();
        figures.add(Load::Getppid, Setting::Nothing, 0, 200.0);
        figures.add(Load::Getppid, Setting::Recorded, 0, 400.0);
        assert_eq!(figures.ratios(Load::Getppid, Setting::Recorded).median(), None);
    }
}
