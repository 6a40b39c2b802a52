//! Faults made on purpose: what the container does is bad, what the recorder says of it is right, and nothing
//! of it stays with the recorder.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::container::Container;
use rewind_tests::dump::{self, Dump};
use rewind_tests::workload::{self, Linking};
use serde_json::Value;
use std::fs;

/// Most processes of the container that forks without end.
const PROCESSES: u64 = 48;

pub(crate) fn fork_bomb() -> Result<()> {
    let agent = Agent::start()?;
    let held = || -> Result<_> {
        let count =
            |what: &str| Ok::<_, anyhow::Error>(fs::read_dir(format!("/proc/{}/{what}", agent.tgid()))?.count());
        Ok((count("fd")?, count("task")?))
    };
    let quiet = Container::new("rewind-quiet", &Spec::new(["/usr/bin/busybox", "cat"]))?;
    let mut running = quiet.start()?;
    Dump::eventually(&agent, quiet.id(), "a call", |dump| dump.named("read").count() > 0 || !dump.calls.is_empty())?;
    dump::list(&agent)?;
    let before = held()?;

    let program = workload::inside("bomb", Linking::Static)?;
    let bomb = Container::new("rewind-bomb", &Spec { processes: Some(PROCESSES), ..Spec::new([program]) })?;
    ensure!(bomb.run()?.code == 9, "the bomb ended otherwise");
    let dump = Dump::eventually(&agent, bomb.id(), "the bomb's end", |dump| dump.has("exit_group", "9"))?;
    let refused = dump.calls.iter().filter(|call| call.to_string().contains("EAGAIN")).count();
    ensure!(refused > 0, "no fork was refused: {}", dump.header);
    let (made, kept) = (dump.coverage("calls_made")?, dump.coverage("calls_held")?);
    ensure!(made == kept + dump.coverage("calls_overwritten")?, "the figures do not add up: {}", dump.header);

    drop(running.runc.stdin.take());
    running.runc.wait()?;
    Dump::eventually(&agent, quiet.id(), "the quiet one's end", |dump| dump.has("exit_group", "0"))?;
    let after = held()?;
    ensure!(after.0 <= before.0 + 4 && after.1 <= before.1 + 4, "(descriptors, threads): {before:?} became {after:?}");
    agent.stop()
}

pub(crate) fn last_thread() -> Result<()> {
    let agent = Agent::start()?;
    let program = workload::inside("last_thread", Linking::Static)?;
    let container = Container::new("rewind-thread", &Spec::new([program]))?;
    ensure!(container.run()?.code == 7, "it ended otherwise");
    let row = ended(&agent, container.id())?;
    ensure!(row.pointer("/ending/exit_code") == Some(&7.into()), "{row}");
    agent.stop()
}

pub(crate) fn zombie() -> Result<()> {
    let agent = Agent::start()?;
    let program = workload::inside("zombie", Linking::Static)?;
    let container = Container::new("rewind-zombie", &Spec::new([program]))?;
    let mut running = container.start()?;
    Dump::eventually(&agent, container.id(), "the child's end", |dump| dump.has("exit_group", "5"))?;
    let row = row(&agent, container.id())?;
    ensure!(row.get("ending").is_none_or(Value::is_null), "the child's end is taken for the container's: {row}");
    ensure!(row.get("died_ns").is_none_or(Value::is_null), "it is said to be dead: {row}");
    drop(running.runc.stdin.take());
    running.runc.wait()?;
    let row = ended(&agent, container.id())?;
    ensure!(row.pointer("/ending/exit_code") == Some(&0.into()), "{row}");
    agent.stop()
}

fn ended(agent: &Agent, id: &str) -> Result<Value> {
    Dump::eventually(agent, id, "its end", |dump| dump.header.get("ending").is_some_and(Value::is_object))?;
    row(agent, id)
}

fn row(agent: &Agent, id: &str) -> Result<Value> {
    let rows = dump::list(agent)?;
    rows.into_iter().find(|row| row.to_string().contains(id)).context("it is not listed")
}
