//! What a subscriber has: a queue of its own, and its own count of what it missed.

use rewind_recording::header::Container;
use rewind_recording::join::Batch;
use serde::Serialize;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Most bytes of a subscriber's queue.
pub(super) const MAX_QUEUE_BYTES: usize = 4 << 20;

/// What has happened in one container since the last look. To drop it says that it was dealt with.
#[derive(Debug)]
pub(crate) struct Happened {
    /// The recording.
    pub recording: u64,
    /// Whose it is.
    pub container: Arc<Container>,
    /// The records, secrets hidden, and the events that they make with earlier ones.
    pub batch: Batch,
    /// In how many arguments secrets were hidden.
    pub redacted: u64,
}

/// What a subscriber did not get, since it subscribed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Missed {
    /// Events that came while its queue was full.
    pub queue_full: u64,
    /// Records that were overwritten in their ring before they were read, since the recording began.
    pub overwritten: u64,
    /// Records that the kernel side could not write (`rewind_common::loss`).
    pub lost: u64,
    /// Starts of calls that were given up, since too many waited: their calls came without them.
    pub unjoined: u64,
}

impl Missed {
    pub(super) const fn add(&mut self, other: &Self) {
        self.queue_full += other.queue_full;
        self.overwritten += other.overwritten;
        self.lost += other.lost;
        self.unjoined += other.unjoined;
    }
}

/// The queue between the feed and one subscriber.
#[derive(Debug)]
pub(super) struct Queue {
    name: &'static str,
    state: Mutex<State>,
    filled: Notify,
    left: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    items: VecDeque<Arc<Happened>>,
    bytes: usize,
    /// How much of it is of each recording.
    shares: HashMap<u64, usize>,
    missed: Missed,
    is_closed: bool,
}

impl State {
    fn push(&mut self, happened: &Arc<Happened>) {
        let bytes = happened.batch.bytes();
        self.bytes += bytes;
        *self.shares.entry(happened.recording).or_default() += bytes;
        self.items.push_back(Arc::clone(happened));
    }

    fn pop(&mut self) -> Option<Arc<Happened>> {
        let happened = self.items.pop_front()?;
        self.has_left(&happened);
        Some(happened)
    }

    fn has_left(&mut self, happened: &Happened) {
        let bytes = happened.batch.bytes();
        self.bytes -= bytes;
        if let Entry::Occupied(mut share) = self.shares.entry(happened.recording) {
            *share.get_mut() -= bytes;
            if *share.get() == 0 {
                share.remove();
            }
        }
    }

    /// Makes room for so many bytes of a recording: those that would have more than it has then give their newest, who
    /// has most first. `false`: there is not so much, and nobody gives anything. What is larger than the whole queue
    /// goes into an empty one.
    fn make_room(&mut self, recording: u64, bytes: usize) -> bool {
        let share = self.shares.get(&recording).copied().unwrap_or(0) + bytes;
        let excess: usize = self.shares.values().map(|other| other.saturating_sub(share)).sum();
        let is_full = |state: &Self| state.bytes > 0 && state.bytes + bytes > MAX_QUEUE_BYTES;
        if is_full(self) && self.bytes + bytes > MAX_QUEUE_BYTES + excess {
            return false;
        }
        while is_full(self) {
            let most = self.shares.iter().max_by_key(|(_, bytes)| **bytes).map(|(recording, _)| *recording);
            let newest = self.items.iter().rposition(|happened| Some(happened.recording) == most);
            let Some(given) = newest.and_then(|at| self.items.remove(at)) else { return false };
            self.has_left(&given);
            self.missed.queue_full += given.batch.len() as u64;
        }
        true
    }
}

impl Queue {
    pub(super) fn new(name: &'static str) -> Arc<Self> {
        Arc::new(Self { name, state: Mutex::default(), filled: Notify::new(), left: AtomicBool::new(false) })
    }

    /// Takes it. Where it is full, what is of the recording that has most of it is counted as missed.
    pub(super) fn offer(&self, happened: &Arc<Happened>) {
        let mut state = self.state();
        let before = state.missed.queue_full;
        if state.make_room(happened.recording, happened.batch.bytes()) {
            state.push(happened);
            self.filled.notify_one();
        } else {
            state.missed.queue_full += happened.batch.len() as u64;
        }
        if before == 0 && state.missed.queue_full > 0 {
            tracing::warn!(subscriber = self.name, "does not keep up: it misses events, which are counted");
        }
    }

    pub(super) fn miss(&self, missed: &Missed) {
        if *missed != Missed::default() {
            self.state().missed.add(missed);
        }
    }

    /// Whether there is little room left.
    pub(super) fn is_half_full(&self) -> bool {
        self.state().bytes > MAX_QUEUE_BYTES / 2
    }

