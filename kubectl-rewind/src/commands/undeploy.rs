//! `undeploy`: removes agents, then what they left in the nodes' kernels, then everything else.

use crate::cluster::manifests::{self, Manifest, manifests};
use crate::cluster::{Cluster, apply};
use crate::error::Error;
use crate::output::{Line, note};
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use std::time::Duration;

/// Undeploys. What was never there, or is gone already, is as good.
///
/// # Errors
/// [`Error`]; what is done until then stays done, and another try goes on from there.
pub(super) async fn run(cluster: &Cluster, keep_recordings: bool, timeout: u64) -> Result<(), Error> {
    let patience = Duration::from_secs(timeout);
    let all = manifests(None)?;
    let Some(agents) = all.iter().find(|manifest| manifest.is("DaemonSet")) else { return Ok(()) };
    let mut unreached = Vec::new();
    if let Some(unload) = unloading(cluster, agents, &all).await? {
        note("the agents are stopped; what they recorded stays in the nodes' kernels until it is unloaded");
        if !apply::delete(cluster, agents, patience).await? {
            note("some agents have not ended yet: their nodes may be away");
        }
        unreached = self::unload(cluster, &unload, patience).await?;
        apply::delete(cluster, &unload, patience).await?;
    }
    let mut left = Vec::new();
    // What watches over others goes first, so that nothing is refused for its sake.
    for manifest in all.iter().rev().filter(|manifest| !manifest.is("DaemonSet")) {
        let is_kept = keep_recordings && manifest.is("CustomResourceDefinition");
        if !is_kept && !apply::delete(cluster, manifest, patience).await? {
            left.push(manifest.label());
        }
    }
    if !left.is_empty() {
        let left = left.join(", ");
        return Err(Error::Unready(format!(
            "still there after {timeout} s: {left}; try again, or see 'kubectl describe'"
        )));
    }
    if !unreached.is_empty() {
        let nodes = unreached.join(", ");
        return Err(Error::Unready(format!(
            "all objects are gone, but these nodes were not reached and may record still: {nodes}; a restart of a node, \
             or 'rewind-agent unload' on it, ends that"
        )));
    }
    let kept = if keep_recordings { "; Recordings and their kinds are kept" } else { "" };
    note(&format!(
        "Rewind is gone from this cluster and its nodes' kernels{kept}; crash files stay in /var/lib/rewind of each node"
    ));
    Ok(())
}

/// The DaemonSet that unloads; `None`: nothing is deployed. It runs the agents' own image, which is on the nodes already
/// and has made what is to be unloaded; where an earlier try has deleted the agents, its own DaemonSet or this version's.
async fn unloading(cluster: &Cluster, agents: &Manifest, all: &[Manifest]) -> Result<Option<Manifest>, Error> {
    let of = |object| Manifest { object, resource: agents.resource.clone() };
    let unload = of(manifests::unload(&agents.object));
    if let Some(running) = apply::get(cluster, agents).await? {
        return Ok(Some(of(manifests::unload(&running))));
    }
    if let Some(mut begun) = apply::get(cluster, &unload).await? {
        let labels = begun.metadata.labels.take();
        begun.metadata = unload.object.metadata.clone();
        begun.metadata.labels = labels;
        return Ok(Some(of(begun)));
    }
    let Some(namespace) = all.iter().find(|manifest| manifest.is("Namespace")) else { return Ok(None) };
    Ok(apply::get(cluster, namespace).await?.map(|_| unload))
}

/// Unloads every node; those that were not reached.
async fn unload(cluster: &Cluster, set: &Manifest, patience: Duration) -> Result<Vec<String>, Error> {
    apply::apply(cluster, set, false).await?;
    let pods = cluster.api::<Pod>(set.namespace().unwrap_or_default());
    let selector = format!("app.kubernetes.io/name={}", manifests::UNLOAD);
    let mut line = Line::default();
    let mut pending = Vec::new();
    let done = apply::eventually(patience, async || {
        let wanted = apply::get(cluster, set).await?.map(|set| wanted(&set.data));
        let found = cluster.list(&pods, ListParams::default().labels(&selector)).await?;
        pending = found.iter().filter(|pod| !is_done(pod)).map(node).collect();
        let done = found.len() - pending.len();
        let Some(Some(wanted)) = wanted else { return Ok(None) };
        line.say(&format!("{done} of {wanted} nodes unloaded"));
        Ok((done >= wanted).then_some(()))
    });
    Ok(if done.await?.is_some() { Vec::new() } else { pending })
}

/// On how many nodes it is to be done, once that is known.
fn wanted(set: &serde_json::Value) -> Option<usize> {
    set["status"]["observedGeneration"].as_i64()?;
    set["status"]["desiredNumberScheduled"].as_u64()?.try_into().ok()
}

/// Whether a pod has unloaded its node.
fn is_done(pod: &Pod) -> bool {
    let statuses = pod.status.as_ref().and_then(|status| status.init_container_statuses.as_ref());
    let ended = statuses.into_iter().flatten().filter_map(|status| status.state.as_ref()?.terminated.as_ref());
    ended.map(|ended| ended.exit_code).any(|code| code == 0)
}

fn node(pod: &Pod) -> String {
    pod.spec.as_ref().and_then(|spec| spec.node_name.clone()).unwrap_or_else(|| "a node without a name".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn pod(state: serde_json::Value) -> Pod {
        let status =
            json!({"name": "unload", "image": "", "imageID": "", "ready": true, "restartCount": 0, "state": state});
        serde_json::from_value(
            json!({"spec": {"nodeName": "n1", "containers": []}, "status": {"initContainerStatuses": [status]}}),
        )
        .unwrap()
    }

    #[test]
    fn a_node_is_unloaded_when_the_program_that_does_it_has_ended_well() {
        assert!(is_done(&pod(json!({"terminated": {"exitCode": 0}}))));
        assert!(!is_done(&pod(json!({"terminated": {"exitCode": 1}}))));
        assert!(!is_done(&pod(json!({"running": {}}))));
        assert!(!is_done(&Pod::default()));
    }

    #[test]
    fn how_many_nodes_there_are_is_known_when_the_controller_has_looked() {
        assert_eq!(wanted(&json!({"status": {"desiredNumberScheduled": 0}})), None);
        assert_eq!(wanted(&json!({"status": {"desiredNumberScheduled": 3, "observedGeneration": 1}})), Some(3));
    }
}
