//! A container whose threads and processes, all alive at the same time, are as many as the machine can have: it
//! pays for that alone, and who comes then is recorded.

use anyhow::{Context as _, Result, ensure};
use rewind_common::ring::MAX_RING_THREADS;
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::container::Container;
use rewind_tests::dump::{self, Dump};
use rewind_tests::eventually::eventually;
use rewind_tests::workload::{self, Linking};
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::time::Duration;

/// So many if the machine can have them.
const MOST: u64 = 40_000;
/// Left for all others on the machine.
const OTHERS: u64 = 5_000;
/// Calls of one that finds no state: the return from the call that made it (arm64 shows none), and two.
const LOST_EACH: u64 = if cfg!(target_arch = "x86_64") { 3 } else { 2 };
const SOON: Duration = Duration::from_secs(60);

/// What the list says of a container: calls made, and refused for want of a thread's state.
fn figures(agent: &Agent, id: &str) -> Result<(u64, u64)> {
    let rows = dump::list(agent)?;
    let row = rows.iter().find(|row| row.pointer("/container/id") == Some(&id.into())).context("it is not listed")?;
    let figure = |at| row.pointer(at).and_then(Value::as_u64);
    Ok((figure("/coverage/calls_made").context("no figure")?, figure("/losses/no_thread_state").unwrap_or(0)))
}

/// As many as there can be beside what runs already.
fn most() -> Result<u64> {
    let limit =
        |name: &str| -> Result<u64> { Ok(fs::read_to_string(format!("/proc/sys/kernel/{name}"))?.trim().parse()?) };
    Ok(MOST.min(limit("pid_max")?.min(limit("threads-max")?).saturating_sub(OTHERS)))
}

/// Runs a container that makes one call that is looked for, and expects it to be recorded whole.
fn is_recorded(agent: &Agent, name: &str) -> Result<()> {
    let container = Container::new(name, &Spec::new(["/usr/bin/busybox", "mkdir", "/tmp/made"]))?;
    container.run()?.success()?;
    let dump = Dump::eventually(agent, container.id(), "its call", |dump| dump.has("mkdir", "/tmp/made"))?;
    ensure!(dump.has("exit_group", "0"), "its end is not there: {}", dump.header);
    ensure!(dump.header.get("losses").is_none_or(|losses| losses == &serde_json::json!({})), "{}", dump.header);
    let from = |name| dump.header.pointer(name).and_then(Value::as_u64);
    ensure!(from("/coverage/complete_from_ns") == from("/born_ns"), "not from its first call: {}", dump.header);
    Ok(())
}

pub(crate) fn costs_its_container_alone() -> Result<()> {
    let count = most()?;
    let agent = Agent::start()?;
    let program = workload::inside("together", Linking::Static)?;
    let attacker = Container::new("rewind-swarm", &Spec::new([program, count.to_string()]))?;
    let mut running = attacker.start()?;
    // Its last call before the read that it waits in.
    let is_ready = |dump: &Dump| dump.named("mmap").any(|call| call.to_string().contains("MAP_SHARED|MAP_ANONYMOUS"));
    eventually("the swarm to be ready", SOON, || Dump::of(&agent, attacker.id()).ok().filter(is_ready).map(drop))
        .with_context(|| agent.log())?;
    let settled = || {
        let now = figures(&agent, attacker.id()).ok()?;
        std::thread::sleep(Duration::from_millis(300));
        (figures(&agent, attacker.id()).ok()? == now).then_some(now)
    };
    let before = eventually("it to wait", SOON, settled)?;

    running.runc.stdin.as_mut().context("no standard input")?.write_all(b"1")?;
    let mut reached = String::new();
    BufReader::new(running.runc.stdout.as_mut().context("no standard output")?).read_line(&mut reached)?;
    println!("threads, processes, error: {} of {count}", reached.trim());
    let numbers: Vec<u64> = reached.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let [threads, processes, error] = numbers[..] else { anyhow::bail!("it said: {reached:?}") };
    let alive = threads + processes;
    ensure!(alive == count || error != 0, "it made fewer for no reason");
    ensure!(alive > u64::from(MAX_RING_THREADS) + 1_000, "this machine can have {alive} threads only");

    // Beside what they call: the read, a call for each that was made and one that failed, and the write.
    let own = 2 + alive + u64::from(error != 0);
    let (mut seen, mut recorded) = (before, 0);
    let added_up = eventually("the calls to add up", SOON, || {
        seen = figures(&agent, attacker.id()).ok()?;
        // Each that has a state makes its first call, and is in its second.
        recorded = (seen.0 - before.0).checked_sub(own)?;
        (LOST_EACH * (alive - recorded.min(alive)) == seen.1 - before.1 && recorded > 0).then_some(())
    });
    added_up.with_context(|| format!("{alive} alive, (calls, lost) {before:?} became {seen:?}"))?;
    println!("{recorded} of them recorded, {} calls refused", seen.1);
    let bound = u64::from(MAX_RING_THREADS);
    ensure!((bound - 64..bound + 64).contains(&recorded), "{recorded} were recorded");

    is_recorded(&agent, "rewind-beside-swarm")?;
    drop(running.runc.stdin.take());
    let status = running.runc.wait()?;
    ensure!(status.success(), "it ended with {status}");
    let dump = Dump::of(&agent, attacker.id())?;
    let told = dump.header.pointer("/losses/no_thread_state").and_then(Value::as_u64);
    ensure!(told.is_some_and(|told| told >= seen.1), "{}", dump.header);
    is_recorded(&agent, "rewind-after-swarm")?;
    agent.stop()
}
