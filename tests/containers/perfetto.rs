//! A crash file as a trace, held against Perfetto's published schema.

use crate::export::{crash, crash_of};
use crate::scenarios::python;
use anyhow::{Context as _, Result, bail, ensure};
use rewind_tests::perfetto::packets;
use rewind_tests::programs::{self, ours};
use serde_json::Value;
use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

fn text<'v>(of: &'v Value, pointer: &str) -> &'v str {
    of.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn dump(file: &Path, format: &str) -> Command {
    let mut command = Command::new(ours("rewind"));
    command.args(["dump", "-o", format, "--from"]).arg(file);
    command
}

/// The packets of a crash file's trace.
fn trace(dir: &TempDir, file: &Path) -> Result<Vec<Value>> {
    let path = dir.path().join("trace");
    programs::run(dump(file, "perfetto").stdout(File::create(&path)?))?.success()?;
    packets(&path)
}

pub(crate) fn holds_to_the_schema() -> Result<()> {
    let (dir, file) = crash()?;
    let calls = programs::run(&mut dump(&file, "json"))?.success()?;
    let calls: Vec<Value> = calls.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let calls = calls.iter().filter(|line| text(line, "/kind") == "call");
    let (ended, open): (Vec<_>, Vec<_>) = calls.partition(|call| text(call, "/outcome") != "in_flight");

    let packets = trace(&dir, &file)?;
    let events: Vec<_> = packets.iter().filter(|packet| packet.get("trackEvent").is_some()).collect();
    let begun = events.iter().filter(|event| text(event, "/trackEvent/categories/0") == "syscall").count();
    ensure!(!ended.is_empty() && begun == ended.len() + open.len(), "{begun} slices of {} calls", ended.len());
    nest(&events, open.len())?;

    let of = |name| events.iter().filter(move |event| text(event, "/trackEvent/name") == name);
    ensure!(of("exit").count() >= 2 && of("exec").count() >= 2, "not all instants are there");
    let crash = of("crash").next().context("no crash")?;
    let cause = text(crash, "/trackEvent/debugAnnotations/0/stringValue");
    ensure!(cause.contains("exited with 3"), "{crash}");
    let tracks: Vec<_> = packets.iter().filter_map(|packet| packet.get("trackDescriptor")).collect();
    let processes = tracks.iter().filter(|track| text(track, "/process/processName").starts_with("busybox")).count();
    ensure!(processes >= 1, "{tracks:?}");
    ensure!(text(&packets[0], "/clockSnapshot/primaryTraceClock") == "BUILTIN_CLOCK_MONOTONIC", "{}", packets[0]);
    Ok(())
}

/// Asks itself, and fails.
const ASKS: &str = "
import http.server, sys, threading, urllib.request
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self): self.send_response(204); self.end_headers()
server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
client = threading.Thread(target=urllib.request.urlopen, args=(f'http://127.0.0.1:{server.server_port}/asked',))
client.start(); server.handle_request(); client.join()
sys.exit(3)
";

pub(crate) fn ties_both_ends() -> Result<()> {
    let (dir, file) = crash_of(&python(ASKS))?;
    let packets = trace(&dir, &file)?;
    let events: Vec<_> = packets.iter().filter(|packet| packet.get("trackEvent").is_some()).collect();
    nest(&events, 0)?;
    let of = |category: &str, name: &str| {
        let is_it = |event: &&&Value| {
            text(event, "/trackEvent/categories/0") == category && text(event, "/trackEvent/name").contains(name)
        };
        let events: Vec<&Value> = events.iter().filter(is_it).copied().collect();
        events
    };
    let flow = |event: &Value| text(event, "/trackEvent/flowIds/0").to_owned();
    let (connects, accepts) = (of("connection", "TCP connect"), of("connection", "TCP accept"));
    let ([connect], [accept]) = (&connects[..], &accepts[..]) else { bail!("{connects:?} {accepts:?}") };
    ensure!(!flow(connect).is_empty() && flow(connect) == flow(accept), "{connect} {accept}");
    let instants = of("event", "connection");
    ensure!(instants.len() == 4 && instants.iter().all(|event| flow(event) == flow(connect)), "{instants:?}");
    let requests = of("request", "/asked");
    let [asked, served] = &requests[..] else { bail!("{requests:?}") };
    ensure!(!flow(asked).is_empty() && flow(asked) == flow(served) && flow(asked) != flow(connect), "{requests:?}");
    Ok(())
}

/// On each track slices are within each other or one after another: as many are left open as calls have not returned.
fn nest(events: &[&Value], left: usize) -> Result<()> {
    let at_ns = |event: &Value| text(event, "/timestamp").parse::<u64>().unwrap_or_default();
    let mut by_time = events.to_vec();
    by_time.sort_by_key(|event| at_ns(event));
    let mut open: HashMap<&str, Vec<&str>> = HashMap::new();
    for event in by_time {
        let stack = open.entry(text(event, "/trackEvent/trackUuid")).or_default();
        match text(event, "/trackEvent/type") {
            "TYPE_SLICE_BEGIN" => {
                stack.push(text(event, "/trackEvent/name"));
                ensure!(stack.len() == 1, "a call within a call: {stack:?}");
            }
            "TYPE_SLICE_END" => drop(stack.pop().with_context(|| format!("an end without a beginning: {event}"))?),
            _ => {}
        }
    }
    let still_open: usize = open.values().map(Vec::len).sum();
    ensure!(still_open == left, "{still_open} slices have no end, of {left}: {open:?}");
    Ok(())
}
