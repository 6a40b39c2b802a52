//! A program that was to be run is not there, or its interpreter is not: the exit code 127 of shells and others that
//! run programs; and a living shell that looks for it in vain, round after round, where it begins no process for that.

use crate::builtin;
use crate::calls::{self, bits};
use crate::facts::{Facts, Failure, Process, Subject};
use crate::finding::{Finding, Relation};
use crate::groups::{Agreement, Group};
use crate::meaning::{self, Meaning, is_no_program};
use crate::text::written;
use crate::weight::{DENIED_AGAIN, NO_PROGRAM};
use rewind_recording::decode::{self, Invocation};
use rewind_recording::event::What;
use rewind_recording::render::units::duration;
use std::collections::BTreeSet;

/// What who runs others exits with when there is no such program.
const NOT_FOUND: u8 = 127;
/// What they exit with when it cannot be run.
const NOT_RUN: u8 = 126;
/// The mode of what anybody may run.
const ALL_MAY: u32 = 0o111;
/// Directories that are shown.
const SHOWN: usize = 8;

/// From so many times on, a shell that lives looks for it round after round.
const ROUNDS: usize = 3;
/// So soon behind a look, in calls, a shell says that it was in vain.
const BEHIND: usize = 16;

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    if facts.is_living() && facts.culprit.is_none() {
        return facts.processes.iter().filter_map(|(tgid, process)| living(facts, *tgid, process)).collect();
    }
    let Some((tgid, process)) = facts.culprit() else { return Vec::new() };
    let code = facts.end().and_then(|end| end.exit_code);
    let is_it = matches!(code, Some(NOT_FOUND | NOT_RUN));
    // A fork of a shell has no program of its own: what it looked for, its parent did.
    let parent = facts.processes.get(&process.parent).filter(|_| process.programs.is_empty());
    let launcher = if process.programs.is_empty() { parent } else { Some(process) };
    let Some(launcher) = launcher.filter(|launcher| is_it && launcher.launches()) else { return Vec::new() };
    let family: BTreeSet<u32> = [tgid].into_iter().chain(parent.map(|_| process.parent)).collect();
    let since_ns = launcher.since_ns();
    let looks: Vec<_> =
        facts.failures.iter().filter(|failure| family.contains(&failure.tgid) && is_look(failure, since_ns)).collect();
    if code == Some(NOT_RUN) {
        return not_run(facts, process, &family).into_iter().collect();
    }
    finding(facts, process, launcher, &looks).into_iter().collect()
}

/// Whether it is a look for a program, or an attempt to run it.
fn is_look(failure: &Failure, since_ns: u64) -> bool {
    failure.at_ns >= since_ns
        && failure.meaning() == Meaning::Missing
        && calls::has(&failure.name, bits::ASKS | bits::RUNS)
        && matches!(&failure.subject, Subject::Path(path) if path.starts_with('/') && !builtin::is_of_any(path, failure.errno))
}

/// Of what cannot be run: that it is no program of this machine's, or that it may not be run.
fn not_run(facts: &Facts<'_>, process: &Process, family: &BTreeSet<u32>) -> Option<Finding> {
    let is_denied = |failure: &Failure| failure.meaning() == Meaning::Denied && calls::has(&failure.name, bits::RUNS);
    let is_it =
        |failure: &&Failure| family.contains(&failure.tgid) && (is_no_program(failure.errno) || is_denied(failure));
    let last = facts.failures.iter().rfind(is_it)?;
    let path = last.subject.text()?;
    let text = if is_denied(last) {
        // Who may, as far as the mode says, is kept from it by what is around the file.
        let mode = facts.owners.get(path).map(|owner| owner.mode).filter(|mode| mode & ALL_MAY == ALL_MAY);
        let why = mode.map_or_else(String::new, |mode| {
            format!(
                ", though its mode is {mode:04o}: its file system is mounted noexec, or a directory above it is closed"
            )
        });
        format!("{} of {path} was denied ({}){why}", last.name, meaning::name(last.errno))
    } else {
        format!(
            "{path} is no program that can be run here (ENOEXEC): it is for another architecture, or begins with no #! line"
        )
    };
    let weight = if is_denied(last) && facts.is_living() { DENIED_AGAIN } else { NO_PROGRAM };
    let evidence = std::iter::once(last.index).chain(process.end.map(|end| end.index));
    Some(Finding {
        relation: Relation::Reason,
        reasons: vec!["the exit code says so, and it was to be run"],
        ..Finding::new("program", weight, text, evidence)
    })
}

