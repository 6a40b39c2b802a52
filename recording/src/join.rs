//! Begin and end of calls put together as records come, batch by batch: pure, and bounded.
//!
//! A call whose start was recorded apart is an event when both are there. Starts wait for their calls, each
//! with what is known of its thread, and an `execve` with what its exec tells of its strings; what is asked of a
//! batch concerns its own threads only, so that a thousand threads that wait cost nothing where one is busy.

use crate::event::{Event, Outcome, Timeline, What};
use crate::record::{self, Record};
use rewind_common::record::{RecordHeader, Task};
use std::collections::{HashMap, HashSet};
use zerocopy::FromBytes as _;

/// Most bytes of starts that wait for their calls; the oldest are given up first.
pub const MAX_WAITING_BYTES: usize = 1 << 20;
/// Most threads of which it is remembered who they are; those that were announced longest ago go first.
pub const MAX_TASKS: usize = 1 << 15;

/// Puts the records of one recording together. They come in the order of their times, as far as they are of one
/// thread.
#[derive(Clone, Debug, Default)]
pub struct Joiner {
    /// Starts that wait, by thread, each thread's in the order of their times.
    waiting: HashMap<u32, Vec<Start>>,
    waiting_bytes: usize,
    tasks: HashMap<u32, Task>,
    given_up: u64,
}

/// A start that waits for its call.
#[derive(Clone, Debug)]
struct Start {
    start_ns: u64,
    record: Vec<u8>,
    /// The record of the exec that the call has come to, which was an event in its own batch.
    exec: Vec<u8>,
}

impl Start {
    const fn bytes(&self) -> usize {
        self.record.len() + self.exec.len()
    }
}

/// Records, and what is needed to read them as events.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Starts that have waited, with their execs, then the records as they came.
    bytes: Vec<u8>,
    /// How many bytes of that have waited.
    waited: usize,
    /// Who its threads are, by earlier records.
    tasks: Vec<Task>,
    events: usize,
}

impl Batch {
    /// The records as they came.
    #[must_use]
    pub fn records(&self) -> &[u8] {
        self.bytes.get(self.waited..).unwrap_or_default()
    }

    /// All of it as a timeline, in which calls that have not ended yet are [`Outcome::InFlight`]: they come
    /// again with a later batch.
    #[must_use]
    pub fn timeline(&self) -> Timeline<'_> {
        Timeline::after(self.waited, &self.bytes, self.tasks.clone())
    }

    /// How many events are complete with this batch.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.events
    }

    /// Whether no event is complete with this batch.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.events == 0
    }

    /// How much memory it takes, bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        size_of::<Self>() + self.bytes.len() + self.tasks.len() * size_of::<Task>()
    }
}

/// Whether an event is complete: not a call that goes on and will come again.
#[must_use]
pub const fn is_complete(event: &Event<'_>) -> bool {
    !matches!(event.what, What::Call { outcome: Outcome::InFlight, .. })
}

impl Joiner {
    /// Takes records in, and gives what they make with those that have waited.
    pub fn push(&mut self, records: &[u8]) -> Batch {
        let tids = threads(records);
        let mut waited: Vec<Start> = tids.iter().filter_map(|tid| self.waiting.remove(tid)).flatten().collect();
        waited.sort_by_key(|start| start.start_ns);
        let bytes: Vec<u8> = waited.iter().flat_map(|start| [&start.record[..], &start.exec].concat()).collect();
        let mut batch = Batch { waited: bytes.len(), bytes, ..Batch::default() };
        self.waiting_bytes -= batch.waited;
        batch.bytes.extend_from_slice(records);
        batch.tasks = tids.iter().filter_map(|tid| self.tasks.get(tid)).copied().collect();
        let timeline = batch.timeline();
        let (mut open, mut ended, mut events) = (HashSet::new(), Vec::new(), 0);
        for event in timeline.by_end() {
            if is_complete(&event) {
                events += 1;
            } else {
                open.insert((event.tid, event.start_ns));
            }
            ended.extend(matches!(event.what, What::Exit(_)).then_some(event.tid));
        }
        self.wait(&batch.bytes, &open);
        self.remember(timeline.into_tasks(), &ended);
        Batch { events, ..batch }
    }

