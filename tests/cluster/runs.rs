//! Runs that are over: of a crash loop, of a pod that is gone, of a Deployment's pods.

use crate::manifest::{self, set, workload};
use crate::told::{SOON, Told, between_runs, kept};
use crate::workloads;
use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::agents;
use rewind_tests::cluster::namespace::Namespace;
use rewind_tests::eventually::until;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

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
        let deployment = manifest::deployment("web", 2, workload("web", &["sleep", "1000"]));
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

/// Misses a file, lives until it is told to fail, and fails in silence.
const MISSES: &str =
    "{ read flags </opt/feature.flags; } 2>/dev/null\nuntil [ -e /tmp/fail ]; do sleep 1; done\nexit 3";
/// What failed so long ago did a living pod no harm: the agent's own time, and some for the start.
const LONG_AGO: Duration = Duration::from_secs(65);

/// What two living pods of a Deployment have failed at as well is not what the third has failed for.
pub(crate) fn siblings() -> Result<()> {
    agents::with(|admin| {
        let namespace = Namespace::new("siblings")?;
        let deployment = manifest::deployment("web", 3, workload("web", &["sh", "-c", MISSES]));
        namespace.apply(&deployment.to_string())?;
        namespace.ask(&["rollout", "status", "deployment/web", "--timeout=60s"])?;
        let pods = namespace.get(&["pods", "-l", "app=web"])?;
        let pod = pods.pointer("/items/0/metadata/name").and_then(Value::as_str).context("no pod")?;
        thread::sleep(LONG_AGO);
        admin.ask(&["exec", "-n", namespace.name(), pod, "--", "touch", "/tmp/fail"])?;
        let target = format!("pod/{pod}");
        let previous = ["rewind", "why", &target, "--previous"];
        let why = until(
            "its cause",
            SOON,
            || namespace.ask(&previous),
            |why| why.contains("exited with 3").then(|| why.clone()),
        )?;
        let (answer, rest) = why.split_once("\n\n").context("no answer")?;
        ensure!(!answer.contains("feature.flags"), "{why}");
        ensure!(rest.contains("also in 2 runs that ended well"), "{why}");
        Ok(())
    })
}

pub(crate) fn by_cause() -> Result<()> {
    agents::with(|_| {
        let namespace = Namespace::new("causes")?;
        let mut failing = workloads::deployment("web");
        set(&mut failing, "/spec/replicas", json!(3));
        set(&mut failing, "/spec/template/spec/containers/0/command", json!(["cat", "/etc/missing.conf"]));
        namespace.apply(&failing.to_string())?;
        let list = ["rewind", "list", "--crashes", "--by-cause", "-o", "json"];
        let three = |text: &String| {
            let told: Value = serde_json::from_str(text).ok()?;
            let [cause] = &told.get("causes")?.as_array()?[..] else { return None };
            (cause.get("containers")?.as_u64()? == 3).then(|| cause.clone())
        };
        let cause = until("one cause of three pods", SOON, || namespace.ask(&list), three)?;
        ensure!(cause.get("count").and_then(Value::as_u64).is_some_and(|count| count >= 3), "{cause}");
        ensure!(cause.to_string().contains("/etc/missing.conf"), "{cause}");
        let fingerprint = cause.get("fingerprint").and_then(Value::as_str).context("no fingerprint")?;
        let table = namespace.ask(&["rewind", "list", "--crashes", "--by-cause"])?;
        ensure!(table.lines().filter(|line| line.contains(fingerprint)).count() == 1, "{table}");
        let recordings = namespace.get(&["recordings"])?;
        let all = recordings.get("items").and_then(Value::as_array).context("no Recordings")?;
        ensure!(all.iter().all(|of| of.pointer("/spec/fingerprint") == Some(&fingerprint.into())), "{all:?}");
        let why =
            namespace.ask(&["rewind", "why", cause.get("newest").and_then(Value::as_str).context("no newest")?])?;
        ensure!(why.contains("Cause:      first seen ") && why.contains("in 3 containers"), "{why}");
        let is_its =
            |event: &Value| event.pointer("/metadata/annotations/rewind.dev~1fingerprint") == Some(&fingerprint.into());
        namespace.until("an Event with the fingerprint", SOON, &["events"], |all| {
            all.get("items")?.as_array()?.iter().any(is_its).then_some(())
        })
    })
}
