//! From what was typed to the runs that are meant, each with the agent that holds it: on this host, or in a cluster.

use crate::cli::PodFlags;
use crate::cluster::agents::{self, AgentPod};
use crate::cluster::forward::Session;
use crate::cluster::request::Ask;
use crate::cluster::{self, Cluster, find};
use crate::error::Error;
use crate::failure::Failure;
use crate::fetch::Agent;
use crate::output::note;
use crate::runs::{self, Kept, KeptRun};
use crate::target::pods::{Meant, Run};
use crate::target::{self, TargetError};
use rewind_recording::api::Listed;
use rewind_recording::crash::Crashes;
use rewind_recording::escape::visible;
use rewind_recording::render;
use rewind_resources::request::Action;
use rewind_resources::target::Target;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Most agents that are asked at once.
const AT_ONCE: usize = 16;
/// Most nodes that a sentence names.
const MAX_NAMED: usize = 8;

/// Whose agents are asked.
#[derive(Clone, Debug)]
pub(crate) enum Reach {
    /// This host's.
    Host(Agent),
    /// A cluster's.
    Cluster(Arc<Cluster>),
}

/// A run that is meant, and who holds it.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// The agent.
    pub agent: Agent,
    /// The run.
    pub kept: Kept,
    /// `web-7d4b9/app`; on a host the container's name.
    pub label: String,
}

impl Held {
    /// Whether it is a pod's.
    #[must_use]
    pub(crate) const fn is_in_cluster(&self) -> bool {
        matches!(self.agent, Agent::Session(_) | Agent::Away(_))
    }
}

/// All runs that are meant.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    /// Those that can be read.
    pub held: Vec<Held>,
    /// How many pods are meant.
    pub pods: usize,
    /// Pods, each with its node, that could not be asked for.
    pub silent: Vec<String>,
}

impl Reached {
    /// What is said at the end, when what came has been shown.
    ///
    /// # Errors
    /// [`Error::InPart`]: an agent was silent.
    pub(crate) fn finish(self) -> Result<(), Error> {
        if self.silent.is_empty() {
            return Ok(());
        }
        Err(Error::InPart { silent: self.silent.join(", "), all: self.pods })
    }
}

impl Reach {
    /// The runs that TARGET and the flags mean.
    ///
    /// # Errors
    /// [`Error`]. Where several pods are meant and some agents answer, it is none: see [`Reached::silent`].
    pub(crate) async fn runs(
        &self,
        target: Option<&str>,
        flags: &PodFlags,
        previous: bool,
        action: Action,
    ) -> Result<Reached, Error> {
        let cluster = match self {
            Self::Host(agent) => {
                let Some(target) = target else { return living(agent).await };
                let kept = on_host(agent, target, previous, action).await?;
                let label = render::container_name(&kept.container);
                let held = vec![Held { agent: agent.clone(), kept, label }];
                return Ok(Reached { held, pods: 1, silent: Vec::new() });
            }
            Self::Cluster(cluster) => cluster,
        };
        let found = find::find(cluster, target, flags, previous).await?;
        found.notes.iter().for_each(|text| note(text));
        let agents = match agents(cluster).await {
            // What was sent away can be read without any.
            Err(Error::Cluster(Failure::NoAgents(_))) if action == Action::Read => Vec::new(),
            agents => agents?,
        };
        match (of_pods(cluster, &agents, found.meant, action).await, found.before) {
            (Err(Error::Target(TargetError::NoPrevious { .. })), Some(before)) => {
                of_pods(cluster, &agents, vec![before], action).await
            }
            (answer, _) => answer,
        }
    }
}

impl Reach {
    /// The agent of a node, or the only one; of this host, where that is asked.
    ///
    /// # Errors
    /// [`Error`].
    pub(crate) async fn node(&self, name: Option<&str>) -> Result<Agent, Error> {
        let cluster = match (self, name) {
            (Self::Cluster(cluster), _) => cluster,
            (Self::Host(agent), None) => return Ok(agent.clone()),
            (Self::Host(_), Some(_)) => return Err(Error::NeedsCluster("a node that is named")),
        };
        let agents = agents(cluster).await?;
        let nodes: BTreeSet<&str> =
            agents.iter().map(|agent| agent.node.as_str()).filter(|of| !of.is_empty()).collect();
        let node = match (name, nodes.first()) {
            (Some(name), _) => name,
            (None, Some(only)) if nodes.len() == 1 => only,
            _ => return Err(Error::WhichNode(few(nodes))),
        };
        let Some(agent) = agents::on(&agents, node) else {
            return Err(
                Failure::NoAgent { node: node.to_owned(), told: format!("there is one on {}", few(nodes)) }.into()
            );
        };
        let namespace = cluster.agent_namespace.clone();
        let ask = Ask { namespace, node: node.to_owned(), target: Target::default(), action: Action::Node };
        Ok(Agent::Session(Arc::new(Session::open(cluster, agent, &ask).await?)))
    }

