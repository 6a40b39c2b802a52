//! `cargo xtask build`: compiles everything, the kernel side first.

use crate::{build_ebpf, command};
use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// How to build.
#[derive(Args)]
pub(crate) struct Build {
    /// Optimise.
    #[arg(long)]
    release: bool,
}

impl Build {
    pub(crate) fn run(&self) -> Result<()> {
        all(self.release).map(drop)
    }
}

/// Compiles everything; the directory of the programs.
pub(crate) fn all(release: bool) -> Result<PathBuf> {
    let object = build_ebpf::run()?;
    let mut cargo = command::cargo();
    cargo.args(["build", "--workspace", "--bins", "--exclude", "xtask"]).args(release.then_some("--release"));
    command::run(with_object(&mut cargo, &object))?;
    Ok(target_dir()?.join(if release { "release" } else { "debug" }))
}

/// Tells the agent's build where the compiled kernel side is.
pub(crate) fn with_object<'a>(cargo: &'a mut Command, object: &std::path::Path) -> &'a mut Command {
    cargo.env("REWIND_EBPF_OBJECT", object)
}

/// Where cargo puts what it builds here.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let metadata = command::output(command::cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    Ok(metadata.get("target_directory").and_then(Value::as_str).context("cargo names no target directory")?.into())
}
