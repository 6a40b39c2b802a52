//! Events -> text.
//!
//! | format | for whom |
//! |---|---|
//! | [`Format::Table`] | a person: what is covered, then a line an event |
//! | [`Format::Strace`] | a person or script that knows strace: what `strace -f -o FILE` writes |
//! | [`Format::Json`] | a program: one object a line, the header first |
//!
//! [`write()`] shows a whole recording, [`write_merged`] several by time, [`Live`] one that still goes on,
//! [`top::write()`] its sums.

use crate::connections::{Connected, Connections};
use crate::conversations::{Conversations, Told};
use crate::event::{Event, Outcome, Timeline, What};
use crate::filter::{Filter, Matcher, Pids, failed};
use crate::header::Header;
use crate::malformed::Malformed;
use jiff::tz::TimeZone;
use killed::Killed;
use std::io;

#[cfg(test)]
mod event_tests;
mod header;
#[cfg(test)]
mod in_progress_tests;
mod json;
mod killed;
mod live;
mod merged;
mod requests;
mod strace;
pub mod style;
mod table;
mod tcp;
#[cfg(test)]
mod tests;
pub mod top;
pub mod units;
mod words;

pub use crate::header::short_id;
pub use header::{container_name, write_header};
pub use json::CallFields;
pub use live::Live;
pub use merged::{Part, Prefix, write_merged};
pub use requests::{asked, result_of};
use words::Words;

/// How events are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Columns.
    #[default]
    Table,
    /// As strace.
    Strace,
    /// One object a line.
    Json,
}

/// strace's `-t`, `-tt`, `-ttt`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Timestamps {
    /// None.
    #[default]
    None,
    /// Time of day.
    Seconds,
    /// Time of day with microseconds.
    Micros,
    /// Unix time with microseconds.
    Unix,
}

/// What is shown, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// How events are written.
    pub format: Format,
    /// Which events are shown.
    pub filter: Filter,
    /// Whose numbers processes and threads are shown by.
    pub pids: Pids,
    /// Times in [`Format::Strace`].
    pub timestamps: Timestamps,
    /// Durations in [`Format::Strace`] (`-T`).
    pub durations: bool,
    /// What descriptors stand for, where that is known (`-y`).
    pub descriptors: bool,
    /// Most bytes of a string that are shown (`-s`).
    pub string_bytes: usize,
    /// Whether colours are used.
    pub color: bool,
    /// Columns of the terminal; `None` if it is none.
    pub width: Option<usize>,
    /// The person's time zone.
    pub zone: TimeZone,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            format: Format::default(),
            filter: Filter::default(),
            pids: Pids::default(),
            timestamps: Timestamps::default(),
            durations: false,
            descriptors: false,
            string_bytes: 32,
            color: false,
            width: None,
            zone: TimeZone::UTC,
        }
    }
}

/// What was shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Calls in the records.
    pub calls: u64,
    /// Calls that were shown.
    pub shown: u64,
    /// Of those, calls that failed.
    pub failed: u64,
    /// Events that were shown.
    pub events: u64,
    /// Records of kinds that this version does not know.
    pub unknown: u64,
    /// Why the records behind some point could not be read, if so.
    pub malformed: Option<Malformed>,
}

impl Summary {
    /// What `other` adds to it.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.shown += other.shown;
        self.failed += other.failed;
        self.events += other.events;
        self.unknown += other.unknown;
        self.malformed = self.malformed.or(other.malformed);
    }

    /// With so many lines of events, where several of those make one.
    fn with_lines(self, lines: Option<u64>) -> Self {
        Self { events: lines.unwrap_or(self.events), ..self }
    }

    fn count(&mut self, event: &Event<'_>) {
        match event.what {
            What::Call { call, outcome, .. } => {
                self.shown += 1;
                self.failed += u64::from(outcome == Outcome::Returned && failed(&call));
            }
            _ => self.events += 1,
        }
    }
}

/// Writes a recording. [`Format::Strace`] has no place for the header: see [`write_header`].
///
/// # Errors
/// Those of `out`. Records that cannot be read are no error: see [`Summary::malformed`].
pub fn write(out: &mut dyn io::Write, header: &Header, records: &[u8], options: &Options) -> io::Result<Summary> {
    let timeline = Timeline::new(records);
    let (chosen, summary) = choose(&timeline, &options.filter.matcher(header, &options.zone), options.filter.last);
    let mut words = Words::new(header, options);
    match options.format {
        Format::Table => {
            write_header(out, header, options)?;
            table::write_columns(out, &words)?;
        }
        Format::Strace => {}
        Format::Json => json::write_header(out, header)?,
    }
    let lines = each_line(&timeline, chosen, &mut words, |_, line| out.write_all(line))?;
    out.flush()?;
    Ok(summary.with_lines(lines))
}

