//! Pods that come and go: how soon each recording has its name, and whether it is the right one.

use super::super::interrupt;
use super::node::NodeAgent;
use super::pods::{self, text};
use anyhow::{Context as _, Result};
use rewind_tests::cluster::namespace::Namespace;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How many.
pub(super) const PODS: usize = 300;
/// How many are made at once; the next come when these have ended, while these go.
const BATCH: usize = 30;
const ENDED: Duration = Duration::from_secs(120);
/// How often the agent is asked for its list. Times are up to this much too long.
const LOOK: Duration = Duration::from_millis(200);
/// How long after the last pod names may still come.
const AFTER: Duration = Duration::from_secs(5);

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Churned {
    pub(super) pods_a_second: f64,
    /// From the first call of each recording to its name.
    pub(super) named_s: Vec<f64>,
    pub(super) recordings: usize,
    pub(super) wrong: usize,
    pub(super) crash_files: usize,
    pub(super) wrong_crash_files: usize,
}

/// A recording, as the agent told of it.
#[derive(Debug, Default)]
struct Seen {
    uid: String,
    /// `namespace/pod` at last.
    name: String,
    named_s: Option<f64>,
}

pub(super) fn measure(agent: &NodeAgent) -> Result<Churned> {
    let namespace = Namespace::new("bench-churn")?;
    let done = AtomicBool::new(false);
    let (made, seen) = std::thread::scope(|scope| {
        let looking = scope.spawn(|| look(agent, &done));
        let made = make(&namespace);
        done.store(true, Ordering::Relaxed);
        let seen = looking.join().map_err(|_| anyhow::anyhow!("the thread that looks has failed"));
        (made, seen)
    });
    let (names, took) = made?;
    let seen = seen??;
    let mut churned = Churned { pods_a_second: PODS as f64 / took.as_secs_f64(), ..Churned::default() };
    let is_right = |uid: &str, name: &str| names.get(uid).is_some_and(|right| right == name);
    for Seen { uid, name, named_s } in seen.into_values().filter(|seen| names.contains_key(&seen.uid)) {
        churned.recordings += 1;
        match named_s.filter(|_| is_right(&uid, &name)) {
            Some(named_s) => churned.named_s.push(named_s),
            None => churned.wrong += 1,
        }
    }
    for crash in agent.crashes()? {
        let container = crash.pointer("/header/container").context("a crash without a container")?;
        let uid = text(container, "/pod_uid");
        if names.contains_key(uid) {
            let is_whole = is_right(uid, &joined(container)) && text(container, "/pod/container") == "app";
            *(if is_whole { &mut churned.crash_files } else { &mut churned.wrong_crash_files }) += 1;
        }
    }
    Ok(churned)
}

/// Makes all pods, batch by batch; their names by their UIDs, and how long that took.
fn make(namespace: &Namespace) -> Result<(HashMap<String, String>, Duration)> {
    let mut names = HashMap::new();
    let begin = Instant::now();
    for batch in 0..PODS / BATCH {
        let of_batch = (0..BATCH).map(|number| format!("churn-{batch}-{number}"));
        pods::make(namespace, of_batch, &["cat", "/etc/missing.conf"], "Never")?;
        let prefix = format!("churn-{batch}-");
        let has_ended = |pod: &Value| {
            let is_older = !text(pod, "/metadata/name").starts_with(&prefix);
            is_older || text(pod, "/status/phase") == "Failed"
        };
        for pod in pods::until(namespace, "a batch of pods to end", ENDED, has_ended)? {
            let name = format!("{}/{}", namespace.name(), text(&pod, "/metadata/name"));
            names.insert(text(&pod, "/metadata/uid").to_owned(), name);
        }
        namespace.ask(&["delete", "pods", "--all", "--wait=false", "--grace-period=0", "--force"])?;
        eprintln!("bench: {} of {PODS} pods", (batch + 1) * BATCH);
    }
    let took = begin.elapsed();
    interrupt::pause(AFTER)?;
    Ok((names, took))
}

/// What the agent tells of recordings of pods, until all is done.
fn look(agent: &NodeAgent, done: &AtomicBool) -> Result<HashMap<u64, Seen>> {
    let mut seen: HashMap<u64, Seen> = HashMap::new();
    while !done.load(Ordering::Relaxed) {
        let (all, now_ns) = agent.recordings()?;
        for listed in all {
            let number = |name: &str| listed.get(name).and_then(Value::as_u64).unwrap_or(0);
            let Some(container) = listed.get("container") else { continue };
            let uid = text(container, "/pod_uid");
            if uid.is_empty() {
                continue;
            }
            let of = seen.entry(number("recording")).or_default();
            if of.uid.is_empty() {
                uid.clone_into(&mut of.uid);
            }
            let name = joined(container);
            // Once whole, a name stays as it is.
            if of.named_s.is_none() && !name.ends_with('/') {
                of.named_s = Some(now_ns.saturating_sub(number("born_ns")) as f64 / 1e9);
            }
            of.name = name;
        }
        std::thread::sleep(LOOK);
    }
    Ok(seen)
}

/// `namespace/pod`.
fn joined(container: &Value) -> String {
    format!("{}/{}", text(container, "/pod/namespace"), text(container, "/pod/name"))
}
