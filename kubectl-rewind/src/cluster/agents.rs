//! Which agent is on which node.

use super::client::Cluster;
use crate::failure::Failure;
use k8s_openapi::api::core::v1::{Pod, PodCondition};
use kube::api::ListParams;
use rewind_resources::group;

/// An agent's pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AgentPod {
    /// Its name.
    pub name: String,
    /// Its node.
    pub node: String,
    /// Whether it is ready to answer.
    pub ready: bool,
    /// Its image.
    pub image: String,
    /// How often its container was started again.
    pub restarts: i32,
    /// Why it is not ready, as kubectl shows it: `CrashLoopBackOff`, `Pending`.
    pub state: String,
    /// More of that: why an image is not there, how the container ended last; may be empty.
    pub why: String,
}

impl AgentPod {
    /// Why it is not ready, with all that is known.
    #[must_use]
    pub(crate) fn told(&self) -> String {
        if self.why.is_empty() { self.state.clone() } else { format!("{}: {}", self.state, self.why) }
    }
}

/// All agents.
///
/// # Errors
/// [`Failure`].
pub(crate) async fn all(cluster: &Cluster) -> Result<Vec<AgentPod>, Failure> {
    let pods = cluster.api::<Pod>(&cluster.agent_namespace);
    let found = cluster.list(&pods, ListParams::default().labels(group::AGENT_SELECTOR)).await?;
    let mut agents: Vec<_> = found.iter().map(of_pod).collect();
    agents.sort_by(|a, b| (&a.node, &a.name).cmp(&(&b.node, &b.name)));
    Ok(agents)
}

/// The agent of a node: one that is ready goes before one that is not, as while a new one comes up.
#[must_use]
pub(crate) fn on<'a>(agents: &'a [AgentPod], node: &str) -> Option<&'a AgentPod> {
    agents.iter().filter(|agent| agent.node == node).max_by_key(|agent| agent.ready)
}

fn of_pod(pod: &Pod) -> AgentPod {
    let (spec, status) = (pod.spec.as_ref(), pod.status.as_ref());
    let container = status.and_then(|status| status.container_statuses.as_ref()?.first());
    let waiting = container.and_then(|container| container.state.as_ref()?.waiting.as_ref()?.reason.clone());
    let why = container.and_then(|container| {
        let said = container.state.as_ref()?.waiting.as_ref().and_then(|waiting| waiting.message.clone());
        let ended = container.last_state.as_ref().and_then(|state| state.terminated.as_ref());
        let ended =
            ended.map(|ended| ended.message.clone().unwrap_or_else(|| format!("it exited ({})", ended.exit_code)));
        ended.or(said)
    });
    let unplaced = |condition: &&PodCondition| condition.type_ == "PodScheduled" && condition.status == "False";
    let unplaced = status.and_then(|status| status.conditions.as_ref()?.iter().find(unplaced)?.message.clone());
    let conditions = status.and_then(|status| status.conditions.as_ref());
    let is_ready = conditions.into_iter().flatten().any(|c| c.type_ == "Ready" && c.status == "True");
    let phase = status.and_then(|status| status.phase.clone()).unwrap_or_default();
    let ends = pod.metadata.deletion_timestamp.is_some();
    AgentPod {
        name: pod.metadata.name.clone().unwrap_or_default(),
        node: spec.and_then(|spec| spec.node_name.clone()).unwrap_or_default(),
        ready: is_ready && !ends,
        image: spec.and_then(|spec| spec.containers.first()?.image.clone()).unwrap_or_default(),
        restarts: container.map_or(0, |container| container.restart_count),
        state: if ends { "Terminating".to_owned() } else { waiting.unwrap_or(phase) },
        why: why.or(unplaced).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn agent(name: &str, ready: &str, ends: bool) -> AgentPod {
        let ends = ends.then_some("2026-11-28T07:00:00Z");
        let pod = json!({
            "metadata": {"name": name, "deletionTimestamp": ends},
            "spec": {"nodeName": "n1", "containers": [{"name": "agent", "image": "rewind:1"}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}],
                "containerStatuses": [{"name": "agent", "image": "", "imageID": "", "ready": false, "restartCount": 2,
                    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}},
                    "lastState": {"terminated": {"exitCode": 3}}}]},
        });
        of_pod(&serde_json::from_value(pod).unwrap())
    }

    #[test]
    fn of_two_agents_of_a_node_the_one_that_is_ready_answers() {
        let all = [agent("old", "True", true), agent("new", "True", false), agent("other", "False", false)];
        assert_eq!(on(&all, "n1").unwrap().name, "new");
        assert_eq!(on(&all, "n2"), None);
    }

    #[test]
    fn what_keeps_an_agent_from_being_ready_is_said_as_kubectl_says_it() {
        let agent = agent("a", "False", false);
        assert_eq!((agent.state.as_str(), agent.restarts, agent.ready), ("CrashLoopBackOff", 2, false));
        assert_eq!(agent.told(), "CrashLoopBackOff: it exited (3)");
    }
}
