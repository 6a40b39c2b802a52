//! Records -> events in the order of time: joins what belongs together, and says whose it is.
//!
//! Nothing is copied: an event borrows the bytes of its records, and is parsed when it is asked for.

use crate::record::{Call, Exec, Malformed, Record, all, first};
use rewind_common::call::flags;
use rewind_common::record as wire;
use std::cmp::Reverse;

pub mod build;
#[cfg(test)]
mod tests;

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It returned; its result is known.
    Returned,
    /// Its thread died in it.
    Died,
    /// The thread was still in it when the recording was read.
    InFlight,
    /// The same, and it was in it already when the recording began: that is `start_ns` of the event, for when
    /// it called is not known.
    InProgress,
    /// It returned, but the record of that is gone: result and duration are not known.
    Lost,
}

impl Outcome {
    /// Whether a thread was in the call when the recording was read.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::InFlight | Self::InProgress)
    }

    /// Whether the text of the call is that of its start: its arguments, as far as they were known then.
    #[must_use]
    pub const fn is_start(self) -> bool {
        matches!(self, Self::InFlight | Self::Died | Self::Lost)
    }
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What<'a> {
    /// A system call.
    Call {
        /// The call; of one that has not returned (see `outcome`), duration and result mean nothing.
        call: Call<'a>,
        /// What was recorded at its start, where that was recorded apart.
        enter: Option<Call<'a>>,
        /// What became of it.
        outcome: Outcome,
    },
    /// A thread's end.
    Exit(wire::Exit),
    /// A signal was delivered.
    Signal(wire::Signal),
    /// A signal was sent.
    SignalSent(wire::SignalSent),
    /// The OOM killer chose its process.
    OomKill(wire::OomKill),
    /// It made a process or a thread.
    Fork(wire::Fork),
    /// Its process runs another program.
    Exec(Exec<'a>),
}

/// Something that happened, and to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// When it began: `CLOCK_MONOTONIC`, nanoseconds.
    pub start_ns: u64,
    /// When it ended; the same for what takes no time. `u64::MAX` for a call in flight.
    pub end_ns: u64,
    /// The thread, as the host numbers it.
    pub tid: u32,
    /// Who that thread is; `None` if no record says so.
    pub task: Option<wire::Task>,
    /// What happened.
    pub what: What<'a>,
}

impl Event<'_> {
    /// The process, as the host numbers it, where that is known.
    #[must_use]
    pub fn tgid(&self) -> Option<u32> {
        match self.what {
            What::Exit(exit) => Some(exit.tgid),
            What::SignalSent(sent) => Some(sent.tgid),
            What::OomKill(kill) => Some(kill.tgid),
            What::Fork(fork) => Some(fork.tgid),
            What::Exec(exec) => Some(exec.fixed.tgid),
            _ => self.task.map(|task| task.tgid),
        }
    }
}

/// Where an event's bytes are.
#[derive(Clone, Copy, Debug)]
struct EventAt {
    start_ns: u64,
    end_ns: u64,
    /// Of its record.
    offset: usize,
    /// Of the record of its start; [`NONE`] if there is none.
    enter: usize,
    outcome: Outcome,
}

const NONE: usize = usize::MAX;

/// A record of kind `Enter` that waits for its call.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    key: (u32, u64),
    offset: usize,
    len: usize,
    joined: bool,
    /// The thread did something later.
    passed: bool,
}

/// The events of a stretch of records.
#[derive(Clone, Debug, Default)]
pub struct Timeline<'a> {
    records: &'a [u8],
    places: Vec<EventAt>,
    /// Sorted by thread, then time.
    tasks: Vec<wire::Task>,
    /// Thread, time and place of each exec, sorted.
    execs: Vec<(u32, u64, usize)>,
    unknown: u64,
    malformed: Option<Malformed>,
}

impl<'a> Timeline<'a> {
    /// Joins the records of `records`, which are sorted by their end.
    #[must_use]
    pub fn new(records: &'a [u8]) -> Self {
        Self::with_tasks(records, Vec::new())
    }

