//! How the host is doing, as the agent tells a Collector: what `/proc` said before or after, or something in between.

use super::exported::SOON;
use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::collector::{Collector, attribute};
use rewind_tests::eventually::eventually;
use rewind_tests::points::{Kind, Point, points};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// An agent that sends the host's metrics once a second, and the file that says so.
pub(super) fn agent(collector: &Collector) -> Result<(Agent, TempDir)> {
    let dir = tempfile::tempdir()?;
    let config = dir.path().join("config.yaml");
    set(&config, collector, true)?;
    let agent = Agent::start_with(&["--config", &config.display().to_string()])?;
    Ok((agent, dir))
}

fn set(config: &Path, collector: &Collector, is_on: bool) -> Result<()> {
    let host = format!("{{enabled: {is_on}, interval: 1s}}");
    let text = format!("export: {{endpoint: '{}', metricInterval: 200, hostMetrics: {host}}}\n", collector.endpoint());
    Ok(fs::write(config, text)?)
}

/// Points of the host's metrics that the agent sent, and the host as it has them.
pub(super) fn of_host(collector: &Collector) -> (Vec<Point>, Option<Value>) {
    let has = |of: &Value, key| attribute(of, key).is_some();
    let (mut all, mut host) = (Vec::new(), None);
    for (resource, metric) in collector.metrics() {
        if has(&resource, "host.name") && !has(&resource, "service.name") {
            all.extend(points(&metric));
            host = Some(resource);
        }
    }
    (all, host)
}

/// Those of the newest message that has `name`, and the host.
fn newest(collector: &Collector, name: &str) -> Option<(Vec<Point>, Value)> {
    let (all, host) = of_host(collector);
    let at = all.iter().filter(|point| point.name == name).map(|point| point.at_unix_ns).max()?;
    Some((all.into_iter().filter(|point| point.at_unix_ns == at).collect(), host?))
}

/// What files below `/proc` say at a moment.
struct Told(BTreeMap<&'static str, String>);

impl Told {
    fn now() -> Self {
        let files = ["stat", "loadavg", "uptime", "meminfo", "vmstat", "diskstats", "1/net/dev", "pressure/cpu"];
        let read = |file| fs::read_to_string(Path::new("/proc").join(file)).unwrap_or_default();
        Self(files.into_iter().map(|file| (file, read(file))).collect())
    }

    fn text(&self, file: &str) -> &str {
        self.0.get(file).map_or("", String::as_str)
    }

    /// A number of the line that has a word at a column.
    fn number(&self, &Place { file, key, word, column }: &Place<'_>) -> Option<f64> {
        let words = |line: &str| line.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let line = self.text(file).lines().map(words).find(|line| line.get(key).is_some_and(|is| is == word))?;
        line.get(column)?.trim_start_matches("total=").parse().ok()
    }

    fn first(&self, file: &str) -> Option<f64> {
        self.text(file).split_ascii_whitespace().next()?.parse().ok()
    }

    /// The disk that was read most.
    fn disk(&self) -> Option<String> {
        let lines = self.text("diskstats").lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
        let read = lines.filter_map(|line| Some((line.get(5)?.parse::<u64>().ok()?, (*line.get(2)?).to_owned())));
        read.max().filter(|(sectors, _)| *sectors > 0).map(|(_, name)| name)
    }
}

/// Where a number stands.
struct Place<'p> {
    file: &'static str,
    /// The column of the word that tells the line.
    key: usize,
    word: &'p str,
    column: usize,
}

/// What a point has to lie between, `slack` on both sides.
fn lies(point: &Point, before: Option<f64>, after: Option<f64>, slack: f64) -> Result<()> {
    let (before, after) = before.zip(after).with_context(|| format!("/proc says nothing of {point:?}"))?;
    // What is computed here and there may differ in the last bit.
    let slack = slack + before.abs().max(after.abs()) * 1e-9;
    let range = before.min(after) - slack..=before.max(after) + slack;
    ensure!(range.contains(&point.number), "{point:?} is not in {range:?}");
    Ok(())
}

fn one<'p>(points: &'p [Point], name: &str, attributes: &[(&str, &str)]) -> Result<&'p Point> {
    let found = points.iter().find(|point| point.is_of(name, attributes));
    found.with_context(|| format!("there is no {name} of {attributes:?}"))
}

/// What grows while it is looked at: name, attributes, where it stands, and what it is multiplied with.
type Row<'r> = (&'static str, Vec<(&'static str, &'r str)>, Place<'r>, f64);

const fn at<'p>(file: &'static str, word: &'p str, column: usize) -> Place<'p> {
    Place { file, key: 0, word, column }
}

