//! Backends under load that are away, slow, or not believed: what that costs, and that each event is accounted for.

use super::export::{self, TAKEN, text};
use super::exported::{LATE, SOON, all_of, environment, fails, health, resident_bytes};
use super::transports::Certificates;
use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::collector::{Collector, Tls, attribute, free_port};
use rewind_tests::container::Container;
use rewind_tests::eventually::eventually;
use rewind_tests::workload::{self, Linking};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// How long a slow backend takes for each request, of 256 KiB of records at most: 5 MiB of them while the load runs.
const SLOW: Duration = Duration::from_secs(1);
/// Connects of the load, 3,200 a second: each is two events and a span. Their records are three times what a queue has
/// room for.
const CONNECTS: u64 = 60_000;
/// Two queues of 4 MiB, what is in flight, and what the recorder itself needs.
const MAX_GROWTH: u64 = 48 << 20;

/// An agent whose own figures go to a backend that is well, whatever becomes of the others, and whose events are
/// written to a file as well.
struct Watched {
    agent: Agent,
    figures: Collector,
    events: tempfile::NamedTempFile,
    bytes_before: u64,
}

impl Watched {
    fn start(endpoint: &str) -> Result<Self> {
        let (figures, events) = (Collector::start()?, tempfile::NamedTempFile::new()?);
        let mut environment = environment(endpoint);
        environment.push(("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", format!("{}/v1/metrics", figures.endpoint())));
        environment.push(("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json".to_owned()));
        environment.push(("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "http/json".to_owned()));
        environment.push(("OTEL_EXPORTER_OTLP_COMPRESSION", "none".to_owned()));
        let agent = Agent::start_in(environment, &["--event-log", &events.path().display().to_string()])?;
        let bytes_before = resident_bytes(&agent)?;
        Ok(Self { agent, figures, events, bytes_before })
    }

    /// A figure of a signal as it was told last; of what was lost, for one reason.
    fn figure(&self, name: &str, signal: &str, reason: Option<&str>) -> Option<u64> {
        let metrics = self.figures.metrics();
        let (_, metric) = metrics.iter().rev().find(|(_, metric)| text(metric, "name") == name)?;
        let is_it = |point: &&Value| {
            attribute(point, "signal").as_deref() == Some(signal) && attribute(point, "reason").as_deref() == reason
        };
        metric.pointer("/sum/dataPoints")?.as_array()?.iter().find(is_it)?.get("asInt")?.as_str()?.parse().ok()
    }

    fn sent(&self, signal: &str) -> Option<u64> {
        self.figure("rewind.agent.export.sent", signal, None)
    }

    /// How many events there were, as a subscriber that missed none has it.
    fn events(&self) -> Result<u64> {
        let text = fs::read_to_string(self.events.path())?;
        let (missed, events): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with("{\"missed\""));
        ensure!(missed.iter().all(|line| line.contains("\"queue_full\":0")), "the file missed some: {missed:?}");
        Ok(events.len() as u64)
    }

    /// Each event was taken from the queue, or is counted as one that found no room in it.
    fn accounts_for_all(&self, signal: &str) -> Result<()> {
        let found = eventually("each event to be accounted for", LATE, || {
            let seen = self.figure("rewind.agent.events", signal, None)?;
            let lost = self.figure("rewind.agent.export.lost", signal, Some("queue_full"))?;
            (seen + lost == self.events().ok()?).then_some(())
        });
        found.with_context(|| {
            let seen = self.figure("rewind.agent.events", signal, None);
            let lost = self.figure("rewind.agent.export.lost", signal, Some("queue_full"));
            format!("{signal}: {seen:?} seen, {lost:?} lost, of {:?}: {:?}", self.events(), health(&self.agent))
        })
    }

    fn has_not_grown(&self) -> Result<()> {
        let grown = resident_bytes(&self.agent)?.saturating_sub(self.bytes_before);
        ensure!(grown < MAX_GROWTH, "the agent has grown by {grown} bytes: {:?}", health(&self.agent));
        Ok(())
    }
}

/// Connects that come to nothing, a span each, until all are made.
fn dials(id: &str) -> Result<()> {
    let program = workload::inside("dialing", Linking::Static)?;
    let arguments = [program, free_port()?.to_string(), CONNECTS.to_string(), "5000".to_owned()];
    let ran = Container::new(id, &Spec::new(arguments))?.run()?;
    ensure!(ran.code == 0, "{ran:?}");
    Ok(())
}

pub(crate) fn away() -> Result<()> {
    let port = free_port()?;
    let watched = Watched::start(&format!("http://127.0.0.1:{port}"))?;
    dials("rewind-away")?;
    eventually("the queues to be full", LATE, || {
        (health(&watched.agent).ok()?.matches("queue_full").count() == 2).then_some(())
    })?;
    watched.has_not_grown()?;
    let collector = Collector::with(port, None)?;
    fails("rewind-back")?;
    eventually("what comes afterwards", LATE, || all_of(&collector, "rewind-back"))?;
    for signal in ["traces", "logs"] {
        watched.accounts_for_all(signal)?;
    }
    let spans = eventually("each span that was sent", LATE, || {
        let spans = collector.spans();
        (spans.len() as u64 == watched.sent("traces")?).then_some(spans)
    })?;
    let of_connects = spans.iter().filter(|span| text(span, "name").starts_with("TCP connect"));
    let of_connects: BTreeSet<&str> = of_connects.map(|span| text(span, "spanId")).collect();
    let lost = watched.figure("rewind.agent.export.lost", "traces", Some("queue_full")).unwrap_or(0);
    // Of each connect the failed call is an event too. What is lost of the feed may be in the ring at the end.
    let come = of_connects.len() as u64;
    ensure!(come <= CONNECTS && come + lost >= CONNECTS, "{come} of {CONNECTS} connects came, {lost} events did not");
    for reason in ["given_up", "refused", "unmade", "spill_full"] {
        let lost = watched.figure("rewind.agent.export.lost", "traces", Some(reason));
        ensure!(lost == Some(0), "{reason}: {lost:?}");
    }
    watched.agent.stop()
}

/// A backend that takes all, each request after [`SLOW`].
struct Slow {
    endpoint: String,
    spans: Arc<AtomicU64>,
}

impl Slow {
    fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let spans = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&spans);
        thread::spawn(move || {
            for peer in listener.incoming().flatten() {
                let spans = Arc::clone(&counted);
                thread::spawn(move || answer(peer, &spans));
            }
        });
        Ok(Self { endpoint, spans })
    }
}

