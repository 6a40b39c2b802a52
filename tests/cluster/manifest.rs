//! Pods, as manifests.

use serde_json::{Value, json};

const NOBODY: u32 = 65534;

pub(crate) fn pod(name: &str, container: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "restartPolicy": "Never",
            "automountServiceAccountToken": false,
            "containers": [container],
            "volumes": [],
        },
    })
}

pub(crate) fn workload(name: &str, command: &[&str]) -> Value {
    pod(name, &json!({"name": "app", "image": "rewind.test/workloads:1", "command": command}))
}

/// Python is the host's.
pub(crate) fn python(name: &str, script: &str) -> Value {
    let mut pod = pod(
        name,
        &json!({
            "name": "app",
            "image": "rewind.test/host:1",
            "command": ["/usr/bin/python3", "-c", script],
            "securityContext": {"runAsUser": NOBODY, "runAsGroup": NOBODY},
            "volumeMounts": [],
        }),
    );
    mount(&mut pod, json!({"name": "usr", "hostPath": {"path": "/usr"}}), "/usr");
    pod
}

pub(crate) fn mount(pod: &mut Value, volume: Value, path: &str) {
    let mount = json!({"name": volume.get("name"), "mountPath": path, "readOnly": path == "/usr"});
    for (list, item) in [("/spec/volumes", volume), ("/spec/containers/0/volumeMounts", mount)] {
        if let Some(list) = pod.pointer_mut(list).and_then(Value::as_array_mut) {
            list.push(item);
        }
    }
}

/// Sets a field of an object that is there.
pub(crate) fn set(object: &mut Value, place: &str, value: Value) {
    let Some((parent, field)) = place.rsplit_once('/') else { return };
    if let Some(parent) = object.pointer_mut(parent).and_then(Value::as_object_mut) {
        parent.insert(field.to_owned(), value);
    }
}
