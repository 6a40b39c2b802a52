//! `cargo xtask setup`: installs what is missing, and says why. Quick when nothing is.

use crate::toolchain::Toolchain;
use crate::{packages, tools};
use anyhow::Result;
use clap::Args;

/// What to set up for.
#[derive(Args)]
pub(crate) struct Setup {
    /// Install what the tests run, too.
    #[arg(long)]
    tests: bool,
}

impl Setup {
    pub(crate) fn run(&self) -> Result<()> {
        for_build()?;
        for_demo()?;
        if self.tests {
            for_tests()?;
        }
        eprintln!("setup: everything is here");
        Ok(())
    }
}

/// What compiling needs.
pub(crate) fn for_build() -> Result<Toolchain> {
    packages::install_missing(packages::BUILD)?;
    Toolchain::get()
}

/// What the demo runs.
pub(crate) fn for_demo() -> Result<()> {
    packages::install_missing(packages::DEMO)
}

/// What the benchmark runs; if perf cannot be had, why.
pub(crate) fn for_bench() -> Result<Option<String>> {
    packages::install_missing(packages::BENCH)?;
    Ok(packages::install_missing(packages::PERF).err().map(|error| format!("{error:#}")))
}

/// What the tests run on top of the demo's programs.
pub(crate) fn for_tests() -> Result<()> {
    packages::install_missing(packages::TESTS)?;
    tools::S3_SERVER.get().map(drop)
}
