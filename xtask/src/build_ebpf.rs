//! `cargo xtask build-ebpf`: compiles the kernel side.

use crate::{command, setup};
use anyhow::Result;
use rewind_tests::programs::work_tree;
use std::path::PathBuf;

/// The compiled kernel side.
pub(crate) fn run() -> Result<PathBuf> {
    compile("agent-ebpf/target", &[])
}

/// The kernel side that says in the agent's log what it complains of, compiled beside the other.
pub(crate) fn complaining() -> Result<PathBuf> {
    compile("agent-ebpf/target/log", &["--features", "log"])
}

fn compile(target: &str, features: &[&str]) -> Result<PathBuf> {
    let toolchain = setup::for_build()?;
    eprintln!("build-ebpf: {}", toolchain.compiler);
    let target = work_tree().join(target);
    // What the compiler says goes straight to the terminal: an error reads like an error.
    command::run(toolchain.cargo("build").args(features).arg("--target-dir").arg(&target))?;
    Ok(target.join("bpfel-unknown-none/release/rewind"))
}
