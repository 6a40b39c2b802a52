//! How a host and its containers are doing now: figures, and what two of them say a second ([`rates()`]).
//!
//! Counters are cumulative, since the host's or the container's start: who asks twice computes rates. What could not be
//! read is `None`, or not in its list, and told in [`Node::unread`].

mod rates;

pub use rates::{Rates, Use, rates};

use crate::escape::UntrustedString;
use crate::header::ContainerKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a host is doing at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Node {
    /// That moment: Unix time.
    pub at_unix_ns: u64,
    /// The same by `CLOCK_MONOTONIC`.
    pub now_ns: u64,
    /// The host's name.
    pub name: String,
    /// When it started, Unix time.
    pub boot_unix_ns: Option<u64>,
    /// Logical CPUs that are online.
    pub cpus: u32,
    /// CPU time by state, all CPUs together: `user`, `nice`, `system`, `idle`, `wait`, `interrupt`, `softirq`, `steal`.
    pub cpu_s: BTreeMap<String, f64>,
    /// Tasks that run, could, or wait for the disk, on average over 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
    /// Memory.
    pub memory: Option<Memory>,
    /// Swap areas, all together; `None`: there are none.
    pub swap: Option<Swap>,
    /// Block devices that have done something.
    pub disks: Vec<Disk>,
    /// Mounted filesystems.
    pub filesystems: Vec<Filesystem>,
    /// Network interfaces.
    pub interfaces: Vec<Interface>,
    /// Who waited for what.
    pub pressures: Vec<Pressure>,
    /// Processes by status: `running`, `blocked`, `sleeping`, `idle`, `stopped`, `zombies`, `unknown`.
    pub processes: BTreeMap<String, u64>,
    /// What lives and is recorded.
    pub containers: Vec<ContainerUse>,
    /// What could not be read, and why.
    pub unread: Vec<String>,
}

/// Memory of a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// All of it.
    pub total_bytes: u64,
    /// What could be had without swapping.
    pub available_bytes: Option<u64>,
}

/// Swap of a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Swap {
    /// All of it.
    pub total_bytes: u64,
    /// What of it is in use.
    pub used_bytes: u64,
}

/// A block device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Disk {
    /// Its name.
    pub name: UntrustedString,
    /// Bytes that were read.
    pub read_bytes: u64,
    /// Bytes that were written.
    pub written_bytes: u64,
}

/// A mounted filesystem.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filesystem {
    /// Where it is mounted.
    pub mount: UntrustedString,
    /// Bytes in use.
    pub used_bytes: u64,
    /// Those, and what everybody may use.
    pub total_bytes: u64,
}

/// A network interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Interface {
    /// Its name.
    pub name: UntrustedString,
    /// Bytes that came.
    pub received_bytes: u64,
    /// Bytes that went.
    pub transmitted_bytes: u64,
}

/// Which part of the last ten seconds was waited for something.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pressure {
    /// `cpu`, `memory`, `io` or `irq`.
    pub resource: String,
    /// A task waited.
    pub some: Option<f64>,
    /// All that had something to do waited.
    pub full: Option<f64>,
}

/// What a container uses, and what it did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerUse {
    /// Its recording.
    pub recording: u64,
    /// What it is called: in a pod its own name (the pause container has none), else what the runtime or its unit
    /// calls it.
    pub name: UntrustedString,
    /// The pod's namespace; empty: it is in none.
    pub namespace: UntrustedString,
    /// The pod; empty: it is in none.
    pub pod: UntrustedString,
    /// Which kind of container it is.
    pub kind: ContainerKind,
    /// When its recording began, with it or after it: Unix time.
    pub started_unix_ns: u64,
    /// When its cgroup was read, `CLOCK_MONOTONIC`; `None`: it was not.
    pub read_ns: Option<u64>,
    /// CPU time.
    pub cpu_ns: Option<u64>,
    /// Periods of its CPU limit in which something ran.
    pub periods: Option<u64>,
    /// Those in which the limit was met.
    pub throttled_periods: Option<u64>,
    /// How long it was held up for that.
    pub throttled_ns: Option<u64>,
    /// Memory in use without inactive page cache, as the kubelet reckons.
    pub memory_bytes: Option<u64>,
    /// How much it may use; `None`: as much as there is.
    pub memory_limit_bytes: Option<u64>,
    /// Bytes that were read from block devices.
    pub read_bytes: Option<u64>,
    /// Bytes that were written to them.
    pub written_bytes: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// Processes that were killed for want of memory.
    pub oom_kills: Option<u64>,
    /// Calls.
    pub calls: Option<u64>,
    /// Calls that failed.
    pub errors: Option<u64>,
    /// Of those, opens.
    pub failed_opens: Option<u64>,
    /// Of those, connects.
    pub failed_connects: Option<u64>,
    /// Signals that were delivered.
    pub signals: Option<u64>,
    /// Processes that ended with another status than 0.
    pub failed_processes: Option<u64>,
}
