//! How containers are doing, as the agent tells a Collector: what the kernel says of a known load, and what is left of one
//! that is gone.

use super::exported::SOON;
use crate::scenarios::python;
use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::cgroup;
use rewind_tests::collector::{Collector, attribute};
use rewind_tests::container::Container;
use rewind_tests::dump;
use rewind_tests::eventually::eventually;
use rewind_tests::points::{Kind, Point, points};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// Holds 64 MiB, has three children, has written 16 MiB to the disk, says so, and burns all the CPU that it gets.
const LOAD: &str = "
import os, time
held = bytearray(64 << 20)
for at in range(0, len(held), 4096): held[at] = 1
for _ in range(3):
    if os.fork() == 0:
        time.sleep(300)
        os._exit(0)
with open('/tmp/written', 'wb') as file:
    for _ in range(16): file.write(os.urandom(1 << 20))
    file.flush()
    os.fsync(file.fileno())
print('ready', flush=True)
while True: pass
";

/// An agent that sends metrics once a second, and the file that says so.
pub(super) fn agent(collector: &Collector) -> Result<(Agent, TempDir)> {
    let dir = tempfile::tempdir()?;
    let config = dir.path().join("config.yaml");
    let every = "{interval: 1s}";
    let text = format!(
        "export: {{endpoint: '{}', hostMetrics: {every}, containerMetrics: {every}, trafficMetrics: {every}}}\n",
        collector.endpoint()
    );
    fs::write(&config, text)?;
    let agent = Agent::start_with(&["--config", &config.display().to_string()])?;
    Ok((agent, dir))
}

/// Points of the container whose id begins so, in the order in which they came.
pub(super) fn of_container(collector: &Collector, id: &str) -> Vec<Point> {
    let is_its = |of: &Value| attribute(of, "container.id").is_some_and(|it| it.starts_with(id));
    collector.metrics().iter().filter(|(resource, _)| is_its(resource)).flat_map(|(_, metric)| points(metric)).collect()
}

/// The newest point of that name and these attributes.
fn newest(all: &[Point], name: &str, attributes: &[(&str, &str)]) -> Option<Point> {
    all.iter().filter(|point| point.is_of(name, attributes)).max_by_key(|point| point.at_unix_ns).cloned()
}

/// A number that the kernel tells of a container: where v1 has it, else where v2 has it; each a file, and the first word
/// of the line.
struct Kernel {
    v1: (&'static str, &'static str),
    v2: (&'static str, &'static str),
}

impl Kernel {
    fn number(&self, id: &str) -> Option<f64> {
        let (controller, _) = self.v1.0.split_once('/')?;
        let v1 = PathBuf::from("/sys/fs/cgroup").join(controller).join(id);
        let (file, word) = if v1.is_dir() {
            (v1.join(self.v1.0.split_once('/')?.1), self.v1.1)
        } else {
            (cgroup::root()?.join(id).join(self.v2.0), self.v2.1)
        };
        let text = fs::read_to_string(file).ok()?;
        let line = text.lines().find(|line| word.is_empty() || line.split(' ').any(|of| of == word))?;
        line.split(' ').next_back()?.parse().ok()
    }
}

/// A metric, what of the kernel's it is, and what that is multiplied with: in v1, in v2.
type Row = (&'static str, &'static [(&'static str, &'static str)], Kernel, [f64; 2]);

const ROWS: [Row; 6] = [
    (
        "container.cpu.time",
        &[],
        Kernel { v1: ("cpuacct/cpuacct.usage", ""), v2: ("cpu.stat", "usage_usec") },
        [1e-9, 1e-6],
    ),
    (
        "rewind.container.cpu.throttled.periods",
        &[],
        Kernel { v1: ("cpu/cpu.stat", "nr_throttled"), v2: ("cpu.stat", "nr_throttled") },
        [1.0, 1.0],
    ),
    (
        "rewind.container.cpu.throttled.time",
        &[],
        Kernel { v1: ("cpu/cpu.stat", "throttled_time"), v2: ("cpu.stat", "throttled_usec") },
        [1e-9, 1e-6],
    ),
    (
        "container.memory.usage",
        &[],
        Kernel { v1: ("memory/memory.usage_in_bytes", ""), v2: ("memory.current", "") },
        [1.0, 1.0],
    ),
    (
        "container.memory.rss",
        &[],
        Kernel { v1: ("memory/memory.stat", "rss"), v2: ("memory.stat", "anon") },
        [1.0, 1.0],
    ),
    ("rewind.container.threads", &[], Kernel { v1: ("pids/pids.current", ""), v2: ("pids.current", "") }, [1.0, 1.0]),
];

