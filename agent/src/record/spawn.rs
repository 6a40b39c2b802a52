//! Starts a command inside a cgroup.
#![allow(unsafe_code, reason = "what runs between fork and exec is unsafe by its nature")]

use super::{Cgroup, Error};
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output};

/// Starts `command` as a member of `cgroup` from before its `execve`, which is so the first call that
/// is recorded of it. Its standard streams are this process' own.
pub(super) fn spawn(command: &[OsString], cgroup: &Cgroup) -> Result<Child, Error> {
    start(command, cgroup, Command::spawn)
}

/// As [`spawn`], but waits for its end and gives what it printed.
pub(super) fn output(command: &[OsString], cgroup: &Cgroup) -> Result<Output, Error> {
    start(command, cgroup, Command::output)
}

fn start<T>(
    command: &[OsString],
    cgroup: &Cgroup,
    how: impl FnOnce(&mut Command) -> std::io::Result<T>,
) -> Result<T, Error> {
    let program = command.first().cloned().unwrap_or_default();
    let failed = |source| Error::Spawn { command: program.to_string_lossy().into_owned(), source };
    let mut procs = OpenOptions::new().write(true).open(cgroup.procs()).map_err(failed)?;
    let mut child = Command::new(find(&program));
    child.arg0(&program).args(command.get(1..).unwrap_or_default());
    // SAFETY: between fork and exec only async-signal-safe functions may run: this is one `write(2)`
    // to an open descriptor, and allocates nothing.
    unsafe {
        child.pre_exec(move || procs.write_all(b"0"));
    }
    how(&mut child).map_err(failed)
}

/// The program as `execvp` would find it. Looked up here so that the recording shows one `execve`,
/// and not one for each directory of `PATH`.
fn find(program: &OsString) -> PathBuf {
    let program = PathBuf::from(program);
    if program.components().count() != 1 || program.is_absolute() {
        return program;
    }
    let dirs = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&dirs).map(|dir| dir.join(&program)).find(|path| path.is_file());
    found.unwrap_or(program)
}
