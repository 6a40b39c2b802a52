//! A process that moves from one container's cgroup to another's.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::Cgroup;
use rewind_tests::dump::Dump;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

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
