//! Records -> events in the order of time: joins what belongs together, and says whose it is.
//!
//! Nothing is copied: an event borrows the bytes of its records, and is parsed when it is asked for.

use crate::call::Call;
use crate::events::Timing;
use crate::malformed::Malformed;
use crate::record::{Record, all, first};
use rewind_common::call::flags;
use rewind_common::record as wire;
use std::cmp::Reverse;

#[cfg(any(test, feature = "build"))]
pub mod build;
#[cfg(test)]
mod tests;

pub use crate::events::{Outcome, What};

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
        let said = self.what.as_event().and_then(|event| event.tgid());
        said.or_else(|| self.task.map(|task| task.tgid))
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
        Self::after(0, records, Vec::new())
    }

    /// As [`Self::new`], where the first `earlier` bytes are of records that are no events any more, but may tell
    /// something of those that follow: starts of calls that have not ended, and execs; `tasks` is what earlier
    /// records said of the threads (see [`Self::into_tasks`]).
    #[must_use]
    pub fn after(earlier: usize, records: &'a [u8], tasks: Vec<wire::Task>) -> Self {
        let mut timeline = Self { records, tasks, ..Self::default() };
        let mut waiting = timeline.sort_out(earlier);
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

    /// The events as they were at a moment, by the same numbers: what began later is not there, and calls that had not
    /// returned are in flight.
    #[must_use]
    pub fn until(mut self, at_ns: u64) -> Self {
        let records = self.records;
        let is_call = |place: &EventAt| {
            let header = header_at(records, place.offset);
            header.is_some_and(|header| header.kind == wire::Kind::Call as u8)
        };
        for place in &mut self.places {
            if place.start_ns >= at_ns {
                place.offset = NONE;
            } else if place.end_ns > at_ns && is_call(place) {
                (place.end_ns, place.outcome) = (u64::MAX, Outcome::InFlight);
            }
        }
        self
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
            event => (event.as_event()?.tid(), event.into_event()?),
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

    fn sort_out(&mut self, earlier: usize) -> Vec<Waiting> {
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
                record => {
                    if let Some(event) = record.as_event().filter(|_| offset >= earlier) {
                        place(event.start_ns().min(event.end_ns()), event.end_ns(), Outcome::Returned);
                    }
                    if let Record::Exec(exec) = record {
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
                start.passed |= !same && self.parse(place.offset).is_some_and(|record| is_later_than_calls(&record));
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

/// Whether a record shows that its thread has left the calls that it was in before: it is of another call,
/// or of an event between calls.
fn is_later_than_calls(record: &Record<'_>) -> bool {
    match record {
        Record::InProgress(_) => false,
        record => record.as_event().is_none_or(|event| event.timing() == Timing::BetweenCalls),
    }
}

fn header_at(records: &[u8], offset: usize) -> Option<wire::RecordHeader> {
    use zerocopy::FromBytes;
    wire::RecordHeader::read_from_prefix(records.get(offset..)?).ok().map(|(header, _)| header)
}
