//! The error that a program said last, and how often.

use super::complaint::complains;
use super::failure_words::tells_failure;
use super::rank::{Found, Rank};
use super::{lines, logs, statement, vague};
use crate::facts::Process;
use std::cmp::Reverse;

/// An error that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mentioned {
    /// The line, shortened.
    pub(crate) text: String,
    /// Whether a runtime says so of an exception.
    pub(crate) is_crash: bool,
    /// When it was said, but for the numbers in it: `CLOCK_MONOTONIC`, nanoseconds.
    pub(crate) at_ns: Vec<u64>,
}

/// Words for who waits for another, in lower case.
const WAITS: [&str; 6] = ["waiting", "still ", "not ready", "locked", "another ", "retry"];

fn tells_wait(lower: &str) -> bool {
    WAITS.iter().any(|waits| lower.contains(waits))
}

/// Of a process, until a time.
pub(crate) fn mentioned(process: &Process, until_ns: u64) -> Option<Mentioned> {
    let lines = lines::all(process, until_ns);
    let mut errors = statement::candidates(&lines);
    // What is warned of again is told where it gives a reason.
    let gives_reason = |found: &Found| tells_failure(found.text.rsplit(": ").next().unwrap_or_default());
    let warnings = lines.iter().enumerate().filter_map(|(at, line)| logs::warning(&line.text, at).filter(gives_reason));
    let warnings: Vec<_> = warnings.map(|found| (statement::form(&found.text), found)).collect();
    let is_again = |form: &str| warnings.iter().filter(|(other, _)| other == form).count() > 1;
    errors.extend(warnings.iter().filter(|(form, _)| is_again(form)).map(|(_, found)| found.clone()));
    // So is what it waits for.
    let waits = lines.iter().enumerate().filter(|(_, line)| tells_wait(&line.text.to_lowercase()));
    let waits: Vec<_> = waits.map(|(at, line)| (statement::form(&line.text), at, line.text.trim())).collect();
    let is_long = |form: &str| waits.iter().filter(|(other, ..)| other == form).count() >= statement::AGAIN;
    errors.extend(
        waits.iter().filter(|(form, ..)| is_long(form)).map(|(_, at, text)| Found::line(Rank::Error, *at, *text)),
    );
    errors.sort_by_key(|found| (found.first, Reverse(found.rank)));
    errors.dedup_by_key(|found| found.first);
    errors.retain(|found| {
        found.rank >= Rank::Failure
            && !vague::is_vague(&found.text)
            && (found.rank > Rank::Failure || complains(&found.text.to_lowercase()))
    });
    let last = errors.last()?;
    let said = statement::form(&last.text);
    let same = errors.iter().filter(|found| statement::form(&found.text) == said);
    let at_ns = same.filter_map(|found| Some(lines.get(found.first)?.since_ns)).collect();
    Some(Mentioned { text: statement::shortened(&last.text), is_crash: last.rank == Rank::Crash, at_ns })
}
