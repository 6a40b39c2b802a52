//! Containers of systemd drivers and of users, in directories that are made while the agent runs. The
//! cgroups are made by hand, as systemd makes them for nerdctl and for rootless Podman and Docker.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::{self, Cgroup};
use rewind_tests::dump::{self, Dump};
use rewind_tests::programs;
use serde_json::Value;
use std::process::Command;

/// A container's id that no other run of the test has.
fn id(start: &str) -> String {
    format!("{start}{:060x}", std::process::id())
}

/// Directories below each other, of which those that were there already stay.
fn tree(path: &str) -> Result<Vec<Cgroup>> {
    let mut dir = cgroup::root().context("no cgroup2 is mounted")?;
    let mut made = Vec::new();
    for name in path.split('/') {
        if !dir.join(name).exists() {
            made.push(Cgroup::below(&dir, name)?);
        }
        dir.push(name);
    }
    // The deepest one goes first.
    made.reverse();
    Ok(made)
}

/// Runs a program there that opens the path `/<mark>`, which is not there.
fn run_in(path: &str, mark: &str) -> Result<()> {
    let procs = cgroup::root().context("no cgroup2 is mounted")?.join(path).join("cgroup.procs");
    let script = format!(r#"echo $$ >"$0" && exec cat /{mark} 2>/dev/null"#);
    let said = programs::run(Command::new("sh").args(["-c", &script]).arg(procs))?;
    ensure!(said.code == 1, "{said:?}");
    Ok(())
}

pub(crate) fn scopes() -> Result<()> {
    let agent = Agent::start()?;
    let user = format!("user.slice/user-{0}.slice/user@{0}.service", std::process::id());
    let containers = [
        ("containerd", id("a001"), "nerdctl", "system.slice".to_owned()),
        ("podman", id("a002"), "libpod", format!("{user}/user.slice")),
        ("docker", id("a003"), "docker", format!("{user}/app.slice")),
        ("containerd", id("a004"), "nerdctl", format!("{user}/user.slice")),
    ];
    let host = [
        format!("system.slice/docker-registry-{}.service", std::process::id()),
        format!("{user}/app.slice/app-vim.scope"),
        format!("{user}/user.slice/libpod-conmon-{}.scope", id("a002")),
        format!("{user}/init.scope"),
        format!("rewind-test-{}.slice/job.service", std::process::id()),
    ];
    let mut trees = Vec::new();
    for (index, path) in host.iter().enumerate() {
        trees.push(tree(path)?);
        run_in(path, &format!("left-out-{index}"))?;
    }
    for (runtime, id, prefix, parent) in &containers {
        let path = format!("{parent}/{prefix}-{id}.scope");
        trees.push(tree(&path)?);
        run_in(&path, runtime)?;
        let dump = Dump::eventually(&agent, id, "its call", |dump| dump.has("openat", &format!("/{runtime}")))?;
        let told = |pointer| dump.header.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        ensure!(told("/container/runtime").as_deref() == Some(runtime), "{}", dump.header);
        ensure!(told("/container/cgroup_path") == Some(format!("/{path}")), "{}", dump.header);
    }
    let rows = dump::list(&agent)?;
    for path in &host {
        let row = rows.iter().find(|row| row.to_string().contains(path));
        ensure!(row.is_none(), "{path} is recorded: {row:?}");
    }
    // What was made last lies deepest.
    while trees.pop().is_some() {}
    agent.stop()
}
