//! Scenario 10, and 1: a program that it ran was killed. Those that only exited with something else
//! than 0 stand in the list of what it ran.

use crate::facts::{ASKING, Facts, Process, SIGKILL};
use crate::finding::Finding;
use crate::groups::Group;
use crate::weight::{CHILD_FAILED, CHILD_KILLED};

/// Children that ended badly, but for those whose end became the container's own: that is the end itself.
pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    let main = facts.ending.map(|ending| ending.tgid);
    // What fails again and again is told with its last run.
    let failing: Vec<&str> = facts.chain.iter().filter_map(|tgid| Some(facts.processes.get(tgid)?.command())).collect();
    let is_attempt = |process: &Process| main.is_none() && failing.contains(&process.command());
    let mut findings = Vec::new();
    for (tgid, process) in &facts.processes {
        let Some(end) = process.end.filter(|end| !end.ending.is_success()) else { continue };
        if facts.chain.contains(tgid) || main == Some(*tgid) || is_attempt(process) {
            continue;
        }
        // Who was told by its parent did as it was told; whom it kills took longer than it may.
        let is_told = |signal: u8| {
            let sent = facts.last_sent(*tgid, signal.into(), end.ending.at_ns);
            (ASKING.contains(&signal.into()) || u32::from(signal) == SIGKILL)
                && sent.is_some_and(|(_, sent)| sent.sender_tgid == process.parent)
        };
        // With process 1, the kernel ends all that is left.
        let is_left = facts.ending.is_some_and(|main| end.ending.at_ns >= main.at_ns);
        if is_left || end.ending.signal.is_some_and(is_told) {
            continue;
        }
        let weight = if end.ending.signal.is_some() { CHILD_KILLED } else { CHILD_FAILED };
        let text = format!("its child {} (process {tgid}) {}", process.command(), end.ending.words());
        let evidence = process.programs.last().map(|program| program.index).into_iter().chain([end.index]);
        findings.push(Finding {
            // The container did not end of it, as far as is known.
            is_tied: main.is_none(),
            ..Finding::new("child", weight, text, evidence)
        });
    }
    // The last few tell as much as all, in a loop of them.
    findings.sort_by_key(|finding| (finding.weight, finding.evidence.last().copied()));
    findings.split_off(findings.len().saturating_sub(3))
}

#[cfg(test)]
mod tests {
    use crate::scene::{S, Scene};

    #[test]
    fn a_child_whose_end_the_container_got_over_is_no_answer() {
        let mut scene = Scene::of("supervisor");
        scene.child(701, 700, "worker --fast");
        scene.exit(701, 11);
        scene.later(S);
        scene.exit(700, 1 << 8);
        assert_eq!(scene.answer(), "It exited with 1; nothing unusual found before that.");
    }

    #[test]
    fn what_ends_with_the_container_has_not_failed() {
        let mut scene = Scene::of("supervisor");
        scene.child(701, 700, "worker");
        scene.exit(700, 0);
        scene.exit(701, 9);
        assert!(scene.why().findings.is_empty(), "{:?}", scene.why().findings);
    }

    #[test]
    fn a_child_that_was_killed_is_told_and_one_that_said_no_is_not() {
        let mut scene = Scene::of("supervisor");
        scene.child(701, 700, "grep x y");
        scene.exit(701, 1 << 8);
        assert_eq!(scene.answer(), "It is running: nothing unusual found.");
        scene.child(702, 700, "worker --fast");
        scene.exit(702, 11);
        let why = scene.why();
        let answer = "It is running; but its child worker --fast (process 702) killed by SIGSEGV.";
        assert_eq!((why.answer.as_str(), why.findings[0].rule), (answer, "child"));
    }
}
