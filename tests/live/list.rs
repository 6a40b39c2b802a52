//! Lists: made of counters, not of records, and while others go on.

use crate::feed::config;
use crate::loss::Workload;
use anyhow::{Context as _, Result, ensure};
use rewind_agent::identity::names::{Known, Source};
use rewind_agent::recorder::Recorder;
use rewind_recording::api::Listed;
use rewind_recording::header::Container;
use rewind_tests::cgroup::Cgroup;
use rewind_tests::eventually::eventually;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

pub(crate) fn figures() -> Result<()> {
    const RINGS: usize = 12;
    // Rings of 4 MiB that share 16 MiB: some are full, some have shrunk.
    let recorder = Recorder::start(config(16 << 20, 4 << 20)?)?;
    let cgroups = (0..RINGS).map(|at| Cgroup::new(&format!("list-{at}"))).collect::<Result<Vec<_>>>()?;
    let mut full = cgroups.iter().map(Workload::start).collect::<Result<Vec<_>>>()?;
    for workload in &mut full {
        workload.go()?;
        recorder.reconcile()?;
    }
    // All of them wait now: what both read is the same.
    let ours = |listed: &Listed| cgroups.iter().any(|cgroup| cgroup.path() == listed.container.cgroup_path);
    let mut overwritten = 0;
    let listed: Vec<_> = recorder.list()?.recordings.into_iter().filter(ours).collect();
    ensure!(listed.len() == RINGS, "{} of {RINGS} are listed", listed.len());
    for listed in listed {
        let (header, _) = recorder.recording(listed.recording)?;
        ensure!(
            listed.coverage == header.coverage,
            "by counters: {:?}\nby records:  {:?}",
            listed.coverage,
            header.coverage
        );
        ensure!(listed.losses == header.losses, "{:?} {:?}", listed.losses, header.losses);
        overwritten += u64::from(header.coverage.calls_overwritten > 0);
    }
    ensure!(overwritten > 0, "no ring overflowed");
    Ok(())
}

/// A source of names that is stopped at one container until it is let go.
struct Stopped {
    at: String,
    once: AtomicBool,
    there: Sender<()>,
    go: Mutex<Receiver<()>>,
}

impl Source for Stopped {
    fn known(&self, container: &Container) -> Option<Known> {
        if container.cgroup_path == self.at && !self.once.swap(true, Ordering::SeqCst) {
            let _ = self.there.send(());
            let _ = self.go.lock().map(|go| go.recv());
        }
        None
    }
}

fn shell(cgroup: &Cgroup, script: &str) -> Result<()> {
    let mut command = Command::new("sh");
    command.args(["-c", &format!(r#"echo $$ >"$0" && {script}"#)]).arg(cgroup.dir().join("cgroup.procs"));
    command.status().context("cannot start sh")?;
    Ok(())
}

pub(crate) fn holds_up_nobody() -> Result<()> {
    let (first, second) = (Cgroup::new("list-first")?, Cgroup::new("list-second")?);
    let (there, stopped) = channel();
    let (go, wait) = channel();
    let mut recorder = Recorder::start(config(8 << 20, 1 << 20)?)?;
    let source = Stopped { at: first.path(), once: AtomicBool::new(false), there, go: Mutex::new(wait) };
    recorder.ask_first(Box::new(source));
    let recorder = Arc::new(recorder);
    shell(&first, "true")?;
    let lister = thread::spawn({
        let recorder = Arc::clone(&recorder);
        move || recorder.list().map(|list| list.recordings.len())
    });
    stopped.recv_timeout(SOON).context("the list did not come to the new container")?;
    // The list is in the middle of it. All else goes on: a new container is taken up, others read.
    let (done, is_done) = channel();
    let others = thread::spawn({
        let (recorder, path) = (Arc::clone(&recorder), second.path());
        shell(&second, "true")?;
        move || -> Result<()> {
            recorder.reconcile()?;
            let listed = recorder.list()?.recordings;
            let listed =
                listed.iter().find(|listed| listed.container.cgroup_path == path).context("it is not listed")?;
            recorder.recording(listed.recording)?;
            let _ = done.send(());
            Ok(())
        }
    });
    let went_on = is_done.recv_timeout(SOON);
    let _ = go.send(());
    let rings = lister.join().map_err(|_| anyhow::anyhow!("the list failed"))??;
    others.join().map_err(|_| anyhow::anyhow!("another reader failed"))??;
    went_on.context("a list that goes on held others up")?;
    ensure!(rings > 0, "it lists nothing");
    Ok(())
}

pub(crate) fn endings() -> Result<()> {
    let cgroup = Cgroup::new("list-ending")?;
    let path = cgroup.path();
    let recorder = Recorder::start(config(8 << 20, 1 << 20)?)?;
    shell(&cgroup, "exit 3")?;
    let of = || recorder.list().ok()?.recordings.into_iter().find(|listed| listed.container.cgroup_path == path);
    let listed = eventually("its end", SOON, || of().filter(|listed| listed.died_ns.is_some()))?;
    let (header, _) = recorder.recording(listed.recording)?;
    ensure!(listed.ending == header.ending, "{:?} is not {:?}", listed.ending, header.ending);
    ensure!(listed.ending.is_some_and(|ending| ending.exit_code == Some(3)), "another ending");
    Ok(())
}
