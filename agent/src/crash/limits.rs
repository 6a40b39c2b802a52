//! Which crash files have to go: pure.

use std::collections::HashMap;

/// Most files: what the agent remembers of each takes memory.
const MAX_FILES: usize = 10_000;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Most bytes of all files together.
    pub bytes: u64,
    /// How old a file may get, seconds.
    pub age_s: u64,
    /// How many files of one container, by [`rewind_recording::header::Container::identity`].
    pub per_container: usize,
}

/// What is remembered of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its number, which orders the files.
    pub(super) number: u64,
    /// Its name in the directory.
    pub(super) file: String,
    /// Its length.
    pub(super) bytes: u64,
    /// When what it tells of was over: Unix time.
    pub(super) over_s: u64,
    /// Whose it is: pod and name.
    pub(super) identity: (String, String),
    /// Which end it is of.
    pub(super) end: End,
    /// Which cause it ended by.
    pub(super) seen: Seen,
}

/// A cause, and how often its container has ended by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// What tells it from others; empty: none was found.
    pub(super) fingerprint: String,
    /// When first: Unix time, nanoseconds.
    pub(super) first_unix_ns: i64,
    /// How often, this end too.
    pub(super) times: u64,
}

/// What tells one end of one run from all others: container, cgroup, begin and end.
pub(super) type End = (String, u64, u64, u64);

/// The limit that a file had to go for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// It was too old.
    Age,
    /// Its container has newer ones.
    Container,
    /// All together had too many bytes.
    Bytes,
    /// There were too many files.
    Files,
}

impl Limit {
    /// As counters name it.
    #[must_use]
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Container => "container",
            Self::Bytes => "bytes",
            Self::Files => "files",
        }
    }
}

/// The numbers of the files that have to go, of `entries` in the order of their numbers. A file from
/// the future (the clock was set back) has no age.
#[must_use]
pub(super) fn exceeding(entries: &[Entry], limits: Limits, now_s: u64) -> Vec<(u64, Limit)> {
    let mut going = Vec::new();
    let mut newer: HashMap<&(String, String), usize> = HashMap::new();
    let (mut files, mut bytes) = (0, 0_u64);
    // Whether the limits of all together were exceeded: from there on every older one goes.
    let mut full = None;
    for entry in entries.iter().rev() {
        let of_container = newer.entry(&entry.identity).or_default();
        let limit = if now_s.saturating_sub(entry.over_s) > limits.age_s {
            Some(Limit::Age)
        } else if *of_container >= limits.per_container {
            Some(Limit::Container)
        } else {
            full = full
                .or((files >= MAX_FILES).then_some(Limit::Files))
                .or((bytes.saturating_add(entry.bytes) > limits.bytes).then_some(Limit::Bytes));
            full
        };
        match limit {
            Some(limit) => going.push((entry.number, limit)),
            None => {
                *of_container += 1;
                files += 1;
                bytes = bytes.saturating_add(entry.bytes);
            }
        }
    }
    going.reverse();
    going
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_S: u64 = 1_000_000;
    const WIDE: Limits = Limits { bytes: u64::MAX, age_s: u64::MAX, per_container: 100 };

    fn entry(number: u64, name: &str, bytes: u64, age_s: u64) -> Entry {
        let identity = (String::new(), name.to_owned());
        let end = (name.to_owned(), 0, number, number);
        Entry { number, file: String::new(), bytes, over_s: NOW_S - age_s, identity, end, seen: Seen::default() }
    }

    fn going(entries: &[Entry], limits: Limits) -> Vec<(u64, Limit)> {
        exceeding(entries, limits, NOW_S)
    }

    #[test]
    fn the_last_runs_of_each_container_are_kept() {
        let entries = [entry(1, "loop", 1, 9), entry(2, "web", 1, 8), entry(3, "loop", 1, 7), entry(4, "loop", 1, 6)];
        assert_eq!(going(&entries, Limits { per_container: 2, ..WIDE }), [(1, Limit::Container)]);
        assert_eq!(going(&entries, WIDE), []);
    }

    #[test]
    fn the_oldest_go_first_for_bytes() {
        let entries = [entry(1, "a", 50, 9), entry(2, "b", 40, 8), entry(3, "c", 30, 7)];
        assert_eq!(going(&entries, Limits { bytes: 70, ..WIDE }), [(1, Limit::Bytes)]);
        // Where the second does not fit, the first does not stay in its place.
        assert_eq!(going(&entries, Limits { bytes: 69, ..WIDE }), [(1, Limit::Bytes), (2, Limit::Bytes)]);
        assert_eq!(going(&entries, Limits { bytes: 29, ..WIDE }).len(), 3);
    }

    #[test]
    fn what_is_too_old_goes() {
        let entries = [entry(1, "a", 1, 101), entry(2, "b", 1, 100)];
        assert_eq!(going(&entries, Limits { age_s: 100, ..WIDE }), [(1, Limit::Age)]);
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_cost_the_newest() {
        let mut entries = vec![entry(1, "loop", 1, 0), entry(2, "loop", 1, 0), entry(3, "loop", 1, 5_000)];
        entries[0].over_s = NOW_S + 9_000;
        let limits = Limits { per_container: 2, age_s: 10_000, ..WIDE };
        assert_eq!(going(&entries, limits), [(1, Limit::Container)]);
    }

    #[test]
    fn the_number_of_files_is_bounded() {
        let entries: Vec<_> = (0..MAX_FILES as u64 + 2).map(|i| entry(i, &i.to_string(), 1, 1)).collect();
        assert_eq!(going(&entries, WIDE), [(0, Limit::Files), (1, Limit::Files)]);
    }
}
