//! The default: columns for a person.

use super::style::{BAD, HEADING, NOTABLE, marks, style_of};
use super::units::write_duration;
use super::words::{comm_of, ids, invocation};
use super::{Options, Words};
use super::{requests, tcp};
use crate::escape::{visible, width};
use crate::event::{Event, Outcome, What};
use crate::filter::failed;
use anstyle::Style;
use std::fmt::Write as _;
use std::io;

/// Widths of the columns before the call, with the two spaces behind each.
const TIME: usize = 17;
const IDS: usize = 15;
const COMM: usize = 17;
const DURATION: usize = 10;
/// The call's column where the output is no terminal.
const CALL: usize = 60;
/// It is never narrower than this, nor made for results longer than this.
const MIN_CALL_WIDTH: usize = 24;
const RESULT: usize = 20;

/// How wide the columns are: narrow terminals lose microseconds, then names' width.
#[derive(Clone, Copy, Debug)]
struct Layout {
    digits: usize,
    time: usize,
    ids: usize,
    comm: usize,
    call: usize,
}

fn layout(options: &Options) -> Layout {
    let Some(width) = options.width else {
        return Layout { digits: 6, time: TIME, ids: IDS, comm: COMM, call: CALL };
    };
    let (digits, time, ids, comm) = if width < 110 { (3, TIME - 3, 9, 12) } else { (6, TIME, IDS, COMM) };
    let call = width.saturating_sub(time + ids + comm + DURATION + RESULT).clamp(MIN_CALL_WIDTH, CALL + 20);
    Layout { digits, time, ids, comm, call }
}

/// Writes the line of headings.
pub(super) fn write_columns(out: &mut dyn io::Write, words: &Words<'_>) -> io::Result<()> {
    if tcp::is_meant(words.options) {
        return tcp::write_columns(out, words);
    }
    if requests::is_meant(words.options) {
        return requests::write_columns(out, words);
    }
    let Layout { time, ids, comm, call, .. } = layout(words.options);
    let (bold, plain) = marks(words.options.color, HEADING);
    writeln!(
        out,
        "{bold}{:time$}{:ids$}{:comm$}{:DURATION$}{:call$}RESULT{plain}",
        "TIME", "PID/TID", "COMM", "DURATION", "CALL"
    )
}

/// Writes one event.
pub(super) fn write_line(out: &mut dyn io::Write, words: &mut Words<'_>, event: &Event<'_>) -> io::Result<()> {
    if tcp::is_meant(words.options) {
        return tcp::write_line(out, words, event);
    }
    let layout = layout(words.options);
    words.begin(event);
    let column = words.column();
    let is_before = matches!(event.what, What::Call { outcome: Outcome::InProgress, .. });
    if is_before {
        words.line.push('<');
    }
    words.clock.write_time(&mut words.line, event.start_ns, layout.digits - usize::from(is_before));
    words.fill(column, layout.time);
    let column = words.column();
    match ids(event, words.options.pids) {
        (None, 0) => words.line.push('?'),
        (None, tid) => drop(write!(words.line, "?/{tid}")),
        (Some(tgid), tid) if tgid == tid => drop(write!(words.line, "{tid}")),
        (Some(tgid), tid) => drop(write!(words.line, "{tgid}/{tid}")),
    }
    words.fill(column, layout.ids);
    let column = words.column();
    let _ = write!(words.line, "{}", comm_of(event));
    words.fill(column, layout.comm);
    let style = match event.what {
        What::Call { outcome, .. } => write_call(words, event, outcome, layout.call),
        what => {
            let column = words.column();
            if event.start_ns < event.end_ns {
                write_duration(&mut words.line, event.end_ns - event.start_ns);
            }
            words.fill(column, DURATION);
            words.event(&what);
            what.as_event().and_then(|event| style_of(event.notice()))
        }
    };
    let (on, off) = style.map_or(("".into(), "".into()), |style| marks(words.options.color, style));
    writeln!(out, "{on}{}{off}", visible(words.line.trim_end()))
}

fn write_call(words: &mut Words<'_>, event: &Event<'_>, outcome: Outcome, width: usize) -> Option<Style> {
    let invocation = invocation(event)?;
    let call = &invocation.call;
    let column = words.column();
    match outcome {
        Outcome::Returned | Outcome::Died if call.refusal.is_some() => words.line.push('?'),
        Outcome::Returned | Outcome::Died => write_duration(&mut words.line, call.duration_ns),
        Outcome::InFlight | Outcome::InProgress => {
            words.line.push('>');
            write_duration(&mut words.line, words.read_ns.saturating_sub(event.start_ns));
        }
        Outcome::Lost => words.line.push('?'),
    }
    words.fill(column, DURATION);
    let column = words.column();
    let name = words.name(call);
    words.line.push_str(&name);
    words.line.push('(');
    if !outcome.is_start() {
        words.arguments(&invocation);
    } else {
        words.entry_arguments(&invocation);
        let said = words.line.trim_end().trim_end_matches(',').len();
        if said < words.line.len() {
            words.line.truncate(said);
            words.line.push_str(", ...");
        }
    }
    words.line.push(')');
    if let Some(name) = words.peer(&invocation).map(ToString::to_string) {
        let _ = write!(words.line, " /* {name} */");
    }
    words.fill(column, width);
    match outcome {
        Outcome::Returned if call.has_result() => words.result(&invocation),
        Outcome::Returned => {}
        Outcome::Died if words.never_returns(call) => {}
        Outcome::Died if call.refusal.is_some() => {}
        Outcome::Died => words.line.push_str("never returned"),
        Outcome::InFlight => words.line.push_str("still in it"),
        Outcome::InProgress => words.line.push_str("in it since before"),
        Outcome::Lost => words.line.push_str("return not recorded"),
    }
    if let Some(refusal) = call.refusal_words() {
        words.line.push_str(if call.has_result() { ", " } else { "" });
        words.line.push_str(&refusal);
    }
    match outcome {
        Outcome::Returned => failed(call).then_some(BAD),
        Outcome::Died if call.refusal.is_some() => Some(BAD),
        Outcome::InFlight | Outcome::InProgress => Some(NOTABLE),
        Outcome::Died | Outcome::Lost => None,
    }
}

impl Words<'_> {
    /// Where the line ends, in bytes.
    pub(super) fn column(&self) -> usize {
        self.line.len()
    }

    /// Fills what stands from byte `from` on with spaces up to `columns`; if it is longer
    /// than that, with two spaces.
    pub(super) fn fill(&mut self, from: usize, columns: usize) {
        let wide = self.line.get(from..).map_or(0, |text| width(&visible(text)));
        let spaces = if wide + 2 > columns { if wide == 0 { columns } else { 2 } } else { columns - wide };
        self.line.extend(std::iter::repeat_n(' ', spaces));
    }
}
