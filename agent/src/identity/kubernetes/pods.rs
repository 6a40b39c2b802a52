//! The pods of this node, as far as they were seen: what is new counts at once, what is deleted is kept for a while.
//!
//! * A pod that is deleted, or that a new list does not hold, is still known for [`KEPT_NS`], and among the last
//!   [`MAX_GONE`] of those: whose container ended a moment ago is asked for after the end.
//! * Runs of containers of which a later status does not tell any more are kept with their pod, [`MAX_RUNS`] of them.
//! * A pod is its UID; names come again.
//!
//! Asking takes a lock for a look into maps, and nobody holds it for longer.

use super::asked::Asked;
use super::facts::{PodFacts, Run};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long a pod that is gone is known.
pub(super) const KEPT_NS: u64 = 10 * 60 * 1_000_000_000;
/// How many of those that are gone are known at most; the first to go is forgotten first.
pub(super) const MAX_GONE: usize = 512;
/// How many runs of containers of one pod are known at most; the oldest are forgotten first.
pub(super) const MAX_RUNS: usize = 64;

/// The pods of this node.
#[derive(Debug, Default)]
pub(crate) struct Pods {
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// By UID.
    pods: HashMap<String, Held>,
    /// UIDs by the ids of containers.
    by_container: HashMap<String, String>,
    /// UIDs by what the kubelet calls static pods.
    by_hash: HashMap<String, String>,
    /// Those that are gone, the first to go first; and when. Some may have come back.
    gone: VecDeque<(String, u64)>,
    /// UIDs that the list under way has held so far.
    listed: Option<HashSet<String>>,
}

#[derive(Debug, Default)]
struct Held {
    facts: PodFacts,
    /// When it was first seen.
    since_ns: u64,
    /// The newest last.
    runs: VecDeque<Run>,
    gone_ns: Option<u64>,
}

/// What is known of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its pod.
    pub pod: rewind_recording::header::Pod,
    /// Whether this very run was found, not its pod alone.
    pub is_run: bool,
}

/// What a container is looked for by; what is not known is empty.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted<'w> {
    /// The runtime's id.
    pub id: &'w str,
    /// The pod's UID, as the path of the cgroup or the runtime tells it.
    pub uid: &'w str,
    /// The container's name in the pod, as the runtime tells it.
    pub container: &'w str,
}

impl Pods {
    /// A pod is there, or has changed.
    pub(crate) fn apply(&self, facts: PodFacts, now_ns: u64) {
        let mut seen = self.seen();
        if let Some(listed) = &mut seen.listed {
            listed.insert(facts.uid.clone());
        }
        seen.apply(facts, now_ns, None);
        seen.forget(now_ns);
    }

    /// A pod was deleted; these are its last facts.
    pub(crate) fn delete(&self, facts: PodFacts, now_ns: u64) {
        let mut seen = self.seen();
        if let Some(listed) = &mut seen.listed {
            listed.remove(&facts.uid);
        }
        seen.gone.push_back((facts.uid.clone(), now_ns));
        seen.apply(facts, now_ns, Some(now_ns));
        seen.forget(now_ns);
    }

    /// All that are there are applied next.
    pub(crate) fn begin_list(&self) {
        self.seen().listed = Some(HashSet::new());
    }

    /// All that are there were applied since.
    pub(crate) fn end_list(&self, now_ns: u64) {
        let mut seen = self.seen();
        let Some(listed) = seen.listed.take() else { return };
        let missing = seen.pods.iter_mut().filter(|(uid, held)| held.gone_ns.is_none() && !listed.contains(*uid));
        let missing: Vec<String> = missing
            .map(|(uid, held)| {
                held.gone_ns = Some(now_ns);
                uid.clone()
            })
            .collect();
        seen.gone.extend(missing.into_iter().map(|uid| (uid, now_ns)));
        seen.forget(now_ns);
    }

    /// What is known of a container.
    #[must_use]
    pub(crate) fn find(&self, wanted: Wanted<'_>) -> Option<Found> {
        let seen = self.seen();
        let by_id = seen.by_container.get(wanted.id).and_then(|uid| seen.pods.get(uid));
        // A path says which pod it is of; who can name a cgroup must not be taken for another's container.
        let by_id = by_id.filter(|held| wanted.uid.is_empty() || held.is(wanted.uid));
        if let Some(held) = by_id
            && let Some(run) = held.runs.iter().find(|run| run.id == wanted.id)
        {
            return Some(Found { pod: held.facts.told(&run.container, Some(run)), is_run: true });
        }
        let uid = seen.by_hash.get(wanted.uid).map_or(wanted.uid, String::as_str);
        let held = seen.pods.get(uid)?;
        Some(Found { pod: held.facts.told(wanted.container, None), is_run: false })
    }

