//! How often something did not come about: counted where it is logged, shown by `health` and `kubectl rewind status`.

use rewind_recording::api::counter::{Counter, Counts as Named};
use std::sync::atomic::{AtomicU64, Ordering};

/// All counts of this agent, since it started.
#[derive(Debug, Default)]
pub(crate) struct Counts([AtomicU64; Counter::ALL.len()]);

impl Counts {
    /// Counts one; how many there are now.
    pub(crate) fn add(&self, counter: Counter) -> u64 {
        let count = self.0.get(counter as usize);
        count.map_or(0, |count| count.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// By name, zeros left out.
    #[must_use]
    pub(crate) fn named(&self) -> Named {
        let all = Counter::ALL.iter().zip(&self.0);
        let all = all.map(|(counter, count)| (counter.name().to_owned(), count.load(Ordering::Relaxed)));
        all.filter(|(_, count)| *count > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_shown_by_name_and_nothing_else() {
        let counts = Counts::default();
        assert_eq!(counts.named(), Named::new());
        assert_eq!([0; 2].map(|_| counts.add(Counter::RefusedShed)), [1, 2]);
        counts.add(Counter::UploadsFailed);
        assert_eq!(counts.named(), Named::from([("refused_shed".to_owned(), 2), ("uploads_failed".to_owned(), 1)]));
    }
}
