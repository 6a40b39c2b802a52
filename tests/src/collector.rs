//! A real OpenTelemetry Collector of the test's own, on loopback: it takes OTLP and writes what came to a file.

use crate::eventually::eventually;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The program: `cargo xtask test` builds it, and puts it into `PATH`.
pub const PROGRAM: &str = "rewind-otelcol";
/// A receiver with all that the agent has a counterpart of; what is not on by default is switched on.
const HOST_METRICS: &str = ", hostmetrics: {collection_interval: 1s, initial_delay: 100ms, scrapers: {\
    cpu: {metrics: {system.cpu.utilization: {enabled: true}, system.cpu.logical.count: {enabled: true}, \
    system.cpu.frequency: {enabled: true}}}, load: {}, memory: {metrics: {system.memory.utilization: {enabled: true}, \
    system.memory.limit: {enabled: true}, system.linux.memory.available: {enabled: true}, \
    system.linux.memory.dirty: {enabled: true}}}, paging: {metrics: {system.paging.utilization: {enabled: true}}}, \
    disk: {}, filesystem: {metrics: {system.filesystem.utilization: {enabled: true}}}, network: {}, processes: {}, \
    system: {}}}";
const LOOPBACK: &str = "127.0.0.1";
const SOON: Duration = Duration::from_secs(30);

/// A running Collector; dropping it ends it.
#[derive(Debug)]
pub struct Collector {
    child: Child,
    dir: TempDir,
    address: String,
    http: u16,
    grpc: u16,
    /// Where it says what it has taken, if it counts.
    figures: u16,
}

/// A certificate and its key, PEM files.
#[derive(Clone, Copy, Debug)]
pub struct Tls<'p> {
    /// What it shows.
    pub certificate: &'p Path,
    /// Its key.
    pub key: &'p Path,
    /// Whose certificates it wants from who asks, if it does.
    pub client_ca: Option<&'p Path>,
}

impl Collector {
    /// Starts one and waits until it takes connections.
    ///
    /// # Errors
    /// When it does not come up; what it said is in the message.
    pub fn start() -> Result<Self> {
        Self::with(free_port()?, None)
    }

    /// The same, of this program.
    ///
    /// # Errors
    /// When it does not come up; what it said is in the message.
    pub fn of_program(program: &Path) -> Result<Self> {
        Self::run(program, (LOOPBACK, free_port()?), &Settings::default(), kept)
    }

    /// As [`Collector::start`], at a port for HTTP, and with TLS.
    ///
    /// # Errors
    /// When it does not come up; what it said is in the message.
    pub fn with(http: u16, tls: Option<Tls<'_>>) -> Result<Self> {
        let tls = tls.map_or_else(String::new, |Tls { certificate, key, client_ca }| {
            let client = client_ca.map_or_else(String::new, |path| format!(", client_ca_file: {}", path.display()));
            format!(", tls: {{cert_file: {}, key_file: {}{client}}}", certificate.display(), key.display())
        });
        Self::run(Path::new(PROGRAM), (LOOPBACK, http), &Settings { tls: &tls, ..Settings::default() }, kept)
    }

    /// Starts one that takes figures of this host itself as well, once a second, with all that it knows.
    ///
    /// # Errors
    /// When it does not come up; what it said is in the message.
    pub fn with_host_metrics() -> Result<Self> {
        Self::run(
            Path::new(PROGRAM),
            (LOOPBACK, free_port()?),
            &Settings { is_on_host: true, ..Settings::default() },
            kept,
        )
    }

    /// Starts one, of this program, that keeps nothing of what it takes, and counts it: [`Collector::spans_taken`].
    ///
    /// # Errors
    /// When it does not come up; what it said is in the message.
    pub fn counting(program: &Path) -> Result<Self> {
        let port = free_port()?;
        let figures = format!(
            "metrics: {{level: basic, readers: [{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {port}}}}}}}}}]}}"
        );
        let settings = Settings { figures: &figures, ..Settings::default() };
        let nowhere = |_: &Path| "path: /dev/null, format: proto".to_owned();
        let mut collector = Self::run(program, (LOOPBACK, free_port()?), &settings, nowhere)?;
        collector.figures = port;
        Ok(collector)
    }

    /// Starts one that takes OTLP over HTTP at an address that others than this host reach, and keeps what came.
    ///
    /// # Errors
    /// When it does not come up; what it said is in the message.
    pub fn on(address: &str, http: u16) -> Result<Self> {
        Self::run(Path::new(PROGRAM), (address, http), &Settings::default(), kept)
    }

    fn run(
        program: &Path,
        (address, http): (&str, u16),
        &Settings { tls, figures, is_on_host }: &Settings<'_>,
        keeps: impl Fn(&Path) -> String,
    ) -> Result<Self> {
        let (receiver, its) = if is_on_host { (HOST_METRICS, ", hostmetrics") } else { ("", "") };
        let dir = tempfile::Builder::new().prefix("rewind-collector-").tempdir()?;
        let grpc = free_port()?;
        let config = dir.path().join("config.yaml");
        let received = dir.path().join("received");
        fs::write(
            &config,
            format!(
                "receivers: {{otlp: {{protocols: {{http: {{endpoint: \"{address}:{http}\"{tls}}}, \
                 grpc: {{endpoint: \"{LOOPBACK}:{grpc}\"{tls}}}}}}}{receiver}}}\n\
                 exporters: {{file: {{{}}}}}\n\
                 service:\n  telemetry: {{{figures}, logs: {{level: warn}}}}\n  pipelines:\n    \
                 traces: {{receivers: [otlp], exporters: [file]}}\n    logs: {{receivers: [otlp], exporters: [file]}}\n    \
                 metrics: {{receivers: [otlp{its}], exporters: [file]}}\n",
                keeps(&received)
            ),
        )?;
        let log = fs::File::create(dir.path().join("log"))?;
        let mut command = Command::new(program);
        command.arg("--config").arg(format!("file:{}", config.display())).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().context("cannot start the Collector")?;
        let collector = Self { child, dir, address: address.to_owned(), http, grpc, figures: 0 };
        let up = eventually("the Collector to answer", SOON, || TcpStream::connect((address, http)).ok().map(drop));
        up.with_context(|| fs::read_to_string(collector.dir.path().join("log")).unwrap_or_default())?;
        Ok(collector)
    }

