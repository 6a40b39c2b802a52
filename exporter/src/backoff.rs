//! How long to wait before another try: longer each time, and not all at once.

use std::time::Duration;

/// The first pause, and the longest (those of the Collector's exporters).
const PAUSES: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(30));

/// Pauses of one message.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    next: Duration,
    left: Duration,
}

impl Backoff {
    /// Of a message that is given up when it has waited for `most`.
    pub(crate) const fn new(most: Duration) -> Self {
        Self { next: PAUSES.0, left: most }
    }

    /// The next pause, or what the backend asks for if that is longer; `None`: it is given up. `chance` is between 0
    /// and 255.
    pub(crate) fn pause(&mut self, asked: Option<Duration>, chance: u8) -> Option<Duration> {
        // Half of it to all of it.
        let pause = self.next / 2 + self.next / 2 * u32::from(chance) / 255;
        let pause = asked.map_or(pause, |asked| asked.max(Duration::from_millis(1)));
        self.next = (self.next * 3 / 2).min(PAUSES.1);
        self.left = self.left.checked_sub(pause)?;
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound_and_end() {
        let mut backoff = Backoff::new(Duration::from_secs(120));
        let pauses: Vec<u64> = std::iter::from_fn(|| backoff.pause(None, 255)).map(|pause| pause.as_secs()).collect();
        assert_eq!(pauses, [5, 7, 11, 16, 25, 30]);
    }

    #[test]
    fn what_the_backend_asks_for_is_waited_for() {
        let mut backoff = Backoff::new(Duration::from_secs(60));
        assert_eq!(backoff.pause(Some(Duration::from_secs(50)), 0), Some(Duration::from_secs(50)));
        assert_eq!(backoff.pause(Some(Duration::from_secs(50)), 0), None);
    }
}
