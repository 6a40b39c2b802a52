//! The threads of a living container: what each is in, since when, and what the kernel said of it.

use super::Facts;
use rewind_recording::decode;
use rewind_recording::event::{Event, Outcome, What};
use rewind_recording::filter::comm;
use rewind_recording::syscalls::arg::{ArgKind, Shape};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// What is known of a thread from its events.
#[derive(Clone, Copy, Debug)]
struct Heard {
    tgid: u32,
    /// As its own namespace numbers it; 0: not known.
    ns_tid: u32,
    /// When it did something last.
    last_ns: u64,
    /// When it ended.
    ended_ns: Option<u64>,
}

/// Threads by their number.
#[derive(Debug, Default)]
pub(super) struct Alive(HashMap<u32, Heard>);

impl Alive {
    /// Takes an event into account.
    pub(super) fn event(&mut self, event: &Event<'_>, tgid: u32) {
        match event.what {
            What::Exit(_) => {
                self.heard(event, tgid, event.end_ns);
                if let Some(heard) = self.0.get_mut(&event.tid) {
                    heard.ended_ns = Some(event.end_ns);
                }
            }
            What::Fork(fork) => {
                let child =
                    Heard { tgid: fork.child_tgid, ns_tid: fork.child_ns_tid, last_ns: event.end_ns, ended_ns: None };
                self.0.entry(fork.child_tid).or_insert(child);
                self.heard(event, tgid, event.end_ns);
            }
            What::Call { outcome: Outcome::InFlight | Outcome::InProgress, .. } => {
                self.heard(event, tgid, event.start_ns);
            }
            What::Call { .. } | What::Signal(_) => self.heard(event, tgid, event.end_ns),
            // Done to it, or by whoever the kernel borrowed.
            _ => {}
        }
    }

    fn heard(&mut self, event: &Event<'_>, tgid: u32, at_ns: u64) {
        let ns_tid = event.task.map_or(0, |task| task.ns_tid);
        let heard = self.0.entry(event.tid).or_insert(Heard { tgid, ns_tid, last_ns: at_ns, ended_ns: None });
        // Its last call ends behind its end; another that gets its number begins behind that.
        if heard.ended_ns.is_some_and(|ended_ns| event.start_ns > ended_ns) {
            heard.ended_ns = None;
        }
        heard.last_ns = heard.last_ns.max(at_ns);
        (heard.tgid, heard.ns_tid) = (tgid, ns_tid.max(heard.ns_tid));
    }
}

/// A call that a thread is in.
#[derive(Clone, Debug)]
pub struct Wait {
    /// Which event.
    pub index: usize,
    /// The call.
    pub name: Cow<'static, str>,
    /// What it is and does ([`rewind_recording::syscalls::bits`]), with its command's.
    pub bits: u64,
    /// For how long, at least.
    pub ns: u64,
    /// Whether it began before the recording did.
    pub is_before: bool,
    /// Whether it has no limit of time, of a call that may have one.
    pub is_endless: bool,
    /// Registers, where they are held as such.
    pub values: [Option<u64>; 6],
}

/// A thread that has not ended.
#[derive(Clone, Debug)]
pub struct Thread {
    /// The thread, as the host numbers it.
    pub tid: u32,
    /// Its process.
    pub tgid: u32,
    /// As its own namespace numbers it; 0: not known.
    pub ns_tid: u32,
    /// Its name, which the kernel cuts to 15 bytes; empty: not known.
    pub comm: String,
    /// How long ago it did something that is held.
    pub quiet_ns: u64,
    /// The call that it is in; `None`: none that is known.
    pub wait: Option<Wait>,
    /// The kernel's letter for it, where it was asked.
    pub state: Option<char>,
    /// The CPU time that it has used, milliseconds, where the kernel was asked.
    pub cpu_ms: Option<u64>,
}

impl Facts<'_> {
    /// Whether the container lives, as far as is known.
    #[must_use]
    pub fn is_living(&self) -> bool {
        self.ending.is_none() && self.header.died_ns.is_none()
    }

    /// Whether its cgroup is known to be frozen.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.header.living.as_ref().is_some_and(|living| living.frozen == Some(true))
    }

    /// The threads that live, by process: none where the container has ended.
    #[must_use]
    pub fn threads(&self) -> BTreeMap<u32, Vec<Thread>> {
        let mut processes = BTreeMap::<u32, Vec<Thread>>::new();
        if self.is_living() {
            for thread in &self.living {
                processes.entry(thread.tgid).or_default().push(thread.clone());
            }
        }
        processes
    }

    /// What [`Facts::threads`] gives, from what was heard of them and what the kernel said.
    pub(super) fn living_threads(&self, alive: &Alive) -> Vec<Thread> {
        let waits: HashMap<u32, Wait> = self.open_calls.iter().filter_map(|index| self.wait(*index)).collect();
        let quiet_ns = |at_ns: u64| self.header.read_ns.saturating_sub(at_ns);
        // Of who is not among the records nobody knows more than that it did nothing while they are complete.
        let complete_ns = self.header.coverage.complete_from_ns.max(self.header.born_ns);
        let mut threads = BTreeMap::new();
        for (tid, heard) in alive.0.iter().filter(|(_, heard)| heard.ended_ns.is_none()) {
            let Heard { tgid, ns_tid, last_ns, .. } = *heard;
            let thread = Thread {
                tid: *tid,
                tgid,
                ns_tid,
                comm: self.comm_of(*tid),
                quiet_ns: quiet_ns(last_ns),
                wait: waits.get(tid).cloned(),
                state: None,
                cpu_ms: None,
            };
            threads.insert(*tid, thread);
        }
        let Some(living) = &self.header.living else { return threads.into_values().collect() };
        for told in &living.threads {
            let thread = threads.entry(told.tid).or_insert_with(|| Thread {
                tid: told.tid,
                tgid: told.tgid,
                ns_tid: 0,
                comm: self.comm_of(told.tid),
                quiet_ns: quiet_ns(complete_ns),
                wait: None,
                state: None,
                cpu_ms: None,
            });
            (thread.state, thread.cpu_ms) = (Some(told.state), Some(told.cpu_ms));
        }
        // Who is not there any more has ended, and its end was lost.
        threads.retain(|_, thread| thread.state.is_some() || !living.is_whole());
        threads.into_values().collect()
    }

    /// What a thread is called by now.
    fn comm_of(&self, tid: u32) -> String {
        let task = self.timeline.task(tid, self.header.read_ns);
        task.map(|task| comm(&task.comm).text().into_owned()).unwrap_or_default()
    }

    fn wait(&self, index: usize) -> Option<(u32, Wait)> {
        let event = self.timeline.event(index)?;
        let What::Call { call, outcome: outcome @ (Outcome::InFlight | Outcome::InProgress), .. } = event.what else {
            return None;
        };
        let values = std::array::from_fn(|i| call.value(i));
        let limit = (0..6).find(|i| {
            let kind = decode::kind(&call, *i, self.arch);
            matches!(kind, Some(ArgKind::In(Shape::Timespec) | ArgKind::InOut(Shape::Timespec)))
        });
        let wait = Wait {
            index,
            name: decode::name(&call, self.arch),
            bits: decode::bits(&call, self.arch),
            ns: self.header.read_ns.saturating_sub(event.start_ns),
            is_before: outcome == Outcome::InProgress,
            is_endless: limit.is_some_and(|i| values.get(i).copied().flatten() == Some(0)),
            values,
        };
        Some((event.tid, wait))
    }
}