pub(crate) fn as_the_kernel_says() -> Result<()> {
    let collector = Collector::start()?;
    let (agent, _dir) = agent(&collector)?;
    let spec = Spec {
        cpus: Some(0.2),
        memory_bytes: Some(256 << 20),
        processes: Some(50),
        disk_bytes: Some(1 << 30),
        ..python(LOAD)
    };
    let container = Container::new("rewind-loaded", &spec)?;
    let _running = container.start()?;
    let id = container.id();
    // Burnt for a while under its quota, as the kernel has it.
    let throttled = &ROWS[1].2;
    eventually("the container to be throttled", SOON, || throttled.number(id).filter(|times| *times > 20.0))?;
    let is_v1 = PathBuf::from("/sys/fs/cgroup/cpuacct").join(id).is_dir();
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map(|at| at.as_nanos() as u64);
    let before: Vec<_> = ROWS.iter().map(|(.., kernel, _)| kernel.number(id)).collect();
    let since = now()?;
    let all = eventually("points of the load", SOON, || {
        let all = of_container(&collector, id);
        let is_there = |name| newest(&all, name, &[]).is_some_and(|point| point.at_unix_ns > since);
        ROWS.iter().all(|(name, ..)| is_there(*name)).then_some(all)
    })?;
    let after: Vec<_> = ROWS.iter().map(|(.., kernel, _)| kernel.number(id)).collect();
    for (at, (name, attributes, _, [of_v1, of_v2])) in ROWS.iter().enumerate() {
        let point = newest(&all, name, attributes).with_context(|| format!("no {name}"))?;
        let by = if is_v1 { of_v1 } else { of_v2 };
        let (before, after) = before[at].zip(after[at]).with_context(|| format!("the kernel has no {name}"))?;
        let (least, most) = (before.min(after) * by * 0.95, before.max(after) * by * 1.05);
        ensure!((least..=most).contains(&point.number), "{point:?} is not in {least}..={most}");
    }
    let cpus = newest(&all, "container.cpu.usage", &[]).context("no CPUs in use")?.number;
    ensure!((0.15..=0.25).contains(&cpus), "{cpus} CPUs under a quota of 0.2");
    let rss = newest(&all, "container.memory.rss", &[]).context("no memory")?.number;
    ensure!(rss >= f64::from(64 << 20), "{rss} bytes");
    let written = newest(&all, "container.disk.io", &[("disk.io.direction", "write")]).context("nothing written")?;
    ensure!(written.number >= f64::from(16 << 20), "{written:?}");
    let is_since = |point: &&Point| point.kind == Kind::Counter && point.began_unix_ns < since;
    ensure!(all.iter().filter(is_since).count() > 10, "counters have their start: {all:?}");
    agent.stop()
}

/// Fails to open a file, is refused, gets a signal, and lives for less than the interval.
const SHORT: &str = "
import os, signal, socket
for _ in range(7):
    try: open('/nowhere')
    except FileNotFoundError: pass
try: socket.create_connection(('127.0.0.1', 1))
except ConnectionRefusedError: pass
signal.signal(signal.SIGUSR1, lambda *_: None)
os.kill(os.getpid(), signal.SIGUSR1)
os._exit(3)
";

