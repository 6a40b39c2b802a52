//! `doctor`: whether Rewind works in this cluster, for who asks; and if not, why.

use super::status;
use crate::cli::TopFormat;
use crate::cluster::agents::{self, AgentPod};
use crate::cluster::manifests::{Manifest, manifests};
use crate::cluster::{Cluster, apply, rights};
use crate::doctor::{Check, Node, Report, Right, State, is_within};
use crate::error::Error;
use crate::failure::Failure;
use crate::output::Output;
use k8s_openapi::api::core::v1::{Namespace, Node as ClusterNode};
use kube::api::{DynamicObject, ListParams};
use rewind_resources::group;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use tokio::task::JoinSet;

/// The oldest minor version of Kubernetes 1 that the manifests are for.
const OLDEST_MINOR: u32 = 32;
const DEPLOY: &str = "'kubectl rewind deploy' brings the cluster to this plugin's version.";
/// What is compared with this version's manifests, by what it is called together.
const COMPARED: [(&str, &[&str], State); 3] = [
    ("definitions", &["CustomResourceDefinition"], State::Missing),
    ("policies", &["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"], State::Degraded),
    ("roles", &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"], State::Degraded),
];

/// Looks at everything, and shows it.
///
/// # Errors
/// [`Error`]: that the cluster cannot be reached, and what [`Report::outcome`] says.
pub(super) async fn run(
    cluster: &Arc<Cluster>,
    output: &Output,
    format: TopFormat,
    everywhere: bool,
) -> Result<(), Error> {
    let mut report = Report { agent_namespace: cluster.agent_namespace.clone(), ..Report::default() };
    report.checks.push(version(cluster).await?);
    let all = manifests(None)?;
    for (subject, kinds, without) in COMPARED {
        let wanted = all.iter().filter(|manifest| kinds.iter().any(|kind| manifest.is(kind)));
        report.checks.push(compared(cluster, subject, wanted, without).await?);
    }
    let namespaces = if everywhere {
        let all = cluster.list(&cluster.everywhere::<Namespace>(), ListParams::default()).await?;
        all.into_iter().filter_map(|namespace| namespace.metadata.name).collect()
    } else {
        vec![cluster.namespace.clone()]
    };
    report.rights = may(cluster, namespaces).await?;
    let (check, agents) = installed(cluster).await?;
    report.checks.push(check);
    let (check, nodes) = nodes(cluster).await?;
    report.checks.extend(check);
    report.nodes = of_nodes(cluster, &agents, nodes, report.rights.iter().find(|right| right.read)).await;
    output.write(|out| match format {
        TopFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &report)?;
            writeln!(out)
        }
        TopFormat::Table => report.write(out),
    })?;
    report.outcome()
}

async fn version(cluster: &Cluster) -> Result<Check, Failure> {
    let version = cluster.version().await?;
    let minor = version.minor.trim_end_matches(|rest: char| !rest.is_ascii_digit()).parse().unwrap_or(u32::MAX);
    let what = format!("{} is Kubernetes {}.", cluster.server(), version.git_version);
    let (state, remedy) =
        if minor < OLDEST_MINOR { (State::Degraded, "Rewind is made for 1.32.") } else { (State::Ok, "") };
    Ok(Check::new("API", state, what, remedy))
}

/// Whether what stands in the cluster says all that this version's manifests say.
async fn compared<'m>(
    cluster: &Cluster,
    subject: &str,
    wanted: impl Iterator<Item = &'m Manifest>,
    without: State,
) -> Result<Check, Failure> {
    let (mut all, mut missing, mut other, mut unseen) = (0, Vec::new(), Vec::new(), 0);
    for manifest in wanted {
        all += 1;
        match apply::get(cluster, manifest).await {
            Ok(Some(there)) if is_same(cluster, manifest, &there) => {}
            Ok(Some(_)) => other.push(manifest.label()),
            Ok(None) => missing.push(manifest.label()),
            Err(error) if error.is_forbidden() => unseen += 1,
            Err(error) => return Err(error),
        }
    }
    let (state, what) = if !missing.is_empty() {
        (without, format!("Not there: {}.", missing.join(", ")))
    } else if !other.is_empty() {
        (State::Degraded, format!("Not as in this version: {}.", other.join(", ")))
    } else if unseen > 0 {
        (State::Unknown, format!("You may not see {unseen} of {all}."))
    } else {
        (State::Ok, format!("All {all} are there, and those of this version."))
    };
    Ok(Check::new(subject, state, what, if state == State::Unknown { "" } else { DEPLOY }))
}

fn is_same(cluster: &Cluster, manifest: &Manifest, there: &DynamicObject) -> bool {
    // Where agents live elsewhere, their manifests say so.
    let text = manifest.object.data.to_string().replace(group::NAMESPACE, &cluster.agent_namespace);
    serde_json::from_str(&text).is_ok_and(|ours| is_within(&ours, &there.data))
}

