//! Prometheus and its `promtool`, unpacked from the distribution's package: installed, it would run on this machine.

use crate::command;
use anyhow::{Context as _, Result};
use rewind_tests::programs::is_program;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

const PACKAGE: &str = "prometheus";

/// `path`, with the programs in front; without them where they cannot be had, and the tests say so.
pub(crate) fn before(path: OsString) -> OsString {
    get().and_then(|bin| command::in_front(bin, &path)).unwrap_or_else(|error| {
        eprintln!("setup: no Prometheus: {error:#}");
        path
    })
}

/// The folder of the programs; it is made first if it is not there.
fn get() -> Result<PathBuf> {
    let shown = command::output(Command::new("apt-cache").args(["show", "--no-all-versions", PACKAGE]))?;
    let version =
        shown.lines().find_map(|line| line.strip_prefix("Version: ")).context("apt knows no version of it")?;
    let root = command::cache()?.join(format!("{PACKAGE}-{version}"));
    let bin = root.join("usr/bin");
    if ["prometheus", "promtool"].iter().all(|program| is_program(&bin.join(program))) {
        return Ok(bin);
    }
    eprintln!("setup: unpacking Prometheus {version}");
    fs::create_dir_all(command::cache()?)?;
    // Beside it, to be moved there whole.
    let unpacked = tempfile::tempdir_in(command::cache()?)?;
    command::output(Command::new("apt-get").args(["-qq", "download", PACKAGE]).current_dir(unpacked.path()))?;
    for package in fs::read_dir(unpacked.path())? {
        let (package, tree) = (package?.path(), unpacked.path().join("tree"));
        command::run(Command::new("dpkg-deb").arg("-x").args([&package, &tree]))?;
        if root.exists() {
            fs::remove_dir_all(&root)?;
        }
        fs::rename(tree, &root).with_context(|| format!("cannot make {}", root.display()))?;
    }
    Ok(bin)
}
