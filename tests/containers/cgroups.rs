//! Whose calls are whose.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::cgroup::{self, Cgroup};
use rewind_tests::container::Container;
use rewind_tests::dump::{self, Dump};
use rewind_tests::eventually::eventually;
use rewind_tests::workload::{self, Linking};
use std::fs;
use std::io::{Read as _, Write as _};
use std::thread;
use std::time::Duration;

/// Opens paths of its own, many times, and ends.
fn marking(mark: &str) -> Spec {
    let script = format!(
        "for i in $(/usr/bin/busybox seq 200); do [ -e /{mark}-$i ] || read x </{mark}-$i; done 2>/dev/null; :"
    );
    Spec::new(["/usr/bin/busybox", "sh", "-c", &script])
}

pub(crate) fn separate() -> Result<()> {
    let agent = Agent::start()?;
    let both = [Container::new("rewind-red", &marking("red"))?, Container::new("rewind-blue", &marking("blue"))?];
    thread::scope(|scope| {
        let runs: Vec<_> = both.iter().map(|container| scope.spawn(|| container.run()?.success())).collect();
        runs.into_iter().try_for_each(|run| run.join().map_err(|_| anyhow::anyhow!("a run panicked"))?.map(drop))
    })?;
    for (container, own, other) in [(&both[0], "/red-", "/blue-"), (&both[1], "/blue-", "/red-")] {
        let dump = Dump::eventually(&agent, container.id(), "the last mark", |dump| {
            dump.calls.iter().any(|call| call.to_string().contains(&format!("{own}200")))
        })?;
        let strange = dump
            .calls
            .iter()
            .find(|call| call.to_string().contains(other) && call.get("syscall") != Some(&"execve".into()));
        ensure!(strange.is_none(), "{} shows a call of the other one: {strange:?}", container.id());
    }
    Ok(())
}

pub(crate) fn below() -> Result<()> {
    let agent = Agent::start()?;
    let container = Container::new("rewind-below", &Spec::new([workload::inside("blocked", Linking::Static)?]))?;
    let mut running = container.start()?;
    let mut ready = [0; 6];
    running.runc.stdout.as_mut().context("no standard output")?.read_exact(&mut ready)?;
    let dir = cgroup::root().context("no cgroup2 is mounted")?.join(container.id());
    let procs = fs::read_to_string(dir.join("cgroup.procs")).with_context(|| format!("no {}", dir.display()))?;
    let tgid = procs.lines().next().context("the container's cgroup is empty")?.parse()?;
    let sub = Cgroup::below(&dir, "sub")?;
    sub.adopt(tgid)?;
    running.runc.stdin.as_mut().context("no standard input")?.write_all(b"into the sub-cgroup")?;
    Dump::eventually(&agent, container.id(), "the call made in the sub-cgroup", |dump| dump.has("exit_group", "0"))?;
    let rows = dump::list(&agent)?.iter().filter(|row| row.to_string().contains(container.id())).count();
    ensure!(rows == 1, "{rows} recordings in place of one");
    // runc cannot delete the container's cgroup before the one below is gone.
    drop(sub);
    drop(running);
    let id = container.id().to_owned();
    drop(container);
    eventually("the cgroup to go", Duration::from_secs(10), || {
        fs::remove_dir(&dir).is_ok().then_some(()).or((!dir.exists()).then_some(()))
    })?;
    Dump::of(&agent, &id).map(drop)
}
