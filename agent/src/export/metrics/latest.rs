//! What each group said last, for who scrapes: it comes when it likes, and costs no reading.

use super::group::Group;
use opentelemetry_proto::tonic::metrics::v1::ResourceMetrics;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long what is over is told: who scrapes once a minute has seen it, even if one scrape went wrong.
const TOLD_FOR: Duration = Duration::from_secs(150);
/// Most parts that are over and told; the first goes first.
const MAX_ENDED: usize = 1024;

/// The latest of all groups.
#[derive(Debug, Default)]
pub(crate) struct Latest {
    held: Mutex<Held>,
    /// Parts that made room before their time.
    forgotten: AtomicU64,
}

#[derive(Debug, Default)]
struct Held {
    now: BTreeMap<Group, Vec<ResourceMetrics>>,
    ended: VecDeque<(Instant, Group, ResourceMetrics)>,
}

impl Latest {
    /// A group says this now, and this of what is over.
    pub(super) fn put(&self, group: Group, now: &[ResourceMetrics], ended: &[ResourceMetrics]) {
        let mut held = self.held();
        held.now.insert(group, now.to_vec());
        let at = Instant::now();
        held.ended.extend(ended.iter().map(|part| (at, group, part.clone())));
        let too_many = held.ended.len().saturating_sub(MAX_ENDED);
        let gone = held.ended.drain(..too_many).filter(|(since, ..)| at.duration_since(*since) < TOLD_FOR).count();
        self.forgotten.fetch_add(gone as u64, Ordering::Relaxed);
        held.ended.retain(|(since, ..)| at.duration_since(*since) < TOLD_FOR);
    }

    /// A group says nothing any more.
    pub(super) fn forget(&self, group: Group) {
        let mut held = self.held();
        held.now.remove(&group);
        held.ended.retain(|(_, of, _)| *of != group);
    }

    /// All that is told.
    pub(crate) fn all(&self) -> Vec<ResourceMetrics> {
        let held = self.held();
        let ended = held.ended.iter().filter(|(since, ..)| since.elapsed() < TOLD_FOR);
        held.now.values().flatten().chain(ended.map(|(.., part)| part)).cloned().collect()
    }

    /// Parts that made room before their time.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten.load(Ordering::Relaxed)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str) -> ResourceMetrics {
        ResourceMetrics { schema_url: name.to_owned(), ..ResourceMetrics::default() }
    }

    #[test]
    fn what_is_over_is_told_beside_what_is_and_both_go_with_their_group() {
        let latest = Latest::default();
        latest.put(Group::Host, &[part("host")], &[]);
        latest.put(Group::Containers, &[part("a"), part("b")], &[]);
        latest.put(Group::Containers, &[part("b")], &[part("a")]);
        let names = || latest.all().into_iter().map(|of| of.schema_url).collect::<Vec<_>>();
        assert_eq!(names(), ["host", "b", "a"]);
        latest.forget(Group::Containers);
        assert_eq!(names(), ["host"]);
        let many: Vec<_> = (0..MAX_ENDED + 5).map(|at| part(&at.to_string())).collect();
        latest.put(Group::Containers, &[], &many);
        assert_eq!((names().len(), names()[1].as_str(), latest.forgotten()), (MAX_ENDED + 1, "5", 5));
    }
}
