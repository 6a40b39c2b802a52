//! What is run, and fails, again and again.
//!
//! Who runs the same program again behind its failure supervises it, whatever it is called: a supervisor lives on where
//! a service of it does not come up, and may have given it up.

use crate::facts::process::{Process, is_shell};
use crate::facts::signals::ASKING;
use crate::facts::{Facts, ProcessEnd};
use std::collections::BTreeMap;

/// From so many on it is again.
const TWICE: usize = 2;
/// What runs longer than those that failed before it, and so much more, has come up.
const MARGIN_NS: u64 = 1_000_000_000;

/// What a process runs, and fails to, again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempts {
    /// How often in a row.
    pub(crate) count: u64,
    /// From the start of the first to the end of the last.
    pub(crate) span_ns: u64,
}

/// A run of a program, and its end if it has ended.
type Run<'f> = (u32, &'f Process);

impl Facts<'_> {
    /// How often the parent of a process that failed has run the same in a row, and each failed.
    pub(crate) fn attempts(&self, tgid: u32) -> Option<Attempts> {
        let process = self.processes.get(&tgid)?;
        let last_ns = process.end?.ending.at_ns;
        let mut ends: Vec<_> = self
            .children(process.parent)
            .filter(|(_, other)| is_same(process, other))
            .filter_map(|(_, other)| Some((other.end?.ending, other.first_ns)))
            .filter(|(end, _)| end.at_ns <= last_ns)
            .collect();
        ends.sort_by_key(|(end, _)| std::cmp::Reverse(end.at_ns));
        let failed: Vec<_> = ends.iter().take_while(|(end, _)| !end.is_success()).collect();
        let first_ns = failed.last()?.1;
        Some(Attempts { count: failed.len() as u64, span_ns: last_ns.saturating_sub(first_ns) })
    }

    /// Of a living container the last run of what fails again and again; of several what did so first: the others may
    /// fail for it.
    pub(super) fn failing(&self) -> Option<u32> {
        if !self.is_living() {
            return None;
        }
        let mut runs = BTreeMap::<(u32, &str), Vec<Run<'_>>>::new();
        for (tgid, process) in self.processes.iter().filter(|(_, process)| is_attempt(process)) {
            runs.entry((process.parent, process.command())).or_default().push((*tgid, process));
        }
        let failing = runs.into_iter().filter_map(|((parent, _), mut runs)| {
            runs.sort_by_key(|(_, run)| run.first_ns);
            self.failing_of(parent, &runs)
        });
        failing.min_by_key(|(first_ns, _)| *first_ns).map(|(_, tgid)| tgid)
    }

    /// When the runs of a program, in their order, began to fail, and the last that did; none where it has come up, or
    /// where their parent got over it.
    fn failing_of(&self, parent: u32, runs: &[Run<'_>]) -> Option<(u64, u32)> {
        let supervisor = self.processes.get(&parent).filter(|parent| parent.end.is_none() && !parent.is_setup())?;
        let (ended, living) = match runs.split_last()? {
            ((_, last), before) if last.end.is_none() => (before, Some(last)),
            _ => (runs, None),
        };
        let failed = |run: &&Run<'_>| run.1.end.is_some_and(|end| has_failed(&end));
        let failed: Vec<_> = ended.iter().rev().take_while(failed).collect();
        let ((last, process), (_, first)) = (*failed.first()?, *failed.last()?);
        let longest_ns =
            failed.iter().filter_map(|(_, run)| Some(run.end?.ending.at_ns.saturating_sub(run.first_ns))).max()?;
        let has_come_up = living.is_some_and(|run| {
            self.header.read_ns.saturating_sub(run.first_ns) > longest_ns.saturating_mul(2).saturating_add(MARGIN_NS)
        });
        let is_of_now = process.first_ns >= supervisor.since_ns();
        let end = process.end?.ending;
        let is_another =
            |(of, run): (u32, &Process)| run.first_ns > end.at_ns && !is_same(process, run) && !self.sleeps(of);
        let goes_on = || self.was_had_over(parent, *last, &end) || self.children(parent).any(is_another);
        let is_over = is_shell(supervisor.program()) && goes_on();
        (failed.len() >= TWICE && !has_come_up && is_of_now && !is_over).then_some((first.first_ns, *last))
    }
}

/// Whether two processes run the same.
pub(super) fn is_same(one: &Process, other: &Process) -> bool {
    !other.programs.is_empty() && other.command() == one.command()
}

/// Whether a process is one of the container's that runs a program.
fn is_attempt(process: &Process) -> bool {
    !process.programs.is_empty() && !process.is_setup()
}

/// Whether an end is a failure: who was asked to end did as it was told.
pub(super) fn has_failed(end: &ProcessEnd) -> bool {
    let signal = end.ending.signal.or_else(|| end.ending.exit_code?.checked_sub(128));
    !end.ending.is_success() && !signal.is_some_and(|signal| ASKING.contains(&signal.into()))
}
