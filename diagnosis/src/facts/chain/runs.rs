//! Runs of programs: which are of the same, and which failed.

use crate::facts::ProcessEnd;
use crate::facts::process::{Process, is_shell};
use crate::facts::signals::ASKING;

/// A process, with its number.
pub(super) type Run<'f> = (u32, &'f Process);

/// What a shell exits with for a program that it cannot run, or does not find.
const NOT_RUN: [u8; 2] = [126, 127];

/// Whether two processes run the same, or were begun to. What a shell begins without a program is a part of its script,
/// or was to run one that it did not find.
pub(super) fn is_same(one: &Process, other: &Process) -> bool {
    let [is_fork, other_is_fork] = [one, other].map(|process| process.programs.is_empty());
    is_fork == other_is_fork
        && other.command() == one.command()
        && (!(is_fork && is_shell(one.program())) || ran_none(one) && ran_none(other))
}

/// Whether an end is a failure: who was asked to end did as it was told.
pub(super) fn has_failed(end: &ProcessEnd) -> bool {
    let signal = end.ending.signal.or_else(|| end.ending.exit_code?.checked_sub(128));
    !end.ending.is_success() && !signal.is_some_and(|signal| ASKING.contains(&signal.into()))
}

/// Whether a shell began a process to run a program that it did not find, or could not run: never an answer of that
/// program.
pub(super) fn ran_none(process: &Process) -> bool {
    let code = process.end.and_then(|end| end.ending.exit_code);
    process.programs.is_empty() && is_shell(process.program()) && code.is_some_and(|code| NOT_RUN.contains(&code))
}
