//! Runs of programs: which are of the same, and which failed.

use crate::facts::ProcessEnd;
use crate::facts::process::Process;
use crate::facts::signals::ASKING;

/// A process, with its number.
pub(super) type Run<'f> = (u32, &'f Process);

/// What a shell exits with for a program that it cannot run, or does not find.
const NOT_RUN: [u8; 2] = [126, 127];

/// Whether two processes run the same, or were begun to. What a shell begins without a program is a part of its script,
/// or was to run one that it did not find.
pub(super) fn is_same(one: &Process, other: &Process) -> bool {
    let [is_fork, other_is_fork] = [one, other].map(|process| process.programs.is_empty());
    is_fork == other_is_fork
        && other.command() == one.command()
        && (!(is_fork && one.is_shell()) || ran_none(one) && ran_none(other))
}

/// Whether an end is a failure: who was asked to end did as it was told.
pub(super) fn has_failed(end: &ProcessEnd) -> bool {
    let signal = end.ending.signal.or_else(|| end.ending.exit_code?.checked_sub(128));
    !end.ending.is_success() && !signal.is_some_and(|signal| ASKING.contains(&signal.into()))
}

/// Whether a shell began a process to run a program that it did not find, or could not run: never an answer of that
/// program.
pub(super) fn ran_none(process: &Process) -> bool {
    let code = process.end.and_then(|end| end.ending.exit_code);
    process.programs.is_empty() && process.is_shell() && code.is_some_and(|code| NOT_RUN.contains(&code))
}

#[cfg(test)]
mod tests {
    use crate::scene::{MS, S, Scene};
    use rewind_recording::event::build;

    const NOTHING: &str = "It is running: nothing unusual found.";

    /// A round of a shell's loop that finds no program `nc`, then runs others.
    fn round(scene: &mut Scene, tgid: u32, others: &[&str]) {
        for dir in ["/usr/bin", "/bin"] {
            scene.call(700, 262).arg(0xffff_ff9c).string(&format!("{dir}/nc")).arg(0x7000).arg(0).result(-2).end();
        }
        scene.now += MS;
        build::child(&mut scene.records, scene.now, tgid, 700, "bash");
        scene.exit(tgid, 127 << 8);
        for (other, command) in (tgid + 1..).zip(others) {
            scene.child(other, 700, command);
            scene.exit(other, 0);
        }
        scene.later(S);
    }

    #[test]
    fn a_living_shell_that_finds_no_program_again_and_again_is_told_with_its_name() {
        let loops = |others: &[&str]| {
            let mut scene = Scene::of("bash -c wait-for-db");
            for tgid in [701, 711, 721] {
                round(&mut scene, tgid, others);
            }
            scene.answer()
        };
        for others in [&["sleep 1"][..], &["date +%T", "sleep 1"]] {
            let answer = loops(others);
            let fails = "It is running, but its child bash fails again and again: the last of 3 in 2.";
            let why = "(process 721) exited with 127: there is no program nc in its PATH (/usr/bin:/bin).";
            assert!(answer.starts_with(fails) && answer.ends_with(why), "{answer}");
        }
        // It does without.
        assert_eq!(loops(&["work", "sleep 1"]), NOTHING);
        assert_eq!(loops(&["sleep 1", "work"]), NOTHING);
    }

    #[test]
    fn a_living_shell_that_cannot_run_a_program_again_and_again_is_told_with_why() {
        let answer = |looks: bool| {
            let mut scene = Scene::of("sh -c wait-for-db");
            for tgid in [701, 703] {
                scene.now += MS;
                build::child(&mut scene.records, scene.now, tgid, 700, "sh");
                scene.call(tgid, 59).string("/app/ready.sh").arg(0x7000).arg(0x8000).result(-13).end();
                if looks {
                    scene.main = tgid;
                    scene.open("/app/ready.sh", 3);
                }
                scene.exit(tgid, 126 << 8);
                scene.child(tgid + 1, 700, "sleep 1");
                scene.exit(tgid + 1, 0);
            }
            let answer = scene.answer();
            assert!(
                answer.starts_with("It is running, but its child sh fails again and again: the last of 2 in"),
                "{answer}"
            );
            answer
        };
        let denied = "exited with 126 after execve of /app/ready.sh was denied (EACCES), 2 times.";
        assert!(answer(false).ends_with(denied), "{}", answer(false));
        // bash looks into it.
        let denied = "exited with 126: execve of /app/ready.sh was denied (EACCES).";
        assert!(answer(true).ends_with(denied), "{}", answer(true));
    }
}
