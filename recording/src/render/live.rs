//! A recording that goes on: events are shown as their records come.

use super::strace::{Piece, write_piece};
use super::{Format, Options, Summary, Words, choose, json, requests, table};
use crate::conversations::{Conversations, Told};
use crate::event::{Event, Outcome, What};
use crate::header::Header;
use crate::join::{Batch, Joiner, is_complete};
use std::io;

/// How long after it happened something may be shown: records are read and sent in between.
const LATE_NS: u64 = 1_000_000_000;

/// Shows batches of records, each event when it has ended: a call is one line, in the order of ends.
/// What is in flight is shown by [`Live::finish`], but what began before the recording at once: its return is
/// never seen.
#[derive(Debug)]
pub struct Live<'o> {
    words: Words<'o>,
    header: Header,
    joiner: Joiner,
    conversations: Conversations,
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
        Ok(Self {
            words,
            header: header.clone(),
            joiner: Joiner::default(),
            conversations: Conversations::default(),
            summary: Summary::default(),
        })
    }

    /// Takes in what has come to be known of others.
    pub fn learn(&mut self, header: &Header) {
        self.words.origins.learn(header);
        self.words.peers.extend(header.peers.clone());
    }

    /// Writes the events of a batch of records.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn push(&mut self, out: &mut dyn io::Write, records: &[u8]) -> io::Result<()> {
        let batch = self.joiner.push(records);
        self.show(out, &batch, false)
    }

    /// Writes what has waited in vain for so long that nothing else is to be expected, where that is shown: who asks and
    /// gets no answer may do nothing else that would show it. `now_ns` is the recorded host's clock.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn tick(&mut self, out: &mut dyn io::Write, now_ns: u64) -> io::Result<()> {
        if requests::is_meant(self.words.options) {
            let told = self.conversations.expire(now_ns.saturating_sub(LATE_NS));
            self.summary.events += self.tell(out, told)?;
            out.flush()?;
        }
        Ok(())
    }

    /// Writes the calls that are still in flight.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(mut self, out: &mut dyn io::Write, read_ns: u64) -> io::Result<Summary> {
        self.words.read_ns = read_ns;
        let batch = std::mem::take(&mut self.joiner).finish();
        self.show(out, &batch, true)?;
        Ok(self.summary)
    }

    /// What was shown so far.
    #[must_use]
    pub const fn summary(&self) -> &Summary {
        &self.summary
    }

    fn show(&mut self, out: &mut dyn io::Write, batch: &Batch, last: bool) -> io::Result<()> {
        let timeline = batch.timeline();
        let matcher = self.words.options.filter.matcher(&self.header, &self.words.options.zone);
        let (chosen, mut summary) = choose(&timeline, &matcher, None);
        let waiting = timeline.by_end().filter(|event| !is_complete(event)).count() as u64;
        let mut shown_waiting = 0;
        self.words.begin_timeline();
        if requests::is_meant(self.words.options) {
            let mut told = requests::take(&mut self.conversations, &timeline, &chosen);
            if last {
                told.extend(self.conversations.end(self.words.read_ns));
            }
            let lines = self.tell(out, told)?;
            self.summary.add(&summary.with_lines(Some(lines)));
            return out.flush();
        }
        for event in chosen.iter().filter_map(|i| timeline.event(*i)) {
            if !is_complete(&event) && !last {
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
        }
        self.summary.add(&summary);
        out.flush()
    }

    /// Writes those that were asked for; how many there were.
    fn tell(&mut self, out: &mut dyn io::Write, mut told: Vec<Told>) -> io::Result<u64> {
        told.retain(|told| requests::is_wanted(self.words.options, told));
        told.iter().try_for_each(|told| requests::write_line(out, &mut self.words, told))?;
        Ok(told.len() as u64)
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
