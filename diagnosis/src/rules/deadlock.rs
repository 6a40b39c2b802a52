//! A process whose threads all wait for each other without a limit of time: a wait that nobody can end.
//!
//! A private futex can only be woken by a thread of its process. One that is not can be by another process, but for
//! that of who waits for a thread of its own to end (`pthread_join`), which the kernel wakes. An event loop can only be
//! woken from outside by what it watches: one of a process that has nothing which anybody else could write to
//! cannot, as that of tokio, which idles beside the threads that wait.

use crate::calls::bits;
use crate::facts::{ASKING, Facts, SIGINT, Thread, Wait};
use crate::finding::Finding;
use crate::groups::Group;
use crate::weight::DEADLOCKED;
use crate::words::uncaught::{self, Uncaught};
use crate::words::waiting;
use rewind_recording::decode;
use rewind_recording::event::What;
use rewind_recording::render::units::duration;

/// Shorter waits are usual.
const LONG_NS: u64 = 5_000_000_000;
/// What ended so close to the wait did so right before it: who waits looks again then.
const RIGHT_NS: u64 = 1_000_000_000;
/// `FUTEX_PRIVATE_FLAG`; `FUTEX2_PRIVATE` is the same.
const PRIVATE: u64 = 128;

const STDERR: i32 = 2;
/// What the text of a descriptor begins with that nobody else can write to, where a process is the only one and has made
/// its sockets by `socketpair`.
const OWN: [&str; 3] = ["anon_inode:[eventpoll]", "anon_inode:[eventfd]", "UNIX"];

/// Who could end a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waker {
    /// A thread of the same process.
    Own,
    /// The kernel, as this thread of the same process ends.
    EndOf(u32),
    /// A thread of the same process, by what its event loop watches.
    Loop,
    /// Any process that shares the memory.
    Anybody,
}

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    if facts.is_frozen() {
        return Vec::new();
    }
    let processes = facts.threads();
    let is_only = processes.len() == 1;
    processes.iter().filter_map(|(tgid, threads)| finding(facts, *tgid, threads, is_only)).collect()
}

fn finding(facts: &Facts<'_>, tgid: u32, threads: &[Thread], is_only: bool) -> Option<Finding> {
    // Who takes a signal that asks for something may do nothing but wait for it.
    if facts
        .processes
        .get(&tgid)
        .is_some_and(|process| ASKING.iter().any(|signal| *signal != SIGINT && process.handles(*signal)))
    {
        return None;
    }
    let wakers: Option<Vec<_>> = threads
        .iter()
        .map(|thread| {
            waker(facts, thread, threads).or_else(|| (is_only && is_own_loop(facts, thread)).then_some(Waker::Loop))
        })
        .collect();
    // Event loops alone idle.
    let wakers = wakers.filter(|wakers| wakers.iter().any(|waker| *waker != Waker::Loop))?;
    let is_shared = wakers.contains(&Waker::Anybody);
    if is_shared && !is_only {
        return None;
    }
    let waits: Vec<&Wait> = threads.iter().filter_map(|thread| thread.wait.as_ref()).collect();
    let newest = waits.iter().min_by_key(|wait| wait.ns).filter(|wait| wait.ns > LONG_NS)?;
    let since = if newest.is_before { "since before the recording began, " } else { "for " };
    let since = format!("{since}{}{}", duration(newest.ns), if newest.is_before { " ago" } else { "" });
    let comm = facts.processes.get(&tgid).map_or("", |process| &process.comm);
    let process = format!("process {tgid}{}", if comm.is_empty() { String::new() } else { format!(" ({comm})") });
    let text = match threads {
        [_] => {
            let call =
                facts.timeline.event(newest.index).map(|event| waiting::shown(facts, &event)).unwrap_or_default();
            format!(
                "nothing can wake {process}: its only thread has been in {call} {since}, without a time limit, and no \
                 other thread is there"
            )
        }
        _ => {
            let joins = wakers.iter().filter(|waker| matches!(waker, Waker::EndOf(_))).count();
            let ends = match joins {
                0 => String::new(),
                1 => ", one of them for another to end".to_owned(),
                more => format!(", {more} of them for others to end"),
            };
            let calls = if wakers.contains(&Waker::Loop) { "futex, epoll_wait" } else { "futex" };
            format!(
                "no thread of {process} can wake another: all {} wait for each other {since}, without a time limit \
                 ({calls}){ends}",
                threads.len()
            )
        }
    };
    let died = uncaught::all(facts).into_iter().rfind(|thread| thread.tgid == tgid);
    let text = match &died {
        Some(thread) => format!("{text}; {}", before(thread, facts.header.read_ns.saturating_sub(newest.ns))),
        None => text,
    };
    let reasons = doubts(facts, is_shared);
    let evidence = died.iter().map(|thread| thread.index).chain(waits.iter().take(8).map(|wait| wait.index));
    Some(Finding { reasons, ..Finding::new("deadlock", DEADLOCKED, text, evidence) })
}

