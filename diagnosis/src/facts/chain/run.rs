//! A run of a program, or of a part of its parent: what is the same, and what has failed.

use crate::facts::ProcessEnd;
use crate::facts::process::{Process, is_shell};
use crate::facts::signals::ASKING;

/// A process, with its number.
pub(super) type Run<'f> = (u32, &'f Process);

/// Whether two processes run the same, or were begun to. What a shell begins without a program is a part of its script.
pub(super) fn is_same(one: &Process, other: &Process) -> bool {
    let [is_fork, other_is_fork] = [one, other].map(|process| process.programs.is_empty());
    is_fork == other_is_fork && other.command() == one.command() && !(is_fork && is_shell(one.program()))
}

/// Whether an end is a failure: who was asked to end did as it was told.
pub(super) fn has_failed(end: &ProcessEnd) -> bool {
    let signal = end.ending.signal.or_else(|| end.ending.exit_code?.checked_sub(128));
    !end.ending.is_success() && !signal.is_some_and(|signal| ASKING.contains(&signal.into()))
}
