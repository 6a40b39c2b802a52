//! What the agent sends by itself: to a real Collector, and to backends that are away, hang, or fail.

use super::export::{self, BUSY, Backend, CUT, ENDLESS, LATER, NEVER, PARTLY, TAKEN, text};
use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::collector::{Collector, attribute, free_port};
use rewind_tests::container::Container;
use rewind_tests::eventually::eventually;
use rewind_tests::programs::{self, ours};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

pub(super) const SOON: Duration = Duration::from_secs(20);
/// A backend is tried again after half a minute at most.
pub(super) const LATE: Duration = Duration::from_secs(60);

pub(super) fn environment(endpoint: &str) -> Vec<(&'static str, String)> {
    vec![
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.to_owned()),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip".to_owned()),
        ("OTEL_METRIC_EXPORT_INTERVAL", "500".to_owned()),
        // As in the image, which has no certificates.
        ("SSL_CERT_FILE", "/nowhere".to_owned()),
        ("SSL_CERT_DIR", "/nowhere".to_owned()),
    ]
}

const WAITS: &str = "while :; do /usr/bin/busybox sleep 0.2; done";

/// A shell that runs a program that fails, and fails itself.
pub(super) fn fails(id: &str) -> Result<Container> {
    let container = Container::new(id, &Spec::new(["/usr/bin/busybox", "sh", "-c", "cat /etc/nope; exit 3"]))?;
    ensure!(container.run()?.code == 3, "it did not fail as it should");
    Ok(container)
}

fn crash_file(agent: &Agent) -> Result<PathBuf> {
    let files = || {
        let mut entries = fs::read_dir(agent.crash_dir()).ok()?.flatten().map(|entry| entry.path());
        entries.find(|path| path.extension().is_some_and(|is| is == "rewind"))
    };
    eventually("the crash file", SOON, files)
}

fn ids(of: &[Value], key: &str) -> BTreeSet<String> {
    of.iter().map(|one| text(one, key).to_owned()).collect()
}

fn uids(logs: &[Value]) -> BTreeSet<String> {
    logs.iter().filter_map(|log| attribute(log, "log.record.uid")).collect()
}

fn has(logs: &[Value], name: &str) -> bool {
    logs.iter().any(|log| text(log, "eventName") == name)
}

/// All of the container's end has come: the run with how it ended, its processes, the crash.
pub(super) fn all_of(collector: &Collector, container: &str) -> Option<(Vec<Value>, Vec<Value>)> {
    let (spans, logs) = collector.of(container);
    let roots = spans.iter().filter(|span| text(span, "parentSpanId").is_empty()).count();
    let is_all =
        roots > 0 && spans.len() >= 3 && has(&logs, "rewind.process.crash") && has(&logs, "rewind.process.exec");
    is_all.then_some((spans, logs))
}

pub(crate) fn by_itself() -> Result<()> {
    let collector = Collector::start()?;
    let agent = Agent::start_in(environment(&collector.endpoint()), &[])?;
    let container = fails("rewind-exported")?;
    let (spans, logs) = eventually("all of it", SOON, || all_of(&collector, "rewind-exported"))?;
    ensure!(ids(&spans, "spanId").len() == spans.len(), "a span came twice: {spans:?}");
    ensure!(uids(&logs).len() == logs.len(), "a log record came twice: {logs:?}");
    let trace = ids(&spans, "traceId");
    ensure!(trace.len() == 1 && ids(&logs, "traceId") == trace, "not one trace: {spans:?} {logs:?}");

    // The same as the file gives.
    let second = Collector::start()?;
    export::export(&crash_file(&agent)?, &second.endpoint(), "http/protobuf")?.success()?;
    let (same, dump) = eventually("all of the file", SOON, || all_of(&second, "rewind-exported"))?;
    ensure!(ids(&same, "spanId") == ids(&spans, "spanId"), "{same:?}\n{spans:?}");
    ensure!(uids(&logs).is_subset(&uids(&dump)), "{logs:?}\n{dump:?}");
    let body = |logs: &[Value]| {
        let crash = logs.iter().find(|log| text(log, "eventName") == "rewind.process.crash")?;
        crash.pointer("/body/stringValue").and_then(Value::as_str).map(str::to_owned)
    };
    ensure!(body(&logs).is_some_and(|body| body.contains("exited with 3")) && body(&logs) == body(&dump), "{logs:?}");
    drop(container);

    // What it tells of itself.
    eventually("the agent's own figures", SOON, || {
        let metrics = collector.metrics();
        let (resource, sent) = metrics.iter().rev().find(|(_, of)| text(of, "name") == "rewind.agent.export.sent")?;
        ensure_agent(resource).ok()?;
        let points = sent.pointer("/sum/dataPoints")?.as_array()?.clone();
        let of = |signal| {
            let point = points.iter().find(|point| attribute(point, "signal").as_deref() == Some(signal))?;
            point.get("asInt")?.as_str()?.parse::<usize>().ok()
        };
        // They come twice a second: the next may know of more.
        (of("traces")? >= spans.len() && of("logs")? >= logs.len()).then_some(())
    })?;
    let health = health(&agent)?;
    ensure!(health.contains("traces to http://127.0.0.1:") && !health.contains("not sent"), "{health}");
    agent.stop()
}

