//! A process whose threads all wait for each other without a limit of time: a wait that nobody can end.
//!
//! A private futex can only be woken by a thread of its process. One that is not can be by another process, but for
//! that of who waits for a thread of its own to end (`pthread_join`), which the kernel wakes. An event loop can only be
//! woken from outside by what it watches: one of a process that has nothing which anybody else could write to
//! cannot, as that of tokio, which idles beside the threads that wait.
//!
//! The virtual machine of Java has threads of its own, some of which look again each second: [`jvm`] sets them aside.

mod jvm;
#[cfg(test)]
mod tests;

use crate::calls::bits;
use crate::facts::{ASKING, Facts, SIGINT, Thread, Wait, is_hotspot};
use crate::finding::Finding;
use crate::groups::Group;
use crate::weight::DEADLOCKED;
use crate::words::uncaught::{self, Uncaught};
use crate::words::waiting;
use rewind_recording::call::Call;
use rewind_recording::decode;
use rewind_recording::event::What;
use rewind_recording::render::units::duration;
use std::cell::LazyCell;

/// Shorter waits are usual.
const LONG_NS: u64 = 5_000_000_000;
/// What ended so close to the wait did so right before it: who waits looks again then.
const RIGHT_NS: u64 = 1_000_000_000;
/// `FUTEX_PRIVATE_FLAG`; `FUTEX2_PRIVATE` is the same.
const PRIVATE: u64 = 128;

const STDERR: i32 = 2;
/// So many JVMs of a container are looked at.
const MAX_JVMS: usize = 16;
/// The operation of `epoll_ctl` that takes a descriptor out.
const EPOLL_CTL_DEL: u64 = 2;
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
    let (jvms, others): (Vec<_>, Vec<_>) = processes.iter().partition(|(_, threads)| is_hotspot(threads));
    // Of each all that it did is looked at.
    let jvms = jvms.into_iter().take(MAX_JVMS).filter_map(|(tgid, threads)| jvm::finding(facts, *tgid, threads));
    jvms.chain(others.into_iter().filter_map(|(tgid, threads)| finding(facts, *tgid, threads, is_only))).collect()
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
    // A look at all that the process did: once, and only for who is in an event loop.
    let is_apart = LazyCell::new(|| is_only && is_apart(facts, tgid));
    let own_loop = |thread: &Thread| is_own_loop(facts, thread) && *is_apart;
    let wakers =
        threads.iter().map(|thread| waker(facts, thread, threads).or_else(|| own_loop(thread).then_some(Waker::Loop)));
    let wakers: Option<Vec<_>> = wakers.collect();
    // Event loops alone idle.
    let wakers = wakers.filter(|wakers| wakers.iter().any(|waker| *waker != Waker::Loop))?;
    let is_shared = wakers.contains(&Waker::Anybody);
    if is_shared && !is_only {
        return None;
    }
    let waits: Vec<&Wait> = threads.iter().filter_map(|thread| thread.wait.as_ref()).collect();
    let newest = waits.iter().min_by_key(|wait| wait.ns).filter(|wait| wait.ns > LONG_NS)?;
    let since = since(newest.ns, newest.is_before);
    let process = named(facts, tgid);
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
    let waits: Vec<usize> = waits.iter().map(|wait| wait.index).collect();
    Some(Finding { reasons: doubts(facts, is_shared), ..with_who_ended(facts, tgid, text, newest.ns, &waits) })
}

/// "for 1m01s".
fn since(ns: u64, is_before: bool) -> String {
    match is_before {
        true => format!("since before the recording began, {} ago", duration(ns)),
        false => format!("for {}", duration(ns)),
    }
}

/// "process 700 (app)".
fn named(facts: &Facts<'_>, tgid: u32) -> String {
    let comm = facts.processes.get(&tgid).map_or("", |process| &process.comm);
    format!("process {tgid}{}", if comm.is_empty() { String::new() } else { format!(" ({comm})") })
}

/// The finding, with the thread of the process that ended of an exception: the last wait began so long ago.
fn with_who_ended(facts: &Facts<'_>, tgid: u32, text: String, ns: u64, waits: &[usize]) -> Finding {
    let died = uncaught::all(facts).into_iter().rfind(|thread| thread.tgid == tgid);
    let text = match &died {
        Some(thread) => format!("{text}; {}", before(thread, facts.header.read_ns.saturating_sub(ns))),
        None => text,
    };
    let evidence = died.iter().map(|thread| thread.index).chain(waits.iter().copied().take(8));
    Finding::new("deadlock", DEADLOCKED, text, evidence)
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

/// Whether it is in an event loop without a limit of time, of a process that was seen from its beginning.
fn is_own_loop(facts: &Facts<'_>, thread: &Thread) -> bool {
    let is_endless = |wait: &Wait| match &*wait.name {
        "epoll_wait" | "epoll_pwait" => wait.values[3].is_some_and(|timeout| (timeout as u32).cast_signed() < 0),
        "epoll_pwait2" => wait.is_endless,
        _ => false,
    };
    let is_whole = facts.header.coverage.complete_from_ns <= facts.header.born_ns;
    let wait = thread.wait.as_ref().filter(|wait| is_whole && !wait.is_before && is_endless(wait));
    let table = facts.tables.of(thread.tgid);
    let fd = wait.and_then(|wait| wait.values[0]).map(|fd| (fd as u32).cast_signed());
    table.zip(fd).is_some_and(|(table, fd)| table.text(fd).is_some())
}

/// Whether a process has nothing that its event loops could be woken by from outside: it takes no signal for that, has
/// done no more with sockets than to make pairs of them, and watches nothing but what it made itself. What it has of
/// files cannot be watched, unless it is a device or a pipe with a name.
fn is_apart(facts: &Facts<'_>, tgid: u32) -> bool {
    let Some((process, table)) = facts.processes.get(&tgid).zip(facts.tables.of(tgid)) else { return false };
    let is_own = |what: &str| OWN.iter().any(|own| what.starts_with(own));
    let mut open = table.open();
    if process.handles(SIGINT) || !open.all(|(fd, what)| fd <= STDERR || what.starts_with('/') || is_own(what)) {
        return false;
    }
    let reaches_out = |call: &Call<'_>| match &*decode::name(call, facts.arch) {
        "socketpair" => false,
        "epoll_ctl" => {
            let is_watched = call.errno().is_none() && call.value(1) != Some(EPOLL_CTL_DEL);
            let fd = (call.value(2).unwrap_or_default() as u32).cast_signed();
            is_watched && (fd <= STDERR || table.text(fd).is_some_and(|what| !is_own(what)))
        }
        _ => decode::bits(call, facts.arch) & bits::NETWORK != 0,
    };
    let began = process.programs.last().map_or(0, |program| program.index);
    let events = (began..facts.timeline.len()).filter_map(|index| facts.timeline.event(index));
    !events.filter(|event| event.tgid() == Some(tgid)).any(|event| match event.what {
        What::Call { call, .. } => reaches_out(&call),
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
