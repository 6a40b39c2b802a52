//! Running things.

use anyhow::{Context as _, Result, bail};
use rewind_tests::programs;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// A program that we ran failed, and has said why on standard error.
#[derive(Debug)]
pub(crate) struct Failed {
    command: String,
    code: i32,
}

impl fmt::Display for Failed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}` ended with {}", self.command, self.code)
    }
}

impl std::error::Error for Failed {}

/// Runs a command with our own standard streams.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let typed = programs::typed(command);
    let status = command.status().with_context(|| format!("cannot start `{typed}`"))?;
    if status.success() { Ok(()) } else { Err(Failed { command: typed, code: programs::code(status) }.into()) }
}

/// What a command prints, trimmed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let said = programs::run(command)?;
    if said.code != 0 {
        bail!("`{}` ended with {}: {}", said.command, said.code, said.stderr.trim());
    }
    Ok(said.stdout.trim().to_owned())
}

/// Says why we fail: with the exit code of what we ran, if that is why.
pub(crate) fn exit_code(error: &anyhow::Error) -> ExitCode {
    eprintln!("xtask: {error:#}");
    let code = error.downcast_ref::<Failed>().and_then(|failed| u8::try_from(failed.code).ok());
    ExitCode::from(code.filter(|code| *code != 0).unwrap_or(1))
}

/// The cargo that runs us, in the work tree.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(programs::work_tree());
    cargo
}

/// Takes out of the environment what rustup and cargo put in for one toolchain, so that another one
/// is not confused by it.
pub(crate) fn other_toolchain(command: &mut Command) -> &mut Command {
    const OURS: [&str; 13] = [
        "CARGO",
        "RUSTC",
        "RUSTDOC",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTUP_TOOLCHAIN",
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_TARGET_DIR",
        "CARGO_BUILD_TARGET",
        "CARGO_BUILD_TARGET_DIR",
        "CARGO_BUILD_RUSTC",
        "LD_LIBRARY_PATH",
    ];
    for name in OURS {
        command.env_remove(name);
    }
    command
}

/// `PATH`, with a folder in front.
pub(crate) fn path_with(bin: PathBuf) -> Result<OsString> {
    in_front(bin, &std::env::var_os("PATH").unwrap_or_default())
}

/// Another one than ours, with a folder in front.
pub(crate) fn in_front(bin: PathBuf, path: &OsString) -> Result<OsString> {
    Ok(std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(path)))?)
}

/// Where tools that we install are kept: outside the work tree, a folder for each version.
pub(crate) fn cache() -> Result<PathBuf> {
    programs::cache()
}
