//! From the main process to the child whose failure it passed on, to its child, and so on.
//!
//! A parent that ends with a code of its own, which says more than that something failed, had a reason of its own. One
//! that ran something else once its child had failed has got over it, unless it ends with that child's own
//! code. One that only slept has not: it was about to try again.
//!
//! | module | what it does |
//! |---|---|
//! | [`runs`] | runs of programs: which are of the same, and which failed |
//! | [`given_up`] | what failed, and is not run again |
//! | [`forks`] | children that run nothing and fail again and again |
//! | [`attempts`] | what is run, and fails, again and again |
//! | [`pipeline`] | which part of a pipeline the others failed for |
//! | [`over`] | whether a parent got over a failure |
//! | [`brought_down`] | supervisors that are told to end because of one |

mod attempts;
mod brought_down;
mod forks;
mod given_up;
mod over;
mod pipeline;
mod runs;

use super::Facts;
use super::process::{Process, launches};
use super::signals::{FAULTS, SIGABRT};
use crate::text::has_name;
use rewind_recording::ending::Ending;

/// A process that ends so soon after its child is taken to do so because of it.
const RIGHT_BEHIND_NS: u64 = 50_000_000;
/// The same for one that spoke right behind it, until its end.
const SPEAKING_NS: u64 = 5_000_000_000;
/// Codes up to this say no more than that something failed.
const COMMON_CODE: u8 = 2;

impl Facts<'_> {
    /// From the main process to the child whose failure it passed on, and its child; in a living container from what
    /// fails again and again.
    pub(super) fn chain_of_ends(&self) -> Vec<u32> {
        let Some(head) = self.ending.map(|ending| ending.tgid).or_else(|| self.failing()) else { return Vec::new() };
        let mut chain = vec![head];
        if self.ending.is_some_and(|ending| ending.is_success()) {
            return chain;
        }
        while let Some(next) = chain.last().and_then(|tgid| self.passed_on(*tgid).or_else(|| self.brought_down(*tgid)))
        {
            if chain.contains(&next) {
                break;
            }
            chain.push(next);
        }
        chain
    }

    /// The child whose failure `tgid` passed on: of those that it did not get over one that ended alike, else the last
    /// if `tgid` ended right behind it.
    fn passed_on(&self, tgid: u32) -> Option<u32> {
        let process = self.processes.get(&tgid)?;
        let own = process.end?.ending;
        let code = own.exit_code.filter(|code| *code != 0)?;
        let ended = self.children(tgid).filter_map(|(child, process)| Some((child, process.end?.ending)));
        let before: Vec<_> =
            ended.filter(|(_, end)| end.at_ns <= own.at_ns && end.at_ns >= process.since_ns()).collect();
        let before: Vec<_> = before
            .into_iter()
            .filter(|(child, end)| !self.was_had_over(tgid, *child, end))
            .filter(|(child, end)| is_alike(process, code, end) || !self.was_ended_by(tgid, *child, end))
            .collect();
        // What was run to wait is not what failed, unless it did.
        let has_waited = |child: u32, end: &Ending| end.is_success() && self.sleeps(child);
        let last = before.iter().filter(|(child, end)| !has_waited(*child, end)).max_by_key(|(_, end)| end.at_ns)?.0;
        let alike = |end: &Ending| is_alike(process, code, end);
        let passed = |child: u32, end: &Ending| {
            let behind = self.is_right_behind(tgid, end, own.at_ns);
            match (end.is_success(), self.went_on(tgid, child, end, own.at_ns)) {
                (true, _) => false,
                _ if says_code(process, end) => true,
                (false, true) => alike(end) && code > COMMON_CODE,
                (false, false) if child == last => {
                    let is_common = code <= COMMON_CODE || end.signal.is_some_and(|signal| is_crash(signal.into()));
                    alike(end) || behind && is_common && !self.is_of_its_own(tgid, child, end)
                }
                (false, false) => alike(end),
            }
        };
        let passed_on = before.iter().filter(|(child, end)| passed(*child, end));
        passed_on.max_by_key(|(_, end)| (alike(end), end.at_ns)).map(|(child, _)| self.source(*child))
    }

    fn children(&self, tgid: u32) -> impl Iterator<Item = (u32, &Process)> {
        self.processes.iter().filter(move |(_, child)| child.parent == tgid).map(|(child, process)| (*child, process))
    }

    /// Whether a process is another, or goes back to it.
    fn is_below(&self, tgid: u32, other: u32) -> bool {
        let family = std::iter::successors(Some(tgid), |tgid| Some(self.processes.get(tgid)?.parent));
        family.take(self.processes.len() + 1).any(|tgid| tgid == other)
    }

    /// Whether a process runs what only waits.
    fn sleeps(&self, tgid: u32) -> bool {
        self.processes.get(&tgid).is_some_and(|process| process.program() == "sleep")
    }

    /// Whether a process runs what only waits, or tells how it goes: who runs it has not got over a failure by that.
    pub(crate) fn idles(&self, tgid: u32) -> bool {
        let tells = |process: &Process| ["date", "echo", "printf", "logger"].contains(&process.program());
        self.sleeps(tgid) || self.processes.get(&tgid).is_some_and(tells)
    }

    /// Whether a process ended, or began to speak, right behind its child, but for the time that it had others wait.
    fn is_right_behind(&self, parent: u32, child: &Ending, end_ns: u64) -> bool {
        let outputs = self.processes.get(&parent).map_or(&[][..], |parent| &parent.outputs);
        let spoke_ns = outputs.iter().filter(|output| output.to_stderr).map(|output| output.at_ns);
        let spoke_ns = spoke_ns.filter(|at_ns| *at_ns >= child.at_ns && end_ns - child.at_ns < SPEAKING_NS).min();
        let until_ns = spoke_ns.unwrap_or(end_ns).min(end_ns);
        let waits = self.children(parent).filter(|(tgid, own)| own.first_ns >= child.at_ns && self.sleeps(*tgid));
        let waited_ns = |own: &Process| Some(own.end?.ending.at_ns.min(until_ns).saturating_sub(own.first_ns));
        let slept_ns: u64 = waits.filter_map(|(_, own)| waited_ns(own)).sum();
        // To start one takes time as well.
        let margin_ns = if slept_ns > 0 { 2 * RIGHT_BEHIND_NS } else { RIGHT_BEHIND_NS };
        until_ns.saturating_sub(child.at_ns).saturating_sub(slept_ns) < margin_ns
    }
}

