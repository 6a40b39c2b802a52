//! `rewind-agent record -o file`, and what `rewind why` says of real programs that fail.

use anyhow::{Result, ensure};
use rewind_tests::programs::{self, Said, ours};
use std::path::Path;
use std::process::Command;

fn record(output: &Path, script: &str) -> Result<Said> {
    let mut command = Command::new(ours("rewind-agent"));
    command.args(["record", "-o", "file", "--output"]).arg(output).args(["--", "sh", "-c", script]);
    // Another user may not see what a person has installed in a home of their own: the system's go first.
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("/usr/sbin:/usr/bin:/sbin:/bin:{path}"));
    programs::run(&mut command)
}

fn rewind(verb: &[&str], file: &Path) -> Result<String> {
    let mut command = Command::new(ours("rewind"));
    programs::run(command.args(verb).arg("--from").arg(file))?.success()
}

/// The first line of `rewind why` of a shell script, joined if it is long.
fn why(script: &str) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("it.rewind");
    record(&file, script)?;
    let screen = rewind(&["why"], &file)?;
    for line in screen.lines() {
        ensure!(line.chars().count() <= 80, "wider than 80 columns: {line}");
    }
    let answer = screen.split("\n\n").next().unwrap_or_default();
    Ok(answer.replace('\n', " "))
}

fn expect(script: &str, parts: &[&str]) -> Result<()> {
    let answer = why(script)?;
    for part in parts {
        ensure!(answer.contains(part), "`{script}`: {part:?} is not in {answer:?}");
    }
    Ok(())
}

pub(crate) fn saved() -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("it.rewind");
    let said = record(&file, "echo out; exit 3")?;
    ensure!((said.code, said.stdout.as_str(), said.stderr.as_str()) == (3, "out\n", ""), "{said:?}");
    ensure!(file.metadata()?.permissions().mode() & 0o777 == 0o600, "others may read the file");
    let dump = rewind(&["dump", "-o", "strace"], &file)?;
    ensure!(dump.contains(r#"write(1, "out\n", 4)"#) && dump.contains("+++ exited with 3 +++"), "{dump}");
    ensure!(rewind(&["top"], &file)?.contains("execve"), "no execve in top");
    let mut missing = Command::new(ours("rewind-agent"));
    let said = programs::run(missing.args(["record", "-o", "file", "--", "true"]))?;
    ensure!(said.code == 2 && said.stderr.contains("--output"), "{said:?}");
    Ok(())
}

pub(crate) fn denied() -> Result<()> {
    let python = "python3 -c 'import time; time.sleep(0.2); open(\"/etc/passwd\", \"w\")'";
    let script = format!("exec setpriv --reuid 65534 --regid 65534 --clear-groups {python}");
    expect(&script, &["It exited with 1 after openat of /etc/passwd was denied (EACCES)"])
}

pub(crate) fn missing() -> Result<()> {
    expect(
        "cat /etc/no-app/config.yaml; exit $?",
        &["It exited with 1", "/etc/no-app/config.yaml found no such file"],
    )?;
    // A code of its own is a reason of its own: what the child said stands beside it.
    expect(
        "cat /etc/no-app/config.yaml; exit 4",
        &["It exited with 4; the last that its child cat", "/etc/no-app/config.yaml"],
    )
}

pub(crate) fn refused() -> Result<()> {
    let python = "exec python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 1))'";
    expect(python, &["It exited with 1 after connect to 127.0.0.1:1 was refused (ECONNREFUSED)"])
}

pub(crate) fn descriptors() -> Result<()> {
    let python = "python3 -c 'f = [open(\"/etc/hostname\") for _ in range(99)]'";
    expect(&format!("ulimit -n 64; exec {python}"), &["openat of /etc/hostname found all descriptors", "EMFILE"])
}

pub(crate) fn memory() -> Result<()> {
    expect("ulimit -v 400000; exec python3 -c 'bytearray(1 << 30)'", &["ENOMEM", "it asked for 1 GiB"])
}

pub(crate) fn killed() -> Result<()> {
    expect("sleep 9 & P=$!; sleep 0.2; kill -TERM $P; wait $P", &["killed by SIGTERM: sent by sh (process "])?;
    expect("exec python3 -c 'import ctypes; ctypes.string_at(0)'", &["killed by SIGSEGV", "it followed a null pointer"])
}

pub(crate) fn fine() -> Result<()> {
    expect("exec ls /", &["It exited with 0: nothing unusual found."])
}
