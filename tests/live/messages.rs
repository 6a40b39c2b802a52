//! What sockets carried: requests of HTTP/1 and lookups of names, as programs made them.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::programs::{self, ours};
use rewind_tests::workload;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// What a script did, in namespaces of its own.
struct Recorded {
    /// What it said is to be seen.
    said: Vec<Value>,
    file: tempfile::NamedTempFile,
}

impl Recorded {
    fn of(script: &str) -> Result<Self> {
        Self::with(script, &[])
    }

    fn with(script: &str, arguments: &[&Path]) -> Result<Self> {
        let file = tempfile::Builder::new().suffix(".rewind").tempfile()?;
        let mut record = Command::new(ours("rewind-agent"));
        record.args(["record", "-o", "file", "--no-payload", "--output"]).arg(file.path());
        record.args(["--", "unshare", "-n", "-m", "python3"]).arg(workload::source(script)).args(arguments);
        let ran = programs::run(&mut record)?;
        ensure!(ran.code == 0, "{script} exited with {}: {}", ran.code, ran.stderr);
        let said = ran.stdout.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        Ok(Self { said, file })
    }

    /// What `rewind dump` shows of it.
    fn dump(&self, options: &[&str]) -> Result<String> {
        let shown =
            programs::run(Command::new(ours("rewind")).args(["dump", "--from"]).arg(self.file.path()).args(options))?;
        ensure!(shown.code == 0, "{}", shown.stderr);
        Ok(shown.stdout)
    }

    /// The JSON lines of this kind.
    fn told(&self, option: &str, kind: &str) -> Result<Vec<Value>> {
        let dump = self.dump(&[option, "-o", "json"])?;
        let lines: Vec<Value> = dump.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        Ok(lines.into_iter().filter(|line| line.get("kind").and_then(Value::as_str) == Some(kind)).collect())
    }
}

/// Whether a line has all that is to be seen.
fn has(line: &Value, said: &Value) -> bool {
    said.as_object().is_some_and(|said| said.iter().all(|(key, value)| line.get(key) == Some(value)))
}

/// Takes the one line that is like this.
fn take(lines: &mut Vec<Value>, said: &Value) -> Result<Value> {
    let at = lines.iter().position(|line| has(line, said));
    let at = at.with_context(|| format!("not told: {said}; what is left: {lines:#?}"))?;
    Ok(lines.remove(at))
}

pub(crate) fn requests() -> Result<()> {
    let recorded = Recorded::of("messages.py")?;
    let mut told = recorded.told("--http", "request")?;
    for said in &recorded.said {
        for direction in ["out", "in"] {
            let mut said = said.clone();
            if let Some(said) = said.as_object_mut() {
                said.insert("direction".to_owned(), direction.into());
                said.entry("doubts").or_insert_with(|| Value::Array(Vec::new()));
            }
            let line = take(&mut told, &said)?;
            let took_ns = line.get("took_ns").and_then(Value::as_u64);
            let is_answered = said.get("status") != Some(&Value::Null);
            ensure!(is_answered == took_ns.is_some_and(|ns| ns < 10_000_000_000), "{line}");
            ensure!(line.get("comm").and_then(Value::as_str) == Some("python3"), "{line}");
        }
    }
    ensure!(told.is_empty(), "told, and not done: {told:#?}");
    for options in [&["-o", "json"][..], &["--http"], &["-o", "otlp"]] {
        let dump = recorded.dump(options)?;
        ensure!(!dump.contains("hunter2"), "a secret is shown by dump {options:?}");
    }
    let table = recorded.dump(&["--http"])?;
    let line = table.lines().find(|line| line.contains("DELETE shop/fourth")).context("no line")?;
    ensure!(line.contains("404") && line.contains("python3["), "{line}");
    Ok(())
}

pub(crate) fn lookups() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let go = folder.path().join("lookups-go");
    let mut build = Command::new("go");
    build.args(["build", "-o"]).arg(&go).arg(workload::source("lookups.go")).env("CGO_ENABLED", "0");
    programs::run(&mut build)?.success()?;
    let node = workload::source("lookups.js");
    let recorded = Recorded::with("lookups.py", &[&go, &node])?;
    let mut told = recorded.told("--dns", "lookup")?;
    for said in &recorded.said {
        let mut said = said.clone();
        let program = said.as_object_mut().and_then(|said| said.remove("program")).context("no program")?;
        // Once it has read that one answer is truncated, glibc does not read the other one.
        let may_be_unread = text(&said, "question") == "big.test" && text(&said, "transport") == "udp";
        for direction in ["out", "in"] {
            let is_like = |line: &Value| {
                let mut said = said.clone();
                if let Some(said) = said.as_object_mut().filter(|_| may_be_unread && direction == "out") {
                    said.remove("rcode");
                }
                has(line, &said)
            };
            let line = told.iter().find(|line| {
                let is_its = direction == "in" || is_of(line, &program);
                is_its && text(line, "direction") == direction && is_like(line)
            });
            let line = line.with_context(|| format!("not told: {program} {said} {direction}: {told:#?}"))?;
            let is_answered = line.get("rcode") != Some(&Value::Null);
            let took_ns = line.get("took_ns").and_then(Value::as_u64);
            ensure!(is_answered == took_ns.is_some_and(|ns| ns < 5_000_000_000), "{line}");
            ensure!(direction == "in" || text(line, "peer") == "127.0.0.1:53", "{line}");
            let is_found = text(line, "rcode") == "NOERROR" && !may_be_unread;
            let addresses = line.get("addresses").and_then(Value::as_array).map_or(0, Vec::len);
            ensure!((addresses > 0) == is_found, "{line}");
        }
    }
    // Whatever is told was asked for: how often is each program's affair.
    told.retain(|line| {
        !recorded
            .said
            .iter()
            .any(|said| ["question", "type", "transport"].iter().all(|key| line.get(key) == said.get(key)))
    });
    ensure!(told.is_empty(), "told, and not asked: {told:#?}");
    let table = recorded.dump(&["--dns"])?;
    let line = table.lines().find(|line| line.contains("A silent.test")).context("no line")?;
    ensure!(line.contains("no answer"), "{line}");
    Ok(())
}

fn text<'l>(line: &'l Value, key: &str) -> &'l str {
    line.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a line is of this program, of whose name the kernel keeps 15 bytes; Node's thread has one of its own.
fn is_of(line: &Value, program: &Value) -> bool {
    let program = program.as_str().unwrap_or_default();
    let comm = text(line, "comm");
    if program.ends_with(".js") {
        comm == "node" || comm.contains("MainThread")
    } else {
        !comm.is_empty() && program.starts_with(comm)
    }
}