    /// As [`Self::new`], with what earlier records said of the threads (see [`Self::into_tasks`]).
    #[must_use]
    pub fn with_tasks(records: &'a [u8], tasks: Vec<wire::Task>) -> Self {
        let mut timeline = Self { records, tasks, ..Self::default() };
        let mut waiting = timeline.sort_out();
        timeline.execs.sort_unstable();
        timeline.tasks.sort_by_key(|task| (task.header.tid, task.time_ns));
        // Of two records of one start, the one that was written by the hook holds more.
        waiting.sort_by_key(|w| (w.key, Reverse(w.len)));
        waiting.dedup_by_key(|w| w.key);
        timeline.join(&mut waiting);
        waiting.retain(|w| !w.joined);
        timeline.join_unannounced(&mut waiting);
        timeline.places.extend(waiting.iter().filter(|w| !w.joined).map(|w| EventAt {
            start_ns: w.key.1,
            end_ns: if w.passed { w.key.1 } else { u64::MAX },
            offset: w.offset,
            enter: w.offset,
            outcome: if w.passed { Outcome::Lost } else { Outcome::InFlight },
        }));
        timeline.places.sort_by_key(|place| place.end_ns);
        timeline
    }

    /// How many events there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are no events.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// How many records are of kinds that this version does not know.
    #[must_use]
    pub const fn unknown(&self) -> u64 {
        self.unknown
    }

    /// Why the records behind some point could not be read, if so.
    #[must_use]
    pub const fn malformed(&self) -> Option<Malformed> {
        self.malformed
    }

    /// What the records said of threads, for a timeline that follows this one: the newest of each.
    #[must_use]
    pub fn into_tasks(mut self) -> Vec<wire::Task> {
        self.tasks.reverse();
        self.tasks.dedup_by_key(|task| task.header.tid);
        self.tasks
    }

    /// All events in the order in which they ended; calls in flight come last.
    pub fn by_end(&self) -> impl Iterator<Item = Event<'a>> {
        (0..self.places.len()).filter_map(|i| self.event(i))
    }

    /// When event `i` (in the order of ends) began and ended.
    #[must_use]
    pub fn span(&self, i: usize) -> Option<(u64, u64)> {
        self.places.get(i).map(|place| (place.start_ns, place.end_ns))
    }

    /// Event `i` in the order of ends.
    #[must_use]
    pub fn event(&self, i: usize) -> Option<Event<'a>> {
        let place = self.places.get(i)?;
        let (tid, what) = match self.parse(place.offset)? {
            Record::Call(call) => {
                let enter = self.parse_enter(place.enter).map(|enter| self.mended(enter, &call));
                (call.tid, What::Call { call, enter, outcome: place.outcome })
            }
            Record::Enter(call) => (call.tid, What::Call { call, enter: Some(call), outcome: place.outcome }),
            Record::InProgress(mut call) => {
                // What it was to write is not there.
                call.flags |= flags::UNFINISHED;
                (call.tid, What::Call { call, enter: None, outcome: place.outcome })
            }
            Record::Exit(exit) => (exit.header.tid, What::Exit(exit)),
            Record::Signal(signal) => (signal.header.tid, What::Signal(signal)),
            Record::SignalSent(sent) => (sent.header.tid, What::SignalSent(sent)),
            Record::OomKill(kill) => (kill.header.tid, What::OomKill(kill)),
            Record::Fork(fork) => (fork.header.tid, What::Fork(fork)),
            Record::Exec(exec) => (exec.fixed.header.tid, What::Exec(exec)),
            Record::Task(_) | Record::Unknown(_) => return None,
        };
        let EventAt { start_ns, end_ns, .. } = *place;
        Some(Event { start_ns, end_ns, tid, task: self.task(tid, end_ns), what })
    }

    /// Who `tid` was at `at_ns`: what the latest record up to then says, else the earliest later one.
    #[must_use]
    pub fn task(&self, tid: u32, at_ns: u64) -> Option<wire::Task> {
        let behind = self.tasks.partition_point(|task| (task.header.tid, task.time_ns) <= (tid, at_ns));
        let before = behind.checked_sub(1).and_then(|i| self.tasks.get(i));
        let of_it = |task: &&wire::Task| task.header.tid == tid;
        before.filter(of_it).or_else(|| self.tasks.get(behind).filter(of_it)).copied()
    }

    fn sort_out(&mut self) -> Vec<Waiting> {
        let (mut waiting, mut offset) = (Vec::new(), 0);
        let mut rest = self.records;
        while !rest.is_empty() {
            let (record, behind) = match first(rest) {
                Ok(parsed) => parsed,
                Err(malformed) => {
                    self.malformed = Some(malformed);
                    break;
                }
            };
            let len = rest.len() - behind.len();
            let mut place = |start_ns, end_ns, outcome| {
                self.places.push(EventAt { start_ns, end_ns, offset, enter: NONE, outcome });
            };
            match record {
                Record::Call(call) => {
                    let outcome = if call.is_unfinished() { Outcome::Died } else { Outcome::Returned };
                    place(call.start_ns, call.end_ns(), outcome);
                }
                Record::Enter(call) => {
                    let key = (call.tid, call.start_ns);
                    waiting.push(Waiting { key, offset, len, joined: false, passed: false });
                }
                Record::InProgress(call) => place(call.start_ns, u64::MAX, Outcome::InProgress),
                Record::Task(task) => self.tasks.push(task),
                Record::Unknown(_) => self.unknown += 1,
                event => {
                    place(event.time_ns(), event.time_ns(), Outcome::Returned);
                    if let Record::Exec(exec) = event {
                        self.execs.push((exec.fixed.header.tid, exec.fixed.time_ns, offset));
                    }
                }
            }
            offset += len;
            rest = behind;
        }
        waiting
    }

    /// Joins the calls that say that their start was recorded apart.
    fn join(&mut self, waiting: &mut [Waiting]) {
        let records = self.records;
        for place in &mut self.places {
            let Some(header) = header_at(records, place.offset) else { continue };
            if header.kind != wire::Kind::Call as u8 || header.flags & flags::ENTERED == 0 {
                continue;
            }
            if let Ok(i) = waiting.binary_search_by_key(&(header.tid, place.start_ns), |w| w.key)
                && let Some(found) = waiting.get_mut(i)
            {
                found.joined = true;
                place.enter = found.offset;
            }
        }
    }

    /// Of the starts that are left, drops those whose call returned while the ring was read, and
    /// marks those whose thread went on.
    fn join_unannounced(&self, waiting: &mut [Waiting]) {
        if waiting.is_empty() {
            return;
        }
        for place in &self.places {
            let Some(header) = header_at(self.records, place.offset) else { continue };
            let from = waiting.partition_point(|w| w.key < (header.tid, 0));
            let of_it = waiting.iter_mut().skip(from).take_while(|w| w.key.0 == header.tid);
            for start in of_it.filter(|w| w.key.1 <= place.start_ns) {
                let same = start.key.1 == place.start_ns && header.kind == wire::Kind::Call as u8;
                start.joined |= same;
                start.passed |= !same && !is_amid_calls(header.kind);
            }
        }
    }

    fn parse(&self, offset: usize) -> Option<Record<'a>> {
        first(self.records.get(offset..)?).ok().map(|(record, _)| record)
    }

    /// The start of a call, with what its exec, if it is one, tells of its strings.
    fn mended(&self, enter: Call<'a>, call: &Call<'a>) -> Call<'a> {
        let from = self.execs.partition_point(|(tid, at_ns, _)| (*tid, *at_ns) < (call.tid, call.start_ns));
        let exec = self.execs.get(from).filter(|(tid, at_ns, _)| *tid == call.tid && *at_ns <= call.end_ns());
        match exec.and_then(|(_, _, offset)| self.parse(*offset)) {
            Some(Record::Exec(exec)) => enter.mended(&exec),
            _ => enter,
        }
    }

    fn parse_enter(&self, offset: usize) -> Option<Call<'a>> {
        match self.parse(offset)? {
            Record::Enter(call) => Some(call),
            _ => None,
        }
    }
}

