//! One container makes more threads, processes and namespaces than the recorder has states for: it pays for that
//! alone, and what was refused is counted in its own recording.

use crate::attack::marks;
use anyhow::{Context as _, Result, ensure};
use rewind_common::ring::MAX_RING_THREADS;
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::Cgroup;
use rewind_tests::dump::{self, Dump};
use rewind_tests::eventually::eventually;
use rewind_tests::workload::{self, Linking};
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

/// So many threads if the machine can have them.
const THREADS: u64 = 40_000;
const CHILDREN: u64 = 5_000;
const NAMESPACES: u64 = 300;
/// Calls of a thread that find no state: the return from the call that made it (arm64 shows none), and two.
const LOST_PER_THREAD: u64 = if cfg!(target_arch = "x86_64") { 3 } else { 2 };
const SOON: Duration = Duration::from_secs(60);

/// What the list says of a cgroup: calls made, and refused for want of a thread's state.
fn figures(agent: &Agent, cgroup: &Cgroup) -> Result<(u64, u64)> {
    let rows = dump::list(agent)?;
    let row = rows.iter().find(|row| row.pointer("/container/cgroup_path") == Some(&cgroup.path().into()));
    let row = row.context("it is not listed")?;
    let figure = |at| row.pointer(at).and_then(Value::as_u64);
    Ok((figure("/coverage/calls_made").context("no figure")?, figure("/losses/no_thread_state").unwrap_or(0)))
}

/// Nothing of a cgroup's recording is missing.
fn is_whole(agent: &Agent, cgroup: &Cgroup, name: &str) -> Result<()> {
    let what = format!("the call that names {name}");
    let dump = Dump::eventually(agent, &cgroup.path(), &what, |dump| dump.has("mkdir", name))?;
    let from = |name| dump.header.pointer(name).and_then(Value::as_u64);
    ensure!(from("/coverage/complete_from_ns") == from("/born_ns"), "not from its first call: {}", dump.header);
    ensure!(dump.header.get("losses").is_none_or(|losses| losses == &serde_json::json!({})), "{}", dump.header);
    ensure!(dump.coverage("calls_overwritten")? == 0, "{}", dump.header);
    Ok(())
}

/// As many as there can be beside what runs already.
fn most_threads() -> Result<u64> {
    let limit =
        |name: &str| -> Result<u64> { Ok(fs::read_to_string(format!("/proc/sys/kernel/{name}"))?.trim().parse()?) };
    let most = limit("pid_max")?.min(limit("threads-max")?).saturating_sub(CHILDREN.max(2_000) + NAMESPACES);
    Ok(THREADS.min(most))
}

pub(crate) fn costs_its_container_alone() -> Result<()> {
    let threads = most_threads()?;
    println!("{threads} threads");
    ensure!(threads > u64::from(MAX_RING_THREADS) + 1_000, "this machine can have {threads} threads only");
    let agent = Agent::start()?;
    let neighbour = Cgroup::new("neighbour")?;
    marks(neighbour.dir(), "before")?;

    let attacker = Cgroup::new("swarm")?;
    let mut command = Command::new("sh");
    command.args(["-c", r#"echo $$ > "$0"/cgroup.procs; exec "$@""#]).arg(attacker.dir());
    command.arg(workload::compiled("swarm", Linking::Static)?);
    let arguments = [threads, CHILDREN, NAMESPACES].map(|number| number.to_string());
    let mut child = command.args(arguments).stdin(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().context("no standard input")?;
    // Its last call before the read that it then waits in.
    let is_ready = |dump: &Dump| dump.named("mmap").any(|call| call.to_string().contains("MAP_SHARED"));
    eventually("the swarm to be ready", SOON, || Dump::of(&agent, &attacker.path()).ok().filter(is_ready).map(drop))
        .with_context(|| agent.log())?;
    let before = eventually("it to wait", SOON, || {
        let now = figures(&agent, &attacker).ok()?;
        std::thread::sleep(Duration::from_millis(300));
        (figures(&agent, &attacker).ok()? == now).then_some(now)
    })?;

    stdin.write_all(b"1")?;
    // Beside what the threads call: a read, and a call for each thread.
    let (mut seen, mut recorded) = (before, 0);
    let added_up = eventually("the calls to add up", SOON, || {
        seen = figures(&agent, &attacker).ok()?;
        recorded = (seen.0 - before.0).checked_sub(1 + threads)?;
        (LOST_PER_THREAD * (threads - recorded.min(threads)) == seen.1 - before.1 && recorded > 0).then_some(())
    });
    added_up.with_context(|| format!("{threads} threads, (calls, lost) {before:?} became {seen:?}"))?;
    let bound = u64::from(MAX_RING_THREADS);
    ensure!((bound - 16..bound + 16).contains(&recorded), "{recorded} threads were recorded");

    stdin.write_all(b"2")?;
    let lost = seen.1 + CHILDREN + NAMESPACES;
    eventually("processes to be refused", SOON, || (figures(&agent, &attacker).ok()?.1 >= lost).then_some(()))?;

    let other = Cgroup::new("other")?;
    marks(other.dir(), "other")?;
    is_whole(&agent, &other, "other")?;
    marks(neighbour.dir(), "during")?;
    is_whole(&agent, &neighbour, "during")?;
    is_whole(&agent, &neighbour, "before")?;

    stdin.write_all(b"3")?;
    let status = child.wait()?;
    ensure!(status.success(), "the workload ended with {status}");
    let dump = Dump::of(&agent, &attacker.path())?;
    let told = dump.header.pointer("/losses/no_thread_state").and_then(Value::as_u64);
    ensure!(told.is_some_and(|told| told >= lost), "{}", dump.header);
    agent.stop()
}
