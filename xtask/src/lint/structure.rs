//! The laws of the structure, which no compiler holds:
//!
//! * **Order.** Where the documentation of a crate or a module has a table of its modules under a heading
//!   that ends with "in the order of the flow", a module uses those that stand before it there, never those
//!   after, and each has its place there.
//! * **No circles.** No file uses another that, on whatever way, uses it. Who takes a name from a module that only
//!   hands it on (`pub use`) uses that module too. A module and its children are one: it may use them, and they what
//!   it defines.
//! * **Tasks.** Where few files may start tasks and threads and make channels ([`STARTERS`]), no other does.
//!
//! Tests are free. What breaks one of the first two laws and is known stands in `exceptions.rs`.

mod arrows;
mod exceptions;
mod laws;
mod source;
#[cfg(test)]
mod tests;

use crate::command;
use anyhow::{Context as _, Result, bail};
use exceptions::Exception;
use rewind_tests::programs::work_tree;
use serde_json::Value;
use source::Crate;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// In which crates few files may start tasks, and which those are: in the agent one sees all, from start to
/// drain; what `blocking.rs` starts it waits for, so nothing outlives who asked; the trace's own reader goes
/// with the feed.
const STARTERS: &[(&str, &[&str])] = &[("agent/src/main.rs", &["agent/src/pipeline.rs", "agent/src/blocking.rs"])];

/// Checks every crate, in the workspace and in these folders outside of it.
pub(super) fn check(outside: &[String]) -> Result<()> {
    let mut roots = roots(&[])?;
    for folder in outside {
        roots.extend(self::roots(&["--manifest-path", &format!("{folder}/Cargo.toml")])?);
    }
    let mut broken = BTreeSet::new();
    let mut needed = BTreeSet::new();
    for root in roots {
        let starters = STARTERS.iter().find(|(of, _)| root == Path::new(of)).map(|(_, files)| *files);
        let of = Crate::read(&work_tree(), &root)?;
        broken.extend(breaches(&of, starters, exceptions::ALL, &mut needed));
    }
    let stale = exceptions::ALL.iter().filter(|exception| !needed.contains(&exception.to_string()));
    broken.extend(stale.map(|exception| format!("{exception} is needed no more: strike it")));
    let told: Vec<String> = broken.into_iter().collect();
    if told.is_empty() { Ok(()) } else { bail!("laws of the structure are broken:\n  {}", told.join("\n  ")) }
}

/// What breaks a law in one crate. Adds the exceptions without which there would be more to `needed`.
fn breaches(
    of: &Crate,
    starters: Option<&[&str]>,
    exceptions: &[Exception],
    needed: &mut BTreeSet<String>,
) -> Vec<String> {
    let all = of.arrows();
    let circles = laws::circles(of, &all);
    let mut left = Vec::new();
    for arrow in &all {
        let (from, to) = (of.file(arrow.from), of.file(arrow.to));
        let is_breach = circles.iter().any(|circle| circle.has(arrow)) || laws::against_order(of, arrow).is_some();
        match exceptions.iter().find(|exception| is_breach && exception.is(from, to)) {
            Some(exception) => drop(needed.insert(exception.to_string())),
            None => left.push(arrow.clone()),
        }
    }
    let mut broken = laws::places(of);
    broken.extend(left.iter().filter_map(|arrow| laws::against_order(of, arrow)));
    broken.extend(laws::circles(of, &left).iter().map(|circle| circle.told(of)));
    broken.extend(starters.map(|starters| laws::starts(of, starters)).unwrap_or_default());
    broken
}

/// The first file of every library, program, test and example, below the work tree.
fn roots(of: &[&str]) -> Result<Vec<PathBuf>> {
    let metadata = ["metadata", "--no-deps", "--format-version", "1"];
    let metadata: Value = serde_json::from_str(&command::output(command::cargo().args(metadata).args(of))?)?;
    let packages = metadata.get("packages").and_then(Value::as_array).context("cargo names no packages")?;
    let targets = packages.iter().filter_map(|package| package.get("targets")?.as_array()).flatten();
    let files = targets.filter_map(|target| target.get("src_path")?.as_str());
    files.map(|file| Ok(Path::new(file).strip_prefix(work_tree())?.to_owned())).collect()
}
