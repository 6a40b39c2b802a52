//! Whom a container waits for, or still gets an answer from.

use super::{accepts_any, who};
use crate::facts::{BegunAnswer, Facts, Thread, is_hotspot};
use crate::words::waiting::{awaited, last_moved, received};
use rewind_common::record::connection::direction;
use rewind_recording::event::What;
use rewind_recording::events::connection;
use rewind_recording::render::units::{bytes, duration};
use std::collections::{BTreeMap, HashSet};

/// Who has something to do has an answer sooner.
const LONG_NS: u64 = 5_000_000_000;

/// The answer that a process is still receiving, of those whose head says how long they are.
pub(super) fn downloads(facts: &Facts<'_>) -> Option<String> {
    let ns = |answer: &BegunAnswer| facts.header.read_ns.saturating_sub(answer.at_ns);
    let is_known = |answer: &&BegunAnswer| answer.at_ns >= facts.header.coverage.complete_from_ns;
    let mut open = facts.begun.iter().rev().filter(|answer| is_known(answer) && ns(answer) >= LONG_NS);
    open.find_map(|answer| {
        let peer = answer.peer.to_string();
        let mut fds = facts.tables.of(answer.tgid)?.open().map(|(fd, _)| fd);
        let fd = fds.find(|fd| facts.peer_by(answer.tgid, *fd).as_ref() == Some(&peer))?;
        let came = received(facts, answer, fd, facts.timeline.len());
        let (of, who) = (bytes(answer.bytes), who(facts, answer.tgid));
        let text = format!("{who} has got {} of {of} of the answer to {} of {peer}", bytes(came), answer.name);
        (came > 0 && came < answer.bytes).then(|| format!("{text} in {}", duration(ns(answer))))
    })
}

/// A process that waits for a peer.
struct Waiting {
    tgid: u32,
    since_ns: u64,
    call: String,
}

/// The one peer that the container waits for.
pub(super) fn waits(facts: &Facts<'_>) -> Option<String> {
    // Who serves waits for whoever asks.
    if !facts.served.is_empty() || accepts_any(facts) {
        return None;
    }
    let accepted = accepted(facts);
    let mut waiting = BTreeMap::<String, Waiting>::new();
    for (tgid, threads) in facts.threads() {
        if !facts.is_below_main(tgid) || threads.iter().any(accepts) {
            continue;
        }
        let Some((peer, since_ns, call)) = in_call(facts, tgid, &threads).or_else(|| in_epoll(facts, tgid, &threads))
        else {
            continue;
        };
        waiting.entry(peer).or_insert(Waiting { tgid, since_ns, call });
    }
    waiting.retain(|peer, _| !accepted.contains(peer));
    let (peer, Waiting { tgid, since_ns, call }) = waiting.pop_first().filter(|_| waiting.is_empty())?;
    let ns = facts.header.read_ns.saturating_sub(since_ns);
    let who = who(facts, tgid);
    (ns >= LONG_NS).then(|| format!("{who} has waited {} for {peer} ({call})", duration(ns)))
}

/// The peer that the main thread of a process waits for in a call; of a JVM the thread that it runs `main` in, which is its
/// second.
fn in_call(facts: &Facts<'_>, tgid: u32, threads: &[Thread]) -> Option<(String, u64, String)> {
    let is_java = is_hotspot(threads);
    let second = || threads.iter().map(|thread| thread.tid).filter(|tid| *tid > tgid).min();
    let main = if is_java { second()? } else { tgid };
    let thread = threads.iter().find(|thread| thread.tid == main)?;
    let wait = thread.wait.as_ref()?;
    let (fd, peer) = awaited(facts, thread)?;
    // Who looks for it again and again waits since something went by it.
    let since_ns = last_moved(facts, tgid, fd, wait.index).unwrap_or(facts.header.read_ns.saturating_sub(wait.ns));
    Some((peer, since_ns, wait.name.to_string()))
}

/// The peer that a process' event loop waits for, and nobody else.
fn in_epoll(facts: &Facts<'_>, tgid: u32, threads: &[Thread]) -> Option<(String, u64, String)> {
    let call = threads.iter().filter_map(|thread| thread.wait.as_ref()).find(|wait| wait.name.starts_with("epoll_"))?;
    let mut own = facts.awaited.iter().filter(|awaited| awaited.tgid == tgid);
    let (only, None) = (own.next()?, own.next()) else { return None };
    let peer = facts.peer_by(tgid, only.fd)?;
    Some((peer, only.since_ns, call.name.to_string()))
}

fn accepts(thread: &Thread) -> bool {
    thread.wait.as_ref().is_some_and(|wait| wait.name.starts_with("accept"))
}

/// The peers whose connections were accepted.
fn accepted(facts: &Facts<'_>) -> HashSet<String> {
    let events = (0..facts.timeline.len()).filter_map(|index| facts.timeline.event(index));
    let peers = events.filter_map(|event| match event.what {
        What::Connection(told) if told.direction == direction::IN => Some(connection::peer(&told).to_string()),
        _ => None,
    });
    peers.collect()
}