fn ensure_agent(resource: &Value) -> Result<()> {
    ensure!(attribute(resource, "service.name").as_deref() == Some("rewind-agent"), "{resource}");
    ensure!(attribute(resource, "container.id").is_none(), "{resource}");
    Ok(())
}

/// As the README has it: a variable, and the agent.
pub(super) fn as_shown(assignment: &str) -> Result<()> {
    ensure!(assignment == "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318", "{assignment}");
    let collector = Collector::start()?;
    let agent = Agent::start_in(vec![("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint())], &[])?;
    fails("rewind-shown")?;
    eventually("all of it", SOON, || all_of(&collector, "rewind-shown"))?;
    agent.stop()
}

pub(crate) fn by_one_after_the_other() -> Result<()> {
    let collector = Collector::start()?;
    // Without crash files, too, an end is told.
    let never = ["--crash-when", "never"];
    let mut agent = Agent::start_in(environment(&collector.endpoint()), &never)?;
    fails("rewind-first")?;
    eventually("all of the first", SOON, || all_of(&collector, "rewind-first"))?;
    let lives = Container::new("rewind-lives", &Spec::new(["/usr/bin/busybox", "sh", "-c", WAITS]))?;
    let running = lives.start()?;
    eventually("the exec of one that lives on", SOON, || {
        has(&collector.of("rewind-lives").1, "rewind.process.exec").then_some(())
    })?;
    ensure!(agent.end()?.success(), "{}", agent.log());
    agent.start_again(&never)?;
    fails("rewind-second")?;
    drop(running);
    drop(lives);
    eventually("all of the second", SOON, || all_of(&collector, "rewind-second"))?;
    let (spans, logs) = eventually("the end of one that lived on", SOON, || {
        let (spans, logs) = collector.of("rewind-lives");
        spans.iter().any(|span| text(span, "parentSpanId").is_empty()).then_some((spans, logs))
    })?;
    // Who began with the first agent ends with the second, under the span that the first has named.
    let exec = logs.iter().find(|log| text(log, "eventName") == "rewind.process.exec").context("no exec")?;
    ensure!(ids(&spans, "spanId").contains(text(exec, "spanId")), "{exec}\n{spans:?}");
    for id in ["rewind-first", "rewind-second", "rewind-lives"] {
        let (spans, logs) = collector.of(id);
        ensure!(ids(&spans, "spanId").len() == spans.len(), "a span came twice: {spans:?}");
        ensure!(uids(&logs).len() == logs.len(), "a log record came twice: {logs:?}");
    }
    agent.stop()
}

/// A server and who asks it, in one container.
const ASKS: &str = "busybox httpd -p 127.0.0.1:8080 -h /etc; \
                    while :; do busybox wget -q -O /dev/null http://127.0.0.1:8080/nothing 2>/dev/null; busybox sleep 0.2; done";

pub(crate) fn traffic() -> Result<()> {
    let collector = Collector::start()?;
    let agent = Agent::start_in(environment(&collector.endpoint()), &[])?;
    let container = Container::new("rewind-asks", &Spec::new(["/usr/bin/busybox", "sh", "-c", ASKS]))?;
    let running = container.start()?;
    let of = |kind: i64, name: &str| {
        let (spans, _) = collector.of("rewind-asks");
        let is_it = |span: &Value| text(span, "name") == name && span.get("kind") == Some(&kind.into());
        spans.into_iter().find(is_it)
    };
    // While it lives.
    let served = eventually("a request that was served", SOON, || of(2, "GET"))?;
    let asked = eventually("a request that was made", SOON, || of(3, "GET"))?;
    let connected = eventually("a connection that was made", SOON, || of(3, "TCP connect 127.0.0.1:8080"))?;
    let accepted = eventually("a connection that was accepted", SOON, || of(2, "TCP accept 127.0.0.1:8080"))?;
    for (span, key, is) in [
        (&served, "url.path", "/nothing"),
        (&served, "http.response.status_code", "404"),
        (&asked, "url.full", "http://127.0.0.1:8080/nothing"),
        (&connected, "rewind.tcp.close_reason", "closed"),
        (&accepted, "network.local.port", "8080"),
    ] {
        ensure!(attribute(span, key).as_deref() == Some(is), "{key} is not {is}: {span}");
    }
    drop(running);
    drop(container);
    let (spans, _) = eventually("its end", SOON, || {
        let (spans, logs) = collector.of("rewind-asks");
        spans.iter().any(|span| text(span, "name").starts_with("rewind-asks")).then_some((spans, logs))
    })?;
    ensure!(ids(&spans, "spanId").len() == spans.len(), "a span came twice: {spans:?}");
    agent.stop()
}

pub(super) fn health(agent: &Agent) -> Result<String> {
    let mut command = Command::new(ours("rewind-agent"));
    programs::run(command.arg("health").arg("--socket").arg(agent.socket()))?.success()
}

pub(crate) fn killed_while_away() -> Result<()> {
    let port = free_port()?;
    let endpoint = format!("http://127.0.0.1:{port}");
    let mut agent = Agent::start_in(environment(&endpoint), &[])?;
    let _container = fails("rewind-killed")?;
    crash_file(&agent)?;
    let dir = agent.crash_dir().join("export");
    eventually("the end to be on disk", SOON, || (fs::read_dir(&dir).ok()?.count() > 0).then_some(()))?;
    agent.kill()?;
    agent.start_again(&[])?;
    let collector = Collector::with(port, None)?;
    let (spans, logs) = eventually("all of it", LATE, || all_of(&collector, "rewind-killed"))?;
    let files = fs::read_dir(agent.crash_dir())?.flatten().map(|entry| entry.path());
    let file = files.into_iter().find(|path| path.extension().is_some_and(|is| is == "rewind")).context("no file")?;
    let second = Collector::start()?;
    export::export(&file, &second.endpoint(), "http/protobuf")?.success()?;
    let (same, _) = eventually("all of the file", SOON, || all_of(&second, "rewind-killed"))?;
    ensure!(ids(&same, "spanId") == ids(&spans, "spanId"), "{same:?}\n{spans:?}");
    ensure!(has(&logs, "rewind.process.exit"), "{logs:?}");
    eventually("nothing to be left on disk", SOON, || (fs::read_dir(&dir).ok()?.count() == 0).then_some(()))?;
    agent.stop()
}

pub(crate) fn to_ones_that_fail() -> Result<()> {
    // Log records alone: one request after the other, each at the next answer.
    let only_logs = |endpoint: &str| {
        let mut environment = environment(endpoint);
        environment.extend(
            [("OTEL_TRACES_EXPORTER", "none"), ("OTEL_METRICS_EXPORTER", "none")]
                .map(|(name, is)| (name, is.to_owned())),
        );
        environment.push(("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json".to_owned()));
        environment
    };
    let answers = vec![CUT, b"", ENDLESS, LATER, BUSY, PARTLY, NEVER, TAKEN, TAKEN, TAKEN, TAKEN];
    let backend = Backend::with(answers)?;
    let agent = Agent::start_in(only_logs(&backend.endpoint), &[])?;
    let said = eventually("each answer to be heeded", LATE, || {
        // Something to send.
        fails("rewind-failing").ok()?;
        let said = health(&agent).ok()?;
        (said.contains("refused") && said.contains("2 rejected") && said.contains(" sent, the last")).then_some(said)
    })?;
    ensure!(!said.contains("queue_full") && !said.contains("given_up"), "{said}");
    let paths = backend.asked();
    ensure!(paths.len() >= 6 && paths.iter().all(|path| path == "/v1/logs"), "{paths:?}");
    agent.stop()
}

pub(crate) fn to_one_that_hangs() -> Result<()> {
    // It takes connections, and never a byte.
    let backend = TcpListener::bind(("127.0.0.1", 0))?;
    let agent = Agent::start_in(environment(&format!("http://{}", backend.local_addr()?)), &[])?;
    let before = resident_bytes(&agent)?;
    // In bursts that the ring holds until they are read.
    let busy = "p=/nope/$(/usr/bin/busybox printf '%0200d' 0); i=0; while [ $i -lt 60 ]; do i=$((i+1)); j=0; \
                while [ $j -lt 1500 ]; do true < $p; j=$((j+1)); done; /usr/bin/busybox usleep 100000; done 2>/dev/null";
    let container = Container::new("rewind-hanging", &Spec::new(["/usr/bin/busybox", "sh", "-c", busy]))?;
    let ran = container.run()?;
    ensure!(ran.code == 0, "{ran:?}");
    let full = eventually("the queue to be full", LATE, || {
        let said = health(&agent).ok()?;
        said.contains("queue_full").then_some(said)
    });
    let said = full.with_context(|| format!("{:?}", health(&agent)))?;
    let grown = resident_bytes(&agent)?.saturating_sub(before);
    // Two queues of 4 MiB, what is in flight, and what the recorder itself needs.
    ensure!(grown < 48 << 20, "the agent has grown by {grown} bytes: {said}");
    // The recorder goes on.
    let listed = agent.ask(&["list"])?.success()?;
    ensure!(listed.contains("rewind-hanging"), "{listed}");
    agent.stop()
}

pub(super) fn resident_bytes(agent: &Agent) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", agent.tgid()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).context("no RssAnon")?;
    let kib: u64 = line.split_whitespace().next().context("no number")?.parse()?;
    Ok(kib << 10)
}

pub(crate) fn by_the_file_of_settings() -> Result<()> {
    let collector = Collector::start()?;
    let dir = tempfile::tempdir()?;
    let config = dir.path().join("config.yaml");
    fs::write(&config, "{}")?;
    let agent = Agent::start_with(&["--config", &config.display().to_string()])?;
    fails("rewind-before")?;
    ensure!(health(&agent)?.is_empty(), "it exports, and nobody has said so");
    fs::write(&config, format!("export:\n  endpoint: {}\n  metrics: {{exporter: none}}\n", collector.endpoint()))?;
    eventually("the file to be read", SOON, || health(&agent).ok()?.contains("logs to").then_some(()))?;
    fails("rewind-after")?;
    eventually("all of it", SOON, || all_of(&collector, "rewind-after"))?;
    ensure!(collector.metrics().is_empty(), "metrics were switched off");
    fs::write(&config, "{}\n")?;
    eventually("the file to be read", SOON, || (!health(&agent).ok()?.contains("logs to")).then_some(()))?;
    fails("rewind-off")?;
    agent.stop()?;
    let (spans, logs) = collector.of("rewind-off");
    ensure!(spans.is_empty() && logs.is_empty(), "{spans:?} {logs:?}");
    Ok(())
}

/// Whether a span is that of a request.
fn is_request(span: &Value) -> bool {
    attribute(span, "http.request.method").is_some()
}

pub(crate) fn without_requests() -> Result<()> {
    let collector = Collector::start()?;
    let dir = tempfile::tempdir()?;
    let config = dir.path().join("config.yaml");
    let settings = |requests: &str| format!("export: {{endpoint: '{}'{requests}}}\n", collector.endpoint());
    fs::write(&config, settings(", requestSpans: false"))?;
    let agent = Agent::start_with(&["--config", &config.display().to_string()])?;
    // A backend is a server of HTTP as well.
    let asks = |id: &str| -> Result<Vec<Value>> {
        let script = format!("/usr/bin/busybox wget -q -O - {}/asked; exit 3", collector.endpoint());
        let container = Container::new(id, &Spec::new(["/usr/bin/busybox", "sh", "-c", &script]))?;
        ensure!(container.run()?.code == 3, "it did not fail as it should");
        let (spans, _) = eventually("all of it", SOON, || all_of(&collector, id))?;
        ensure!(spans.iter().any(|span| text(span, "name").starts_with("TCP connect")), "no connection: {spans:?}");
        Ok(spans)
    };
    let spans = asks("rewind-reporting")?;
    ensure!(!spans.iter().any(is_request), "{spans:?}");
    fs::write(&config, settings(""))?;
    eventually("spans of requests", SOON, || asks("rewind-silent").ok()?.iter().any(is_request).then_some(()))?;
    agent.stop()
}
