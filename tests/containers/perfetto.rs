//! A crash file as a trace, held against Perfetto's published schema.

use crate::export::crash;
use anyhow::{Context as _, Result, ensure};
use rewind_tests::perfetto::packets;
use rewind_tests::programs::{self, ours};
use serde_json::Value;
use std::collections::HashMap;
use std::fs::File;
use std::process::Command;

fn text<'v>(of: &'v Value, pointer: &str) -> &'v str {
    of.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn holds_to_the_schema() -> Result<()> {
    let (dir, file) = crash()?;
    let dump = |format: &str| {
        let mut command = Command::new(ours("rewind"));
        command.args(["dump", "-o", format, "--from"]).arg(&file);
        command
    };
    let calls = programs::run(&mut dump("json"))?.success()?;
    let calls: Vec<Value> = calls.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let calls = calls.iter().filter(|line| text(line, "/kind") == "call");
    let (ended, open): (Vec<_>, Vec<_>) = calls.partition(|call| text(call, "/outcome") != "in_flight");

    let path = dir.path().join("trace");
    programs::run(dump("perfetto").stdout(File::create(&path)?))?.success()?;
    let packets = packets(&path)?;
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
