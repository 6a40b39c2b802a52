//! Crash files: what is kept of containers that ended badly.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::container::Container;
use rewind_tests::dump::{self, Dump};
use rewind_tests::eventually::eventually;
use rewind_tests::programs::{self, ours};
use serde_json::Value;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{fs, thread};

const SOON: Duration = Duration::from_secs(10);
/// A failure is tried again after ten seconds.
const RETRIED: Duration = Duration::from_secs(30);

pub(crate) fn failed() -> Result<()> {
    let agent = Agent::start()?;
    let container = Container::new("rewind-exit", &shell("cat /etc/nope; exit 3"))?;
    ensure!(container.run()?.code == 3, "it did not fail as it should");
    let crash = only(&agent, container.id(), 1)?;
    ensure!(
        text(&crash, "/header/reason") == "exit_code" && crash.pointer("/header/ending/exit_code") == Some(&3.into()),
        "{crash}"
    );
    let file = agent.crash_dir().join(text(&crash, "/file"));
    ensure!(fs::metadata(&file)?.permissions().mode() & 0o777 == 0o600, "others may read it");
    let kept = tempfile::tempdir()?;
    let copy = kept.path().join("years-later.rewind");
    fs::copy(&file, &copy)?;
    agent.stop()?;

    let from = |verb: &[&str]| {
        let mut command = Command::new(ours("rewind"));
        programs::run(command.args(verb).arg("--from").arg(&copy).args(["--socket", "/nowhere"]))?.success()
    };
    let trace = from(&["dump", "-o", "strace"])?;
    for line in [r#"openat(AT_FDCWD, "/etc/nope", O_RDONLY) = -1 ENOENT"#, "exit_group(3)", "+++ exited with 3 +++"] {
        ensure!(trace.contains(line), "`{line}` is not there:\n{trace}");
    }
    let why = from(&["why"])?;
    ensure!(why.contains("exited with 3"), "{why}");
    let table = from(&["dump"])?;
    ensure!(table.contains("as a crash file, because its main process failed"), "{table}");
    Ok(())
}

pub(crate) fn succeeded() -> Result<()> {
    let agent = Agent::start()?;
    // A child that fails is not the container's end.
    let fine = Container::new("rewind-fine", &shell("busybox sh -c 'exit 7'; exit 0"))?;
    fine.run()?.success()?;
    let bad = Container::new("rewind-bad", &shell("exit 1"))?;
    ensure!(bad.run()?.code == 1, "it did not fail as it should");
    only(&agent, bad.id(), 1)?;
    let kept = of(&agent, fine.id())?;
    ensure!(kept.is_empty(), "{kept:?}");
    agent.stop()
}

pub(crate) fn always() -> Result<()> {
    let agent = Agent::start_with(&["--crash-when", "always"])?;
    let container = Container::new("rewind-fine", &shell("exit 0"))?;
    container.run()?.success()?;
    let crash = only(&agent, container.id(), 1)?;
    ensure!(text(&crash, "/header/reason") == "always", "{crash}");
    agent.stop()
}

pub(crate) fn never() -> Result<()> {
    let agent = Agent::start_with(&["--crash-when", "never"])?;
    let container = Container::new("rewind-exit", &shell("exit 3"))?;
    ensure!(container.run()?.code == 3, "it did not fail as it should");
    Dump::eventually(&agent, container.id(), "the container's end", |dump| dump.has("exit_group", "3"))?;
    let said = agent.ask(&["list", "--crashes"])?;
    ensure!(said.stderr.contains("--crash-when never") && said.code == 0, "{said:?}");
    let dir = agent.crash_dir();
    ensure!(!dir.exists(), "{} was made", dir.display());
    agent.stop()
}

pub(crate) fn by_a_signal() -> Result<()> {
    let agent = Agent::start()?;
    let container =
        Container::new("rewind-segv", &Spec::new(["/usr/bin/python3", "-c", "import ctypes; ctypes.string_at(0)"]))?;
    ensure!(container.run()?.code == 139, "it did not crash as it should");
    let crash = only(&agent, container.id(), 1)?;
    ensure!(
        text(&crash, "/header/reason") == "signal" && crash.pointer("/header/ending/signal") == Some(&11.into()),
        "{crash}"
    );
    let file = agent.crash_dir().join(text(&crash, "/file"));
    let trace =
        programs::run(Command::new(ours("rewind")).args(["dump", "-o", "strace", "--from"]).arg(file))?.success()?;
    ensure!(trace.contains("--- SIGSEGV {si_signo=SIGSEGV") && trace.contains("+++ killed by SIGSEGV"), "{trace}");
    let table = agent.ask(&["list", "--crashes"])?.success()?;
    ensure!(table.contains("killed (SIGSEGV)") && table.contains(container.id()), "{table}");
    agent.stop()
}

