//! A real OpenTelemetry Collector of the test's own, on loopback: it takes OTLP and writes what came to a file.

use crate::eventually::eventually;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The program: `cargo xtask test` builds it, and puts it into `PATH`.
pub const PROGRAM: &str = "rewind-otelcol";
const SOON: Duration = Duration::from_secs(30);

/// A running Collector; dropping it ends it.
#[derive(Debug)]
pub struct Collector {
    child: Child,
    dir: TempDir,
    http: u16,
    grpc: u16,
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

    /// As [`Collector::start`], at a port for HTTP, and with TLS.
    ///
    /// # Errors
    /// When it does not come up; what it said is in the message.
    pub fn with(http: u16, tls: Option<Tls<'_>>) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("rewind-collector-").tempdir()?;
        let grpc = free_port()?;
        let tls = tls.map_or_else(String::new, |Tls { certificate, key, client_ca }| {
            let client = client_ca.map_or_else(String::new, |path| format!(", client_ca_file: {}", path.display()));
            format!(", tls: {{cert_file: {}, key_file: {}{client}}}", certificate.display(), key.display())
        });
        let config = dir.path().join("config.yaml");
        let received = dir.path().join("received");
        fs::write(
            &config,
            format!(
                "receivers: {{otlp: {{protocols: {{http: {{endpoint: \"127.0.0.1:{http}\"{tls}}}, \
                 grpc: {{endpoint: \"127.0.0.1:{grpc}\"{tls}}}}}}}}}\n\
                 exporters: {{file: {{path: {}, flush_interval: 100ms}}}}\n\
                 service:\n  telemetry: {{metrics: {{level: none}}, logs: {{level: warn}}}}\n  pipelines:\n    \
                 traces: {{receivers: [otlp], exporters: [file]}}\n    logs: {{receivers: [otlp], exporters: [file]}}\n    \
                 metrics: {{receivers: [otlp], exporters: [file]}}\n",
                received.display()
            ),
        )?;
        let log = fs::File::create(dir.path().join("log"))?;
        let mut command = Command::new(PROGRAM);
        command.arg("--config").arg(format!("file:{}", config.display())).stdout(Stdio::null()).stderr(log);
        let collector = Self { child: command.spawn().context("cannot start the Collector")?, dir, http, grpc };
        let up = eventually("the Collector to answer", SOON, || TcpStream::connect(("127.0.0.1", http)).ok().map(drop));
        up.with_context(|| fs::read_to_string(collector.dir.path().join("log")).unwrap_or_default())?;
        Ok(collector)
    }

    /// Where it takes OTLP over HTTP.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.http)
    }

    /// Where it takes OTLP over gRPC.
    #[must_use]
    pub fn grpc_endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.grpc)
    }

    /// What came of the container whose id begins so.
    #[must_use]
    pub fn of(&self, container: &str) -> (Vec<Value>, Vec<Value>) {
        let is_its = |of: &Value| {
            let id = of.get("resource").and_then(|resource| attribute(resource, "container.id"));
            id.is_some_and(|id| id.starts_with(container))
        };
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
