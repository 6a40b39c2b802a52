//! Lists: made of counters, not of records.

use crate::budget::{SMALL, Small, names};
use crate::loss::{CALLS, THREADS, Workload};
use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::Cgroup;
use rewind_tests::dump::{self, Dump};
use rewind_tests::eventually::eventually;
use rewind_tests::terminal::Terminal;
use rewind_tests::workload::{self, Linking};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);
/// Less than the kernel lets a lease hold somebody up (`/proc/sys/fs/lease-break-time`).
const WHILE_HELD: Duration = Duration::from_secs(20);

/// What a list says of a cgroup.
fn listed(agent: &Agent, path: &str) -> Option<Value> {
    let of = |row: &Value| row.pointer("/container/cgroup_path").and_then(Value::as_str) == Some(path);
    dump::list(agent).ok()?.into_iter().find(of)
}

/// How the host is doing, until somebody ends it.
pub(crate) fn on_a_terminal() -> Result<()> {
    let agent = Agent::start_with(&[])?;
    let cgroup = Cgroup::new("list-drawn")?;
    let _living = Workload::start(&cgroup)?;
    eventually("a ring", SOON, || shell(&cgroup, "exit 0").ok().and_then(|()| listed(&agent, &cgroup.path())))?;
    let mut terminal = Terminal::of(&agent.rewind(&["top"]))?;
    for drawn in ["CONTAINER", "list-drawn"] {
        terminal.shows(drawn, SOON)?;
    }
    terminal.types("q")?;
    ensure!(terminal.ends(SOON)?.success(), "top did not end well");
    Ok(())
}

pub(crate) fn figures() -> Result<()> {
    const RINGS: usize = 4;
    // Rings of 1 MiB that share two: all have come round, and some have shrunk.
    let agent = Agent::start_with(&["--budget", "2MiB", "--ring", "1MiB"])?;
    let cgroups = (0..RINGS).map(|at| Cgroup::new(&format!("list-{at}"))).collect::<Result<Vec<_>>>()?;
    let mut full = cgroups.iter().map(Workload::start).collect::<Result<Vec<_>>>()?;
    for cgroup in &cgroups {
        // Before one of them has all the memory: a call finds none then, and the next one may be too late.
        eventually("a ring", SOON, || shell(cgroup, "exit 0").ok().and_then(|()| listed(&agent, &cgroup.path())))?;
    }
    full.iter_mut().try_for_each(Workload::go)?;
    // All of them wait now: what both read is the same, once no ring is made smaller any more.
    let (mut overwritten, mut most) = (0, 0);
    for cgroup in &cgroups {
        let mut last = None;
        eventually("a count of calls that stays", SOON, || {
            let made = listed(&agent, &cgroup.path())?.pointer("/coverage/calls_made")?.as_u64()?;
            (last.replace(made) == Some(made) && made > 0).then_some(())
        })?;
        let same = eventually("a list that says what all records do", SOON, || {
            let list = listed(&agent, &cgroup.path())?;
            let dump = Dump::of(&agent, &cgroup.path()).ok()?;
            let (by_counters, by_records) = (timeless(list.get("coverage")?), timeless(dump.header.get("coverage")?));
            (by_counters == by_records && list.get("losses") == dump.header.get("losses")).then_some(by_records)
        });
        let same = same.with_context(|| {
            let dump = Dump::of(&agent, &cgroup.path()).map(|dump| dump.header.to_string()).unwrap_or_default();
            format!("by counters: {:?}\nby records: {dump}", listed(&agent, &cgroup.path()))
        })?;
        most = most.max(same.get("calls_made").and_then(Value::as_u64).context("no count of calls")?);
        overwritten += u64::from(same.get("calls_overwritten").and_then(Value::as_u64) > Some(0));
    }
    ensure!(overwritten > 0, "no ring overflowed");
    // Who had memory from the beginning on.
    let expected = THREADS as u64 * CALLS;
    ensure!(most >= expected, "no ring counts all {expected} calls: {most} at most");
    agent.stop()
}

/// A coverage without the moment of its reading, from which on it is complete where nothing of a CPU is held any more.
fn timeless(coverage: &Value) -> Value {
    let mut coverage = coverage.clone();
    let newest_ns = coverage.get("newest_ns").and_then(Value::as_u64);
    for (name, value) in coverage.as_object_mut().into_iter().flatten() {
        if name.ends_with("_from_ns") && value.as_u64() > newest_ns {
            *value = "when it was read".into();
        }
    }
    coverage
}

