//! strace is the oracle: the same program under both, the same calls with the same arguments and results.
//!
//! The programs make the same calls in each run; `setarch -R` takes the randomness out of addresses.

use crate::server;
use anyhow::{Context as _, Result, anyhow, bail};
use rewind_tests::programs::{self, find, ours};
use rewind_tests::strace::compare::{Leave, first_difference};
use rewind_tests::strace::thread::Trace;
use rewind_tests::workload::{self, Linking};
use std::fs;
use std::path::Path;
use std::process::Command;

/// A shell that runs programs side by side handles SIGCHLD: between which of its calls is chance.
const CHILDREN_END: Leave<'_> = Leave { timing: &["rt_sigreturn"] };

pub(crate) fn shell() -> Result<()> {
    same(&["/bin/sh", &path(&workload::source("pipes.sh")), "."], 3, CHILDREN_END)
}

pub(crate) fn python() -> Result<()> {
    // Python's lock is passed on through futexes: whether a thread has to wait is chance.
    let leave = Leave { timing: &["futex"] };
    // The system's own python3: a wrapper in front of it would be compared as well.
    same(&["/usr/bin/python3", &path(&workload::source("files.py")), "."], 0, leave)
}

pub(crate) fn wget() -> Result<()> {
    let url = format!("http://{}/file", server::serve()?);
    same(&["/usr/bin/wget", "--no-config", "--no-hsts", "-q", "-O", "-", &url], 0, Leave::default())
}

pub(crate) fn curl() -> Result<()> {
    let url = format!("http://{}/file", server::serve()?);
    // curl asks its sockets again and again until the connection stands: how often is chance.
    let leave = Leave { timing: &["poll", "futex", "rt_sigaction", "recvfrom", "getsockopt", "rt_sigprocmask"] };
    same(&["/usr/bin/curl", "-q", "-s", "-o", "/dev/null", &url], 0, leave)
}

pub(crate) fn threads() -> Result<()> {
    // Joining a thread waits in futex only if the thread has not ended yet; the allocator of the last
    // thread's stack frees it or not by the same chance.
    let leave = Leave { timing: &["futex", "madvise"] };
    same(&[&path(&workload::compiled("threads", Linking::Dynamic)?)], 0, leave)
}

pub(crate) fn forking() -> Result<()> {
    same(&[&path(&workload::compiled("forking", Linking::Static)?)], 0, Leave::default())
}

pub(crate) fn assorted() -> Result<()> {
    same(&[&path(&workload::compiled("assorted", Linking::Dynamic)?)], 3, Leave::default())
}

/// Arguments that few programs pass: -1 for a descriptor, bits and commands without names.
pub(crate) fn odd() -> Result<()> {
    same(&[&path(&workload::compiled("odd", Linking::Dynamic)?)], 0, Leave::default())
}

pub(crate) fn perl() -> Result<()> {
    let script = "use Socket; use POSIX; socketpair(A, B, AF_UNIX, SOCK_STREAM, PF_UNSPEC); syswrite(A, 'word'); \
                  vec($r, fileno(B), 1) = 1; select($r, undef, undef, 5); sysread(B, $_, 9); open(F, '>', $_); \
                  flock(F, 2); utime(1, 2, $_); system('/bin/true', $_); opendir(D, '.'); @all = readdir(D); \
                  unlink(@all); if (!fork) { setsid; _exit(7) } wait; exit($? >> 8)";
    same(&["/usr/bin/perl", "-e", script], 7, Leave::default())
}

pub(crate) fn tar() -> Result<()> {
    let tests = path(&programs::work_tree().join("tests"));
    same(
        &["/usr/bin/tar", "--create", "--file", "archive", "--directory", &tests, "src", "workloads"],
        0,
        Leave::default(),
    )
}

pub(crate) fn applets() -> Result<()> {
    let busybox = path(&find("busybox").context("busybox is not installed")?);
    let script =
        format!("{busybox} seq 1 50 | {busybox} sort -r | {busybox} md5sum; {busybox} stat -c %s /bin/sh; exit 4");
    same(&[&busybox, "sh", "-c", &script], 4, CHILDREN_END)
}

fn path(file: &Path) -> String {
    file.to_string_lossy().into_owned()
}

fn same(program: &[&str], code: i32, leave: Leave<'_>) -> Result<()> {
    let dir = tempfile::Builder::new().prefix("rewind-fidelity-").tempdir()?;
    let strace = find("strace").context("strace is not installed")?;
    let oracle = trace(dir.path(), "strace", code, Command::new(strace).args(["-f", "-s", "32", "-o"]), program, &[])?;
    let arguments = ["--"];
    let mut record = Command::new(ours("rewind-agent"));
    // strace hides nothing.
    let record = record.args(["record", "--no-redact", "-o", "strace", "--output"]);
    let recording = trace(dir.path(), "rewind", code, record, program, &arguments)?;
    match first_difference(&oracle, &recording, leave) {
        Some(difference) => bail!("{difference}"),
        None => Ok(()),
    }
}

/// Runs `program` in an empty folder under a tool that writes what it saw into a file.
fn trace(dir: &Path, tool: &str, code: i32, command: &mut Command, program: &[&str], before: &[&str]) -> Result<Trace> {
    let (file, folder) = (dir.join(tool), dir.join("folder"));
    fs::create_dir(&folder)?;
    command.arg(&file).args(before).args(["setarch", "-R"]).args(program).current_dir(&folder).env_clear();
    command.envs([("PATH", "/usr/bin:/bin:/usr/sbin:/sbin"), ("LC_ALL", "C"), ("HOME", "/nonexistent")]);
    command.envs([("PYTHONHASHSEED", "0"), ("PYTHONDONTWRITEBYTECODE", "1"), ("PERL_HASH_SEED", "0")]);
    let said = programs::run(command)?;
    fs::remove_dir_all(&folder)?;
    if said.code != code {
        bail!("`{}` ended with {} instead of {code}: {}", said.command, said.code, said.stderr);
    }
    let text = fs::read(&file).with_context(|| format!("{tool} wrote nothing"))?;
    if let Some(keep) = std::env::var_os("REWIND_KEEP_TRACES") {
        fs::create_dir_all(&keep)?;
        let name = Path::new(program.first().copied().unwrap_or_default()).file_name().unwrap_or_default();
        fs::write(Path::new(&keep).join(format!("{}.{tool}", name.to_string_lossy())), &text)?;
    }
    Trace::parse(&String::from_utf8_lossy(&text)).map_err(|error| anyhow!("{tool}: {error}"))
}
