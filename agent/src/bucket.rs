//! A token bucket: how often something may happen. The time is the caller's.

use std::time::{Duration, Instant};

/// Tokens, which come at a rate, up to so many.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    every: Duration,
    most: u32,
    /// When it will be full again: each token that is taken puts it off.
    full_at: Instant,
}

impl Bucket {
    /// A full one, in which there is room for `most` tokens, and a new one comes after each `every`.
    #[must_use]
    pub(crate) const fn new(every: Duration, most: u32, now: Instant) -> Self {
        Self { every, most, full_at: now }
    }

    /// Takes a token, if there is one.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let there = self.wait(now).is_zero();
        if there {
            self.full_at = self.full_at.max(now) + self.every;
        }
        there
    }

    /// Whether it is as a new one.
    #[must_use]
    pub(crate) fn is_full(&self, now: Instant) -> bool {
        self.full_at <= now
    }

    /// How long until there is a token.
    #[must_use]
    pub(crate) fn wait(&self, now: Instant) -> Duration {
        let missing = self.full_at.saturating_duration_since(now);
        missing.saturating_sub(self.every * self.most.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_millis(500);

    #[test]
    fn as_many_as_fit_may_come_at_once_and_then_one_after_the_other() {
        let now = Instant::now();
        let mut bucket = Bucket::new(EVERY, 3, now);
        assert_eq!([0; 5].map(|_| bucket.take(now)), [true, true, true, false, false]);
        assert_eq!(bucket.wait(now), EVERY);
        assert!(!bucket.take(now + EVERY / 2));
        assert!(bucket.take(now + EVERY) && !bucket.take(now + EVERY));
        // After a long rest it holds no more than fit.
        let later = now + EVERY * 100;
        assert_eq!([0; 4].map(|_| bucket.take(later)), [true, true, true, false]);
    }
}
