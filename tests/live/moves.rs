//! A process that moves from one container's cgroup to another's.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::Cgroup;
use rewind_tests::dump::Dump;
use rewind_tests::eventually::eventually;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

pub(crate) fn between_containers() -> Result<()> {
    let agent = Agent::start()?;
    let (here, there) = (Cgroup::new("here")?, Cgroup::new("there")?);
    let mut command = Command::new("sh");
    command.args(["-c", r#"while read -r line; do echo "$line"; done"#]);
    let mut shell = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut ask = shell.stdin.take().context("no standard input")?;
    let mut answers = BufReader::new(shell.stdout.take().context("no standard output")?).lines();
    let visits = [(&here, "visit one"), (&there, "visit two"), (&here, "visit three"), (&there, "visit four")];
    for (cgroup, line) in visits {
        cgroup.adopt(shell.id())?;
        writeln!(ask, "{line}")?;
        ensure!(answers.next().context("no answer")?? == line, "another answer than {line}");
    }
    drop(ask);
    ensure!(shell.wait()?.success(), "the shell failed");
    for (cgroup, other) in [(&here, &there), (&there, &here)] {
        let lines =
            |of: &Cgroup| visits.iter().filter(|(at, _)| at.path() == of.path()).map(|(_, line)| *line).collect();
        let (own, others): (Vec<_>, Vec<_>) = (lines(cgroup), lines(other));
        let dump = Dump::eventually(&agent, &cgroup.path(), "what was written in it", |dump| {
            own.iter().all(|line| dump.has("write", line))
        })?;
        let strays: Vec<_> = others.iter().filter(|line| dump.has("write", line)).collect();
        ensure!(strays.is_empty(), "{strays:?} of {} stand in {}", other.path(), cgroup.path());
    }
    agent.stop()
}

/// What a hook outside of calls sees first of a process that was moved is as good as its first call: a signal
/// here, and the end of its `execve` where it is moved while it starts.
pub(crate) fn in_a_call() -> Result<()> {
    let agent = Agent::start()?;
    let cgroup = Cgroup::new("moved-in-a-call")?;
    let mut command = Command::new("sh");
    let mut shell = command.args(["-c", "read line; exec sh -c 'cd /tmp'"]).stdin(Stdio::piped()).spawn()?;
    let tgid = shell.id();
    let waits_for = |what: &str, file: &str, words: &str| {
        let read = || fs::read_to_string(format!("/proc/{tgid}/{file}")).ok().filter(|text| text.contains(words));
        eventually(what, Duration::from_secs(10), || read().map(drop))
    };
    waits_for("the shell to read", "wchan", "pipe_read")?;
    cgroup.adopt(tgid)?;
    let pid = Pid::from_raw(tgid.cast_signed()).context("no process")?;
    kill_process(pid, Signal::STOP)?;
    waits_for("the shell to stop", "status", "T (stopped)")?;
    kill_process(pid, Signal::CONT)?;
    shell.stdin.take().context("no standard input")?.write_all(b"line\n")?;
    ensure!(shell.wait()?.success(), "the shell failed");
    let dump = Dump::eventually(&agent, &cgroup.path(), "its last call", |dump| dump.named("exit_group").count() > 0)?;
    ensure!(dump.has("execve", "cd /tmp") && dump.has("chdir", "/tmp"), "{:?}", dump.calls);
    let ends = |call: &&Value| call.get("syscall") == Some(&"exit_group".into());
    let lost: Vec<_> = dump.calls.iter().filter(|call| !ends(call) && call["result"].is_null()).collect();
    ensure!(lost.is_empty(), "without a return: {lost:?}");
    agent.stop()
}