/// The thread that ended of an exception, in place of waking one that waits since then.
fn before(thread: &Uncaught, since_ns: u64) -> String {
    let Uncaught { tid, said, at_ns, .. } = thread;
    let when = match at_ns.checked_sub(since_ns) {
        Some(behind_ns) if behind_ns >= RIGHT_NS => "while it waited",
        _ if since_ns.abs_diff(*at_ns) < RIGHT_NS => "right before that",
        _ => "before that",
    };
    format!("{when} its thread {tid} ended: it said \"{said}\"")
}

/// Who could wake a thread: `None` where it is in no wait without an end for another one.
fn waker(facts: &Facts<'_>, thread: &Thread, all: &[Thread]) -> Option<Waker> {
    let wait = thread.wait.as_ref().filter(|wait| wait.bits & bits::WAITS_THREAD != 0 && wait.is_endless)?;
    let What::Call { .. } = facts.timeline.event(wait.index)?.what else { return None };
    // `futex` has the operation, with its flag, in the second place; `futex_wait` has the flags in the fourth.
    let flags = if wait.name == "futex" { wait.values[1] } else { wait.values[3] };
    if wait.name != "futex_waitv" && flags.is_some_and(|flags| flags & PRIVATE != 0) {
        return Some(Waker::Own);
    }
    // The C library waits for a thread's end on the word that holds its number.
    let awaited = wait.values[2].map(|value| value as u32).filter(|_| wait.name == "futex");
    let is_awaited = |other: &&Thread| other.ns_tid != 0 && Some(other.ns_tid) == awaited && other.tid != thread.tid;
    Some(all.iter().find(is_awaited).map_or(Waker::Anybody, |other| Waker::EndOf(other.tid)))
}

/// Whether it is in an event loop without a limit of time whose process has nothing that somebody else could write to,
/// and takes no signal that would.
fn is_own_loop(facts: &Facts<'_>, thread: &Thread) -> bool {
    let is_endless = |wait: &Wait| match &*wait.name {
        "epoll_wait" | "epoll_pwait" => wait.values[3].is_some_and(|timeout| (timeout as u32).cast_signed() < 0),
        "epoll_pwait2" => wait.is_endless,
        _ => false,
    };
    // What is open is known of a process that was seen from its beginning.
    let is_whole = facts.header.coverage.complete_from_ns <= facts.header.born_ns;
    let Some(wait) = thread.wait.as_ref().filter(|wait| is_whole && !wait.is_before && is_endless(wait)) else {
        return false;
    };
    let Some((process, table)) = facts.processes.get(&thread.tgid).zip(facts.tables.of(thread.tgid)) else {
        return false;
    };
    let is_own =
        |(fd, what): (i32, &str)| fd <= STDERR || what.starts_with('/') || OWN.iter().any(|own| what.starts_with(own));
    let is_known = wait.values[0].is_some_and(|fd| table.text((fd as u32).cast_signed()).is_some());
    is_known && !process.handles(SIGINT) && table.open().all(is_own) && !has_peers(facts, thread.tgid)
}

/// Whether a process has done with sockets more than to make pairs of them.
fn has_peers(facts: &Facts<'_>, tgid: u32) -> bool {
    let began =
        facts.processes.get(&tgid).and_then(|process| process.programs.last()).map_or(0, |program| program.index);
    let events = (began..facts.timeline.len()).filter_map(|index| facts.timeline.event(index));
    events.filter(|event| event.tgid() == Some(tgid)).any(|event| match event.what {
        What::Call { call, .. } => {
            decode::bits(&call, facts.arch) & bits::NETWORK != 0 && decode::name(&call, facts.arch) != "socketpair"
        }
        _ => false,
    })
}

