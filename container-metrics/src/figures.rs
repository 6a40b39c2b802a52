//! All of a cgroup.

use crate::cpu::{self, Cpu};
use crate::disks::{self, Disk};
use crate::hierarchies::Hierarchies;
use crate::memory::{self, Memory};
use crate::pids::{self, Pids};
use crate::pressure;
use crate::reading::{ReadError, Reading};
use rewind_host_metrics::Unread;
use rewind_host_metrics::pressure::Pressure;
use rustix::time::{ClockId, clock_gettime};
use std::path::Path;

/// How a cgroup is at one moment. What the kernel does not tell is `None`, or not in its list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// When it was read, by `CLOCK_MONOTONIC`.
    pub ktime_ns: u64,
    /// CPU time and what it is bounded by.
    pub cpu: Cpu,
    /// Memory.
    pub memory: Memory,
    /// Block devices that it uses; `None`: they are not counted.
    pub disks: Option<Vec<Disk>>,
    /// Threads.
    pub pids: Pids,
    /// Who waited for what.
    pub pressures: Vec<Pressure>,
}

impl Figures {
    /// Reads the cgroup of that path, from the hierarchy's root on, and what of it could not be read.
    ///
    /// # Errors
    /// It is gone, or the path is none of a cgroup.
    pub fn read(hierarchies: &Hierarchies, path: &Path) -> Result<(Self, Vec<Unread>), ReadError> {
        let mut reading = Reading::new(hierarchies, path)?;
        let now = clock_gettime(ClockId::Monotonic);
        let [seconds, ns] = [now.tv_sec, now.tv_nsec].map(i64::cast_unsigned);
        let figures = Self {
            ktime_ns: seconds.saturating_mul(1_000_000_000).saturating_add(ns),
            cpu: cpu::read(&mut reading),
            memory: memory::read(&mut reading),
            disks: disks::read(&mut reading),
            pids: pids::read(&mut reading),
            pressures: pressure::read(&mut reading),
        };
        Ok((figures, reading.finish()?))
    }
}