fn parts(failure: &Failure) -> Option<(&str, &str)> {
    failure.subject.text()?.rsplit_once('/')
}

fn finding(facts: &Facts<'_>, process: &Process, launcher: &Process, looks: &[&Failure]) -> Option<Finding> {
    let said: String = process.outputs.iter().map(|output| output.text.as_str()).collect();
    // A shell begins what it says with its own name.
    let is_other = |name: &str| !name.is_empty() && name != launcher.program();
    let is_named = |failure: &Failure| parts(failure).is_some_and(|(_, name)| is_other(name) && said.contains(name));
    let is_run = |failure: &Failure| calls::has(&failure.name, bits::RUNS);
    // A shell looks for a program, and begins a process to say that it is not there.
    let is_before = |look: &Failure| process.programs.is_empty() && look.at_ns <= process.first_ns;
    // What it complains of; else what it tried to run.
    let mut last = looks.iter().rev().find(|look| is_named(look));
    last = last.or_else(|| looks.iter().rev().find(|look| is_run(look)));
    let last = last.or_else(|| looks.iter().rev().find(|look| is_before(look)))?;
    let (_, name) = parts(last)?;
    // What is run by its path is looked for in no other directory.
    let is_path = is_run(last) && process.is_shell();
    let is_of_it = |look: &&&Failure| parts(look).is_some_and(|(_, other)| other == name);
    let of_it = || looks.iter().filter(is_of_it).filter(|look| !is_path || look.subject == last.subject);
    let dirs = dirs(of_it());
    let path = last.subject.text()?;
    let is_there = facts.owners.contains_key(path) && is_run(last);
    let text = match dirs.len() {
        _ if is_there => format!("{path} could not be run: it is there, but its interpreter or loader is not (ENOENT)"),
        0 | 1 if is_run(last) => format!("the program {path}, or the interpreter that it names, is not there (ENOENT)"),
        0 | 1 => format!("the program {path} is not there (ENOENT)"),
        _ => in_no_directory(name, &dirs),
    };
    let mut evidence: Vec<_> = of_it().map(|look| look.index).chain(process.end.map(|end| end.index)).collect();
    evidence.sort_unstable();
    if evidence.len() > SHOWN {
        evidence.drain(1..evidence.len() - SHOWN + 1);
    }
    Some(Finding {
        relation: Relation::Reason,
        agreement: Agreement::More,
        reasons: vec!["the exit code says so, and it looked for it in vain"],
        ..Finding::new("program", NO_PROGRAM, text, evidence)
    })
}

/// The directories of looks, in order.
fn dirs<'f>(looks: impl Iterator<Item = &'f &'f Failure>) -> Vec<&'f str> {
    let mut dirs: Vec<&str> = Vec::new();
    for (dir, _) in looks.filter_map(|look| parts(look)) {
        if !dirs.contains(&dir) {
            dirs.push(dir);
        }
    }
    dirs
}

fn in_no_directory(name: &str, dirs: &[&str]) -> String {
    let rest = if dirs.len() > SHOWN { ":…" } else { "" };
    let dirs = dirs.iter().take(SHOWN).copied().collect::<Vec<_>>().join(":");
    match name.strip_suffix('\r') {
        Some(name) => format!("there is no program {name}\\r in its PATH: the line that names it ends in CRLF"),
        None => format!("there is no program {name} in its PATH ({dirs}{rest})"),
    }
}

/// That a living shell looks for a program in vain again and again, says so each time, and does nothing else.
fn living(facts: &Facts<'_>, tgid: u32, process: &Process) -> Option<Finding> {
    if process.end.is_some() || !process.is_shell() || !facts.is_below_main(tgid) {
        return None;
    }
    let own = facts.failures.iter().filter(|failure| failure.tgid == tgid && is_look(failure, process.since_ns()));
    let own: Vec<_> = own.collect();
    let last = own.iter().rfind(|look| complaint(facts, look).is_some())?;
    let (_, name) = parts(last)?;
    let of_it = || own.iter().filter(|look| parts(look).is_some_and(|(_, other)| other == name));
    let said: BTreeSet<usize> = of_it().filter_map(|look| complaint(facts, look)).collect();
    let [first, newest] = [said.first(), said.last()].map(|index| facts.timeline.event(*index?));
    let (from_ns, until_ns) = (first?.start_ns, newest?.start_ns);
    let is_other = |of: u32, run: &Process| run.parent == tgid && run.first_ns > from_ns && !facts.idles(of);
    if said.len() < ROUNDS || facts.processes.iter().any(|(of, run)| is_other(*of, run)) {
        return None;
    }
    let (what, times) = (in_no_directory(name, &dirs(of_it())), said.len());
    let took = duration(until_ns.saturating_sub(from_ns));
    let text = format!("{what}: {} (process {tgid}) has looked for it {times} times in {took}", process.comm);
    let reasons = vec!["it said so each time, and did nothing else"];
    let mut evidence: Vec<_> = of_it().map(|look| look.index).chain(said).collect();
    evidence.sort_unstable();
    evidence.drain(..evidence.len().saturating_sub(SHOWN));
    Some(Finding { reasons, ..Finding::new("program", NO_PROGRAM, text, evidence) })
}

