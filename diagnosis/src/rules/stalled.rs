//! A living program that waits for the rest of an answer whose head says how long it is, and of which less was received.

use crate::calls::bits;
use crate::facts::{BegunAnswer, Facts, PATIENCE_NS, Subject, Thread, polled};
use crate::finding::Finding;
use crate::groups::Group;
use crate::text::descriptor;
use crate::weight::STUCK;
use rewind_recording::decode::{self, Invocation};
use rewind_recording::event::{Event, What};
use rewind_recording::render::units::duration;
use rewind_recording::syscalls::arg::ArgKind;

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

/// How many bytes a descriptor received since an answer began, up to an event.
fn received(facts: &Facts<'_>, answer: &BegunAnswer, fd: i32, until: usize) -> u64 {
    let events = (0..until).rev().filter_map(|index| facts.timeline.event(index));
    let since = events.take_while(|event| event.end_ns >= answer.at_ns);
    let bytes = |event: Event<'_>| match event.what {
        What::Call { call, .. } if event.tgid() == Some(answer.tgid) => {
            let row = decode::row(&call, facts.arch).filter(|row| row.has(bits::RECEIVES))?;
            let is_it = matches!(row.args.first(), Some(ArgKind::Fd)) && call.value(0) == Some(fd as u64);
            u64::try_from(call.result).ok().filter(|_| is_it)
        }
        _ => None,
    };
    since.filter_map(bytes).sum()
}

/// The one descriptor of a peer that a thread waits to hear from, and the peer.
fn awaited(facts: &Facts<'_>, thread: &Thread) -> Option<(i32, String)> {
    let wait = thread.wait.as_ref()?;
    let event = facts.timeline.event(wait.index)?;
    let What::Call { call, enter, .. } = event.what else { return None };
    let fd = if wait.bits & bits::RECEIVES != 0 {
        descriptor(&call)
    } else if wait.bits & bits::POLLS != 0 {
        let [fd] = *polled(&Invocation { call, enter }, &wait.name) else { return None };
        fd
    } else {
        return None;
    };
    match Subject::of_descriptor(facts.tables.of(thread.tgid)?, fd) {
        Subject::Peer(peer) => Some((fd, peer)),
        _ => None,
    }
}
