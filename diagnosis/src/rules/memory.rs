//! Scenario 3: memory is refused. What the OOM killer does is `oom.rs`.

use crate::facts::Facts;
use crate::finding::{Finding, Relation};
use crate::groups::{Class, Group};
use crate::turn::is_last;
use crate::weight::{HEAP_REFUSED, HEAP_REFUSED_ELSEWHERE};
use crate::words::failure;
use crate::works::{Kind, Works};
use rewind_recording::render::units::{bytes, grouped};

/// So often is again and again.
const AGAIN: u64 = 3;

pub(super) fn rule(facts: &Facts<'_>, groups: &[Group]) -> Vec<Finding> {
    let mut groups = groups.iter().filter(|group| group.class == Class::Memory);
    let mut findings = Vec::new();
    if let Some(heaviest) = groups.next() {
        let mut finding = failure::finding(facts, "memory", heaviest);
        let largest = facts.processes.get(&heaviest.tgid).and_then(|process| process.memory.refused);
        if let Some((refused, index)) = largest {
            finding.text += &format!("; it asked for {}", bytes(refused));
            finding.evidence.push(index);
            finding.evidence.sort_unstable();
            finding.evidence.dedup();
        }
        findings.push(finding);
    } else if let Some((tgid, process)) = facts.processes.iter().find(|(_, process)| process.memory.refusals > 0) {
        // The kernel does not fail brk: only the heap's end tells.
        let fatal = facts.culprit == Some(*tgid) && facts.ended_badly();
        let memory = &process.memory;
        let (refused, index) = memory.refused.unwrap_or_default();
        let event = facts.timeline.event(index);
        let is_last =
            event.is_some_and(|event| is_last(&Works::of(facts), (event.tid, event.end_ns), facts.end_ns(), Kind::Any));
        let weight = if fatal { HEAP_REFUSED } else { HEAP_REFUSED_ELSEWHERE };
        let text = format!("the heap could not grow by {} (brk), {} times", bytes(refused), grouped(memory.refusals));
        findings.push(Finding {
            relation: if fatal { Relation::After } else { Relation::Beside },
            // Once, and the allocator maps memory in place of that.
            is_tied: facts.ending.is_none() && memory.refusals >= AGAIN || fatal && is_last,
            ..Finding::new("memory", weight, text, [index])
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use crate::scene::Scene;

    #[test]
    fn refused_memory_is_told_with_its_size() {
        let mut scene = Scene::of("app");
        scene.call(700, 9).arg(0).arg(1 << 30).arg(3).arg(0x22).arg(0xffff_ffff).arg(0).result(-12).end();
        scene.say(2, "MemoryError\n");
        scene.exit(700, 1 << 8);
        let why = scene.why();
        assert_eq!(why.answer, "It exited with 1 after mmap got no memory (ENOMEM); it asked for 1 GiB.");
        assert_eq!(why.memory.unwrap().refusals, 1);
    }

    #[test]
    fn a_heap_that_did_not_grow_is_seen() {
        let mut scene = Scene::of("app");
        scene.call(700, 12).arg(0).result(0x1000_0000).end();
        scene.call(700, 12).arg(0x1400_0000).result(0x1000_0000).end();
        scene.exit(700, 1 << 8);
        let answer = scene.answer();
        assert!(answer.contains("the heap could not grow by 64 MiB"), "{answer}");
    }

    #[test]
    fn a_heap_that_did_not_grow_ends_nothing_where_the_program_went_on() {
        let mut scene = Scene::of("app");
        scene.call(700, 12).arg(0).result(0x1000_0000).end();
        scene.call(700, 12).arg(0x1400_0000).result(0x1000_0000).end();
        scene.open("/srv/work", 3);
        scene.exit(700, 1 << 8);
        assert_eq!(scene.answer(), "It exited with 1; nothing unusual found before that.");
    }
}
