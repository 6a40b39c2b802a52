//! systemd-resolved, unpacked from the distribution's packages: installed, it would resolve this machine's names.

use crate::command;
use anyhow::{Context as _, Result};
use rewind_tests::resolved::PROGRAM;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

const PACKAGES: [&str; 2] = ["systemd-resolved", "libsystemd-shared"];
/// The library is found beside it, wherever the distribution has it.
const SCRIPT: &str = "#!/bin/sh
root=$(dirname \"$(dirname \"$0\")\")
for library in \"$root\"/usr/lib/*/systemd/libsystemd-shared-*.so; do
  LD_LIBRARY_PATH=$(dirname \"$library\") exec \"$root/lib/systemd/systemd-resolved\" \"$@\"
done
";

/// `path`, with the program in front; without it where it cannot be had, and the test says so.
pub(crate) fn before(path: OsString) -> OsString {
    get().and_then(|bin| command::in_front(bin, &path)).unwrap_or_else(|error| {
        eprintln!("setup: no systemd-resolved: {error:#}");
        path
    })
}

/// The folder of the program; it is made first if it is not there.
fn get() -> Result<PathBuf> {
    let shown = command::output(Command::new("apt-cache").args(["show", "--no-all-versions", PACKAGES[0]]))?;
    let version =
        shown.lines().find_map(|line| line.strip_prefix("Version: ")).context("apt knows no version of it")?;
    let root = command::cache()?.join(format!("systemd-resolved-{version}"));
    let bin = root.join("program");
    if fs::read_to_string(bin.join(PROGRAM)).is_ok_and(|there| there == SCRIPT) {
        return Ok(bin);
    }
    eprintln!("setup: unpacking systemd-resolved {version}");
    let packages = tempfile::tempdir()?;
    command::output(Command::new("apt-get").args(["-qq", "download"]).args(PACKAGES).current_dir(packages.path()))?;
    for package in fs::read_dir(packages.path())? {
        command::run(Command::new("dpkg-deb").arg("-x").arg(package?.path()).arg(&root))?;
    }
    // Last, so that what is there is whole.
    fs::create_dir_all(&bin)?;
    fs::write(bin.join(PROGRAM), SCRIPT)?;
    fs::set_permissions(bin.join(PROGRAM), fs::Permissions::from_mode(0o755))?;
    Ok(bin)
}
