//! The node -> what is told of it. Pure.

use super::figures::{Facts, Figure, Instrument};
use super::quantity::{number, whole};
use k8s_openapi::api::core::v1::Node;
use rewind_otlp::known;
use std::borrow::Cow;

/// Most conditions that are told; who watches nodes adds some of their own.
const MAX_CONDITIONS: usize = 32;
/// Longest type of one.
const MAX_TYPE_BYTES: usize = 64;

static CPU: Instrument = Instrument::new("k8s.node.allocatable_cpu", "{cpu}", "CPU that pods may have");
static MEMORY: Instrument = Instrument::new("k8s.node.allocatable_memory", "By", "Memory that pods may have");
static STORAGE: Instrument =
    Instrument::new("k8s.node.allocatable_ephemeral_storage", "By", "Local storage that pods may have");
static PODS: Instrument = Instrument::new("k8s.node.allocatable_pods", "{pod}", "How many pods it takes");

/// What is told of a node.
pub(super) fn facts(node: &Node) -> Option<Facts> {
    let (name, uid) = (node.metadata.name.as_deref()?, node.metadata.uid.as_deref().unwrap_or_default());
    let attributes = [known("k8s.node.name", name), known("k8s.node.uid", uid)];
    let status = node.status.as_ref()?;
    let conditions = status.conditions.iter().flatten().take(MAX_CONDITIONS);
    let conditions = conditions.filter_map(|condition| {
        let name = snake(&condition.type_)?;
        let name = Cow::Owned(format!("k8s.node.condition_{name}"));
        let description = "Whether the condition is so: 1, 0, or -1: it is not known";
        let instrument = Instrument { name, unit: "", description };
        Some(Figure::named(Cow::Owned(instrument), value(&condition.status)))
    });
    let of = |name: &str| status.allocatable.as_ref()?.get(name);
    let allocatable = [
        of("cpu").and_then(number).map(|cpus| Figure::of(&CPU, cpus)),
        of("memory").and_then(whole).map(|bytes| Figure::of(&MEMORY, bytes)),
        of("ephemeral-storage").and_then(whole).map(|bytes| Figure::of(&STORAGE, bytes)),
        of("pods").and_then(whole).map(|pods| Figure::of(&PODS, pods)),
    ];
    let figures = conditions.chain(allocatable.into_iter().flatten()).collect();
    Some(Facts { attributes: attributes.into_iter().flatten().collect(), figures })
}

fn value(status: &str) -> i64 {
    match status {
        "True" => 1,
        "False" => 0,
        _ => -1,
    }
}

/// `PIDPressure` as `pid_pressure`: as the Collector names metrics after conditions.
fn snake(name: &str) -> Option<String> {
    let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if name.is_empty() || name.len() > MAX_TYPE_BYTES || !is_word {
        return None;
    }
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let is_upper = |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(char::is_ascii_uppercase);
        let is_lower = |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(char::is_ascii_lowercase);
        // The last upper-case letter of several begins the next word, if one follows.
        let begins = letter.is_ascii_uppercase() && (!is_upper(at.checked_sub(1)) || is_lower(at.checked_add(1)));
        if at > 0 && begins {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    Some(snake)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workloads::figures::{Frame, Scope, lines, texts};
    use serde_json::json;

    #[test]
    fn conditions_and_what_is_allocatable_are_told() {
        let node = json!({
            "metadata": {"name": "node-1", "uid": "n-1"},
            "status": {
                "conditions": [
                    {"type": "MemoryPressure", "status": "False"},
                    {"type": "PIDPressure", "status": "True"},
                    {"type": "Ready", "status": "Unknown"},
                    {"type": "bad.name/x", "status": "True"},
                ],
                "allocatable": {"cpu": "1930m", "memory": "3925Mi", "ephemeral-storage": "47093746742", "pods": "110",
                    "hugepages-2Mi": "0"},
            },
        });
        let facts = facts(&serde_json::from_value(node).unwrap()).unwrap();
        let metrics = Frame { told: &[], cluster_uid: None, now_unix_ns: 7 }.metrics(&facts, Scope::Node).unwrap();
        let expected = [
            "k8s.node.condition_memory_pressure = 0",
            "k8s.node.condition_pid_pressure = 1",
            "k8s.node.condition_ready = -1",
            "k8s.node.allocatable_cpu = 1.93",
            "k8s.node.allocatable_memory = 4115660800",
            "k8s.node.allocatable_ephemeral_storage = 47093746742",
            "k8s.node.allocatable_pods = 110",
        ];
        assert_eq!(lines(&metrics), expected);
        let attributes = texts(&metrics.resource.unwrap().attributes);
        assert_eq!((&*attributes["k8s.node.name"], &*attributes["k8s.node.uid"]), ("node-1", "n-1"));
    }

    #[test]
    fn names_of_conditions_are_as_the_collectors() {
        for (name, expected) in [
            ("Ready", Some("ready")),
            ("DiskPressure", Some("disk_pressure")),
            ("NetworkUnavailable", Some("network_unavailable")),
            ("PIDPressure", Some("pid_pressure")),
            ("FrequentKubeletRestart", Some("frequent_kubelet_restart")),
            ("XID", Some("xid")),
            ("", None),
            ("a b", None),
        ] {
            assert_eq!(snake(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn what_a_node_does_not_say_is_left_out() {
        let node = json!({"metadata": {"name": "node-1"}, "status": {"allocatable": {"cpu": "many"}}});
        assert!(facts(&serde_json::from_value(node).unwrap()).unwrap().figures.is_empty());
    }
}
