//! Ends by one cause, as one line.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::container::Container;
use rewind_tests::eventually::eventually;
use serde_json::Value;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

pub(crate) fn as_one_line() -> Result<()> {
    let agent = Agent::start()?;
    // Another number in the path, and other processes: children before it have taken some.
    for (number, children) in [(7, ""), (4711, "busybox true; busybox true;")] {
        fails("one", &format!("{children} exec busybox cat /etc/app-{number}/config.yaml"))?;
    }
    fails("other", "exec busybox cat /etc/other.conf")?;
    fails("none", "exit 3")?;
    let causes = eventually("four ends", SOON, || {
        let causes = causes(&agent).ok()?;
        (causes.iter().filter_map(|cause| cause.get("count")?.as_u64()).sum::<u64>() == 4).then_some(causes)
    })
    .with_context(|| format!("{:?}", causes(&agent)))?;
    let one = of(&causes, "/etc/app-<n>/config.yaml")?;
    ensure!(one.get("count") == Some(&2.into()) && one.get("containers") == Some(&2.into()), "{one}");
    let other = of(&causes, "/etc/other.conf")?;
    ensure!(other.get("count") == Some(&1.into()) && other.get("fingerprint") != one.get("fingerprint"), "{other}");
    let none = of(&causes, "no cause found: exited (3)")?;
    ensure!(none.get("fingerprint").is_some_and(Value::is_null), "{none}");

    let table = agent.ask(&["list", "--crashes", "--by-cause"])?.success()?;
    let fingerprint = one.get("fingerprint").and_then(Value::as_str).context("no fingerprint")?;
    let lines: Vec<_> = table.lines().filter(|line| line.contains(fingerprint)).collect();
    let [line] = &*lines else { anyhow::bail!("not one line:\n{table}") };
    ensure!(line.split_whitespace().next() == Some("2"), "{line}");

    let newest = one.get("newest").and_then(Value::as_str).context("no newest")?;
    let why = agent.ask(&["why", newest])?.success()?;
    ensure!(why.contains("\nCause:      first seen ") && why.contains(", once since, in 2 containers"), "{why}");
    let why: Value = serde_json::from_str(&agent.ask(&["why", newest, "-o", "json"])?.success()?)?;
    ensure!(why.get("fingerprint") == one.get("fingerprint"), "{why}");
    ensure!(why.pointer("/seen/count") == Some(&2.into()), "{why}");
    agent.stop()
}

fn fails(name: &str, script: &str) -> Result<()> {
    let container =
        Container::new(&format!("rewind-cause-{name}"), &Spec::new(["/usr/bin/busybox", "sh", "-c", script]))?;
    ensure!(container.run()?.code != 0, "it did not fail as it should");
    Ok(())
}

/// Of our containers: others may end beside them.
fn causes(agent: &Agent) -> Result<Vec<Value>> {
    let text = agent.ask(&["list", "--crashes", "--by-cause", "-o", "json"])?.success()?;
    let told: Value = serde_json::from_str(&text).with_context(|| format!("not JSON: {text}"))?;
    Ok(told.get("causes").and_then(Value::as_array).context("no causes")?.clone())
}

fn of<'c>(causes: &'c [Value], text: &str) -> Result<&'c Value> {
    let is_it = |cause: &&Value| cause.get("cause").and_then(Value::as_str).is_some_and(|cause| cause.contains(text));
    causes.iter().find(is_it).with_context(|| format!("no cause has `{text}`: {causes:?}"))
}
