//! All of a host: read, and told as metrics.

use crate::connections::{self, Connections};
use crate::cpu::{self, Cpu, Cpus};
use crate::disks;
use crate::filesystems::{self, Usage};
use crate::load::{self, Load};
use crate::memory::{self, Memory};
use crate::network::{self, Interface};
use crate::paging::{self, Faults, Swap};
use crate::pressure::{self, Pressure};
use crate::processes::{self, Processes};
use crate::reading::{Reading, Unread};
use crate::roots::Roots;
use crate::stat::Stat;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use procfs::DiskStat;
use rewind_otlp::metric::series::Series;
use rewind_otlp::metric::sheet::Sheet;

/// How a host is at one moment. What could not be read is `None`, or not in its list.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// When the host started, Unix time in seconds.
    pub boot_unix_s: Option<u64>,
    /// Seconds since then.
    pub uptime_s: Option<f64>,
    /// Logical CPUs that are online.
    pub cpus: Vec<Cpu>,
    /// Load averages.
    pub load: Option<Load>,
    /// Memory.
    pub memory: Option<Memory>,
    /// Swap areas.
    pub swaps: Vec<Swap>,
    /// Faults and swapping.
    pub faults: Option<Faults>,
    /// Block devices that have done something.
    pub disks: Vec<DiskStat>,
    /// Filesystems, by [`Filesystems`](crate::Filesystems).
    pub filesystems: Vec<Usage>,
    /// Network interfaces.
    pub interfaces: Vec<Interface>,
    /// TCP connections by state.
    pub connections: Option<Connections>,
    /// Processes by status.
    pub processes: Option<Processes>,
    /// Tasks that were made since the host's start.
    pub created: Option<u64>,
    /// Who waited for what.
    pub pressures: Vec<Pressure>,
}

/// A host, over time.
#[derive(Debug)]
pub struct Host {
    roots: Roots,
    cpus: Cpus,
    series: Series,
}

impl Host {
    /// A host by its files.
    #[must_use]
    pub fn new(roots: Roots) -> Self {
        // The same on every kernel that Rust's standard library runs on but for old configurations: USER_HZ.
        let cpus = Cpus::new(rustix::param::clock_ticks_per_second());
        Self { roots, cpus, series: Series::default() }
    }

    /// Reads all but filesystems, which may not answer, and what could not be read.
    pub fn read(&mut self) -> (Figures, Vec<Unread>) {
        let Self { roots, cpus, .. } = self;
        let mut reading = Reading::new(roots);
        let stat = reading.proc("stat", Stat::parse);
        let (swaps, faults) = paging::read(&mut reading);
        let figures = Figures {
            boot_unix_s: stat.as_ref().and_then(|stat| stat.boot_unix_s),
            uptime_s: load::uptime_s(&mut reading),
            cpus: stat.as_ref().map(|stat| cpus.take(stat, &reading)).unwrap_or_default(),
            load: load::read(&mut reading),
            memory: memory::read(&mut reading),
            swaps,
            faults,
            disks: disks::read(&mut reading),
            filesystems: Vec::new(),
            interfaces: network::read(&mut reading),
            connections: connections::read(&mut reading),
            processes: processes::read(stat.as_ref(), &mut reading),
            created: stat.as_ref().and_then(|stat| stat.created),
            pressures: pressure::read(&mut reading),
        };
        (figures, reading.unread)
    }

    /// The same as metrics of that moment. Without the time of the host's start, counters count from the first that they
    /// were seen at.
    pub fn metrics(&mut self, figures: &Figures, now_unix_ns: u64) -> Vec<Metric> {
        let boot_unix_ns = figures.boot_unix_s.map(|boot_unix_s| boot_unix_s.saturating_mul(1_000_000_000));
        self.series.turn(boot_unix_ns.unwrap_or(now_unix_ns), now_unix_ns);
        let mut sheet = Sheet::new(&mut self.series, now_unix_ns);
        cpu::metrics(&figures.cpus, &mut sheet);
        load::metrics(figures.load, figures.uptime_s, &mut sheet);
        if let Some(memory) = &figures.memory {
            memory::metrics(memory, &mut sheet);
        }
        paging::metrics(&figures.swaps, figures.faults, &mut sheet);
        disks::metrics(&figures.disks, &mut sheet);
        filesystems::metrics(&figures.filesystems, &mut sheet);
        network::metrics(&figures.interfaces, &mut sheet);
        if let Some(connections) = &figures.connections {
            connections::metrics(connections, &mut sheet);
        }
        processes::metrics(figures.processes, figures.created, &mut sheet);
        pressure::metrics(&figures.pressures, "rewind.host", &mut sheet);
        sheet.finish()
    }
}