/// Sorts records by the time they ended, as a stream holds them: for what was gathered from several
/// places. Records without a time of their own to sort by (`Task`, unknown ones) stand by theirs or
/// in front; a malformed rest is left out.
#[must_use]
pub fn sorted(records: &[u8]) -> Vec<u8> {
    let mut order = Vec::new();
    let mut offset = 0;
    for record in all(records).map_while(Result::ok) {
        let Some(header) = header_at(records, offset) else { break };
        order.push((record.time_ns(), offset, usize::from(header.len)));
        offset += usize::from(header.len);
    }
    order.sort_by_key(|(end_ns, _, _)| *end_ns);
    let slices = order.iter().filter_map(|(_, offset, len)| records.get(*offset..offset + len));
    slices.collect::<Vec<_>>().concat()
}

/// Whether a record of that kind may be written of a thread that is in the middle of a call: a signal is
/// delivered before the kernel restarts the call, or sent, or the OOM killer strikes; a child is made by
/// `clone`, a program replaced by `execve`; or it tells of such a call.
fn is_amid_calls(kind: u8) -> bool {
    use wire::Kind::{Exec, Fork, InProgress, OomKill, Signal, SignalSent};
    wire::Kind::try_from(kind)
        .is_ok_and(|kind| matches!(kind, InProgress | Signal | SignalSent | OomKill | Fork | Exec))
}

fn header_at(records: &[u8], offset: usize) -> Option<wire::RecordHeader> {
    use zerocopy::FromBytes;
    wire::RecordHeader::read_from_prefix(records.get(offset..)?).ok().map(|(header, _)| header)
}
