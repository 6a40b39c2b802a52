//! How often runs that end well are learned from: no namespace takes it all.

use crate::bucket::Bucket;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// All together, and so many at once: each costs some milliseconds.
const ALL: (Duration, u32) = (Duration::from_secs(2), 10);
/// Those of one namespace.
const ONE: (Duration, u32) = (Duration::from_secs(8), 5);

/// The rate of all and of each.
#[derive(Debug)]
pub(super) struct Rate {
    all: Bucket,
    /// Only those that are not full.
    namespaces: HashMap<Box<str>, Bucket>,
}

impl Rate {
    /// With all buckets full.
    pub(super) fn new(now: Instant) -> Self {
        Self { all: Bucket::new(ALL.0, ALL.1, now), namespaces: HashMap::new() }
    }

    /// Takes a token for a run of a namespace, if there is one; no namespace: a container of the host, which no tenant
    /// starts.
    pub(super) fn take(&mut self, namespace: &str, now: Instant) -> bool {
        if !self.all.wait(now).is_zero() {
            return false;
        }
        self.namespaces.retain(|_, bucket| !bucket.is_full(now));
        let own = || Bucket::new(ONE.0, ONE.1, now);
        let is_due = namespace.is_empty() || self.namespaces.entry(namespace.into()).or_insert_with(own).take(now);
        is_due && self.all.take(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_one_namespace_leave_room_for_those_of_others() {
        let now = Instant::now();
        let mut rate = Rate::new(now);
        let learned = |rate: &mut Rate, namespace: &str, now| (0..100).filter(|_| rate.take(namespace, now)).count();
        assert_eq!(learned(&mut rate, "many", now), 5);
        assert_eq!(learned(&mut rate, "shop", now), 5);
        assert_eq!(learned(&mut rate, "last", now), 0);
        // One that never stops takes a quarter.
        let mut taken = (0, 0);
        for second in 1..=800 {
            let at = now + Duration::from_secs(second);
            taken.0 += learned(&mut rate, "many", at);
            taken.1 += learned(&mut rate, "", at);
        }
        assert_eq!(taken, (100, 300));
        let later = now + Duration::from_secs(10_000);
        assert!(rate.take("shop", later));
        assert_eq!(rate.namespaces.len(), 1, "full ones are not kept");
    }
}