fn rows() -> Vec<Row<'static>> {
    let mut rows: Vec<Row<'_>> = vec![
        ("system.processes.created", vec![], at("stat", "processes", 1), 1.0),
        ("system.memory.limit", vec![], at("meminfo", "MemTotal:", 1), 1024.0),
        ("system.paging.faults", vec![("type", "major")], at("vmstat", "pgmajfault", 1), 1.0),
        ("system.paging.operations", vec![("direction", "page_in")], at("vmstat", "pswpin", 1), 1.0),
        ("system.paging.operations", vec![("direction", "page_out")], at("vmstat", "pswpout", 1), 1.0),
    ];
    for (state, column) in [("user", 1), ("nice", 2), ("system", 3), ("softirq", 7), ("steal", 8)] {
        rows.push(("system.cpu.time", vec![("cpu", "cpu0"), ("state", state)], at("stat", "cpu0", column), 0.01));
    }
    for (name, received, transmitted) in [
        ("system.network.io", 1, 9),
        ("system.network.packets", 2, 10),
        ("system.network.errors", 3, 11),
        ("system.network.dropped", 4, 12),
    ] {
        for (way, column) in [("receive", received), ("transmit", transmitted)] {
            rows.push((name, vec![("device", "lo"), ("direction", way)], at("1/net/dev", "lo:", column), 1.0));
        }
    }
    rows
}

fn rows_of_disk(disk: &str) -> Vec<Row<'_>> {
    let rows = [
        ("system.disk.io", Some("read"), 5, 512.0),
        ("system.disk.io", Some("write"), 9, 512.0),
        ("system.disk.operations", Some("read"), 3, 1.0),
        ("system.disk.operations", Some("write"), 7, 1.0),
        ("system.disk.merged", Some("write"), 8, 1.0),
        ("system.disk.operation_time", Some("write"), 10, 1e-3),
        ("system.disk.io_time", None, 12, 1e-3),
        ("system.disk.weighted_io_time", None, 13, 1e-3),
    ];
    let of = |(name, way, column, by): (_, Option<&'static str>, _, _)| {
        let attributes = [Some(("device", disk)), way.map(|way| ("direction", way))];
        let place = Place { key: 2, ..at("diskstats", disk, column) };
        (name, attributes.into_iter().flatten().collect(), place, by)
    };
    rows.map(of).into()
}

pub(crate) fn as_proc_says() -> Result<()> {
    let collector = Collector::start()?;
    let before = Told::now();
    let (agent, _dir) = agent(&collector)?;
    // It comes with the second figures.
    let (points, host) = eventually("the host's metrics", SOON, || newest(&collector, "system.cpu.utilization"))?;
    let after = Told::now();
    let disk = before.disk();
    let mut rows = rows();
    rows.extend(disk.iter().flat_map(|disk| rows_of_disk(disk)));
    if !before.text("pressure/cpu").is_empty() {
        let attributes = vec![("resource", "cpu"), ("who", "some")];
        rows.push(("rewind.host.pressure.time", attributes, at("pressure/cpu", "some", 4), 1e-6));
    }
    for (name, attributes, place, by) in rows {
        let of = |told: &Told| told.number(&place).map(|number| number * by);
        lies(one(&points, name, &attributes)?, of(&before), of(&after), 0.0)?;
    }
    loosely(&points, &before, &after)?;
    of_filesystems(&points)?;
    adds_up(&points)?;
    let started = after.number(&at("stat", "btime", 1)).context("no btime")? * 1e9;
    let counters = || points.iter().filter(|point| point.kind == Kind::Counter);
    let is_since = |point: &Point| (point.began_unix_ns as f64 - started).abs() <= 2e9;
    ensure!(counters().all(is_since), "not since {started}: {points:?}");
    is_host(&host)?;
    agent.stop()
}

/// What goes up and down, or may by a little (`idle`, `wait`).
fn loosely(points: &[Point], before: &Told, after: &Told) -> Result<()> {
    let memory = |state, word| (vec![("state", state)], at("meminfo", word, 1));
    for (attributes, place) in [memory("free", "MemFree:"), memory("slab_unreclaimable", "SUnreclaim:")] {
        let of = |told: &Told| told.number(&place).map(|kib| kib * 1024.0);
        lies(one(points, "system.memory.usage", &attributes)?, of(before), of(after), 2e9)?;
    }
    for (state, column) in [("idle", 4), ("wait", 5)] {
        let of = |told: &Told| told.number(&at("stat", "cpu0", column)).map(|ticks| ticks * 0.01);
        lies(one(points, "system.cpu.time", &[("cpu", "cpu0"), ("state", state)])?, of(before), of(after), 3.0)?;
    }
    for (name, file, slack) in [("system.uptime", "uptime", 0.0), ("system.cpu.load_average.1m", "loadavg", 5.0)] {
        lies(one(points, name, &[])?, before.first(file), after.first(file), slack)?;
    }
    let processes = fs::read_dir("/proc")?.flatten().filter(|entry| entry.path().join("stat").is_file()).count() as f64;
    let told: f64 =
        points.iter().filter(|point| point.name == "system.processes.count").map(|point| point.number).sum();
    ensure!((told - processes).abs() <= processes.mul_add(0.5, 50.0), "{told} processes of {processes}");
    // The Collector listens, at least.
    ensure!(one(points, "system.network.connections", &[("state", "LISTEN")])?.number >= 1.0, "nobody listens");
    Ok(())
}

