//! A pod -> what is told of it and of its containers. Pure.

use super::container;
use super::figures::{Facts, Figure, Instrument};
use crate::identity::kubernetes::facts::PodFacts;
use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod};
use rewind_container_metrics::Limits;
use rewind_otlp::{attribute, pod_attributes};
use rewind_recording::header;

static PHASE: Instrument = Instrument::new(
    "k8s.pod.phase",
    "",
    "Where it is in its life: 1 pending, 2 running, 3 succeeded, 4 failed, 5 unknown",
);

/// What is kept of a pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PodState {
    /// Of the pod, then of each container.
    pub facts: Vec<Facts>,
    /// What each container may use, by its name.
    pub limits: Vec<(String, Limits)>,
}

impl PodState {
    /// What is kept of `pod`. `None`: it has no UID.
    pub(super) fn of(pod: &Pod) -> Option<Self> {
        let known = PodFacts::of(pod)?;
        let status = pod.status.as_ref();
        let phase = status.and_then(|status| status.phase.as_deref()).filter(|phase| !phase.is_empty());
        let figures = phase.map(|phase| Figure::of(&PHASE, number(phase))).into_iter().collect();
        let mut facts = vec![Facts { attributes: pod_attributes(&known.told("", None)), figures }];
        let mut limits = Vec::new();
        for (one, is_init) in containers(pod) {
            let run = known.runs.iter().find(|run| run.container == one.name);
            // How often it was started is a figure: as an attribute it would make another series of each restart.
            let its = header::Pod { restart: None, ..known.told(&one.name, run) };
            let mut attributes = pod_attributes(&its);
            attributes.extend(run.map(|run| attribute("container.id", run.id.as_str())));
            // What one needs that ends before the others start is not reserved beside theirs.
            let asks = one.resources.as_ref().filter(|_| !is_init);
            facts.push(container::facts(attributes, asks, status_of(pod, one)));
            limits.extend(one.resources.as_ref().map(|asks| (one.name.clone(), container::limits(asks))));
        }
        Some(Self { facts, limits })
    }
}

/// The containers of a pod, but for those that people add to look into it; and whether each ends before others start.
fn containers(pod: &Pod) -> impl Iterator<Item = (&Container, bool)> {
    let spec = pod.spec.as_ref();
    let apps = spec.into_iter().flat_map(|spec| &spec.containers).map(|one| (one, false));
    let inits = spec.into_iter().flat_map(|spec| spec.init_containers.iter().flatten());
    apps.chain(inits.map(|one| (one, one.restart_policy.as_deref() != Some("Always"))))
}

fn status_of<'p>(pod: &'p Pod, container: &Container) -> Option<&'p ContainerStatus> {
    let status = pod.status.as_ref()?;
    let all = [&status.container_statuses, &status.init_container_statuses];
    all.into_iter().flatten().flatten().find(|status| status.name == container.name)
}

