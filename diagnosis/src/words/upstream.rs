//! The peer that a server waits for or is refused by, as a clause behind what it did to its own clients.

use super::failure;
use crate::facts::{Facts, Process, Subject};
use crate::groups::Group;
use crate::meaning::Meaning;
use crate::noise::Noise;
use std::cmp::Reverse;

/// What failed so long before an answer may be the reason for it.
const RIGHT_BEFORE_NS: u64 = 1_000_000_000;
/// So many times are again and again.
const AGAIN: u64 = 3;
/// From so long on a peer is silent.
const SILENT_NS: u64 = 1_000_000_000;
/// What failed last so long ago, and twice as long as between two of its failures, fails no more.
const NOW_NS: u64 = 5_000_000_000;
/// So many peers are told.
const TOLD: usize = 2;

/// What failed a process at least so often, the last time right before a moment: "; right before that ...".
pub(crate) fn right_before(groups: &[Group], (tgid, at_ns): (u32, u64), least: u64) -> Option<String> {
    let is_it = |group: &&Group| {
        let is_before = group.last_ns <= at_ns && at_ns - group.last_ns < RIGHT_BEFORE_NS;
        // What is missing may be one that it asks for each time.
        let is_needed = match &group.subject {
            Subject::Peer(_) => group.noise == Noise::None,
            Subject::Path(_) => group.noise == Noise::None && group.meaning != Meaning::Missing,
            Subject::Descriptor(_) | Subject::Nothing => false,
        };
        group.tgid == tgid && is_needed && is_before && group.count >= least
    };
    let group = groups.iter().filter(is_it).max_by_key(|group| group.last_ns)?;
    Some(format!("; right before that {}", failure::clause(group)))
}

/// Peers that fail a process, or another of the same program, again and again, the last time at a moment or right before,
/// and were not had since: "; meanwhile ...". They have to be such as `is_it` wants.
pub(crate) fn meanwhile(
    facts: &Facts<'_>,
    groups: &[Group],
    (tgid, until_ns): (u32, u64),
    is_it: impl Fn(&Group) -> bool,
) -> Option<String> {
    let program = |tgid: u32| facts.processes.get(&tgid).map(Process::program);
    let is_kin = |group: &Group| group.tgid == tgid || program(group.tgid) == program(tgid);
    let fails_now = |group: &Group| {
        let mean_ns = group.last_ns.saturating_sub(group.first_ns) / group.count.saturating_sub(1).max(1);
        until_ns.saturating_sub(group.last_ns) <= NOW_NS.max(mean_ns.saturating_mul(2))
    };
    // Who looks whether a peer takes connections gives one up at once.
    let is_long_or_again = |group: &Group| match group.meaning {
        Meaning::NoAnswer => group.longest_ns >= SILENT_NS,
        _ => group.count >= AGAIN,
    };
    let fails = |group: &&Group| {
        matches!(group.subject, Subject::Peer(_))
            && group.noise == Noise::None
            && !group.recovered
            && is_long_or_again(group)
            && is_kin(group)
            && fails_now(group)
            && is_it(group)
    };
    let mut failing: Vec<&Group> = groups.iter().filter(fails).collect();
    failing.sort_by_key(|group| (group.tgid != tgid, Reverse(group.last_ns)));
    let clauses: Vec<_> = failing.into_iter().take(TOLD).map(failure::clause).collect();
    (!clauses.is_empty()).then(|| format!("; meanwhile {}", clauses.join(", and ")))
}
