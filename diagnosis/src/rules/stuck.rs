//! Scenarios 5 and 7, of a living container: a thread that is in a call for longer than is usual.
//!
//! What programs wait in that have nothing to do (a poll, an accept, a read of a pipe or a socket, a condition) is none.

use crate::calls::bits;
use crate::facts::{Facts, Subject, Thread, Wait};
use crate::finding::Finding;
use crate::groups::Group;
use crate::weight::{CERTAIN, HUNG, STUCK};
use crate::words::waiting;
use rewind_recording::event::Event;
use rewind_recording::render::units::duration;

/// Calls that should be over soon, and what they wait for. The call that makes a pipe of a file in the file system
/// known to its other end (`open`) waits for that.
const SOON: &[(u64, &str)] = &[
    (bits::CONNECTS, "a peer that does not take its connection"),
    (bits::WAITS_DISK, "the disk"),
    (bits::OPENS, "the other end of a named pipe, or a file system"),
    (bits::WAITS_FILE_SYSTEM, "a file system"),
];
/// So long is not soon.
const LONG_NS: u64 = 1_000_000_000;
/// So long is not soon for what is fast, but may have to wait in line.
const VERY_LONG_NS: u64 = 5_000_000_000;
/// The kernel's letter for a thread that waits for a disk, or for the server of a file system.
const DISK: char = 'D';

/// What has nothing to do well may wait in these.
const ORDINARY: u64 =
    bits::IDLES | bits::WAITS_CHILD | bits::WAITS_THREAD | bits::RECEIVES | bits::SENDS | bits::WAITS_FILE_LOCK;

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    if facts.is_frozen() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (tgid, threads) in &facts.threads() {
        let found: Vec<_> = threads.iter().filter_map(|thread| stands(facts, thread)).collect();
        if found.is_empty() {
            findings.extend(hangs(facts, *tgid, threads));
        }
        findings.extend(found);
    }
    findings
}

/// That a thread stands in a call that should be over soon.
fn stands(facts: &Facts<'_>, thread: &Thread) -> Option<Finding> {
    let wait = thread.wait.as_ref()?;
    let event = facts.timeline.event(wait.index)?;
    let soon = SOON.iter().find(|(bits, _)| wait.bits & bits != 0).filter(|_| wait.ns > LONG_NS);
    let (weight, waits_for) = match soon {
        Some((_, waits_for)) => (STUCK, (*waits_for).to_owned()),
        None if reads_file(facts, &event, wait) => file_reader(facts, &event, thread)?,
        None => takes_nothing(facts, &event, wait)?,
    };
    let long = if wait.is_before {
        format!("since before the recording began, {} ago,", duration(wait.ns))
    } else {
        duration(wait.ns)
    };
    if let (Subject::Peer(peer), true) = (facts.subject(&event), wait.bits & bits::CONNECTS != 0) {
        let text = format!("it has waited {long} for {peer}, which does not take its connection");
        return Some(finding(weight, text, wait.index));
    }
    let shown: String = facts.text(&event).chars().take(60).collect();
    // The path of an `open` is held once it returns.
    let runs = facts
        .processes
        .get(&thread.tgid)
        .filter(|process| wait.bits & bits::OPENS != 0 && !process.programs.is_empty());
    let runs = runs
        .map_or_else(String::new, |process| format!(", of {} (process {})", shortened(process.command()), thread.tgid));
    Some(finding(weight, format!("it has waited {long} for {waits_for}: {shown}{runs}"), wait.index))
}

/// Of a thread that sends: the peer that does not take it.
fn takes_nothing(facts: &Facts<'_>, event: &Event<'_>, wait: &Wait) -> Option<(i32, String)> {
    let Subject::Peer(peer) = facts.subject(event) else { return None };
    let is_long = wait.bits & bits::SENDS != 0 && wait.ns > VERY_LONG_NS;
    is_long.then(|| (STUCK, format!("{peer}, which does not take what is sent to it")))
}

/// A command as a part of a sentence.
fn shortened(command: &str) -> String {
    let start: String = command.chars().take(100).collect();
    if start.len() < command.len() { start + "…" } else { start }
}

/// Whether a thread reads or writes a file for long.
fn reads_file(facts: &Facts<'_>, event: &Event<'_>, wait: &Wait) -> bool {
    let is_file = |path: &str| !["/dev/", "/proc/", "/sys/", "/memfd:"].iter().any(|dir| path.starts_with(dir));
    wait.ns > VERY_LONG_NS
        && wait.bits & bits::TRANSFERS != 0
        && matches!(facts.subject(event), Subject::Path(path) if is_file(&path))
}

/// Of a thread that reads or writes what a path names: a pipe has a path as well, and waits as others do.
fn file_reader(facts: &Facts<'_>, event: &Event<'_>, thread: &Thread) -> Option<(i32, String)> {
    let Subject::Path(path) = facts.subject(event) else { return None };
    match thread.state {
        Some(DISK) => Some((CERTAIN, format!("the disk, or the server of the file system, of {path}"))),
        // It sleeps as who reads a pipe does.
        Some(_) => None,
        None if facts.owners.get(&path).is_some_and(|owner| owner.is_file()) => {
            Some((STUCK, format!("the disk, or the server of the file system, of {path}")))
        }
        None => None,
    }
}

/// Scenario: the recorder comes to a container that hangs already.
fn hangs(facts: &Facts<'_>, tgid: u32, threads: &[Thread]) -> Option<Finding> {
    let is_silent = threads.iter().all(|thread| thread.wait.as_ref().is_some_and(|wait| wait.is_before));
    let main = threads.iter().find(|thread| thread.tid == tgid).filter(|_| is_silent)?;
    let wait = main.wait.as_ref().filter(|wait| wait.ns > LONG_NS && wait.bits & ORDINARY == 0)?;
    let event = facts.timeline.event(wait.index)?;
    let ago = duration(wait.ns);
    let call = waiting::shown(facts, &event);
    let text = format!("process {tgid} has made no call since the recording began {ago} ago: it is in {call}");
    Some(finding(HUNG, text, wait.index))
}

fn finding(weight: i32, text: String, evidence: usize) -> Finding {
    Finding::new("stuck", weight, text, [evidence])
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
        assert!(why.answer.starts_with("It is running; but it has waited 31.0s for 10.0.0.5:5432,"), "{}", why.answer);
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
        let why = hung(65).why();
        let answer = "It is running; but process 700 has made no call since the recording began 31.0s ago: it is in \
                      semop(16384, 0x80, 2).";
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
        // clock_nanosleep, accept, read, poll: they have nothing to do.
        for nr in [230, 43, 0, 7] {
            assert_eq!(hung(nr).answer(), "It is running: nothing unusual found.", "{nr}");
        }
        let mut scene = hung(65);
        build::task(&mut scene.records, scene.now, (701, 700), (2, 1), "worker");
        scene.call(701, 39).result(1).end();
        assert_eq!(scene.answer(), "It is running: nothing unusual found.");
    }
}
