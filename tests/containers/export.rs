//! A crash file sent to a backend: to a real Collector, and to servers that fail in each way that a backend may.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::collector::{Collector, attribute};
use rewind_tests::container::Container;
use rewind_tests::eventually::eventually;
use rewind_tests::programs::{self, Said, ours};
use serde_json::Value;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(10);

/// The crash file of a container whose shell runs a program that fails.
pub(crate) fn crash() -> Result<(TempDir, PathBuf)> {
    crash_of(&Spec::new(["/usr/bin/busybox", "sh", "-c", "cat /etc/nope; exit 3"]))
}

/// The crash file of a container that exits with 3.
pub(crate) fn crash_of(spec: &Spec) -> Result<(TempDir, PathBuf)> {
    let dir = tempfile::tempdir()?;
    let agent = Agent::with_crash_dir(dir.path(), &[])?;
    let container = Container::new("rewind-export", spec)?;
    ensure!(container.run()?.code == 3, "it did not fail as it should");
    let files = || {
        fs::read_dir(dir.path())
            .ok()?
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|is| is == "rewind"))
    };
    let file = eventually("the crash file", SOON, files)?;
    agent.stop()?;
    Ok((dir, file))
}

pub(super) fn export(file: &Path, endpoint: &str, protocol: &str) -> Result<Said> {
    let mut command = Command::new(ours("rewind"));
    command.args(["export", "--endpoint", endpoint]).arg(file);
    command.env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol).env("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip");
    programs::run(&mut command)
}

pub(super) fn text<'v>(of: &'v Value, key: &str) -> &'v str {
    of.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn to_a_collector() -> Result<()> {
    let (_dir, file) = crash()?;
    let mut asked = Command::new(ours("rewind"));
    let why = programs::run(asked.arg("why").arg("--from").arg(&file))?.success()?;
    let mut asked = Command::new(ours("rewind"));
    let dump = programs::run(asked.args(["dump", "-o", "json", "--from"]).arg(&file))?.success()?;
    let calls = dump.lines().filter(|line| line.contains("\"kind\":\"call\"")).count();
    for protocol in ["http/protobuf", "http/json", "grpc"] {
        let collector = Collector::start()?;
        let endpoint = if protocol == "grpc" { collector.grpc_endpoint() } else { collector.endpoint() };
        export(&file, &endpoint, protocol)?.success()?;
        let told = |logs: &[Value], name| logs.iter().filter(|log| text(log, "eventName") == name).count();
        let logs = eventually("all log records", SOON, || {
            Some(collector.logs()).filter(|logs| told(logs, "rewind.process.crash") == 1)
        })?;
        ensure!(calls > 0 && told(&logs, "rewind.syscall") == calls, "{calls} calls, {logs:?}");
        is_one_trace(&collector.spans())?;

        let crash = logs.iter().find(|log| text(log, "eventName") == "rewind.process.crash").context("no crash")?;
        let body = crash.pointer("/body/stringValue").and_then(Value::as_str).context("no body")?;
        let answer: String = why.split_whitespace().collect::<Vec<_>>().join(" ");
        ensure!(body.contains("exited with 3") && answer.starts_with(body), "{body}\n{why}");
        let main = collector.spans().into_iter().find(|span| text(span, "spanId") == text(crash, "spanId"));
        let main = main.context("the crash is below no span")?;
        ensure!(attribute(&main, "process.vpid").as_deref() == Some("1"), "{main}");
        let resources = collector.resources();
        let id = resources.first().and_then(|resource| attribute(resource, "container.id"));
        ensure!(id.is_some_and(|id| id.starts_with("rewind-export")), "{resources:?}");
    }
    Ok(())
}