    /// What the annotations of a pod ask for. `None`: the pod is not known.
    #[must_use]
    pub(crate) fn asked(&self, uid: &str) -> Option<Asked> {
        self.seen().pods.get(uid).map(|held| held.facts.read.asked)
    }

    /// Annotations of pods that are not understood: the pod's namespace, and a sentence.
    #[must_use]
    pub(super) fn refused(&self) -> Vec<(String, String)> {
        let seen = self.seen();
        let there = seen.pods.values().filter(|held| held.gone_ns.is_none()).map(|held| &held.facts);
        let told = there.map(|facts| (facts, facts.read.told(&facts.whose())));
        told.flat_map(|(facts, told)| told.into_iter().map(|told| (facts.namespace.clone(), told))).collect()
    }

    /// The namespaces of the pods that are there, and when the newest pod of each was first seen.
    #[must_use]
    pub(super) fn namespaces(&self) -> BTreeMap<String, u64> {
        let mut newest = BTreeMap::new();
        for held in self.seen().pods.values().filter(|held| held.gone_ns.is_none()) {
            match newest.get_mut(&held.facts.namespace) {
                Some(newest_ns) => *newest_ns = held.since_ns.max(*newest_ns),
                None => drop(newest.insert(held.facts.namespace.clone(), held.since_ns)),
            }
        }
        newest
    }

    /// How many pods are known, with those that are gone.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.seen().pods.len()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn is(&self, uid: &str) -> bool {
        self.facts.uid == uid || self.facts.config_hash.as_deref() == Some(uid)
    }
}

impl Seen {
    fn apply(&mut self, mut facts: PodFacts, now_ns: u64, gone_ns: Option<u64>) {
        let uid = facts.uid.clone();
        if let Some(hash) = &facts.config_hash {
            // The last that is heard of a static pod may come after the first of the one in its place.
            let of = self.by_hash.entry(hash.clone()).or_insert_with(|| uid.clone());
            if gone_ns.is_none() {
                of.clone_from(&uid);
            }
        }
        let held = self.pods.entry(uid.clone()).or_insert_with(|| Held { since_ns: now_ns, ..Held::default() });
        facts.read = std::mem::take(&mut facts.read).after(&held.facts.read, || facts.whose());
        // The current one stands before the one before it.
        for run in facts.runs.drain(..).rev() {
            match held.runs.iter_mut().find(|known| known.id == run.id) {
                Some(known) if run.image_id.is_empty() => known.restart = run.restart,
                Some(known) => *known = run,
                None => {
                    self.by_container.insert(run.id.clone(), uid.clone());
                    held.runs.push_back(run);
                }
            }
        }
        let too_many = held.runs.len().saturating_sub(MAX_RUNS);
        for oldest in held.runs.drain(..too_many) {
            self.by_container.remove(&oldest.id);
        }
        (held.facts, held.gone_ns) = (facts, gone_ns);
    }

    /// Forgets what has been gone for too long, and the first of too many.
    fn forget(&mut self, now_ns: u64) {
        while let Some((uid, at_ns)) = self.gone.front() {
            let is_gone = self.pods.get(uid).is_some_and(|held| held.gone_ns == Some(*at_ns));
            if is_gone && self.gone.len() <= MAX_GONE && now_ns.saturating_sub(*at_ns) < KEPT_NS {
                return;
            }
            let Some((uid, _)) = self.gone.pop_front() else { return };
            if is_gone && let Some(held) = self.pods.remove(&uid) {
                self.remove(&uid, &held);
            }
        }
    }

    fn remove(&mut self, uid: &str, held: &Held) {
        for run in &held.runs {
            if self.by_container.get(&run.id).is_some_and(|of| of == uid) {
                self.by_container.remove(&run.id);
            }
        }
        // The same static pod may be there again, as another pod.
        if let Some(hash) = &held.facts.config_hash
            && self.by_hash.get(hash).is_some_and(|of| of == uid)
        {
            self.by_hash.remove(hash);
        }
    }
}
