//! Main processes of cgroups that no runtime has made: units with a step before, wrappers, daemons.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::Cgroup;
use rewind_tests::eventually::eventually;
use serde_json::Value;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

/// Runs `script` in a shell that the service manager has forked and moved into the unit's cgroup.
fn unit_process(cgroup: &Cgroup, script: &str) -> Result<Child> {
    let shell = r#"read go; exec sh -c "$0""#;
    let mut child = Command::new("sh").args(["-c", shell, script]).stdin(Stdio::piped()).spawn()?;
    cgroup.adopt(child.id())?;
    child.stdin.take().context("no standard input")?.write_all(b"go\n")?;
    Ok(child)
}

/// What `list` says of the cgroup's end.
fn ending(agent: &Agent, cgroup: &Cgroup) -> Result<Value> {
    let path = cgroup.path();
    eventually("its end", SOON, || {
        let list: Value = serde_json::from_str(&agent.ask(&["list", "-o", "json"]).ok()?.stdout).ok()?;
        let own = list.get("recordings")?.as_array()?.iter().find(|listed| listed.to_string().contains(&path))?;
        own.get("died_ns").filter(|died| !died.is_null())?;
        own.get("ending").cloned()
    })
}

pub(crate) fn with_a_step_before() -> Result<()> {
    let agent = Agent::start()?;
    let cgroup = Cgroup::new("unit")?;
    ensure!(unit_process(&cgroup, "true; exit 0")?.wait()?.success());
    ensure!(unit_process(&cgroup, "true; exit 5")?.wait()?.code() == Some(5));
    let ended = ending(&agent, &cgroup)?;
    ensure!(ended.get("exit_code") == Some(&5.into()), "{ended}");
    agent.stop()
}

pub(crate) fn of_a_visitor() -> Result<()> {
    // As with `kubectl exec`: who comes while the main process lives is not it.
    let agent = Agent::start()?;
    let cgroup = Cgroup::new("visited")?;
    let mut main = unit_process(&cgroup, "sleep 2; exit 6")?;
    std::thread::sleep(Duration::from_millis(500));
    ensure!(unit_process(&cgroup, "true; exit 0")?.wait()?.success());
    ensure!(main.wait()?.code() == Some(6));
    let ended = ending(&agent, &cgroup)?;
    ensure!(ended.get("exit_code") == Some(&6.into()), "{ended}");
    agent.stop()
}

pub(crate) fn of_a_daemon() -> Result<()> {
    // What the main process has left behind goes on, and ends in a way that nobody waits for.
    let agent = Agent::start()?;
    let cgroup = Cgroup::new("daemon")?;
    ensure!(unit_process(&cgroup, "(sleep 4; exit 7) & exit 0")?.wait()?.success());
    let ended = ending(&agent, &cgroup)?;
    ensure!(ended.is_null(), "nobody knows how it ended: {ended}");
    agent.stop()
}

pub(crate) fn of_an_older_one() -> Result<()> {
    // A worker makes the first call that is recorded; the main process was there before.
    let cgroup = Cgroup::new("older")?;
    let mut main = unit_process(&cgroup, "(sleep 10; true; exit 0) & wait; exit 8")?;
    std::thread::sleep(Duration::from_millis(300));
    let agent = Agent::start()?;
    ensure!(main.wait()?.code() == Some(8));
    let ended = ending(&agent, &cgroup)?;
    ensure!(ended.get("exit_code") == Some(&8.into()), "{ended}");
    agent.stop()
}
