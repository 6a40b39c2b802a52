//! Every kind of container and of pod is recorded under its own name.

use crate::manifest::{pod, set, workload};
use crate::told::SOON;
use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::agents;
use rewind_tests::cluster::namespace::Namespace;
use rewind_tests::dump::Dump;
use rewind_tests::eventually::eventually;
use serde_json::{Value, json};

fn container(name: &str, command: &[&str]) -> Value {
    json!({"name": name, "image": "rewind.test/workloads:1", "command": command})
}

fn uid(namespace: &Namespace, pod: &str) -> Result<String> {
    let pod = namespace.get(&["pod", pod])?;
    Ok(pod.pointer("/metadata/uid").and_then(Value::as_str).context("no UID")?.to_owned())
}

/// The header of a container's recording says who it is.
fn known(namespace: &Namespace, pod: &str, container: &str, kind: &str) -> Result<()> {
    let (uid, mut last) = (uid(namespace, pod)?, None);
    let name = format!("{}/{pod}/{container}", namespace.name());
    let expected = json!({
        "namespace": namespace.name(), "name": pod, "uid": uid, "container": container, "kind": kind, "node": "node-a",
    });
    let known = eventually(&name, SOON, || {
        let target = format!("pod/{pod}");
        let said = namespace.ask(&["rewind", "dump", &target, "-c", container, "-o", "json"]);
        let header = said.and_then(|dump| Dump::parse(&dump)).map(|dump| dump.header);
        let is_known = header.as_ref().is_ok_and(|header| {
            let of = header.pointer("/container/pod").and_then(Value::as_object);
            let expected = expected.as_object().into_iter().flatten();
            let all = of.is_some_and(|of| expected.clone().all(|(field, value)| of.get(field) == Some(value)));
            all && header.pointer("/container/name") == Some(&name.clone().into())
        });
        last = Some(header);
        is_known.then_some(())
    });
    known.with_context(|| format!("it is known as {last:?}"))
}

pub(crate) fn each() -> Result<()> {
    agents::with(|admin| {
        let namespace = Namespace::new("kinds")?;
        let sleep = ["sleep", "1000"];
        let mut web = workload("web", &sleep);
        let mut side = container("side", &sleep);
        side["restartPolicy"] = "Always".into();
        set(&mut web, "/spec/initContainers", json!([container("setup", &["sh", "-c", "exit 0"]), side]));
        let mut host = workload("host", &sleep);
        set(&mut host, "/spec/hostNetwork", json!(true));
        let mut shared = pod("shared", &container("app", &sleep));
        set(&mut shared, "/spec/shareProcessNamespace", json!(true));
        set(&mut shared, "/spec/containers", json!([container("app", &sleep), container("other", &sleep)]));
        for pod in [&web, &host, &shared] {
            namespace.apply(&pod.to_string())?;
        }
        for pod in ["web", "host", "shared"] {
            namespace.runs(pod)?;
        }
        // The words behind `--` come last: the namespace goes before.
        let debug = ["debug", "web", "-n", namespace.name(), "--image=rewind.test/workloads:1", "--profile=general"];
        let debug = [&debug[..], &["--container=probe", "--target=app", "--", "sleep", "1000"]].concat();
        admin.ask(&debug)?;
        for (pod, container, kind) in [
            ("web", "app", "app"),
            ("web", "setup", "init"),
            ("web", "side", "sidecar"),
            ("web", "probe", "ephemeral"),
            ("host", "app", "app"),
            ("shared", "app", "app"),
            ("shared", "other", "app"),
        ] {
            known(&namespace, pod, container, kind)?;
        }
        Ok(())
    })
}

/// The same name in two namespaces, and one after the other.
pub(crate) fn namesakes() -> Result<()> {
    agents::with(|_| {
        let (first, second) = (Namespace::new("names")?, Namespace::new("names")?);
        for (namespace, seconds) in [(&first, "1111"), (&second, "2222")] {
            namespace.apply(&workload("web", &["sleep", seconds]).to_string())?;
        }
        for (namespace, own, other) in [(&first, "1111", "2222"), (&second, "2222", "1111")] {
            namespace.runs("web")?;
            known(namespace, "web", "app", "app")?;
            let dump = namespace.ask(&["rewind", "dump", "pod/web", "-o", "strace"])?;
            ensure!(dump.contains(own) && !dump.contains(other), "{dump}");
        }
        let before = uid(&first, "web")?;
        first.ask(&["delete", "pod", "web", "--timeout=60s"])?;
        first.apply(&workload("web", &["sleep", "3333"]).to_string())?;
        first.runs("web")?;
        known(&first, "web", "app", "app")?;
        let listed = first.ask(&["rewind", "list", "-o", "json"])?;
        ensure!(listed.contains(&before) && listed.contains(&uid(&first, "web")?), "one of both is missing: {listed}");
        Ok(())
    })
}
