//! Runs that are over: of a crash loop, of a pod that is gone, of a Deployment's pods.

use crate::manifest::{set, workload};
use crate::told::{SOON, Told, between_runs, kept};
use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::agents;
use rewind_tests::cluster::namespace::Namespace;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(crate) fn crash_loop() -> Result<()> {
    agents::with(|_| {
        let namespace = Namespace::new("loop")?;
        let mut pod = workload("web", &["cat", "/etc/missing.conf"]);
        set(&mut pod, "/spec/restartPolicy", json!("Always"));
        namespace.apply(&pod.to_string())?;
        between_runs(&namespace, "web", 3)?;
        kept(&namespace, "web", "It exited with 1 after open")?;
        let restarts = namespace.until("Recordings of four runs", SOON, &["recordings"], |all| {
            let all = all.get("items")?.as_array()?;
            let restarts: BTreeSet<i64> =
                all.iter().filter_map(|recording| recording.pointer("/spec/restart")?.as_i64()).collect();
            (restarts.len() >= 4).then_some(restarts)
        })?;
        ensure!((0..4).all(|restart| restarts.contains(&restart)), "{restarts:?}");
        let previous = namespace.ask(&["rewind", "dump", "pod/web", "--previous", "-o", "strace"])?;
        ensure!(previous.contains("/etc/missing.conf") && previous.contains("+++ exited with 1 +++"), "{previous}");
        Ok(())
    })
}

pub(crate) fn deleted() -> Result<()> {
    agents::with(|_| {
        let namespace = Namespace::new("deleted")?;
        namespace.apply(&workload("web", &["cat", "/etc/missing.conf"]).to_string())?;
        namespace.ends("web", 1, SOON)?;
        namespace.ask(&["delete", "pod", "web", "--timeout=60s"])?;
        let told = Told::of(&namespace, "pod/web", "It exited with 1 after open")?;
        ensure!(told.answer.contains("/etc/missing.conf"), "{}", told.answer);
        Ok(())
    })
}

pub(crate) fn deployment() -> Result<()> {
    agents::with(|_| {
        let namespace = Namespace::new("deployment")?;
        let mut template = workload("web", &["sleep", "1000"]);
        set(&mut template, "/metadata", json!({"labels": {"app": "web"}}));
        set(&mut template, "/spec/restartPolicy", json!("Always"));
        let deployment = json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web"},
            "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": {
                "metadata": template.get("metadata"), "spec": template.get("spec"),
            }},
        });
        namespace.apply(&deployment.to_string())?;
        namespace.ask(&["rollout", "status", "deployment/web", "--timeout=60s"])?;
        let pods = namespace.get(&["pods", "-l", "app=web"])?;
        let pods = pods.get("items").and_then(Value::as_array).context("no pods")?;
        let names: Vec<&str> = pods.iter().filter_map(|pod| pod.pointer("/metadata/name")?.as_str()).collect();
        ensure!(names.len() == 2, "{names:?}");
        let dump = namespace.ask(&["rewind", "dump", "deploy/web"])?;
        let missing: Vec<_> = names.iter().filter(|name| !dump.contains(**name)).collect();
        ensure!(missing.is_empty(), "{missing:?} are not there:\n{dump}");
        Ok(())
    })
}
