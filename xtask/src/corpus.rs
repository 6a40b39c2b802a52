//! `cargo xtask corpus`: what `why` says of programs that go wrong in real containers: right, none or wrong, by class.

use crate::tally::Tally;
use crate::{build, command, packages, setup};
use anyhow::Result;
use clap::Args;
use rewind_tests::programs::BIN_DIR;

/// Which programs.
#[derive(Args)]
pub(crate) struct Corpus {
    /// Programs or classes, as `tests/corpus/programs` has them; all if none.
    names: Vec<String>,
}

impl Corpus {
    pub(crate) fn run(&self) -> Result<()> {
        setup::for_build()?;
        let mut tally = Tally::default();
        layer(&mut tally, &self.names)?;
        tally.say()
    }
}

/// Runs them, and adds up what is wrong.
pub(crate) fn layer(tally: &mut Tally, names: &[String]) -> Result<()> {
    setup::for_demo()?;
    packages::install_missing(packages::TESTS)?;
    packages::install_missing(packages::CORPUS)?;
    let programs = build::all(true)?;
    let mut cargo = command::cargo();
    cargo.args(["test", "--workspace", "--test", "corpus"]).env(BIN_DIR, &programs);
    tally.cargo(cargo.env("REWIND_CORPUS", names.join(",")))
}