    /// What lives of the pods that TARGET and the flags mean, but for containers (`namespace/pod/container`) that are
    /// `known`; and for the others of their pods, where all containers are meant.
    ///
    /// # Errors
    /// [`Error`].
    pub(crate) async fn arrived(
        &self,
        target: Option<&str>,
        flags: &PodFlags,
        known: &BTreeSet<String>,
    ) -> Result<Vec<Held>, Error> {
        let Self::Cluster(cluster) = self else { return Ok(Vec::new()) };
        let mut meant = find::find(cluster, target, flags, false).await?.meant;
        let is_known = |meant: &Meant| {
            let pod = format!("{}/{}/", meant.namespace, meant.name);
            match &meant.container {
                Some(container) => known.contains(&format!("{pod}{container}")),
                None => known.iter().any(|known| known.starts_with(&pod)),
            }
        };
        meant.retain(|meant| meant.runs && !is_known(meant));
        if meant.is_empty() {
            return Ok(Vec::new());
        }
        let agents = agents(cluster).await?;
        let mut arrived = Vec::new();
        for meant in meant {
            let on_node = agents::on(&agents, &meant.node).cloned();
            // One that cannot be asked now is asked again later.
            arrived.extend(of_pod(cluster, on_node, &meant, Action::Trace).await.unwrap_or_default());
        }
        arrived.retain(|held| held.kept.living);
        Ok(arrived)
    }
}

/// Names as a sentence has room for them.
fn few(names: BTreeSet<&str>) -> String {
    let left = names.len().saturating_sub(MAX_NAMED);
    let more = if left > 0 { format!(" and {left} more") } else { String::new() };
    names.into_iter().take(MAX_NAMED).collect::<Vec<_>>().join(", ") + &more
}

/// The agents of the cluster.
///
/// # Errors
/// [`Failure::NoAgents`], and that they may not be listed.
pub(crate) async fn agents(cluster: &Cluster) -> Result<Vec<AgentPod>, Error> {
    let agents = agents::all(cluster).await?;
    if agents.is_empty() {
        return Err(Failure::NoAgents(cluster.agent_namespace.clone()).into());
    }
    Ok(agents)
}

/// All that lives on this host.
async fn living(agent: &Agent) -> Result<Reached, Error> {
    let list = agent.list().await?;
    let of = |listed: Listed| {
        let label = render::container_name(&listed.container);
        let kept = Kept { run: KeptRun::Ring(listed.recording), container: listed.container, living: true };
        Held { agent: agent.clone(), kept, label }
    };
    let held: Vec<_> = list.recordings.into_iter().filter(Listed::is_living).map(of).collect();
    Ok(Reached { pods: held.len(), held, silent: Vec::new() })
}

