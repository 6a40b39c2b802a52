//! Figures: whatever a file of `/proc` or of a cgroup says, and says next, each metric is a finite number or left out.
#![no_main]

use libfuzzer_sys::fuzz_target;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint};
use rewind_container_metrics::{Figures, Hierarchies, Limits, Meter, Subject};
use rewind_host_metrics::{Host, Roots};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

const OF_PROC: [&str; 13] = [
    "stat",
    "loadavg",
    "uptime",
    "meminfo",
    "vmstat",
    "swaps",
    "diskstats",
    "filesystems",
    "1/mountinfo",
    "1/net/dev",
    "1/net/tcp",
    "1/stat",
    "pressure/cpu",
];
const OF_CGROUP: [&str; 12] = [
    "cpu.stat",
    "cpu.max",
    "memory.current",
    "memory.peak",
    "memory.max",
    "memory.events",
    "memory.stat",
    "io.stat",
    "pids.current",
    "pids.max",
    "cpu.pressure",
    "memory.pressure",
];
const NOW: u64 = 1_795_900_000_000_000_000;

/// Of this process: in memory where there is such a place.
static DIR: LazyLock<PathBuf> = LazyLock::new(|| {
    let place = if Path::new("/dev/shm").is_dir() { PathBuf::from("/dev/shm") } else { std::env::temp_dir() };
    let dir = place.join(format!("rewind-fuzz-metrics-{}", std::process::id()));
    for below in ["proc/1/net", "proc/pressure", "c"] {
        drop(fs::create_dir_all(dir.join(below)));
    }
    dir
});

fn points(metric: &Metric) -> &[NumberDataPoint] {
    match &metric.data {
        Some(Data::Sum(sum)) => &sum.data_points,
        Some(Data::Gauge(gauge)) => &gauge.data_points,
        _ => &[],
    }
}

fn are_finite(metrics: &[Metric]) {
    for point in metrics.iter().flat_map(points) {
        assert!(!matches!(point.value, Some(Value::AsDouble(number)) if !number.is_finite()), "{metrics:?}");
    }
}

/// Both texts, one after the other: counters may go back.
fn of_proc(file: &str, texts: [&[u8]; 2]) {
    let mut host = Host::new(Roots { proc: DIR.join("proc"), sys: DIR.join("sys"), root: DIR.clone() });
    for (text, now) in texts.into_iter().zip(NOW..) {
        drop(fs::write(DIR.join("proc").join(file), text));
        let (figures, _) = host.read();
        are_finite(&host.metrics(&figures, now));
    }
    drop(fs::remove_file(DIR.join("proc").join(file)));
}

fn of_cgroup(file: &str, texts: [&[u8]; 2]) {
    let hierarchies = Hierarchies::default().with_unified(&DIR);
    let mut meter = Meter::new(Subject::Container, NOW - 1);
    let limits = Limits { cpu_limit: Some(f64::MIN_POSITIVE), memory_limit: Some(1), ..Limits::default() };
    for (text, now) in texts.into_iter().zip(NOW..) {
        drop(fs::write(DIR.join("c").join(file), text));
        if let Ok((figures, _)) = Figures::read(&hierarchies, Path::new("/c")) {
            are_finite(&meter.metrics(&figures, &limits, now));
        }
    }
    drop(fs::remove_file(DIR.join("c").join(file)));
}

fuzz_target!(|bytes: &[u8]| {
    let [which, cut, text @ ..] = bytes else { return };
    let texts = text.split_at(text.len() * usize::from(*cut) / 255);
    let which = usize::from(*which) % (OF_PROC.len() + OF_CGROUP.len());
    match (OF_PROC.get(which), OF_CGROUP.get(which.saturating_sub(OF_PROC.len()))) {
        (Some(file), _) => of_proc(file, texts.into()),
        (None, Some(file)) => of_cgroup(file, texts.into()),
        (None, None) => {}
    }
});
