//! Scenario 7: nothing fails, but something takes long.

use crate::calls::{self, bits};
use crate::facts::Facts;
use crate::finding::Finding;
use crate::groups::Group;
use crate::weight::{SLOW, SLOW_SHARE};
use crate::words::throttling;
use rewind_recording::render::units::{counted, duration};

/// Calls that should not take long, and what they wait for.
const WAITS: &[(u64, &str)] = &[
    (bits::WAITS_DISK, "the disk"),
    (bits::CONNECTS, "a peer to take the connection"),
    (bits::WAITS_FILE_LOCK, "a lock on a file"),
    (bits::WAITS_FILE_SYSTEM, "a file system"),
    (bits::WAITS_PEER, "the network"),
];

/// All of the time that is covered, in thousandths.
const ALL: u64 = 1000;
/// So much of it stands out.
const NOTABLE_SHARE: u64 = 100;
/// And so long in sum.
const NOTABLE_NS: u64 = 100_000_000;

/// What a call waits for: the first of [`WAITS`].
fn waits(name: &str) -> Option<usize> {
    WAITS.iter().position(|(bits, _)| calls::has(name, *bits))
}

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    let coverage = &facts.header.coverage;
    let covered_ns = coverage.newest_ns.max(facts.end_ns()).saturating_sub(coverage.oldest_ns).max(1);
    let mut findings = Vec::new();
    for (i, (_, waits_for)) in WAITS.iter().enumerate() {
        // Who serves, or takes work from a queue, waits for what comes as long as it lives.
        let is_idle = |name: &str| facts.ending.is_none() && calls::has(name, bits::RECEIVES);
        let of_it = facts.sums.iter().filter(|(name, _)| waits(name) == Some(i) && !is_idle(name));
        let mut of_it: Vec<_> = of_it.collect();
        of_it.sort_by_key(|(_, sums)| std::cmp::Reverse(sums.total_ns));
        let total_ns = of_it.iter().fold(0_u64, |sum, (_, sums)| sum.saturating_add(sums.total_ns));
        let Some((name, first)) = of_it.first() else { continue };
        let share = u64::try_from(u128::from(total_ns) * 1000 / u128::from(covered_ns)).unwrap_or(1000);
        // Of one that stands in it, the rules that know what it waits for tell.
        let stands = facts.open_calls.contains(&first.longest.1) && facts.ending.is_none();
        if stands || total_ns < NOTABLE_NS || share < NOTABLE_SHARE {
            continue;
        }
        let (longest_ns, index) = first.longest;
        let weight = SLOW + share.min(ALL) as i32 * SLOW_SHARE / ALL as i32;
        let text = format!(
            "it waited {} for {waits_for}: {} in {name}, the longest {}{}{}",
            duration(total_ns),
            counted(first.calls, "call"),
            duration(longest_ns),
            first.subject.text().map_or_else(String::new, |what| format!(" on {what}")),
            throttling::beside(facts),
        );
        // Why it ended is another question.
        findings.push(Finding { is_tied: facts.ending.is_none(), ..Finding::new("slow", weight, text, [index]) });
    }
    findings
}

#[cfg(test)]
mod tests {
    use crate::scene::{MS, S, Scene};
    use rewind_recording::event::build;

    #[test]
    fn a_slow_disk_is_found_where_nothing_fails() {
        let mut scene = Scene::of("app");
        for _ in 0..10 {
            build::call(&mut scene.records, 700, 74).at(scene.now, 400 * MS).arg(5).result(0).end();
            scene.later(S);
        }
        let why = scene.why();
        assert!(
            why.answer.starts_with("It is running; but it waited 4.00s for the disk: 10 calls in fsync"),
            "{}",
            why.answer
        );
        assert_eq!((why.slow[0].call.as_str(), why.slow[0].calls), ("fsync", 10));
        scene.exit(700, 1 << 8);
        assert_eq!(scene.answer(), "It exited with 1; nothing unusual found before that.");
    }
}
