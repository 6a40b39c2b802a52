//! Calls that began before the recorder came.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::Cgroup;
use rewind_tests::dump::{self, Dump};
use rewind_tests::eventually::eventually;
use rewind_tests::programs;
use rewind_tests::workload::{self, Linking};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(5);

/// `workloads/asleep.c` in a cgroup of its own: its main thread is in a `futex`, another one in a `read`.
struct Asleep {
    child: Child,
    // Removed after the process.
    cgroup: Cgroup,
}

impl Asleep {
    /// Starts it, and waits until both threads are blocked.
    fn start(name: &str, arguments: &[&str]) -> Result<Self> {
        let cgroup = Cgroup::new(name)?;
        let mut command = Command::new(workload::compiled("asleep", Linking::Static)?);
        let child = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let asleep = Self { child, cgroup };
        asleep.cgroup.adopt(asleep.child.id())?;
        blocked(asleep.child.id(), 2)?;
        Ok(asleep)
    }

    /// Gives the other thread what it waits for, and waits until it says so.
    fn wake(&mut self) -> Result<()> {
        self.child.stdin.as_mut().context("no standard input")?.write_all(b"x")?;
        let mut said = [0; 3];
        Ok(self.child.stdout.as_mut().context("no standard output")?.read_exact(&mut said)?)
    }

    fn tgid(&self) -> u64 {
        u64::from(self.child.id())
    }
}

