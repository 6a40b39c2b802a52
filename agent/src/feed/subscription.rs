//! What a subscriber has: a queue of its own, and its own count of what it missed.

use rewind_recording::header::Container;
use rewind_recording::join::Batch;
use serde::Serialize;
use std::collections::VecDeque;
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
    missed: Missed,
    is_closed: bool,
}

impl Queue {
    pub(super) fn new(name: &'static str) -> Arc<Self> {
        Arc::new(Self { name, state: Mutex::default(), filled: Notify::new(), left: AtomicBool::new(false) })
    }

    /// Takes it, or counts what is in it as missed.
    pub(super) fn offer(&self, happened: &Arc<Happened>) {
        let mut state = self.state();
        let bytes = happened.batch.bytes();
        // One that is larger than the whole queue is taken where the queue is empty.
        if state.bytes > 0 && state.bytes + bytes > MAX_QUEUE_BYTES {
            let first = state.missed.queue_full == 0;
            state.missed.queue_full += happened.batch.len() as u64;
            if first {
                tracing::warn!(subscriber = self.name, "does not keep up: it misses events, which are counted");
            }
            return;
        }
        state.bytes += bytes;
        state.items.push_back(Arc::clone(happened));
        drop(state);
        self.filled.notify_one();
    }

    pub(super) fn miss(&self, missed: &Missed) {
        if *missed != Missed::default() {
            self.state().missed.add(missed);
        }
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
        let mut state = self.queue.state();
        let happened = state.items.pop_front()?;
        state.bytes -= happened.batch.bytes();
        Some(happened)
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
