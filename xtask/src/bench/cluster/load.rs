//! What the agent takes with many pods and in a crash loop, and how long a full ring takes to be read.

use super::super::interrupt;
use super::node::NodeAgent;
use super::pods::{self, text};
use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::kubectl::User;
use rewind_tests::cluster::namespace::Namespace;
use serde_json::Value;
use std::process::Stdio;
use std::time::{Duration, Instant};

const PODS: usize = 100;
const LOOPING: usize = 20;
const READS: usize = 5;
const SOON: Duration = Duration::from_secs(60);
/// Until many pods have been started.
const STARTED: Duration = Duration::from_secs(240);
/// A ring of 1 MiB is 31 segments, of which the share of decisive calls may stay small.
const FULL_BYTES: u64 = 750 << 10;

/// What the agent takes.
pub(super) struct Rest {
    pub(super) own_mebibytes: f64,
    /// Of one core.
    pub(super) cpu_percent: f64,
}

/// What it takes while pods crash.
pub(super) struct Looped {
    pub(super) cpu_percent: f64,
    pub(super) deaths_a_second: f64,
}

fn cpu_percent(agent: &NodeAgent, time: Duration) -> Result<f64> {
    let (begin, before) = (Instant::now(), agent.cpu()?);
    interrupt::pause(time)?;
    Ok(100.0 * (agent.cpu()? - before).as_secs_f64() / begin.elapsed().as_secs_f64())
}

/// With many pods that do nothing.
pub(super) fn rest(agent: &NodeAgent) -> Result<Rest> {
    let namespace = Namespace::new("bench-rest")?;
    pods::make(&namespace, (0..PODS).map(|number| format!("rest-{number}")), &["sleep", "3600"], "Never")?;
    pods::until(&namespace, "100 pods to run", STARTED, |pod| text(pod, "/status/phase") == "Running")?;
    // What it does about new containers is not rest.
    interrupt::pause(Duration::from_secs(5))?;
    let cpu_percent = cpu_percent(agent, Duration::from_secs(10))?;
    Ok(Rest { own_mebibytes: agent.own_mebibytes()?, cpu_percent })
}

/// While pods crash again and again.
pub(super) fn crash_loop(agent: &NodeAgent) -> Result<Looped> {
    let namespace = Namespace::new("bench-loop")?;
    let command = ["cat", "/etc/missing.conf"];
    pods::make(&namespace, (0..LOOPING).map(|number| format!("loop-{number}")), &command, "Always")?;
    pods::until(&namespace, "20 pods to crash again", STARTED, |pod| pods::restarts(pod) > 0)?;
    let deaths = || Ok::<_, anyhow::Error>(pods::all(&namespace)?.iter().map(pods::restarts).sum::<u64>());
    let (begin, before) = (Instant::now(), deaths()?);
    let cpu_percent = cpu_percent(agent, Duration::from_secs(30))?;
    let deaths_a_second = (deaths()? - before) as f64 / begin.elapsed().as_secs_f64();
    Ok(Looped { cpu_percent, deaths_a_second })
}

/// Seconds of each reading of a full ring.
pub(super) fn dumps(admin: &User, agent: &NodeAgent) -> Result<Vec<f64>> {
    let namespace = Namespace::new("bench-dump")?;
    let fill = ["sh", "-c", "dd if=/dev/zero of=/dev/null bs=1 count=40000; exec sleep 3600"];
    pods::make(&namespace, std::iter::once("full".to_owned()), &fill, "Never")?;
    interrupt::eventually("a full ring", SOON, || {
        let (all, _) = agent.recordings()?;
        let figure = |listed: &Value, name: &str| listed.pointer(name).and_then(Value::as_u64).unwrap_or(0);
        let is_full = |listed: &&Value| {
            text(listed, "/container/pod/namespace") == namespace.name()
                && figure(listed, "/coverage/ring_bytes") >= FULL_BYTES
                && figure(listed, "/coverage/calls_overwritten") > 0
        };
        Ok(all.iter().find(is_full).map(drop))
    })?;
    let dump = || {
        let mut command = admin.command(&["rewind", "dump", "pod/full", "-n", namespace.name()])?;
        let begin = Instant::now();
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().context("kubectl")?;
        ensure!(status.success(), "kubectl rewind dump ended with {status}");
        Ok(begin.elapsed().as_secs_f64())
    };
    (0..READS).map(|_| dump()).collect()
}
