//! What `why` says of a container that is gone: from its ring, and the same from its crash file.

use crate::agent::Agent;
use crate::container::Container;
use crate::eventually::eventually;
use crate::programs::{self, ours};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

/// Runs a container to its end, which is to be that code, and lets go of it.
///
/// # Errors
/// When it ends otherwise, or as [`Told::of`].
pub fn told(agent: &Agent, container: Container, code: i32) -> Result<Told> {
    let said = container.run()?;
    ensure!(said.code == code, "it ended otherwise: {said:?}");
    let id = container.id().to_owned();
    drop(container);
    Told::of(agent, &id, 1)
}

/// The first paragraph in one line.
#[must_use]
pub fn unwrapped(screen: &str) -> String {
    screen.split("\n\n").next().unwrap_or_default().replace('\n', " ")
}

/// A screen fits a terminal of 80 columns.
///
/// # Errors
/// When it does not.
pub fn narrow(screen: &str) -> Result<()> {
    let wide = screen.lines().find(|line| line.chars().count() > 80);
    ensure!(wide.is_none(), "wider than 80 columns: {wide:?}\n{screen}");
    Ok(())
}

/// What `why` says of a container that is gone.
#[derive(Debug)]
pub struct Told {
    /// The container's.
    pub id: String,
    /// As JSON.
    pub why: Value,
    screen: String,
}

impl Told {
    /// From the ring, and the same from its crash file, the last of `runs`.
    ///
    /// # Errors
    /// When there is no crash file, or it says something else than the ring.
    pub fn of(agent: &Agent, id: &str, runs: usize) -> Result<Self> {
        let files = || {
            let listed = agent.ask(&["list", "--crashes", "-o", "json"]).ok()?.stdout;
            let listed: Value = serde_json::from_str(&listed).ok()?;
            let of_it = |crash: &&Value| {
                let named = crash.pointer("/header/container/id").and_then(Value::as_str);
                named.is_some_and(|name| name.starts_with(id))
            };
            let files = listed.get("crashes")?.as_array()?.iter().filter(of_it);
            let files: Vec<PathBuf> = files.filter_map(|crash| Some(crash.get("file")?.as_str()?.into())).collect();
            (files.len() == runs).then_some(files)
        };
        let files = eventually("the crash file", SOON, files).with_context(|| agent.log())?;
        let file = agent.crash_dir().join(files.last().context("no file")?);
        let from = |output: &str| {
            let mut command = Command::new(ours("rewind"));
            programs::run(command.args(["why", "-o", output, "--from"]).arg(&file))?.success()
        };
        let why: Value = serde_json::from_str(&agent.ask(&["why", id, "-o", "json"])?.success()?)?;
        let filed: Value = serde_json::from_str(&from("json")?)?;
        // Times of day are as good as the clock was when each was read.
        for part in
            ["/answer", "/findings/0/evidence/0/call", "/findings/0/evidence/0/ktime_ns", "/said", "/descriptors"]
        {
            ensure!(why.pointer(part) == filed.pointer(part), "{part}: the ring: {why}\nthe file: {filed}");
        }
        let screen = agent.ask(&["why", id])?.success()?;
        ensure!(unwrapped(&screen) == unwrapped(&from("table")?), "{screen}");
        narrow(&screen)?;
        Ok(Self { id: id.to_owned(), why, screen })
    }

    /// The answer in one line.
    #[must_use]
    pub fn answer(&self) -> String {
        unwrapped(&self.screen)
    }

    /// The answer begins so, and rests on that call.
    ///
    /// # Errors
    /// When it does not.
    pub fn expect(&self, answer: &str, evidence: &str) -> Result<()> {
        ensure!(self.answer().starts_with(answer), "`{answer}` is not the beginning of this:\n{}", self.screen);
        let rests_on = self.why.pointer("/findings/0/evidence").and_then(Value::as_array).context("no evidence")?;
        let mut calls = rests_on.iter().filter_map(|moment| moment.get("call")?.as_str());
        ensure!(calls.any(|call| call.contains(evidence)), "it does not rest on `{evidence}`: {rests_on:?}");
        Ok(())
    }

    /// It stands among what was found as well.
    ///
    /// # Errors
    /// When it does not.
    pub fn mentions(&self, text: &str) -> Result<()> {
        ensure!(unwrapped(&self.screen.replace("\n\n", "\n")).contains(text), "`{text}` is missing:\n{}", self.screen);
        Ok(())
    }
}