/// As the Collector numbers phases.
fn number(phase: &str) -> u64 {
    match phase {
        "Pending" => 1,
        "Running" => 2,
        "Succeeded" => 3,
        "Failed" => 4,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workloads::figures::{Frame, Scope, lines, texts};
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    const ID: &str = "4f1d0e6fd2d8a0a8a2b1b1e0c1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4";

    /// A pod of a Deployment; `changes` are merged into it.
    fn pod(changes: Value) -> PodState {
        let mut pod = json!({
            "metadata": {
                "name": "web-7f-x2", "namespace": "shop", "uid": "u-1",
                "labels": {"pod-template-hash": "7f"},
                "ownerReferences": [
                    {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7f", "uid": "r", "controller": true}
                ],
            },
            "spec": {"nodeName": "node-1", "containers": [{
                "name": "app", "image": "shop/web:1.4",
                "resources": {"requests": {"cpu": "250m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
            }]},
            "status": {"phase": "Running", "containerStatuses": [{
                "name": "app", "containerID": format!("containerd://{ID}"), "restartCount": 0, "ready": true,
                "image": "", "imageID": "", "state": {"running": {}},
            }]},
        });
        merge(&mut pod, changes);
        PodState::of(&serde_json::from_value(pod).unwrap()).unwrap()
    }

    fn merge(into: &mut Value, changes: Value) {
        match (into, changes) {
            (Value::Object(into), Value::Object(changes)) => {
                changes.into_iter().for_each(|(key, change)| merge(into.entry(key).or_insert(Value::Null), change));
            }
            (into, change) => *into = change,
        }
    }

    /// What is told of the pod, then of each container: attributes, and a line a figure.
    fn told(pod: &PodState) -> Vec<(BTreeMap<String, String>, Vec<String>)> {
        let frame = Frame { told: &[], cluster_uid: None, now_unix_ns: 7 };
        let metrics = pod.facts.iter().map(|facts| frame.metrics(facts, Scope::Node).unwrap());
        metrics.map(|of| (texts(&of.resource.clone().unwrap().attributes), lines(&of))).collect()
    }

    fn status(changes: Value) -> Value {
        let mut status = json!({"name": "app", "restartCount": 0, "ready": false, "image": "", "imageID": ""});
        merge(&mut status, changes);
        json!({"status": {"containerStatuses": [status]}})
    }

    #[test]
    fn a_pod_that_runs_is_told_with_its_container() {
        let pod = pod(json!({}));
        let [(of_pod, phase), (of_container, figures)] = &told(&pod)[..] else { panic!("{pod:?}") };
        assert_eq!(phase, &["k8s.pod.phase = 2"]);
        for attributes in [of_pod, of_container] {
            for (key, text) in [
                ("k8s.namespace.name", "shop"),
                ("k8s.pod.name", "web-7f-x2"),
                ("k8s.pod.uid", "u-1"),
                ("k8s.node.name", "node-1"),
                ("k8s.deployment.name", "web"),
            ] {
                assert_eq!(attributes.get(key).map(String::as_str), Some(text), "{key}");
            }
        }
        assert!(!of_pod.contains_key("k8s.container.name") && !of_pod.contains_key("service.instance.id"));
        for (key, text) in [("k8s.container.name", "app"), ("container.id", ID), ("container.image.name", "shop/web")] {
            assert_eq!(of_container.get(key).map(String::as_str), Some(text), "{key}");
        }
        assert!(!of_container.contains_key("k8s.container.status.last_terminated_reason"));
        let of = |prefix: &str| figures.iter().filter(|line| line.starts_with(prefix)).cloned().collect::<Vec<_>>();
        let [restarts, ready] = [of("k8s.container.restarts"), of("k8s.container.ready")];
        assert_eq!(
            (&restarts[..], &ready[..]),
            (&["k8s.container.restarts = 0".to_owned()][..], &["k8s.container.ready = 1".to_owned()][..])
        );
        assert_eq!(of("k8s.container.status.state running"), ["k8s.container.status.state running = 1"]);
        assert_eq!(of("k8s.container.status.state").len(), 3);
        let reasons = of("k8s.container.status.reason");
        assert!(reasons.len() == 9 && reasons.iter().all(|line| line.ends_with(" = 0")), "{reasons:?}");
        assert_eq!(of("k8s.container.cpu"), ["k8s.container.cpu_request = 0.25"]);
        let memory = ["k8s.container.memory_request = 67108864", "k8s.container.memory_limit = 134217728"];
        assert_eq!(of("k8s.container.memory"), memory);
        let limits = Limits {
            cpu_request: Some(0.25),
            cpu_limit: None,
            memory_request: Some(64 << 20),
            memory_limit: Some(128 << 20),
        };
        assert_eq!(pod.limits, [("app".to_owned(), limits)]);
    }

    #[test]
    fn each_phase_has_its_number() {
        for (phase, line) in
            [("Pending", 1), ("Running", 2), ("Succeeded", 3), ("Failed", 4), ("Unknown", 5), ("New", 5)]
        {
            let pod = pod(json!({"status": {"phase": phase}}));
            assert_eq!(told(&pod)[0].1, [format!("k8s.pod.phase = {line}")]);
        }
        assert!(pod(json!({"status": {"phase": ""}})).facts[0].figures.is_empty());
    }

    #[test]
    fn a_crash_loop_is_told_with_how_it_ended_last() {
        let pod = pod(status(json!({
            "restartCount": 4,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "containerID": format!("containerd://{ID}")}},
        })));
        let (attributes, figures) = &told(&pod)[1];
        assert_eq!(attributes["k8s.container.status.last_terminated_reason"], "OOMKilled");
        for line in [
            "k8s.container.restarts = 4",
            "k8s.container.ready = 0",
            "k8s.container.status.state waiting = 1",
            "k8s.container.status.reason CrashLoopBackOff = 1",
            "k8s.container.status.reason OOMKilled = 0",
            "rewind.k8s.container.last_exit_code = 137",
        ] {
            assert!(figures.iter().any(|figure| figure == line), "{line}: {figures:?}");
        }
    }

    #[test]
    fn an_end_that_nothing_follows_is_the_last_one() {
        let pod = pod(status(json!({
            "state": {"terminated": {"reason": "Error", "exitCode": 3}},
            "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}},
        })));
        let (attributes, figures) = &told(&pod)[1];
        assert_eq!(attributes["k8s.container.status.last_terminated_reason"], "Error");
        assert!(figures.contains(&"rewind.k8s.container.last_exit_code = 3".to_owned()), "{figures:?}");
        assert!(figures.contains(&"k8s.container.status.reason Error = 1".to_owned()), "{figures:?}");
    }

    #[test]
    fn a_reason_that_is_not_of_the_usual_ones_is_told_too() {
        let waits = |reason: &str| told(&pod(status(json!({"state": {"waiting": {"reason": reason}}}))))[1].1.clone();
        assert!(waits("InvalidImageName").contains(&"k8s.container.status.reason InvalidImageName = 1".to_owned()));
        assert!(waits(&"x".repeat(65)).iter().all(|line| !line.contains("xx")));
    }

    #[test]
    fn a_container_without_a_status_has_what_it_asks_for_alone() {
        let pod = pod(json!({"status": {"phase": "Pending", "containerStatuses": null}}));
        let figures = &told(&pod)[1].1;
        assert_eq!(figures.len(), 3, "{figures:?}");
        assert!(figures[0].starts_with("k8s.container.cpu_request"), "{figures:?}");
    }

    #[test]
    fn what_init_containers_ask_for_is_not_added_to_what_the_others_do() {
        let asks = json!({"requests": {"cpu": "1"}});
        let pod = pod(json!({
            "spec": {"initContainers": [
                {"name": "first", "resources": asks},
                {"name": "beside", "restartPolicy": "Always", "resources": asks},
            ]},
            "status": {"initContainerStatuses": [{
                "name": "first", "restartCount": 2, "ready": false, "image": "", "imageID": "", "state": {"waiting": {}},
            }]},
        }));
        let told = told_of(&pod, "first");
        assert!(told.iter().any(|line| line == "k8s.container.restarts = 2"), "{told:?}");
        assert!(told.iter().all(|line| !line.contains("request")), "{told:?}");
        assert_eq!(told_of(&pod, "beside"), ["k8s.container.cpu_request = 1.0"]);
        assert_eq!(pod.limits.len(), 3);
    }

    fn told_of(pod: &PodState, container: &str) -> Vec<String> {
        let frame = Frame { told: &[], cluster_uid: None, now_unix_ns: 7 };
        let is_its =
            |facts: &&Facts| texts(&facts.attributes).get("k8s.container.name").is_some_and(|name| name == container);
        let facts = pod.facts.iter().find(is_its).unwrap();
        frame.metrics(facts, Scope::Node).map(|of| lines(&of)).unwrap_or_default()
    }
}
