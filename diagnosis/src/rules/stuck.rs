//! Scenarios 5 and 7, of a living container: a thread that is in a call for longer than is usual.

use crate::calls::{self, bits};
use crate::facts::Facts;
use crate::finding::{Finding, Relation};
use crate::groups::{Agreement, Group};
use crate::weight::{DEADLOCKED, HUNG, STUCK};
use rewind_recording::decode;
use rewind_recording::event::{Outcome, What};
use rewind_recording::render::units::duration;
use std::collections::{BTreeMap, BTreeSet};

/// Calls that should be over soon, and what they wait for.
const SOON: &[(u64, &str)] = &[
    (bits::CONNECTS, "a peer that does not take its connection"),
    (bits::WAITS_FILE_LOCK, "a lock on a file"),
    (bits::WAITS_DISK, "the disk"),
    (bits::OPENS, "the other end of a named pipe, or a file system"),
    (bits::WAITS_FILE_SYSTEM, "a file system"),
];
/// So long is not soon.
const LONG_NS: u64 = 1_000_000_000;

fn is_ordinary(name: &str) -> bool {
    calls::has(name, bits::IDLES | bits::WAITS_CHILD)
}

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    if facts.ending.is_some() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut processes = BTreeMap::<u32, Threads>::new();
    for index in &facts.open_calls {
        let Some(event) = facts.timeline.event(*index) else { continue };
        let What::Call { call, outcome: outcome @ (Outcome::InFlight | Outcome::InProgress), .. } = event.what else {
            continue;
        };
        let since_ns = facts.header.read_ns.saturating_sub(event.start_ns);
        let name = decode::name(&call, facts.arch);
        let tgid = event.tgid().unwrap_or(event.tid);
        let threads = processes.entry(tgid).or_default();
        threads.count += 1;
        if calls::has(&name, bits::WAITS_THREAD) && since_ns > LONG_NS {
            threads.locked.push(*index);
        }
        let soon = SOON.iter().find(|(bits, _)| calls::has(&name, *bits)).filter(|_| since_ns > LONG_NS);
        if let Some((_, waits_for)) = soon {
            let shown: String = facts.text(&event).chars().take(60).collect();
            let long = match outcome {
                Outcome::InProgress => format!("since before the recording began, {} ago,", duration(since_ns)),
                _ => duration(since_ns),
            };
            findings.push(finding(STUCK, format!("it has waited {long} for {waits_for}: {shown}"), vec![*index]));
        } else if outcome == Outcome::InProgress && event.tid == tgid && since_ns > LONG_NS && !is_ordinary(&name) {
            threads.main = Some(*index);
        }
    }
    let silent = silent(facts, &processes);
    for (tgid, Threads { count, locked, main }) in processes {
        if count > 1 && locked.len() == count {
            let text = format!("all {count} threads of process {tgid} wait for locks or for each other (futex)");
            findings.push(finding(DEADLOCKED, text, locked));
        } else if let Some(index) = main.filter(|_| silent.contains(&tgid)) {
            findings.extend(hangs(facts, tgid, index));
        }
    }
    findings
}

/// What threads of a process are in.
#[derive(Default)]
struct Threads {
    /// How many are in a call.
    count: usize,
    /// Those that wait for a lock.
    locked: Vec<usize>,
    /// What the main thread is in since before the recording began, if that is not what it may well be.
    main: Option<usize>,
}

/// Processes whose main thread is in such a call, and that have done nothing else since.
fn silent(facts: &Facts<'_>, processes: &BTreeMap<u32, Threads>) -> BTreeSet<u32> {
    let hang = processes.iter().filter(|(_, threads)| threads.main.is_some());
    let mut silent: BTreeSet<u32> = hang.map(|(tgid, _)| *tgid).collect();
    if !silent.is_empty() {
        let events = facts.timeline.by_end();
        // Older, or the kernel's doing: a peer that closes, say.
        let is_not_its = |what: &What<'_>| {
            let is_older = matches!(what, What::Call { outcome: Outcome::InProgress, .. } | What::Descriptor(_));
            is_older || matches!(what, What::Connection(_))
        };
        for event in events.filter(|event| !is_not_its(&event.what)) {
            silent.remove(&event.tgid().unwrap_or(event.tid));
        }
    }
    silent
}

/// Scenario: the recorder comes to a container that hangs already.
fn hangs(facts: &Facts<'_>, tgid: u32, index: usize) -> Option<Finding> {
    let event = facts.timeline.event(index)?;
    let ago = duration(facts.header.read_ns.saturating_sub(event.start_ns));
    let call: String = facts.text(&event).chars().take(60).collect();
    let call = call.split(" = ").next().unwrap_or_default();
    let text = format!("process {tgid} has made no call since the recording began {ago} ago: it is in {call}");
    Some(finding(HUNG, text, vec![index]))
}

fn finding(weight: i32, text: String, evidence: Vec<usize>) -> Finding {
    Finding {
        rule: "stuck",
        weight,
        relation: Relation::Beside,
        text,
        is_tied: true,
        agreement: Agreement::Same,
        reasons: Vec::new(),
        evidence,
    }
}

#[cfg(test)]
mod tests {
    use crate::scene::{MS, S, Scene};
    use rewind_recording::event::build;

    #[test]
    fn a_thread_that_does_not_get_on_is_found() {
        let mut scene = Scene::of("app");
        scene.now += MS;
        let sockaddr = [2, 0, 0x15, 0x38, 10, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0];
        build::call(&mut scene.records, 700, 42).at(scene.now, 0).enter().arg(3).pointed(&sockaddr).arg(16).end();
        scene.later(30 * S);
        let why = scene.why();
        assert!(why.answer.starts_with("It is running; but it has waited 31.0s for a peer"), "{}", why.answer);
        assert!(why.blocked[0].living && why.blocked[0].call.starts_with("connect(3, {sa_family=AF_INET"));
    }

    /// A container whose main thread is in call `nr` since before the recording began, half a minute ago.
    fn hung(nr: u16) -> Scene {
        let mut scene = Scene { records: Vec::new(), now: 10 * S, main: 700 };
        build::task(&mut scene.records, scene.now, (700, 700), (1, 1), "app");
        build::call(&mut scene.records, 700, nr).at(scene.now, 0).before().arg(0x4000).arg(0x80).arg(2).arg(0).end();
        scene.later(30 * S);
        scene
    }

    #[test]
    fn a_process_that_hung_before_the_recording_began_is_found() {
        let why = hung(202).why();
        let answer = "It is running; but process 700 has made no call since the recording began 31.0s ago: it is in \
                      futex(0x4000, FUTEX_WAIT_PRIVATE, 2, NULL).";
        assert_eq!(why.answer, answer);
        assert!(why.blocked[0].before && why.blocked[0].living, "{:?}", why.blocked);
        // What it takes is not known, and is no part of what has been slow.
        assert!(why.slow.is_empty(), "{:?}", why.slow);
        let why = hung(74).why();
        let answer =
            "It is running; but it has waited since before the recording began, 31.0s ago, for the disk: fsync(";
        assert!(why.answer.starts_with(answer), "{}", why.answer);
    }

    #[test]
    fn one_that_sleeps_or_whose_other_threads_work_has_not_hung() {
        assert_eq!(hung(230).answer(), "It is running: nothing unusual found.");
        let mut scene = hung(202);
        build::task(&mut scene.records, scene.now, (701, 700), (2, 1), "worker");
        scene.call(701, 39).result(1).end();
        assert_eq!(scene.answer(), "It is running: nothing unusual found.");
    }
}
