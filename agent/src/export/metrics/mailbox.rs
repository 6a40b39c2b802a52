//! What waits for a backend: the newest of what is, and all of what is over, as far as there is room.

use opentelemetry_proto::tonic::metrics::v1::ResourceMetrics;
use rewind_otlp::metric;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Most parts that wait and are of what is over; the first goes first.
const MAX_ENDED: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Mailbox {
    held: Mutex<Held>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Held {
    now: Vec<ResourceMetrics>,
    ended: Vec<ResourceMetrics>,
}

impl Mailbox {
    /// Puts what is so now, if there is any, in place of what was, and what is over beside it. How many data points no
    /// backend will have.
    pub(super) fn put(&self, now: Vec<ResourceMetrics>, ended: Vec<ResourceMetrics>) -> u64 {
        let mut held = self.held();
        let mut replaced = Vec::new();
        if !now.is_empty() {
            replaced = std::mem::replace(&mut held.now, now);
        }
        held.ended.extend(ended);
        let too_many = held.ended.len().saturating_sub(MAX_ENDED);
        replaced.extend(held.ended.drain(..too_many));
        self.filled.notify_one();
        replaced.iter().map(metric::points).sum()
    }

    /// What waits, as soon as something does. What is over comes first.
    pub(super) async fn take(&self) -> Vec<ResourceMetrics> {
        loop {
            let Held { now, mut ended } = std::mem::take(&mut *self.held());
            ended.extend(now);
            if !ended.is_empty() {
                return ended;
            }
            self.filled.notified().await;
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::resource::v1::Resource;
    use rewind_otlp::metric::{Points, sum};

    fn part(points: u64) -> ResourceMetrics {
        let of = Points { began_unix_ns: 1, now_unix_ns: 2 };
        let points = (0..points).map(|at| of.of(at, &[])).collect();
        metric::of_resource(Resource::default(), vec![sum("a", "1", "", points)])
    }

    #[tokio::test]
    async fn newer_ones_take_the_place_of_older_ones_and_what_is_over_waits() {
        let mailbox = Mailbox::default();
        assert_eq!(mailbox.put(vec![part(3)], vec![part(10)]), 0);
        assert_eq!(mailbox.put(vec![part(4)], vec![part(20)]), 3);
        assert_eq!(mailbox.put(Vec::new(), vec![part(30)]), 0, "what is over alone replaces nothing");
        let taken: Vec<_> = mailbox.take().await.iter().map(metric::points).collect();
        assert_eq!(taken, [10, 20, 30, 4]);
        assert_eq!(mailbox.put(vec![part(1)], vec![part(2); MAX_ENDED + 1]), 2);
        assert_eq!(mailbox.take().await.len(), MAX_ENDED + 1);
    }
}