impl Drop for Asleep {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until a process has so many threads, all of them blocked in the same calls for a while.
fn blocked(tgid: u32, threads: usize) -> Result<()> {
    let calls = || -> Option<Vec<String>> {
        let threads = std::fs::read_dir(format!("/proc/{tgid}/task")).ok()?.filter_map(Result::ok);
        threads.map(|thread| std::fs::read_to_string(thread.path().join("syscall")).ok()).collect()
    };
    let is_call = |call: &String| !call.starts_with("running") && !call.starts_with("-1");
    eventually("all threads to be blocked", SOON, || {
        let first = calls().filter(|calls| calls.len() == threads && calls.iter().all(is_call))?;
        std::thread::sleep(Duration::from_millis(20));
        (calls()? == first).then_some(())
    })
}

/// The calls of that name that began before the recording.
fn before<'a>(dump: &'a Dump, syscall: &'a str) -> Vec<&'a Value> {
    dump.named(syscall).filter(|call| call.get("began_before").is_some()).collect()
}

fn arguments(call: &Value) -> Vec<&str> {
    call["args"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

pub(crate) fn hung() -> Result<()> {
    let mut asleep = Asleep::start("hung", &[])?;
    let agent = Agent::start()?;
    let target = asleep.cgroup.path();
    let listed = dump::list(&agent)?.iter().any(|row| row["container"]["cgroup_path"] == target.as_str());
    ensure!(listed, "a container that makes no call is not listed");
    let dump = Dump::of(&agent, &target)?;
    let (futex, read) = (before(&dump, "futex"), before(&dump, "read"));
    let [futex, read] = [futex.first(), read.first()].map(|call| call.context("a call is not there"));
    let (futex, read) = (futex?, read?);
    ensure!(arguments(futex).get(1..) == Some(&["FUTEX_WAIT", "7", "NULL"]), "{futex}");
    ensure!(arguments(read).first() == Some(&"0") && arguments(read).get(2) == Some(&"1"), "{read}");
    ensure!(futex["tid"] == asleep.tgid() && read["tgid"] == asleep.tgid() && read["tid"] != futex["tid"]);
    for field in ["time", "ktime_ns", "duration_ns", "result"] {
        ensure!(futex[field].is_null(), "its {field} is not known: {futex}");
    }
    let ensure_line = |text: &str, line: &str| -> Result<()> {
        ensure!(text.contains(line), "{line:?} is not in\n{text}");
        Ok(())
    };
    let shown = |arguments: &[&str]| agent.ask(arguments)?.success();
    ensure_line(&shown(&["dump", &target, "-o", "strace"])?, "FUTEX_WAIT, 7, NULL <unfinished ...>\n")?;
    ensure_line(&shown(&["dump", &target])?, "in it since before\n")?;
    // Its other thread waits for input, as who has nothing to do: no wait that nobody can end.
    eventually("why to show what it is in", SOON, || {
        let why = shown(&["why", &target]).ok()?.split_whitespace().collect::<Vec<_>>().join(" ");
        (why.contains("nothing unusual found") && why.contains("futex(")).then_some(())
    })?;
    let file = tempfile::NamedTempFile::new()?;
    let path = file.path().to_string_lossy();
    shown(&["save", &target, "--output", &path])?;
    let saved = programs::run(Command::new(programs::ours("rewind")).args(["dump", "--from", &path, "-o", "strace"]))?;
    ensure_line(&saved.success()?, "FUTEX_WAIT, 7, NULL <unfinished ...>\n")?;
    // The read returns: it was never recorded, and is not under way any more. The next one is an ordinary call.
    asleep.wake()?;
    let dump = Dump::eventually(&agent, &target, "the next read", |dump| dump.named("read").count() == 1)?;
    ensure!(before(&dump, "read").is_empty(), "{:?}", dump.calls);
    ensure!(before(&dump, "futex").len() == 1 && dump.named("write").count() == 1, "{:?}", dump.calls);
    asleep.wake()?;
    let dump = Dump::eventually(&agent, &target, "both reads", |dump| dump.named("write").count() == 2)?;
    ensure!(dump.named("read").count() == 2 && before(&dump, "read").is_empty(), "{:?}", dump.calls);
    ensure!(dump.coverage("calls_made")? == 3, "what began before is counted: {}", dump.header);
    Ok(())
}

pub(crate) fn again() -> Result<()> {
    let asleep = Asleep::start("again", &[])?;
    let mut agent = Agent::start()?;
    let target = asleep.cgroup.path();
    agent.kill()?;
    agent.start_again(&[])?;
    let dump = Dump::of(&agent, &target)?;
    ensure!(before(&dump, "futex").len() == 1 && before(&dump, "read").len() == 1, "{:?}", dump.calls);
    // One that is stopped is in no call: it makes it anew when it goes on, and that is seen.
    let process = Pid::from_child(&asleep.child);
    kill_process(process, Signal::STOP)?;
    Dump::eventually(&agent, &target, "no call of a stopped process", |dump| before(dump, "futex").is_empty())?;
    kill_process(process, Signal::CONT)?;
    let dump = Dump::eventually(&agent, &target, "the call made anew", |dump| dump.named("futex").count() == 1)?;
    ensure!(before(&dump, "futex").is_empty(), "{:?}", dump.calls);
    Ok(())
}

pub(crate) fn other_table() -> Result<()> {
    let asleep = Asleep::start("other-table", &["32"])?;
    let agent = Agent::start()?;
    let dump = Dump::of(&agent, &asleep.cgroup.path())?;
    // pause() by the 32-bit gate is number 29, which is shmget() of the 64-bit table.
    let (pause, futex) = (before(&dump, "pause"), before(&dump, "futex"));
    ensure!(pause.len() + futex.len() == 1, "{:?}", dump.calls);
    for (call, is_compat) in pause.iter().map(|call| (call, true)).chain(futex.iter().map(|call| (call, false))) {
        ensure!(call.to_string().contains("/* 32-bit */") == is_compat, "{call}");
    }
    Ok(())
}

pub(crate) fn traced() -> Result<()> {
    let mut asleep = Asleep::start("before-trace", &[])?;
    let agent = Agent::start()?;
    let mut trace = agent.rewind(&["trace", &asleep.cgroup.path(), "-o", "strace"]);
    let mut trace = trace.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut lines = BufReader::new(trace.stdout.take().context("no standard output")?).lines();
    let mut next = || lines.next().context("the trace ends").and_then(|line| Ok(line?));
    let first = [next()?, next()?];
    ensure!(first.iter().any(|line| line.contains("futex(") && line.ends_with("NULL <unfinished ...>")), "{first:?}");
    ensure!(
        first.iter().any(|line| line.contains("read(0, 0x") && line.ends_with(", 1 <unfinished ...>")),
        "{first:?}"
    );
    asleep.wake()?;
    // Its return is nobody's: what comes next is what the thread does next.
    let line = next()?;
    ensure!(line.contains("write(1, \"on\\n\", 3)"), "{line}");
    kill_process(Pid::from_child(&trace), Signal::INT)?;
    trace.wait()?;
    Ok(())
}

pub(crate) fn idle() -> Result<()> {
    let cgroup = Cgroup::new("idle")?;
    let mut child = Command::new("sleep").arg("1000").spawn()?;
    cgroup.adopt(child.id())?;
    blocked(child.id(), 1)?;
    let agent = Agent::start()?;
    let dump = Dump::of(&agent, &cgroup.path());
    let why = agent.ask(&["why", &cgroup.path()]);
    child.kill()?;
    child.wait()?;
    let calls = dump?.calls;
    ensure!(calls.len() == 1 && calls[0].get("began_before").is_some(), "{calls:?}");
    let why = why?.success()?;
    ensure!(why.contains("nothing unusual found"), "sleeping is no finding:\n{why}");
    Ok(())
}

pub(crate) fn frozen() -> Result<()> {
    let asleep = Asleep::start("frozen", &[])?;
    let agent = Agent::start()?;
    let target = asleep.cgroup.path();
    ensure!(before(&Dump::of(&agent, &target)?, "futex").len() == 1);
    let freeze = |on: &str| std::fs::write(asleep.cgroup.dir().join("cgroup.freeze"), on);
    freeze("1")?;
    Dump::eventually(&agent, &target, "no call of a frozen process", |dump| dump.calls.is_empty())?;
    freeze("0")?;
    let dump = Dump::eventually(&agent, &target, "the call made anew", |dump| dump.named("futex").count() == 1)?;
    ensure!(before(&dump, "futex").is_empty(), "{:?}", dump.calls);
    Ok(())
}

pub(crate) fn many() -> Result<()> {
    let asleep: Vec<_> = (0..6).map(|number| Asleep::start(&format!("idle{number}"), &[])).collect::<Result<_>>()?;
    // Room for fifteen of the smallest rings.
    let agent = Agent::start_with(&["--budget", "1MiB"])?;
    let is_idle = |row: &&Value| row["coverage"]["calls_made"] == 0;
    let listed = dump::list(&agent)?.iter().filter(is_idle).count();
    ensure!((1..=3).contains(&listed), "{listed} idle containers have a ring");
    ensure!(agent.log().contains("too little memory for containers that make no call"), "{}", agent.log());
    // The others begin with their first call.
    for mut asleep in asleep {
        asleep.wake()?;
        Dump::eventually(&agent, &asleep.cgroup.path(), "a call", |dump| dump.named("write").count() == 1)?;
    }
    Ok(())
}
