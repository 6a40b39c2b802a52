//! The kinds of objects that are of no node, a row a metric, and what is kept of one. Pure.
//!
//! Names and numbers are those of the Collector's receiver `k8s_cluster` (v0.149), which dashboards read.

use super::figures::{Facts, Figure, Instrument};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::Namespace;
use kube::Resource;
use rewind_otlp::known;
use serde::de::DeserializeOwned;
use std::fmt::Debug;

/// A metric of a kind, and what it says of an object.
pub(super) struct Row<K: 'static> {
    instrument: Instrument,
    of: fn(&K) -> Option<i32>,
}

const fn row<K>(
    name: &'static str,
    unit: &'static str,
    description: &'static str,
    of: fn(&K) -> Option<i32>,
) -> Row<K> {
    Row { instrument: Instrument::new(name, unit, description), of }
}

/// A kind of objects.
pub(super) trait Kind: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static {
    /// As attributes name it: `k8s.NAME.name`.
    const NAME: &'static str;
    /// In words, several of them.
    const PLURAL: &'static str;

    /// Its metrics.
    fn rows() -> &'static [Row<Self>];

    /// Whether an object is told of at all.
    fn is_told(&self) -> bool {
        true
    }
}

/// What is kept of an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kept {
    kind: &'static str,
    namespace: Box<str>,
    name: Box<str>,
    uid: Box<str>,
    numbers: Box<[(&'static Instrument, i32)]>,
}

impl Kept {
    /// What is kept of `object`.
    pub(super) fn of<K: Kind>(object: &K) -> Option<Self> {
        let (meta, said) = (object.meta(), |row: &'static Row<K>| Some((&row.instrument, (row.of)(object)?)));
        let text = |text: &Option<String>| text.as_deref().unwrap_or_default().into();
        object.is_told().then(|| Self {
            kind: K::NAME,
            namespace: text(&meta.namespace),
            name: text(&meta.name),
            uid: text(&meta.uid),
            numbers: K::rows().iter().filter_map(said).collect(),
        })
    }

    /// What is told of it.
    pub(super) fn facts(&self) -> Facts {
        let attributes = [
            known("k8s.namespace.name", &self.namespace),
            known(&format!("k8s.{}.name", self.kind), &self.name),
            known(&format!("k8s.{}.uid", self.kind), &self.uid),
        ];
        let figures = self.numbers.iter().map(|(instrument, number)| Figure::of(instrument, i64::from(*number)));
        Facts { attributes: attributes.into_iter().flatten().collect(), figures: figures.collect() }
    }
}

/// What the API leaves out of a status that is there is 0.
fn in_status<S>(status: Option<&S>, of: impl FnOnce(&S) -> Option<i32>) -> Option<i32> {
    status.map(|status| of(status).unwrap_or(0))
}

impl Kind for Deployment {
    const NAME: &'static str = "deployment";
    const PLURAL: &'static str = "Deployments";

    fn rows() -> &'static [Row<Self>] {
        static ROWS: [Row<Deployment>; 2] = [
            row("k8s.deployment.desired", "{pod}", "Pods that there are to be", |of| of.spec.as_ref()?.replicas),
            row("k8s.deployment.available", "{pod}", "Pods that have been ready for long enough", |of| {
                in_status(of.status.as_ref(), |status| status.available_replicas)
            }),
        ];
        &ROWS
    }
}

impl Kind for ReplicaSet {
    const NAME: &'static str = "replicaset";
    const PLURAL: &'static str = "ReplicaSets";

    fn rows() -> &'static [Row<Self>] {
        static ROWS: [Row<ReplicaSet>; 2] = [
            row("k8s.replicaset.desired", "{pod}", "Pods that there are to be", |of| of.spec.as_ref()?.replicas),
            row("k8s.replicaset.available", "{pod}", "Pods that have been ready for long enough", |of| {
                in_status(of.status.as_ref(), |status| status.available_replicas)
            }),
        ];
        &ROWS
    }

    /// A Deployment keeps ten that are empty, to go back to.
    fn is_told(&self) -> bool {
        let desired = self.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(0);
        desired > 0 || self.status.as_ref().is_some_and(|status| status.replicas > 0)
    }
}

impl Kind for StatefulSet {
    const NAME: &'static str = "statefulset";
    const PLURAL: &'static str = "StatefulSets";

    fn rows() -> &'static [Row<Self>] {
        static ROWS: [Row<StatefulSet>; 4] = [
            row("k8s.statefulset.desired_pods", "{pod}", "Pods that there are to be", |of| of.spec.as_ref()?.replicas),
            row("k8s.statefulset.ready_pods", "{pod}", "Pods that are ready", |of| {
                in_status(of.status.as_ref(), |status| status.ready_replicas)
            }),
            row("k8s.statefulset.current_pods", "{pod}", "Pods of the revision before an update", |of| {
                in_status(of.status.as_ref(), |status| status.current_replicas)
            }),
            row("k8s.statefulset.updated_pods", "{pod}", "Pods of the revision after it", |of| {
                in_status(of.status.as_ref(), |status| status.updated_replicas)
            }),
        ];
        &ROWS
    }
}

