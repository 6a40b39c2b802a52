//! A living program that waits for the rest of an answer whose head says how long it is. Who has all of it does not wait
//! for more by that socket alone.

use crate::calls::bits;
use crate::facts::{Facts, PATIENCE_NS, Subject, Thread, polled};
use crate::finding::Finding;
use crate::groups::Group;
use crate::weight::STUCK;
use rewind_recording::decode::Invocation;
use rewind_recording::event::What;
use rewind_recording::render::units::duration;

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    if !facts.is_living() || facts.is_frozen() || facts.begun.is_empty() {
        return Vec::new();
    }
    let threads = facts.threads().into_values().flatten();
    threads.filter_map(|thread| finding(facts, &thread)).collect()
}

fn finding(facts: &Facts<'_>, thread: &Thread) -> Option<Finding> {
    let wait = thread.wait.as_ref().filter(|wait| wait.ns >= PATIENCE_NS && !wait.is_before)?;
    let peer = peer(facts, thread)?;
    let is_it = |peer_of: &str| peer == peer_of;
    let answer = facts.begun.iter().rfind(|answer| answer.tgid == thread.tgid && is_it(&answer.peer.to_string()))?;
    let text =
        format!("{} of {peer} got only a part of its answer, and nothing more for {}", answer.name, duration(wait.ns));
    Some(Finding::new("stalled", STUCK, text, [answer.index, wait.index]))
}

/// The one peer that a thread waits to hear from.
fn peer(facts: &Facts<'_>, thread: &Thread) -> Option<String> {
    let wait = thread.wait.as_ref()?;
    let event = facts.timeline.event(wait.index)?;
    let What::Call { call, enter, .. } = event.what else { return None };
    let subject = if wait.bits & bits::RECEIVES != 0 {
        facts.subject(&event)
    } else if wait.bits & bits::POLLS != 0 {
        let [fd] = *polled(&Invocation { call, enter }, &wait.name) else { return None };
        facts.tables.of(thread.tgid).map_or(Subject::Nothing, |table| Subject::of_descriptor(table, fd))
    } else {
        return None;
    };
    match subject {
        Subject::Peer(peer) => Some(peer),
        _ => None,
    }
}
