//! `status` and `version`: the agents of a cluster, by node.

use crate::cli::TopFormat;
use crate::cluster::Cluster;
use crate::cluster::agents::{self, AgentPod};
use crate::cluster::forward::Session;
use crate::cluster::request::Ask;
use crate::error::Error;
use crate::fetch::Agent;
use crate::list::table;
use crate::output::{Output, note};
use crate::reach::{self, Reach};
use kube::api::ListParams;
use rewind_recording::api::counter::{self, Counts};
use rewind_recording::api::{ExportState, Totals, Version};
use rewind_recording::escape::visible;
use rewind_recording::render::units;
use rewind_resources::recording::Recording;
use rewind_resources::request::Action;
use rewind_resources::target::Target;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::task::JoinSet;

const COLUMNS: [&str; 7] = ["NODE", "AGENT", "STATE", "RESTARTS", "VERSION", "RINGS", "REFUSED"];

/// How many ways to end are told apart.
const MAX_ENDINGS: usize = 5;

/// What is known of one node's agent.
#[derive(Debug, Serialize)]
struct OfNode {
    node: String,
    pod: String,
    ready: bool,
    state: String,
    restarts: i32,
    image: String,
    /// What it says of itself; nothing if it does not answer.
    version: Option<String>,
    totals: Option<Totals>,
    /// What did not come about there, by name.
    counts: Counts,
    /// What became of what it exports, by signal.
    #[serde(skip_serializing_if = "Option::is_none")]
    export: Option<ExportState>,
    /// Why it does not answer.
    error: Option<String>,
}

/// Shows the agents.
///
/// # Errors
/// [`Error`]; [`Error::InPart`] where an agent does not answer.
pub(super) async fn run(cluster: &Arc<Cluster>, output: &Output, format: TopFormat) -> Result<(), Error> {
    let nodes = ask_all(cluster).await?;
    output.write(|out| match format {
        TopFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &nodes)?;
            writeln!(out)
        }
        TopFormat::Table => table(out, &COLUMNS, nodes.iter().map(row)),
    })?;
    if format == TopFormat::Table
        && let Some(kept) = kept(cluster).await
    {
        note(&kept);
    }
    for of in &nodes {
        of.error.iter().for_each(|error| note(&format!("node {}: {error}", of.node)));
        // Since its agent started.
        counter::in_words(&of.counts).iter().for_each(|words| note(&format!("node {}: {words}", of.node)));
        for (signal, state) in of.export.iter().flatten() {
            let words = state.words(unix_s());
            note(&format!("node {}: {signal} {}", of.node, visible(&words)));
        }
    }
    let silent: Vec<_> = nodes.iter().filter(|of| of.version.is_none()).map(|of| of.node.clone()).collect();
    if silent.is_empty() {
        note(&format!("{0} of {0} agents answer", nodes.len()));
        return Ok(());
    }
    Err(Error::InPart { silent: silent.join(", "), all: nodes.len() })
}

fn unix_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Shows the versions of the plugin and of who answers.
///
/// # Errors
/// [`Error::Output`]. That no agent answers is none: it is said.
pub(super) async fn version(reach: &Reach, output: &Output) -> Result<(), Error> {
    let own = env!("CARGO_PKG_VERSION");
    output.write(|out| writeln!(out, "plugin  {own}"))?;
    let mut versions: Vec<(String, String)> = match reach {
        Reach::Host(agent) => match agent.version().await {
            Ok(version) => vec![("agent".to_owned(), version.version)],
            Err(error) => {
                note(&error.to_string());
                Vec::new()
            }
        },
        Reach::Cluster(cluster) => match ask_all(cluster).await {
            Ok(nodes) => nodes.into_iter().map(|of| (of.node, of.version.unwrap_or_else(|| "?".to_owned()))).collect(),
            Err(error) => {
                note(&error.to_string());
                Vec::new()
            }
        },
    };
    versions.sort();
    output.write(|out| versions.iter().try_for_each(|(whose, version)| writeln!(out, "{whose}  {version}")))?;
    if versions.iter().any(|(_, version)| version != own && version != "?") {
        note("plugin and agents are of different versions: 'kubectl rewind deploy' brings the agents to the plugin's");
    }
    Ok(())
}

