//! A living container, a child of which fails again and again and says nothing: the file that it was run for, and failed
//! with, though one such failure alone would be ordinary. Loops of shells wait so, for a file or a lock, in programs that
//! they run.

use crate::calls::{self, bits};
use crate::facts::{Facts, Subject};
use crate::finding::{Finding, Relation};
use crate::groups::Group;
use crate::meaning::{Meaning, is_absent};
use crate::noise::{Noise, noise};
use crate::weight::FAILS_AGAIN;
use crate::words::failure;
use std::collections::HashSet;

/// So often is more than a program that is tried a few times.
const LEAST: u64 = 5;

pub(super) fn rule(facts: &Facts<'_>, groups: &[Group]) -> Vec<Finding> {
    finding(facts, groups).into_iter().collect()
}

fn finding(facts: &Facts<'_>, groups: &[Group]) -> Option<Finding> {
    let culprit = facts.culprit.filter(|_| facts.is_living())?;
    facts.attempts(culprit).filter(|attempts| attempts.count >= LEAST)?;
    let process = facts.processes.get(&culprit).filter(|process| process.outputs.is_empty())?;
    let own: HashSet<usize> =
        facts.failures.iter().filter(|failure| failure.tgid == culprit).map(|it| it.index).collect();
    let is_file = |group: &&Group| {
        // Who only asks whether it is there may want it as who opens it.
        let is_ordinary = || noise("openat", &group.subject, group.errno) != Noise::None;
        let makes = calls::has(&group.name, bits::MAKES_ENTRY) && matches!(group.meaning, Meaning::Answer(_));
        let is_it = makes || is_absent(group.errno) && !is_ordinary();
        let Subject::Path(path) = &group.subject else { return false };
        // What else it looks for it may do without.
        let is_argument = process.command().contains(path.as_str()) && !group.recovered && group.healthy.is_none();
        group.count >= LEAST && is_it && is_argument && own.contains(&group.last)
    };
    let group = groups.iter().filter(is_file).max_by_key(|group| group.last_ns)?;
    Some(Finding {
        relation: Relation::After,
        ..Finding::new("again", FAILS_AGAIN, failure::clause(group), [group.first, group.last])
    })
}

#[cfg(test)]
mod tests {
    use crate::scene::{S, Scene};

    /// A shell that runs a program each second, which fails with a file.
    fn runs(command: &str, fails: impl Fn(&mut Scene), code: u32, times: u32) -> String {
        let mut scene = Scene::of("sh entrypoint.sh");
        for tgid in (701..).step_by(2).take(times as usize) {
            scene.child(tgid, 700, command);
            scene.main = tgid;
            fails(&mut scene);
            scene.main = 700;
            scene.exit(tgid, code << 8);
            scene.child(tgid + 1, 700, "sleep 1");
            scene.later(S);
            scene.exit(tgid + 1, 0);
        }
        scene.answer()
    }

    #[test]
    fn what_a_child_that_fails_again_and_again_in_silence_fails_of_is_told() {
        let makes = |scene: &mut Scene| {
            let main = scene.main;
            scene.call(main, 83).string("/data/rotate.lock").arg(0o777).result(-17).end();
        };
        let answer = runs("mkdir /data/rotate.lock", makes, 1, 6);
        assert!(answer.contains("its child mkdir fails again and again: the last of 6"), "{answer}");
        assert!(answer.contains("exited with 1 after mkdir of /data/rotate.lock"), "{answer}");
        let looks = |scene: &mut Scene| scene.access("/in/settlement", -2);
        let answer = runs("ls /in/settlement", looks, 2, 6);
        assert!(answer.contains("exited with 2 after access of /in/settlement found no such file"), "{answer}");
    }
}