pub(crate) fn by_abort() -> Result<()> {
    let agent = Agent::start()?;
    // The first process of a PID namespace is spared its own signals: a child of it aborts.
    let container = Container::new("rewind-abort", &shell("python3 -c 'import os; os.abort()'; exit $?"))?;
    ensure!(container.run()?.code == 134, "it did not abort as it should");
    let crash = only(&agent, container.id(), 1)?;
    let file = agent.crash_dir().join(text(&crash, "/file"));
    let why = programs::run(Command::new(ours("rewind")).args(["why", "--from"]).arg(file))?.success()?;
    let answer = why.split("\n\n").next().unwrap_or_default();
    ensure!(answer.contains("exited with 134") && answer.contains("SIGABRT"), "{why}");
    agent.stop()
}

pub(crate) fn by_a_child() -> Result<()> {
    let agent = Agent::start_with(&["--crash-on-child"])?;
    let container = Container::new("rewind-parent", &shell("busybox sh -c 'exit 7'; read x; exit 0"))?;
    let mut running = container.start()?;
    let crash = only(&agent, container.id(), 1)?;
    ensure!(text(&crash, "/header/reason") == "child", "{crash}");
    let row = dump::list(&agent)?.into_iter().find(|row| row.to_string().contains(container.id()));
    ensure!(row.is_some_and(|row| row.get("died_ns").is_some_and(Value::is_null)), "it does not live on");
    running.runc.stdin.take().context("no standard input")?.write_all(b"\n")?;
    ensure!(running.runc.wait()?.success(), "it did not end well");
    eventually("its end", SOON, || {
        let rows = dump::list(&agent).ok()?;
        let row = rows.iter().find(|row| row.to_string().contains(container.id()))?;
        row.get("died_ns")?.as_u64()
    })?;
    only(&agent, container.id(), 1)?;
    agent.stop()
}

pub(crate) fn loop_of_30() -> Result<()> {
    crash_loop(30)
}

pub(crate) fn loop_of_500() -> Result<()> {
    crash_loop(500)
}

