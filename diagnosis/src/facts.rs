//! What a recording tells, gathered in one pass: what all rules look at.

mod background;
mod calls;
mod chain;
mod exchanges;
mod failure;
mod file_locks;
mod gather;
mod memory;
mod monitors;
mod owner;
mod patience;
mod process;
mod recovery;
mod requests;
mod seen;
mod sent;
mod setup;
mod signals;
mod subject;
mod sums;
mod threads;
mod untaken;

pub use exchanges::{BegunAnswer, Served, Unanswered};
pub use failure::Failure;
pub use file_locks::{FileLock, LockRequest};
pub use memory::Memory;
pub use monitors::Entering;
pub(crate) use monitors::is_hotspot;
pub use owner::Owner;
pub(crate) use patience::{LEAST_NS as PATIENCE_NS, LONGER};
pub use process::{DeliveredSignal, KillCall, Output, Process, ProcessEnd, Program};
pub use requests::Awaited;
pub(crate) use requests::polled;
pub use setup::{Setup, Step};
pub(crate) use signals::*;
pub use subject::Subject;
pub use sums::Sums;
pub use threads::{Thread, Wait};
pub use untaken::{Taker, Untaken};

use crate::calls::bits;
use gather::Gather;
use rewind_common::record as wire;
use rewind_recording::decode::descriptors::{Table, Tables};
use rewind_recording::decode::{self, Invocation};
use rewind_recording::ending::Ending;
use rewind_recording::event::{Event, Outcome, Timeline, What};
use rewind_recording::header::Header;
use rewind_recording::origin::Origins;
use rewind_recording::syscalls::Arch;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// So many open files of one directory are told together.
const MANY_FILES: usize = 4;

/// A recording, taken apart.
#[derive(Debug)]
pub struct Facts<'a> {
    /// Whose recording it is.
    pub header: &'a Header,
    /// All events.
    pub timeline: Timeline<'a>,
    /// Whose numbers calls have.
    pub arch: Arch,
    /// How the main process ended.
    pub ending: Option<Ending>,
    /// The process that the end goes back to: the main one, or the child whose failure it passed on; in a living
    /// container the last run of what fails again and again, or the child of that.
    pub culprit: Option<u32>,
    /// From the main process, or from what fails again and again, to the culprit.
    pub chain: Vec<u32>,
    /// All processes by `tgid`.
    pub processes: BTreeMap<u32, Process>,
    /// Calls that failed.
    pub failures: Vec<Failure>,
    /// What processes of the runtime did last: none of the container's affairs, unless its program never ran.
    pub setups: HashMap<u32, Setup>,
    /// Calls that threads are in, died in, or were interrupted in by the signal that ended them.
    pub open_calls: Vec<usize>,
    /// When a process' parent was told of its end.
    pub reaped: BTreeMap<u32, u64>,
    /// Calls that signal processes.
    pub kills: Vec<KillCall>,
    /// By name of call.
    pub sums: BTreeMap<Cow<'static, str>, Sums>,
    /// Descriptors at the end.
    pub tables: Tables,
    /// Those of processes that met the limit, as they were then.
    pub full: BTreeMap<u32, Table>,
    /// What looks at files told of them, by path.
    pub owners: HashMap<String, Owner>,
    /// Locks on files that are held, as far as their taking is among the records.
    pub file_locks: Vec<FileLock>,
    /// Requests that were answered, in the order of their answers.
    pub served: Vec<Served>,
    /// Requests that nothing was sent to, in their order.
    pub unanswered: Vec<Unanswered>,
    /// Answers that processes were given the beginning of.
    pub begun: Vec<BegunAnswer>,
    /// Connections that processes made, and wait to hear from.
    pub awaited: Vec<Awaited>,
    /// Connections that wait to be accepted, and the process that accepted those before them.
    pub untaken: Option<(Taker, Vec<Untaken>)>,
    /// Threads that have not ended.
    living: Vec<Thread>,
    /// Signals that were sent.
    pub sent: Vec<(usize, wire::SignalSent)>,
    /// OOM kills.
    pub oom_kills: Vec<(usize, wire::OomKill)>,
    /// Where processes of other cgroups are.
    pub origins: Origins,
}

impl<'a> Facts<'a> {
    /// Takes a recording apart.
    #[must_use]
    pub fn new(header: &'a Header, records: &'a [u8]) -> Self {
        Self::of(header, Timeline::new(records), records)
    }

    /// Of the events of a recording; of all its records where these tell how it ended.
    pub(crate) fn of(header: &'a Header, timeline: Timeline<'a>, records: &'a [u8]) -> Self {
        let arch = Arch::parse(&header.host.arch).unwrap_or_default();
        let mut facts = Gather::new(arch, header.read_ns).run(header, timeline, records);
        facts.chain = facts.chain_of_ends();
        facts.culprit = facts.chain.last().copied();
        facts
    }

    /// The process that the end goes back to.
    #[must_use]
    pub fn culprit(&self) -> Option<(u32, &Process)> {
        let tgid = self.culprit?;
        Some((tgid, self.processes.get(&tgid)?))
    }

