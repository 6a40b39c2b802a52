//! A recording that goes on: events are shown as their records come.

use super::strace::{Piece, write_piece};
use super::{Format, Options, Summary, Words, choose, json, table};
use crate::event::{Event, Outcome, Timeline, What};
use crate::header::Header;
use crate::record::{self, Record};
use rewind_common::record::Task;
use std::io;

/// Most bytes of starts that wait for their calls; the oldest go first.
const MAX_WAITING: usize = 1 << 20;

/// Shows batches of records, each event when it has ended: a call is one line, in the order of ends.
/// What is in flight is shown by [`Live::finish`], but what began before the recording at once: its return is
/// never seen.
#[derive(Debug)]
pub struct Live<'o> {
    words: Words<'o>,
    header: Header,
    tasks: Vec<Task>,
    /// Starts whose calls have not come yet.
    waiting: Vec<u8>,
    summary: Summary,
}

impl<'o> Live<'o> {
    /// Writes what stands in front of the events.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(out: &mut dyn io::Write, header: &Header, options: &'o Options) -> io::Result<Self> {
        let words = Words::new(header, options);
        match options.format {
            Format::Table => table::write_columns(out, &words)?,
            Format::Strace => {}
            Format::Json => json::write_header(out, header)?,
        }
        out.flush()?;
        Ok(Self { words, header: header.clone(), tasks: Vec::new(), waiting: Vec::new(), summary: Summary::default() })
    }

    /// Takes in what has come to be known of others.
    pub fn learn(&mut self, header: &Header) {
        self.words.origins.learn(header);
    }

    /// Writes the events of a batch of records.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn push(&mut self, out: &mut dyn io::Write, records: &[u8]) -> io::Result<()> {
        self.show(out, records, false)
    }

    /// Writes the calls that are still in flight.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(mut self, out: &mut dyn io::Write, read_ns: u64) -> io::Result<Summary> {
        self.words.read_ns = read_ns;
        self.show(out, &[], true)?;
        Ok(self.summary)
    }

    /// What was shown so far.
    #[must_use]
    pub const fn summary(&self) -> &Summary {
        &self.summary
    }

    fn show(&mut self, out: &mut dyn io::Write, records: &[u8], last: bool) -> io::Result<()> {
        let batch = [self.waiting.as_slice(), records].concat();
        let timeline = Timeline::with_tasks(&batch, std::mem::take(&mut self.tasks));
        let matcher = self.words.options.filter.matcher(&self.header, &self.words.options.zone);
        let in_flight = |event: &Event<'_>| matches!(event.what, What::Call { outcome: Outcome::InFlight, .. });
        let (chosen, mut summary) = choose(&timeline, &matcher, None);
        let waiting = timeline.by_end().filter(in_flight).count() as u64;
        let mut shown_waiting = 0;
        self.words.begin_timeline();
        for event in chosen.iter().filter_map(|i| timeline.event(*i)) {
            if in_flight(&event) && !last {
                shown_waiting += 1;
                continue;
            }
            self.words.catch_up(&timeline, event.start_ns);
            self.write(out, &event)?;
        }
        self.words.catch_up(&timeline, u64::MAX - 1);
        if !last {
            summary.calls -= waiting;
            summary.shown -= shown_waiting;
            self.waiting = still_waiting(&timeline, &batch);
        }
        self.summary.add(&summary);
        self.tasks = timeline.into_tasks();
        out.flush()
    }

    fn write(&mut self, out: &mut dyn io::Write, event: &Event<'_>) -> io::Result<()> {
        let piece = match event.what {
            What::Call { outcome: Outcome::InFlight | Outcome::InProgress | Outcome::Lost, .. } => Piece::Start,
            _ => Piece::Whole,
        };
        match self.words.options.format {
            Format::Table => table::write_line(out, &mut self.words, event),
            Format::Strace => write_piece(out, &mut self.words, event, piece),
            Format::Json => json::write_line(out, &mut self.words, event),
        }
    }
}

/// The starts that were not joined with their calls.
fn still_waiting(timeline: &Timeline<'_>, batch: &[u8]) -> Vec<u8> {
    let mut starts: Vec<_> = timeline
        .by_end()
        .filter(|event| matches!(event.what, What::Call { outcome: Outcome::InFlight, .. }))
        .map(|event| (event.tid, event.start_ns))
        .collect();
    starts.sort_unstable();
    let mut waiting = Vec::new();
    let mut rest = batch;
    while let Ok((record, behind)) = record::first(rest) {
        let bytes = rest.get(..rest.len() - behind.len()).unwrap_or_default();
        if matches!(record, Record::Enter(call) if starts.binary_search(&(call.tid, call.start_ns)).is_ok()) {
            waiting.push(bytes);
        }
        rest = behind;
    }
    let mut bytes = 0;
    let fitting = waiting.iter().rev().take_while(|start| {
        bytes += start.len();
        bytes <= MAX_WAITING
    });
    let from = waiting.len() - fitting.count();
    waiting.get(from..).unwrap_or_default().concat()
}