/// Where a shell says, right behind a look for a program, that there is none; also where nobody hears it.
fn complaint(facts: &Facts<'_>, look: &Failure) -> Option<usize> {
    let said = format!("{}: not found", parts(look)?.1);
    let is_it = |index: &usize| {
        let Some(event) = facts.timeline.event(*index).filter(|event| event.tid == look.tid) else { return false };
        let What::Call { call, enter, .. } = event.what else { return false };
        let at = calls::sent_argument(&decode::name(&call, facts.arch));
        at.is_some_and(|at| written(&Invocation { call, enter }, at).0.contains(&said))
    };
    (look.index + 1..look.index.saturating_add(BEHIND)).find(is_it)
}

#[cfg(test)]
mod tests {
    use crate::scene::{MS, S, Scene};
    use rewind_recording::event::build;

    #[test]
    fn a_living_shell_that_looks_for_a_program_round_after_round_is_told() {
        let loops = |said: &str, runs: &str| {
            let mut scene = Scene::of("sh -c wait-for-db");
            for tgid in [701, 702, 703] {
                looked(&mut scene, 700, 262, "nc");
                for piece in ["sh: 1: ", said, "\n"] {
                    scene.say(2, piece);
                }
                scene.child(tgid, 700, runs);
                scene.later(S - 10 * MS);
                scene.exit(tgid, 0);
            }
            scene.answer()
        };
        let answer = "It is running; but there is no program nc in its PATH (/usr/local/bin:/usr/bin:/bin): sh (process 700) \
                      has looked for it 3 times in 2.00s.";
        assert_eq!(loops("nc: not found", "sleep 1"), answer);
        let nothing = "It is running: nothing unusual found.";
        assert_eq!(loops("nc: not found", "backup /data"), nothing);
        // It only asks whether it is there.
        assert_eq!(loops("without nc", "sleep 1"), nothing);
    }

    fn looked(scene: &mut Scene, tgid: u32, nr: u16, name: &str) {
        for dir in ["/usr/local/bin", "/usr/bin", "/bin"] {
            let path = format!("{dir}/{name}");
            match nr {
                59 => scene.call(tgid, 59).string(&path).arg(0x7000).arg(0x8000).result(-2).end(),
                _ => scene.call(tgid, 262).arg(0xffff_ff9c).string(&path).arg(0x7000).arg(0).result(-2).end(),
            }
        }
    }

    #[test]
    fn a_command_that_a_shell_did_not_find_is_named_with_what_the_shell_said() {
        let mut scene = Scene::of("bash -c nocommand");
        looked(&mut scene, 700, 262, "nocommand");
        scene.say(2, "bash: line 1: nocommand: command not found\n");
        scene.exit(700, 127 << 8);
        let answer = "It exited with 127: there is no program nocommand in its PATH (/usr/local/bin:/usr/bin:/bin); it said \
                      \"bash: line 1: nocommand: command not found\".";
        assert_eq!(scene.answer(), answer);
    }

    #[test]
    fn a_script_is_the_shell_that_interprets_it() {
        let answer = |interpreter: &str| {
            let mut scene = Scene::of("entrypoint.sh");
            let argv = [interpreter, "/app/entrypoint.sh"];
            build::script(&mut scene.records, scene.now, (700, 700), "/app/entrypoint.sh", &argv);
            looked(&mut scene, 700, 262, "confd");
            scene.say(2, "/app/entrypoint.sh: line 4: confd: command not found\n");
            scene.exit(700, 127 << 8);
            scene.answer()
        };
        let told = "It exited with 127: there is no program confd in its PATH";
        assert!(answer("/bin/bash").starts_with(told), "{}", answer("/bin/bash"));
        assert!(
            answer("/usr/bin/python3").starts_with("It exited with 127: it said"),
            "{}",
            answer("/usr/bin/python3")
        );
    }