/// The run, the shell, and the shell's child, each below the one that made it.
fn is_one_trace(spans: &[Value]) -> Result<()> {
    let roots: Vec<_> = spans.iter().filter(|span| text(span, "parentSpanId").is_empty()).collect();
    let [run] = &roots[..] else { anyhow::bail!("not one root: {spans:?}") };
    ensure!(spans.iter().all(|span| text(span, "traceId") == text(run, "traceId")), "{spans:?}");
    let runs = |span: &&Value, argument: &str| {
        attribute(span, "process.command_args").is_some_and(|args| args.contains(argument))
    };
    let shell = spans.iter().find(|span| runs(span, "exit 3")).context("no shell")?;
    ensure!(text(shell, "parentSpanId") == text(run, "spanId"), "{spans:?}");
    ensure!(attribute(shell, "process.exit.code").as_deref() == Some("3"), "{shell}");
    let child = spans.iter().find(|span| text(span, "parentSpanId") == text(shell, "spanId")).context("no child")?;
    ensure!(attribute(child, "error.type").as_deref() == Some("1"), "{child}");
    Ok(())
}

/// A server that gives one answer after the other, and tells each request's path.
pub(super) struct Backend {
    pub(super) endpoint: String,
    asked: Receiver<String>,
}

impl Backend {
    pub(super) fn with(answers: Vec<&'static [u8]>) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let (tell, asked) = channel();
        thread::spawn(move || {
            for answer in answers {
                let Ok((mut peer, _)) = listener.accept() else { return };
                if answer == CUT {
                    let _ = peer.read(&mut [0; 64]);
                    continue;
                }
                let path = request(&mut peer).map(|(path, _)| path);
                let _ = tell.send(path.unwrap_or_default());
                let _ = peer.write_all(answer);
            }
        });
        Ok(Self { endpoint, asked })
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.try_iter().collect()
    }
}

/// Reads a request to its end: its path and its body.
pub(super) fn request(peer: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let read = peer.read(&mut chunk).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(chunk.get(..read)?);
        let head = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let Some(head) = head else { continue };
        let text = String::from_utf8_lossy(bytes.get(..head)?).to_ascii_lowercase();
        let length: usize = text.lines().find_map(|line| line.strip_prefix("content-length: "))?.trim().parse().ok()?;
        if bytes.len() >= head + 4 + length {
            return Some((text.split(' ').nth(1)?.to_owned(), bytes.split_off(head + 4)));
        }
    }
}

/// None: the connection ends while the request is on its way.
pub(super) const CUT: &[u8] = b"cut";
pub(super) const TAKEN: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
pub(super) const LATER: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 0\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
pub(super) const BUSY: &[u8] =
    b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 0\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
pub(super) const NEVER: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\ncontent-length: 7\r\nconnection: close\r\n\r\nno \x1b[31m";
pub(super) const PARTLY: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 66\r\nconnection: close\r\n\r\n\
    {\"partialSuccess\":{\"rejectedLogRecords\":\"2\",\"errorMessage\":\"old\"}}";
pub(super) const ENDLESS: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\nconnection: close\r\n\r\nhalf";

pub(crate) fn to_one_that_fails() -> Result<()> {
    let (_dir, file) = crash()?;
    // Taken at the second and third try; the spans are not sent again with the log records.
    let backend = Backend::with(vec![LATER, TAKEN, BUSY, LATER, TAKEN])?;
    export(&file, &backend.endpoint, "http/json")?.success()?;
    let paths = backend.asked();
    ensure!(paths == ["/v1/traces", "/v1/traces", "/v1/logs", "/v1/logs", "/v1/logs"], "{paths:?}");

    // What is refused is not tried again, and what it says cannot reach the terminal as it is.
    let backend = Backend::with(vec![NEVER, TAKEN])?;
    let said = export(&file, &backend.endpoint, "http/protobuf")?;
    ensure!(said.code == 1 && said.stderr.contains("refused with 400") && !said.stderr.contains('\x1b'), "{said:?}");
    ensure!(backend.asked().len() == 1, "it was tried again");

    // What was taken in part is not tried again, and counted.
    let backend = Backend::with(vec![TAKEN, PARTLY, TAKEN])?;
    let said = export(&file, &backend.endpoint, "http/json")?;
    ensure!(said.code == 6 && said.stderr.contains("rejected 2, and says: old"), "{said:?}");
    ensure!(backend.asked().len() == 2, "it was tried again");

    // A connection that ends before, or within, the answer is tried again.
    let backend = Backend::with(vec![b"", TAKEN, ENDLESS, TAKEN])?;
    export(&file, &backend.endpoint, "http/protobuf")?.success()?;
    ensure!(backend.asked().len() == 4, "half an answer counts as one");
    Ok(())
}
