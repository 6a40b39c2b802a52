//! The agent may die: what it has pinned records on, and the next agent goes on with it.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bpf::{self, Objects};
use rewind_tests::cgroup::Cgroup;
use rewind_tests::counting::Counting;
use rewind_tests::dump;
use rewind_tests::eventually::eventually;
use rewind_tests::programs;
use serde_json::Value;
use std::fs;
use std::thread::sleep;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);
/// So long something happens while no agent is there.
const AWAY: Duration = Duration::from_millis(300);
/// Between two numbers, µs.
const PAUSE: u32 = 1000;

pub(crate) fn killed() -> Result<()> {
    let mut agent = Agent::start()?;
    let mut before = Counting::start("pins-before", PAUSE)?;
    let recording = eventually("its recording", SOON, || before.recording(&agent).ok())?;
    agent.kill()?;
    let mut away = Counting::start("pins-away", PAUSE)?;
    let mut gone = Counting::start("pins-gone", PAUSE)?;
    sleep(AWAY);
    let last = gone.finish()?;
    ensure!(last > 10, "it came to {last} only");
    agent.start_again(&[])?;
    sleep(AWAY);
    ensure!(before.check(&agent)? == recording, "its recording has another number now");
    away.check(&agent)?;
    let log = agent.log();
    ensure!(log.contains("went on with the programs and rings of the agent before"), "{log}");
    agent.stop()
}

pub(crate) fn stopped() -> Result<()> {
    let mut agent = Agent::start()?;
    agent.end()?;
    let mut away = Counting::start("pins-stopped", PAUSE)?;
    sleep(AWAY);
    agent.start_again(&[])?;
    away.check(&agent)?;
    ensure!(agent.log().contains("recording goes on without the agent"), "{}", agent.log());
    agent.stop()
}

pub(crate) fn second() -> Result<()> {
    let agent = Agent::start()?;
    let dir = tempfile::tempdir()?;
    let mut other = std::process::Command::new(programs::ours("rewind-agent"));
    let said =
        programs::run(other.arg("run").arg("--socket").arg(dir.path().join("s")).arg("--pins").arg(agent.pins()))?;
    let by = format!("another agent (process {})", agent.tgid());
    ensure!(said.code == 1 && said.stderr.contains(&by) && said.stderr.contains("--pins"), "{said:?}");
    let said = agent.unload()?;
    ensure!(said.code == 1 && said.stderr.contains(&by), "unload did not see the agent: {said:?}");
    ensure!(agent.ask(&["list"])?.code == 0, "the first agent does not answer any more");
    agent.stop()
}

pub(crate) fn unloaded() -> Result<()> {
    let mut agent = Agent::start()?;
    let mut counting = Counting::start("pins-unload", PAUSE)?;
    agent.kill()?;
    let ours = Objects::pinned(&bpf::layout(&agent.pins())?)?;
    ensure!(ours.links.len() >= 7 && ours.programs.len() >= 9 && ours.maps.len() >= 11, "{ours:?}");
    let said = agent.unload()?.success()?;
    ensure!(said.contains("out of the kernel"), "{said}");
    ensure!(!agent.pins().exists(), "{} is left", agent.pins().display());
    eventually("nothing of it to be in the kernel", SOON, || {
        Objects::loaded().ok().filter(|loaded| ours.both(loaded).is_empty())
    })?;
    counting.finish()?;
    let again = agent.unload()?.success()?;
    ensure!(again.contains("there is nothing at"), "{again}");
    Ok(())
}

pub(crate) fn torn() -> Result<()> {
    let mut agent = Agent::start()?;
    agent.kill()?;
    fs::remove_file(bpf::layout(&agent.pins())?.join("NODE"))?;
    agent.start_again(&[])?;
    ensure!(agent.log().contains("starting anew"), "{}", agent.log());
    let mut counting = Counting::start("pins-torn", PAUSE)?;
    sleep(AWAY);
    counting.check(&agent)?;
    agent.stop()
}

pub(crate) fn sizes() -> Result<()> {
    let mut agent = Agent::start_with(&["--budget", "4MiB"])?;
    agent.kill()?;
    agent.start_again(&["--budget", "8MiB"])?;
    let log = agent.log();
    ensure!(log.contains("4194304"), "{log}");
    ensure!(log.contains("rewind-agent unload"), "{log}");
    let list: serde_json::Value = serde_json::from_str(&agent.ask(&["list", "-o", "json"])?.success()?)?;
    ensure!(list.pointer("/totals/budget_bytes").is_some_and(|bytes| bytes == 4 << 20), "{list}");
    agent.stop()
}

pub(crate) fn other_layout() -> Result<()> {
    let mut agent = Agent::start()?;
    let mut counting = Counting::start("pins-layout", PAUSE)?;
    eventually("its recording", SOON, || counting.recording(&agent).ok())?;
    let taken = dump::list(&agent)?.len();
    agent.kill()?;
    let dir = bpf::layout(&agent.pins())?;
    let ours = Objects::pinned(&dir)?;
    fs::rename(&dir, dir.with_file_name("v0"))?;
    agent.start_again(&[])?;
    let log = agent.log();
    ensure!(log.contains("are lost") && log.contains(&format!("{taken}")), "{taken} recordings; {log}");
    ensure!(bpf::layout(&agent.pins())? == dir, "the other layout is still there");
    eventually("nothing of it to be in the kernel", SOON, || {
        Objects::loaded().ok().filter(|loaded| ours.both(loaded).is_empty())
    })?;
    counting.finish()?;
    agent.stop()
}

