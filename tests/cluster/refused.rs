//! Requests that are not good, at the real port: refused, counted and logged.

use crate::manifest::workload;
use crate::port::{Asked, Forward, in_seconds, refusals};
use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::agents;
use rewind_tests::cluster::namespace::Namespace;
use serde_json::{Value, json};

const LIST: &str = "/v1/recordings";

/// A pod that runs.
fn pod(namespace: &Namespace, name: &str) -> Result<Value> {
    namespace.apply(&workload(name, &["sleep", "1000"]).to_string())?;
    namespace.runs(name)?;
    namespace.get(&["pod", name])
}

/// The names and numbers of a list.
fn listed(list: &str) -> Result<Vec<(String, u64)>> {
    let list: Value = serde_json::from_str(list).with_context(|| format!("no list: {list}"))?;
    let of =
        |one: &Value| Some((one.pointer("/container/name")?.as_str()?.to_owned(), one.get("recording")?.as_u64()?));
    Ok(list.get("recordings").and_then(Value::as_array).context("no recordings")?.iter().filter_map(of).collect())
}

pub(crate) fn each() -> Result<()> {
    agents::with(|admin| {
        let namespace = Namespace::new("refused")?;
        let (web, db) = (pod(&namespace, "web")?, pod(&namespace, "db")?);
        let forward = Forward::start(admin, agents::DAEMON_SET)?;
        let ask = |change: &dyn Fn(&mut Value)| Asked::new(admin, namespace.name(), &web, change);

        // A good one shows its pod alone. It is good once.
        let good = ask(&|_| {})?;
        let (said, status) = forward.ask(LIST, &good.headers())?;
        ensure!(status == 200, "{status}: {said}");
        let names: Vec<_> = listed(&said)?;
        ensure!(names.iter().all(|(name, _)| *name == format!("{}/web/app", namespace.name())), "{names:?}");
        ensure!(names.len() == 1, "{names:?}");

        let of_db = Asked::new(admin, namespace.name(), &db, |_| {})?;
        let (of_db, _) = forward.ask(LIST, &of_db.headers())?;
        let (_, number) = listed(&of_db)?.pop().context("db is not recorded")?;
        let others = format!("{LIST}/{number}");

        let (past, far) = (in_seconds(-5)?, in_seconds(1200)?);
        let mut guessed = ask(&|_| {})?.headers();
        guessed[1] = format!("authorization: Rewind {}", "5".repeat(64));
        for (what, headers, path, expected, reason) in [
            ("replayed", good.headers(), LIST, 403, "taken"),
            ("expired", ask(&|spec| spec["expires"] = past.clone().into())?.headers(), LIST, 403, "expired"),
            ("good for too long", ask(&|spec| spec["expires"] = far.clone().into())?.headers(), LIST, 403, "too_long"),
            ("guessed", guessed, LIST, 401, "unknown"),
            ("of another node", ask(&|spec| spec["node"] = json!("node-b"))?.headers(), LIST, 403, "other_node"),
            ("of another pod", ask(&|_| {})?.headers(), &others, 404, "other_target"),
            ("of another action", ask(&|spec| spec["action"] = json!("List"))?.headers(), &others, 403, "action"),
        ] {
            let before = refusals(admin, reason)?;
            let (said, status) = forward.ask(path, &headers)?;
            ensure!(status == expected, "{what}: {status} {said}");
            ensure!(!said.contains("sleep") && !said.contains(namespace.name()), "{what}: it tells of pods: {said}");
            let after = refusals(admin, reason)?;
            let counted = before.last().unwrap_or(&0) + 1;
            ensure!(after.len() == before.len() + 1 && after.last() == Some(&counted), "{what}: {before:?} {after:?}");
        }
        Ok(())
    })
}

/// A request is for a pod by its UID: another of the same name is another pod.
pub(crate) fn recreated() -> Result<()> {
    agents::with(|admin| {
        let namespace = Namespace::new("recreated")?;
        let before = pod(&namespace, "web")?;
        let asked = Asked::new(admin, namespace.name(), &before, |_| {})?;
        namespace.ask(&["delete", "pod", "web", "--timeout=60s"])?;
        let after = pod(&namespace, "web")?;
        let forward = Forward::start(admin, agents::DAEMON_SET)?;
        let (said, status) = forward.ask(LIST, &asked.headers())?;
        ensure!(status == 200, "{status}: {said}");
        let uid = |pod: &Value| pod.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default().to_owned();
        ensure!(!said.contains(&uid(&after)), "it shows the pod that came later: {said}");
        ensure!(listed(&said)?.len() == 1 && said.contains(&uid(&before)), "what was asked for is not there: {said}");
        // Who reads now reads the new one.
        let dump = namespace.ask(&["rewind", "dump", "pod/web", "-o", "json"])?;
        ensure!(dump.contains(&uid(&after)) && !dump.contains(&uid(&before)), "{dump}");
        Ok(())
    })
}
