//! What a node has of its pods, as seen from the machine: nobody asks the API server here.

use super::place::Place;
use crate::programs;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// The main process of a pod's container, by its runtime: `container` is one of `/status/containerStatuses`.
///
/// # Errors
/// When it does not run.
pub fn main_process(place: &Place, container: &Value) -> Result<i32> {
    let id = container.get("containerID").and_then(Value::as_str).context("it has no id")?;
    let id = id.rsplit('/').next().unwrap_or(id);
    let mut ctr = Command::new("ctr");
    ctr.arg("--address").arg(place.runtime_socket()).args(["--namespace", "k8s.io", "tasks", "list"]);
    let tasks = programs::run(&mut ctr)?.success()?;
    // `TASK PID STATUS`
    let task = tasks.lines().find_map(|line| line.strip_prefix(id)?.split_whitespace().next()?.parse().ok());
    task.with_context(|| format!("{id} does not run:\n{tasks}"))
}

/// Where an `emptyDir` of a pod lies.
#[must_use]
pub fn volume(place: &Place, pod_uid: &str, name: &str) -> PathBuf {
    place.on_node(&format!("/var/lib/kubelet/pods/{pod_uid}/volumes/kubernetes.io~empty-dir/{name}"))
}

/// How many crash files the node's agent keeps.
#[must_use]
pub fn crash_files(place: &Place) -> usize {
    let files = fs::read_dir(place.on_node("/var/lib/rewind/crashes")).into_iter().flatten().flatten();
    files.filter(|file| file.file_name().to_string_lossy().ends_with(".rewind")).count()
}