/// What is not sure of it.
fn doubts(facts: &Facts<'_>, is_shared: bool) -> Vec<&'static str> {
    let mut doubts = vec!["unless a signal or a timer of its own comes"];
    if is_shared {
        doubts.push("unless a process elsewhere shares the memory: not all of the waits are private");
    }
    if !facts.header.living.as_ref().is_some_and(|living| living.is_whole()) {
        doubts.push("unless there are threads that made no call since the recording began");
    }
    doubts
}

#[cfg(test)]
mod tests {
    use crate::scene::{MS, S, Scene};
    use rewind_recording::event::build;

    const WAIT_PRIVATE: u64 = 128;
    /// `FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME`, as `pthread_join` has it.
    const JOIN: u64 = 0x109;
    const NOTHING: &str = "It is running: nothing unusual found.";

    fn futex(scene: &mut Scene, tid: u32, (operation, value, timeout): (u64, u64, u64)) {
        scene.now += MS;
        let call = build::call(&mut scene.records, tid, 202).at(scene.now, 0).enter();
        call.arg(0x4000).arg(operation).arg(value).arg(timeout).arg(0).arg(u64::from(u32::MAX)).end();
    }

    fn thread(scene: &mut Scene, tid: u32) {
        build::task(&mut scene.records, scene.now, (tid, 700), (tid - 699, 1), "worker");
    }

    fn answer(mut scene: Scene) -> String {
        scene.later(60 * S);
        scene.answer()
    }

    #[test]
    fn one_thread_that_waits_for_itself_is_named() {
        let mut scene = Scene::of("app");
        futex(&mut scene, 700, (WAIT_PRIVATE, 2, 0));
        scene.later(60 * S);
        let why = scene.why();
        let told = "It is running; but nothing can wake process 700 (app): its only thread has been in futex(0x4000, \
                    FUTEX_WAIT_PRIVATE, 2, NULL) for 1m01s, without a time limit, and no other thread is there.";
        assert_eq!(why.answer, told);
        assert!(why.findings[0].reasons.iter().any(|reason| reason.contains("signal")), "{:?}", why.findings);
    }

    #[test]
    fn threads_that_wait_for_each_other_are_named_with_who_waits_for_their_end() {
        let mut scene = Scene::of("app");
        for tid in [701, 702] {
            thread(&mut scene, tid);
            futex(&mut scene, tid, (WAIT_PRIVATE, 2, 0));
        }
        futex(&mut scene, 700, (JOIN, 2, 0));
        let told = "It is running; but no thread of process 700 (app) can wake another: all 3 wait for each other for \
                    1m01s, without a time limit (futex), one of them for another to end.";
        assert_eq!(answer(scene), told);
    }

    #[test]
    fn a_thread_that_ended_of_an_exception_is_why_nothing_wakes_the_others() {
        let answer_of = |[before, behind]: [u64; 2]| {
            let mut scene = Scene::of("python3 app.py");
            thread(&mut scene, 701);
            if behind > 0 {
                futex(&mut scene, 700, (WAIT_PRIVATE, 0, 0));
            }
            scene.later(behind);
            scene.main = 701;
            scene.say(2, "Exception in thread Thread-1:\nTraceback (most recent call last):\nKeyError: 'id'\n");
            build::exit(&mut scene.records, scene.now, (701, 700), 0, false);
            scene.later(before);
            if behind == 0 {
                futex(&mut scene, 700, (WAIT_PRIVATE, 0, 0));
            }
            answer(scene)
        };
        let said = "its thread 701 ended: it said \"KeyError: 'id'\".";
        for (times, when) in
            [([0, 0], "right before that"), ([9 * S, 0], "before that"), ([0, 9 * S], "while it waited")]
        {
            let answer = answer_of(times);
            let (waits, told) = answer.split_once("; but nothing can wake process 700 (python3): ").unwrap();
            assert_eq!(waits, "It is running");
            assert!(
                told.ends_with(&format!(", without a time limit, and no other thread is there; {when} {said}")),
                "{answer}"
            );
        }
    }

    #[test]
    fn an_event_loop_that_nobody_else_can_write_to_wakes_no_thread() {
        let answer_of = |timeout: i32, opens: &dyn Fn(&mut Scene)| {
            let mut scene = Scene::of("app");
            for (made, fd) in [(291, 3), (290, 4)] {
                scene.call(700, made).arg(0).arg(0).result(fd).end();
            }
            opens(&mut scene);
            thread(&mut scene, 701);
            futex(&mut scene, 701, (WAIT_PRIVATE, 2, 0));
            futex(&mut scene, 700, (WAIT_PRIVATE, 2, 0));
            thread(&mut scene, 702);
            let call = build::call(&mut scene.records, 702, 232).at(scene.now, 0).enter();
            call.arg(3).arg(0x7000).arg(64).arg(u64::from(timeout.cast_unsigned())).end();
            answer(scene)
        };
        let told = "It is running; but no thread of process 700 (app) can wake another: all 3 wait for each other for \
                    1m01s, without a time limit (futex, epoll_wait).";
        assert_eq!(answer_of(-1, &|_| ()), told);
        assert_eq!(answer_of(1000, &|_| ()), NOTHING);
        let listens = |scene: &mut Scene| scene.call(700, 41).arg(2).arg(1).arg(0).result(9).end();
        assert_eq!(answer_of(-1, &listens), NOTHING);
        let timer = |scene: &mut Scene| scene.call(700, 283).arg(1).arg(0).result(9).end();
        assert_eq!(answer_of(-1, &timer), NOTHING);
    }

    #[test]
    fn who_has_a_thread_that_will_go_on_is_not_stuck() {
        // A limit of time, as idle runtimes have one somewhere.
        let mut scene = Scene::of("app");
        thread(&mut scene, 701);
        futex(&mut scene, 701, (WAIT_PRIVATE, 0, 0));
        futex(&mut scene, 700, (WAIT_PRIVATE, 0, 0x7ffc_0000));
        assert_eq!(answer(scene), NOTHING);
        // An event loop, or a listener.
        for nr in [232, 43, 7, 0] {
            let mut scene = Scene::of("app");
            thread(&mut scene, 701);
            futex(&mut scene, 701, (WAIT_PRIVATE, 0, 0));
            let call = build::call(&mut scene.records, 700, nr).at(scene.now, 0).enter();
            call.arg(4).arg(0x7000).arg(64).arg(u64::from(u32::MAX)).end();
            assert_eq!(answer(scene), NOTHING, "{nr}");
        }
        // Another process may wake what is shared.
        let mut scene = Scene::of("app");
        scene.child(701, 700, "worker");
        futex(&mut scene, 701, (0, 0, 0));
        build::call(&mut scene.records, 700, 61).at(scene.now, 0).enter().arg(701).arg(0).arg(0).arg(0).end();
        assert_eq!(answer(scene), NOTHING);
    }

    #[test]
    fn who_waits_for_a_lock_of_a_thread_that_works_may_wait_for_work() {
        // The I/O threads of Redis are held back by locks.
        let mut scene = Scene::of("redis-server");
        for (tid, address) in [(701, 0x4000), (702, 0x4040)] {
            thread(&mut scene, tid);
            let call = build::call(&mut scene.records, tid, 202).at(scene.now, 0).enter();
            call.arg(address).arg(WAIT_PRIVATE).arg(2).arg(0).arg(0).arg(0).end();
        }
        let call = build::call(&mut scene.records, 700, 232).at(scene.now, 0).enter();
        call.arg(4).arg(0x7000).arg(64).arg(100).end();
        assert_eq!(answer(scene), NOTHING);
    }

    #[test]
    fn a_thread_that_is_in_no_call_may_wake_the_others() {
        let mut scene = Scene::of("app");
        thread(&mut scene, 701);
        scene.call(701, 39).result(1).end();
        futex(&mut scene, 700, (WAIT_PRIVATE, 2, 0));
        assert!(!answer(scene).contains("can wake"));
    }
}
