//! Calls that never return, that have not returned yet, and those of odd threads and tables.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::Cgroup;
use rewind_tests::dump::Dump;
use rewind_tests::eventually::eventually;
use rewind_tests::programs::{self, ours};
use rewind_tests::workload::{self, Linking};
use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The recording of a workload as strace would print it, and the workload's exit code.
fn recorded(name: &str, linking: Linking) -> Result<(String, i32)> {
    let file = tempfile::NamedTempFile::new()?;
    let mut command = Command::new(ours("rewind-agent"));
    command
        .args(["record", "-o", "strace", "--output"])
        .arg(file.path())
        .arg("--")
        .arg(workload::compiled(name, linking)?);
    let said = programs::run(&mut command)?;
    Ok((std::fs::read_to_string(file.path())?, said.code))
}

pub(crate) fn killed() -> Result<()> {
    let (text, code) = recorded("killed", Linking::Static)?;
    ensure!(code == 9, "the workload exited with {code}");
    let call =
        text.lines().any(|line| line.contains("pause(") && (line.contains("unfinished") || line.ends_with("= ?")));
    ensure!(call, "the call that never returned is not there:\n{text}");
    ensure!(text.contains("+++ killed by SIGKILL +++"), "the end is not there:\n{text}");
    ensure!(text.contains(", SIGKILL)"), "the kill is not there:\n{text}");
    Ok(())
}

pub(crate) fn thread_exec() -> Result<()> {
    let (text, code) = recorded("thread_exec", Linking::Static)?;
    ensure!(code == 5, "the workload exited with {code}");
    let exec = text.lines().any(|line| line.contains(r#"execve("/bin/sh", ["/bin/sh", "-c", "exit 5"]"#));
    ensure!(exec, "the thread's execve is not there:\n{text}");
    ensure!(text.contains("+++ exited with 5 +++"), "the end is not there:\n{text}");
    // The thread has become its process's first one, and has its number from then on.
    let number = |line: Option<&str>| line.and_then(|line| line.split(' ').next()).map(str::to_owned);
    ensure!(number(text.lines().next()) == number(text.lines().last()), "it kept its old number:\n{text}");
    Ok(())
}

pub(crate) fn compat() -> Result<()> {
    let (text, code) = recorded("compat", Linking::Static)?;
    ensure!(code == 0 || code == 77, "the workload exited with {code}");
    if cfg!(target_arch = "x86_64") {
        // Once by the 32-bit table, once by the 64-bit one.
        let marked = |is: bool| {
            let getpid = text.lines().filter(|line| line.contains(" getpid("));
            getpid.filter(|line| line.contains("/* 32-bit */") == is).count()
        };
        ensure!(marked(false) == 1, "the 64-bit call is not named:\n{text}");
        ensure!(marked(true) == 1 || code == 77, "the 32-bit call is not named, or not as such:\n{text}");
        ensure!(!text.contains("writev("), "it was taken for number 20 of the 64-bit table:\n{text}");
    }
    if code == 77 {
        return Ok(());
    }
    let lines: Vec<_> = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let socket = "socket(AF_INET, SOCK_STREAM, IPPROTO_IP /* 32-bit */) = ";
    let fd = lines.iter().find_map(|line| line.split_once(socket)).map(|(_, fd)| fd.to_owned());
    let fd = fd.with_context(|| format!("the socket is not there:\n{text}"))?;
    for expected in [
        r#" open("/nonexistent/file", O_RDWR|O_CLOEXEC /* 32-bit */) = -1 ENOENT"#,
        r#" openat(AT_FDCWD, "/nonexistent/file", O_WRONLY|O_TRUNC /* 32-bit */) = -1 ENOENT"#,
        r#" rename("/nonexistent/file", "moved" /* 32-bit */) = -1 ENOENT"#,
        ", 0 /* 32-bit */) = 0",
        " rt_sigaction(SIGALRM, {sa_handler=SIG_IGN, sa_mask=[USR1], sa_flags=SA_RESTART}, NULL, 8 /* 32-bit */) = 0",
        r#" execve("/bin/true", ["/bin/true", "an argument"], "#,
        &format!(" close({fd} /* 32-bit */) = 0"),
    ] {
        ensure!(lines.iter().any(|line| line.contains(expected)), "{expected} is not there:\n{text}");
    }
    let address = r#"{sa_family=AF_INET, sin_port=htons(1), sin_addr=inet_addr("127.0.0.1")}"#;
    let connect = format!(" connect({fd}, {address}, 16 /* 32-bit */) = -1 ECONNREFUSED");
    let connects = lines.iter().filter(|line| line.contains(&connect)).count();
    ensure!(connects == 2, "one is made through socketcall, one directly, {connects} are there:\n{text}");
    Ok(())
}

pub(crate) fn blocked() -> Result<()> {
    let agent = Agent::start()?;
    let cgroup = Cgroup::new("blocked")?;
    let shell = r#"read go; exec "$0""#;
    let program = workload::compiled("blocked", Linking::Static)?;
    let mut command = Command::new("sh");
    command.args(["-c", shell]).arg(program).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = Ended(command.spawn()?);
    cgroup.adopt(child.0.id())?;
    std::io::Write::write_all(child.0.stdin.as_mut().context("no standard input")?, b"go\n")?;
    let mut said = [0; 6];
    child.0.stdout.as_mut().context("no standard output")?.read_exact(&mut said)?;
    let target = cgroup.path();
    eventually("the read that blocks to be shown", Duration::from_secs(5), || {
        let text = agent.ask(&["dump", &target, "-o", "strace"]).ok()?.stdout;
        text.lines().any(|line| line.contains("read(0") && line.contains("unfinished")).then_some(())
    })?;
    // It is not counted as a call that was made.
    let dump = Dump::of(&agent, &target)?;
    ensure!(dump.coverage("calls_made")? == dump.coverage("calls_held")? + dump.coverage("calls_overwritten")?);
    Ok(())
}

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
