//! A real Jaeger of the test's own, on loopback: it takes OTLP, keeps traces in memory, and is asked for them.

use crate::collector::free_port;
use crate::eventually::eventually;
use crate::programs;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::fs;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The program: `cargo xtask traces` builds it, and puts it into `PATH`.
pub const PROGRAM: &str = "rewind-jaeger";
const SOON: Duration = Duration::from_secs(60);

/// A running Jaeger; dropping it ends it.
#[derive(Debug)]
pub struct Jaeger {
    child: Child,
    dir: TempDir,
    otlp: u16,
    query: u16,
}

impl Jaeger {
    /// Starts one and waits until it takes spans and questions.
    ///
    /// # Errors
    /// When it does not come up; what it said is in the message.
    pub fn start() -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("rewind-jaeger-").tempdir()?;
        let (otlp, query, grpc) = (free_port()?, free_port()?, free_port()?);
        let config = dir.path().join("config.yaml");
        fs::write(
            &config,
            format!(
                "service:\n  extensions: [jaeger_storage, jaeger_query]\n  \
                 telemetry: {{metrics: {{level: none}}, logs: {{level: warn}}}}\n  \
                 pipelines: {{traces: {{receivers: [otlp], exporters: [jaeger_storage_exporter]}}}}\n\
                 extensions:\n  jaeger_storage: {{backends: {{kept: {{memory: {{max_traces: 1000}}}}}}}}\n  \
                 jaeger_query: {{storage: {{traces: kept}}, http: {{endpoint: \"127.0.0.1:{query}\"}}, \
                 grpc: {{endpoint: \"127.0.0.1:{grpc}\"}}}}\n\
                 receivers: {{otlp: {{protocols: {{http: {{endpoint: \"127.0.0.1:{otlp}\"}}}}}}}}\n\
                 exporters: {{jaeger_storage_exporter: {{trace_storage: kept}}}}\n"
            ),
        )?;
        let log = fs::File::create(dir.path().join("log"))?;
        let mut command = Command::new(PROGRAM);
        command.arg("--config").arg(format!("file:{}", config.display())).stdout(Stdio::null()).stderr(log);
        // It would trace itself.
        command.env("OTEL_TRACES_SAMPLER", "always_off");
        let jaeger = Self { child: command.spawn().context("cannot start Jaeger")?, dir, otlp, query };
        for port in [otlp, query] {
            let up = eventually("Jaeger to answer", SOON, || TcpStream::connect(("127.0.0.1", port)).ok().map(drop));
            up.with_context(|| fs::read_to_string(jaeger.dir.path().join("log")).unwrap_or_default())?;
        }
        Ok(jaeger)
    }

    /// Where it takes OTLP over HTTP.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.otlp)
    }

    /// The spans of a trace, each with the tags of its process; none if it does not know the trace.
    ///
    /// # Errors
    /// When it cannot be asked, or does not answer with JSON.
    pub fn trace(&self, id: &str) -> Result<Vec<Span>> {
        let url = format!("http://127.0.0.1:{}/api/traces/{id}", self.query);
        let said = programs::run(Command::new("curl").args(["--silent", "--show-error", &url]))?.success()?;
        let answer: Value = serde_json::from_str(&said).with_context(|| said.clone())?;
        let Some(trace) = answer.pointer("/data/0") else { return Ok(Vec::new()) };
        let spans = trace.get("spans").and_then(Value::as_array).context("no spans")?;
        let span = |span: &Value| {
            let process = span.get("processID").and_then(Value::as_str).unwrap_or_default();
            Span {
                span: span.clone(),
                process: trace.pointer(&format!("/processes/{process}")).cloned().unwrap_or_default(),
            }
        };
        Ok(spans.iter().map(span).collect())
    }
}

impl Drop for Jaeger {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A span as Jaeger tells it.
#[derive(Clone, Debug)]
pub struct Span {
    span: Value,
    process: Value,
}

impl Span {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.span.get("spanID").and_then(Value::as_str).unwrap_or_default()
    }

    /// The span that it is below, in its own trace.
    #[must_use]
    pub fn parent(&self) -> Option<&str> {
        let references = self.span.get("references")?.as_array()?;
        let of = |reference: &Value, key: &str| reference.get(key).and_then(Value::as_str).map(str::to_owned);
        let parent = references.iter().find(|it| of(it, "refType").as_deref() == Some("CHILD_OF"))?;
        parent.get("spanID").and_then(Value::as_str)
    }

    /// How long it took.
    #[must_use]
    pub fn took(&self) -> Duration {
        Duration::from_micros(self.span.get("duration").and_then(Value::as_u64).unwrap_or_default())
    }

    /// What an attribute of it says, as text.
    #[must_use]
    pub fn tag(&self, key: &str) -> Option<String> {
        tag(&self.span, key)
    }

    /// What an attribute of its resource says, as text.
    #[must_use]
    pub fn resource(&self, key: &str) -> Option<String> {
        tag(&self.process, key)
    }
}

fn tag(of: &Value, key: &str) -> Option<String> {
    let tags = of.get("tags")?.as_array()?;
    let found = tags.iter().find(|tag| tag.get("key").and_then(Value::as_str) == Some(key))?.get("value")?;
    Some(found.as_str().map_or_else(|| found.to_string(), str::to_owned))
}
