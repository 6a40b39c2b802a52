//! How many spans a second an agent sends to a real Collector on one core, and whether all of them come.
//!
//! The whole way is measured, from the ring to the Collector: the agent has one core to itself, and those who make
//! spans, connects that come to nothing, share the others with the Collector. Two cores have no room for as many
//! connects as the agent could send, so what it could is told by the CPU time that it took for those that there were.

use super::figures::Series;
use super::place::{self, Playground, Running, Where};
use super::table::{Goal, Table};
use super::{daemon, held, interrupt, setting};
use anyhow::{Context as _, Result};
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::{self, Cgroup};
use rewind_tests::collector::{self, Collector};
use rewind_tests::workload::{self, Linking};
use rewind_tests::{dump, programs};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Who dials.
const CONTAINERS: u64 = 16;
/// Connects of all of them a second: what two cores have room for beside the Collector.
const RATE: u64 = 8_000;
/// Of how many a pause is made.
const TOGETHER: u64 = 16;
/// How long all of it may take to come, after the last was made.
const COME: Duration = Duration::from_secs(60);
/// What is done about new containers is not what sending costs.
const SETTLE: Duration = Duration::from_secs(3);
const HEADING: &str = "spans, as an agent sends them gzipped to a Collector of this machine; the agent has one core";

/// What was measured of one run.
#[derive(Debug, Default)]
struct Figures {
    /// Spans in a second of the agent's CPU time: without the thread that reads rings, and with it.
    a_core: f64,
    a_core_with_reading: f64,
    /// While they were made.
    a_second: f64,
    /// Spans that were sent, or were to be, and are not at the Collector.
    missing: f64,
    /// Events that the agent says it lost on the way.
    lost: f64,
}

/// Measures and shows it.
pub(super) fn show(place: &Playground, collector: &Path, seconds: u64, table: &mut Table) -> Result<()> {
    eprintln!("bench: spans to a Collector, {seconds} s");
    let figures = measure(place, collector, seconds)?;
    let mut show = |what: &str, figure, goal| table.alone(HEADING, what, &Series::new([figure]), goal);
    show("spans a second of CPU time, rings not read", figures.a_core, Goal::AtLeast(50_000.0));
    show("spans a second of CPU time, all of the daemon", figures.a_core_with_reading, Goal::AtLeast(0.0));
    show("spans a second that came", figures.a_second, Goal::AtLeast(0.0));
    show("spans that did not come", figures.missing, Goal::AtMost(0.0));
    show("events that were lost before", figures.lost, Goal::AtMost(0.0));
    Ok(())
}

fn measure(place: &Playground, collector: &Path, seconds: u64) -> Result<Figures> {
    let collector = Collector::counting(collector)?;
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint()),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip".to_owned()),
        ("OTEL_LOGS_EXPORTER", "none".to_owned()),
        ("OTEL_METRICS_EXPORTER", "none".to_owned()),
    ];
    let agent = Agent::start_in(environment.into(), &setting::SIZES)?;
    dump::list(&agent)?;
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let (others, own) = (format!("0-{}", cpus.saturating_sub(2)), (cpus - 1).to_string());
    pin(collector.tgid(), &others)?;
    pin(agent.tgid(), &own)?;
    let port = collector::free_port()?;
    let each = seconds * RATE / CONTAINERS;
    interrupt::pause(SETTLE)?;
    let before = daemon::cpu_ns(agent.tgid())?;
    let begin = Instant::now();
    let mut dialing =
        (0..CONTAINERS).map(|number| dials(place, number, port, each, &others)).collect::<Result<Vec<_>>>()?;
    let within = Duration::from_secs(seconds) + COME;
    interrupt::eventually("all connects to be made", within, || {
        Ok(dialing.iter_mut().all(|container| container.program.check().is_err()).then_some(()))
    })?;
    let made = begin.elapsed();
    // And some more: of the containers' runs and processes.
    let wanted = each * CONTAINERS;
    let come = interrupt::eventually("all spans", COME, || {
        let (sent, _) = sent_and_lost(&agent)?;
        Ok(Some(collector.spans_taken()?).filter(|come| *come >= wanted.max(sent)))
    });
    let (come, after) = (come.or_else(|_| collector.spans_taken())?, daemon::cpu_ns(agent.tgid())?);
    let (sent, lost) = sent_and_lost(&agent)?;
    let missing = wanted.max(sent).saturating_sub(come);
    if missing + lost > 0 {
        let mut health = Command::new(programs::ours("rewind-agent"));
        let said = programs::run(health.arg("health").arg("--socket").arg(agent.socket()))?;
        eprintln!("bench: {come} spans came of {wanted}; the agent says: {}", said.stdout.trim());
    }
    let feed = daemon::thread_named(agent.tgid(), "feed")?;
    let taken = |tid: &std::ffi::OsString| after.get(tid).unwrap_or(&0) - before.get(tid).unwrap_or(&0);
    let all_s = after.keys().map(taken).sum::<u64>() as f64 / 1e9;
    let feed_s = taken(&feed) as f64 / 1e9;
    agent.stop()?;
    let spans = come as f64;
    Ok(Figures {
        a_core: spans / (all_s - feed_s),
        a_core_with_reading: spans / all_s,
        a_second: spans / made.as_secs_f64(),
        missing: missing as f64,
        lost: lost as f64,
    })
}

/// What the agent itself says of spans.
pub(super) fn sent_and_lost(agent: &Agent) -> Result<(u64, u64)> {
    let version: Value = serde_json::from_slice(&held::get(&agent.socket(), "/v1/version")?)?;
    let traces = version.pointer("/export/traces").context("the agent says nothing of spans")?;
    let sent = traces.get("sent").and_then(Value::as_u64).context("no number")?;
    let lost = traces.get("lost").and_then(Value::as_object).context("no losses")?;
    Ok((sent, lost.values().filter_map(Value::as_u64).sum()))
}

/// All threads of a process, and those that they will start, run there from now on.
fn pin(tgid: u32, cpus: &str) -> Result<()> {
    let mut taskset = Command::new("taskset");
    taskset.args(["--all-tasks", "--cpu-list", "--pid", cpus, &tgid.to_string()]);
    programs::run(&mut taskset)?.success().map(drop)
}

struct Container {
    /// In front of its cgroup, so that it ends first.
    program: Running,
    _cgroup: Cgroup,
}

fn dials(place: &Playground, number: u64, port: u16, connects: u64, cpus: &str) -> Result<Container> {
    let root = cgroup::root().context("no cgroup2 is mounted")?;
    let name = place.path(Where::Container);
    let cgroup = Cgroup::below(&root, &format!("{}-export-{number}", name.trim_start_matches('/')))?;
    let program = workload::compiled("dialing", Linking::Static)?;
    let pause_us = 1_000_000 * CONTAINERS * TOGETHER / RATE;
    let mut command: Command = place::into(cgroup.dir());
    command.args(["taskset", "--cpu-list", cpus]).arg(program);
    command.args([port.to_string(), connects.to_string(), pause_us.to_string()]);
    Ok(Container { program: place.start(&mut command)?, _cgroup: cgroup })
}
