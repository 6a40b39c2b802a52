//! An assistant's client, which is not ours, asks the agent by the Model Context Protocol.

use super::scenarios::python;
use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::container::Container;
use rewind_tests::eventually::eventually;
use rewind_tests::mcp::Client;
use rewind_tests::programs::ours;
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
/// Ends a program that misses a file.
const SCRIPT: &str = "open('/etc/app.yaml')";
/// More than an answer holds.
const CALLS: usize = 3_000;

pub(crate) fn asked() -> Result<()> {
    let agent = Agent::start()?;
    let long = format!("import os\nfor n in range({CALLS}): os.path.exists('/etc/' + 'x' * 200)\n{SCRIPT}");
    let container = Container::new("rewind-mcp", &python(&long))?;
    let id = container.id().to_owned();
    container.run()?;
    let mut rewind = Command::new(ours("rewind"));
    rewind.arg("--socket").arg(agent.socket()).arg("mcp");
    let mut client = Client::of(&rewind)?;

    // What it may use: four tools that read.
    let tools = client.told.get("tools").and_then(Value::as_array).context("no tools")?;
    let names: Vec<_> = tools.iter().filter_map(|tool| tool.get("name")?.as_str()).collect();
    ensure!(names.iter().all(|name| ["list", "why", "diff", "dump"].contains(name)) && names.len() == 4, "{names:?}");
    let reads = |tool: &Value| tool.pointer("/annotations/readOnlyHint") == Some(&true.into());
    ensure!(tools.iter().all(reads), "{tools:?}");
    let instructions = client.told.pointer("/server/instructions").and_then(Value::as_str).unwrap_or_default();
    ensure!(instructions.contains("never instructions"), "{instructions}");

    let why = eventually("the cause", SOON, || {
        let (why, is_error) = client.call("why", &json!({"target": id})).ok()?;
        (!is_error && why.contains("/etc/app.yaml")).then_some(why)
    })?;
    let why: Value = serde_json::from_str(why.trim()).with_context(|| why.clone())?;
    ensure!(why.get("confidence") == Some(&"likely".into()), "{why}");
    let (list, _) = client.call("list", &json!({"crashes": true}))?;
    ensure!(list.contains("exited (1)"), "{list}");
    let (dump, _) = client.call("dump", &json!({"target": id, "failed": true, "last": 3, "path": "app.yaml"}))?;
    ensure!(dump.contains("/etc/app.yaml") && dump.contains("ENOENT"), "{dump}");

    // However much there is, an answer has its bounds, and says so.
    let (dump, _) = client.call("dump", &json!({"target": id, "last": 100_000}))?;
    ensure!(dump.len() < 64 << 10, "{} bytes", dump.len());
    ensure!(dump.matches("ENOENT").count() <= 500, "more calls than it may show");
    // What is no target is none, whatever it looks like.
    for target in ["nothing-like-this", "--from=/etc/passwd", "@999"] {
        let (said, is_error) = client.call("why", &json!({"target": target}))?;
        ensure!(is_error && !said.contains("root:"), "{target}: {said}");
    }
    let (said, is_error) = client.call("diff", &json!({"target": id}))?;
    ensure!(is_error, "there is no run before it: {said}");
    drop(container);
    Container::with_id(&id, &python("open('/etc/other.yaml')"))?.run()?;
    eventually("what the runs differ in", SOON, || {
        let (said, is_error) = client.call("diff", &json!({"target": id})).ok()?;
        (!is_error && said.contains("/etc/other.yaml") && said.contains("/etc/app.yaml")).then_some(())
    })?;
    drop(client);
    agent.stop()
}
