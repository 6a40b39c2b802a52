//! The writes right before the end, put together to lines: of each thread and stream those that follow each other.

use super::way_out::is_orderly;
use crate::facts::{Output, Process};
use std::collections::BTreeMap;

/// Between two lines of one complaint there is no more than this.
const PAUSE_NS: u64 = 200_000_000;
/// And between two parts of a stack.
const WALK_NS: u64 = 2_000_000_000;
/// Between two attempts of one thing.
const ATTEMPT_NS: u64 = 10_000_000_000;
/// A complaint ends no longer before the end than this.
const LAST_WORDS_NS: u64 = 5_000_000_000;
/// What is said of an orderly end stands no longer behind the complaint than this.
const ORDERLY_NS: u64 = 2_000_000_000;
/// So many writes are looked at: some runtimes write a stack word by word.
const WRITES: usize = 4096;
/// And so many bytes.
const BYTES: usize = 128 << 10;

/// A line that was written.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Without what colors it.
    pub(super) text: String,
    pub(super) to_stderr: bool,
    /// When its first part was written.
    pub(super) since_ns: u64,
    /// The first and the last event that it is of.
    pub(super) first: usize,
    pub(super) last: usize,
}

/// The lines that a process wrote right before its end, by the time that they were complete.
pub(super) fn last(process: &Process, end_ns: u64) -> Vec<Line> {
    of(process.outputs.iter().filter(|output| output.at_ns >= process.since_ns()), end_ns)
}

/// The same, and what it said of the attempts before.
pub(super) fn with_attempts(process: &Process, end_ns: u64) -> Vec<Line> {
    let own = process.outputs.iter().filter(|output| output.at_ns >= process.since_ns());
    together(writes(own, end_ns, LAST_WORDS_NS, ATTEMPT_NS))
}

/// All lines that it wrote.
pub(super) fn all(process: &Process, now_ns: u64) -> Vec<Line> {
    together(writes(
        process.outputs.iter().filter(|output| output.at_ns >= process.since_ns()),
        now_ns,
        u64::MAX,
        u64::MAX,
    ))
}

/// The lines of what was written right before an end.
pub(super) fn of<'o>(outputs: impl DoubleEndedIterator<Item = &'o Output> + Clone, end_ns: u64) -> Vec<Line> {
    let lines = together(writes(outputs.clone(), end_ns, LAST_WORDS_NS, PAUSE_NS));
    // Go walks a stack of a gigabyte to tell its end.
    match lines.iter().any(|line| line.text.starts_with("runtime.goexit(")) {
        true => together(writes(outputs, end_ns, LAST_WORDS_NS, WALK_NS)),
        false => lines,
    }
}

/// Writes put together to lines.
fn together(writes: Vec<&Output>) -> Vec<Line> {
    let mut lines = Vec::new();
    // A line that is not complete, of a stream and a thread.
    let mut open = BTreeMap::<(bool, u32), Line>::new();
    for output in writes {
        let key = (output.to_stderr, output.tid);
        for part in output.text.split_inclusive('\n') {
            let line = open.entry(key).or_insert_with(|| Line {
                text: String::new(),
                to_stderr: output.to_stderr,
                since_ns: output.at_ns,
                first: output.index,
                last: output.index,
            });
            line.text.push_str(part.trim_end_matches(['\n', '\r']));
            line.last = output.index;
            if part.ends_with('\n') {
                lines.extend(open.remove(&key));
            }
        }
        // What follows what was not kept is another line, as far as is known.
        if output.is_cut {
            lines.extend(open.remove(&key));
        }
    }
    let mut rest: Vec<Line> = open.into_values().collect();
    rest.sort_by_key(|line| line.last);
    lines.extend(rest);
    for line in &mut lines {
        line.text = without_color(&line.text);
    }
    without_ignored(lines)
}

/// What Python says in front of an exception that it goes on behind, as it ends (`Modules/atexitmodule.c`,
/// `PyErr_WriteUnraisable`).
const IGNORED: [&str; 2] = ["Exception ignored in", "Error in atexit"];

/// The lines without exceptions that Python says it ignores, with their stacks.
fn without_ignored(lines: Vec<Line>) -> Vec<Line> {
    if !lines.iter().any(|line| IGNORED.iter().any(|head| line.text.starts_with(head))) {
        return lines;
    }
    let mut kept = Vec::new();
    let mut rest = lines.into_iter().peekable();
    while let Some(line) = rest.next() {
        if !IGNORED.iter().any(|head| line.text.starts_with(head)) {
            kept.push(line);
            continue;
        }
        if rest.next_if(|line| line.text.starts_with("Traceback (most recent")).is_some() {
            while rest.next_if(|line| line.text.starts_with([' ', '\t'])).is_some() {}
            rest.next();
        }
    }
    kept
}

/// The writes of one complaint: the last no longer before the end than `last_ns`, each no longer before the next than a
/// pause, but for what is said of an orderly end.
fn writes<'o>(
    outputs: impl DoubleEndedIterator<Item = &'o Output>,
    end_ns: u64,
    last_ns: u64,
    pause_ns: u64,
) -> Vec<&'o Output> {
    let (mut next_ns, mut patience_ns, mut room) = (end_ns, last_ns, BYTES);
    let mut writes = Vec::new();
    for output in outputs.rev().take(WRITES) {
        let is_another = next_ns.saturating_sub(output.at_ns) > patience_ns;
        let is_behind = || {
            let mut behind = writes.iter().flat_map(|output: &&Output| output.text.lines());
            behind.all(is_orderly) && next_ns.saturating_sub(output.at_ns) < ORDERLY_NS
        };
        if is_another && !is_behind() || output.text.len() > room {
            break;
        }
        room -= output.text.len();
        (next_ns, patience_ns) = (output.at_ns, pause_ns);
        writes.push(output);
    }
    writes.reverse();
    writes
}

/// The text without the sequences that color it (ECMA-48's CSI).
fn without_color(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit() || ";:?".contains(c));
        let mut chars = rest.chars();
        chars.next();
        rest = chars.as_str();
    }
    plain + rest
}
