//! Calls in which a thread was killed.
//!
//! The kernel ends such a call as if to restart it, with a return that the program never sees, and
//! kills the thread before it is back in its program: so the call never returned.

use crate::event::{Event, Outcome, Timeline, What};
use crate::events::Timing;
use crate::events::signal::is_kill;

/// How far to look for what a thread did next.
const NEXT: usize = 1 << 16;

/// Event `i`, as unfinished if its thread was killed in it.
pub(super) fn as_seen<'a>(timeline: &Timeline<'a>, i: usize, mut event: Event<'a>) -> Event<'a> {
    if was_killed_in(timeline, i, &event)
        && let What::Call { outcome, .. } = &mut event.what
    {
        *outcome = Outcome::Died;
    }
    event
}

fn was_killed_in(timeline: &Timeline<'_>, i: usize, event: &Event<'_>) -> bool {
    let What::Call { call, outcome: Outcome::Returned, .. } = event.what else { return false };
    if !matches!(call.errno(), Some(512..=514 | 516)) {
        return false;
    }
    let later = (i + 1..timeline.len()).take(NEXT).filter_map(|i| timeline.event(i));
    let mut own = later.into_iter().filter(|next| next.tid == event.tid && is_by_itself(next));
    own.next().is_some_and(|next| matches!(next.what, What::Signal(signal) if is_kill(&signal)))
}

/// Whether it is something that the thread does or meets itself, and not what is done to it from outside.
fn is_by_itself(event: &Event<'_>) -> bool {
    event.what.as_event().is_none_or(|event| event.timing() != Timing::AnyMoment)
}
