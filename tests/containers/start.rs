//! How a recording begins.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::container::Container;
use rewind_tests::dump::Dump;
use rewind_tests::programs::{self, find};
use rewind_tests::strace::line::{self, What};
use rewind_tests::strace::thread::Trace;
use rewind_tests::workload::{self, Linking};
use std::io::{Read as _, Write as _};
use std::process::Command;

pub(crate) fn first_call() -> Result<()> {
    let agent = Agent::start()?;
    let container = Container::new("rewind-first", &Spec::new(["/usr/bin/busybox", "true"]))?;
    container.run()?.success()?;
    Dump::eventually(&agent, container.id(), "the container's end", |dump| dump.has("exit_group", "0"))?;
    let text = agent.ask(&["dump", container.id(), "-o", "strace"])?.success()?;
    let exec =
        text.lines().position(|line| line.contains(r#"execve("/usr/bin/busybox", ["/usr/bin/busybox", "true"]"#));
    let exec = exec.with_context(|| format!("the entry point's execve is not there:\n{text}"))?;
    let mut behind = text.lines().skip(exec);
    let thread = behind.next().and_then(|line| line.split(' ').next()).unwrap_or_default();
    // What stands between: the execve's second half, where another thread's call came in between, and signals.
    let mut own = behind.filter(|text| {
        let call = line::parse(text).is_ok_and(|line| matches!(line, Some((_, What::Call(_)))));
        call && text.split(' ').next() == Some(thread)
    });
    let first = own.next().context("nothing behind the execve")?;
    let expected = first_of_busybox()?;
    ensure!(first.contains(&format!("{expected}(")), "the first call is `{first}` instead of {expected}");
    Ok(())
}

/// The name of the first call that strace shows of the same program on the host.
fn first_of_busybox() -> Result<String> {
    let file = tempfile::NamedTempFile::new()?;
    let mut strace = Command::new(find("strace").context("strace is not installed")?);
    programs::run(strace.args(["-f", "-o"]).arg(file.path()).args(["/usr/bin/busybox", "true"]))?.success()?;
    let trace = Trace::parse(&std::fs::read_to_string(file.path())?).map_err(anyhow::Error::msg)?;
    let second = trace.threads.get("0").and_then(|thread| thread.calls.get(1));
    Ok(second.context("strace shows no call")?.name.clone())
}

pub(crate) fn older() -> Result<()> {
    let container = Container::new("rewind-older", &Spec::new([workload::inside("blocked", Linking::Static)?]))?;
    let mut running = container.start()?;
    let mut ready = [0; 6];
    running.runc.stdout.as_mut().context("no standard output")?.read_exact(&mut ready)?;
    let agent = Agent::start()?;
    // What it hangs in began before the recorder did.
    Dump::eventually(&agent, container.id(), "the read that it is in", |dump| {
        dump.calls.len() == 1 && dump.has("read", "\"4242\"") && dump.calls[0].get("began_before").is_some()
    })?;
    running.runc.stdin.as_mut().context("no standard input")?.write_all(b"go")?;
    let dump = Dump::eventually(&agent, container.id(), "the calls since the recorder started", |dump| {
        dump.has("exit_group", "0")
    })?;
    ensure!(!dump.has("read", "4242"), "the read that nobody saw begin is shown though it has returned");
    ensure!(!dump.has("execve", "blocked"), "a call from before the recorder's time is shown");
    Ok(())
}
