//! From a container's death to its crash file, what that takes on disk, and how fast it says why.

use super::place::{Playground, Where};
use super::setting::{Setting, figure};
use super::{held, interrupt, servers};
use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::programs::{self, ours};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(10);

/// One death.
pub(super) struct Crash {
    /// From the moment its last process was gone to the moment the file had its name.
    pub(super) written_ms: f64,
    /// Bytes of the file, in bytes of the ring.
    pub(super) size_ratio: f64,
    /// The whole of `rewind why --from FILE`.
    pub(super) why_ms: f64,
}

/// Fills a ring with nginx under load, ends it, and waits for the file.
pub(super) fn measure(place: &Playground, seconds: u64) -> Result<Crash> {
    let options = ["--budget", "64MiB", "--ring", "1MiB", "--crash-when", "always"];
    let agent = Agent::start_with(&options)?;
    let mut nginx = servers::nginx(place, Setting::Recorded)?;
    held::fill(place, &agent, &mut nginx, seconds)?;
    drop(nginx);
    let path = place.path(Where::Container);
    let crash = interrupt::eventually("the crash file", SOON, || {
        let list: Value = serde_json::from_str(&agent.ask(&["list", "--crashes", "-o", "json"])?.success()?)?;
        let crashes = list.get("crashes").and_then(Value::as_array).into_iter().flatten();
        let is_ours =
            |crash: &&Value| crash.pointer("/header/container/cgroup_path").and_then(Value::as_str) == Some(&path);
        Ok(crashes.rev().find(is_ours).cloned())
    })
    .with_context(|| agent.log())?;

    let header = crash.get("header").context("the crash has no header")?;
    let at = |name: &str| header.pointer(name).and_then(Value::as_i64).with_context(|| format!("no {name}: {header}"));
    let died_ns = at("/died_ns")? + at("/host/unix_offset_ns")?;
    let file = agent.crash_dir().join(crash.get("file").and_then(Value::as_str).context("the crash has no file")?);
    let metadata = fs::metadata(&file)?;
    // A file's status changes when it is renamed.
    let named_ns = metadata.ctime() * 1_000_000_000 + metadata.ctime_nsec();
    let ring_bytes = figure(header, "ring_bytes").context("no ring_bytes")?;

    let begin = Instant::now();
    let why = programs::run(Command::new(ours("rewind")).args(["why", "--from"]).arg(&file))?.success()?;
    let why_ms = begin.elapsed().as_secs_f64() * 1e3;
    ensure!(!why.is_empty(), "it does not say why");
    agent.stop()?;
    Ok(Crash {
        written_ms: (named_ns - died_ns) as f64 / 1e6,
        size_ratio: metadata.len() as f64 / ring_bytes as f64,
        why_ms,
    })
}
