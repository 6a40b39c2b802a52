//! Perfetto's published schema, as its own Python package has it, for the test that holds our traces against it. Its
//! trace processor is in no registry.

use crate::command;
use anyhow::{Context as _, Result};
use rewind_tests::perfetto::PROGRAM;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

const VERSION: &str = "0.59.1";
/// What the package is to run with: it names no version itself.
const PROTOBUF: &str = "protobuf==7.36.2";
const SCRIPT: &str = include_str!("perfetto/json.py");

/// `path`, with the program in front that reads traces; without it where it cannot be had, and the test says so.
pub(crate) fn before(path: &OsString) -> OsString {
    get().and_then(|bin| command::in_front(bin, path)).unwrap_or_else(|error| {
        eprintln!("setup: no schema of Perfetto: {error:#}");
        path.clone()
    })
}

/// The folder of the program; it is made first if it is not there.
fn get() -> Result<PathBuf> {
    let root = command::cache()?.join(format!("perfetto-{VERSION}"));
    // Not the environment's own folder of programs: that has a Python as well.
    let bin = root.join("program");
    let program = bin.join(PROGRAM);
    let python = root.join("bin/python3");
    let script = format!("#!{}\n{SCRIPT}", python.display());
    if fs::read_to_string(&program).is_ok_and(|there| there == script) {
        return Ok(bin);
    }
    eprintln!("setup: installing Perfetto's Python package {VERSION} (its schema of traces)");
    command::run(Command::new("python3").args(["-m", "venv"]).arg(&root))?;
    let package = format!("perfetto=={VERSION}");
    command::run(Command::new(&python).args(["-m", "pip", "install", "--quiet", &package, PROTOBUF]))?;
    fs::create_dir_all(&bin)?;
    fs::write(&program, script).with_context(|| format!("cannot write {}", program.display()))?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    Ok(bin)
}
