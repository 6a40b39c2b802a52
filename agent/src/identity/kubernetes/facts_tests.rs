//! Pods as the API server tells of them, shortened, and what is kept of them.

use super::facts::{PodFacts, Run};
use super::pods::{Pods, Wanted};
use rewind_recording::header::{ContainerKind, Owner};
use serde_json::{Value, json};

fn facts(pod: Value) -> PodFacts {
    PodFacts::of(&serde_json::from_value(pod).unwrap()).unwrap()
}

fn status(name: &str, id: Option<&str>, restarts: u32, last: Option<&str>) -> Value {
    let terminated = |id: &str| {
        json!({"terminated": {"containerID": id, "exitCode": 1, "reason": "Error",
        "startedAt": "2026-11-28T07:00:00Z", "finishedAt": "2026-11-28T07:00:01Z"}})
    };
    json!({"name": name, "containerID": id, "restartCount": restarts, "image": "docker.io/library/web:2",
        "imageID": format!("docker.io/library/{name}@sha256:ab"), "ready": false, "started": false,
        "lastState": last.map_or(json!({}), terminated), "state": {}})
}

/// A pod of a Deployment with a container of each kind, as containerd's kubelet tells of it.
fn web() -> Value {
    json!({
        "metadata": {
            "name": "web-6d5f7c9b8-x2x4z", "namespace": "shop", "uid": "u1",
            "creationTimestamp": "2026-11-28T07:00:00Z",
            "labels": {"app": "web", "pod-template-hash": "6d5f7c9b8", "internal/thing": "x"},
            "annotations": {"resource.opentelemetry.io/service.namespace": "team", "other": "x"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-6d5f7c9b8",
                "uid": "r", "controller": true, "blockOwnerDeletion": true}],
            "managedFields": [{"manager": "kubelet", "operation": "Update", "fieldsV1": {"f:status": {}}}],
        },
        "spec": {
            "nodeName": "n1", "hostNetwork": true, "hostPID": true, "shareProcessNamespace": true,
            "initContainers": [
                {"name": "migrate", "image": "migrate:1"},
                {"name": "proxy", "image": "envoy:1", "restartPolicy": "Always"},
            ],
            "containers": [{"name": "app", "image": "web:2"}],
            "ephemeralContainers": [{"name": "debugger", "image": "busybox", "targetContainerName": "app"}],
        },
        "status": {
            "phase": "Running", "qosClass": "Burstable",
            "initContainerStatuses": [
                status("migrate", Some("containerd://i1"), 0, None),
                status("proxy", Some("containerd://s1"), 1, Some("containerd://s0")),
            ],
            "containerStatuses": [status("app", Some("containerd://a3"), 3, Some("containerd://a2"))],
            "ephemeralContainerStatuses": [status("debugger", Some("containerd://e1"), 0, None)],
        },
    })
}

#[test]
fn each_kind_of_container_is_found_by_its_id_with_all_that_is_known() {
    let pods = Pods::default();
    pods.apply(facts(web()), 1);
    let found = |id| {
        let found = pods.find(Wanted { id, uid: "u1", ..Wanted::default() }).unwrap();
        assert!(found.is_run, "{id}");
        found.pod
    };
    for (id, name, kind, image, restart) in [
        ("a3", "app", ContainerKind::App, "web:2", 3),
        ("a2", "app", ContainerKind::App, "web:2", 2),
        ("i1", "migrate", ContainerKind::Init, "migrate:1", 0),
        ("s1", "proxy", ContainerKind::Sidecar, "envoy:1", 1),
        ("s0", "proxy", ContainerKind::Sidecar, "envoy:1", 0),
        ("e1", "debugger", ContainerKind::Ephemeral, "busybox", 0),
    ] {
        let pod = found(id);
        let told = (pod.container.as_str(), pod.kind, pod.image.as_str(), pod.restart);
        assert_eq!(told, (name, kind, image, Some(restart)), "{id}");
        assert_eq!(pod.joined_name(), format!("shop/web-6d5f7c9b8-x2x4z/{name}"));
    }
    let pod = found("a3");
    assert_eq!(pod.owner, Some(Owner { kind: "Deployment".into(), name: "web".into() }));
    assert_eq!((pod.node.as_str(), pod.qos.as_str()), ("n1", "Burstable"));
    assert_eq!(pod.image_id, "docker.io/library/app@sha256:ab");
    assert_eq!(pod.labels.keys().map(|key| key.as_str()).collect::<Vec<_>>(), ["app"]);
    assert_eq!((pod.service.name.as_str(), pod.service.namespace.as_str()), ("web", "team"));
    assert!(found("a2").image_id.is_empty(), "the image before may have been another");
}

#[test]
fn a_container_that_waits_to_be_started_again_is_the_last_run_and_not_one_more() {
    let runs = |status| {
        let mut pod = web();
        pod["status"] = json!({ "containerStatuses": [status] });
        facts(pod).runs.into_iter().map(|Run { id, restart, .. }| (id, restart)).collect::<Vec<_>>()
    };
    let run = |id: &str, restart| (id.to_owned(), restart);
    let waiting = status("app", Some("containerd://a3"), 3, Some("containerd://a3"));
    assert_eq!(runs(waiting), [run("a3", 3)]);
    assert_eq!(runs(status("app", None, 0, None)), []);
    assert_eq!(runs(status("app", Some(""), 0, None)), []);
    assert_eq!(runs(status("app", None, 2, Some("cri-o://a2"))), [run("a2", 2)]);
    assert_eq!(runs(status("app", Some("docker://a0"), 0, Some("docker://odd"))), [run("a0", 0)]);
}

