//! What `rewind list -o json` (one object) and `rewind dump -o json` (one object a line) say.

use crate::agent::Agent;
use crate::eventually::eventually;
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::time::Duration;

/// A recording as `rewind dump -o json` prints it.
#[derive(Clone, Debug)]
pub struct Dump {
    /// What is said of the whole: the object that has `coverage`.
    pub header: Value,
    /// The calls: the objects that have a `syscall`.
    pub calls: Vec<Value>,
}

impl Dump {
    /// Reads the recording of `target`.
    ///
    /// # Errors
    /// When there is none, or what is printed is not one JSON object a line.
    pub fn of(agent: &Agent, target: &str) -> Result<Self> {
        Self::parse(&agent.ask(&["dump", target, "-o", "json"])?.success()?)
    }

    /// Waits until there is a recording of `target` that `wanted` accepts.
    ///
    /// # Errors
    /// When there is none in time.
    pub fn eventually(agent: &Agent, target: &str, what: &str, wanted: impl Fn(&Self) -> bool) -> Result<Self> {
        eventually(what, Duration::from_secs(10), || Self::of(agent, target).ok().filter(|dump| wanted(dump)))
            .with_context(|| format!("target {target}; the recorder's log: {}", agent.log()))
    }

    /// Reads what `rewind dump -o json` printed.
    ///
    /// # Errors
    /// When it is not one JSON object a line.
    pub fn parse(text: &str) -> Result<Self> {
        let lines = objects(text)?;
        let header = lines.iter().find(|line| line.get("coverage").is_some()).cloned();
        let header = header.context("no line of the dump has a coverage")?;
        let calls = lines.into_iter().filter(|line| line.get("syscall").is_some()).collect();
        Ok(Self { header, calls })
    }

    /// A figure of the coverage, such as `calls_made`.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn coverage(&self, name: &str) -> Result<u64> {
        let figure = self.header.get("coverage").and_then(|coverage| coverage.get(name)).and_then(Value::as_u64);
        figure.with_context(|| format!("the coverage has no {name}: {}", self.header))
    }

    /// Whether a call of that name has that text in its arguments. (A whole line holds any digit, in its times.)
    #[must_use]
    pub fn has(&self, syscall: &str, text: &str) -> bool {
        self.named(syscall).any(|call| call.get("args").is_some_and(|args| args.to_string().contains(text)))
    }

    /// The calls of that name.
    pub fn named<'a>(&'a self, syscall: &'a str) -> impl Iterator<Item = &'a Value> {
        self.calls.iter().filter(move |call| call.get("syscall").and_then(Value::as_str) == Some(syscall))
    }
}

/// The recordings that `rewind list -o json` names.
///
/// # Errors
/// When it fails, or prints something else.
pub fn list(agent: &Agent) -> Result<Vec<Value>> {
    let text = agent.ask(&["list", "-o", "json"])?.success()?;
    let mut list: Value = serde_json::from_str(&text).with_context(|| format!("not JSON: {text}"))?;
    match list.get_mut("recordings").map(Value::take) {
        Some(Value::Array(recordings)) => Ok(recordings),
        _ => bail!("the list has no recordings: {text}"),
    }
}

fn objects(text: &str) -> Result<Vec<Value>> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| serde_json::from_str(line).with_context(|| format!("not JSON: {line}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_is_a_header_and_calls() -> Result<()> {
        let dump = Dump::parse(
            "{\"kind\":\"header\",\"coverage\":{\"calls_made\":3}}\n{\"syscall\":\"close\",\"args\":\"3\"}\n{\"signal\":\"SIGTERM\"}\n",
        )?;
        assert_eq!(dump.coverage("calls_made")?, 3);
        assert!(dump.coverage("calls_lost").is_err());
        assert!(dump.has("close", "3") && !dump.has("open", "3"));
        Ok(())
    }
}
