//! Threads that ended of an exception that nobody caught, as their runtime says, while their process lives on.

use crate::calls::bits;
use crate::facts::{Facts, Process};
use crate::last_words::LastWords;
use rewind_common::record::GROUP_DEAD;
use rewind_recording::event::What;

/// A thread that ended so.
#[derive(Clone, Debug)]
pub(crate) struct Uncaught {
    pub(crate) tid: u32,
    pub(crate) tgid: u32,
    /// When it said so.
    pub(crate) said_ns: u64,
    /// When it ended, or said its last, where its runtime keeps it.
    pub(crate) at_ns: u64,
    /// The event of that.
    pub(crate) index: usize,
    /// What it said.
    pub(crate) said: String,
    /// Whether it is the main one of a Java program, which the virtual machine has wait for the others to end.
    pub(crate) is_javas_main: bool,
}

/// What Java says of its main thread.
const JAVAS_MAIN: &str = "Exception in thread \"main\" ";

/// All that ended so, in order.
pub(crate) fn all(facts: &Facts<'_>) -> Vec<Uncaught> {
    if !facts.is_living() {
        return Vec::new();
    }
    let ended = (0..facts.timeline.len()).filter_map(|index| ended(facts, index));
    let living = facts.processes.iter().filter_map(|(tgid, process)| javas_main(facts, *tgid, process));
    let mut all: Vec<_> = ended.chain(living).collect();
    all.sort_by_key(|thread| thread.at_ns);
    all
}

/// The thread that ended with an event.
fn ended(facts: &Facts<'_>, index: usize) -> Option<Uncaught> {
    let event = facts.timeline.event(index)?;
    let What::Exit(exit) = event.what else { return None };
    let (tid, tgid, at_ns) = (event.tid, event.tgid()?, event.end_ns);
    let process = living(facts, tgid).filter(|_| exit.header.flags & GROUP_DEAD == 0)?;
    let (said, said_ns) = LastWords::of_thread(process, tid, at_ns)?;
    Some(Uncaught { tid, tgid, said_ns, at_ns, index, said, is_javas_main: false })
}

/// The main thread of a Java program that has ended, as it does nothing but wait behind its last words.
fn javas_main(facts: &Facts<'_>, tgid: u32, process: &Process) -> Option<Uncaught> {
    let process = process.end.is_none().then_some(process)?;
    let tid = process.outputs.iter().rfind(|output| output.text.starts_with(JAVAS_MAIN))?.tid;
    let last = process.outputs.iter().rfind(|output| output.tid == tid)?;
    let threads = facts.threads();
    let thread = threads.get(&tgid)?.iter().find(|thread| thread.tid == tid)?;
    let wait = thread.wait.as_ref().filter(|wait| wait.is_endless && wait.bits & bits::WAITS_THREAD != 0)?;
    let (said, said_ns) = LastWords::of_thread(process, tid, last.at_ns)?;
    let is_behind = facts.timeline.event(wait.index)?.start_ns >= last.at_ns;
    let (at_ns, index) = (last.at_ns, last.index);
    is_behind.then_some(Uncaught { tid, tgid, said_ns, at_ns, index, said, is_javas_main: true })
}

fn living<'f>(facts: &'f Facts<'_>, tgid: u32) -> Option<&'f Process> {
    facts.processes.get(&tgid).filter(|process| process.end.is_none())
}
