//! Two nodes: what is asked of several is shown as one, and who is silent is named.

use crate::manifest::{set, workload};
use crate::port::{Asked, Forward};
use crate::told::SOON;
use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::agents;
use rewind_tests::cluster::namespace::Namespace;
use rewind_tests::cluster::place::{NODE, SECOND};
use rewind_tests::cluster::second::Second;
use rewind_tests::eventually::eventually;
use serde_json::{Value, json};

/// The second node is a real one: a kubelet in a network namespace.
pub(crate) fn two() -> Result<()> {
    agents::with(|admin| {
        let second = Second::start(admin)?;
        let namespace = Namespace::new("nodes")?;
        for (name, node) in [("one", NODE), ("two", SECOND)] {
            let mut pod = workload(name, &["sleep", "1000"]);
            set(&mut pod, "/spec/nodeName", json!(node));
            namespace.apply(&pod.to_string())?;
        }
        namespace.runs("one")?;
        namespace.runs("two")?;
        // By node, what is recorded of these pods.
        let expected = [(NODE, "one"), (SECOND, "two")];
        let expected = expected.map(|(node, pod)| (node.to_owned(), vec![format!("{}/{pod}/app", namespace.name())]));
        let listed = || {
            let nodes: Value = serde_json::from_str(&namespace.ask(&["rewind", "list", "-o", "json"]).ok()?).ok()?;
            let name = |one: &Value| Some(one.pointer("/container/name")?.as_str()?.to_owned());
            let of = |node: &Value| {
                let recordings = node.get("recordings")?.as_array()?.iter().filter_map(name).collect::<Vec<_>>();
                Some((node.get("node")?.as_str()?.to_owned(), recordings))
            };
            let all: Vec<_> = nodes.as_array()?.iter().filter_map(of).collect();
            (all == expected).then_some(())
        };
        eventually("each node to list its own pod", SOON, listed)?;
        let everywhere = admin.kubectl(&["rewind", "list", "-A"])?.success()?;
        for (node, pod) in [(NODE, "one"), (SECOND, "two")] {
            let row = |line: &&str| [namespace.name(), pod, node].iter().all(|word| line.contains(word));
            ensure!(everywhere.lines().filter(row).count() == 1, "not one row of {pod} on {node}:\n{everywhere}");
            let dump = namespace.ask(&["rewind", "dump", &format!("pod/{pod}")])?;
            ensure!(dump.contains("execve(\"/bin/sleep\""), "{dump}");
        }

        let pod = namespace.get(&["pod", "two"])?;
        let asked = Asked::new(admin, namespace.name(), &pod, |spec| spec["node"] = json!(SECOND))?;
        let agent = agents::ready(admin, "the first node's agent", |agent| agents::is_on(agent, NODE))?;
        let agent = agent.pointer("/metadata/name").and_then(Value::as_str).context("no name")?;
        let (said, status) = Forward::start(admin, &format!("pod/{agent}"))?.ask("/v1/recordings", &asked.headers())?;
        ensure!(status == 403 && said.contains("for another node's agent"), "{status} {said}");

        second.falls_silent()?;
        let said = admin.kubectl(&["rewind", "list", "-A"])?;
        ensure!(said.code == 6 && said.stdout.contains("one"), "{said:?}");
        ensure!(said.stderr.contains(&format!("node {SECOND}")), "the silent node is not named: {}", said.stderr);
        let said = namespace.kubectl_as(admin, &["rewind", "why", "pod/two"])?;
        ensure!(said.code == 5, "{said:?}");
        ensure!(said.stderr.contains(SECOND), "the silent node is not named: {}", said.stderr);
        Ok(())
    })
}