pub(crate) fn drained() -> Result<()> {
    let mut agent = Agent::start()?;
    let mut counting = Counting::start("pins-drained", PAUSE)?;
    let recording = eventually("its recording", SOON, || counting.recording(&agent).ok())?;
    sleep(AWAY);
    agent.kill()?;
    let last = counting.finish()?;
    // As a version would leave it that has one hook less.
    fs::remove_file(bpf::layout(&agent.pins())?.join("link_cgroup_attach_task"))?;
    bpf::make_foreign(&bpf::layout(&agent.pins())?)?;
    let to = agent.crash_dir();
    agent.start_again(&[])?;
    ensure!(agent.log().contains("saved as crash files"), "{}", agent.log());
    let listed = agent.ask(&["list", "--crashes", "-o", "json"])?.success()?;
    ensure!(listed.contains(r#""reason": "drained""#), "{listed}");
    let mut saved = fs::read_dir(&to)?.flatten().map(|entry| entry.path());
    let ours = saved.find(|file| file.to_string_lossy().ends_with(&format!("-{recording}.rewind")));
    let ours = ours.with_context(|| format!("recording {recording} is not in {}", to.display()))?;
    let mut rewind = std::process::Command::new(programs::ours("rewind"));
    let text = programs::run(rewind.args(["dump", "-o", "strace", "--from"]).arg(ours))?.success()?;
    let numbers = text.lines().filter(|line| line.contains("lseek(")).count();
    ensure!(numbers as u64 == last, "{numbers} numbers of {last} are in the file");
    // The new recorder numbers on: no recording has the number of one that was.
    let mut next = Counting::start("pins-next", PAUSE)?;
    sleep(AWAY);
    let number = next.check(&agent)?;
    ensure!(number > recording, "{number} comes after {recording}");
    agent.stop()
}

pub(crate) fn own_cgroup() -> Result<()> {
    let mut agent = Agent::start()?;
    agent.kill()?;
    // Fingerprint while no agent is there, so the kernel side takes it for a container's.
    let cgroup = Cgroup::new("pins-agent")?;
    agent.start_again_in(&cgroup)?;
    let own = |row: &Value| row.pointer("/container/cgroup_path").and_then(Value::as_str) == Some(&cgroup.path());
    let of = |agent: &Agent| -> Result<Vec<Value>> { Ok(dump::list(agent)?.into_iter().filter(own).collect()) };
    let begun = of(&agent)?;
    ensure!(begun.len() == 1 && begun[0].get("died_ns").is_some_and(Value::is_u64), "it is recorded: {begun:?}");
    let calls = |rows: &[Value]| rows.first().and_then(|row| row.pointer("/coverage/calls_made").cloned());
    sleep(AWAY);
    ensure!(calls(&of(&agent)?) == calls(&begun), "calls of the agent are recorded on and on");
    agent.stop()?;
    Ok(())
}

pub(crate) fn own_pod() -> Result<()> {
    const OWN: &str = "2f1a6c3e-9b0d-4e57-8a11-0c9d3f7e2b64";
    const OTHER: &str = "2f1a6c3e-9b0d-4e57-8a11-0c9d3f7e2b65";
    // The kubelet's layout, which the kernel side takes for pods' before the agent knows of its own.
    let top = Cgroup::new("kubepods-pins")?;
    let [own, other] = [OWN, OTHER].map(|uid| Cgroup::below(top.dir(), &format!("pod{uid}")));
    let (own, other) = (own?, other?);
    let container = |pod: &Cgroup, digit: &str| Counting::start_in(Cgroup::below(pod.dir(), &digit.repeat(64))?, PAUSE);
    let mut agent = Agent::start()?;
    let before = container(&own, "a")?;
    eventually("its recording", SOON, || before.recording(&agent).ok())?;
    agent.kill()?;
    agent.start_again(&["--pod-uid", OWN])?;
    let state = |agent: &Agent| -> Result<Value> {
        let rows = dump::list(agent)?;
        let is_own = |row: &&Value| row.pointer("/container/cgroup_path") == Some(&Value::from(before.path()));
        let row = rows.iter().find(is_own).context("it is gone")?;
        Ok(serde_json::json!([row.get("died_ns"), row.pointer("/coverage/calls_made")]))
    };
    let ended = state(&agent)?;
    ensure!(ended[0].is_u64(), "the agent's own pod is recorded on: {ended}");
    let (mut later, mut others) = (container(&own, "c")?, container(&other, "d")?);
    sleep(AWAY);
    others.check(&agent)?;
    ensure!(later.finish()? > 10 && later.recording(&agent).is_err(), "a new container of the agent's pod is recorded");
    ensure!(state(&agent)? == ended, "calls of the agent's pod are recorded on and on");
    agent.stop()
}

pub(crate) fn none() -> Result<()> {
    let agent = Agent::start_with(&["--no-pins"])?;
    ensure!(!agent.pins().exists(), "{} is there", agent.pins().display());
    let mut counting = Counting::start("pins-none", PAUSE)?;
    sleep(AWAY);
    counting.check(&agent)?;
    agent.stop()
}

pub(crate) fn elsewhere() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let mut agent = std::process::Command::new(programs::ours("rewind-agent"));
    let said = programs::run(agent.arg("run").arg("--socket").arg(dir.path().join("s")).arg("--pins").arg(dir.path()))?;
    let lines = said.stderr.trim_end().lines().count();
    ensure!(said.code == 1 && lines == 1 && said.stderr.contains("is not in a bpffs"), "{said:?}");
    Ok(())
}
