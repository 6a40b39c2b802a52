//! What waits to be told to the cluster: so much and no more. The oldest goes for the newest, and is counted.

use crate::counts::Counts;
use rewind_recording::api::counter::Counter;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// A queue between who knows something and who tells it. Nobody waits to put something in.
#[derive(Debug)]
pub(super) struct Queue<T> {
    what: &'static str,
    most: usize,
    counts: Arc<Counts>,
    /// As what those are counted that were never told.
    dropped: Counter,
    state: Mutex<State<T>>,
    filled: Notify,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<T>,
    /// Whether that is logged already, of this time that it is full.
    is_logged: bool,
}

impl<T> Queue<T> {
    /// An empty one; `what` names what is in it to who reads the log.
    pub(super) fn new(what: &'static str, most: usize, counts: Arc<Counts>, dropped: Counter) -> Self {
        let state = State { items: VecDeque::new(), is_logged: false };
        Self { what, most, counts, dropped, state: Mutex::new(state), filled: Notify::new() }
    }

    /// Puts one in.
    pub(super) fn offer(&self, item: T) {
        let mut state = self.state();
        if state.items.len() >= self.most {
            state.items.pop_front();
            let held_back = self.counts.add(self.dropped);
            if !std::mem::replace(&mut state.is_logged, true) {
                tracing::warn!(what = self.what, held_back, "more than may be told: the oldest are not");
            }
        }
        state.items.push_back(item);
        drop(state);
        self.filled.notify_one();
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.state().items.len()
    }

    /// Takes the oldest one out, as soon as there is one.
    pub(super) async fn next(&self) -> T {
        loop {
            if let Some(item) = self.try_next() {
                return item;
            }
            self.filled.notified().await;
        }
    }

    fn try_next(&self) -> Option<T> {
        let mut state = self.state();
        let item = state.items.pop_front()?;
        if state.items.is_empty() && std::mem::take(&mut state.is_logged) {
            tracing::info!(what = self.what, "all is told that waited");
        }
        Some(item)
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_oldest_goes_for_the_newest_and_is_counted() {
        let counts = Arc::new(Counts::default());
        let queue = Queue::new("numbers", 3, Arc::clone(&counts), Counter::EventsDropped);
        (0..10).for_each(|number| queue.offer(number));
        assert_eq!([queue.next().await, queue.next().await, queue.next().await], [7, 8, 9]);
        let held_back = counts.named().get(Counter::EventsDropped.name()).copied();
        assert_eq!((held_back, queue.try_next()), (Some(7), None));
        queue.offer(10);
        assert_eq!(queue.next().await, 10);
    }
}
