//! Loops of one cheap call: nanoseconds a call.

use super::place::Playground;
use super::setting::Setting;
use anyhow::{Context as _, Result};
use rewind_tests::programs;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

const SOURCE: &str = include_str!("calls.c");
/// What it opens.
const FILE: &str = "twenty-character.txt";
const WITHIN: Duration = Duration::from_secs(300);
/// One in so many calls is made where they are slow.
const SLOW: u64 = 50;

/// The compiled loops.
pub(super) struct Calls {
    program: PathBuf,
    quick: bool,
}

impl Calls {
    pub(super) fn compile(place: &Playground, quick: bool) -> Result<Self> {
        let (source, program) = (place.dir().join("calls.c"), place.dir().join("calls"));
        fs::write(&source, SOURCE)?;
        fs::write(place.dir().join(FILE), "")?;
        let mut gcc = Command::new("gcc");
        programs::run(gcc.args(["-O2", "-Wall", "-Werror", "-o"]).arg(&program).arg(&source))?.success()?;
        Ok(Self { program, quick })
    }

    /// How many of `count` calls are made.
    pub(super) fn count(&self, setting: Setting, count: u64) -> u64 {
        count / if setting.is_slow() { SLOW } else { 1 } / if self.quick { 10 } else { 1 }
    }

    /// Nanoseconds of one call.
    pub(super) fn measure(&self, place: &Playground, setting: Setting, call: &str, count: u64) -> Result<f64> {
        let count = self.count(setting, count);
        let mut command = setting.under(place, &self.program);
        let said = place.run(command.args([call, &count.to_string()]), WITHIN)?;
        // Its last line: a tracer may have something to say, too.
        said.lines().rev().find_map(|line| line.trim().parse().ok()).with_context(|| format!("no figure in: {said}"))
    }
}