#[test]
fn before_the_status_tells_of_a_container_it_is_found_by_pod_and_name() {
    let pods = Pods::default();
    let mut pod = web();
    pod["status"] = Value::Null;
    pods.apply(facts(pod), 1);
    let found = pods.find(Wanted { id: "a9", uid: "u1", container: "proxy" }).unwrap();
    assert!(!found.is_run);
    assert_eq!((found.pod.kind, found.pod.restart), (ContainerKind::Sidecar, None));
    assert_eq!(found.pod.owner.unwrap().to_string(), "Deployment/web");
    assert_eq!(pods.find(Wanted { id: "a9", uid: "other", container: "proxy" }), None);
    assert_eq!(pods.find(Wanted::default()), None);
}

/// As the kubelet mirrors a file of its manifests: the cgroup is named after the hash.
fn mirror(uid: &str, id: &str) -> Value {
    let hash = "5b1c6f0f3f9c7a2d8e4b6a1c9d0e2f34";
    json!({
        "metadata": {
            "name": "etcd-n1", "namespace": "kube-system", "uid": uid,
            "annotations": {"kubernetes.io/config.hash": hash, "kubernetes.io/config.mirror": hash,
                "kubernetes.io/config.source": "file"},
            "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": "n", "controller": true}],
        },
        "spec": {"nodeName": "n1", "containers": [{"name": "etcd", "image": "etcd:3"}]},
        "status": {"qosClass": "Burstable", "containerStatuses": [status("etcd", Some(id), 0, None)]},
    })
}

#[test]
fn a_static_pod_is_found_by_container_or_by_what_the_kubelet_calls_it() {
    const HASH: &str = "5b1c6f0f3f9c7a2d8e4b6a1c9d0e2f34";
    let pods = Pods::default();
    pods.apply(facts(mirror("m1", "containerd://c1")), 1);
    let found = pods.find(Wanted { id: "c1", uid: HASH, ..Wanted::default() }).unwrap();
    assert!(found.is_run);
    assert_eq!((found.pod.uid.as_str(), found.pod.container.as_str()), ("m1", "etcd"));
    let found = pods.find(Wanted { id: "c2", uid: HASH, container: "etcd" }).unwrap();
    assert_eq!((found.pod.uid.as_str(), found.is_run), ("m1", false));
    // The mirror is made anew, and of the one before is heard last.
    pods.apply(facts(mirror("m2", "containerd://c2")), 2);
    pods.delete(facts(mirror("m1", "containerd://c1")), 3);
    let uid = |id| pods.find(Wanted { id, uid: HASH, container: "etcd" }).unwrap().pod.uid.as_str().to_owned();
    assert_eq!((uid("c1"), uid("c2"), uid("c3")), ("m1".into(), "m2".into(), "m2".into()));
}

#[test]
fn who_names_a_cgroup_like_anothers_container_is_not_taken_for_it() {
    let pods = Pods::default();
    pods.apply(facts(web()), 1);
    let mut other = web();
    (other["metadata"]["uid"], other["metadata"]["name"]) = (json!("u2"), json!("evil"));
    other["status"]["containerStatuses"] = json!([]);
    pods.apply(facts(other), 1);
    let found = pods.find(Wanted { id: "a3", uid: "u2", ..Wanted::default() }).unwrap();
    assert_eq!((found.pod.name.as_str(), found.is_run), ("evil", false));
    let found = pods.find(Wanted { id: "a3", ..Wanted::default() }).unwrap();
    assert_eq!((found.pod.uid.as_str(), found.is_run), ("u1", true), "a path that tells no pod");
}

#[test]
fn pods_of_one_name_are_told_apart_in_two_namespaces_and_one_after_the_other() {
    let pods = Pods::default();
    let of = |namespace: &str, uid: &str, id: &str| {
        facts(json!({"metadata": {"name": "db-0", "namespace": namespace, "uid": uid},
            "spec": {"nodeName": "n1", "containers": [{"name": "db"}]},
            "status": {"containerStatuses": [status("db", Some(id), 0, None)]}}))
    };
    pods.apply(of("a", "u1", "x://c1"), 1);
    pods.apply(of("b", "u2", "x://c2"), 1);
    pods.delete(of("a", "u1", "x://c1"), 2);
    pods.apply(of("a", "u3", "x://c3"), 3);
    for (id, uid, namespace) in [("c1", "u1", "a"), ("c2", "u2", "b"), ("c3", "u3", "a")] {
        let pod = pods.find(Wanted { id, uid, ..Wanted::default() }).unwrap().pod;
        assert_eq!((pod.uid.as_str(), pod.namespace.as_str()), (uid, namespace));
    }
}

#[test]
fn a_pod_without_a_uid_is_none_and_one_with_nothing_else_is_kept() {
    assert!(PodFacts::of(&serde_json::from_value(json!({"metadata": {"name": "x"}})).unwrap()).is_none());
    let bare = facts(json!({"metadata": {"uid": "u"}}));
    assert_eq!(bare.told("any", None).joined_name(), "any");
}
