//! The one pass over all events that makes [`Facts`].

use super::Facts;
use super::calls::Calls;
use super::exchanges::{Ended, Exchanges};
use super::owner;
use super::process::{DeliveredSignal, Process, ProcessEnd};
use super::seen::Seen;
use super::setup::Setup;
use super::threads::Alive;
use super::untaken::Backlog;
use crate::calls::bits;
use rewind_common::record::connection::what;
use rewind_common::record::{self as wire, GROUP_DEAD};
use rewind_recording::decode::descriptors::Tables;
use rewind_recording::decode::{self, Invocation};
use rewind_recording::ending::{Ending, Finder};
use rewind_recording::event::{Event, Outcome, Timeline, What};
use rewind_recording::filter::comm;
use rewind_recording::header::Header;
use rewind_recording::origin::Origins;
use rewind_recording::record;
use rewind_recording::syscalls::Arch;
use std::collections::{BTreeMap, HashMap};

/// [`Facts`] in the making.
#[derive(Default)]
pub(super) struct Gather {
    arch: Arch,
    read_ns: u64,
    tables: Tables,
    processes: BTreeMap<u32, Process>,
    setups: HashMap<u32, Setup>,
    calls: Calls,
    exchanges: Exchanges,
    backlog: Backlog,
    reaped: BTreeMap<u32, u64>,
    alive: Alive,
    sent: Vec<(usize, wire::SignalSent)>,
    oom_kills: Vec<(usize, wire::OomKill)>,
}

impl Gather {
    pub(super) fn new(arch: Arch, read_ns: u64) -> Self {
        Self { arch, read_ns, ..Self::default() }
    }

