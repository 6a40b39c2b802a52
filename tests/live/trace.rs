//! Live traces: the tail of a ring, to a reader that may leave or fall asleep.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::Cgroup;
use rewind_tests::dump;
use rewind_tests::eventually::eventually;
use rewind_tests::programs;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

/// A shell in a cgroup of its own that does what it is told on its standard input.
struct Shell {
    child: Child,
    _cgroup: Cgroup,
}

impl Shell {
    fn start(cgroup: Cgroup) -> Result<Self> {
        let child = Command::new("sh").stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
        cgroup.adopt(child.id())?;
        Ok(Self { child, _cgroup: cgroup })
    }

    fn tell(&mut self, line: &str) -> Result<()> {
        let stdin = self.child.stdin.as_mut().context("no standard input")?;
        Ok(writeln!(stdin, "{line}")?)
    }

    fn end(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

/// The name under which the agent lists a cgroup that has made a call.
fn listed(agent: &Agent, cgroup: &str) -> Result<String> {
    let of = |row: &serde_json::Value| -> Option<String> {
        let container = row.get("container")?;
        (container.get("cgroup_path")?.as_str()? == cgroup).then(|| cgroup.to_owned())
    };
    eventually("the cgroup to be listed", SOON, || dump::list(agent).ok()?.iter().find_map(of))
}

pub(crate) fn live() -> Result<()> {
    let agent = Agent::start()?;
    let cgroup = Cgroup::new("traced")?;
    let path = cgroup.path();
    let mut shell = Shell::start(cgroup)?;
    shell.tell("cd /")?;
    let target = listed(&agent, &path)?;
    let mut trace = agent.rewind(&["trace", &target, "-o", "strace"]);
    let mut trace = trace.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(trace.stdout.take().context("no standard output")?).lines();
    // Again and again: the trace may begin after the first ones.
    shell.tell("for i in $(seq 50); do cat /marker-of-the-trace 2>/dev/null; sleep 0.1; done")?;
    let seen = lines.by_ref().filter_map(Result::ok).any(|line| line.contains("/marker-of-the-trace"));
    ensure!(seen, "the call is not in the trace");
    kill_process(Pid::from_child(&trace), Signal::INT)?;
    // What it still has to say must not hold it up.
    let _rest = lines.by_ref().count();
    let mut said = String::new();
    trace.stderr.take().context("no standard error")?.read_to_string(&mut said)?;
    let status = trace.wait()?;
    ensure!(status.success(), "Ctrl-C ended it with {}: {said}", programs::code(status));
    ensure!(said.contains("missed"), "it does not say what it missed: {said}");
    shell.end()?;
    agent.stop()
}

pub(crate) fn stalled() -> Result<()> {
    let agent = Agent::start()?;
    let cgroup = Cgroup::new("stalled")?;
    let path = cgroup.path();
    let mut shell = Shell::start(cgroup)?;
    shell.tell("cd /")?;
    let target = listed(&agent, &path)?;
    // Nobody reads this pipe.
    let mut trace = agent.rewind(&["trace", &target]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    // Far more than the ring holds, and than the pipe takes: a read and a write for each byte.
    shell.tell("dd if=/dev/zero of=/dev/null bs=1 count=300000 2>/dev/null")?;
    shell.tell("cat /marker-behind-the-storm 2>/dev/null")?;
    let said = eventually("the recorder to go on", SOON, || {
        let said = agent.ask(&["dump", &target, "--path", "/marker-behind-the-storm"]).ok()?;
        said.stdout.contains("/marker-behind-the-storm").then_some(said)
    })?;
    ensure!(said.code == 0, "{said:?}");
    trace.kill()?;
    trace.wait()?;
    shell.end()?;
    agent.stop()
}
