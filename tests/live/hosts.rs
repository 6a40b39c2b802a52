//! Bad input and bad hosts: one clear sentence on standard error, a code that scripts can use.

use anyhow::{Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::programs::{self, Said, ours};
use std::process::Command;

/// `rewind-agent`: this host cannot record.
const CANNOT: i32 = 3;

fn one_sentence(said: &Said, code: i32, words: &[&str]) -> Result<()> {
    ensure!(said.code == code, "exit code {} in place of {code}: {said:?}", said.code);
    ensure!(said.stderr.trim_end().lines().count() == 1, "not one line: {said:?}");
    for word in words {
        ensure!(said.stderr.contains(word), "`{word}` is not said: {said:?}");
    }
    Ok(())
}

/// What `rewind-agent record -- true` says when a shell has changed the host around it first.
fn record_after(change: &str) -> Result<Said> {
    let script = format!("{change} && exec {} record -- true", ours("rewind-agent").display());
    programs::run(Command::new("unshare").args(["--mount", "sh", "-c", &script]))
}

pub(crate) fn rights() -> Result<()> {
    let agent = ours("rewind-agent");
    let nobody = programs::run(
        Command::new("setpriv").args(["--reuid", "65534", "--clear-groups"]).arg(&agent).args(["record", "--", "true"]),
    )?;
    one_sentence(&nobody, CANNOT, &["not as root", "CAP_BPF", "CAP_PERFMON"])?;
    let root = programs::run(
        Command::new("setpriv")
            .args(["--bounding-set", "-sys_admin,-bpf,-perfmon"])
            .arg(&agent)
            .args(["record", "--", "true"]),
    )?;
    one_sentence(&root, CANNOT, &["CAP_BPF and CAP_PERFMON"])
}

pub(crate) fn hierarchies() -> Result<()> {
    let hybrid = "umount -l /sys/fs/cgroup/unified";
    let unified = "umount -l /sys/fs/cgroup && mount -t tmpfs none /sys/fs/cgroup";
    let change = format!("if [ -d /sys/fs/cgroup/unified ]; then {hybrid}; else {unified}; fi");
    let said = record_after(&change)?;
    one_sentence(&said, CANNOT, &["cgroup"])
}

pub(crate) fn types() -> Result<()> {
    let said = record_after("mount -t tmpfs none /sys/kernel")?;
    one_sentence(&said, CANNOT, &["BTF", "CONFIG_DEBUG_INFO_BTF"])
}

pub(crate) fn budget() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let said = programs::run(Agent::command(&dir.path().join("sock")).args(["--budget", "40KiB"]))?;
    one_sentence(&said, 1, &["too small for one ring"])
}

pub(crate) fn second() -> Result<()> {
    let agent = Agent::start()?;
    let said = programs::run(&mut Agent::command(&agent.socket()))?;
    one_sentence(&said, 1, &["another agent already listens on"])?;
    // The first one is none the worse for it.
    ensure!(agent.ask(&["list"])?.code == 0, "the first agent does not answer any more");
    agent.stop()
}

pub(crate) fn nobody_listens() -> Result<()> {
    let said = programs::run(Command::new(ours("rewind")).args(["list", "--socket", "/nonexistent/sock"]))?;
    one_sentence(&said, 5, &["no agent listens on /nonexistent/sock"])
}

pub(crate) fn filters() -> Result<()> {
    for (option, value, word) in
        [("--syscall", "opennat", "openat"), ("--since", "yesterdayish", "30s"), ("--pid", "x", "x")]
    {
        let said = programs::run(Command::new(ours("rewind")).args(["dump", "web", option, value]))?;
        ensure!(said.code == 2 && said.stderr.contains(word), "{option} {value}: {said:?}");
    }
    Ok(())
}
