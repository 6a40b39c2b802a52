//! A container that does not run because somebody halted it: frozen, stopped by a signal, or held by a tracer.

use crate::facts::{Facts, SIGCONT, SIGSTOP, Thread};
use crate::finding::Finding;
use crate::groups::Group;
use crate::weight::CERTAIN;
use crate::words::signal;
use rewind_recording::render::units::duration;

/// The kernel's letters for a thread that a signal has stopped, and for one that a tracer holds.
const STOPPED: char = 'T';
const TRACED: char = 't';
/// So long a call takes to be over that a thread was in.
const LEAVING_NS: u64 = 1_000_000_000;

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    if !facts.is_living() {
        return Vec::new();
    }
    if facts.is_frozen() {
        let text = "its cgroup is frozen: none of its processes runs until it is thawed (as `docker pause` does it)";
        return vec![finding(text.to_owned(), None)];
    }
    facts.threads().iter().filter_map(|(tgid, threads)| stopped(facts, *tgid, threads)).collect()
}

fn stopped(facts: &Facts<'_>, tgid: u32, threads: &[Thread]) -> Option<Finding> {
    let all = |letter: char| threads.iter().all(|thread| thread.state == Some(letter));
    let comm = facts.processes.get(&tgid).map_or("", |process| &process.comm);
    let process = format!("process {tgid} ({comm})");
    if all(TRACED) {
        return Some(finding(format!("{process} is held by a tracer, as a debugger is"), None));
    }
    let last =
        facts.sent.iter().rev().find(|(_, sent)| sent.tgid == tgid && [SIGSTOP, SIGCONT].contains(&{ sent.signo }));
    let stop = last.filter(|(_, sent)| sent.signo == SIGSTOP);
    // No process can keep SIGSTOP from it: where the kernel was not asked, it stopped if it did nothing since.
    let is_quiet = |at_ns: u64| {
        threads
            .iter()
            .all(|thread| thread.quiet_ns.saturating_add(at_ns).saturating_add(LEAVING_NS) >= facts.header.read_ns)
    };
    let is_unknown = threads.iter().all(|thread| thread.state.is_none());
    match stop {
        Some((index, sent)) if all(STOPPED) || is_unknown && is_quiet(sent.time_ns) => {
            let since = duration(facts.header.read_ns.saturating_sub(sent.time_ns));
            let sender = signal::sender(facts, sent);
            Some(finding(format!("{process} has been stopped for {since}, by SIGSTOP from {sender}"), Some(*index)))
        }
        _ if all(STOPPED) => {
            Some(finding(format!("{process} is stopped, as by SIGSTOP; who did it is not among the records"), None))
        }
        _ => None,
    }
}

fn finding(text: String, evidence: Option<usize>) -> Finding {
    Finding::new("halted", CERTAIN, text, evidence)
}

#[cfg(test)]
mod tests {
    use crate::scene::{S, Scene};
    use crate::{Diagnosis, diagnose};
    use rewind_recording::event::build;
    use rewind_recording::header::{Living, ThreadState};

    fn why(scene: &Scene, living: Option<Living>) -> Diagnosis {
        let header = rewind_recording::header::Header { living, ..scene.header() };
        diagnose(&header, &rewind_recording::event::sorted(&scene.records), &Default::default())
    }

    fn told(state: char, frozen: bool) -> Option<Living> {
        let thread = ThreadState { tgid: 700, tid: 700, state, cpu_ms: 40 };
        Some(Living { frozen: Some(frozen), threads: vec![thread], ..Living::default() })
    }

    #[test]
    fn who_was_stopped_is_named_with_who_did_it_and_since_when() {
        let mut scene = Scene::of("app");
        build::sent(&mut scene.records, scene.now, (700, 700), 19, (900, 77, "bash"));
        scene.later(40 * S);
        let answer =
            "It is running; but process 700 (app) has been stopped for 41.0s, by SIGSTOP from bash (process 900)";
        for living in [None, told('T', false)] {
            let why = why(&scene, living);
            assert!(why.answer.starts_with(answer), "{}", why.answer);
        }
        // It went on.
        build::sent(&mut scene.records, scene.now, (700, 700), 18, (900, 77, "bash"));
        assert!(!why(&scene, None).answer.contains("stopped"));
    }

    #[test]
    fn a_container_that_is_paused_is_told_from_one_that_hangs() {
        let mut scene = Scene::of("app");
        build::call(&mut scene.records, 700, 202).at(scene.now, 0).enter().arg(0x4000).arg(128).arg(2).arg(0).end();
        scene.later(40 * S);
        let why = why(&scene, told('S', true));
        assert!(why.answer.starts_with("It is running; but its cgroup is frozen"), "{}", why.answer);
        assert_eq!(why.findings.len(), 1);
    }
}
