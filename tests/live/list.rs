//! Lists: made of counters, not of records.

use crate::loss::Workload;
use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::Cgroup;
use rewind_tests::dump::{self, Dump};
use rewind_tests::eventually::eventually;
use serde_json::Value;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);

/// What a list says of a cgroup.
fn listed(agent: &Agent, path: &str) -> Option<Value> {
    let of = |row: &Value| row.pointer("/container/cgroup_path").and_then(Value::as_str) == Some(path);
    dump::list(agent).ok()?.into_iter().find(of)
}

pub(crate) fn figures() -> Result<()> {
    const RINGS: usize = 4;
    // Rings of 1 MiB that share two: all have come round, and some have shrunk.
    let agent = Agent::start_with(&["--budget", "2MiB", "--ring", "1MiB"])?;
    let cgroups = (0..RINGS).map(|at| Cgroup::new(&format!("list-{at}"))).collect::<Result<Vec<_>>>()?;
    let mut full = cgroups.iter().map(Workload::start).collect::<Result<Vec<_>>>()?;
    full.iter_mut().try_for_each(Workload::go)?;
    // All of them wait now: what both read is the same, once no ring is made smaller any more.
    let mut overwritten = 0;
    for cgroup in &cgroups {
        // One of them may have found no memory at first: it is recorded from when there was room.
        let mut last = None;
        eventually("a count of calls that stays", SOON, || {
            let made = listed(&agent, &cgroup.path())?.pointer("/coverage/calls_made")?.as_u64()?;
            (last.replace(made) == Some(made) && made > 0).then_some(())
        })?;
        let same = eventually("a list that says what all records do", SOON, || {
            let list = listed(&agent, &cgroup.path())?;
            let dump = Dump::of(&agent, &cgroup.path()).ok()?;
            let (by_counters, by_records) = (list.get("coverage")?.clone(), dump.header.get("coverage")?.clone());
            (by_counters == by_records && list.get("losses") == dump.header.get("losses")).then_some(by_records)
        });
        let same = same.with_context(|| {
            let dump = Dump::of(&agent, &cgroup.path()).map(|dump| dump.header.to_string()).unwrap_or_default();
            format!("by counters: {:?}\nby records: {dump}", listed(&agent, &cgroup.path()))
        })?;
        overwritten += u64::from(same.get("calls_overwritten").and_then(Value::as_u64) > Some(0));
    }
    ensure!(overwritten > 0, "no ring overflowed");
    agent.stop()
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
