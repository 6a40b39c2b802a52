//! The cluster as a real Prometheus has it that scrapes the agents, by the overlay as it is shipped.

use crate::manifest::{set, workload};
use crate::overlay::Overlay;
use crate::workloads::deployment;
use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::agents;
use rewind_tests::cluster::kubectl::User;
use rewind_tests::cluster::namespace::Namespace;
use rewind_tests::dashboards;
use rewind_tests::eventually::eventually;
use rewind_tests::prometheus::Prometheus;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Agents look every quarter of a minute.
const SOON: Duration = Duration::from_secs(120);
const TOKEN: &str = "of-a-test";
/// What the Prometheus Operator takes, which is not here: the overlay says that they may be left out.
const OF_THE_OPERATOR: [&str; 2] = ["  - monitor.yaml\n", "  - rules.yaml\n"];

/// As the overlay says where there is no Operator.
fn without_the_operator(overlay: &Path) -> Result<()> {
    let path = overlay.join("kustomization.yaml");
    let text = fs::read_to_string(&path)?;
    ensure!(OF_THE_OPERATOR.iter().all(|line| text.contains(line)), "{text}");
    Ok(fs::write(&path, OF_THE_OPERATOR.iter().fold(text, |text, line| text.replace(line, "")))?)
}

/// The same pods, each with a name of its own.
fn stateful(name: &str) -> Value {
    let mut set_of = deployment(name);
    set(&mut set_of, "/kind", json!("StatefulSet"));
    if let Some(spec) = set_of.pointer_mut("/spec").and_then(Value::as_object_mut) {
        spec.remove("strategy");
        spec.insert("serviceName".to_owned(), name.into());
    }
    set_of
}

pub(crate) fn asked_what_dashboards_ask() -> Result<()> {
    agents::with(|admin| {
        let namespace = Namespace::new("scraped")?;
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "rewind-metrics-token", "namespace": agents::NAMESPACE},
            "stringData": {"token": TOKEN},
        });
        admin.apply(&secret.to_string())?;
        let overlay = Overlay::new(admin, "prometheus", without_the_operator)?;
        let done = asked(admin, &namespace);
        drop(overlay);
        admin.ask(&["delete", "secret", "rewind-metrics-token", "-n", agents::NAMESPACE])?;
        done
    })
}

fn asked(admin: &User, namespace: &Namespace) -> Result<()> {
    let mut fails = workload("fails", &["cat", "/etc/missing.conf"]);
    set(&mut fails, "/spec/restartPolicy", json!("Always"));
    let mut hungry = workload("hungry", &["/workloads/hungry"]);
    let resources = json!({"limits": {"memory": "32Mi"}, "requests": {"cpu": "10m", "memory": "16Mi"}});
    set(&mut hungry, "/spec/containers/0/resources", resources);
    for object in [deployment("web"), stateful("db"), fails, hungry] {
        namespace.apply(&object.to_string())?;
    }
    let pods = admin.get(&["pods", "-n", agents::NAMESPACE, "-l", agents::SELECTOR])?;
    let address = pods.pointer("/items/0/status/podIP").and_then(Value::as_str).context("no agent has an address")?;
    let dir = tempfile::tempdir()?;
    let token = dir.path().join("token");
    fs::write(&token, TOKEN)?;
    let prometheus = Prometheus::start(&format!("{address}:9464"), Some(&token), &[])?;
    eventually("Prometheus to scrape the agent", SOON, || prometheus.health().ok().filter(|(is, _)| is == "up"))
        .with_context(|| format!("{:?}", prometheus.health()))?;
    let queries = dashboards::queries("60s")?;
    let mut unanswered: Vec<_> = queries.iter().filter(|query| query.is_of_cluster()).collect();
    ensure!(unanswered.len() > 10, "{unanswered:?}");
    let answered = eventually("each query to be answered", SOON, || {
        unanswered.retain(|query| prometheus.query(&query.expr).is_ok_and(|found| found.is_empty()));
        unanswered.is_empty().then_some(())
    });
    answered.with_context(|| format!("{unanswered:#?}"))?;
    // Which workloads restart, and why?
    let of = namespace.name();
    for query in [
        format!("k8s_container_restarts{{k8s_namespace_name=\"{of}\", k8s_pod_name=\"fails\"}} > 0"),
        format!("rewind_container_crashes_total{{k8s_namespace_name=\"{of}\", rewind_cause_class=\"file\"}} > 0"),
        format!(
            "k8s_container_status_reason{{k8s_namespace_name=\"{of}\", k8s_container_status_reason=\"OOMKilled\"}} == 1"
        ),
        format!("k8s_deployment_available{{k8s_namespace_name=\"{of}\"}} == 2"),
    ] {
        let found = eventually(&query, SOON, || prometheus.query(&query).ok().filter(|found| !found.is_empty()));
        found.map(drop)?;
    }
    Ok(())
}
