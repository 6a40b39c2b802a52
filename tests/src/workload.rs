//! Compiling `workloads/*.c`: tiny programs, one behaviour each.

use crate::programs;
use anyhow::{Context as _, Result};
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where a container finds compiled workloads.
pub const WORKLOADS: &str = "/workloads";

/// A script of two threads that wait for each other.
pub const CROSSED_LOCKS: &str = include_str!("../workloads/crossed_locks.py");

/// How a workload is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linking {
    /// As usual.
    Dynamic,
    /// Whole in one file: runs in an empty root, and makes no calls of a dynamic linker.
    Static,
}

/// The source of a workload.
#[must_use]
pub fn source(file: &str) -> PathBuf {
    programs::work_tree().join("tests/workloads").join(file)
}

/// The compiled workload `name` (`workloads/name.c`). Compiled once for each content of the source.
///
/// # Errors
/// When it does not compile.
pub fn compiled(name: &str, linking: Linking) -> Result<PathBuf> {
    let source = source(&format!("{name}.c"));
    let text = fs::read(&source).with_context(|| format!("cannot read {}", source.display()))?;
    let mut hasher = DefaultHasher::new();
    (text, linking == Linking::Static).hash(&mut hasher);
    let dir = cache()?.join(format!("{:016x}", hasher.finish()));
    let program = dir.join(name);
    if programs::is_program(&program) {
        return Ok(program);
    }
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let unfinished = dir.join(format!("{name}.{}", std::process::id()));
    let mut gcc = Command::new("gcc");
    gcc.args(["-O1", "-g", "-Wall", "-Werror", "-pthread", "-o"]).arg(&unfinished).arg(&source);
    if linking == Linking::Static {
        gcc.arg("-static");
    }
    programs::run(&mut gcc)?.success()?;
    fs::rename(&unfinished, &program)?;
    Ok(program)
}

/// Where compiled workloads are kept; containers mount it.
///
/// # Errors
/// When it cannot be made.
pub fn cache() -> Result<PathBuf> {
    let dir = std::env::temp_dir().join("rewind-workloads");
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    Ok(dir)
}

/// The path of a compiled workload inside a container of ours.
///
/// # Errors
/// When it does not compile.
pub fn inside(name: &str, linking: Linking) -> Result<String> {
    let program = compiled(name, linking)?;
    let below = program.strip_prefix(cache()?).unwrap_or(&program);
    Ok(Path::new(WORKLOADS).join(below).to_string_lossy().into_owned())
}
