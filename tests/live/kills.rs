//! `kill -9` of the agent, again and again, at moments that nobody chose.

use anyhow::{Context as _, Result};
use rewind_tests::agent::Agent;
use rewind_tests::bpf;
use rewind_tests::cgroup::Cgroup;
use rewind_tests::counting::Counting;
use rewind_tests::eventually::eventually;
use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher as _, Hasher as _};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const ROUNDS: usize = 100;
/// A start from nothing takes longer.
const STARTS: usize = 15;
/// An agent that goes on with what is there is up after about half of this.
const LIFE_MS: u64 = 250;
const SOON: Duration = Duration::from_secs(10);

pub(crate) fn numbers() -> Result<()> {
    let sizes = ["--ring", "8MiB", "--budget", "32MiB"];
    let mut agent = Agent::start_with(&sizes)?;
    let mut counting = Counting::start("kills", 1000)?;
    let recording = eventually("its recording", SOON, || counting.recording(&agent).ok())?;
    for round in 0..ROUNDS {
        sleep(Duration::from_millis(random() % LIFE_MS));
        agent.kill().with_context(|| format!("round {round}"))?;
        sleep(Duration::from_millis(random() % 20));
        agent.spawn_again(&sizes)?;
    }
    agent.kill()?;
    agent.start_again(&sizes)?;
    let last = counting.check(&agent)?;
    anyhow::ensure!(last == recording, "its recording is {last} now, not {recording}");
    agent.stop()
}

pub(crate) fn starts() -> Result<()> {
    let mut agent = Agent::start()?;
    let begin = Instant::now();
    agent.kill()?;
    agent.unload()?.success()?;
    agent.start_again(&[])?;
    let takes_ms = u64::try_from(begin.elapsed().as_millis())?;
    for round in 0..STARTS {
        agent.kill()?;
        agent.unload()?.success()?;
        agent.spawn_again(&[])?;
        sleep(Duration::from_millis(random() % takes_ms));
        agent.kill()?;
        // Whatever it left, the next one records.
        agent.start_again(&[]).with_context(|| format!("round {round}"))?;
        let mut counting = Counting::start("starts", 1000)?;
        sleep(Duration::from_millis(20));
        counting.check(&agent).with_context(|| format!("round {round}: {}", agent.log()))?;
    }
    agent.stop()
}

pub(crate) fn pool() -> Result<()> {
    // Few rings, so that room is made all the time.
    let sizes = ["--ring", "256KiB", "--budget", "2MiB"];
    let mut agent = Agent::start_with(&sizes)?;
    let dir = bpf::layout(&agent.pins())?;
    let mut most = 0;
    for round in 0..ROUNDS {
        for number in 0..4 {
            short(&format!("short-{round}-{number}"))?;
            sleep(Duration::from_millis(random() % 20));
        }
        agent.kill()?;
        // Another test's container may take a ring just then.
        let mut error = None;
        let taken =
            eventually("a pool that is whole", SOON, || bpf::check_pool(&dir).map_err(|e| error = Some(e)).ok());
        most = most.max(taken.with_context(|| format!("round {round}: {error:?}"))?);
        agent.start_again(&sizes)?;
    }
    anyhow::ensure!(most > 20, "{most} rings at most were taken: no room had to be made");
    agent.stop()
}

/// A container that comes, makes a few calls, and goes.
fn short(name: &str) -> Result<()> {
    let cgroup = Cgroup::new(name)?;
    let mut command = Command::new("sh");
    command.args(["-c", r#"echo $$ >"$0"; :"#]).arg(cgroup.dir().join("cgroup.procs"));
    command.stdin(Stdio::null()).status()?;
    fs::remove_dir(cgroup.dir()).or(Ok(()))
}

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
