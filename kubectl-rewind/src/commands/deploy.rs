//! `deploy`: applies the manifests, and waits until every node records.

use crate::cli::Installed;
use crate::cluster::manifests::{self, Manifest, manifests};
use crate::cluster::{Cluster, agents, apply};
use crate::error::Error;
use crate::output::{Line, note};
use k8s_openapi::api::apps::v1::DaemonSet;
use rewind_resources::group;
use std::io::Write as _;
use std::time::Duration;

/// Deploys, or with `--dry-run` or `--print` only says what would be.
///
/// # Errors
/// [`Error`].
pub(super) async fn run(cluster: &Cluster, command: &Installed) -> Result<(), Error> {
    let Installed::Deploy { image, dry_run, print, no_wait, timeout } = command else { return Ok(()) };
    let all = manifests(image.as_deref())?;
    if *print {
        return self::print(&all, image.is_some());
    }
    for manifest in &all {
        apply::apply(cluster, manifest, *dry_run).await?;
    }
    if *dry_run {
        note(&format!("the API server would take all {} objects; nothing was changed", all.len()));
        return Ok(());
    }
    note(&format!("{} objects applied in {}", all.len(), group::NAMESPACE));
    if *no_wait { Ok(()) } else { wait(cluster, Duration::from_secs(*timeout)).await }
}

fn print(all: &[Manifest], is_changed: bool) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    if !is_changed {
        return out.write_all(manifests::TEXT.as_bytes()).map_err(Error::Output);
    }
    for manifest in all {
        let wrong = |error: &dyn std::fmt::Display| Error::Manifests(error.to_string());
        let value = serde_json::to_value(&manifest.object).map_err(|error| wrong(&error))?;
        let text = serde_saphyr::to_string(&value).map_err(|error| wrong(&error))?;
        write!(out, "---\n{}\n", text.trim_end()).map_err(Error::Output)?;
    }
    Ok(())
}

/// Waits until every node records, and says how many do.
async fn wait(cluster: &Cluster, patience: Duration) -> Result<(), Error> {
    let api = cluster.api::<DaemonSet>(group::NAMESPACE);
    let mut line = Line::default();
    let all = apply::eventually(patience, async || {
        let Some(set) = cluster.get(&api, group::AGENT).await? else { return Ok(None) };
        let (ready, wanted) = progress(&set);
        line.say(&format!("{ready} of {wanted} nodes record"));
        Ok((is_rolled_out(&set) && ready == wanted).then_some(wanted))
    });
    match all.await? {
        Some(0) => Err(Error::Unready("no node takes an agent: has the cluster a Linux node?".to_owned())),
        Some(_) => Ok(()),
        None => Err(unready(cluster).await),
    }
}

/// Why some nodes do not record.
async fn unready(cluster: &Cluster) -> Error {
    let agents = agents::all(cluster).await.unwrap_or_default();
    let namespace = &cluster.agent_namespace;
    let those: Vec<_> = agents
        .iter()
        .filter(|agent| !agent.ready)
        .map(|agent| {
            let node = if agent.node.is_empty() { "no node yet" } else { &agent.node };
            format!("\n  {node}: {} (kubectl logs -n {namespace} {})", agent.state, agent.name)
        })
        .collect();
    Error::Unready(format!(
        "these nodes do not record yet, 'kubectl rewind status' shows how it goes on:{}",
        those.concat()
    ))
}

/// How many agents of the newest kind are ready, and how many nodes there are.
fn progress(set: &DaemonSet) -> (i32, i32) {
    let Some(status) = &set.status else { return (0, 0) };
    let updated = status.updated_number_scheduled.unwrap_or(0);
    (status.number_ready.min(updated), status.desired_number_scheduled)
}

/// Whether the figures are of what was applied last.
fn is_rolled_out(set: &DaemonSet) -> bool {
    let observed = set.status.as_ref().and_then(|status| status.observed_generation);
    observed.is_some() && observed >= set.metadata.generation
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn set(generation: i64, observed: Option<i64>, ready: i32, updated: Option<i32>) -> DaemonSet {
        let status = json!({"currentNumberScheduled": 3, "desiredNumberScheduled": 3, "numberMisscheduled": 0,
            "numberReady": ready, "observedGeneration": observed, "updatedNumberScheduled": updated});
        serde_json::from_value(json!({"metadata": {"generation": generation}, "status": status})).unwrap()
    }

    #[test]
    fn agents_of_the_version_before_do_not_count() {
        assert_eq!(progress(&set(2, Some(2), 3, Some(1))), (1, 3));
        assert_eq!(progress(&set(2, Some(2), 3, None)), (0, 3));
        assert_eq!(progress(&set(2, Some(2), 2, Some(3))), (2, 3));
    }

    #[test]
    fn figures_of_before_the_change_are_not_believed() {
        assert!(!is_rolled_out(&set(2, Some(1), 3, Some(3))) && !is_rolled_out(&set(1, None, 3, Some(3))));
        assert!(is_rolled_out(&set(2, Some(2), 3, Some(3))));
    }
}
