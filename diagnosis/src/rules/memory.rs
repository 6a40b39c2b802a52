//! Scenario 3: memory is refused. What the OOM killer does is `oom.rs`.

use super::{Finding, Joint, phrase};
use crate::case::Case;
use rewind_recording::render::units::{bytes, grouped};

const ENOMEM: u16 = 12;

pub(super) fn rule(case: &Case<'_>) -> Vec<Finding> {
    let mut groups = case.groups.iter().filter(|group| group.errno == ENOMEM);
    let mut findings = Vec::new();
    if let Some(heaviest) = groups.next() {
        let mut finding = phrase::finding(case, "memory", heaviest);
        let largest = case.processes.get(&heaviest.tgid).and_then(|process| process.memory.refused);
        if let Some((refused, index)) = largest {
            finding.text += &format!("; it asked for {}", bytes(refused));
            finding.evidence.push(index);
            finding.evidence.sort_unstable();
            finding.evidence.dedup();
        }
        findings.push(finding);
    } else if let Some((tgid, process)) = case.processes.iter().find(|(_, process)| process.memory.refusals > 0) {
        // The kernel does not fail brk: only the heap's end tells.
        let own = case.culprit == Some(*tgid);
        let memory = &process.memory;
        let (refused, index) = memory.refused.unwrap_or_default();
        findings.push(Finding {
            rule: "memory",
            weight: if own && case.ended_badly() { 250 } else { 120 },
            joint: if own && case.ended_badly() { Joint::After } else { Joint::Beside },
            text: format!("the heap could not grow by {} (brk), {} times", bytes(refused), grouped(memory.refusals)),
            reasons: Vec::new(),
            evidence: vec![index],
        });
    }
    findings
}