    /// Nothing more comes.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.filled.notify_one();
    }

    /// Whether the subscriber has gone.
    pub(super) fn is_left(&self) -> bool {
        self.left.load(Ordering::Relaxed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A subscriber's end. Dropping it ends the subscription.
#[derive(Debug)]
pub(crate) struct Subscription {
    queue: Arc<Queue>,
}

impl Subscription {
    pub(super) const fn new(queue: Arc<Queue>) -> Self {
        Self { queue }
    }

    /// What has happened next. `None`: nothing more will; the feed, or the recording, is over.
    pub(crate) async fn next(&mut self) -> Option<Arc<Happened>> {
        loop {
            if let Some(happened) = self.try_next() {
                return Some(happened);
            }
            if self.queue.state().is_closed {
                // It may have come in between.
                return self.try_next();
            }
            self.queue.filled.notified().await;
        }
    }

    /// What is there already.
    pub(crate) fn try_next(&mut self) -> Option<Arc<Happened>> {
        self.queue.state().pop()
    }

    /// How many bytes wait in the queue.
    #[must_use]
    pub(crate) fn bytes(&self) -> usize {
        self.queue.state().bytes
    }

    /// What it has missed so far.
    #[must_use]
    pub(crate) fn missed(&self) -> Missed {
        self.queue.state().missed
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.queue.left.store(true, Ordering::Relaxed);
        // What it did not take was not delivered to it, but nobody waits for that any more.
        self.queue.state().items.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_recording::event::build;
    use rewind_recording::join::Joiner;

    /// So many events of a recording.
    fn of(recording: u64, events: u64) -> Arc<Happened> {
        let mut records = Vec::new();
        (0..events).for_each(|at| build::signal(&mut records, at, 7, [0; 12]));
        let batch = Joiner::default().push(&records);
        Arc::new(Happened { recording, container: Arc::default(), batch, redacted: 0 })
    }

    fn queue() -> (Arc<Queue>, Subscription) {
        let queue = Queue::new("test");
        (Arc::clone(&queue), Subscription::new(queue))
    }

    /// How many events of each recording wait, in order.
    fn waiting(subscription: &mut Subscription) -> Vec<(u64, usize)> {
        std::iter::from_fn(|| subscription.try_next()).map(|it| (it.recording, it.batch.len())).collect()
    }

    /// As many events as fill the eighth part of a queue: beside eight of these is no room for [`FEW`].
    fn eighth() -> u64 {
        let (none, one) = (of(1, 0).batch.bytes(), of(1, 1).batch.bytes());
        ((MAX_QUEUE_BYTES / 8 - none) / (one - none)) as u64
    }

    const FEW: u64 = 64;

    #[test]
    fn a_storm_that_has_filled_the_queue_gives_way_to_those_that_have_less() {
        let ((queue, mut subscription), many) = (queue(), eighth());
        (0..12).for_each(|_| queue.offer(&of(1, many)));
        let stormed = subscription.missed().queue_full;
        assert_eq!(stormed, 4 * many);
        (0..3).for_each(|_| queue.offer(&of(2, FEW)));
        (0..2).for_each(|_| queue.offer(&of(3, many)));
        let waiting = waiting(&mut subscription);
        let of = |recording| waiting.iter().filter(|it| it.0 == recording).map(|it| it.1 as u64).sum::<u64>();
        assert_eq!([of(1), of(2), of(3)], [5 * many, 3 * FEW, 2 * many]);
        assert_eq!(subscription.missed().queue_full, stormed + 3 * many, "what was given up is counted");
        assert!(waiting.is_sorted_by_key(|it| it.0), "the oldest of the storm stayed");
        assert!(subscription.bytes() == 0 && queue.state().shares.is_empty());
    }

    #[test]
    fn who_would_have_most_gets_nothing_of_others() {
        let ((queue, mut subscription), many) = (queue(), eighth());
        (1..=8).for_each(|recording| queue.offer(&of(recording, many)));
        queue.offer(&of(3, FEW));
        queue.offer(&of(9, many));
        assert_eq!(subscription.missed().queue_full, many + FEW);
        assert_eq!(waiting(&mut subscription).len(), 8);
    }

    #[test]
    fn two_storms_have_half_of_the_queue_each() {
        let ((queue, mut subscription), many) = (queue(), eighth());
        (0..20).for_each(|_| queue.offer(&of(1, many)));
        (0..20).for_each(|_| queue.offer(&of(2, many)));
        let first = waiting(&mut subscription).iter().filter(|it| it.0 == 1).count();
        assert_eq!(first, 4);
        assert_eq!(subscription.missed().queue_full, 32 * many);
    }

    #[test]
    fn what_is_larger_than_the_queue_goes_into_an_empty_one() {
        let ((queue, mut subscription), many) = (queue(), eighth());
        queue.offer(&of(1, 10 * many));
        queue.offer(&of(2, 1));
        assert_eq!(waiting(&mut subscription), [(2, 1)], "the larger one gives way");
        queue.offer(&of(1, 10 * many));
        assert_eq!(waiting(&mut subscription), [(1, 10 * many as usize)]);
    }
}