pub(crate) fn that_is_gone() -> Result<()> {
    let collector = Collector::start()?;
    let (agent, _dir) = agent(&collector)?;
    let container = Container::new("rewind-gone", &python(SHORT))?;
    let ran = container.run()?;
    ensure!(ran.code == 3, "{ran:?}");
    let all = eventually("its last figures", SOON, || {
        let all = of_container(&collector, container.id());
        let has = |name| all.iter().any(|point| point.name == name);
        (has("rewind.container.calls") && has("rewind.container.failed_opens")).then_some(all)
    })?;
    let calls: f64 = by_class(&all, "rewind.container.calls");
    let listed = dump::list(&agent)?;
    let row = listed.iter().find(|row| row.to_string().contains(container.id())).context("it is not listed")?;
    let held = row.pointer("/coverage/calls_held").and_then(Value::as_f64).context("no coverage")?;
    let overwritten = row.pointer("/coverage/calls_overwritten").and_then(Value::as_f64).context("no coverage")?;
    ensure!(calls == held + overwritten, "{calls} calls counted, {held} held and {overwritten} overwritten");
    ensure!(
        by_class(&all, "rewind.container.call.time") > 0.0 && by_class(&all, "rewind.container.call.errors") >= 8.0
    );
    let of = |name, attributes: &[_]| newest(&all, name, attributes).map(|point| point.number);
    ensure!(of("rewind.container.failed_opens", &[("error.type", "ENOENT")]) >= Some(7.0), "{all:?}");
    ensure!(of("rewind.container.failed_connects", &[("error.type", "ECONNREFUSED")]) == Some(1.0), "{all:?}");
    ensure!(of("rewind.container.signals", &[("rewind.signal.name", "SIGUSR1")]) == Some(1.0), "{all:?}");
    let refused = [("rewind.tcp.direction", "out"), ("error.type", "refused"), ("server.address", "127.0.0.1")];
    ensure!(of("rewind.tcp.connections", &refused) == Some(1.0), "{all:?}");
    let crashes = eventually("the crash", SOON, || {
        let all = collector.metrics().into_iter().flat_map(|(_, metric)| points(&metric)).collect::<Vec<_>>();
        newest(&all, "rewind.container.crashes", &[])
    })?;
    ensure!(crashes.number == 1.0 && crashes.attributes.contains_key("rewind.cause.class"), "{crashes:?}");
    agent.stop()
}

/// Fails now and then.
const SLOWLY: &str = "
import time
for _ in range(3):
    try: open('/nowhere')
    except OSError: pass
    time.sleep(1.5)
";

pub(crate) fn as_delta() -> Result<()> {
    let collector = Collector::start()?;
    let dir = tempfile::tempdir()?;
    let config = dir.path().join("config.yaml");
    let every = "{interval: 1s}";
    let text = format!(
        "export: {{endpoint: '{}', temporality: delta, containerMetrics: {every}, trafficMetrics: {every}}}\n",
        collector.endpoint()
    );
    fs::write(&config, text)?;
    let agent = Agent::start_with(&["--config", &config.display().to_string()])?;
    let container = Container::new("rewind-delta", &python(SLOWLY))?;
    ensure!(container.run()?.code == 0, "it ends well");
    let listed = dump::list(&agent)?;
    let row = listed.iter().find(|row| row.to_string().contains(container.id())).context("it is not listed")?;
    let calls = row.pointer("/coverage/calls_made").and_then(Value::as_f64).context("no coverage")?;
    let sum = |name: &str| {
        let all = of_container(&collector, container.id());
        all.iter().filter(|point| point.name == name).map(|point| point.number).sum::<f64>()
    };
    // Each call is in one of them.
    eventually("as many calls as there were", SOON, || (sum("rewind.container.calls") == calls).then_some(()))
        .with_context(|| format!("{} of {calls}", sum("rewind.container.calls")))?;
    let parts = of_container(&collector, container.id());
    let times = parts.iter().filter(|point| point.is_of("rewind.container.failed_opens", &[("error.type", "ENOENT")]));
    ensure!(times.count() > 1, "in one part: {parts:?}");
    let counters = collector.metrics().into_iter().filter_map(|(_, metric)| metric.get("sum").cloned());
    let monotonic = counters.filter(|sum| sum.get("isMonotonic").and_then(Value::as_bool) == Some(true));
    ensure!(monotonic.clone().count() > 5, "no counters");
    const DELTA: u64 = 1;
    let mut kinds = monotonic.map(|sum| sum.get("aggregationTemporality").and_then(Value::as_u64));
    ensure!(kinds.all(|kind| kind == Some(DELTA)), "not all are delta");
    agent.stop()
}

/// The newest number of each class, together.
fn by_class(all: &[Point], name: &str) -> f64 {
    let classes: std::collections::BTreeSet<_> = all
        .iter()
        .filter(|point| point.name == name)
        .filter_map(|point| point.attributes.get("rewind.call.class"))
        .collect();
    classes.into_iter().filter_map(|class| newest(all, name, &[("rewind.call.class", class)])).map(|of| of.number).sum()
}