impl Kind for DaemonSet {
    const NAME: &'static str = "daemonset";
    const PLURAL: &'static str = "DaemonSets";

    fn rows() -> &'static [Row<Self>] {
        static ROWS: [Row<DaemonSet>; 4] = [
            row("k8s.daemonset.desired_scheduled_nodes", "{node}", "Nodes that are to run it", |of| {
                Some(of.status.as_ref()?.desired_number_scheduled)
            }),
            row("k8s.daemonset.current_scheduled_nodes", "{node}", "Nodes that run it, and are to", |of| {
                Some(of.status.as_ref()?.current_number_scheduled)
            }),
            row("k8s.daemonset.ready_nodes", "{node}", "Nodes on which it is ready", |of| {
                Some(of.status.as_ref()?.number_ready)
            }),
            row("k8s.daemonset.misscheduled_nodes", "{node}", "Nodes that run it, and are not to", |of| {
                Some(of.status.as_ref()?.number_misscheduled)
            }),
        ];
        &ROWS
    }
}

impl Kind for Job {
    const NAME: &'static str = "job";
    const PLURAL: &'static str = "Jobs";

    fn rows() -> &'static [Row<Self>] {
        static ROWS: [Row<Job>; 5] = [
            row("k8s.job.active_pods", "{pod}", "Pods that run or wait to", |of| {
                in_status(of.status.as_ref(), |status| status.active)
            }),
            row("k8s.job.failed_pods", "{pod}", "Pods that failed", |of| {
                in_status(of.status.as_ref(), |status| status.failed)
            }),
            row("k8s.job.successful_pods", "{pod}", "Pods that succeeded", |of| {
                in_status(of.status.as_ref(), |status| status.succeeded)
            }),
            row("k8s.job.desired_successful_pods", "{pod}", "Pods that are to succeed", |of| {
                of.spec.as_ref()?.completions
            }),
            row("k8s.job.max_parallel_pods", "{pod}", "Pods that may run at once", |of| of.spec.as_ref()?.parallelism),
        ];
        &ROWS
    }
}

impl Kind for CronJob {
    const NAME: &'static str = "cronjob";
    const PLURAL: &'static str = "CronJobs";

    fn rows() -> &'static [Row<Self>] {
        static ROWS: [Row<CronJob>; 1] = [row("k8s.cronjob.active_jobs", "{job}", "Jobs of it that run", |of| {
            let active = of.status.as_ref()?.active.as_ref().map_or(0, Vec::len);
            i32::try_from(active).ok()
        })];
        &ROWS
    }
}

impl Kind for HorizontalPodAutoscaler {
    const NAME: &'static str = "hpa";
    const PLURAL: &'static str = "HorizontalPodAutoscalers";

    fn rows() -> &'static [Row<Self>] {
        static ROWS: [Row<HorizontalPodAutoscaler>; 4] = [
            row("k8s.hpa.min_replicas", "{pod}", "Fewest pods that it scales to", |of| of.spec.as_ref()?.min_replicas),
            row("k8s.hpa.max_replicas", "{pod}", "Most pods that it scales to", |of| {
                Some(of.spec.as_ref()?.max_replicas)
            }),
            row("k8s.hpa.current_replicas", "{pod}", "Pods as it saw them last", |of| {
                in_status(of.status.as_ref(), |status| status.current_replicas)
            }),
            row("k8s.hpa.desired_replicas", "{pod}", "Pods that it wants there to be", |of| {
                Some(of.status.as_ref()?.desired_replicas)
            }),
        ];
        &ROWS
    }
}

impl Kind for Namespace {
    const NAME: &'static str = "namespace";
    const PLURAL: &'static str = "namespaces";

    fn rows() -> &'static [Row<Self>] {
        static ROWS: [Row<Namespace>; 1] =
            [row("k8s.namespace.phase", "", "Whether it is active: 1, or 0: it is on its way out", |of| {
                of.status.as_ref()?.phase.as_deref().map(|phase| i32::from(phase == "Active"))
            })];
        &ROWS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workloads::figures::{Frame, Scope, lines, texts};
    use serde_json::{Value, json};

    fn told<K: Kind>(spec: Value, status: Value) -> Vec<String> {
        let object =
            json!({"metadata": {"name": "web", "namespace": "shop", "uid": "u-1"}, "spec": spec, "status": status});
        let kept = Kept::of::<K>(&serde_json::from_value(object).unwrap());
        let Some(kept) = kept else { return Vec::new() };
        let metrics =
            Frame { told: &[], cluster_uid: Some("c"), now_unix_ns: 7 }.metrics(&kept.facts(), Scope::Cluster);
        let Some(metrics) = metrics else { return Vec::new() };
        let attributes = texts(&metrics.resource.as_ref().unwrap().attributes);
        assert_eq!(attributes["k8s.namespace.name"], "shop");
        assert_eq!(attributes[&format!("k8s.{}.name", K::NAME)], "web");
        assert_eq!(attributes[&format!("k8s.{}.uid", K::NAME)], "u-1");
        lines(&metrics)
    }

