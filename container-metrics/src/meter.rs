//! A container or a pod, over time.

use crate::cpu;
use crate::disks;
use crate::figures::Figures;
use crate::memory;
use crate::pids;
use crate::subject::Subject;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use rewind_host_metrics::pressure;
use rewind_otlp::metric::series::Series;
use rewind_otlp::metric::sheet::{Sheet, whole};

/// What Kubernetes was told that a container needs, and may use: `None` where it was told nothing. Of a pod, the sum over
/// its containers, and `None` where one has none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// CPUs that it needs.
    pub cpu_request: Option<f64>,
    /// CPUs that it may use.
    pub cpu_limit: Option<f64>,
    /// Bytes of memory that it needs.
    pub memory_request: Option<u64>,
    /// Bytes of memory that it may use.
    pub memory_limit: Option<u64>,
}

/// A container or a pod, over time. What begins anew has a meter of its own.
#[derive(Debug)]
pub struct Meter {
    of: Subject,
    start_unix_ns: u64,
    series: Series,
    /// When CPU time was read before, and how much it was.
    before: Option<(u64, u64)>,
}

impl Meter {
    /// One of what started then.
    #[must_use]
    pub fn new(of: Subject, start_unix_ns: u64) -> Self {
        Self { of, start_unix_ns, series: Series::default(), before: None }
    }

    /// Metrics of that moment. How much CPU is used comes with the second figures.
    pub fn metrics(&mut self, figures: &Figures, limits: &Limits, now_unix_ns: u64) -> Vec<Metric> {
        let (of, cpus) = (self.of, self.cpus(figures));
        self.series.turn(self.start_unix_ns, now_unix_ns);
        let mut sheet = Sheet::new(&mut self.series, now_unix_ns);
        cpu::metrics(&figures.cpu, cpus, of, &mut sheet);
        memory::metrics(&figures.memory, of, &mut sheet);
        utilization(cpus, figures.memory.current, limits, of, &mut sheet);
        disks::metrics(figures.disks.as_deref().unwrap_or_default(), of, &mut sheet);
        pids::metrics(figures.pids, of, &mut sheet);
        pressure::metrics(&figures.pressures, of.own(), &mut sheet);
        let uptime_s = now_unix_ns.saturating_sub(self.start_unix_ns) / 1_000_000_000;
        sheet.counter(&format!("{}.uptime", of.known()), "s", "Time since the start", whole(uptime_s));
        sheet.finish()
    }

    /// How many CPUs were in use since the figures before.
    fn cpus(&mut self, figures: &Figures) -> Option<f64> {
        let (at_ns, usage_ns) = (figures.ktime_ns, figures.cpu.usage_ns?);
        let (before_ns, usage_before_ns) = self.before.replace((at_ns, usage_ns))?;
        let passed_ns = at_ns.checked_sub(before_ns).filter(|passed_ns| *passed_ns > 0)?;
        Some(usage_ns.checked_sub(usage_before_ns)? as f64 / passed_ns as f64)
    }
}

/// As the Collector has it: of memory, all that is charged and not the working set.
fn utilization(cpus: Option<f64>, memory: Option<u64>, limits: &Limits, of: Subject, sheet: &mut Sheet<'_>) {
    let memory = memory.map(|bytes| bytes as f64);
    let [memory_limit, memory_request] = [limits.memory_limit, limits.memory_request].map(|of| of.map(|of| of as f64));
    for (name, description, used, bound) in [
        ("cpu_limit_utilization", "Part of the CPU limit in use", cpus, limits.cpu_limit),
        ("cpu_request_utilization", "CPU in use by what was requested", cpus, limits.cpu_request),
        ("memory_limit_utilization", "Part of the memory limit in use", memory, memory_limit),
        ("memory_request_utilization", "Memory in use by what was requested", memory, memory_request),
    ] {
        let part = used.zip(bound.filter(|bound| *bound > 0.0)).map(|(used, bound)| used / bound);
        sheet.gauge(
            &format!("{}.{name}", of.of_kubernetes()),
            "1",
            description,
            part.filter(|part| part.is_finite()).map(whole).unwrap_or_default(),
        );
    }
}
