//! What the daemon itself takes: memory beside its rings, and CPU at rest.

use super::place::{self, Playground, Running, Where};
use super::{interrupt, setting};
use anyhow::{Context as _, Result};
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::{self, Cgroup};
use rewind_tests::dump;
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// Containers at rest.
pub(super) const CONTAINERS: usize = 100;
const UP: Duration = Duration::from_secs(30);
/// How the kernel names a mapped map of BPF.
const RINGS: &str = "anon_inode:bpf-map";

/// What it takes.
pub(super) struct Rest {
    pub(super) own_mebibytes: f64,
    /// Of one core.
    pub(super) cpu_percent: f64,
}

/// A container that does nothing.
pub(super) struct Sleeper {
    /// In front of its cgroup, so that it ends first.
    _sleep: Running,
    _cgroup: Cgroup,
}

/// Starts a daemon and its containers, and watches it for so long.
pub(super) fn at_rest(place: &Playground, time: Duration) -> Result<Rest> {
    let agent = setting::recorder()?;
    let sleepers = sleepers(place, &agent)?;
    // What it does about new containers is not rest.
    interrupt::pause(Duration::from_secs(2))?;
    let (begin, before) = (Instant::now(), cpu_ns(agent.tgid())?);
    interrupt::pause(time)?;
    let (after, took) = (cpu_ns(agent.tgid())?, begin.elapsed());
    // Threads that have gone meanwhile are left out: idle ones, which had gone to sleep.
    let taken_ns: u64 = after.iter().map(|(tid, ns)| ns.saturating_sub(*before.get(tid).unwrap_or(&0))).sum();
    let own_mebibytes = own_mebibytes(agent.tgid())?;
    drop(sleepers);
    agent.stop()?;
    Ok(Rest { own_mebibytes, cpu_percent: 100.0 * taken_ns as f64 / took.as_nanos() as f64 })
}

/// Containers at rest, all recorded.
pub(super) fn sleepers(place: &Playground, agent: &Agent) -> Result<Vec<Sleeper>> {
    let sleepers: Vec<Sleeper> = (0..CONTAINERS).map(|number| sleeper(place, number)).collect::<Result<_>>()?;
    let prefix = format!("{}-", place.path(Where::Container));
    interrupt::eventually("all containers to be recorded", UP, || {
        let list = dump::list(agent)?;
        let ours = list.iter().filter(|listed| {
            let path = listed.get("container").and_then(|container| container.get("cgroup_path"));
            path.and_then(serde_json::Value::as_str).is_some_and(|path| path.starts_with(&prefix))
        });
        let recorded = ours.filter(|listed| setting::figure(listed, "calls_held").is_some_and(|held| held > 0)).count();
        Ok((recorded == CONTAINERS).then_some(()))
    })?;
    Ok(sleepers)
}

fn sleeper(place: &Playground, number: usize) -> Result<Sleeper> {
    interrupt::check()?;
    let root = cgroup::root().context("no cgroup2 is mounted")?;
    let name = place.path(Where::Container);
    let cgroup = Cgroup::below(&root, &format!("{}-{number}", name.trim_start_matches('/')))?;
    let mut command: Command = place::into(cgroup.dir());
    Ok(Sleeper { _sleep: place.start(command.args(["sleep", "3600"]))?, _cgroup: cgroup })
}

/// Nanoseconds of CPU that each thread of a process has taken, user and system. (The ticks of
/// `/proc/PID/stat` are too coarse for a daemon that sleeps.)
pub(super) fn cpu_ns(tgid: u32) -> Result<HashMap<OsString, u64>> {
    let mut threads = HashMap::new();
    for thread in fs::read_dir(format!("/proc/{tgid}/task"))?.flatten() {
        let file = thread.path().join("schedstat");
        match fs::read_to_string(&file) {
            Ok(stat) => {
                let ns = stat.split(' ').next().and_then(|ns| ns.parse().ok());
                let ns = ns.with_context(|| format!("{} holds {stat:?}", file.display()))?;
                threads.insert(thread.file_name(), ns);
            }
            // It has ended just now.
            Err(_) if !thread.path().exists() => {}
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
        }
    }
    Ok(threads)
}

/// A thread of a process, by its name.
pub(super) fn thread_named(tgid: u32, name: &str) -> Result<OsString> {
    let tasks = fs::read_dir(format!("/proc/{tgid}/task"))?.flatten();
    let is_it =
        |task: &fs::DirEntry| fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.trim_end() == name);
    let found = tasks.into_iter().find(is_it).map(|task| task.file_name());
    found.with_context(|| format!("the daemon has no thread {name}"))
}

/// Resident memory of a process (anonymous, and files: its own code and libraries), without the
/// rings and other maps of BPF that it has mapped.
pub(super) fn own_mebibytes(tgid: u32) -> Result<f64> {
    let smaps = fs::read_to_string(format!("/proc/{tgid}/smaps"))?;
    Ok(own_kibibytes(&smaps) as f64 / 1024.0)
}

fn own_kibibytes(smaps: &str) -> u64 {
    let (mut is_ring, mut own) = (false, 0);
    for line in smaps.lines() {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        if first == "Rss:" {
            let resident: u64 = words.next().and_then(|number| number.parse().ok()).unwrap_or(0);
            own += if is_ring { 0 } else { resident };
        } else if !first.ends_with(':') {
            is_ring = line.contains(RINGS);
        }
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_are_not_the_daemons_own() {
        let smaps = "5580-5590 r-xp 00000000 fe:00 1 /usr/bin/rewind-agent\nSize: 64 kB\nRss: 40 kB\nVmFlags: rd ex\n\
                     7f00-7f99 rw-s 00000000 00:0e 9 anon_inode:bpf-map\nRss: 65536 kB\n\
                     7fa0-7fb0 rw-p 00000000 00:00 0\nRss: 8 kB\n";
        assert_eq!(own_kibibytes(smaps), 48);
    }

    #[test]
    fn a_process_knows_what_its_threads_took() {
        assert!(cpu_ns(std::process::id()).is_ok_and(|threads| threads.values().sum::<u64>() > 0));
    }
}
