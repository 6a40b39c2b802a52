//! A Java program whose threads all wait for each other, beside the threads of the virtual machine itself.
//!
//! HotSpot's own threads run nothing of the program's that it could wait for: they collect, compile, and hand over what
//! signals and collections bring. They stop the program's threads as well, by a futex (`LinuxWaitBarrier`): nothing is
//! told while one of them works.
//!
//! Who waits to enter a monitor ([`Entering`]) waits for a thread of the program: of those nobody can say that they idle.

#[cfg(test)]
mod tests;

use super::{LONG_NS, Waker, doubts, named, since, waker, with_who_ended};
use crate::calls::bits;
use crate::facts::{Entering, Facts, Thread, Wait};
use crate::finding::Finding;
use crate::weight::IDLE_FOR_EVER;
use rewind_recording::event::What;
use std::collections::HashMap;

/// The names of HotSpot's own threads, cut as the kernel does, by the file below `src/hotspot/share` or
/// `src/java.base/share/classes` of OpenJDK 8 to 21 that gives them.
#[rustfmt::skip]
const OWN: [&str; 24] = [
    "VM Thread",                                                // runtime/vmThread.cpp
    PERIODIC,                                                   // runtime/thread.cpp, nonJavaThread.cpp
    "Signal Dispatch",                                          // runtime/os.cpp
    "Service Thread",                                           // runtime/serviceThread.cpp
    "Notification Th",                                          // runtime/notificationThread.cpp
    "Monitor Deflati",                                          // runtime/monitorDeflationThread.cpp
    ATTACH,                                                     // services/attachListener.cpp
    "C1 CompilerThre", "C2 CompilerThre", "JVMCI CompilerT",    // compiler/compileBroker.cpp
    "Sweeper thread",                                           // the same, up to 19
    "Reference Handl", "Finalizer",                             // java/lang/ref/Reference.java, Finalizer.java
    "Common-Cleaner",                                           // jdk/internal/ref/CleanerFactory.java
    "StrDedup", "StringDedupThre", "StringDedupProc",           // gc/shared/stringdedup
    "G1 Main Marker",                                           // gc/g1/g1ConcurrentMarkThread.cpp
    "G1 Service",                                               // gc/g1/g1ServiceThread.cpp
    "G1 Young RemSet",                                          // gc/g1/g1YoungRemSetSamplingThread.cpp, up to 15
    "Shenandoah Cont",                                          // gc/shenandoah/shenandoahControlThread.cpp
    "ZDirector", "ZDriver", "ZStat",                            // gc/z
];
/// What the names of those begin with of which there may be many.
#[rustfmt::skip]
const WORKERS: [&str; 8] = [
    "GC Thread#", "ParGC Thread#",                              // gc/g1, gc/parallel
    "G1 Conc#", "G1 Refine#",                                   // gc/g1
    "Shenandoah GC T",                                          // gc/shenandoah/shenandoahHeap.cpp
    "ZDriverM", "ZWorker", "ZUn",                               // gc/z, from 21 on with a driver for minor and major
];
/// It wakes 20 times a second, and may be met awake.
const PERIODIC: &str = "VM Periodic Tas";
/// It waits for who connects, as `jcmd`.
const ATTACH: &str = "Attach Listener";
/// Threads of `java.lang.ref.Cleaner`, with a number behind it (`jdk/internal/ref/CleanerImpl.java`), which look again each
/// minute. Others may be called so: who looks again soon is one of the program's.
const CLEANER: &str = "Cleaner-";
/// The selector of the JDK's client of HTTP (`jdk/internal/net/http/HttpClientImpl.java`: `HttpClient-1-SelectorManager`):
/// it may wake who waits for an answer, but owns no monitor of the program's while it waits itself.
const CLIENT: [&str; 2] = ["HttpClient-", "-Se"];

/// The kernel's letter for who sleeps until something wakes it.
const SLEEPS: char = 'S';
/// So many threads are named.
const NAMED: usize = 3;

/// How a thread of the program waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Without a limit of time.
    Endless,
    /// To enter a monitor.
    Entry,
    /// For what a peer of the JDK's client says.
    Client,
}

/// A thread of the program that waits.
struct Waiting<'t> {
    thread: &'t Thread,
    kind: Kind,
    ns: u64,
    is_before: bool,
    index: usize,
}

