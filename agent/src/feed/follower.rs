//! One ring that is followed: what is new in it, in order, joined, and how far that was delivered.

use super::subscription::{Happened, Missed, Queue};
use crate::recorder::Recorder;
use crate::rings::Position;
use crate::rings::tail::{Records, Tail};
use rewind_common::ring::Ring;
use rewind_recording::join::Joiner;
use std::collections::VecDeque;
use std::sync::{Arc, Weak};

/// A ring in which nothing happens is looked at once in so many looks, at most.
pub(super) const MAX_REST: u64 = 4;
/// After so many looks without news the looks become fewer by half.
const TIRES_AFTER: u64 = 16;

/// Where the next records stand.
type Positions = Vec<Position>;

/// Follows one recording.
pub(super) struct Follower {
    index: u32,
    ring: Ring,
    tail: Tail,
    /// Whether it has been read before.
    has_begun: bool,
    joiner: Joiner,
    /// Whether it is noted for the next agent how far it was delivered.
    keeps: bool,
    /// What was noted of that.
    kept: Positions,
    /// What was delivered and is still held by somebody, and where the next record after it stands.
    held: VecDeque<(Weak<Happened>, Positions)>,
    given_up: u64,
    /// What the kernel side had lost of it, as far as that was told.
    lost: Option<u64>,
    /// Looks without news.
    idle: u64,
    /// The end of the container up to which all was read.
    read_to: Option<u64>,
}

impl Follower {
    pub(super) fn new(index: u32, ring: &Ring, shares: &[usize]) -> Self {
        Self {
            index,
            ring: *ring,
            tail: Tail::new(index, ring.recording, shares),
            has_begun: false,
            joiner: Joiner::default(),
            keeps: false,
            kept: Vec::new(),
            held: VecDeque::new(),
            given_up: 0,
            lost: None,
            idle: 0,
            read_to: None,
        }
    }

    pub(super) const fn recording(&self) -> u64 {
        self.ring.recording
    }

    /// Whether something of it was read.
    pub(super) const fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Whether its container has ended, and all was read.
    pub(super) const fn is_over(&self) -> bool {
        self.read_to.is_some()
    }

    /// What is there already is no news.
    pub(super) fn skip(&mut self, recorder: &Recorder) {
        if let Some(news) = self.tail.look(recorder.mapped()) {
            self.learn(recorder, &news.new);
        }
        self.has_begun = true;
    }

    /// What was delivered by an agent before is no news, and what this one delivers is noted for the next.
    pub(super) fn go_on(&mut self, recorder: &Recorder) {
        self.keeps = true;
        self.tail.go_on(&recorder.mapped().positions(self.index, self.recording()));
    }

    /// One look: delivers what is new. `false`: the ring is another recording's.
    pub(super) fn look(&mut self, recorder: &Recorder, looks: u64, is_round: bool, queues: &[Arc<Queue>]) -> bool {
        let mapped = recorder.mapped();
        if mapped.recording(self.index) != self.recording() {
            return false;
        }
        if is_round {
            self.tell_losses(recorder, queues);
        }
        self.note_delivered(recorder);
        let rest = (1 << (self.idle / TIRES_AFTER).min(8)).min(MAX_REST);
        if !looks.is_multiple_of(rest) {
            return true;
        }
        // Before it is looked whether there is more: nothing comes after the end.
        let end_ns = mapped.end_ns(self.index);
        if self.tail.has_news(mapped) {
            let Some(news) = self.tail.look(mapped) else { return false };
            if !std::mem::replace(&mut self.has_begun, true) {
                self.learn(recorder, &news.old);
            }
            if self.deliver(recorder, &news.new, queues) {
                self.idle = 0;
                return true;
            }
        }
        self.idle += 1;
        if end_ns != self.read_to && !self.tail.is_waiting() {
            self.read_to = end_ns;
            end_ns.into_iter().for_each(|end_ns| recorder.set_read(self.recording(), end_ns));
        }
        true
    }

    /// Takes in what is no news: who threads are, and calls that they are in.
    fn learn(&mut self, recorder: &Recorder, records: &Records) {
        let mut bytes = records.sorted();
        recorder.redact(&mut bytes);
        self.joiner.push(&bytes);
        self.given_up = self.joiner.given_up();
    }

    /// Gives records to all that want them; whether there were any.
    fn deliver(&mut self, recorder: &Recorder, records: &Records, queues: &[Arc<Queue>]) -> bool {
        let mut bytes = records.sorted();
        let redacted = recorder.redact(&mut bytes);
        let batch = self.joiner.push(&bytes);
        let given_up = self.joiner.given_up();
        let unjoined = given_up - std::mem::replace(&mut self.given_up, given_up);
        let missed = Missed { overwritten: records.missed, unjoined, ..Missed::default() };
        queues.iter().for_each(|queue| queue.miss(&missed));
        if bytes.is_empty() {
            return false;
        }
        let container = recorder.container(&self.ring);
        let happened = Arc::new(Happened { recording: self.recording(), container, batch, redacted });
        queues.iter().for_each(|queue| queue.offer(&happened));
        if self.keeps {
            self.held.push_back((Arc::downgrade(&happened), self.tail.positions()));
        }
        true
    }

    /// Whether something that was delivered has not been dealt with.
    pub(super) fn is_held(&mut self, recorder: &Recorder) -> bool {
        if recorder.mapped().recording(self.index) == self.recording() {
            self.note_delivered(recorder);
        }
        self.held.iter().any(|(happened, _)| happened.strong_count() > 0)
    }

    /// Keeps how far all that was delivered has been dealt with.
    fn note_delivered(&mut self, recorder: &Recorder) {
        let mut done = None;
        while self.held.front().is_some_and(|(happened, _)| happened.strong_count() == 0) {
            done = self.held.pop_front().map(|(_, positions)| positions);
        }
        if let Some(positions) = done.filter(|positions| *positions != self.kept) {
            recorder.mapped().set_positions(self.index, self.recording(), &positions);
            self.kept = positions;
        }
    }

    fn tell_losses(&mut self, recorder: &Recorder, queues: &[Arc<Queue>]) {
        let Ok(lost) = recorder.records_lost(self.index, self.recording()) else { return };
        if let Some(before) = self.lost.replace(lost) {
            let missed = Missed { lost: lost.saturating_sub(before), ..Missed::default() };
            queues.iter().for_each(|queue| queue.miss(&missed));
        }
    }
}
