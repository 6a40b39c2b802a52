//! `cargo xtask debug`: runs the recorder with what its kernel side complains of in its log. Both sides are built
//! with their feature `log`, beside what is shipped, which has none of it.

use crate::{build, build_ebpf, command, setup};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use rewind_tests::programs::COMPLAINING;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

/// What is run.
#[derive(Args)]
pub(crate) struct Debug {
    /// Arguments of `rewind-agent run`.
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

impl Debug {
    pub(crate) fn run(&self) -> Result<()> {
        if !rustix::process::geteuid().is_root() {
            bail!("it loads BPF programs: run it as root");
        }
        setup::for_build()?;
        let agent = build()?;
        // In place of this program: who ends it ends the agent.
        let error = Command::new(&agent).arg("run").args(&self.arguments).exec();
        Err(error).with_context(|| format!("cannot start {}", agent.display()))
    }
}

/// Compiles the agent that logs what the kernel side complains of; where it is.
pub(crate) fn build() -> Result<PathBuf> {
    let object = build_ebpf::complaining()?;
    let mut cargo = command::cargo();
    cargo.args(["build", "--package", "rewind-agent", "--features", "log"]);
    command::run(build::with_object(&mut cargo, &object))?;
    let target = build::target_dir()?;
    // From where no other build puts its own.
    let (built, kept) = (target.join("debug/rewind-agent"), target.join("release").join(COMPLAINING));
    let dir = kept.parent().context("no directory")?;
    std::fs::create_dir_all(target.join("release")).and_then(|()| std::fs::create_dir_all(dir))?;
    // It may be running: a new file, not the old one written over.
    let new = kept.with_extension("new");
    std::fs::copy(&built, &new)
        .and_then(|_| std::fs::rename(&new, &kept))
        .with_context(|| kept.display().to_string())?;
    Ok(kept)
}
