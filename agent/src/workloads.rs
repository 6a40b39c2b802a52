//! How the cluster's workloads are: what the API says of pods, containers, the node, Deployments and their like, as metrics
//! under the names of the Collector's receiver `k8s_cluster`.
//!
//! ```text
//! watch of this node's pods (identity) -\
//! watch of this node --------------------+-> what is kept of each -> metrics
//! watches of the cluster's kinds -------/
//!    of the agent that holds the Lease
//! ```
//!
//! * **Each object is told of by one agent.** Pods and nodes by that of their node; what is of no node by the agent that
//!   holds a Lease. Who loses it stops watching, and forgets.
//! * Of an object that little is kept that is told of it, and of a bounded number of objects.
//! * Where nobody wants it, there is no watch, and no Lease is asked for. This node's pods are watched anyway.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it does |
//! |---|---|
//! | [`quantity`] | a quantity of the API as a number. Pure. |
//! | [`figures`] | figures of an object -> metrics of its resource. Pure. |
//! | [`container`] | a container -> what is told of it. Pure. |
//! | [`pod`] | a pod -> what is told of it and of its containers. Pure. |
//! | [`node`] | the node -> what is told of it. Pure. |
//! | [`kinds`] | the kinds that are of no node, and what is kept of one. Pure. |
//! | [`objects`] | what is kept of the objects of a kind |
//! | [`lease`] | what to do, given the Lease. Pure. |
//! | [`election`] | the Lease, asked of the API |

mod container;
mod election;
mod figures;
mod kinds;
mod lease;
mod node;
mod objects;
mod pod;
mod quantity;

#[cfg(test)]
mod kinds_tests;

use crate::clock;
use crate::cluster::Cluster;
use crate::retry::retried;
use election::Election;
use figures::{Facts, Frame, Scope};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Namespace, Node, Pod};
use kinds::{Kept, Kind};
use kube::Api;
use kube::runtime::watcher::Event;
use objects::Objects;
use opentelemetry_proto::tonic::metrics::v1::ResourceMetrics;
use pod::PodState;
use rewind_container_metrics::Limits;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Most pods of a node that are told of. A kubelet takes 110, or some hundreds.
const MAX_PODS: usize = 2_000;
/// Most objects that are of no node. Of 10,000 Deployments 10 MiB are kept, and their metrics are 23 MiB, 5 MiB as sent.
const MAX_OBJECTS: usize = 10_000;
/// Its UID is taken for the cluster's, by the conventions.
const CLUSTERS: &str = "kube-system";

/// The workloads, as far as they were seen.
#[derive(Debug, Default)]
pub(crate) struct Workloads {
    seen: Mutex<Seen>,
    /// Until when this agent holds the Lease, by the kernel side's clock; 0: it does not.
    holds_until_ns: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Seen {
    pods: Objects<PodState>,
    node: Objects<Facts>,
    /// By kind; none but in the agent that holds the Lease.
    kinds: BTreeMap<&'static str, Objects<Kept>>,
    cluster_uid: Option<String>,
}

impl Workloads {
    /// What happened to a pod of this node. They are kept whether somebody wants them or not, as nobody watches them anew.
    pub(crate) fn take_pod(&self, event: &Event<Pod>) {
        self.seen().pods.take(event, MAX_PODS, PodState::of);
    }

    /// Watches what is wanted while it is, until nobody can want it any more.
    pub(crate) async fn run(&self, cluster: &Cluster, mut is_wanted: watch::Receiver<bool>) {
        while is_wanted.wait_for(|is| *is).await.is_ok() {
            let mut election = Election::of(cluster, self.holds_until_ns.clone()).await;
            tokio::select! {
                () = self.watch(cluster, &mut election) => {}
                // Or nobody is there to want it.
                _ = is_wanted.wait_for(|is| !*is) => {}
            }
            self.forget();
            election.release().await;
        }
    }

    /// Waits until the Lease is left to others, where nobody wants anything any more.
    pub(crate) async fn released(&self) {
        // Its sender is here.
        let _ = self.holds_until_ns.subscribe().wait_for(|until_ns| *until_ns == 0).await;
    }

    /// What a container may use, by its pod's UID and its name.
    #[must_use]
    pub(crate) fn limits(&self, pod_uid: &str, container: &str) -> Option<Limits> {
        let seen = self.seen();
        seen.pods.get(pod_uid)?.limits.iter().find(|(name, _)| name == container).map(|(_, limits)| *limits)
    }

    /// All that is known, with what `OTEL_RESOURCE_ATTRIBUTES` says.
    #[must_use]
    pub(crate) fn metrics(&self, now_unix_ns: u64, told: &[(String, String)]) -> Vec<ResourceMetrics> {
        let seen = self.seen();
        let frame = Frame { told, cluster_uid: seen.cluster_uid.as_deref(), now_unix_ns };
        let of_node = seen.pods.iter().flat_map(|pod| &pod.facts).chain(seen.node.iter());
        let of_node = of_node.filter_map(|facts| frame.metrics(facts, Scope::Node));
        // One that has slept may not know yet that it does not hold the Lease any more.
        let is_held = clock::now_ns() < *self.holds_until_ns.borrow();
        let of_cluster = seen.kinds.values().filter(|_| is_held).flat_map(Objects::iter);
        of_node.chain(of_cluster.filter_map(|kept| frame.metrics(&kept.facts(), Scope::Cluster))).collect()
    }

