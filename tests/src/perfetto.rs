//! Traces for Perfetto, as its published schema reads them.

use crate::programs;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// The program: `cargo xtask test` makes it, and puts it into `PATH`.
pub const PROGRAM: &str = "rewind-perfetto-json";

/// The packets of a trace.
///
/// # Errors
/// When it is none, or has anything that the schema does not know.
pub fn packets(trace: &Path) -> Result<Vec<Value>> {
    let said = programs::run(Command::new(PROGRAM).arg(trace))?.success()?;
    let trace: Value = serde_json::from_str(&said)?;
    trace.get("packet").and_then(Value::as_array).cloned().context("no packets")
}
