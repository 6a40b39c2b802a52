//! What annotations of pods and of namespaces ask for.

use crate::manifest::{set, workload};
use crate::told::SOON;
use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::agents;
use rewind_tests::cluster::namespace::Namespace;
use rewind_tests::eventually::until;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const KIB: u64 = 1 << 10;
/// Some 4 MiB of calls in a while, of which the agent knows after its first moments.
const BUSY: &str = "while :; do dd if=/dev/zero of=/dev/null bs=1 count=4000 2>/dev/null; sleep 0.2; done";
/// Until many pods have been started and have worked.
const STARTED: Duration = Duration::from_secs(120);

fn annotated(mut pod: Value, name: &str, value: &str) -> Value {
    set(&mut pod, "/metadata/annotations", json!({name: value}));
    pod
}

/// The recordings of a namespace's living containers: how many bytes each takes, by pod.
fn rings(namespace: &Namespace) -> Result<BTreeMap<String, u64>> {
    let nodes: Value = serde_json::from_str(&namespace.ask(&["rewind", "list", "-o", "json"])?)?;
    let recordings = |node: &Value| node.pointer("/recordings").and_then(Value::as_array).cloned();
    let all: Vec<Value> = nodes.as_array().context("no nodes")?.iter().filter_map(recordings).flatten().collect();
    let living = all.iter().filter(|listed| listed.get("died_ns").is_none_or(Value::is_null));
    let ring = |listed: &Value| {
        let name = listed.pointer("/container/name")?.as_str()?;
        let pod = name.split('/').nth(1)?.to_owned();
        Some((pod, listed.pointer("/coverage/ring_bytes")?.as_u64()?))
    };
    // The sandbox is a container of the pod's too.
    let apps = living.filter(|listed| {
        let name = listed.pointer("/container/name").and_then(Value::as_str);
        name.is_some_and(|name| name.ends_with("/app"))
    });
    Ok(apps.filter_map(ring).collect())
}

pub(crate) fn of_namespace() -> Result<()> {
    agents::with(|admin| {
        let namespace = Namespace::new("annotated")?;
        admin.ask(&["annotate", "namespace", namespace.name(), "rewind.dev/record=false"])?;
        let pod = |name| workload(name, &["sh", "-c", "while :; do sleep 0.1; done"]);
        namespace.apply(&pod("quiet").to_string())?;
        namespace.apply(&annotated(pod("loud"), "rewind.dev/record", "true").to_string())?;
        namespace.runs("quiet")?;
        namespace.runs("loud")?;
        // Until the namespace is known, both are recorded.
        until(
            "a recording of `loud` alone",
            SOON,
            || rings(&namespace),
            |rings| rings.keys().eq(["loud"]).then_some(()),
        )?;
        // What was recorded until then, if anything, ends, and a second later nobody can read it any more.
        let dump = || namespace.kubectl_as(admin, &["rewind", "dump", "pod/quiet"]);
        until("no recording of `quiet`", SOON, dump, |dump| (dump.code == 3 && dump.stdout.is_empty()).then_some(()))
    })
}

pub(crate) fn ring_size() -> Result<()> {
    agents::with(|admin| {
        let namespace = Namespace::new("sizes")?;
        admin.ask(&["annotate", "namespace", namespace.name(), "rewind.dev/ring-size=4Mi"])?;
        let pod = |name| workload(name, &["sh", "-c", BUSY]);
        namespace.apply(&pod("large").to_string())?;
        namespace.apply(&annotated(pod("small"), "rewind.dev/ring-size", "160Ki").to_string())?;
        let is_so = |rings: &BTreeMap<String, u64>| {
            let of = |name: &str| rings.get(name).copied().unwrap_or_default();
            (of("large") > 1200 * KIB && (1..=160 * KIB).contains(&of("small"))).then_some(())
        };
        until("a large ring and a small one", SOON, || rings(&namespace), is_so)?;
        // It is shrunk while it lives, too, and keeps what is newest.
        namespace.ask(&["annotate", "pod", "large", "rewind.dev/ring-size=256Ki"])?;
        let is_so = |rings: &BTreeMap<String, u64>| {
            let bytes = rings.get("large").copied().unwrap_or_default();
            (1..=256 * KIB).contains(&bytes).then_some(())
        };
        until("the large ring to be a small one", SOON, || rings(&namespace), is_so)?;
        let dump = namespace.ask(&["rewind", "dump", "pod/large", "-o", "strace"])?;
        ensure!(dump.contains("read(0, ") && dump.contains("write(1, "), "{dump}");
        Ok(())
    })
}

