//! Scenario 7: nothing fails, but something takes long.

use super::{Finding, Joint};
use crate::case::Case;
use rewind_recording::render::units::{counted, duration};

/// Calls that should not take long, and what they wait for.
const WAITS: &[(&[&str], &str)] = &[
    (&["fsync", "fdatasync", "sync", "syncfs", "msync", "sync_file_range"], "the disk"),
    (&["connect"], "a peer to take the connection"),
    (&["flock"], "a lock on a file"),
    (&["openat", "open", "stat", "newfstatat", "statx", "getdents64", "rename", "unlink"], "a file system"),
    (&["recvfrom", "recvmsg", "sendto", "sendmsg"], "the network"),
];

/// So much of the time that is covered (thousandths) stands out.
const NOTABLE_SHARE: u64 = 100;
/// And so long in sum.
const NOTABLE_NS: u64 = 100_000_000;

pub(super) fn rule(case: &Case<'_>) -> Vec<Finding> {
    let coverage = &case.header.coverage;
    let covered_ns = coverage.newest_ns.max(case.end_ns()).saturating_sub(coverage.oldest_ns).max(1);
    let mut findings = Vec::new();
    for (calls, waits_for) in WAITS {
        let mut of_it: Vec<_> = case.sums.iter().filter(|(name, _)| calls.contains(&&***name)).collect();
        of_it.sort_by_key(|(_, sums)| std::cmp::Reverse(sums.total_ns));
        let total_ns = of_it.iter().fold(0_u64, |sum, (_, sums)| sum.saturating_add(sums.total_ns));
        let Some((name, first)) = of_it.first() else { continue };
        let share = u64::try_from(u128::from(total_ns) * 1000 / u128::from(covered_ns)).unwrap_or(1000);
        if total_ns < NOTABLE_NS || share < NOTABLE_SHARE {
            continue;
        }
        let (longest_ns, index) = first.longest;
        findings.push(Finding {
            rule: "slow",
            // More of the time weighs more, but less than any failure that the program complains of.
            weight: 100 + (share / 20).min(50) as i32,
            joint: Joint::Beside,
            text: format!(
                "it waited {} for {waits_for}: {} in {name}, the longest {}{}",
                duration(total_ns),
                counted(first.calls, "call"),
                duration(longest_ns),
                first.subject.text().map_or_else(String::new, |what| format!(" on {what}")),
            ),
            reasons: Vec::new(),
            evidence: vec![index],
        });
    }
    findings
}