    pub(super) fn run<'a>(mut self, header: &'a Header, timeline: Timeline<'a>, records: &'a [u8]) -> Facts<'a> {
        self.tables = Tables::complete_from(header.coverage.missing_until_ns());
        for i in 0..timeline.len() {
            if let Some(event) = timeline.event(i) {
                self.event(i, &event);
            }
        }
        let ending = header.ending.or_else(|| {
            if header.main_tgid.is_some() {
                return None;
            }
            let mut finder = Finder::default();
            record::all(records).map_while(Result::ok).for_each(|record| finder.add(&record));
            finder.ending()
        });
        let end_ns = |tgid| match self.processes.get(&tgid).and_then(|process| process.end) {
            Some(end) => end.ending.at_ns,
            None => header.read_ns,
        };
        let lives = |tgid| self.processes.get(&tgid).is_none_or(|process| process.end.is_none()) && ending.is_none();
        self.calls.finish(header.coverage.complete_from_ns, end_ns, lives);
        let Calls { mut failures, open, kills, sums, owners, full, locks, sent, awaited, .. } = self.calls;
        let process = |tgid| (end_ns(tgid), lives(tgid));
        let complete_ns = header.coverage.complete_from_ns;
        let traffic_ns = header.coverage.traffic_from_ns.unwrap_or(complete_ns);
        let ended = Ended { complete_ns, traffic_ns, process, sent: &sent };
        let (served, unanswered, begun) = self.exchanges.finish(header.read_ns, &ended, &mut failures);
        let file_locks = locks.finish(&self.processes, &self.tables);
        let mut facts = Facts {
            header,
            timeline,
            arch: self.arch,
            ending,
            culprit: None,
            chain: Vec::new(),
            processes: self.processes,
            failures,
            setups: self.setups,
            open_calls: open,
            reaped: self.reaped,
            kills,
            sums,
            tables: self.tables,
            full,
            owners,
            sent: self.sent,
            oom_kills: self.oom_kills,
            origins: Origins::of(header),
            file_locks,
            served,
            unanswered,
            begun,
            awaited,
            untaken: self.backlog.finish(header.coverage.complete_from_ns),
            living: Vec::new(),
        };
        facts.living = facts.living_threads(&self.alive);
        facts
    }

    fn event(&mut self, index: usize, event: &Event<'_>) {
        if let What::Descriptor(descriptor) = event.what {
            return descriptor.open_in(&mut self.tables);
        }
        self.exchanges.event(index, event);
        self.backlog.event(index, event);
        let tgid = event.tgid().unwrap_or(event.tid);
        if tgid == 0 {
            // The kernel's own doing, of no process that is known.
            return;
        }
        let process =
            self.processes.entry(tgid).or_insert_with(|| Process { first_ns: event.start_ns, ..Process::default() });
        if let Some(task) = event.task {
            process.ns_tgid = task.ns_tgid;
            if process.parent == 0 {
                process.parent = task.parent_tgid;
            }
            if process.comm.is_empty() || event.tid == tgid {
                process.comm = comm(&task.comm).text().into_owned();
            }
            self.tables.started(tgid, task.parent_tgid);
        }
        self.alive.event(event, tgid);
        if let What::Exit(_) = event.what {
            self.calls.thread_ended(event.tid);
        }
        match event.what {
            What::Connection(told) if told.header.flags == what::CONNECTED => self.calls.connected(tgid, &told),
            What::Signal(signal) => process.signals.push(DeliveredSignal {
                index,
                at_ns: event.start_ns,
                tid: event.tid,
                siginfo: signal.siginfo,
            }),
            What::Exit(exit) if exit.header.flags & GROUP_DEAD != 0 => {
                let chosen = self.oom_kills.iter().any(|(_, kill)| kill.tgid == tgid);
                let ending = Ending::of(&exit, chosen);
                process.end = Some(ProcessEnd { index, tid: event.tid, ending });
            }
            What::Exec(exec) => process.execs(&exec),
            What::Fork(fork) if fork.child_tid == fork.child_tgid => {
                let interpreter = process.interpreter.clone();
                let child = self.processes.entry(fork.child_tgid).or_default();
                (child.first_ns, child.interpreter) = (event.end_ns, interpreter);
                self.tables.started(fork.child_tgid, tgid);
            }
            What::SignalSent(sent) => self.sent.push((index, sent)),
            What::OomKill(kill) => self.oom_kills.push((index, kill)),
            What::Call { call, enter, outcome } => self.call(index, event, tgid, &Invocation { call, enter }, outcome),
            _ => {}
        }
    }

    fn call(&mut self, index: usize, event: &Event<'_>, tgid: u32, invocation: &Invocation<'_>, outcome: Outcome) {
        let (arch, name) = (self.arch, &decode::name(&invocation.call, self.arch));
        let until_ns = if outcome == Outcome::InFlight { self.read_ns } else { event.end_ns };
        let table = self.tables.of(tgid);
        let seen = Seen { index, event, tgid, invocation, outcome, name, table, arch, until_ns };
        let process = self.processes.entry(tgid).or_default();
        process.user = owner::user(&seen).or(process.user);
        if seen.has(bits::WAITS_CHILD) && seen.has_succeeded() {
            self.reaped
                .extend(reaped(&self.processes, tgid, invocation.call.result).map(|child| (child, event.end_ns)));
        }
        let process = self.processes.entry(tgid).or_default();
        self.backlog.call(&seen);
        let is_setup = event.task.is_some_and(|task| process.is_runtime(&comm(&task.comm).text()));
        if is_setup {
            self.setups.entry(tgid).or_default().feed(&seen);
        }
        // The runtime's last call runs the container's program.
        let is_own = !is_setup || seen.has(bits::RUNS);
        if is_own {
            self.calls.add(&seen, process);
        }
        if !is_own || outcome == Outcome::Returned {
            self.tables.feed(tgid, invocation, arch);
        }
    }
}

/// Which process `tgid` was told the end of, as a child that it numbers `child`.
fn reaped(processes: &BTreeMap<u32, Process>, tgid: u32, child: i64) -> Option<u32> {
    let number = u32::try_from(child).ok().filter(|number| *number != 0)?;
    let is_it = |process: &Process| process.parent == tgid && process.ns_tgid == number && process.end.is_some();
    processes.iter().rfind(|(_, process)| is_it(process)).map(|(child, _)| *child)
}