/// Takes each event that is to be shown, by its start; with the words of a call: for formats of other crates.
///
/// # Errors
/// Those of `take`. Records that cannot be read are no error: see [`Summary::malformed`].
pub fn each(
    header: &Header,
    timeline: &Timeline<'_>,
    options: &Options,
    mut take: impl FnMut(&Event<'_>, Option<&CallFields<'_>>) -> io::Result<()>,
) -> io::Result<Summary> {
    let (chosen, summary) = choose(timeline, &options.filter.matcher(header, &options.zone), options.filter.last);
    let mut words = Words::new(header, options);
    by_start(timeline, chosen, &mut words, |words, event| {
        words.begin(&event);
        let What::Call { outcome, .. } = event.what else { return take(&event, None) };
        json::call_fields(words, &event, outcome, "").map_or(Ok(()), |fields| take(&event, Some(&fields)))
    })?;
    Ok(summary)
}

/// What is put together of the events that are to be shown: connections, and requests and lookups.
#[must_use]
pub fn put_together(header: &Header, timeline: &Timeline<'_>, options: &Options) -> (Vec<Connected>, Vec<Told>) {
    let (chosen, _) = choose(timeline, &options.filter.matcher(header, &options.zone), options.filter.last);
    let mut conversations = Conversations::default();
    let mut told = requests::take(&mut conversations, timeline, &chosen);
    told.extend(conversations.end(header.died_ns.unwrap_or(header.read_ns)));
    (Connections::of(chosen.iter().filter_map(|at| timeline.event(*at))), told)
}

/// Takes the lines of the chosen events in the format's order, each with its time. How many there were, where several
/// events make one.
fn each_line(
    timeline: &Timeline<'_>,
    chosen: Vec<usize>,
    words: &mut Words<'_>,
    mut take: impl FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<Option<u64>> {
    if requests::is_meant(words.options) {
        return requests::each_line(timeline, &chosen, words, take).map(Some);
    }
    let mut line = Vec::with_capacity(256);
    let done = match words.options.format {
        Format::Table => by_start(timeline, chosen, words, |words, event| {
            line.clear();
            table::write_line(&mut line, words, &event)?;
            take(event.start_ns, &line)
        }),
        Format::Strace => strace::pieces(timeline, &chosen, words, |words, event, piece, at_ns| {
            line.clear();
            strace::write_piece(&mut line, words, event, piece)?;
            take(at_ns, &line)
        }),
        Format::Json => by_start(timeline, chosen, words, |words, event| {
            line.clear();
            json::write_line(&mut line, words, &event)?;
            take(event.start_ns, &line)
        }),
    };
    done.map(|()| None)
}

/// Which events are to be shown, in the order of ends, and their count.
fn choose(timeline: &Timeline<'_>, matcher: &Matcher<'_>, last: Option<usize>) -> (Vec<usize>, Summary) {
    let mut summary = Summary { unknown: timeline.unknown(), malformed: timeline.malformed(), ..Summary::default() };
    let mut chosen = Vec::with_capacity(timeline.len());
    for i in 0..timeline.len() {
        let Some(event) = timeline.event(i) else { continue };
        summary.calls += u64::from(matches!(event.what, What::Call { .. }));
        let is_shown = event.what.as_event().is_none_or(|event| event.is_shown());
        if is_shown && matcher.matches(&event) {
            chosen.push(i);
            if last.is_none() {
                summary.count(&event);
            }
        }
    }
    if let Some(last) = last {
        let is_call = |i: &usize| {
            let of_call = |event: Event<'_>| matches!(event.what, What::Call { .. });
            matcher.is_for_events() || timeline.event(*i).is_some_and(of_call)
        };
        let calls: Vec<_> = chosen.iter().enumerate().filter(|(_, i)| is_call(i)).map(|(at, _)| at).collect();
        let from = match (last, calls.len().checked_sub(last)) {
            (0, _) => chosen.len(),
            (_, None) => 0,
            (_, Some(first)) => calls.get(first).copied().unwrap_or(0),
        };
        chosen.drain(..from);
        chosen.iter().filter_map(|i| timeline.event(*i)).for_each(|event| summary.count(&event));
    }
    (chosen, summary)
}

fn by_start<'a, 'o>(
    timeline: &Timeline<'a>,
    mut chosen: Vec<usize>,
    words: &mut Words<'o>,
    mut write: impl FnMut(&mut Words<'o>, Event<'a>) -> io::Result<()>,
) -> io::Result<()> {
    chosen.sort_by_key(|i| timeline.span(*i));
    let killed = Killed::of(timeline);
    chosen.into_iter().filter_map(|i| Some(killed.as_seen(i, timeline.event(i)?))).try_for_each(|event| {
        words.catch_up(timeline, event.start_ns);
        write(words, event)
    })
}