/// The same container, run after run, in memory that holds some of them.
fn crash_loop(runs: usize) -> Result<()> {
    let agent = Agent::start_with(&["--budget", "4MiB", "--crash-per-container", "4"])?;
    let id = format!("rewind-loop-{}-{runs}", std::process::id());
    let container = Container::with_id(&id, &shell("exit 3"))?;
    for run in 1..=runs {
        ensure!(container.run()?.code == 3, "run {run} did not fail as it should");
    }
    let written = || {
        let log = agent.log();
        let lines = log.lines().filter(|line| line.contains("crash file written") && line.contains(&id));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    eventually("all runs to be written", SOON, || (written().len() == runs).then_some(()))
        .with_context(|| format!("{} of {runs}; {:?}", written().len(), crashes(&agent)))?;
    let kept = of(&agent, &id)?;
    let last: Vec<_> = written().split_off(runs - 4);
    ensure!(kept.len() == 4, "{kept:?}");
    ensure!(kept.iter().zip(&last).all(|(crash, line)| line.contains(text(crash, "/file"))), "{kept:?}, {last:?}");
    let evicted = crashes(&agent)?.pointer("/totals/evicted/container").and_then(Value::as_u64);
    ensure!(evicted >= Some(runs as u64 - 4), "{evicted:?}");
    agent.stop()
}

pub(crate) fn previous() -> Result<()> {
    let agent = Agent::start()?;
    let id = format!("rewind-twice-{}", std::process::id());
    for code in [3, 4] {
        let container = Container::with_id(&id, &shell(&format!("exit {code}")))?;
        ensure!(container.run()?.code == code, "it did not fail as it should");
        Dump::eventually(&agent, &id, "its end", |dump| dump.has("exit_group", &code.to_string()))?;
    }
    let shown = |arguments: &[&str]| agent.ask(arguments)?.success();
    ensure!(shown(&["dump", &id, "-o", "strace"])?.contains("exit_group(4)"), "the newest is not the second");
    for verb in ["dump", "why"] {
        let text = shown(&[verb, &id, "--previous"])?;
        ensure!(text.contains("exited with 3") && !text.contains("exited with 4"), "{text}");
    }
    let said = agent.ask(&["dump", "no-such-container", "--previous"])?;
    ensure!(said.code == 3, "{said:?}");
    only(&agent, &id, 2)?;

    // The next agent has no ring of them, but the files.
    let kept = tempfile::tempdir()?;
    let dir = kept.path().join("crashes");
    fs::rename(agent.crash_dir(), &dir)?;
    agent.stop()?;
    let agent = Agent::with_crash_dir(&dir, &[])?;
    let shown = |arguments: &[&str]| agent.ask(arguments)?.success();
    ensure!(shown(&["dump", &id, "-o", "strace"])?.contains("exit_group(4)"), "the file is not found by its name");
    ensure!(shown(&["dump", &id, "--previous", "-o", "strace"])?.contains("exit_group(3)"), "nor the one before");
    let first = of(&agent, &id)?.first().and_then(|crash| crash.get("crash")?.as_u64()).context("no first")?;
    ensure!(shown(&["dump", &format!("@{first}"), "-o", "strace"])?.contains("exit_group(3)"), "nor by its number");
    agent.stop()
}

pub(crate) fn full() -> Result<()> {
    let disk = Disk::mounted()?;
    let agent = Agent::with_crash_dir(&disk.dir(), &[])?;
    let filler = disk.dir().join("filler");
    let mut full = fs::File::create(&filler)?;
    while full.write_all(&[1; 4096]).is_ok() {}
    drop(full);

    fail("rewind-full")?;
    let warned = waits_to_write(&agent)?;
    ensure!(warned.contains("No space left on device") && warned.contains("in memory until there is room"), "{warned}");
    // Another attempt may be under way; between two of them nothing is there.
    let is_alone = || files(&disk.dir()).ok().filter(|files| *files == [filler.clone()]);
    eventually("nothing to be left of an attempt", SOON, is_alone)?;
    fs::remove_file(&filler)?;
    fail("rewind-room")?;
    written(&agent, "rewind-room", SOON)?;
    written(&agent, "rewind-full", RETRIED)?;
    ensure!(agent.log().matches("recordings stay in memory").count() == 1, "{}", agent.log());

    disk.remount("ro")?;
    fail("rewind-ro")?;
    let warned = waits_to_write(&agent)?;
    ensure!(warned.contains("Read-only file system"), "{warned}");
    disk.remount("rw")?;
    // Nothing else ends: it is tried again all the same.
    written(&agent, "rewind-ro-", RETRIED)?;
    agent.stop()
}

fn waits_to_write(agent: &Agent) -> Result<String> {
    let waits = |said: &programs::Said| said.code == 0 && said.stderr.contains("warning: cannot keep crash files");
    eventually("the failure to be told", SOON, || {
        agent.ask(&["list", "--crashes"]).ok().filter(waits).map(|said| said.stderr)
    })
    .with_context(|| agent.log())
}

fn written(agent: &Agent, id: &str, within: Duration) -> Result<()> {
    let written = || of(agent, id).ok().filter(|crashes| crashes.len() == 1);
    let crash = eventually("the recording to be written", within, written);
    crash.map(drop).with_context(|| format!("{id}: {:?}; {}", crashes(agent), agent.log()))
}

fn fail(name: &str) -> Result<()> {
    let said = Container::new(name, &shell("exit 3"))?.run()?;
    ensure!(said.code == 3, "{said:?}");
    Ok(())
}

fn shell(script: &str) -> Spec {
    Spec::new(["/usr/bin/busybox", "sh", "-c", script])
}

/// The last crash file of a container, once there are `count`: no more come.
fn only(agent: &Agent, id: &str, count: usize) -> Result<Value> {
    let enough = || of(agent, id).ok().filter(|crashes| crashes.len() >= count);
    eventually("the crash file", SOON, enough).with_context(|| agent.log())?;
    // One too many would come at once.
    thread::sleep(Duration::from_millis(200));
    let listed = of(agent, id)?;
    let there = files(&agent.crash_dir())?;
    let there = there.iter().filter(|path| path.to_string_lossy().contains(id)).count();
    ensure!(listed.len() == count && there == count, "{listed:?}, {there}");
    listed.last().cloned().context("no crash is listed")
}

/// The crash files of one container: others may end beside ours.
fn of(agent: &Agent, id: &str) -> Result<Vec<Value>> {
    let crashes = crashes(agent)?;
    let listed = crashes.get("crashes").and_then(Value::as_array).context("there is no list")?;
    Ok(listed.iter().filter(|crash| text(crash, "/header/container/id").starts_with(id)).cloned().collect())
}

fn crashes(agent: &Agent) -> Result<Value> {
    let text = agent.ask(&["list", "--crashes", "-o", "json"])?.success()?;
    serde_json::from_str(&text).with_context(|| format!("not JSON: {text}"))
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    Ok(entries.flatten().map(|entry| entry.path()).collect())
}

/// A disk of one mebibyte. Dropping it unmounts it.
struct Disk(tempfile::TempDir);

impl Disk {
    fn mounted() -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("rewind-disk-").tempdir()?;
        fs::create_dir(dir.path().join("mounted"))?;
        let disk = Self(dir);
        let mut mount = Command::new("mount");
        programs::run(mount.args(["-t", "tmpfs", "-o", "size=1m,mode=0700", "rewind-test"]).arg(disk.dir()))?
            .success()?;
        Ok(disk)
    }

    fn dir(&self) -> PathBuf {
        self.0.path().join("mounted")
    }

    fn remount(&self, how: &str) -> Result<()> {
        let mut mount = Command::new("mount");
        programs::run(mount.args(["-o", &format!("remount,{how}")]).arg(self.dir()))?.success().map(drop)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Err(error) = programs::run(Command::new("umount").arg(self.dir())).and_then(programs::Said::success) {
            eprintln!("{} stays mounted: {error:#}", self.dir().display());
        }
    }
}
