//! Takes a cluster down, and everything of it out of the host.

use super::{filesystem, host};
use anyhow::{Context as _, Result, bail};
use rewind_tests::cluster::place::Place;
use rewind_tests::cluster::processes::{self, Process};
use rewind_tests::eventually::eventually;
use rustix::process::Signal;
use std::fs;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(30);

/// Whatever of it is still there: it may have been left half up.
pub(crate) fn down(place: &Place) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("a cluster is root's: run this as root");
    }
    if !place.dir().exists() {
        eprintln!("cluster: none is up");
        return Ok(());
    }
    let begin = Instant::now();
    let running: Vec<Process> = processes::all(place).into_iter().filter(Process::is_running).collect();
    // Who would start pods again goes first.
    let of =
        |names: &[&str]| running.iter().filter(|process| names.contains(&process.name.as_str())).collect::<Vec<_>>();
    for process in of(&["kubelet", "kube-proxy"]) {
        process.end(Signal::TERM)?;
    }
    host::kill_pods()?;
    // Nothing of these is kept.
    for process in of(&["kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd", "containerd"]) {
        process.end(Signal::KILL)?;
    }
    // What containerd has started: a shim for each pod.
    for tgid in filesystem::processes(place) {
        let started = processes::started(tgid);
        processes::end(tgid, Signal::KILL, || started.is_some() && processes::started(tgid) == started)?;
    }
    eventually("the pods' cgroups to be empty", SOON, || host::remove_pods().then_some(()))?;
    filesystem::remove(place)?;
    host::restore(place)?;
    fs::remove_dir_all(place.dir()).with_context(|| format!("cannot remove {}", place.dir().display()))?;
    eprintln!("cluster: down in {:.1} s", begin.elapsed().as_secs_f64());
    Ok(())
}