    fn template() -> Value {
        json!({"spec": {"containers": []}})
    }

    #[test]
    fn a_deployment_is_told_by_what_is_wanted_and_what_is_there() {
        let spec = json!({"replicas": 3, "selector": {}, "template": template()});
        let expected = ["k8s.deployment.desired = 3", "k8s.deployment.available = 1"];
        assert_eq!(told::<Deployment>(spec.clone(), json!({"availableReplicas": 1, "readyReplicas": 2})), expected);
        let expected = ["k8s.deployment.desired = 3", "k8s.deployment.available = 0"];
        assert_eq!(told::<Deployment>(spec, json!({"replicas": 3})), expected, "the API leaves zeros out");
    }

    #[test]
    fn what_has_no_status_yet_is_told_by_its_spec_alone() {
        let spec = json!({"replicas": 3, "selector": {}, "template": template()});
        assert_eq!(told::<Deployment>(spec, Value::Null), ["k8s.deployment.desired = 3"]);
        assert!(told::<CronJob>(Value::Null, Value::Null).is_empty());
    }

    #[test]
    fn replica_sets_that_are_kept_to_go_back_to_are_not_told() {
        let spec = |replicas| json!({"replicas": replicas, "selector": {}, "template": template()});
        assert!(told::<ReplicaSet>(spec(0), json!({"replicas": 0})).is_empty());
        let shrinks = ["k8s.replicaset.desired = 0", "k8s.replicaset.available = 1"];
        assert_eq!(told::<ReplicaSet>(spec(0), json!({"replicas": 1, "availableReplicas": 1})), shrinks);
        let grows = ["k8s.replicaset.desired = 2", "k8s.replicaset.available = 0"];
        assert_eq!(told::<ReplicaSet>(spec(2), json!({"replicas": 0})), grows);
    }

    #[test]
    fn sets_and_jobs_are_told_as_the_collector_does() {
        let spec = json!({"replicas": 2, "selector": {}, "template": template(), "serviceName": "web"});
        let status = json!({"replicas": 2, "readyReplicas": 1, "currentReplicas": 1, "updatedReplicas": 1});
        let expected = [
            "k8s.statefulset.desired_pods = 2",
            "k8s.statefulset.ready_pods = 1",
            "k8s.statefulset.current_pods = 1",
            "k8s.statefulset.updated_pods = 1",
        ];
        assert_eq!(told::<StatefulSet>(spec, status), expected);
        let status = json!({"desiredNumberScheduled": 4, "currentNumberScheduled": 3, "numberReady": 2, "numberMisscheduled": 1});
        let expected = [
            "k8s.daemonset.desired_scheduled_nodes = 4",
            "k8s.daemonset.current_scheduled_nodes = 3",
            "k8s.daemonset.ready_nodes = 2",
            "k8s.daemonset.misscheduled_nodes = 1",
        ];
        assert_eq!(told::<DaemonSet>(Value::Null, status), expected);
        let spec = json!({"completions": 5, "parallelism": 2, "template": template()});
        let expected = [
            "k8s.job.active_pods = 2",
            "k8s.job.failed_pods = 1",
            "k8s.job.successful_pods = 0",
            "k8s.job.desired_successful_pods = 5",
            "k8s.job.max_parallel_pods = 2",
        ];
        assert_eq!(told::<Job>(spec, json!({"active": 2, "failed": 1})), expected);
        let status = json!({"active": [{"name": "a"}, {"name": "b"}]});
        assert_eq!(told::<CronJob>(Value::Null, status), ["k8s.cronjob.active_jobs = 2"]);
        let spec = json!({"minReplicas": 1, "maxReplicas": 9, "scaleTargetRef": {"kind": "Deployment", "name": "web"}});
        let expected = [
            "k8s.hpa.min_replicas = 1",
            "k8s.hpa.max_replicas = 9",
            "k8s.hpa.current_replicas = 2",
            "k8s.hpa.desired_replicas = 3",
        ];
        let status = json!({"currentReplicas": 2, "desiredReplicas": 3});
        assert_eq!(told::<HorizontalPodAutoscaler>(spec, status), expected);
    }

    #[test]
    fn a_namespace_is_its_own() {
        let phase = |phase: &str| {
            let object = json!({"metadata": {"name": "shop", "uid": "u"}, "status": {"phase": phase}});
            let facts = Kept::of::<Namespace>(&serde_json::from_value(object).unwrap()).unwrap().facts();
            assert_eq!(texts(&facts.attributes).len(), 2);
            let frame = Frame { told: &[], cluster_uid: None, now_unix_ns: 7 };
            lines(&frame.metrics(&facts, Scope::Cluster).unwrap())
        };
        assert_eq!(phase("Active"), ["k8s.namespace.phase = 1"]);
        assert_eq!(phase("Terminating"), ["k8s.namespace.phase = 0"]);
    }
}
