//! Scenario 10, and 1: a program that it ran was killed. Those that only exited with something else
//! than 0 stand in the list of what it ran.

use super::{Finding, Joint};
use crate::case::{Case, Process};
use crate::weight::WORTH_SAYING;

/// Children that ended badly, but for those whose end became the container's own: that is the end itself.
pub(super) fn rule(case: &Case<'_>) -> Vec<Finding> {
    let main = case.ending.map(|ending| ending.tgid);
    let mut findings = Vec::new();
    for (tgid, process) in &case.processes {
        let Some(end) = process.end.filter(|end| !end.ending.is_success()) else { continue };
        if case.chain.contains(tgid) || main == Some(*tgid) {
            continue;
        }
        let killed = end.ending.signal.is_some();
        let evidence = process.ran.last().map(|ran| ran.index).into_iter().chain([end.index]).collect();
        findings.push(Finding {
            rule: "child",
            // Many programs exit with something else than 0 to say no: grep, test, readlink.
            weight: if killed { WORTH_SAYING + 40 } else { WORTH_SAYING - 1 },
            joint: Joint::Beside,
            text: format!("its child {} (process {tgid}) {}", name(process), end.ending.words()),
            reasons: Vec::new(),
            evidence,
        });
    }
    // The last few tell as much as all, in a loop of them.
    findings.sort_by_key(|finding| (finding.weight, finding.evidence.last().copied()));
    findings.split_off(findings.len().saturating_sub(3))
}

fn name(process: &Process) -> &str {
    process.ran.last().map_or(&process.comm, |ran| &ran.command)
}
