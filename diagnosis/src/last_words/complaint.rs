//! What a living program says again and again, and nothing else.

use super::failure_words::tells_failure;
use super::lines::{self, Line};
use super::rank::{Found, Rank};
use super::statement::{self, AGAIN, LONGER_WAIT, SAME_NS};
use super::{logs, ordinary, vague};
use crate::facts::Process;

/// So often is again and again, of what no log's level says that it is an error.
const UNLEVELLED: usize = 5;
/// What is said within such a part of the time from one to the next belongs to an attempt, as that it begins.
const BESIDE: u64 = 16;

/// What a living process says again and again, and nothing else behind the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The line as it was said last, with those that belong to it, shortened.
    pub text: String,
    /// When it was said: `CLOCK_MONOTONIC`, nanoseconds.
    pub at_ns: Vec<u64>,
    /// The writes that the first and the last are of.
    pub events: [usize; 2],
}

impl Complaint {
    /// Of a process, now.
    #[must_use]
    pub fn of(process: &Process, now_ns: u64) -> Option<Self> {
        let lines = lines::all(process, now_ns);
        let said = errors(&lines, now_ns)?;
        let (first, last) = (said.first()?, said.last()?);
        let (began, ended) = (lines.get(first.first)?, lines.get(last.last)?);
        Some(Self {
            text: statement::shortened(&last.text),
            at_ns: said.iter().map(|found| at_ns(&lines, found.first)).collect(),
            events: [began.first, ended.last],
        })
    }

    /// When it was said first.
    #[must_use]
    pub fn began_ns(&self) -> u64 {
        self.at_ns.first().copied().unwrap_or_default()
    }

    /// From the first time to the last.
    #[must_use]
    pub fn span_ns(&self) -> u64 {
        self.at_ns.last().copied().unwrap_or_default().saturating_sub(self.began_ns())
    }
}

/// How counts of failures go that say that there was none, and what has nothing to do yet says.
const NONE: &[&str] = &[
    " 0 err",
    " 0 fail",
    "errors=0",
    "errors: 0",
    "failed=0",
    "failed: 0",
    "no err",
    "no fail",
    "no new ",
    "no mess",
    "deprecat",
];

/// Whether a line, in lower case, says that something fails.
pub(super) fn complains(lower: &str) -> bool {
    tells_failure(lower) && !NONE.iter().any(|none| lower.contains(none))
}

fn at_ns(lines: &[Line], at: usize) -> u64 {
    lines.get(at).map_or(0, |line| line.since_ns)
}

/// The errors that were said again and again until now, where nothing else was said behind the first.
fn errors(lines: &[Line], now_ns: u64) -> Option<Vec<Found>> {
    let at_ns = |at: usize| at_ns(lines, at);
    let is_logged = |found: &Found| lines.get(found.first).is_some_and(|line| logs::is_error(&line.text));
    let is_near = |one: &Found, other: &Found| at_ns(one.first).abs_diff(at_ns(other.first)) < SAME_NS / 10;
    let mut errors = statement::candidates(lines);
    errors.retain(|found| found.rank >= Rank::Failure && (is_logged(found) || complains(&found.text.to_lowercase())));
    // Of an exception that is caught nothing says whether it is an error, but the log's line that it stands below.
    let last = errors.last()?;
    let above = errors.iter().rfind(|found| is_logged(found) && is_near(found, last));
    let last = above.unwrap_or(last).clone();
    let least = if is_logged(&last) { AGAIN } else { UNLEVELLED };
    let said = statement::form(&last.text);
    errors.retain(|found| statement::form(&found.text) == said);
    let first = errors.first()?;
    let period_ns = at_ns(last.last).saturating_sub(at_ns(first.first)) / (errors.len() as u64 - 1).max(1);
    // What it says right behind or before it belongs to it.
    let mut others = first.first..lines.len();
    let beside_ns = (SAME_NS / 10).max(period_ns / BESIDE);
    let is_beside = |at: usize| {
        let next = errors.partition_point(|found| found.last < at);
        let beside = [next.checked_sub(1), Some(next)].into_iter().flatten().filter_map(|i| errors.get(i));
        beside.into_iter().any(|found| at_ns(found.first).abs_diff(at_ns(at)) < beside_ns)
    };
    let is_alone = others.all(|at| is_beside(at) || lines.get(at).is_some_and(|line| ordinary::is_mark(&line.text)));
    // The waits of many double each time.
    let mut pauses = errors.iter().rev().map(|found| at_ns(last.first).saturating_sub(at_ns(found.first)));
    let pause_ns = pauses.find(|ns| *ns > SAME_NS / 10).unwrap_or_default().max(period_ns);
    let is_now = now_ns.saturating_sub(at_ns(last.last)) <= pause_ns.saturating_mul(LONGER_WAIT);
    let gives_none = vague::is_vague(&last.text) || vague::gives_up(&last.text);
    let is_it = last.rank < Rank::Crash && errors.len() >= least && is_alone && is_now && !gives_none;
    is_it.then_some(errors)
}
