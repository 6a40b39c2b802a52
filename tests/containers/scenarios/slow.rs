//! Scenario 7: nothing fails, and the container lives.

use super::python;
use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::container::Container;
use rewind_tests::eventually::eventually;
use rewind_tests::told::{narrow, unwrapped};
use rewind_tests::workload::CROSSED_LOCKS;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

pub(crate) fn disk() -> Result<()> {
    let agent = Agent::start()?;
    let script = "
import os
file = os.open('/tmp/journal', os.O_WRONLY | os.O_CREAT)
while True: os.write(file, b'entry'); os.fsync(file)
";
    let container = Container::new("rewind-fsync", &python(script))?;
    let _running = container.start()?;
    let screen = living(&agent, &container, "for the disk: ")?;
    ensure!(
        unwrapped(&screen).contains(" in fsync, the longest ") && unwrapped(&screen).contains(" on /tmp/journal."),
        "{screen}"
    );
    ensure!(!screen.contains("runc"), "the runtime is none of its affairs:\n{screen}");
    let top = agent.ask(&["top", container.id()])?.success()?;
    ensure!(top.contains("fsync: waiting for the disk to keep what was written (look here)"), "{top}");
    agent.stop()
}

pub(crate) fn deadlock() -> Result<()> {
    let agent = Agent::start()?;
    let container = Container::new("rewind-deadlock", &python(CROSSED_LOCKS))?;
    let _running = container.start()?;
    let screen = living(&agent, &container, "no thread of process")?;
    let waiting = screen.lines().filter(|line| line.contains("futex(") && line.ends_with("still in it"));
    ensure!(screen.contains("What its threads are in") && waiting.count() >= 3, "{screen}");
    let top = agent.ask(&["top", container.id(), "--by", "both"])?.success()?;
    let columns = top.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let now_in_it =
        columns.filter(|columns| columns.get(1..3) == Some(&["python3", "futex"]) && columns.last() == Some(&"1"));
    ensure!(now_in_it.count() == 3 && top.contains("futex: waiting for a lock or another thread (look here)"), "{top}");
    agent.stop()
}

pub(crate) fn cpu_limit() -> Result<()> {
    let agent = Agent::start()?;
    // Work that is nothing for a whole CPU, and for a twentieth of one takes all of it.
    let script = "
import time
while True:
    sum(range(5_000_000))
    time.sleep(0.1)
";
    let with = |cpus| Spec { cpus: Some(cpus), ..python(script) };
    let (tight, wide) = (Container::new("rewind-tight", &with(0.05))?, Container::new("rewind-wide", &with(1.0))?);
    let _running = [tight.start()?, wide.start()?];
    let screen = living(&agent, &tight, "its CPU limit (0.05 CPUs) has stopped it in ")?;
    ensure!(unwrapped(&screen).contains("% of all periods that it ran in, for "), "{screen}");
    let well = agent.ask(&["why", wide.id()])?.success()?;
    ensure!(unwrapped(&well).starts_with("It is running: nothing unusual found."), "{well}");
    agent.stop()
}

pub(crate) fn no_answer() -> Result<()> {
    let agent = Agent::start()?;
    let script = "
import socket
listener = socket.socket(); listener.bind(('127.0.0.1', 0)); listener.listen(1)
peer = socket.create_connection(listener.getsockname())
peer.settimeout(60)
peer.sendall(b'SELECT 1')
peer.recv(100)
";
    let container = Container::new("rewind-waits", &python(script))?;
    let _running = container.start()?;
    let screen = living(&agent, &container, "what it sent to 127.0.0.1:")?;
    // Both addresses, if its descriptors were read after it had connected.
    let of_peer = |text: &str| text.contains("4<TCP:[->127.0.0.1:") || text.contains("4<TCP:[127.0.0.1:");
    ensure!(
        screen.contains("poll([{fd=4<TCP:[") && of_peer(&screen),
        "the thread is not in a poll of the peer:\n{screen}"
    );
    let top = agent.ask(&["top", container.id(), "--by", "descriptor"])?.success()?;
    ensure!(of_peer(&top), "{top}");
    agent.stop()
}

/// What `why` says of a living container, once `words` are in its answer.
fn living(agent: &Agent, container: &Container, words: &str) -> Result<String> {
    let mut last = String::new();
    let told = eventually("an answer", SOON, || {
        last = agent.ask(&["why", container.id()]).ok()?.stdout;
        unwrapped(&last).contains(words).then(|| last.clone())
    });
    let screen = told.with_context(|| format!("`{words}` is not in the answer:\n{last}"))?;
    ensure!(screen.starts_with("It is running; but "), "{screen}");
    narrow(&screen)?;
    Ok(screen)
}