fn answer(mut peer: TcpStream, spans: &AtomicU64) {
    let Some((_, body)) = export::request(&mut peer) else { return };
    thread::sleep(SLOW);
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let list = |of: &Value, key: &str| of.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let scopes = list(&message, "resourceSpans").into_iter().flat_map(|of| list(&of, "scopeSpans"));
    let count: usize = scopes.map(|of| list(&of, "spans").len()).sum();
    if peer.write_all(TAKEN).is_ok() {
        spans.fetch_add(count as u64, Ordering::Relaxed);
    }
}

pub(crate) fn slow() -> Result<()> {
    let backend = Slow::start()?;
    let watched = Watched::start(&backend.endpoint)?;
    dials("rewind-slow")?;
    watched.has_not_grown()?;
    for signal in ["traces", "logs"] {
        watched.accounts_for_all(signal)?;
    }
    let lost = watched.figure("rewind.agent.export.lost", "traces", Some("queue_full"));
    ensure!(lost.is_some_and(|lost| lost > 0), "it was not too slow: {:?}", health(&watched.agent));
    // One request after the other: what a slow one takes is less, and nothing of it is sent again.
    eventually("each span that was sent", LATE, || {
        let sent = watched.sent("traces")?;
        (sent > 0 && sent == backend.spans.load(Ordering::Relaxed)).then_some(())
    })?;
    let again = watched.figure("rewind.agent.export.retries", "traces", None);
    ensure!(again == Some(0), "{again:?} requests were sent again: {:?}", health(&watched.agent));
    watched.agent.stop()
}

pub(crate) fn not_believed() -> Result<()> {
    let certificates = Certificates::make()?;
    let (certificate, key) = (certificates.path("server.pem"), certificates.path("server.key"));
    let collector = Collector::with(free_port()?, Some(Tls { certificate: &certificate, key: &key, client_ca: None }))?;
    let dir = tempfile::tempdir()?;
    let config = dir.path().join("config.yaml");
    let believe = |authority: &Path| {
        let endpoint = collector.endpoint().replace("http://", "https://");
        fs::write(&config, format!("export:\n  endpoint: {endpoint}\n  certificate: {}\n", authority.display()))
    };
    believe(&certificates.path("other.pem"))?;
    let agent = Agent::start_with(&["--config", &config.display().to_string()])?;
    fails("rewind-believed")?;
    eventually("a word on the certificate", SOON, || health(&agent).ok()?.contains("certificate").then_some(()))?;
    let (spans, logs) = collector.of("rewind-believed");
    ensure!(spans.is_empty() && logs.is_empty(), "it went to one that is not believed: {spans:?} {logs:?}");
    // What waited goes to one that is.
    believe(&certificates.path("ca.pem"))?;
    eventually("all of it", LATE, || all_of(&collector, "rewind-believed"))?;
    agent.stop()
}