    /// Its process.
    #[must_use]
    pub fn tgid(&self) -> u32 {
        self.child.id()
    }

    /// How many spans it has taken, as it says itself.
    ///
    /// # Errors
    /// When it does not say: one that [counts](Collector::counting) does.
    pub fn spans_taken(&self) -> Result<u64> {
        let mut stream = TcpStream::connect((LOOPBACK, self.figures)).context("this Collector does not count")?;
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n")?;
        let mut said = String::new();
        stream.read_to_string(&mut said)?;
        // None before the first has come.
        let lines = said.lines().filter(|line| line.starts_with("otelcol_receiver_accepted_spans{"));
        Ok(lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum::<f64>() as u64)
    }

    /// Where it takes OTLP over HTTP.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}:{}", self.address, self.http)
    }

    /// Where it takes OTLP over gRPC.
    #[must_use]
    pub fn grpc_endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.grpc)
    }

    /// What came of the container whose id begins so.
    #[must_use]
    pub fn of(&self, container: &str) -> (Vec<Value>, Vec<Value>) {
        self.of_those(|resource| attribute(resource, "container.id").is_some_and(|id| id.starts_with(container)))
    }

    /// What came of a pod.
    #[must_use]
    pub fn of_pod(&self, namespace: &str, pod: &str) -> (Vec<Value>, Vec<Value>) {
        let is = |resource: &Value, key: &str, value: &str| attribute(resource, key).as_deref() == Some(value);
        self.of_those(|resource| is(resource, "k8s.namespace.name", namespace) && is(resource, "k8s.pod.name", pod))
    }

    /// Spans and log records of these resources.
    fn of_those(&self, is_wanted: impl Fn(&Value) -> bool) -> (Vec<Value>, Vec<Value>) {
        let is_its = |of: &Value| of.get("resource").is_some_and(&is_wanted);
        let all = |resource: &str, scope: &str, what: &str| {
            let its = self.messages(resource).into_iter().filter(|of| is_its(of));
            its.flat_map(|of| parts(&of, scope)).flat_map(|of| parts(&of, what)).collect()
        };
        (all("resourceSpans", "scopeSpans", "spans"), all("resourceLogs", "scopeLogs", "logRecords"))
    }

    /// All metrics that came, each with its resource.
    #[must_use]
    pub fn metrics(&self) -> Vec<(Value, Value)> {
        let of = |message: Value| {
            let resource = message.get("resource").cloned().unwrap_or_default();
            let metrics = parts(&message, "scopeMetrics").into_iter().flat_map(|of| parts(&of, "metrics"));
            metrics.map(|metric| (resource.clone(), metric)).collect::<Vec<_>>()
        };
        self.messages("resourceMetrics").into_iter().flat_map(of).collect()
    }

    /// All spans that came.
    #[must_use]
    pub fn spans(&self) -> Vec<Value> {
        self.all("resourceSpans", "scopeSpans", "spans")
    }

    /// All log records that came.
    #[must_use]
    pub fn logs(&self) -> Vec<Value> {
        self.all("resourceLogs", "scopeLogs", "logRecords")
    }

    /// The resources of what came.
    #[must_use]
    pub fn resources(&self) -> Vec<Value> {
        self.messages("resourceSpans").iter().filter_map(|of| of.get("resource")).cloned().collect()
    }

    fn all(&self, resource: &str, scope: &str, what: &str) -> Vec<Value> {
        let scopes = self.messages(resource).into_iter().flat_map(|message| parts(&message, scope));
        scopes.flat_map(|message| parts(&message, what)).collect()
    }

    fn messages(&self, key: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.received()).unwrap_or_default();
        // The last line may not be whole yet.
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter_map(|line| line.get(key)?.as_array().cloned()).flatten().collect()
    }

    fn received(&self) -> PathBuf {
        self.dir.path().join("received")
    }
}

/// How one is set up.
struct Settings<'s> {
    tls: &'s str,
    figures: &'s str,
    /// Whether it takes figures of this host itself.
    is_on_host: bool,
}

impl Default for Settings<'_> {
    fn default() -> Self {
        Self { tls: "", figures: "metrics: {level: none}", is_on_host: false }
    }
}

/// As the exporter of files has it.
fn kept(received: &Path) -> String {
    format!("path: {}, flush_interval: 100ms", received.display())
}

fn parts(of: &Value, key: &str) -> Vec<Value> {
    of.get(key).and_then(Value::as_array).cloned().unwrap_or_default()
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port of loopback that nobody listens on.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// What an attribute of a span, a log record or a resource says, as text.
#[must_use]
pub fn attribute(of: &Value, key: &str) -> Option<String> {
    let attributes = of.get("attributes")?.as_array()?;
    let found = attributes.iter().find(|attribute| attribute.get("key").and_then(Value::as_str) == Some(key))?;
    let value = found.get("value")?.as_object()?.values().next()?;
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}
