//! What is told of each kind.

use super::figures::{Frame, Scope, lines, texts};
use super::kinds::{Kept, Kind};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::Namespace;
use serde_json::{Value, json};

fn told<K: Kind>(spec: Value, status: Value) -> Vec<String> {
    let object =
        json!({"metadata": {"name": "web", "namespace": "shop", "uid": "u-1"}, "spec": spec, "status": status});
    let kept = Kept::of::<K>(&serde_json::from_value(object).unwrap());
    let Some(kept) = kept else { return Vec::new() };
    let metrics = Frame { told: &[], cluster_uid: Some("c"), now_unix_ns: 7 }.metrics(&kept.facts(), Scope::Cluster);
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
    let status =
        json!({"desiredNumberScheduled": 4, "currentNumberScheduled": 3, "numberReady": 2, "numberMisscheduled": 1});
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
