//! What is asked for by the annotations of this node's pods and of their namespaces.
//!
//! A namespace is got once, its metadata only and from the API server's cache, when the first pod of it is seen; again
//! when a new pod of it comes, at most once in [`AGAIN_NS`]; and every [`REFRESH_NS`]. A watch would bring every change
//! of every namespace of the cluster to every node; and to read the names of all is a right that agents need not have.

use super::asked::{Asked, Read};
use super::pods::Pods;
use crate::clock;
use crate::cluster::Cluster;
use crate::retry::{TIMEOUT, is_final, status_code};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::GetParams;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often it is looked for namespaces that are to be got.
const LOOK: Duration = Duration::from_secs(1);
/// How soon at the earliest a namespace is got again because of a new pod.
const AGAIN_NS: u64 = 10_000_000_000;
/// How often one is got in any case.
const REFRESH_NS: u64 = 300_000_000_000;
/// How long after the API did not answer it is asked again.
const PAUSE: Duration = Duration::from_secs(10);

/// What annotations ask for.
#[derive(Debug, Default)]
pub(crate) struct Annotations {
    pods: Arc<Pods>,
    /// By namespace.
    held: Mutex<HashMap<String, Held>>,
}

#[derive(Clone, Debug)]
struct Held {
    read: Read,
    got_ns: u64,
}

impl Annotations {
    /// Of these pods.
    #[must_use]
    pub(crate) fn of(pods: Arc<Pods>) -> Self {
        Self { pods, held: Mutex::default() }
    }

    /// What a pod asks for, and what its namespace does. `None`: that is not known yet.
    #[must_use]
    pub(crate) fn asked(&self, namespace: &str, uid: &str) -> [Option<Asked>; 2] {
        [self.pods.asked(uid), self.of_namespace(namespace)]
    }

    /// Annotations that are not understood: the namespace, and a sentence.
    #[must_use]
    pub(crate) fn refused(&self) -> Vec<(String, String)> {
        let mut told = self.pods.refused();
        for (name, Held { read, .. }) in self.held().iter() {
            told.extend(read.told(&format!("namespace {name}")).into_iter().map(|sentence| (name.clone(), sentence)));
        }
        told.sort();
        told
    }

    fn of_namespace(&self, namespace: &str) -> Option<Asked> {
        self.held().get(namespace).map(|held| held.read.asked)
    }

    /// Gets the namespaces that are due, for as long as the agent runs.
    pub(crate) async fn run(&self, cluster: &Cluster) {
        let client = cluster.client().await;
        let api: Api<Namespace> = Api::all(client);
        let (mut is_away, mut is_refused) = (false, false);
        loop {
            tokio::time::sleep(if is_away { PAUSE } else { LOOK }).await;
            let newest = self.pods.namespaces();
            self.forget(&newest);
            for name in self.due(&newest, clock::now_ns()) {
                // From its cache: what is a moment old will do.
                let one = tokio::time::timeout(TIMEOUT, api.get_metadata_with(&name, &GetParams::at("0"))).await;
                let failed = match one {
                    Ok(Ok(object)) => {
                        let all = object.metadata.annotations.unwrap_or_default();
                        self.put(&name, Read::of(|name| all.get(name).map(String::as_str)), clock::now_ns());
                        None
                    }
                    Ok(Err(error)) if is_final(&error) => {
                        // It is gone, or agents may not read it: it asks for nothing.
                        if status_code(&error) != Some(404) && !std::mem::replace(&mut is_refused, true) {
                            tracing::warn!(%error, "annotations of namespaces are not heeded");
                        }
                        self.put(&name, Read::default(), clock::now_ns());
                        None
                    }
                    Ok(Err(error)) => Some(error.to_string()),
                    Err(_) => Some(format!("no answer within {TIMEOUT:?}")),
                };
                let was_away = std::mem::replace(&mut is_away, failed.is_some());
                if let Some(error) = failed {
                    if !was_away {
                        tracing::warn!(namespace = name, error, "its annotations cannot be got; trying again");
                    }
                    break;
                }
            }
        }
    }

    fn put(&self, name: &str, read: Read, got_ns: u64) {
        let mut held = self.held();
        let before = held.get(name).map(|held| held.read.clone()).unwrap_or_default();
        let read = read.after(&before, || format!("namespace {name}"));
        held.insert(name.to_owned(), Held { read, got_ns });
    }

    /// Those of which there is no pod any more.
    fn forget(&self, newest: &BTreeMap<String, u64>) {
        self.held().retain(|name, _| newest.contains_key(name));
    }

    /// Which are to be got; `newest` says when the newest pod of each came.
    fn due(&self, newest: &BTreeMap<String, u64>, now_ns: u64) -> Vec<String> {
        let held = self.held();
        let is_due = |name: &str, newest_ns: u64| {
            let Some(Held { got_ns, .. }) = held.get(name) else { return true };
            let age_ns = now_ns.saturating_sub(*got_ns);
            // Not all at once: those that were got together have names of their own.
            let spread = name.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(byte)) % 64;
            age_ns >= REFRESH_NS + spread * LOOK.as_nanos() as u64 || newest_ns > *got_ns && age_ns >= AGAIN_NS
        };
        newest.iter().filter(|(name, at)| is_due(name, **at)).map(|(name, _)| name.clone()).collect()
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_resources::group::annotations::RECORD;

    const SECOND_NS: u64 = 1_000_000_000;

    fn saying(value: &'static str) -> Read {
        Read::of(|name| (name == RECORD).then_some(value))
    }

    #[test]
    fn a_namespace_is_got_at_first_sight_then_for_new_pods_and_now_and_then() {
        let namespaces = Annotations::default();
        let newest = |at_s: u64| BTreeMap::from([("shop".to_owned(), at_s * SECOND_NS)]);
        let due = |newest_s: u64, now_s: u64| !namespaces.due(&newest(newest_s), now_s * SECOND_NS).is_empty();
        assert!(due(1, 1));
        namespaces.put("shop", Read::default(), 2 * SECOND_NS);
        assert!(!due(1, 3) && !due(1, 200));
        // Another pod: at once, but not for each of a swarm.
        assert!(!due(5, 6) && due(5, 12) && due(5, 100));
        assert!(due(1, 2 + 300 + 64));
    }

    #[test]
    fn what_is_not_known_is_not_nothing() {
        let namespaces = Annotations::default();
        assert_eq!(namespaces.of_namespace("shop"), None);
        namespaces.put("shop", Read::default(), 1);
        assert_eq!(namespaces.of_namespace("shop"), Some(Asked::default()));
        namespaces.forget(&BTreeMap::new());
        assert_eq!(namespaces.of_namespace("shop"), None);
    }

    #[test]
    fn what_is_not_understood_is_told_and_the_last_good_one_stays() {
        let namespaces = Annotations::default();
        namespaces.put("shop", saying("false"), 1);
        assert!(namespaces.refused().is_empty());
        namespaces.put("shop", saying("never"), 2);
        assert_eq!(namespaces.of_namespace("shop").unwrap().record, Some(false));
        let told = "namespace shop: rewind.dev/record: \"never\" is neither true nor false";
        assert_eq!(namespaces.refused(), [("shop".to_owned(), told.to_owned())]);
    }
}
