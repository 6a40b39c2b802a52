//! Calls that something answers before the kernel begins them: seccomp, a tracer, syscall user dispatch.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::Cgroup;
use rewind_tests::dump::Dump;
use rewind_tests::programs::{self, ours};
use rewind_tests::workload::{self, Linking};
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

/// The workload's exit code where this kernel lacks what it is to show.
const UNSUPPORTED: i32 = 77;

/// What `record` prints of the workload in this mode, and its exit code.
fn recorded(format: &str, mode: &str) -> Result<(String, i32)> {
    let file = tempfile::NamedTempFile::new()?;
    let mut command = Command::new(ours("rewind-agent"));
    command.args(["record", "-o", format, "--output"]).arg(file.path()).arg("--");
    command.arg(workload::compiled("refused", Linking::Static)?).arg(mode);
    let said = programs::run(&mut command)?;
    Ok((std::fs::read_to_string(file.path())?, said.code))
}

/// The calls that were refused, and the workload's exit code.
fn refused(mode: &str) -> Result<(Vec<Value>, i32)> {
    let (text, code) = recorded("json", mode)?;
    let calls = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok((calls.filter(|call| call.get("refused").is_some()).collect(), code))
}

/// That there is one such call, and what it says.
fn only(mode: &str, wanted_code: i32, wanted: &[(&str, Value)]) -> Result<()> {
    let (calls, code) = refused(mode)?;
    ensure!(code == wanted_code, "{mode}: the workload exited with {code}");
    let [call] = calls.as_slice() else {
        anyhow::bail!("{mode}: {} calls are said to be refused: {calls:?}", calls.len())
    };
    for (field, value) in wanted {
        ensure!(call.get(*field) == Some(value), "{mode}: {field} is not {value}: {call}");
    }
    Ok(())
}

pub(crate) fn by_errno() -> Result<()> {
    let (calls, code) = refused("errno")?;
    ensure!(code == 0, "the workload exited with {code}");
    let [mkdirat, execve] = calls.as_slice() else { anyhow::bail!("{calls:?}") };
    let is = |call: &Value, field: &str, value: &str| call.get(field).and_then(Value::as_str) == Some(value);
    ensure!(is(mkdirat, "syscall", "mkdirat") && is(mkdirat, "errno", "EPERM"), "{mkdirat}");
    ensure!(mkdirat.pointer("/args/1").and_then(Value::as_str) == Some(r#""/refused/dir""#), "no path: {mkdirat}");
    ensure!(is(execve, "syscall", "execve") && is(execve, "errno", "EACCES"), "{execve}");
    ensure!(execve.pointer("/args/0").and_then(Value::as_str) == Some(r#""/bin/refused""#), "no path: {execve}");
    let argv = r#"["refused", "by", "a filter"]"#;
    ensure!(execve.pointer("/args/1").and_then(Value::as_str) == Some(argv), "no argv: {execve}");
    for call in &calls {
        ensure!(is(call, "refused", "seccomp") && is(call, "outcome", "returned"), "{call}");
        ensure!(call.get("duration_ns") == Some(&Value::Null), "nobody knows how long: {call}");
    }
    let (table, _) = recorded("table", "errno")?;
    ensure!(table.contains("EPERM (Operation not permitted), refused by a seccomp filter"), "{table}");
    let (strace, _) = recorded("strace", "errno")?;
    let line = r#"mkdirat(AT_FDCWD, "/refused/dir", 0700) = -1 EPERM (Operation not permitted)"#;
    ensure!(strace.lines().any(|it| it.ends_with(line)), "not as strace shows it:\n{strace}");
    Ok(())
}

pub(crate) fn first_of_all() -> Result<()> {
    // On arm64 the kernel shows no return of a new process from the call that made it.
    let (calls, code) = refused("vfork")?;
    ensure!(code == 0, "the workload exited with {code}");
    let wanted = usize::from(cfg!(target_arch = "x86_64"));
    ensure!(calls.len() == wanted, "{calls:?}");
    ensure!(calls.iter().all(|call| call.get("syscall") == Some(&"execve".into())), "{calls:?}");
    Ok(())
}

pub(crate) fn by_signal() -> Result<()> {
    let null = || Value::Null;
    only("trap", 0, &[("syscall", "getppid".into()), ("refused", "seccomp".into()), ("result", null())])?;
    let (table, _) = recorded("table", "trap")?;
    let line = table.lines().find(|line| line.contains("getppid()")).unwrap_or_default();
    ensure!(line.ends_with("SIGSYS for it by a seccomp filter"), "{line}");
    let died = || ("outcome", Value::from("died"));
    only("kill", 159, &[("syscall", "getppid".into()), ("refused", "seccomp".into()), died()])?;
    only("kill-thread", 0, &[("syscall", "getppid".into()), ("refused", "seccomp".into()), died()])
}

pub(crate) fn by_a_supervisor() -> Result<()> {
    let (calls, code) = refused("notify")?;
    ensure!(code == 0, "the workload exited with {code}");
    let results: Vec<_> = calls.iter().filter_map(|call| call.get("result").and_then(Value::as_i64)).collect();
    ensure!(results == [-13, 4711], "{calls:?}");
    let (table, _) = recorded("table", "notify")?;
    ensure!(table.contains("4711, answered by a seccomp filter"), "{table}");
    Ok(())
}

pub(crate) fn by_a_tracer() -> Result<()> {
    only("emulate", 0, &[("syscall", "getppid".into()), ("refused", "tracer".into()), ("errno", "ENOSYS".into())])
}

pub(crate) fn by_dispatch() -> Result<()> {
    let (calls, code) = refused("dispatch")?;
    if code == UNSUPPORTED && !cfg!(target_arch = "x86_64") {
        return Ok(());
    }
    ensure!(code == 0, "the workload exited with {code}");
    let [call] = calls.as_slice() else { anyhow::bail!("{calls:?}") };
    ensure!(call.get("syscall") == Some(&"getppid".into()), "{call}");
    ensure!(call.get("refused") == Some(&"user dispatch".into()) && call.get("result") == Some(&Value::Null), "{call}");
    // strace does not see it: the dispatch comes before the tracer.
    let (strace, _) = recorded("strace", "dispatch")?;
    ensure!(!strace.contains("getppid(") && strace.contains("--- SIGSYS"), "{strace}");
    Ok(())
}

/// A thread that is in a call when its recording begins returns from one that no hook saw begin, with a
/// signal in between or not: it was not refused. What it calls then is recorded as ever.
pub(crate) fn adopted() -> Result<()> {
    let cgroup = Cgroup::new("adopted-return")?;
    let script = "trap 'echo trapped' USR1; echo ready; read a; read b; mkdir /nonexistent/x; read c";
    let mut child = Command::new("sh")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    cgroup.adopt(child.id())?;
    let mut said = [0; 6];
    child.stdout.as_mut().context("no standard output")?.read_exact(&mut said)?;
    let agent = Agent::start()?;
    programs::run(Command::new("sh").args(["-c", &format!("kill -USR1 {}", child.id())]))?.success()?;
    let mut input = child.stdin.take().context("no standard input")?;
    input.write_all(b"one\ntwo\n")?;
    let target = cgroup.path();
    Dump::eventually(&agent, &target, "the failed mkdir", |dump| dump.has("mkdir", "/nonexistent/x"))?;
    let text = agent.ask(&["dump", &target, "-o", "json"])?.success()?;
    drop(input);
    child.wait()?;
    ensure!(!text.contains(r#""refused""#), "an adopted thread's return is taken for a refusal:\n{text}");
    agent.stop()
}
