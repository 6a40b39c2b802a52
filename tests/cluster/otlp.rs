//! What an OpenTelemetry backend gets of pods, by `overlays/otlp` as it is shipped.

use crate::manifest::{set, workload};
use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::agents;
use rewind_tests::cluster::kubectl::User;
use rewind_tests::cluster::namespace::Namespace;
use rewind_tests::cluster::place::ADDRESS;
use rewind_tests::collector::{Collector, attribute};
use rewind_tests::eventually::eventually;
use rewind_tests::programs::work_tree;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// One that the overlay lets agents speak to.
const PORT: u16 = 4318;
/// Where the overlay says that a backend is.
const EXAMPLE: &str = "http://otel-collector.observability:4318";
/// Agents have been replaced, and ends wait for names.
const SOON: Duration = Duration::from_secs(60);

/// Agents as the overlay has them. Dropping it has them as they were.
struct Exporting<'u> {
    admin: &'u User,
    manifests: tempfile::TempDir,
}

impl<'u> Exporting<'u> {
    /// As people do it: the place of the backend goes into the overlay's `config.yaml`.
    fn to(admin: &'u User, endpoint: &str) -> Result<Self> {
        let manifests = tempfile::tempdir()?;
        for dir in ["base", "overlays/otlp"] {
            copy(&work_tree().join("manifests").join(dir), &manifests.path().join(dir))?;
        }
        let config = manifests.path().join("overlays/otlp/config.yaml");
        let text = fs::read_to_string(&config)?;
        ensure!(text.contains(EXAMPLE), "{text}");
        fs::write(&config, text.replace(EXAMPLE, endpoint))?;
        let exporting = Self { admin, manifests };
        exporting.apply("overlays/otlp")?;
        Ok(exporting)
    }

    fn apply(&self, dir: &str) -> Result<()> {
        self.admin.ask(&["apply", "-k", &self.manifests.path().join(dir).display().to_string()])?;
        let status = ["rollout", "status", agents::DAEMON_SET, "-n", agents::NAMESPACE, "--timeout=120s"];
        self.admin.ask(&status).map(drop)
    }
}

impl Drop for Exporting<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.apply("base") {
            eprintln!("having the agents as they were: {error:#}");
        }
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("no {}", from.display()))? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// A pod that asks for a page of the backend, which is a server of HTTP as well, and fails.
fn fails(name: &str, annotations: &Value) -> Value {
    let script = format!("wget -q -O - http://{ADDRESS}:{PORT}/asked; cat /etc/missing.conf; exit 3");
    let mut pod = workload(name, &["sh", "-c", &script]);
    set(&mut pod, "/metadata/annotations", annotations.clone());
    pod
}

/// The spans of a pod's container, and its crash, when both are there.
fn told(collector: &Collector, namespace: &Namespace, pod: &str) -> Option<(Vec<Value>, Value)> {
    let (spans, logs) = collector.of_pod(namespace.name(), pod);
    let crash = logs.iter().find(|log| log.get("eventName") == Some(&"rewind.process.crash".into()))?;
    let is_whole = spans.iter().any(|span| attribute(span, "process.exit.code").as_deref() == Some("3"));
    is_whole.then(|| (spans, crash.clone()))
}

fn is_request(span: &Value) -> bool {
    attribute(span, "http.request.method").is_some()
}

pub(crate) fn told_of_pods() -> Result<()> {
    agents::with(|admin| {
        let collector = Collector::on(ADDRESS, PORT)?;
        let exporting = Exporting::to(admin, &collector.endpoint())?;
        let namespace = Namespace::new("otlp")?;
        let pods = [
            ("quiet", json!({"rewind.dev/record": "false"})),
            ("reports", json!({"rewind.dev/request-spans": "false"})),
            ("web", json!({})),
        ];
        for (name, annotations) in &pods {
            namespace.apply(&fails(name, annotations).to_string())?;
            namespace.ends(name, 3, SOON)?;
        }
        let (spans, crash) = eventually("spans and the crash", SOON, || told(&collector, &namespace, "web"))?;
        let body = crash.pointer("/body/stringValue").and_then(Value::as_str).unwrap_or_default();
        ensure!(body.contains("exited with 3") && body.contains("/etc/missing.conf"), "{crash}");
        ensure!(spans.iter().any(is_request), "no request: {spans:?}");
        let resource =
            collector.resources().into_iter().find(|of| attribute(of, "k8s.pod.name").as_deref() == Some("web"));
        let resource = resource.context("no resource")?;
        for (key, value) in [
            ("k8s.namespace.name", namespace.name()),
            ("k8s.container.name", "app"),
            ("container.image.name", "rewind.test/workloads"),
        ] {
            ensure!(attribute(&resource, key).as_deref() == Some(value), "{key} is not {value}: {resource}");
        }
        // Which reports its own requests has all but these.
        let (spans, _) = eventually("spans and the crash", SOON, || told(&collector, &namespace, "reports"))?;
        ensure!(!spans.iter().any(is_request), "{spans:?}");
        let is_connection = |span: &Value| attribute(span, "network.transport").as_deref() == Some("tcp");
        ensure!(spans.iter().any(is_connection), "no connection: {spans:?}");
        // It ended before those of which all has come.
        let (spans, logs) = collector.of_pod(namespace.name(), "quiet");
        ensure!(spans.is_empty() && logs.is_empty(), "it is not to be recorded: {spans:?} {logs:?}");
        let health = admin.ask(&[
            "exec",
            "-n",
            agents::NAMESPACE,
            agents::DAEMON_SET,
            "-c",
            "rewind-agent",
            "--",
            "/rewind-agent",
            "health",
        ])?;
        ensure!(health.contains(&collector.endpoint()) && !health.contains("not sent"), "{health}");
        drop(exporting);
        Ok(())
    })
}