    async fn watch(&self, cluster: &Cluster, election: &mut Election) {
        let of_node = format!("metadata.name={}", cluster.node());
        let node =
            cluster.watch::<Node>("this node", Some(&of_node), |event| self.seen().node.take(&event, 1, node::facts));
        tokio::join!(node, self.name_cluster(cluster), self.watch_cluster(cluster, election));
    }

    /// Watches what is of no node, whenever the Lease is this agent's.
    async fn watch_cluster(&self, cluster: &Cluster, election: &mut Election) {
        loop {
            election.won().await;
            tokio::select! {
                () = election.lost() => {}
                () = self.watch_kinds(cluster) => {}
            }
            self.seen().kinds.clear();
        }
    }

    async fn watch_kinds(&self, cluster: &Cluster) {
        tokio::join!(
            self.watch_kind::<Deployment>(cluster),
            self.watch_kind::<ReplicaSet>(cluster),
            self.watch_kind::<StatefulSet>(cluster),
            self.watch_kind::<DaemonSet>(cluster),
            self.watch_kind::<Job>(cluster),
            self.watch_kind::<CronJob>(cluster),
            self.watch_kind::<HorizontalPodAutoscaler>(cluster),
            self.watch_kind::<Namespace>(cluster),
        );
    }

    async fn watch_kind<K: Kind>(&self, cluster: &Cluster) {
        cluster.watch(K::PLURAL, None, |event: Event<K>| self.take_kind(&event)).await;
    }

    fn take_kind<K: Kind>(&self, event: &Event<K>) {
        let mut seen = self.seen();
        let all: usize = seen.kinds.values().map(Objects::len).sum();
        let objects = seen.kinds.entry(K::NAME).or_default();
        let most = MAX_OBJECTS.saturating_sub(all - objects.len());
        objects.take(event, most, Kept::of);
    }

    /// All but the pods, which somebody else has watched.
    fn forget(&self) {
        let mut seen = self.seen();
        (seen.node, seen.kinds) = (Objects::default(), BTreeMap::new());
    }

    async fn name_cluster(&self, cluster: &Cluster) {
        if self.seen().cluster_uid.is_some() {
            return;
        }
        let namespaces: Api<Namespace> = Api::all(cluster.client().await);
        match retried("the cluster's UID", || namespaces.get(CLUSTERS)).await {
            Ok(namespace) => self.seen().cluster_uid = namespace.metadata.uid,
            Err(error) => tracing::warn!(%error, "the cluster's UID is not told"),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use figures::{lines, texts};
    use serde_json::json;

    fn pod(uid: &str) -> Pod {
        let pod = json!({
            "metadata": {"name": "web", "namespace": "shop", "uid": uid},
            "spec": {"containers": [{"name": "app", "resources": {"limits": {"cpu": "2"}}}]},
            "status": {"phase": "Running"},
        });
        serde_json::from_value(pod).unwrap()
    }

    fn told(workloads: &Workloads) -> Vec<String> {
        workloads.metrics(7, &[]).iter().flat_map(lines).collect()
    }

    #[test]
    fn pods_are_told_until_they_are_gone() {
        let workloads = Workloads::default();
        workloads.take_pod(&Event::Apply(pod("u-1")));
        assert_eq!(told(&workloads), ["k8s.pod.phase = 2", "k8s.container.cpu_limit = 2.0"]);
        let limits = workloads.limits("u-1", "app").unwrap();
        assert_eq!((limits.cpu_limit, limits.memory_limit), (Some(2.0), None));
        assert_eq!((workloads.limits("u-1", "other"), workloads.limits("u-2", "app")), (None, None));
        workloads.take_pod(&Event::Delete(pod("u-1")));
        assert!(told(&workloads).is_empty() && workloads.limits("u-1", "app").is_none());
    }

    #[test]
    fn what_is_of_no_node_is_told_while_the_lease_is_held_and_forgotten_after() {
        let workloads = Workloads::default();
        workloads.take_pod(&Event::Apply(pod("u-1")));
        let namespace = json!({"metadata": {"name": "shop", "uid": "n"}, "status": {"phase": "Active"}});
        let node = json!({"metadata": {"name": "node-1", "uid": "n-1"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
        workloads.seen().node.take(&Event::Apply(serde_json::from_value::<Node>(node).unwrap()), 1, node::facts);
        workloads.take_kind(&Event::Apply(serde_json::from_value::<Namespace>(namespace).unwrap()));
        workloads.seen().cluster_uid = Some("c".to_owned());
        workloads.holds_until_ns.send_replace(u64::MAX);
        let of = |prefix: &str| told(&workloads).iter().filter(|line| line.starts_with(prefix)).count();
        assert_eq!([of("k8s.pod"), of("k8s.node"), of("k8s.namespace")], [1, 1, 1]);
        let all = workloads.metrics(7, &[]);
        let mut resources = all.iter().map(|of| texts(&of.resource.clone().unwrap().attributes));
        assert!(resources.all(|attributes| attributes["k8s.cluster.uid"] == "c"));
        workloads.holds_until_ns.send_replace(clock::now_ns());
        assert_eq!([of("k8s.pod"), of("k8s.node"), of("k8s.namespace")], [1, 1, 0], "another may hold the Lease");
        workloads.holds_until_ns.send_replace(u64::MAX);
        workloads.forget();
        assert_eq!([of("k8s.pod"), of("k8s.node"), of("k8s.namespace")], [1, 0, 0]);
    }
}
