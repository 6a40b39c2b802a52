//! A living program that waits for the rest of an answer whose head says how long it is, and of which less was received.

use crate::facts::{BegunAnswer, Facts, PATIENCE_NS, Thread};
use crate::finding::Finding;
use crate::groups::Group;
use crate::weight::STUCK;
use crate::words::waiting::{awaited, received};
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
    let (fd, peer) = awaited(facts, thread)?;
    let is_it = |answer: &&BegunAnswer| answer.tgid == thread.tgid && answer.peer.to_string() == peer;
    let answer = facts.begun.iter().rfind(is_it)?;
    let came = received(facts, answer, fd, wait.index);
    if came == 0 || came >= answer.bytes || answer.at_ns < facts.header.coverage.complete_from_ns {
        return None;
    }
    let text =
        format!("{} of {peer} got only a part of its answer, and nothing more for {}", answer.name, duration(wait.ns));
    Some(Finding::new("stalled", STUCK, text, [answer.index, wait.index]))
}
