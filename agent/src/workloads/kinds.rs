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
