//! Pods to measure with, and what the API server says of them.

use super::super::interrupt;
use anyhow::{Context as _, Result};
use rewind_tests::cluster::namespace::Namespace;
use serde_json::{Value, json};
use std::time::Duration;

/// How often the API server is asked: each look is a `kubectl`, on a machine that has other things to do.
const LOOK: Duration = Duration::from_millis(500);

/// Makes pods with these names that run a command.
pub(super) fn make(
    namespace: &Namespace,
    names: impl Iterator<Item = String>,
    command: &[&str],
    restart: &str,
) -> Result<()> {
    let pod = |name: String| {
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name},
            "spec": {
                "terminationGracePeriodSeconds": 0,
                "restartPolicy": restart,
                "automountServiceAccountToken": false,
                "enableServiceLinks": false,
                "containers": [{"name": "app", "image": "rewind.test/workloads:1", "command": command}],
            },
        })
    };
    let items: Vec<Value> = names.map(pod).collect();
    namespace.apply(&json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string())
}

/// Waits until all pods of a namespace are as wanted; all of them.
pub(super) fn until(
    namespace: &Namespace,
    what: &str,
    within: Duration,
    is_wanted: impl Fn(&Value) -> bool,
) -> Result<Vec<Value>> {
    interrupt::eventually(what, within, || {
        let pods = all(namespace)?;
        if pods.iter().all(&is_wanted) {
            return Ok(Some(pods));
        }
        interrupt::pause(LOOK)?;
        Ok(None)
    })
}

/// All pods of a namespace.
pub(super) fn all(namespace: &Namespace) -> Result<Vec<Value>> {
    let list = namespace.get(&["pods"])?;
    Ok(list.get("items").and_then(Value::as_array).context("no pods")?.clone())
}

/// A text in an object, empty where there is none.
pub(super) fn text<'v>(object: &'v Value, pointer: &str) -> &'v str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// How often the containers of a pod were started again.
pub(super) fn restarts(pod: &Value) -> u64 {
    pod.pointer("/status/containerStatuses/0/restartCount").and_then(Value::as_u64).unwrap_or(0)
}