/// What the person may in each namespace.
async fn may(cluster: &Arc<Cluster>, namespaces: Vec<String>) -> Result<Vec<Right>, Failure> {
    let mut rights = Vec::new();
    for namespace in namespaces {
        let asked = |verb: &'static str, resource: &'static str| rights::may(cluster, &namespace, verb, resource);
        let read = asked("create", "recordingrequests").await?;
        let (payload, recordings) =
            (read && asked("payload", "recordingrequests").await?, asked("list", "recordings").await?);
        rights.push(Right { namespace: namespace.clone(), read, payload, recordings });
    }
    Ok(rights)
}

/// The agents, and whether they are of this version.
async fn installed(cluster: &Cluster) -> Result<(Check, Vec<AgentPod>), Failure> {
    let check = |state, what: String, remedy| Check::new("agents", state, what, remedy);
    let agents = match agents::all(cluster).await {
        Ok(agents) => agents,
        Err(error) if error.is_forbidden() => {
            let remedy = "Ask for the Role rewind-connect in the agents' namespace.";
            return Ok((check(State::Missing, "You may not see the agents.".to_owned(), remedy), Vec::new()));
        }
        Err(error) => return Err(error),
    };
    let mut images: BTreeMap<&str, usize> = BTreeMap::new();
    agents.iter().for_each(|agent| *images.entry(&agent.image).or_default() += 1);
    let told: Vec<String> = images.iter().map(|(image, count)| format!("{count} of {image}")).collect();
    let check = match agents.len() {
        0 => {
            let what = format!("No agent runs in namespace {}.", cluster.agent_namespace);
            check(State::Degraded, what, "'kubectl rewind deploy' starts one on each node.")
        }
        _ if images.len() > 1 => check(State::Degraded, told.join(", ") + ".", "An update is under way, or stuck."),
        _ => check(State::Ok, told.join(", ") + ".", ""),
    };
    Ok((check, agents))
}

/// The nodes that agents run on; nothing where the person may not see nodes.
async fn nodes(cluster: &Cluster) -> Result<(Option<Check>, Vec<String>), Failure> {
    let is_linux = |node: &ClusterNode| {
        let labels = node.metadata.labels.as_ref();
        labels.and_then(|labels| labels.get("kubernetes.io/os")).is_none_or(|os| os == "linux")
    };
    match cluster.list(&cluster.everywhere::<ClusterNode>(), ListParams::default()).await {
        Ok(nodes) => Ok((None, nodes.into_iter().filter(is_linux).filter_map(|node| node.metadata.name).collect())),
        Err(error) if error.is_forbidden() => {
            let what = "You may not see nodes: those without an agent are not named.".to_owned();
            Ok((Some(Check::new("nodes", State::Unknown, what, "")), Vec::new()))
        }
        Err(error) => Err(error),
    }
}

/// Each node, with what its agent says to who may ask.
async fn of_nodes(cluster: &Arc<Cluster>, agents: &[AgentPod], known: Vec<String>, right: Option<&Right>) -> Vec<Node> {
    let placed = agents.iter().map(|agent| agent.node.clone()).filter(|node| !node.is_empty());
    let mut names: Vec<String> = known.into_iter().chain(placed).collect();
    names.sort();
    names.dedup();
    let mut asking = JoinSet::new();
    for node in names {
        let (cluster, agent) = (Arc::clone(cluster), agents::on(agents, &node).cloned());
        let namespace = right.map(|right| right.namespace.clone());
        asking.spawn(async move { of_node(&cluster, node, agent, namespace).await });
    }
    let mut nodes = asking.join_all().await;
    nodes.sort_by(|a, b| a.node.cmp(&b.node));
    let unplaced = agents.iter().filter(|agent| agent.node.is_empty());
    nodes.extend(unplaced.map(|agent| Node {
        node: "-".to_owned(),
        unready: Some(format!("{}: no node takes it ({}).", agent.name, agent.told())),
        ..Node::default()
    }));
    nodes
}

async fn of_node(cluster: &Arc<Cluster>, node: String, agent: Option<AgentPod>, namespace: Option<String>) -> Node {
    let of = Node { node, ..Node::default() };
    let Some(agent) = agent else { return Node { unready: Some("There is no agent.".to_owned()), ..of } };
    if !agent.ready {
        let (namespace, pod) = (&cluster.agent_namespace, &agent.name);
        let why = format!("{} (kubectl logs -n {namespace} {pod}).", agent.told());
        return Node { unready: Some(why), ..of };
    }
    let Some(namespace) = namespace else { return of };
    let asked = async {
        let session = status::session(cluster, &agent, namespace).await?;
        Ok::<_, Error>((session.version().await?, session.doctor().await?))
    };
    match asked.await {
        Ok((version, doctor)) => Node { doctor: Some(doctor), refused: version.refused, ..of },
        Err(error) => Node { silent: Some(error.to_string()), ..of },
    }
}