/// More pods than the node's memory has room for, each of which asks for more than a ring can have: 4 MiB a share.
const GREEDY: usize = 17;

pub(crate) fn greedy() -> Result<()> {
    agents::with(|_| {
        let namespace = Namespace::new("greedy")?;
        let totals = || -> Result<[u64; 3]> {
            let nodes: Value = serde_json::from_str(&namespace.ask(&["rewind", "list", "-o", "json"])?)?;
            let total = |name: &str| nodes.pointer(&format!("/0/totals/{name}")).and_then(Value::as_u64);
            let all = ["refused", "used_bytes", "budget_bytes"].map(total);
            all.into_iter().collect::<Option<Vec<_>>>().and_then(|all| all.try_into().ok()).context("no totals")
        };
        let full = "dd if=/dev/zero of=/dev/null bs=1 count=80000 2>/dev/null; exec sleep 1000";
        let pod = |name: &str| workload(name, &["sh", "-c", full]);
        let items: Vec<_> = (0..GREEDY)
            .map(|number| annotated(pod(&format!("greedy-{number}")), "rewind.dev/ring-size", "1Gi"))
            .collect();
        namespace.apply(&json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string())?;
        until("half of the memory to be theirs", STARTED, totals, |[_, used, budget]| {
            (*used > budget / 2).then_some(())
        })?;
        let [refused_before, ..] = totals()?;
        // Who comes later gets as much as one of them: not in its first second, in which the agent may not have taken
        // from them yet, so it goes on.
        namespace.apply(&workload("modest", &["sh", "-c", BUSY]).to_string())?;
        let is_fair = |rings: &BTreeMap<String, u64>| {
            let mut theirs: Vec<_> =
                rings.iter().filter(|(pod, _)| *pod != "modest").map(|(_, bytes)| *bytes).collect();
            theirs.sort_unstable();
            // It has not asked for more than 1 MiB itself.
            let usual = (*theirs.get(theirs.len() / 2)?).min(1024 * KIB);
            rings.get("modest").is_some_and(|bytes| *bytes >= usual / 2).then_some(())
        };
        until("a ring like theirs beside them", SOON, || rings(&namespace), is_fair)?;
        let [refused, used, budget] = totals()?;
        ensure!(refused == refused_before, "{} were refused", refused - refused_before);
        ensure!(used <= budget, "rings take {used} bytes of {budget}");
        Ok(())
    })
}

pub(crate) fn refused() -> Result<()> {
    agents::with(|admin| {
        let namespace = Namespace::new("refused")?;
        let pod = annotated(workload("web", &["sleep", "1000"]), "rewind.dev/ring-size", "large");
        namespace.apply(&pod.to_string())?;
        namespace.runs("web")?;
        let told = format!("pod {}/web: rewind.dev/ring-size: \"large\" is no size, as 64Mi is one", namespace.name());
        let is_told = |said: &String| said.contains(&told).then_some(());
        until(&format!("`{told}`"), SOON, || agents::health(admin), is_told)?;
        let doctor = namespace.ask(&["rewind", "doctor"])?;
        ensure!(doctor.contains(&told), "`{told}` is not there:\n{doctor}");
        // Of another namespace nothing is told.
        let other = Namespace::new("other")?.ask(&["rewind", "doctor"])?;
        ensure!(!other.contains(&told), "{other}");
        let log = admin.ask(&["logs", "-n", agents::NAMESPACE, agents::DAEMON_SET, "--tail=-1"])?;
        let whose = format!("pod {}/web", namespace.name());
        let times = log.lines().filter(|line| line.contains("not understood") && line.contains(&whose)).count();
        ensure!(times == 1, "it was logged {times} times:\n{log}");
        Ok(())
    })
}