async fn ask_all(cluster: &Arc<Cluster>) -> Result<Vec<OfNode>, Error> {
    let mut asking = JoinSet::new();
    for agent in reach::agents(cluster).await? {
        let cluster = Arc::clone(cluster);
        asking.spawn(async move { ask(&cluster, agent).await });
    }
    let mut nodes = asking.join_all().await;
    nodes.sort_by(|a, b| (&a.node, &a.pod).cmp(&(&b.node, &b.pod)));
    Ok(nodes)
}

async fn ask(cluster: &Arc<Cluster>, agent: AgentPod) -> OfNode {
    let answer = if agent.ready { said(cluster, &agent).await.map(Some) } else { Ok(None) };
    let (version, totals, error) = match answer {
        Ok(Some((version, totals))) => (Some(version), Some(totals), None),
        Ok(None) => (None, None, None),
        Err(error) => (None, None, Some(error.to_string())),
    };
    let Version { version, counts, export, .. } = version.unwrap_or_default();
    let version = (!version.is_empty()).then_some(version);
    let agents::AgentPod { name: pod, node, ready, image, restarts, state, .. } = agent;
    OfNode { node, pod, ready, state, restarts, image, version, totals, counts, export, error }
}

/// What an agent says of itself, to who may list recordings in the person's own namespace.
async fn said(cluster: &Arc<Cluster>, agent: &AgentPod) -> Result<(Version, Totals), Error> {
    let session = session(cluster, agent, cluster.namespace.clone()).await?;
    Ok((session.version().await?, session.list().await?.totals))
}

/// An agent, for who may list recordings in that namespace.
///
/// # Errors
/// [`Error`].
pub(super) async fn session(cluster: &Arc<Cluster>, agent: &AgentPod, namespace: String) -> Result<Agent, Error> {
    let ask = Ask { namespace, node: agent.node.clone(), target: Target::default(), action: Action::List };
    Ok(Agent::Session(Arc::new(Session::open(cluster, agent, &ask).await?)))
}

/// How many Recordings are stored, and how what they are of ended. Nothing, where the person may not see all.
async fn kept(cluster: &Cluster) -> Option<String> {
    let all = cluster.list(&cluster.everywhere::<Recording>(), ListParams::default()).await.ok()?;
    Some(counted(all.iter().map(|recording| recording.spec.ending.as_str())))
}

/// `3 Recordings: 2 exited (1), 1 killed (OOM)`, the most frequent endings first.
fn counted<'e>(endings: impl Iterator<Item = &'e str>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    endings.for_each(|ending| *counts.entry(ending).or_default() += 1);
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let all: usize = counts.iter().map(|(_, count)| count).sum();
    let rest: usize = counts.iter().skip(MAX_ENDINGS).map(|(_, count)| count).sum();
    let told = counts.iter().take(MAX_ENDINGS).map(|(ending, count)| format!("{count} {}", visible(ending)));
    let told: Vec<String> = told.chain((rest > 0).then(|| format!("{rest} otherwise"))).collect();
    match all {
        0 => "no Recording is stored".to_owned(),
        1 => format!("1 Recording is stored: {}", told.concat()),
        _ => format!("{} Recordings are stored: {}", units::grouped(all as u64), told.join(", ")),
    }
}

fn row(of: &OfNode) -> Vec<String> {
    let dash = || "-".to_owned();
    let rings =
        |totals: &Totals| format!("{} of {}", units::bytes(totals.used_bytes), units::bytes(totals.budget_bytes));
    vec![
        of.node.clone(),
        of.pod.clone(),
        if of.ready { "ready".to_owned() } else { of.state.clone() },
        of.restarts.to_string(),
        of.version.clone().unwrap_or_else(dash),
        of.totals.as_ref().map_or_else(dash, rings),
        of.totals.map_or_else(dash, |totals| units::grouped(totals.refused)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_are_counted_by_how_they_ended() {
        let of = |endings: &[&'static str]| counted(endings.iter().copied());
        assert_eq!(of(&[]), "no Recording is stored");
        assert_eq!(of(&["exited (1)"]), "1 Recording is stored: 1 exited (1)");
        let some = ["killed (OOM)", "exited (1)", "exited (1)"];
        assert_eq!(of(&some), "3 Recordings are stored: 2 exited (1), 1 killed (OOM)");
        let many = ["exited (1)", "exited (2)", "exited (3)", "exited (4)", "exited (5)", "exited (6)"];
        assert!(of(&many).ends_with("1 exited (5), 1 otherwise"), "{}", of(&many));
    }
}
