//! `cargo xtask traces`: asks a trace store for what the agent has sent to it. Not a part of `test`: the store takes ten
//! minutes to build.

use crate::tally::Tally;
use crate::{build, command, jaeger, setup};
use anyhow::Result;
use rewind_tests::programs::BIN_DIR;

pub(crate) fn run() -> Result<()> {
    setup::for_build()?;
    setup::for_demo()?;
    setup::for_tests()?;
    let programs = build::all(true)?;
    let mut cargo = command::cargo();
    cargo.args(["test", "--workspace", "--test", "traces"]).env(BIN_DIR, &programs).env("PATH", jaeger::path()?);
    let mut tally = Tally::default();
    tally.cargo(&mut cargo)?;
    tally.say()
}