/// Runs a script in a cgroup.
fn shell(cgroup: &Cgroup, script: &str) -> Result<()> {
    let mut command = Command::new("sh");
    command.args(["-c", &format!(r#"echo $$ >"$0" && {script}"#)]).arg(cgroup.dir().join("cgroup.procs"));
    command.status().context("cannot start sh")?;
    Ok(())
}

pub(crate) fn beside_others() -> Result<()> {
    const CONTAINERS: usize = 20;
    const READERS: usize = 2;
    let agent = Agent::start_with(&["--budget", "2MiB", "--ring", "512KiB"])?;
    let full = Cgroup::new("list-full")?;
    let mut workload = Workload::start(&full)?;
    workload.go()?;
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        // Lists and recordings, one after the other, while containers come and go and rings shrink and are given back.
        let read = || -> Result<u64> {
            let mut reads = 0;
            while !is_over.load(Ordering::SeqCst) {
                dump::list(&agent)?;
                let dump = Dump::of(&agent, &full.path())?;
                let figure = |name| dump.coverage(name);
                let (made, held) = (figure("calls_made")?, figure("calls_held")?);
                ensure!(made == held + figure("calls_overwritten")?, "{}", dump.header);
                reads += 1;
            }
            Ok(reads)
        };
        let readers: Vec<_> = (0..READERS).map(|_| scope.spawn(read)).collect();
        let came = (0..CONTAINERS).try_for_each(|at| -> Result<()> {
            let cgroup = Cgroup::new(&format!("list-come-{at}"))?;
            shell(&cgroup, "exit 3")?;
            let row = eventually("a container that has come and gone to be listed", SOON, || {
                listed(&agent, &cgroup.path()).filter(|row| row.pointer("/ending/exit_code").is_some())
            })?;
            ensure!(row.pointer("/ending/exit_code") == Some(&3.into()), "{row}");
            Ok(())
        });
        is_over.store(true, Ordering::SeqCst);
        for reader in readers {
            let reads = reader.join().map_err(|_| anyhow::anyhow!("a reader failed"))??;
            ensure!(reads > 0, "nothing was read");
        }
        came
    })?;
    drop(workload);
    agent.stop()
}

/// Where containerd keeps bundles, in a namespace of its own for each who uses it.
const BUNDLES: &str = "/run/containerd/io.containerd.runtime.v2.task";

pub(crate) fn held() -> Result<()> {
    let agent = Agent::start_with(&SMALL)?;
    let mut small = (0..24).map(|number| Small::start(&format!("held{number}"))).collect::<Result<Vec<_>>>()?;
    let mut last = small.pop().context("none")?;
    let path = last.cgroup.path();
    eventually("the last container to be refused", SOON, || names(&agent).ok()?.contains(&path).then_some(()))?;

    // What tells the name of who was refused is read by lists alone, and who reads it waits.
    fs::create_dir_all(BUNDLES)?;
    let namespace = tempfile::Builder::new().prefix("rewind-test-").tempdir_in(BUNDLES)?;
    let bundle = namespace.path().join(path.trim_start_matches('/'));
    fs::create_dir(&bundle)?;
    let config = bundle.join("config.json");
    let name = "held up";
    fs::write(&config, json!({"annotations": {"nerdctl/name": name}}).to_string())?;
    let mut lease = Lease::on(&config)?;
    let mut list = agent.rewind(&["list", "-o", "json"]).stdout(Stdio::piped()).spawn()?;
    lease.wait_for("asked")?;
    // For other lists it is not there.
    drop(namespace);

    // Ended ones are given away, and who was refused is recorded: a round that went through all its steps.
    drop(small);
    let recorded = eventually("the refused container to be recorded", WHILE_HELD, || {
        last.call().ok()?;
        listed(&agent, &path)
    });
    let is_held = list.try_wait()?.is_none();
    lease.end()?;
    let output = list.wait_with_output()?;
    recorded.context("while a list was held up")?;
    ensure!(is_held, "the list was not held up all the time");
    let list: Value = serde_json::from_slice(&output.stdout)?;
    let refused = list.get("refused").and_then(Value::as_array).context("no list of those refused")?;
    ensure!(refused.iter().any(|one| one.get("name") == Some(&name.into())), "{name} is not there: {refused:?}");
    agent.stop()
}

/// Keeps a file from being opened.
struct Lease {
    holder: Child,
    said: File,
}

impl Lease {
    fn on(file: &Path) -> Result<Self> {
        let said = tempfile::tempfile()?;
        let mut holder = Command::new(workload::compiled("lease", Linking::Static)?);
        let holder = holder.arg(file).stdin(Stdio::piped()).stdout(said.try_clone()?).spawn()?;
        let lease = Self { holder, said };
        lease.wait_for("held")?;
        Ok(lease)
    }

    fn wait_for(&self, word: &str) -> Result<()> {
        eventually(word, SOON, || {
            let mut said = [0; 64];
            let len = self.said.read_at(&mut said, 0).ok()?;
            String::from_utf8_lossy(&said[..len]).contains(word).then_some(())
        })
    }

    fn end(&mut self) -> Result<()> {
        drop(self.holder.stdin.take());
        self.holder.wait()?;
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let _ = self.end();
    }
}
