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

/// A pod that serves a page of its name, its Service, and a pod `client` that runs a script.
pub(crate) fn served(name: &str, script: &str) -> String {
    let [server, service] = server(name, &format!("echo from-{name} >/www/index.html"));
    let items = [server, service, workload("client", &["sh", "-c", script])];
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

/// A pod that serves what a script has made below `/www`, and its Service.
pub(crate) fn server(name: &str, script: &str) -> [Value; 2] {
    let serve = format!("mkdir -p /www/cgi-bin\n{script}\nexec httpd -f -p 8080 -h /www");
    let mut server = workload(name, &["sh", "-c", &serve]);
    set(&mut server, "/metadata/labels", json!({"app": name}));
    set(&mut server, "/spec/containers/0/readinessProbe", json!({"tcpSocket": {"port": 8080}, "periodSeconds": 1}));
    let spec = json!({"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]});
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec});
    [server, service]
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

/// A Deployment of such pods.
pub(crate) fn deployment(name: &str, replicas: u32, mut pod: Value) -> Value {
    set(&mut pod, "/metadata", json!({"labels": {"app": name}}));
    set(&mut pod, "/spec/restartPolicy", json!("Always"));
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": {
            "metadata": pod.get("metadata"), "spec": pod.get("spec"),
        }},
    })
}