/// Whether a parent said with which code its child ended: "engine exited with code 127".
fn says_code(parent: &Process, child: &Ending) -> bool {
    let Some(code) = child.exit_code.filter(|code| *code > 1) else { return false };
    let said = ["code", "status"].map(|word| format!("{word} {code}"));
    let mut behind = parent.outputs.iter().filter(|output| output.at_ns >= child.at_ns);
    behind.any(|output| said.iter().any(|said| has_name(&output.text.to_lowercase(), said)))
}

/// Whether a signal says that a program is broken, and not that somebody wanted its end.
fn is_crash(signal: u32) -> bool {
    signal == SIGABRT || FAULTS.contains(&signal)
}

/// Whether a process that exited with `code` did so as a child of it ended.
fn is_alike(parent: &Process, code: u8, child: &Ending) -> bool {
    let same = child.exit_code == Some(code) || child.signal.is_some_and(|signal| code == 128 + signal);
    let own = match (parent.program(), code) {
        ("xargs", 123) => child.exit_code.is_some_and(|child| (1..=125).contains(&child)),
        ("xargs", 124) => child.exit_code == Some(255),
        ("xargs", 125) => child.signal.is_some(),
        ("timeout", 124) => child.signal.is_some(),
        ("make" | "gmake", 2) => !child.is_success(),
        _ => false,
    };
    same || own && launches(parent.program())
}

