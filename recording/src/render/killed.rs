//! Calls in which a thread was killed.
//!
//! The kernel ends such a call as if to restart it, with a return that the program never sees, and
//! kills the thread before it is back in its program: so the call never returned.

use crate::event::{Event, Outcome, Timeline, What};
use crate::events::Timing;
use crate::events::signal::is_kill;
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

/// What of a timeline was killed.
pub(super) struct Killed<'t, 'a> {
    timeline: &'t Timeline<'a>,
    /// The calls, once one is asked for that may be of them.
    calls: OnceCell<HashSet<usize>>,
}

impl<'t, 'a> Killed<'t, 'a> {
    /// Nothing is looked for yet.
    pub(super) const fn of(timeline: &'t Timeline<'a>) -> Self {
        Self { timeline, calls: OnceCell::new() }
    }

    /// Event `i`, as unfinished if its thread was killed in it.
    pub(super) fn as_seen(&self, i: usize, mut event: Event<'a>) -> Event<'a> {
        if may_be_killed(&event)
            && self.calls.get_or_init(|| killed(self.timeline)).contains(&i)
            && let What::Call { outcome, .. } = &mut event.what
        {
            *outcome = Outcome::Died;
        }
        event
    }
}

/// All of them, in one pass from the end: thousands of threads may be killed at a time.
fn killed(timeline: &Timeline<'_>) -> HashSet<usize> {
    let mut calls = HashSet::new();
    // Of each thread, whether what it does or meets next is that it is killed.
    let mut next_is_kill: HashMap<u32, bool> = HashMap::new();
    for i in (0..timeline.len()).rev() {
        let Some(event) = timeline.event(i).filter(is_by_itself) else { continue };
        let is_kill = matches!(event.what, What::Signal(signal) if is_kill(&signal));
        if next_is_kill.insert(event.tid, is_kill) == Some(true) && may_be_killed(&event) {
            calls.insert(i);
        }
    }
    calls
}

/// Whether it is a call that returned as if to be restarted.
fn may_be_killed(event: &Event<'_>) -> bool {
    let What::Call { call, outcome: Outcome::Returned, .. } = event.what else { return false };
    matches!(call.errno(), Some(512..=514 | 516))
}

/// Whether it is something that the thread does or meets itself, and not what is done to it from outside.
fn is_by_itself(event: &Event<'_>) -> bool {
    event.what.as_event().is_none_or(|event| event.timing() != Timing::AnyMoment)
}
