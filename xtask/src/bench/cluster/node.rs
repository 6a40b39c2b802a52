//! The agent of the node: its process on this machine, and what it answers on its socket, which costs it least.

use super::super::daemon;
use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::kubectl::User;
use serde_json::Value;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);
/// What `/proc` counts CPU time in (`USER_HZ`, the same on all machines that Rewind knows).
const TICK_MS: u64 = 10;

/// The agent of the cluster's only node.
pub(super) struct NodeAgent {
    tgid: u32,
}

impl NodeAgent {
    /// Finds its process.
    pub(super) fn find(admin: &User) -> Result<Self> {
        let pods = admin.get(&["pods", "-n", "rewind-system", "-l", "app.kubernetes.io/name=rewind-agent"])?;
        let uid = pods.pointer("/items/0/metadata/uid").and_then(Value::as_str).context("no agent is there")?;
        let is_ours = |tgid: &u32| {
            let read = |file: &str| fs::read_to_string(format!("/proc/{tgid}/{file}")).unwrap_or_default();
            read("cmdline").starts_with("/rewind-agent\0run\0") && read("cgroup").contains(uid)
        };
        let processes = fs::read_dir("/proc")?.flatten();
        let tgid = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).find(is_ours);
        Ok(Self { tgid: tgid.with_context(|| format!("no process is the agent of pod {uid}"))? })
    }

    /// What it answers.
    pub(super) fn get(&self, path: &str) -> Result<Value> {
        let socket = PathBuf::from(format!("/proc/{}/root/run/rewind/agent.sock", self.tgid));
        let mut agent =
            UnixStream::connect(&socket).with_context(|| format!("cannot connect to {}", socket.display()))?;
        agent.set_read_timeout(Some(PATIENCE))?;
        write!(agent, "GET {path} HTTP/1.1\r\nhost: rewind\r\nconnection: close\r\n\r\n")?;
        let mut said = String::new();
        agent.read_to_string(&mut said)?;
        let (head, body) = said.split_once("\r\n\r\n").context("no answer")?;
        ensure!(head.starts_with("HTTP/1.1 200 "), "{path}: {head}");
        Ok(serde_json::from_str(body)?)
    }

    /// Its recordings, and when they were listed, nanoseconds.
    pub(super) fn recordings(&self) -> Result<(Vec<Value>, u64)> {
        let mut list = self.get("/v1/recordings")?;
        let now_ns = list.get("now_ns").and_then(Value::as_u64).context("a list without a time")?;
        let all = list.get_mut("recordings").map(Value::take).unwrap_or_default();
        Ok((serde_json::from_value(all)?, now_ns))
    }

    /// Its crash files.
    pub(super) fn crashes(&self) -> Result<Vec<Value>> {
        let mut list = self.get("/v1/crashes")?;
        Ok(serde_json::from_value(list.get_mut("crashes").map(Value::take).unwrap_or_default())?)
    }

    /// Its memory beside rings.
    pub(super) fn own_mebibytes(&self) -> Result<f64> {
        daemon::own_mebibytes(self.tgid)
    }

    /// The CPU time that it has taken, user and system, of threads that have ended too.
    pub(super) fn cpu(&self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.tgid))?;
        let (_, behind_name) = stat.rsplit_once(')').context("no name")?;
        let ticks = behind_name.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
        let ticks: u64 = ticks.sum::<Result<u64, _>>()?;
        Ok(Duration::from_millis(ticks * TICK_MS))
    }
}
