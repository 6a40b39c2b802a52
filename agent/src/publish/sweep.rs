//! What of this node has expired is deleted: `Recording`s that have outlived their crash file, and requests that
//! nobody deleted. Whatever goes in whichever order, nothing is left.

use crate::cluster::Cluster;
use crate::retry::{TIMEOUT, status_code};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::api::{DeleteParams, ListParams, Preconditions};
use kube::{Api, Client, Resource, ResourceExt as _};
use rewind_resources::recording::Recording;
use rewind_resources::request::RecordingRequest;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::time::Duration;

/// How often.
const EVERY: Duration = Duration::from_secs(300);
/// How long after its end a request stays: its plugin may be about to delete it.
const GRACE: SignedDuration = SignedDuration::from_secs(60);
/// How many are listed at a time.
const PAGE: u32 = 500;

/// Sweeps, for ever.
pub(crate) async fn run(cluster: &Cluster) {
    loop {
        tokio::time::sleep(pause(cluster.node(), Timestamp::now())).await;
        let now = Timestamp::now();
        let (client, node) = (&cluster.client().await, cluster.node());
        report("Recordings", swept(client, node, |it: &Recording| is_over(it.spec.expires.as_ref(), now)).await);
        let is_over = |it: &RecordingRequest| is_over(Some(&it.spec.expires), now - GRACE);
        report("RecordingRequests", swept(client, node, is_over).await);
    }
}

/// Agents do not come all at once.
fn pause(node: &str, now: Timestamp) -> Duration {
    let spread =
        node.bytes().fold(now.subsec_nanosecond().unsigned_abs(), |sum, byte| sum.wrapping_mul(31) + u32::from(byte));
    EVERY.mul_f64(0.8 + 0.4 * f64::from(spread % 1000) / 1000.0)
}

fn is_over(expires: Option<&Time>, now: Timestamp) -> bool {
    expires.is_some_and(|expires| expires.0 <= now)
}

fn report(what: &'static str, done: kube::Result<usize>) {
    match done {
        Ok(0) => {}
        Ok(count) => tracing::info!(what, count, "deleted what had expired"),
        // The definitions are gone, or were never there.
        Err(error) if status_code(&error) == Some(404) => tracing::debug!(what, "there is no such resource"),
        Err(error) => tracing::warn!(what, %error, "cannot delete what has expired; it is tried again"),
    }
}

/// Deletes all of this node that are over; how many.
async fn swept<K>(client: &Client, node: &str, is_over: impl Fn(&K) -> bool) -> kube::Result<usize>
where
    K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
{
    let all: Api<K> = Api::all(client.clone());
    let mut page = ListParams::default().fields(&format!("spec.node={node}")).limit(PAGE);
    let mut count = 0;
    loop {
        let Ok(found) = tokio::time::timeout(TIMEOUT * 6, all.list(&page)).await else {
            tracing::warn!(node, "the API server does not list what may have expired; it is tried again");
            return Ok(count);
        };
        let found = found?;
        for object in found.items.iter().filter(|object| is_over(object)) {
            let Some(namespace) = object.namespace() else { continue };
            // One that was renewed meanwhile stays.
            let seen = Preconditions { uid: object.uid(), resource_version: object.resource_version() };
            let how = DeleteParams { preconditions: Some(seen), ..DeleteParams::default() };
            let one: Api<K> = Api::namespaced(client.clone(), &namespace);
            match one.delete(&object.name_any(), &how).await {
                Ok(_) => count += 1,
                Err(error) if matches!(status_code(&error), Some(404 | 409)) => {}
                Err(error) => return Err(error),
            }
        }
        match found.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => return Ok(count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_is_never_over() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!(!is_over(None, at(10)));
        assert!(is_over(Some(&Time(at(10))), at(10)) && !is_over(Some(&Time(at(11))), at(10)));
    }

    #[test]
    fn nodes_sweep_at_different_times_and_each_often_enough() {
        let now = Timestamp::from_second(1_795_000_000).unwrap();
        let pauses: Vec<_> = (0..50).map(|node| pause(&format!("node-{node}"), now)).collect();
        assert!(pauses.iter().all(|pause| (EVERY * 8 / 10..=EVERY * 12 / 10).contains(pause)), "{pauses:?}");
        assert!(pauses.iter().collect::<std::collections::BTreeSet<_>>().len() > 25, "{pauses:?}");
    }
}
