//! More threads than have a place of their own in the recorder, and more than it can have at a time.

use anyhow::{Context as _, Result, ensure};
use rewind_common::ring::{OVERFLOW_THREADS, THREAD_SLOTS};
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::Cgroup;
use rewind_tests::dump::Dump;
use rewind_tests::programs::{self, ours};
use rewind_tests::workload::{self, Linking};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// So many threads that some hundred of them share a place with another.
const THREADS: u32 = 2_500;

pub(crate) fn shared_places() -> Result<()> {
    let file = tempfile::NamedTempFile::new()?;
    let mut command = Command::new(ours("rewind-agent"));
    command.args(["record", "-o", "strace", "--output"]).arg(file.path()).arg("--");
    command.arg(workload::compiled("crowd", Linking::Static)?).args([&THREADS.to_string(), "0"]);
    let said = programs::run(&mut command)?;
    ensure!(said.code == 0, "{said:?}");
    let text = std::fs::read_to_string(file.path())?;
    let mut threads = BTreeSet::new();
    let mut named = BTreeSet::new();
    for line in text.lines() {
        let Some((tid, call)) = line.split_once(' ') else { continue };
        let Some(number) = call.trim_start().strip_prefix("close(1") else { continue };
        let number: u32 =
            number.split([')', ' ']).next().unwrap_or_default().parse().with_context(|| line.to_owned())?;
        ensure!(named.insert(number), "twice: {line}");
        ensure!(threads.insert(tid.to_owned()), "a thread has another's call: {line}");
    }
    ensure!(named.len() == THREADS as usize, "{} of {THREADS} threads were recorded", named.len());
    Ok(())
}

pub(crate) fn given_back() -> Result<()> {
    let agent = Agent::start()?;
    let cgroup = Cgroup::new("crowd")?;
    let children = THREAD_SLOTS + OVERFLOW_THREADS + 1_000;
    let mut command = Command::new("sh");
    command.args(["-c", r#"read go; exec "$@""#, "sh"]).arg(workload::compiled("crowd", Linking::Static)?);
    let mut child = command.args(["0", &children.to_string()]).stdin(Stdio::piped()).spawn()?;
    cgroup.adopt(child.id())?;
    child.stdin.take().context("no standard input")?.write_all(b"go\n")?;
    ensure!(child.wait()?.success(), "the workload failed");
    let last = (2_000_000 + children - 1).to_string();
    let dump = Dump::eventually(&agent, &cgroup.path(), "the last child's call", |dump| dump.has("close", &last))?;
    let lost = dump.header.get("losses").context("no losses")?;
    ensure!(lost.get("no_thread_state").is_none(), "{}", dump.header);
    agent.stop()
}
