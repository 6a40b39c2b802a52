//! How containers end that have no PID namespace of their own, whose records of the main process' start are gone.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::container::Container;
use rewind_tests::eventually::eventually;
use serde_json::Value;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

/// A container in the PID namespace of the host, which the test is in.
fn with_the_hosts_pids(script: &str) -> Spec {
    let mut spec = Spec::new(["/usr/bin/busybox", "sh", "-c", script]);
    spec.pid_namespace_of = Some(std::process::id());
    spec
}

/// What `list` says of a container that has ended.
fn listed(agent: &Agent, id: &str) -> Result<Value> {
    eventually("its end", SOON, || {
        let list: Value = serde_json::from_str(&agent.ask(&["list", "-o", "json"]).ok()?.stdout).ok()?;
        let recordings = list.get("recordings")?.as_array()?;
        let own = recordings.iter().find(|listed| listed.to_string().contains(id))?;
        own.get("died_ns").filter(|died| !died.is_null()).map(|_| own.clone())
    })
}

/// Runs it in a ring that is far too small, and gives the code that its recording says that it ended with.
fn told(script: &str) -> Result<(Option<u64>, i32)> {
    let agent = Agent::start_with(&["--ring", "64K"])?;
    let container = Container::new("rewind-ending", &with_the_hosts_pids(script))?;
    let code = container.run()?.code;
    let listed = listed(&agent, container.id())?;
    let overwritten = listed.pointer("/coverage/calls_overwritten").and_then(Value::as_u64).context("no coverage")?;
    ensure!(overwritten > 0, "the ring has not lapped: {listed}");
    let told = listed.pointer("/ending/exit_code").and_then(Value::as_u64);
    let header: Value = eventually("the recording", SOON, || {
        let text = agent.ask(&["dump", container.id(), "-o", "json"]).ok()?.stdout;
        serde_json::from_str(text.lines().next()?).ok()
    })?;
    ensure!(header.pointer("/ending/exit_code").and_then(Value::as_u64) == told, "another end than listed: {header}");
    agent.stop()?;
    Ok((told, code))
}

pub(crate) fn of_a_loop() -> Result<()> {
    let script = "i=0; while [ $i -lt 400 ]; do /usr/bin/busybox true; i=$((i+1)); done; exit 3";
    let (told, code) = told(script)?;
    ensure!((told, code) == (Some(3), 3), "it exited with {code}, told is {told:?}");
    Ok(())
}

pub(crate) fn of_workers() -> Result<()> {
    let worker = "i=0; while [ $i -lt 20 ]; do /usr/bin/busybox true; i=$((i+1)); done";
    let script = format!("for w in $(seq 32); do ({worker}) & done; wait; exit 3");
    let (told, code) = told(&script)?;
    ensure!((told, code) == (Some(3), 3), "it exited with {code}, told is {told:?}");
    Ok(())
}

pub(crate) fn of_shared_pids() -> Result<()> {
    // As in a pod that shares its process namespace: number 1 is in another container.
    let agent = Agent::start()?;
    let pause = Container::new("rewind-pause", &Spec::new(["/usr/bin/busybox", "sleep", "100"]))?;
    let _running = pause.start()?;
    let tgid = eventually("the other container", SOON, || {
        let state = std::process::Command::new("runc").args(["state", pause.id()]).output().ok()?;
        let state: Value = serde_json::from_slice(&state.stdout).ok()?;
        (state.get("status")? == "running").then(|| state.get("pid")?.as_u64())?
    })?;
    let mut spec = Spec::new(["/usr/bin/busybox", "sh", "-c", "/usr/bin/busybox true; exit 4"]);
    spec.pid_namespace_of = Some(u32::try_from(tgid)?);
    let container = Container::new("rewind-shared", &spec)?;
    ensure!(container.run()?.code == 4);
    let listed = listed(&agent, container.id())?;
    ensure!(listed.pointer("/ending/exit_code") == Some(&4.into()), "{listed}");
    agent.stop()
}

pub(crate) fn of_a_program_that_is_not_there() -> Result<()> {
    let agent = Agent::start()?;
    for pid_namespace_of in [None, Some(std::process::id())] {
        let mut spec = Spec::new(["/nonexistent/program"]);
        spec.pid_namespace_of = pid_namespace_of;
        let container = Container::new("rewind-never", &spec)?;
        container.run()?;
        let listed = listed(&agent, container.id())?;
        let code = listed.pointer("/ending/exit_code").and_then(Value::as_u64);
        ensure!(code.is_none_or(|code| code != 0), "it never began, and is said to have ended well: {listed}");
    }
    agent.stop()
}