/// What is mounted at the root is as large as it is.
fn of_filesystems(points: &[Point]) -> Result<()> {
    let all = points.iter().filter(|point| point.name == "system.filesystem.usage");
    let of_root: Vec<_> = all.clone().filter(|point| point.is_of(&point.name, &[("mountpoint", "/")])).collect();
    let is_pseudo = |kind: &str| ["proc", "sysfs", "tmpfs", "cgroup2", "bpf", "overlay"].contains(&kind);
    let mut kinds = all.filter_map(|point| point.attributes.get("type"));
    ensure!(!kinds.any(|kind| is_pseudo(kind)), "{points:?}");
    if of_root.is_empty() {
        // A root that is a pseudo filesystem itself, as a container's is.
        return Ok(());
    }
    let stat = rustix::fs::statvfs("/")?;
    let told: f64 = of_root.iter().map(|point| point.number).sum();
    ensure!(
        told == (stat.f_blocks * stat.f_frsize) as f64,
        "{told} is not all of {} blocks: {of_root:?}",
        stat.f_blocks
    );
    let inodes = points.iter().filter(|point| point.is_of("system.filesystem.inodes.usage", &[("mountpoint", "/")]));
    let told: f64 = inodes.map(|point| point.number).sum();
    ensure!(told == stat.f_files as f64, "{told} of {} inodes", stat.f_files);
    Ok(())
}

/// Parts are parts, and those of a CPU's time are all of it.
fn adds_up(points: &[Point]) -> Result<()> {
    let mut parts = points.iter().filter(|point| point.name.ends_with(".utilization"));
    ensure!(parts.all(|point| (0.0..=1.0).contains(&point.number)), "{points:?}");
    let of_cpu = points.iter().filter(|point| point.is_of("system.cpu.utilization", &[("cpu", "cpu0")]));
    let whole: f64 = of_cpu.map(|point| point.number).sum();
    ensure!((whole - 1.0).abs() < 1e-6, "{whole}: {points:?}");
    let states = points.iter().filter(|point| point.is_of("system.cpu.time", &[("cpu", "cpu0")])).count();
    ensure!(states == 8, "{states} states: {points:?}");
    let online = fs::read_to_string("/proc/stat")?.lines().filter(|line| line.starts_with("cpu")).count() - 1;
    ensure!(one(points, "system.cpu.logical.count", &[])?.number == online as f64, "not {online} CPUs");
    Ok(())
}

fn is_host(host: &Value) -> Result<()> {
    let is = |key, is: &str| ensure_that(attribute(host, key).as_deref() == Some(is), host);
    is("host.name", &rustix::system::uname().nodename().to_string_lossy())?;
    is("os.type", "linux")?;
    if let Ok(id) = fs::read_to_string("/etc/machine-id") {
        is("host.id", id.trim())?;
    }
    let foreign = ["service.name", "container.id", "k8s.pod.name", "process.pid"];
    ensure_that(foreign.iter().all(|key| attribute(host, key).is_none()), host)
}

fn ensure_that(is: bool, host: &Value) -> Result<()> {
    ensure!(is, "{host}");
    Ok(())
}

pub(crate) fn across_agents_and_switched_off() -> Result<()> {
    let collector = Collector::start()?;
    let (mut agent, dir) = agent(&collector)?;
    let config = dir.path().join("config.yaml");
    let created = || newest(&collector, "system.processes.created");
    let (first, _) = eventually("the host's metrics", SOON, created)?;
    ensure!(agent.end()?.success(), "{}", agent.log());
    agent.start_again(&["--config", &config.display().to_string()])?;
    let first = one(&first, "system.processes.created", &[])?;
    let (second, _) = eventually("those of the next agent", SOON, || {
        created().filter(|(points, _)| points.iter().all(|point| point.at_unix_ns > first.at_unix_ns + 1_000_000_000))
    })?;
    let second = one(&second, "system.processes.created", &[])?;
    // The kernel counted on. When the host started follows from a clock that is adjusted.
    ensure!(second.number >= first.number, "{first:?} {second:?}");
    ensure!(second.began_unix_ns.abs_diff(first.began_unix_ns) <= 2_000_000_000, "{first:?} {second:?}");

    let own = || collector.metrics().iter().filter(|(_, metric)| metric["name"] == "process.cpu.time").count();
    let reads = || agent.log().matches("the configuration was read").count();
    let before = reads();
    set(&config, &collector, false)?;
    eventually("the file to be read", SOON, || (reads() > before).then_some(()))?;
    // What was under way comes still; then the agent's own figures go on alone.
    let (start, newest) = (own(), || of_host(&collector).0.iter().map(|point| point.at_unix_ns).max());
    eventually("the agent's own figures", SOON, || (own() > start + 5).then_some(()))?;
    let (start, last) = (own(), newest());
    eventually("more of the agent's own figures", SOON, || (own() > start + 10).then_some(()))?;
    ensure!(newest() == last, "they were switched off");
    agent.stop()
}