    /// The calls that have not ended, as a last batch: all of them count as complete.
    #[must_use]
    pub fn finish(mut self) -> Batch {
        let mut waited: Vec<Start> = std::mem::take(&mut self.waiting).into_values().flatten().collect();
        waited.sort_by_key(|start| start.start_ns);
        let bytes: Vec<u8> = waited.iter().flat_map(|start| start.record.iter().copied()).collect();
        Batch { waited: bytes.len(), bytes, tasks: self.tasks.into_values().collect(), events: waited.len() }
    }

    /// How many starts were given up, because too many waited. Their calls come without them.
    #[must_use]
    pub const fn given_up(&self) -> u64 {
        self.given_up
    }

    /// Keeps the starts that are still open.
    fn wait(&mut self, bytes: &[u8], open: &HashSet<(u32, u64)>) {
        let mut rest = bytes;
        while let (false, Ok((record, behind))) = (open.is_empty(), record::first(rest)) {
            let record_bytes = rest.get(..rest.len() - behind.len()).unwrap_or_default();
            rest = behind;
            match record {
                Record::Enter(call) if open.contains(&(call.tid, call.start_ns)) => {
                    self.start(call.tid, call.start_ns, record_bytes);
                }
                Record::Exec(exec) => {
                    let RecordHeader { tid, .. } = exec.fixed.header;
                    self.exec(tid, exec.fixed.time_ns, record_bytes);
                }
                _ => {}
            }
        }
        if self.waiting_bytes > MAX_WAITING_BYTES {
            self.give_up();
        }
    }

    /// Keeps a start.
    fn start(&mut self, tid: u32, start_ns: u64, record: &[u8]) {
        let of_thread = self.waiting.entry(tid).or_default();
        // Of two records of one start, the one that was written by the hook holds more.
        match of_thread.iter_mut().find(|start| start.start_ns == start_ns) {
            Some(same) if same.record.len() < record.len() => {
                self.waiting_bytes += record.len() - same.record.len();
                same.record = record.to_vec();
            }
            Some(_) => {}
            None => {
                self.waiting_bytes += record.len();
                of_thread.push(Start { start_ns, record: record.to_vec(), exec: Vec::new() });
            }
        }
    }

    /// Keeps an exec with the start of the call that it happened in, if that waits: the first one after it, as
    /// [`Timeline`] takes it.
    fn exec(&mut self, tid: u32, time_ns: u64, record: &[u8]) {
        let starts = self.waiting.get_mut(&tid).into_iter().flatten();
        let last = starts.filter(|start| start.start_ns <= time_ns).max_by_key(|start| start.start_ns);
        if let Some(start) = last.filter(|start| start.exec.is_empty()) {
            self.waiting_bytes += record.len();
            start.exec = record.to_vec();
        }
    }

    /// Gives up the oldest starts, and some more, so that this does not come with each batch.
    fn give_up(&mut self) {
        let of = |(tid, starts): (&u32, &Vec<Start>)| -> Vec<(u64, u32)> {
            starts.iter().map(|start| (start.start_ns, *tid)).collect()
        };
        let mut oldest: Vec<(u64, u32)> = self.waiting.iter().flat_map(of).collect();
        oldest.sort_unstable();
        for (start_ns, tid) in oldest {
            if self.waiting_bytes <= MAX_WAITING_BYTES / 4 * 3 {
                break;
            }
            let Some(starts) = self.waiting.get_mut(&tid) else { continue };
            if let Some(at) = starts.iter().position(|start| start.start_ns == start_ns) {
                self.waiting_bytes -= starts.remove(at).bytes();
                self.given_up += 1;
            }
            if starts.is_empty() {
                self.waiting.remove(&tid);
            }
        }
    }

    fn remember(&mut self, tasks: Vec<Task>, ended: &[u32]) {
        self.tasks.extend(tasks.into_iter().map(|task| (task.header.tid, task)));
        for tid in ended {
            self.tasks.remove(tid);
        }
        if self.tasks.len() > MAX_TASKS {
            let mut times: Vec<u64> = self.tasks.values().map(|task| task.time_ns).collect();
            times.sort_unstable();
            let middle = times.get(times.len() / 2).copied().unwrap_or(0);
            self.tasks.retain(|_, task| task.time_ns >= middle);
        }
    }
}

/// The threads that records are of.
fn threads(records: &[u8]) -> HashSet<u32> {
    let mut rest = records;
    let mut tids = HashSet::new();
    while let (Ok((header, _)), Ok((_, behind))) = (RecordHeader::read_from_prefix(rest), record::first(rest)) {
        tids.insert(header.tid);
        rest = behind;
    }
    tids
}

#[cfg(test)]
mod tests;