#[cfg(test)]
mod tests {
    use crate::scene::{MS, S, Scene};
    use rewind_recording::event::build;

    const NONE: &str = "It exited with 1; nothing unusual found before that.";

    #[test]
    fn a_sleep_that_was_killed_is_what_a_shell_passes_on() {
        let mut scene = Scene::of("sh -c sleep 100; exit $?");
        scene.child(701, 700, "sleep 100");
        scene.main = 701;
        scene.exit(701, 9);
        scene.exit(700, 137 << 8);
        assert!(
            scene.answer().contains("its child sleep (process 701) having been killed by SIGKILL"),
            "{}",
            scene.answer()
        );
    }

    /// `cat /nope`, which fails, as a child of 700; its parent is told so.
    fn failing_cat(scene: &mut Scene, tgid: u32) {
        scene.child(tgid, 700, "cat /nope");
        scene.main = tgid;
        scene.open("/nope", -2);
        scene.exit(tgid, 1 << 8);
        scene.call(700, 61).arg(u64::from(u32::MAX)).arg(0x7000).arg(0).arg(0).result(tgid.into()).end();
    }

    fn ran(scene: &mut Scene, tgid: u32, command: &str, ns: u64) {
        scene.child(tgid, 700, command);
        scene.later(ns);
        scene.exit(tgid, 0);
    }

    #[test]
    fn a_failure_that_the_parent_got_over_is_not_passed_on() {
        let mut scene = Scene::of("sh -c 'cat /nope || true; ls; test -e /x'");
        failing_cat(&mut scene, 701);
        ran(&mut scene, 702, "ls", 0);
        scene.exit(700, 1 << 8);
        assert_eq!(scene.answer(), NONE);
        // It had a rest, and went on.
        let mut scene = Scene::of("sh -c 'cat /nope; sleep 2; exit 1'");
        failing_cat(&mut scene, 701);
        ran(&mut scene, 702, "sleep 2", 2 * S);
        scene.exit(700, 1 << 8);
        assert_eq!(scene.answer(), NONE);
    }

    #[test]
    fn the_child_whose_code_its_parent_tells_is_what_failed() {
        let mut scene = Scene::of("node server.js");
        scene.child_says("engine", "engine: error while loading shared libraries: libssl.so.1.1\n", 127);
        scene.later(S);
        scene.main = 700;
        scene.say(2, "Error: query engine exited with code 127\n");
        scene.exit(700, 1 << 8);
        assert!(scene.answer().contains("its child engine (process 701) having exited with 127"), "{}", scene.answer());
    }

    #[test]
    fn who_ends_with_a_code_of_its_own_had_a_reason_of_its_own() {
        let mut scene = Scene::of("sh -c 'cat /nope; exit 3'");
        failing_cat(&mut scene, 701);
        scene.exit(700, 3 << 8);
        assert_eq!(scene.answer(), "It exited with 3; nothing unusual found before that.");
        // A common code says no more than that something failed.
        let mut scene = Scene::of("sh -c 'cat /nope || exit 2'");
        failing_cat(&mut scene, 701);
        scene.exit(700, 2 << 8);
        assert!(scene.answer().contains("its child cat"), "{}", scene.answer());
    }

    #[test]
    fn the_error_of_a_script_is_not_its_last_childs() {
        let mut scene = Scene::of("bash -uc 'cat /nope; echo $CHANNEL'");
        failing_cat(&mut scene, 701);
        scene.main = 700;
        scene.say(2, "bash: line 1: CHANNEL: unbound variable\n");
        scene.exit(700, 2 << 8);
        let answer = "It exited with 2; the last that it wrote is \"bash: line 1: CHANNEL: unbound variable\".";
        assert_eq!(scene.answer(), answer);
    }

    #[test]
    fn a_crash_of_a_child_is_passed_on_with_any_code() {
        let mut scene = Scene::of("server");
        scene.child(701, 700, "worker");
        scene.exit(701, 11);
        scene.exit(700, 70 << 8);
        let answer = "It exited with 70, its child worker (process 701) having been killed by SIGSEGV";
        assert!(scene.answer().starts_with(answer), "{}", scene.answer());
    }