    #[test]
    fn the_fork_of_a_shell_that_says_so_is_no_other_program() {
        let mut scene = Scene::of("bash -c 'nocommand; true'");
        looked(&mut scene, 700, 262, "nocommand");
        rewind_recording::event::build::child(&mut scene.records, scene.now, 701, 700, "bash");
        scene.main = 701;
        scene.say(2, "bash: line 1: nocommand: command not found\n");
        scene.exit(701, 127 << 8);
        scene.exit(700, 127 << 8);
        let answer = "It exited with 127: there is no program nocommand in its PATH";
        assert!(scene.answer().starts_with(answer), "{}", scene.answer());
    }

    #[test]
    fn a_shell_whose_script_has_another_error_looked_for_no_program() {
        let mut scene = Scene::of("bash -uc 'echo $CHANNEL'");
        looked(&mut scene, 700, 262, "bash");
        scene.say(2, "bash: line 1: CHANNEL: unbound variable\n");
        scene.exit(700, 127 << 8);
        let answer = "It exited with 127; the last that it wrote is \"bash: line 1: CHANNEL: unbound variable\".";
        assert_eq!(scene.answer(), answer);
    }

    #[test]
    fn env_and_xargs_try_to_run_it_and_are_understood_as_well() {
        let mut scene = Scene::of("env nocommand");
        looked(&mut scene, 700, 59, "nocommand");
        scene.exit(700, 127 << 8);
        let answer = "It exited with 127: there is no program nocommand in its PATH (/usr/local/bin:/usr/bin:/bin).";
        assert_eq!(scene.answer(), answer);
    }

    #[test]
    fn a_script_whose_interpreter_is_missing_is_told_from_one_that_is() {
        let mut scene = Scene::of("sh -c /app/run");
        let mut stat = [0_u8; 32];
        stat[..2].copy_from_slice(&0o100_755_u16.to_le_bytes());
        scene.call(700, 262).arg(0xffff_ff9c).string("/app/run").pointed(&stat).arg(0).result(0).end();
        scene.call(700, 59).string("/app/run").arg(0x7000).arg(0x8000).result(-2).end();
        scene.exit(700, 127 << 8);
        let answer = "It exited with 127: /app/run could not be run: it is there, but its interpreter or loader is not (ENOENT).";
        assert_eq!(scene.answer(), answer);
    }

    #[test]
    fn a_program_that_exits_with_127_itself_looked_for_none() {
        let mut scene = Scene::of("app");
        looked(&mut scene, 700, 262, "app.conf");
        scene.exit(700, 127 << 8);
        assert_eq!(scene.answer(), "It exited with 127; nothing unusual found before that.");
        // A shell that found all.
        let mut scene = Scene::of("sh -c app");
        looked(&mut scene, 700, 262, "profile");
        scene.exit(700, 127 << 8);
        assert_eq!(scene.answer(), "It exited with 127 (sh: no such program); nothing unusual found before that.");
    }

    #[test]
    fn what_a_shell_runs_by_its_path_is_looked_for_nowhere_else() {
        let mut scene = Scene::of("sh /app/entrypoint.sh");
        scene.call(700, 262).arg(0xffff_ff9c).string("/etc/app/indexer").arg(0x7000).arg(0).result(-2).end();
        scene.call(700, 59).string("/app/bin/indexer").arg(0x7000).arg(0x7000).result(-2).end();
        scene.say(2, "/app/entrypoint.sh: 7: exec: /app/bin/indexer: not found\n");
        scene.exit(700, 127 << 8);
        let told =
            "It exited with 127: the program /app/bin/indexer, or the interpreter that it names, is not there (ENOENT)";
        assert!(scene.answer().starts_with(told), "{}", scene.answer());
    }

    #[test]
    fn a_name_that_ends_in_a_carriage_return_is_told_as_that() {
        let mut scene = Scene::of("/usr/bin/env python3");
        for dir in ["/usr/bin", "/bin"] {
            scene.call(700, 59).string(&format!("{dir}/python3\r")).arg(0x7000).arg(0x7000).result(-2).end();
        }
        scene.say(2, "/usr/bin/env: 'python3\\r': No such file or directory\n");
        scene.exit(700, 127 << 8);
        let told = "there is no program python3\\r in its PATH: the line that names it ends in CRLF";
        assert!(scene.answer().contains(told), "{}", scene.answer());
    }
}
