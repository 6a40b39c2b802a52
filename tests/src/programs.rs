//! Where our binaries and other people's programs are, and running one to its end.

use anyhow::{Context as _, Result, bail};
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Names the directory of the binaries under test; `cargo xtask test` sets it.
pub const BIN_DIR: &str = "REWIND_BIN_DIR";

/// The work tree.
#[must_use]
pub fn work_tree() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}

static CHOSEN: OnceLock<PathBuf> = OnceLock::new();

/// Says where the binaries under test are, before [`bin_dir`] is asked for the first time.
pub fn set_bin_dir(dir: &Path) {
    let _ = CHOSEN.set(dir.to_owned());
}

/// The directory of the binaries under test: [`BIN_DIR`], else where cargo puts release builds.
#[must_use]
pub fn bin_dir() -> PathBuf {
    CHOSEN.get_or_init(default_bin_dir).clone()
}

fn default_bin_dir() -> PathBuf {
    if let Some(dir) = env::var_os(BIN_DIR) {
        return dir.into();
    }
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| work_tree().join("target"), PathBuf::from);
    target.join("release")
}

/// A binary of ours.
#[must_use]
pub fn ours(name: &str) -> PathBuf {
    bin_dir().join(name)
}

/// The agent that logs what its kernel side complains of (`cargo xtask debug`), as seen from the others.
pub const COMPLAINING: &str = "../log/rewind-agent";

/// Finds a program in `PATH`, and where root's programs are if `PATH` leaves those out.
#[must_use]
pub fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    env::split_paths(&path).chain(system).map(|dir| dir.join(name)).find(|file| is_program(file))
}

/// Whether the file is there and may be run.
#[must_use]
pub fn is_program(file: &Path) -> bool {
    file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
}

/// Where tools that we install are kept: outside the work tree, a folder for each version.
///
/// # Errors
/// When the environment does not say where that is.
pub fn cache() -> Result<PathBuf> {
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute()).or_else(home);
    Ok(cache.context("neither XDG_CACHE_HOME nor HOME is set")?.join("rewind"))
}

/// What a program said, and how it ended.
#[derive(Clone, Debug)]
pub struct Said {
    /// The command, as one would type it.
    pub command: String,
    /// Exit code; 128 + N when signal N ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Said {
    /// Standard output of a command that must succeed.
    ///
    /// # Errors
    /// When it did not.
    pub fn success(self) -> Result<String> {
        if self.code == 0 {
            return Ok(self.stdout);
        }
        bail!("`{}` ended with {}: {}", self.command, self.code, self.stderr.trim_end())
    }
}

/// Runs a command to its end, with nothing on its standard input.
///
/// # Errors
/// When it cannot be started.
pub fn run(command: &mut Command) -> Result<Said> {
    let typed = typed(command);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start `{typed}`"))?;
    Ok(Said {
        command: typed,
        code: code(output.status),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// The exit code as a shell gives it.
#[must_use]
pub fn code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

/// The command as one would type it: programs by their names, quotes where a shell needs them.
#[must_use]
pub fn typed(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    std::iter::once(program)
        .chain(command.get_args())
        .map(|word| quoted(&word.to_string_lossy()))
        .collect::<Vec<_>>()
        .join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+%@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_reads_as_one_would_type_it() {
        let mut command = Command::new("/usr/sbin/runc");
        command.args(["run", "it's", "a-b"]);
        assert_eq!(typed(&command), r"runc run 'it'\''s' a-b");
    }

    #[test]
    fn an_end_by_a_signal_reads_as_in_a_shell() -> Result<()> {
        assert_eq!(run(Command::new("sh").args(["-c", "kill -TERM $$"]))?.code, 143);
        assert_eq!(run(Command::new("sh").args(["-c", "exit 3"]))?.code, 3);
        Ok(())
    }
}
