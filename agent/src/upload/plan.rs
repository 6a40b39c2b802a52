//! Which crash file is sent next, and when: pure.
//!
//! Files that failed less often come first, and of these the newest. A file that fails waits longer each time. When
//! several fail one after the other it is the store: then one file at a time is tried, with a pause in between, so that
//! the store is asked no more often because more has crashed. The first that gets through calls the others back.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// How long after a file could not be sent it is tried again, and how long at most.
const PAUSES: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));
/// So many failures one after the other are the store's, not the files'.
const MAX_FAILURES: u32 = 3;

/// What is known of the files.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// In the store, or never to be.
    done: HashSet<u64>,
    sending: HashSet<u64>,
    failed: HashMap<u64, Failed>,
    /// Failures one after the other, of whichever file, and when the last was.
    in_a_row: u32,
    last: Option<Instant>,
}

/// A file that could not be sent.
#[derive(Clone, Copy, Debug)]
struct Failed {
    tries: u32,
    due: Instant,
}

impl Plan {
    /// Takes the one of these files that is to be sent now.
    pub(super) fn take(&mut self, numbers: &[u64], now: Instant) -> Option<u64> {
        self.done.retain(|number| numbers.contains(number));
        self.failed.retain(|number, _| numbers.contains(number));
        if self.is_held_back() || self.store_due().is_some_and(|due| due > now) {
            return None;
        }
        let due = numbers.iter().copied().filter(|number| self.is_due(*number, now));
        let next = due.min_by_key(|number| (self.tries(*number), Reverse(*number)))?;
        self.sending.insert(next);
        Some(next)
    }

    /// When there may be something to send though no file has come; `None`: nothing waits, or only for what is under way.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        if self.is_held_back() {
            return None;
        }
        let waiting = self.failed.iter().filter(|(number, _)| !self.sending.contains(number));
        let file = || waiting.map(|(_, failed)| failed.due).min();
        self.store_due().filter(|due| *due > now).or_else(file)
    }

    /// It is in the store.
    pub(super) fn sent(&mut self, number: u64, now: Instant) {
        self.never(number);
        if self.is_away() {
            self.failed.values_mut().for_each(|failed| failed.due = now);
        }
        self.in_a_row = 0;
    }

    /// It could not be sent.
    pub(super) fn failed(&mut self, number: u64, now: Instant) {
        self.sending.remove(&number);
        let tries = self.tries(number).saturating_add(1);
        self.failed.insert(number, Failed { tries, due: now + pause(tries) });
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.last = Some(now);
    }

    /// It is gone, or damaged: there is nothing to send.
    pub(super) fn never(&mut self, number: u64) {
        self.sending.remove(&number);
        self.failed.remove(&number);
        self.done.insert(number);
    }

    const fn is_away(&self) -> bool {
        self.in_a_row >= MAX_FAILURES
    }

    /// Whether a store that is away is being tried.
    fn is_held_back(&self) -> bool {
        self.is_away() && !self.sending.is_empty()
    }

    /// When a store that is away may be asked again.
    fn store_due(&self) -> Option<Instant> {
        self.last.filter(|_| self.is_away()).map(|last| last + PAUSES.0)
    }

    fn is_due(&self, number: u64, now: Instant) -> bool {
        let is_idle = !self.done.contains(&number) && !self.sending.contains(&number);
        is_idle && self.failed.get(&number).is_none_or(|failed| failed.due <= now)
    }

    fn tries(&self, number: u64) -> u32 {
        self.failed.get(&number).map_or(0, |failed| failed.tries)
    }
}

fn pause(tries: u32) -> Duration {
    PAUSES.0.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1))).min(PAUSES.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_go_first_and_each_once() {
        let (mut plan, now) = (Plan::default(), Instant::now());
        assert_eq!([0; 4].map(|_| plan.take(&[1, 2, 3], now)), [Some(3), Some(2), Some(1), None]);
        plan.sent(3, now);
        plan.never(2);
        plan.sent(1, now);
        assert_eq!(plan.take(&[1, 2, 3, 4], now), Some(4));
        plan.sent(4, now);
        assert_eq!((plan.take(&[1, 2, 3, 4], now), plan.due(now)), (None, None));
    }

    #[test]
    fn a_file_that_hangs_or_fails_always_holds_up_none_of_the_others() {
        let (mut plan, mut now) = (Plan::default(), Instant::now());
        assert_eq!(plan.take(&[1], now), Some(1));
        for new in 2..50 {
            assert_eq!(plan.take(&[1, new], now), Some(new), "while 1 hangs");
            plan.sent(new, now);
        }
        plan.failed(1, now);
        for _ in 0..20 {
            while plan.take(&[1], now).is_none() {
                now = plan.due(now).filter(|due| *due > now).unwrap();
            }
            plan.failed(1, now);
        }
        // The store lets nothing through, as far as is known; a new file is tried all the same, and soon.
        now += PAUSES.0;
        assert_eq!(plan.take(&[1, 60], now), Some(60));
        plan.sent(60, now);
        assert_eq!(plan.take(&[1, 60], now), Some(1));
    }

    #[test]
    fn a_store_that_is_away_is_asked_no_more_often_because_more_has_crashed() {
        let (mut plan, begin) = (Plan::default(), Instant::now());
        let (mut now, mut asked) = (begin, 0);
        while now < begin + Duration::from_secs(600) {
            let numbers: Vec<_> = (0..1 + now.duration_since(begin).as_secs()).collect();
            while let Some(number) = plan.take(&numbers, now) {
                asked += 1;
                plan.failed(number, now);
            }
            now += Duration::from_millis(500);
        }
        assert!((100..=130).contains(&asked), "{asked}");
        // It is back: one file finds out, and then nothing that has failed waits any longer.
        now += PAUSES.0;
        let first = plan.take(&[1, 2, 3], now).unwrap();
        assert_eq!(plan.take(&[1, 2, 3], now), None);
        plan.sent(first, now);
        assert!(plan.take(&[1, 2, 3], now).is_some() && plan.take(&[1, 2, 3], now).is_some());
    }

    #[test]
    fn pauses_grow_to_a_limit() {
        assert_eq!([1, 2, 3, 40].map(|tries| pause(tries).as_secs()), [5, 10, 20, 300]);
    }
}
