//! Runs of programs that the kernel skips. Which it does cannot be brought about: signals are generated
//! and delivered with interrupts off, and calls begin and end in no interrupt (6.18). What can be seen is
//! that the kernel's own count is read of every hook, and that it is said where one cannot be.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bpf;
use rewind_tests::counting::Counting;
use rewind_tests::dump::Dump;
use serde_json::Value;
use std::fs;

const PAUSE: u32 = 1000;

/// Whether a recording says that the count of some hook is not known.
fn is_unknown(agent: &Agent, target: &str) -> Result<bool> {
    let header = Dump::eventually(agent, target, "its first call", |dump| !dump.calls.is_empty())?.header;
    let given_up = header.get("given_up").and_then(Value::as_array).with_context(|| format!("{header}"))?;
    Ok(given_up.iter().any(|sentence| sentence.as_str().is_some_and(|text| text.contains("the kernel skips"))))
}

pub(crate) fn counted() -> Result<()> {
    let mut agent = Agent::start()?;
    let mut counting = Counting::start("missed", PAUSE)?;
    ensure!(!is_unknown(&agent, &counting.path())?, "the count of a hook is not read");
    let said = agent.ask(&["list", "-o", "json"])?.success()?;
    let list: Value = serde_json::from_str(&said)?;
    ensure!(list.pointer("/totals/missed_runs") == Some(&0.into()), "{said}");
    ensure!(!agent.ask(&["list"])?.stderr.contains("skipped"), "none is told of");
    agent.kill()?;
    agent.start_again(&[])?;
    ensure!(!is_unknown(&agent, &counting.path())?, "the next agent does not read the count of a hook");
    agent.kill()?;
    fs::remove_file(bpf::layout(&agent.pins())?.join("prog_sys_enter"))?;
    agent.start_again(&[])?;
    ensure!(is_unknown(&agent, &counting.path())?, "the count of sys_enter cannot be read, and that is not said");
    counting.finish()?;
    agent.stop()
}
