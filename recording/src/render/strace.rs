//! `strace -f -o FILE`, line for line.
//!
//! A call is one line, unless another line falls between its start and its end: then it is two, as
//! strace has it. So the order of lines is that of starts and ends together.

use super::killed::Killed;
use super::words::{ids, invocation};
use super::{Timestamps, Words};
use crate::call::RefusedBy;
use crate::escape::visible;
use crate::event::{Event, Outcome, Timeline, What};
use std::fmt::Write as _;
use std::io;

/// The column in which results begin (strace's `-a 40`).
const RESULT_COLUMN: usize = 40;

/// What of an event a line shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Whole,
    Start,
    End,
}

/// Takes the lines of the chosen events of a timeline in their order, each with its time; `write` is to write it.
pub(super) fn pieces<'o>(
    timeline: &Timeline<'_>,
    chosen: &[usize],
    words: &mut Words<'o>,
    mut write: impl FnMut(&mut Words<'o>, &Event<'_>, Piece, u64) -> io::Result<()>,
) -> io::Result<()> {
    let chosen: Vec<usize> =
        chosen.iter().copied().filter(|i| timeline.event(*i).is_some_and(|e| has_line(&e))).collect();
    let mut points = Vec::with_capacity(2 * chosen.len());
    // Ends first: they are sorted already, and the sort makes use of it. Of two points at one time,
    // those of the event that ended first come first, and of one event, its start.
    points.extend(chosen.iter().filter_map(|i| Some((timeline.span(*i)?.1, *i, Piece::End as usize))));
    points.extend(chosen.iter().filter_map(|i| Some((timeline.span(*i)?.0, *i, Piece::Start as usize))));
    points.sort();
    let mut points = points.into_iter().peekable();
    let killed = Killed::of(timeline);
    while let Some((at_ns, i, piece)) = points.next() {
        let Some(event) = timeline.event(i) else { continue };
        let is_end = piece == Piece::End as usize;
        if is_end && !ends(&event) {
            continue;
        }
        let whole = !is_end && points.next_if(|(_, next, _)| *next == i).is_some();
        let piece = match (is_end, whole) {
            (true, _) => Piece::End,
            (false, true) if ends(&event) || !matches!(event.what, What::Call { .. }) => Piece::Whole,
            (false, _) => Piece::Start,
        };
        words.catch_up(timeline, at_ns);
        let event = killed.as_seen(i, event);
        write(words, &event, piece, at_ns)?;
    }
    Ok(())
}

/// Whether strace has a line for it: syscall user dispatch takes a call before a tracer can see it.
fn has_line(event: &Event<'_>) -> bool {
    match event.what {
        What::Call { call, .. } => call.refusal.is_none_or(|refusal| refusal.by() != RefusedBy::Dispatch),
        _ => event.what.as_event().is_none_or(|event| event.is_in_strace()),
    }
}

/// Whether an event has an end that is shown.
const fn ends(event: &Event<'_>) -> bool {
    matches!(event.what, What::Call { outcome: Outcome::Returned | Outcome::Died, .. })
}

/// Writes one line.
pub(super) fn write_piece(
    out: &mut dyn io::Write,
    words: &mut Words<'_>,
    event: &Event<'_>,
    piece: Piece,
) -> io::Result<()> {
    if !has_line(event) {
        return Ok(());
    }
    words.begin(event);
    let at_ns = if piece == Piece::End { event.end_ns } else { event.start_ns };
    lead(words, ids(event, words.options.pids).1, at_ns);
    match event.what {
        What::Call { outcome, .. } => call(words, event, outcome, piece),
        what => words.event(&what),
    }
    writeln!(out, "{}", visible(&words.line))
}

fn call(words: &mut Words<'_>, event: &Event<'_>, outcome: Outcome, piece: Piece) {
    let Some(invocation) = invocation(event) else { return };
    let name = words.name(&invocation.call);
    let mut complete = true;
    if piece == Piece::End {
        let _ = write!(words.line, "<... {name} resumed>");
    } else {
        let _ = write!(words.line, "{name}(");
    }
    let from = words.line.len();
    match (piece, outcome) {
        (Piece::Whole, Outcome::Returned) | (_, Outcome::InProgress) => words.arguments(&invocation),
        (Piece::End, Outcome::Returned) => words.exit_arguments(&invocation),
        (Piece::End, _) => {
            // What was said at the start tells whether there was more to come.
            words.entry_arguments(&invocation);
            complete = is_complete(&words.line, from, &invocation.call);
            words.line.truncate(from);
        }
        _ => {
            words.entry_arguments(&invocation);
            complete = is_complete(&words.line, from, &invocation.call);
        }
    }
    if piece == Piece::Start {
        words.line.push_str(" <unfinished ...>");
        return;
    }
    words.line.push_str(if complete { ") " } else { " <unfinished ...>) " });
    pad(&mut words.line, RESULT_COLUMN);
    words.line.push_str("= ");
    if outcome != Outcome::Returned {
        words.line.push('?');
        return;
    }
    words.result(&invocation);
    if words.options.durations {
        let us = invocation.call.duration_ns / 1_000;
        let _ = write!(words.line, " <{}.{:06}>", us / 1_000_000, us % 1_000_000);
    }
}

/// Whether the arguments known at entry are all that the call has.
fn is_complete(line: &str, from: usize, call: &crate::call::Call<'_>) -> bool {
    let said = line.get(from..).unwrap_or_default();
    call.count == 0 || !(said.is_empty() || said.ends_with(", "))
}

fn lead(words: &mut Words<'_>, tid: u32, at_ns: u64) {
    let line = &mut words.line;
    let _ = write!(line, "{tid:<5} ");
    match words.options.timestamps {
        Timestamps::None => return,
        Timestamps::Seconds => words.clock.write_time(line, at_ns, 0),
        Timestamps::Micros => words.clock.write_time(line, at_ns, 6),
        Timestamps::Unix => words.clock.write_unix(line, at_ns),
    }
    line.push(' ');
}

/// Pads to a column. strace counts bytes, for what it prints is ASCII, and so is this.
fn pad(line: &mut String, column: usize) {
    const SPACES: &str = "                                        ";
    line.push_str(SPACES.get(..column.saturating_sub(line.len())).unwrap_or(SPACES));
}
