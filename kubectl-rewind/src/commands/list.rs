//! `list`: what is recorded, on this host or in a cluster.

use crate::causes::{Cause, by_cause, of_files, of_recordings};
use crate::cli::ListFormat;
use crate::cluster::Cluster;
use crate::cluster::agents::{self, AgentPod};
use crate::cluster::forward::Session;
use crate::cluster::request::Ask;
use crate::error::Error;
use crate::failure::Failure;
use crate::fetch::Agent;
use crate::list::OfNode;
use crate::output::{Output, note};
use crate::{causes, crashes, kept, list, reach};
use jiff::Timestamp;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, Resource};
use rewind_resources::recording::Recording;
use rewind_resources::request::Action;
use rewind_resources::target::Target;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Most agents that are asked at once.
const AT_ONCE: usize = 16;

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// What is recorded now.
    Recordings,
    /// What is kept of ends.
    Crashes,
    /// The same, by cause.
    Causes,
}

impl What {
    pub(super) const fn of(crashes: bool, by_cause: bool) -> Self {
        match (crashes, by_cause) {
            (false, _) => Self::Recordings,
            (true, false) => Self::Crashes,
            (true, true) => Self::Causes,
        }
    }
}

/// Lists what this host's agent has.
///
/// # Errors
/// [`Error`].
pub(super) async fn on_host(agent: &Agent, output: &Output, format: ListFormat, what: What) -> Result<(), Error> {
    if what != What::Recordings {
        let list = agent.crashes().await?;
        if what == What::Causes {
            causes(output, by_cause(of_files(&list)), format, false)?;
        } else {
            output.write(|out| crashes::write(out, &list, format))?;
        }
        if format != ListFormat::Json {
            crashes::footer(&list).iter().for_each(|line| note(line));
        }
        return Ok(());
    }
    let list = agent.list().await?;
    output.write(|out| list::write(out, &list, format))?;
    if format != ListFormat::Json {
        note(&list::footer(&list));
    }
    Ok(())
}

/// Lists what the agents of a namespace's pods have, or of all namespaces.
///
/// # Errors
/// [`Error`].
pub(super) async fn in_cluster(
    cluster: &Arc<Cluster>,
    output: &Output,
    format: ListFormat,
    what: What,
    everywhere: bool,
) -> Result<(), Error> {
    if what != What::Recordings {
        let mut all = recordings(cluster, everywhere).await?;
        if what == What::Causes {
            causes(output, by_cause(of_recordings(&all)), format, everywhere)?;
            if !all.is_empty() {
                return Ok(());
            }
        }
        if what == What::Crashes {
            output.write(|out| kept::write(out, &mut all, format, everywhere, Timestamp::now()))?;
        }
        if format != ListFormat::Json {
            let whose =
                if everywhere { "in any namespace".to_owned() } else { format!("in namespace {}", cluster.namespace) };
            note(&kept::footer(&all, &whose));
        }
        return Ok(());
    }
    let agents = reach::agents(cluster).await?;
    let asked = places(cluster, &agents, everywhere).await?;
    let of = asked.len();
    let (mut nodes, silent) = ask_all(cluster, &agents, asked).await?;
    nodes.sort_by(|a, b| a.node.cmp(&b.node));
    output.write(|out| list::write_of_nodes(out, &nodes, format, everywhere))?;
    if format != ListFormat::Json {
        note(&list::footer_of_nodes(&nodes));
    }
    if silent.is_empty() { Ok(()) } else { Err(Error::InPart { silent: silent.join(", "), all: of }) }
}

fn causes(output: &Output, all: Vec<Cause>, format: ListFormat, namespaces: bool) -> Result<(), Error> {
    output.write(|out| causes::write(out, &all, format, namespaces, Timestamp::now()))?;
    if format != ListFormat::Json && !all.is_empty() {
        note(&causes::footer(&all));
    }
    Ok(())
}

/// The `Recording`s of a namespace, or of all.
///
/// # Errors
/// [`Error`].
pub(super) async fn recordings(cluster: &Cluster, everywhere: bool) -> Result<Vec<Recording>, Error> {
    Ok(cluster.list(&objects(cluster, everywhere), ListParams::default()).await?)
}

fn objects<K>(cluster: &Cluster, everywhere: bool) -> Api<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
{
    if everywhere { cluster.everywhere() } else { cluster.api(&cluster.namespace) }
}

/// Which nodes are asked, each of which namespace: those that its pods are on, and those with an agent that its
/// `Recording`s tell of.
async fn places(cluster: &Cluster, agents: &[AgentPod], everywhere: bool) -> Result<BTreeSet<(String, String)>, Error> {
    let pods = cluster.list(&objects::<Pod>(cluster, everywhere), ListParams::default()).await?;
    let of_pods = pods.into_iter().filter_map(|pod| Some((pod.metadata.namespace?, pod.spec?.node_name?)));
    // Who may not see them sees what lives.
    let kept = recordings(cluster, everywhere).await.unwrap_or_default();
    let gone = kept.into_iter().filter_map(|recording| Some((recording.metadata.namespace?, recording.spec.node)));
    Ok(of_pods.chain(gone.filter(|(_, node)| agents::on(agents, node).is_some())).collect())
}

/// Asks, many at once; what came, and which nodes were silent.
async fn ask_all(
    cluster: &Arc<Cluster>,
    agents: &[AgentPod],
    asked: BTreeSet<(String, String)>,
) -> Result<(Vec<OfNode>, Vec<String>), Error> {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut asking = JoinSet::new();
    for (namespace, node) in asked {
        let (cluster, room) = (Arc::clone(cluster), Arc::clone(&room));
        let agent = agents::on(agents, &node).cloned();
        asking.spawn(async move {
            // It is never closed.
            let _room = room.acquire().await;
            let answer = ask(&cluster, agent, &namespace, &node).await;
            (namespace, node, answer)
        });
    }
    let (mut nodes, mut silent, mut first) = (Vec::new(), BTreeSet::new(), None);
    for (namespace, node, answer) in asking.join_all().await {
        match answer {
            Ok(of_node) => nodes.push(of_node),
            Err(error) => {
                // One of each kind is enough to read.
                if silent.insert(format!("node {node}")) {
                    note(&format!("namespace {namespace}: {error}"));
                }
                first.get_or_insert(error);
            }
        }
    }
    match first {
        Some(error) if nodes.is_empty() => Err(error),
        _ => Ok((nodes, silent.into_iter().collect())),
    }
}

async fn ask(cluster: &Arc<Cluster>, agent: Option<AgentPod>, namespace: &str, node: &str) -> Result<OfNode, Error> {
    let agent = agent.ok_or_else(|| Failure::NoAgent { node: node.to_owned(), told: String::new() })?;
    let (namespace, node) = (namespace.to_owned(), node.to_owned());
    let ask = Ask { namespace, node: node.clone(), target: Target::default(), action: Action::List };
    let session = Agent::Session(Arc::new(Session::open(cluster, &agent, &ask).await?));
    Ok(OfNode { node, list: session.list().await? })
}
