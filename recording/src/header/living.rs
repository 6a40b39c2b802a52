//! What the kernel said of a living container's threads when its recording was read: what no call tells.

use serde::{Deserialize, Serialize};

/// Threads of a living container, as `/proc` had them when its recording was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Living {
    /// Whether its cgroup is frozen (`cgroup.events`); `None`: it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frozen: Option<bool>,
    /// Its limit of CPU time; `None`: it has none, or it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_limit: Option<CpuLimit>,
    /// How long ago the oldest of its threads began, milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u64>,
    /// Its threads, at most [`Living::MAX_THREADS`].
    pub threads: Vec<ThreadState>,
    /// How many more there are.
    pub left_out: u64,
}

impl Living {
    /// More threads are not looked at.
    pub const MAX_THREADS: usize = 512;

    /// Whether all threads are named.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.left_out == 0 && !self.threads.is_empty()
    }
}

/// A limit of CPU time, and how often it was met since its cgroup was made (`cpu.max` and `cpu.stat` of
/// `cgroup-v2.rst`; `sched-bwc.rst`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CpuLimit {
    /// Thousandths of a CPU.
    pub millicpus: u64,
    /// Periods in which something ran.
    pub periods: u64,
    /// Of those, the ones in which it was stopped until the next.
    pub throttled_periods: u64,
    /// For how long, all CPUs together.
    pub throttled_ns: u64,
}

/// One thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ThreadState {
    /// The process, as the host numbers it.
    pub tgid: u32,
    /// The thread, as the host numbers it.
    pub tid: u32,
    /// The kernel's letter for it (`proc_pid_stat(5)`): `R` runs, `S` sleeps, `D` waits for a disk, `T` is stopped.
    pub state: char,
    /// CPU time that it has used since it began, milliseconds.
    pub cpu_ms: u64,
}
