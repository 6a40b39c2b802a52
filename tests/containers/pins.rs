//! Containers that come and go while no agent is there.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::container::{Container, Running};
use rewind_tests::dump::{self, Dump};
use rewind_tests::eventually::eventually;
use rewind_tests::workload::{self, Linking};
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

pub(crate) fn away() -> Result<()> {
    let mut agent = Agent::start()?;
    agent.kill()?;
    let short = Container::new("rewind-short", &Spec::new(["/usr/bin/busybox", "true"]))?;
    short.run()?.success()?;
    let living = Container::new("rewind-living", &Spec::new([workload::inside("blocked", Linking::Static)?]))?;
    let mut running = started(&living)?;
    agent.start_again(&[])?;
    finish(&mut running)?;
    for (container, program) in [(&short, "/usr/bin/busybox"), (&living, "blocked")] {
        let dump = Dump::eventually(&agent, container.id(), "its end", |dump| dump.has("exit_group", "0"))?;
        ensure!(dump.has("execve", program), "{}: its first call is missing", container.id());
        ensure!(dump.coverage("calls_overwritten")? == 0, "{}", dump.header);
    }
    eventually("the name of what ran when the agent came", SOON, || named(&agent, living.id()))?;
    agent.stop()
}

pub(crate) fn name() -> Result<()> {
    let mut agent = Agent::start()?;
    let container = Container::new("rewind-named", &Spec::new([workload::inside("blocked", Linking::Static)?]))?;
    let mut running = started(&container)?;
    eventually("its name", SOON, || named(&agent, container.id()))?;
    finish(&mut running)?;
    eventually("the container to be gone", SOON, || (!container.exists()).then_some(()))?;
    agent.kill()?;
    agent.start_again(&[])?;
    named(&agent, container.id()).context("its name is forgotten")?;
    agent.stop()
}

fn started(container: &Container) -> Result<Running> {
    let mut running = container.start()?;
    let mut ready = [0; 6];
    running.runc.stdout.as_mut().context("no standard output")?.read_exact(&mut ready)?;
    Ok(running)
}

fn finish(running: &mut Running) -> Result<()> {
    running.runc.stdin.as_mut().context("no standard input")?.write_all(b"go")?;
    ensure!(running.runc.wait()?.success(), "the workload failed");
    Ok(())
}

/// Whether a recording is listed under the name that runc's own files give.
fn named(agent: &Agent, id: &str) -> Option<()> {
    let name = |row: &Value| row.pointer("/container/name").and_then(Value::as_str) == Some(id);
    dump::list(agent).ok()?.iter().any(name).then_some(())
}
