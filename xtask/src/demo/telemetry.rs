//! `cargo xtask demo --telemetry`: a Collector, the agent and three containers; then what arrived, of each kind.

use super::{say, show};
use crate::{build, collector, setup};
use anyhow::{Context as _, Result};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::collector::{Collector, attribute, free_port};
use rewind_tests::container::Container;
use rewind_tests::eventually::eventually;
use rewind_tests::points::points;
use rewind_tests::programs;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// How long it is waited for what is asked for.
const SOON: Duration = Duration::from_secs(30);
/// Serves requests at the port in its argument, until it is ended.
const SERVER: &str = "
import http.server, sys
class Shop(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(404 if self.path == '/gone' else 200)
        self.send_header('Content-Length', '0')
        self.end_headers()
http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), Shop).serve_forever()
";
/// Asks it: ten times for what is there, once for what is not.
const CLIENT: &str = "
import http.client, sys, time
for path in ['/'] * 10 + ['/gone']:
    for attempt in range(50):
        try:
            connection = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]))
            connection.request('GET', path)
            connection.getresponse().read()
            break
        except OSError: time.sleep(0.1)
";
/// Cannot read its settings.
const CRASHING: &str = "open('/etc/shop/shop.toml')";

pub(super) fn run() -> Result<()> {
    setup::for_build()?;
    setup::for_demo()?;
    let built = build::all(true)?;
    programs::set_bin_dir(&built);
    let collector = Collector::of_program(&collector::program()?)?;
    let dir = tempfile::tempdir()?;
    let config = dir.path().join("config.yaml");
    fs::write(&config, settings(&collector.endpoint()))?;
    say(&format!("cat {}", config.display()));
    print!("{}", fs::read_to_string(&config)?);
    let agent = Agent::start_with(&["--config", &config.display().to_string()])?;
    say(&format!("rewind-agent run --config {} &", config.display()));

    let port = free_port()?.to_string();
    let python = |script: &str| Spec::new(["/usr/bin/python3", "-c", script, &port]);
    let server = Container::new("demo-server", &python(SERVER))?;
    say(&programs::typed(&server.command()));
    let running = server.start()?;
    show(&mut Container::new("demo-client", &python(CLIENT))?.command(), 0)?;
    show(&mut Container::new("demo-crashing", &python(CRASHING))?.command(), 1)?;
    let is_there = || has_all(&collector).then_some(());
    eventually("spans, log records and metrics of all three", SOON, is_there)?;
    drop(running);
    say("what arrived at the Collector");
    told(&collector);
    agent.stop()
}

fn settings(endpoint: &str) -> String {
    let every = "{interval: 1s}";
    format!(
        "export:\n  endpoint: {endpoint}\n  hostMetrics: {every}\n  containerMetrics: {every}\n  trafficMetrics: {every}\n"
    )
}

/// Whether something of each kind has come, also of the container that crashed last.
fn has_all(collector: &Collector) -> bool {
    let metrics = collector.metrics();
    let has = |name: &str| metrics.iter().any(|(_, metric)| name_of(metric) == name);
    let is_crash = |log: &Value| event_of(log) == "rewind.process.crash";
    let names = ["system.memory.usage", "rewind.container.calls", "rewind.container.crashes"];
    names.iter().chain(&["http.server.request.duration", "http.client.request.duration"]).all(|name| has(name))
        && collector.logs().iter().any(is_crash)
        && collector.spans().iter().any(|span| name_of(span) == "GET")
}

fn told(collector: &Collector) {
    let mut spans = BTreeMap::<String, usize>::new();
    for span in collector.spans() {
        *spans.entry(kind_of(&span)).or_default() += 1;
    }
    section("SPANS", spans);
    let mut logs = BTreeMap::<String, usize>::new();
    let all = collector.logs();
    all.iter().for_each(|log| *logs.entry(event_of(log)).or_default() += 1);
    section("LOG RECORDS", logs);
    for crash in all.iter().filter(|log| event_of(log) == "rewind.process.crash") {
        let body = crash.pointer("/body/stringValue").and_then(Value::as_str).unwrap_or_default();
        println!("  why it crashed: {body}");
    }
    let mut metrics = BTreeMap::<String, (BTreeSet<String>, usize)>::new();
    for (resource, metric) in collector.metrics() {
        let (names, count) = metrics.entry(whose(&resource)).or_default();
        names.insert(name_of(&metric).to_owned());
        *count += points(&metric).len();
    }
    section("METRICS, DATA POINTS", metrics.iter().map(|(of, (_, count))| (of.clone(), *count)).collect());
    for (of, (names, _)) in metrics {
        println!("  {of}: {}", names.into_iter().collect::<Vec<_>>().join(", "));
    }
}

fn section(title: &str, rows: BTreeMap<String, usize>) {
    let total: usize = rows.values().sum();
    println!("\n{title} {total}");
    let width = rows.keys().map(|name| name.chars().count()).max().unwrap_or_default();
    rows.iter().for_each(|(name, count)| println!("  {name:width$}  {count}"));
}

fn name_of(of: &Value) -> &str {
    of.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn event_of(log: &Value) -> String {
    let name = log.get("eventName").and_then(Value::as_str).map(str::to_owned);
    name.unwrap_or_else(|| "other".to_owned())
}

/// What a span is of, without what makes it one of many.
fn kind_of(span: &Value) -> String {
    let has = |key| attribute(span, key).is_some();
    let kind = if has("http.request.method") {
        "HTTP requests"
    } else if has("dns.question.name") {
        "DNS lookups"
    } else if has("rewind.tcp.retransmits") {
        "TCP connections"
    } else if has("rewind.recording") {
        "runs of containers"
    } else {
        "processes"
    };
    kind.to_owned()
}

/// Whose metrics are, by their resource.
fn whose(resource: &Value) -> String {
    let of = |key| attribute(resource, key);
    if let Some(id) = of("container.id").or_else(|| of("container.name")) {
        return format!("container {}", id.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-'));
    }
    match of("service.name") {
        Some(name) => name,
        None => format!("host {}", of("host.name").unwrap_or_default()),
    }
}

/// That Python is there: without it there is nothing to serve with.
pub(super) fn check() -> Result<()> {
    Path::new("/usr/bin/python3").exists().then_some(()).context("the containers run Python: apt-get install python3")
}
