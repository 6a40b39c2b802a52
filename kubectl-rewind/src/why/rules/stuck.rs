//! Scenarios 5 and 7, of a living container: a thread that is in a call for longer than is usual.

use super::{Finding, Joint};
use crate::why::case::Case;
use rewind_recording::decode;
use rewind_recording::event::{Fate, What};
use rewind_recording::render::units::duration;
use std::collections::BTreeMap;

/// Calls that should be over soon, and what they wait for.
const SOON: &[(&[&str], &str)] = &[
    (&["connect"], "a peer that does not take its connection"),
    (&["flock"], "a lock on a file"),
    (&["fsync", "fdatasync", "sync", "syncfs", "msync"], "the disk"),
    (&["open", "openat", "stat", "newfstatat", "statx", "rename", "unlink", "getdents64"], "a file system"),
];
/// So long is not soon.
const LONG_NS: u64 = 1_000_000_000;

pub(super) fn rule(case: &Case<'_>) -> Vec<Finding> {
    if case.ending.is_some() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    // By process: how many threads are in a call, and how many of those wait for a lock.
    let mut locked = BTreeMap::<u32, (usize, Vec<usize>)>::new();
    for index in &case.open_calls {
        let Some(event) = case.timeline.event(*index) else { continue };
        let What::Call { call, fate: Fate::InFlight, .. } = event.what else { continue };
        let since_ns = case.header.read_ns.saturating_sub(event.start_ns);
        let name = decode::name(&call, case.arch);
        let (threads, waiting) = locked.entry(event.tgid().unwrap_or(event.tid)).or_default();
        *threads += 1;
        if name.starts_with("futex") && since_ns > LONG_NS {
            waiting.push(*index);
        }
        let soon = SOON.iter().find(|(calls, _)| calls.contains(&&*name)).filter(|_| since_ns > LONG_NS);
        if let Some((_, waits_for)) = soon {
            let call = case.text(&event);
            let shown: String = call.chars().take(60).collect();
            findings.push(finding(
                160,
                format!("it has waited {} for {waits_for}: {shown}", duration(since_ns)),
                vec![*index],
            ));
        }
    }
    for (tgid, (threads, waiting)) in locked {
        if threads > 1 && waiting.len() == threads {
            let text = format!("all {threads} threads of process {tgid} wait for locks or for each other (futex)");
            findings.push(finding(140, text, waiting));
        }
    }
    findings
}

fn finding(weight: i32, text: String, evidence: Vec<usize>) -> Finding {
    Finding { rule: "stuck", weight, joint: Joint::Beside, text, reasons: Vec::new(), evidence }
}
