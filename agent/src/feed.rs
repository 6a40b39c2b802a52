//! What happens, as it happens, for whoever subscribes: joined, identified, in order within a thread, bounded.
//!
//! ```text
//! rings (what is decisive and traffic of each; all of one) -> tail -> redact -> join -> a queue a subscriber
//! ```
//!
//! # What always holds
//!
//! * There is no second buffer in the kernel: the feed tails the rings, which hold every such event in memory
//!   that outlives the agent, and looks [`LOOK`] often whether one of a few words of a ring has moved on.
//! * Events of one thread come in the order of their times ([`crate::rings::tail`]). What others write about a
//!   thread (signals sent to it, OOM kills) may come a look later.
//! * A subscriber has a queue of its own, [`subscription::MAX_QUEUE_BYTES`] long. Where it is full, something is not for
//!   it, and counted ([`Missed`]); nobody waits for it. That is of the recording that has most of the queue: what comes
//!   of another makes the newest of that one go, so that a storm in one container costs itself alone. (A share that
//!   none may exceed would either leave room unused or let a few storms fill it.) Of each recording, what a subscriber
//!   to all was given and what it missed are all that there was from the recording's beginning on, or from where the
//!   agent before had come.
//! * How far events were delivered is kept in the kernel beside the rings: the next agent's feed goes on there.
//!   An event counts as delivered when every subscriber that it was given to has dropped it: **at least once**.
//!   What was delivered but still held when an agent was killed comes again, with the same recording, thread and
//!   times. The ring of a container that has died is not given away before it was read
//!   ([`Recorder::set_read`]).
//! * The calls of the main share are for who asks for one recording, as a live trace does.
//!
//! # Why no queue in the kernel
//!
//! `cargo xtask bench --only feed`, 250 containers with 16 failed calls a second each, 2 CPUs, kernel 6.18,
//! November 2026: 4,004 events a second, none missed, 1.5 % of a core (2.7 % with its subscriber, 0.8 % without a
//! feed), an event at its subscriber after 21 ms (99 of 100: 82 ms); a storm of calls beside them changes nothing. A
//! storm of failures writes more than its own ring's protected share between two looks: 333,000 events a second
//! are delivered, the other 33 million of that ring are counted as overwritten, and of the others' none is missed.
//! A queue in the kernel would cost every event a second write, and would run over in that storm as well.
//!
//! To add a subscriber: a module of its own with the loop that takes from its [`Subscription`] (`event_log.rs` is
//! the smallest one), its name in `main.rs`, and the lines in `pipeline.rs` that subscribe and start it.

mod follower;
mod subscription;

pub(crate) use subscription::{Happened, Missed, Subscription};

use crate::recorder::{Error, Recorder};
use follower::{Follower, MAX_REST};
use rewind_common::ring::{DELIVERED, MAIN, PROTECTED, TRAFFIC};
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use subscription::Queue;

/// How often it is looked whether something has happened.
const LOOK: Duration = Duration::from_millis(20);
/// For so many looks, ten seconds, what is in rings when the first subscribes stays there until queues have room for it:
/// of many rings at once it would be more than a queue holds.
const PATIENCE: u64 = 500;
/// So many looks lie between two at which what the kernel side has lost is asked for, and rings that others have
/// now are found.
const ROUND: u64 = 50;

/// The feed of one recorder.
pub(crate) struct Feed {
    recorder: Arc<Recorder>,
    state: Mutex<State>,
    /// Somebody has subscribed, or the feed is to end.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_over: bool,
    /// Nobody waits for subscribers any more.
    is_left: bool,
    looks: u64,
    /// Until that look what is in rings may wait for room.
    patient_to: u64,
    /// How many recordings there had been when rings were looked through last.
    recordings_seen: u64,
    /// Who subscribes to what is decisive, and to traffic, in all recordings.
    all: Vec<Arc<Queue>>,
    /// Those shares of each ring, for them; by its index.
    rings: HashMap<u32, Follower>,
    /// All shares of one ring, for one subscriber each.
    single: Vec<(Follower, Vec<Arc<Queue>>)>,
}

impl Feed {
    /// The feed of a recorder. Nothing is read before somebody subscribes and [`Feed::run`] runs.
    #[must_use]
    pub(crate) fn new(recorder: Arc<Recorder>) -> Self {
        Self { recorder, state: Mutex::default(), changed: Condvar::new() }
    }