    #[test]
    fn what_had_failed_before_and_was_got_over_is_not_passed_on() {
        let mut scene = Scene::of("sh run.sh");
        failing_cat(&mut scene, 701);
        ran(&mut scene, 702, "perl", 0);
        failing_cat(&mut scene, 703);
        scene.exit(700, 1 << 8);
        assert_eq!(scene.answer(), NONE);
    }

    #[test]
    fn a_child_that_another_child_killed_is_not_what_ended_it() {
        let mut scene = Scene::of("python3 app.py");
        scene.child(701, 700, "worker");
        scene.child(702, 700, "kill -9 701");
        scene.call(702, 62).arg(701).arg(9).result(0).end();
        build::signal(&mut scene.records, scene.now, 701, {
            let mut info = [0; 12];
            info[0] = 9;
            info
        });
        scene.exit(701, 9);
        scene.exit(702, 0);
        scene.exit(700, 1 << 8);
        assert!(!scene.answer().contains("having been killed"), "{}", scene.answer());
    }

    #[test]
    fn a_code_of_its_own_tells_that_it_was_passed_on_behind_a_cleanup() {
        let mut scene = Scene::of("sh -e run.sh");
        scene.child(701, 700, "migrate");
        scene.exit(701, 17 << 8);
        scene.call(700, 61).arg(u64::from(u32::MAX)).arg(0x7000).arg(0).arg(0).result(701).end();
        ran(&mut scene, 702, "rm -f lock", 0);
        scene.exit(700, 17 << 8);
        assert!(scene.answer().contains("its child migrate (process 701) having exited with 17"), "{}", scene.answer());
    }

    #[test]
    fn the_parts_of_a_pipeline_began_before_one_of_them_was_known_to_have_failed() {
        let mut scene = Scene::of("bash -o pipefail -c pipeline");
        for child in [701, 702] {
            build::fork(&mut scene.records, scene.now, (700, 700), child);
        }
        failing_cat(&mut scene, 701);
        ran(&mut scene, 702, "sort", 300 * MS);
        scene.exit(700, 1 << 8);
        let answer = scene.answer();
        assert!(answer.contains("its child cat (process 701) having exited with 1 after openat of /nope"), "{answer}");
    }

    #[test]
    fn a_loop_that_gave_up_is_told_with_what_it_tried_and_how_often() {
        let mut scene = Scene::of("sh -c wait-for-db");
        for attempt in 0..14_u32 {
            let tgid = 701 + 2 * attempt;
            scene.child(tgid, 700, "pg_isready -h db");
            scene.main = tgid;
            scene.connect([10, 0, 0, 5], 5432, -111);
            scene.exit(tgid, 2 << 8);
            scene.call(700, 61).arg(u64::from(u32::MAX)).arg(0x7000).arg(0).arg(0).result(tgid.into()).end();
            ran(&mut scene, tgid + 1, "sleep 2", 2 * S);
        }
        scene.exit(700, 1 << 8);
        let answer = "It exited with 1, its child pg_isready (process 727, the last of 14 in 26.1s) having exited with 2 after \
                      connect to 10.0.0.5:5432 was refused (ECONNREFUSED), 14 times in 26.1s.";
        assert_eq!(scene.answer(), answer);
    }

    #[test]
    fn xargs_says_in_a_code_of_its_own_that_one_of_its_children_failed() {
        let mut scene = Scene::of("xargs -n1 cat");
        failing_cat(&mut scene, 701);
        ran(&mut scene, 702, "cat /etc/passwd", 0);
        scene.exit(700, 123 << 8);
        let answer = "It exited with 123 (xargs: what it ran exited with 1 to 125), its child cat (process 701) having exited \
                      with 1 after openat of /nope found no such file (ENOENT).";
        assert_eq!(scene.answer(), answer);
    }
}
