//! Execs, forks, signals and ends as events of their own.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::Cgroup;
use rewind_tests::eventually::eventually;
use rewind_tests::programs::{self, ours};
use rewind_tests::workload::{self, Linking};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What `record` prints of a command, and the command's exit code.
fn recorded(format: &str, command: &[PathBuf]) -> Result<(String, i32)> {
    let file = tempfile::NamedTempFile::new()?;
    let mut record = Command::new(ours("rewind-agent"));
    record.args(["record", "-o", format, "--output"]).arg(file.path()).arg("--").args(command);
    let said = programs::run(&mut record)?;
    Ok((std::fs::read_to_string(file.path())?, said.code))
}

fn shell(script: &str) -> Vec<PathBuf> {
    ["sh", "-c", script].map(PathBuf::from).to_vec()
}

pub(crate) fn cold() -> Result<()> {
    let (text, code) = recorded("strace", &[workload::compiled("cold_exec", Linking::Dynamic)?])?;
    ensure!(code == 7, "the workload exited with {code}");
    let exec = text.lines().any(|line| line.contains(r#"execve("/bin/sh", ["/bin/sh", "-c", "exit 7"], 0x"#));
    ensure!(exec, "the strings are not there:\n{text}");
    Ok(())
}

pub(crate) fn life() -> Result<()> {
    let script = "sleep 100 & P=$!; sleep 0.2; kill -TERM $P; wait $P; exec sh -c 'exit 3'";
    let (text, code) = recorded("json", &shell(script))?;
    ensure!(code == 3, "the command exited with {code}");
    let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let of =
        |kind: &'static str| lines.iter().filter(move |line| line.get("kind").and_then(Value::as_str) == Some(kind));
    let number = |line: &Value, pointer: &str| line.pointer(pointer).and_then(Value::as_u64);

    let execs: Vec<_> = of("exec").filter_map(|line| line.get("argv")).map(Value::to_string).collect();
    let wanted = [r#"["sleep","100"]"#, r#"["sleep","0.2"]"#, r#"["sh","-c","exit 3"]"#];
    ensure!(execs.len() == 4 && wanted.iter().all(|argv| execs.iter().any(|exec| exec == argv)), "execs: {execs:?}");

    let sent = of("signal_sent").next().context("no signal was sent")?;
    let sleep = number(sent, "/tgid").context("no process")?;
    let shell = number(sent, "/sender/tgid").context("no sender")?;
    ensure!(sent.get("signal").and_then(Value::as_str) == Some("SIGTERM") && sleep != shell, "{sent}");
    ensure!(sent.pointer("/sender/same_container") == Some(&true.into()), "{sent}");
    let forked =
        of("fork").any(|fork| number(fork, "/child_tgid") == Some(sleep) && number(fork, "/tgid") == Some(shell));
    ensure!(forked, "the fork of {sleep} by {shell} is not there");
    let end = of("exit").find(|exit| number(exit, "/tgid") == Some(sleep)).context("no end")?;
    ensure!(end.get("killed_by").and_then(Value::as_str) == Some("SIGTERM"), "{end}");
    Ok(())
}

pub(crate) fn traced() -> Result<()> {
    let agent = Agent::start()?;
    let cgroup = Cgroup::new("shot")?;
    let path = cgroup.path();
    let mut child = Command::new("sh").args(["-c", "read go; exec sleep 100"]).stdin(Stdio::piped()).spawn()?;
    cgroup.adopt(child.id())?;
    std::io::Write::write_all(child.stdin.as_mut().context("no standard input")?, b"go\n")?;
    eventually("the cgroup to be listed", Duration::from_secs(20), || {
        agent.ask(&["dump", &path, "--events"]).ok()?.stdout.contains("runs /").then_some(())
    })?;
    let mut trace = agent.rewind(&["trace", &path, "--events"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut lines = BufReader::new(trace.stdout.take().context("no standard output")?).lines();
    let columns = lines.next().context("the trace is empty")??;
    child.kill()?;
    child.wait()?;
    let own = format!("[{}] on the host", std::process::id());
    let mut rest = lines.map_while(Result::ok);
    let seen = rest.by_ref().find(|line| line.contains("SIGKILL sent by"));
    trace.kill()?;
    trace.wait()?;
    let seen = seen.with_context(|| format!("nothing behind {columns}"))?;
    ensure!(seen.contains(&own), "{seen}");
    agent.stop()
}