    /// What is decisive in all recordings (failed calls, opens, connects, execs, signals, ends and the like), and
    /// their traffic. Who
    /// subscribes first gets what no subscriber has got yet, of agents before this one too, as far as rings hold
    /// it; others get what comes from now on. `name` is for the log.
    #[must_use]
    pub(crate) fn subscribe(&self, name: &'static str) -> Subscription {
        let queue = Queue::new(name);
        let mut state = self.state();
        if state.all.is_empty() {
            self.recorder.begin_reading(true);
            state.patient_to = state.looks + PATIENCE;
            // Looks for rings at once.
            state.recordings_seen = 0;
        }
        state.all.push(Arc::clone(&queue));
        self.changed.notify_all();
        Subscription::new(queue)
    }

    /// All that happens in one recording from now on, each call.
    ///
    /// # Errors
    /// [`Error::Gone`].
    pub(crate) fn subscribe_to(&self, name: &'static str, recording: u64) -> Result<Subscription, Error> {
        let (index, ring) = self.recorder.find(recording)?;
        let mut follower = Follower::new(index, &ring, &[MAIN, PROTECTED, TRAFFIC]);
        follower.skip(&self.recorder);
        let queue = Queue::new(name);
        self.state().single.push((follower, vec![Arc::clone(&queue)]));
        self.changed.notify_all();
        Ok(Subscription::new(queue))
    }

    /// Delivers what happens until [`Feed::stop`], and returns when subscribers have dealt with all of it, or at
    /// [`Feed::leave`]; a thread of its own is for this.
    pub(crate) fn run(&self) {
        let mut state = self.state();
        while !state.is_over {
            state.look(&self.recorder);
            state = if state.is_idle() {
                self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
            } else {
                self.rest(state)
            };
        }
        state.look_at_all(&self.recorder);
        state.close();
        while state.is_held(&self.recorder) && !state.is_left {
            state = self.rest(state);
        }
    }

    /// Nothing new is delivered: subscriptions end with what they have.
    pub(crate) fn stop(&self) {
        self.state().is_over = true;
        self.changed.notify_all();
    }

    /// What subscribers have not dealt with by now is for the next agent's.
    pub(crate) fn leave(&self) {
        self.state().is_left = true;
        self.changed.notify_all();
    }

    /// Waits for the next look.
    fn rest<'s>(&'s self, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        self.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_idle(&self) -> bool {
        self.all.is_empty() && self.single.is_empty()
    }

    fn close(&self) {
        let single = self.single.iter().flat_map(|(_, queues)| queues);
        self.all.iter().chain(single).for_each(|queue| queue.close());
    }

    /// Notes how far subscribers have come; whether they still hold something.
    fn is_held(&mut self, recorder: &Recorder) -> bool {
        // Each of them, so that each is noted.
        self.rings.values_mut().filter_map(|follower| follower.is_held(recorder).then_some(())).count() > 0
    }

    /// One look at all that is followed.
    fn look(&mut self, recorder: &Recorder) {
        self.looks += 1;
        self.drop_those_who_left(recorder);
        let is_round = self.looks.is_multiple_of(ROUND);
        if !self.all.is_empty() {
            let recordings = recorder.newest();
            if is_round || recordings != self.recordings_seen {
                self.recordings_seen = recordings;
                self.find_rings(recorder);
            }
        }
        let (looks, all) = (self.looks, &self.all);
        let is_patient = looks < self.patient_to;
        self.rings.retain(|_, follower| {
            let waits = is_patient && !follower.has_begun() && all.iter().any(|queue| queue.is_half_full());
            waits || follower.look(recorder, looks, is_round, all)
        });
        self.single.retain_mut(|(follower, queues)| {
            let goes_on = follower.look(recorder, looks, is_round, queues) && !follower.is_over();
            if !goes_on {
                queues.iter().for_each(|queue| queue.close());
            }
            goes_on
        });
    }

    /// One look at those as well that rest.
    fn look_at_all(&mut self, recorder: &Recorder) {
        self.looks = (self.looks + 1).next_multiple_of(ROUND * MAX_REST) - 1;
        self.look(recorder);
    }

    /// Follows the rings that have begun, from where the agent before had come.
    fn find_rings(&mut self, recorder: &Recorder) {
        for (index, ring) in recorder.rings() {
            if self.rings.get(&index).is_none_or(|follower| follower.recording() != ring.recording) {
                let mut follower = Follower::new(index, &ring, &DELIVERED);
                follower.go_on(recorder);
                self.rings.insert(index, follower);
            }
        }
    }

    fn drop_those_who_left(&mut self, recorder: &Recorder) {
        let before = self.all.len();
        self.all.retain(|queue| !queue.is_left());
        self.single.retain(|(_, queues)| queues.iter().any(|queue| !queue.is_left()));
        if before > 0 && self.all.is_empty() {
            self.rings.clear();
            recorder.begin_reading(false);
        }
    }
}