pub(super) fn finding(facts: &Facts<'_>, tgid: u32, threads: &[Thread]) -> Option<Finding> {
    let (own, others): (Vec<_>, Vec<_>) = threads.iter().partition(|thread| is_own(thread));
    if !own.into_iter().all(is_at_rest) {
        return None;
    }
    // The launcher waits for the thread that runs `main` to end.
    let is_launcher =
        |thread: &&Thread| thread.tid == tgid && matches!(waker(facts, thread, threads), Some(Waker::EndOf(_)));
    let program: Vec<&Thread> = others.into_iter().filter(|thread| !is_launcher(thread)).collect();
    let entries = facts.entering(threads);
    let waits: Option<Vec<Waiting<'_>>> =
        program.iter().map(|thread| waiting(facts, thread, threads, &entries)).collect();
    let (clients, waits): (Vec<_>, Vec<_>) = waits?.into_iter().partition(|wait| wait.kind == Kind::Client);
    let entering: Vec<&Waiting<'_>> = waits.iter().filter(|wait| wait.kind == Kind::Entry).collect();
    if waits.len() < 2 || !clients.is_empty() && entering.len() < waits.len() {
        return None;
    }
    let newest = waits.iter().min_by_key(|wait| wait.ns).filter(|wait| wait.ns > LONG_NS && !listens(facts, tgid))?;
    let jvm = if clients.is_empty() { "the JVM's own" } else { "the JVM's own and those of its client of HTTP" };
    let all = if waits.len() == 2 { "both".to_owned() } else { format!("all {}", waits.len()) };
    let (whom, ends) = match entering.as_slice() {
        [] => ("threads of their process", String::new()),
        _ => ("each other", format!(", {} to enter a monitor (synchronized)", names(&entering))),
    };
    let text = format!(
        "no thread of {} besides {jvm} can wake another: {all} wait for {whom} {}, without a time limit \
         (futex){ends}",
        named(facts, tgid),
        since(newest.ns, newest.is_before),
    );
    let indices: Vec<usize> = waits.iter().map(|wait| wait.index).collect();
    let mut finding = with_who_ended(facts, tgid, text, newest.ns, &indices);
    finding.reasons = doubts(facts, false);
    if entering.is_empty() {
        finding.weight = IDLE_FOR_EVER;
        finding.reasons.push("unless they have nothing to do: idle threads of a pool look the same");
    }
    Some(finding)
}

fn is_own(thread: &Thread) -> bool {
    let comm = thread.comm.as_str();
    let is_number = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    let rests = || thread.wait.as_ref().is_some_and(|wait| wait.ns > LONG_NS);
    OWN.contains(&comm)
        || WORKERS.iter().any(|worker| comm.starts_with(worker))
        || comm.strip_prefix(CLEANER).is_some_and(is_number) && rests()
}

/// Whether a thread of the virtual machine does nothing that stops the others.
fn is_at_rest(thread: &Thread) -> bool {
    let waits = |wait: &Wait| wait.bits & bits::WAITS_THREAD != 0 || thread.comm == ATTACH;
    thread.comm == PERIODIC || thread.wait.as_ref().is_some_and(waits)
}

/// "thread 13 (a)", "threads 13 (a) and 14 (b)", "8 of them".
fn names(waits: &[&Waiting<'_>]) -> String {
    let name = |wait: &&Waiting<'_>| format!("{} ({})", wait.thread.tid, wait.thread.comm);
    match waits {
        [one] => format!("thread {}", name(one)),
        [others @ .., last] if waits.len() <= NAMED => {
            format!("threads {} and {}", others.iter().map(name).collect::<Vec<_>>().join(", "), name(last))
        }
        _ => format!("{} of them", waits.len()),
    }
}

/// How a thread of the program waits; `None` where it may go on of itself, or by something from outside.
fn waiting<'t>(
    facts: &Facts<'_>,
    thread: &'t Thread,
    all: &[Thread],
    entries: &HashMap<u32, Entering>,
) -> Option<Waiting<'t>> {
    // Who was woken and waits for the CPU is in the call as well.
    let wait = thread.wait.as_ref().filter(|_| thread.state.is_none_or(|state| state == SLEEPS))?;
    let entry = entries.get(&thread.tid);
    let kind = match waker(facts, thread, all) {
        Some(Waker::Own | Waker::EndOf(_)) => Kind::Endless,
        _ if entry.is_some() => Kind::Entry,
        _ if is_client(thread) => Kind::Client,
        _ => return None,
    };
    let ns = entry.map_or(wait.ns, |entry| facts.header.read_ns.saturating_sub(entry.began_ns));
    Some(Waiting { thread, kind, ns, is_before: wait.is_before, index: wait.index })
}

fn is_client(thread: &Thread) -> bool {
    let [before, behind] = CLIENT;
    let number = thread.comm.strip_prefix(before).map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    number.is_some_and(|rest| rest.starts_with(behind))
        && thread.wait.as_ref().is_some_and(|wait| wait.name == "epoll_wait")
}

/// Whether the process has been a server, which waits for whom it serves.
fn listens(facts: &Facts<'_>, tgid: u32) -> bool {
    let events = (0..facts.timeline.len()).filter_map(|index| facts.timeline.event(index));
    events.filter(|event| event.tgid() == Some(tgid)).any(|event| matches!(event.what, What::Listen(_)))
}
