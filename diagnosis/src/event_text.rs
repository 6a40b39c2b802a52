//! Events of a recording in words.

use crate::diagnosis::EventText;
use crate::facts::Facts;
use rewind_recording::clock::Clock;
use rewind_recording::event::{Outcome, What};
use rewind_recording::filter::comm;

/// An event in words.
pub(crate) fn event_text(facts: &Facts<'_>, index: usize, clock: &mut Clock) -> Option<EventText> {
    let event = facts.timeline.event(index)?;
    let duration_ns = match event.what {
        What::Call { call, outcome: Outcome::Returned | Outcome::Died, .. } => Some(call.duration_ns),
        _ => None,
    };
    let time = rfc3339(clock, event.start_ns);
    let comm = event.task.map_or_else(|| "?".to_owned(), |task| comm(&task.comm).text().into_owned());
    Some(EventText { time, ktime_ns: event.start_ns, tid: event.tid, comm, call: facts.text(&event), duration_ns })
}

pub(crate) fn rfc3339(clock: &mut Clock, ktime_ns: u64) -> String {
    let mut time = String::new();
    clock.write_rfc3339(&mut time, ktime_ns);
    time
}