/// Where the run that is meant is held: in a ring, or if none is of TARGET, in a crash file.
async fn on_host(agent: &Agent, target: &str, previous: bool, action: Action) -> Result<Kept, Error> {
    let list = agent.list().await?;
    let of_ring = |number: u64| {
        let listed = list.recordings.iter().find(|listed| listed.recording == number);
        let (container, living) = listed.map_or_else(Default::default, |l| (l.container.clone(), l.is_living()));
        Kept { run: KeptRun::Ring(number), container, living }
    };
    let kept = |run: KeptRun| match run {
        KeptRun::Ring(number) => of_ring(number),
        KeptRun::File(_) => Kept { run, container: Default::default(), living: false },
    };
    if previous {
        return Ok(kept(runs::previous(&list, &agent.crashes().await?, target)?));
    }
    match target::choose(&list.recordings, target) {
        Ok(listed) => Ok(of_ring(listed.recording)),
        Err(none @ (TargetError::Unknown { .. } | TargetError::Nothing)) if action == Action::Read => {
            match runs::on_disk(&agent.crashes().await?, target) {
                Err(TargetError::Unknown { .. } | TargetError::Nothing) => Err(none.into()),
                on_disk => Ok(kept(on_disk?)),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// Asks the agent of each pod's node, many at once.
async fn of_pods(
    cluster: &Arc<Cluster>,
    agents: &[AgentPod],
    all: Vec<Meant>,
    action: Action,
) -> Result<Reached, Error> {
    let (pods, room) = (all.len(), Arc::new(Semaphore::new(AT_ONCE)));
    let mut asked = JoinSet::new();
    for (number, meant) in all.into_iter().enumerate() {
        let (cluster, room) = (Arc::clone(cluster), Arc::clone(&room));
        let agent = agents::on(agents, &meant.node).cloned();
        asked.spawn(async move {
            // It is never closed.
            let _room = room.acquire().await;
            let answer = match of_pod(&cluster, agent, &meant, action).await {
                Err(silent) if action == Action::Read && silent.is_silence() => away(&cluster, &meant, silent).await,
                answer => answer,
            };
            (number, meant, answer)
        });
    }
    let mut answers = asked.join_all().await;
    answers.sort_by_key(|(number, ..)| *number);
    let mut reached = Reached { pods, ..Reached::default() };
    let mut errors = Vec::new();
    for (_, meant, answer) in answers {
        match answer {
            Ok(held) => reached.held.extend(held),
            Err(error) => errors.push((meant, error)),
        }
    }
    if reached.held.is_empty() {
        // That nothing is held says less than that somebody is silent.
        errors.sort_by_key(|(_, error)| matches!(error, Error::Target(_)));
        let mut errors = errors.into_iter();
        let Some((_, first)) = errors.next() else { return Ok(reached) };
        errors.for_each(|(meant, error)| note(&format!("{}: {error}", meant.label())));
        return Err(first);
    }
    for (meant, error) in errors {
        note(&format!("{}: {error}", meant.label()));
        if !matches!(error, Error::Target(_)) {
            reached.silent.push(format!("{} (node {})", meant.label(), meant.node));
        }
    }
    Ok(reached)
}

async fn of_pod(
    cluster: &Arc<Cluster>,
    on_node: Option<AgentPod>,
    meant: &Meant,
    action: Action,
) -> Result<Vec<Held>, Error> {
    let told = meant.told.as_ref().map(|told| told.words());
    let Some(on_node) = on_node else {
        return Err(Failure::NoAgent { node: meant.node.clone(), told: told.unwrap_or_default() }.into());
    };
    let target = Target {
        pod: Some(meant.name.clone()),
        pod_uid: Some(meant.uid.clone()),
        container: meant.container.clone().filter(|name| !name.is_empty()),
    };
    let ask = Ask { namespace: meant.namespace.clone(), node: meant.node.clone(), target, action };
    let agent = Agent::Session(Arc::new(Session::open(cluster, &on_node, &ask).await?));
    let list = agent.list().await?;
    let crashes = if action == Action::Read { agent.crashes().await? } else { Crashes::default() };
    let chosen = runs::choose(&list, &crashes, &meant.run);
    if chosen.is_empty() {
        return Err(match meant.run {
            Run::Previous => TargetError::NoPrevious { target: meant.label() },
            _ => TargetError::NothingHeld {
                what: meant.label(),
                node: meant.node.clone(),
                why: told.unwrap_or_else(|| NOT_HELD.to_owned()),
            },
        }
        .into());
    }
    let label = |kept: &Kept| match &meant.container {
        Some(_) => meant.label(),
        None => format!("{}/{}", meant.name, visible(last_part(kept.container.name.as_str()))),
    };
    let mut held = Vec::new();
    for kept in chosen {
        let mut agent = agent.clone();
        if action == Action::Trace && !held.is_empty() {
            // A trace has its connection for itself.
            agent = Agent::Session(Arc::new(Session::open(cluster, &on_node, &ask).await?));
        }
        held.push(Held { agent, label: label(&kept), kept });
    }
    Ok(held)
}

/// What was sent away of a pod whose agent is silent.
async fn away(cluster: &Cluster, meant: &Meant, silent: Error) -> Result<Vec<Held>, Error> {
    let sent = cluster::away::of(cluster, meant).await.unwrap_or_default();
    let held = sent.iter().filter_map(|recording| {
        let (spec, url) = (&recording.spec, recording.spec.url.as_deref()?);
        note(&format!("{silent}; a file of a run that {} is read from {}", visible(&spec.ending), visible(url)));
        let crash = spec.crash.and_then(|crash| u64::try_from(crash).ok()).unwrap_or_default();
        let kept = Kept { run: KeptRun::File(crash), container: Default::default(), living: false };
        let label = format!("{}/{}", meant.name, visible(&spec.container));
        Some(Held { agent: Agent::Away(url.into()), kept, label })
    });
    let held: Vec<_> = held.collect();
    if held.is_empty() { Err(silent) } else { Ok(held) }
}

const NOT_HELD: &str =
    "it has made no call since the agent is there, or is not recorded (annotation rewind.dev/record)";

/// The container's name in `namespace/pod/container`.
fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