    /// Whether a process is the culprit, or, where that is a shell, was begun by it without a program: a part of its
    /// script, as what stands in parentheses.
    #[must_use]
    pub fn is_of_culprit(&self, tgid: u32) -> bool {
        let Some((culprit, process)) = self.culprit() else { return false };
        let is_part = |of: &Process| of.parent == culprit && of.is_fork_of(process);
        tgid == culprit || process.is_shell() && self.processes.get(&tgid).is_some_and(is_part)
    }

    /// How the culprit ended; else the main process.
    #[must_use]
    pub fn end(&self) -> Option<Ending> {
        self.culprit().and_then(|(_, process)| process.end).map(|end| end.ending).or(self.ending)
    }

    /// The culprit's thread that called `exit_group`, or got the signal; else that which ended last.
    #[must_use]
    pub fn ending_thread(&self) -> Option<u32> {
        let (tgid, process) = self.culprit()?;
        let end = process.end?;
        if let Some(signal) = end.ending.signal {
            let fatal = process.signals.iter().rev().find(|delivered| delivered.siginfo[0] == u32::from(signal));
            return Some(fatal.map_or(end.tid, |delivered| delivered.tid));
        }
        let before = (0..end.index).rev().take(4096).filter_map(|index| self.timeline.event(index));
        let mut calls = before.filter(|event| {
            let What::Call { call, .. } = event.what else { return false };
            let ends = decode::row(&call, self.arch).is_some_and(|row| row.has(bits::ENDS_PROCESS));
            ends && event.tgid() == Some(tgid)
        });
        Some(calls.next().map_or(end.tid, |event| event.tid))
    }

    /// The process of the runtime that the end goes back to, where that came before the container's
    /// program ran, as far as the records tell.
    #[must_use]
    pub fn never_began(&self) -> Option<(u32, &Process)> {
        let main = self.ending.and_then(|ending| self.processes.get(&ending.tgid))?;
        self.culprit().filter(|(_, culprit)| main.is_setup() && culprit.is_setup())
    }

    /// Whether it ended as programs do that have failed, or lives on with a program that fails again and again.
    #[must_use]
    pub fn ended_badly(&self) -> bool {
        self.ending.map_or(self.culprit.is_some(), |ending| !ending.is_success())
    }

    /// When it ended; for a living one, when what fails did, or when it was read.
    #[must_use]
    pub fn end_ns(&self) -> u64 {
        self.end().map_or(self.header.read_ns, |ending| ending.at_ns)
    }

    /// Whom a process ran as: its parent's user where it did not become another.
    #[must_use]
    pub fn user(&self, tgid: u32) -> Option<u32> {
        let known = |tgid: u32| self.processes.get(&tgid).map(|process| (process.user, process.parent));
        let family = std::iter::successors(known(tgid), |(_, parent)| known(*parent));
        family.take(self.processes.len()).find_map(|(user, _)| user)
    }

    /// The descriptors of a process when it met the limit on them; else at its end.
    #[must_use]
    pub fn descriptors(&self, tgid: u32) -> Option<&Table> {
        self.full.get(&tgid).or_else(|| self.tables.of(tgid))
    }

    /// The peer of a descriptor, as it is at the end.
    #[must_use]
    pub(crate) fn peer_by(&self, tgid: u32, fd: i32) -> Option<String> {
        match Subject::of_descriptor(self.tables.of(tgid)?, fd) {
            Subject::Peer(peer) => Some(peer),
            _ => None,
        }
    }

    /// What a call is about, as its process' descriptors are at the end.
    #[must_use]
    pub fn subject(&self, event: &Event<'_>) -> Subject {
        let What::Call { call, enter, .. } = event.what else { return Subject::Nothing };
        let table = event.tgid().and_then(|tgid| self.tables.of(tgid));
        Subject::of_call(&Invocation { call, enter }, self.arch, table)
    }

    /// An event as strace would have it, without process and time.
    #[must_use]
    pub fn text(&self, event: &Event<'_>) -> String {
        // What is open at the end was open when a call began that did not return.
        let unfinished =
            matches!(event.what, What::Call { outcome: Outcome::InFlight | Outcome::InProgress | Outcome::Died, .. });
        let table = event.tgid().filter(|_| unfinished).and_then(|tgid| self.tables.of(tgid));
        crate::text::event(event, self.arch, &self.origins, table)
    }
}

/// What descriptors are, the most frequent first: of several files of a directory how many there are.
pub(crate) fn kinds(table: &Table) -> Vec<(String, u64)> {
    let dir = |what: &str| what.rsplit_once('/').map(|(dir, _)| dir.to_owned()).filter(|_| what.starts_with('/'));
    let mut files = BTreeMap::<String, BTreeSet<&str>>::new();
    for (_, what) in table.open() {
        if let Some(dir) = dir(what) {
            files.entry(dir).or_default().insert(what);
        }
    }
    let is_one_of_many = |dir: &String| files.get(dir).is_some_and(|files| files.len() >= MANY_FILES);
    let mut kinds = BTreeMap::<String, u64>::new();
    for (_, what) in table.open() {
        let kind = dir(what).filter(is_one_of_many).map_or_else(|| what.to_owned(), |dir| format!("files of {dir}"));
        *kinds.entry(kind).or_default() += 1;
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, count)| Reverse(*count));
    kinds
}
