//! What sockets carried: requests of HTTP/1 and lookups of names, as programs made them.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::Cgroup;
use rewind_tests::eventually::eventually;
use rewind_tests::programs::{self, ours};
use rewind_tests::{resolved, workload};
use serde_json::{Value, json};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

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
    let musl = folder.path().join("lookups-musl");
    let mut build = Command::new("musl-gcc");
    build.args(["-static", "-o"]).arg(&musl).arg(workload::source("lookups.c"));
    programs::run(&mut build)?.success()?;
    let node = workload::source("lookups.js");
    let recorded = Recorded::with("lookups.py", &[&go, &node, &musl])?;
    told_as_asked(&recorded)?;
    let table = recorded.dump(&["--dns"])?;
    let line = table.lines().find(|line| line.contains("A silent.test")).context("no line")?;
    ensure!(line.contains("no answer"), "{line}");
    Ok(())
}

/// What a program asks of systemd-resolved is told, and what that asks of another server for it.
pub(crate) fn through_a_stub() -> Result<()> {
    let stub = programs::find(resolved::PROGRAM).context("no systemd-resolved")?;
    let recorded = Recorded::with("lookups.py", &[Path::new("--stub"), &stub])?;
    told_as_asked(&recorded)?;
    let told = recorded.told("--dns", "lookup")?;
    let names = [("ok.test", "NOERROR"), ("big.test", "NOERROR"), ("none.test", "NXDOMAIN"), ("bad.test", "SERVFAIL")];
    for (question, rcode) in names {
        for (direction, comm, end) in [("out", "python3", "peer"), ("in", "systemd-resolve", "local")] {
            let said = json!({"question": question, "rcode": rcode, "direction": direction, "comm": comm});
            let is_it = |line: &&Value| has(line, &said) && text(line, end) == "127.0.0.53:53";
            let line = told.iter().find(is_it).with_context(|| format!("not told: {said}: {told:#?}"))?;
            ensure!(line.get("took_ns").and_then(Value::as_u64).is_some(), "{line}");
        }
    }
    Ok(())
}

/// Whatever a server has said that it was asked is told at both ends, and nothing else.
fn told_as_asked(recorded: &Recorded) -> Result<()> {
    let mut told = recorded.told("--dns", "lookup")?;
    for said in &recorded.said {
        let mut said = said.clone();
        let program = said.as_object_mut().and_then(|said| said.remove("program")).context("no program")?;
        // Once it has read that one answer is truncated, glibc does not read the other one.
        let may_be_unread = text(&said, "question") == "big.test" && text(&said, "transport") == "udp";
        for (direction, end) in [("out", "peer"), ("in", "local")] {
            let is_like = |line: &Value| {
                let mut said = said.clone();
                if let Some(said) = said.as_object_mut().filter(|_| may_be_unread && direction == "out") {
                    said.remove("rcode");
                }
                has(line, &said)
            };
            let line = told.iter().find(|line| {
                let is_its = direction == "in" || is_of(line, &program);
                let is_asked = line.get("times") != Some(&0.into());
                let is_there = text(line, "direction") == direction && text(line, end) == "127.0.0.1:53";
                is_its && is_asked && is_there && is_like(line)
            });
            let line = line.with_context(|| format!("not told: {program} {said} {direction}: {told:#?}"))?;
            let is_answered = line.get("rcode") != Some(&Value::Null);
            let took_ns = line.get("took_ns").and_then(Value::as_u64);
            ensure!(is_answered == took_ns.is_some_and(|ns| ns < 5_000_000_000), "{line}");
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

/// A program in a container of its own.
struct Service {
    child: Child,
    cgroup: Cgroup,
}

impl Service {
    fn start(name: &str, command: &[&str]) -> Result<Self> {
        let cgroup = Cgroup::new(name)?;
        let mut shell = Command::new("sh");
        shell.args(["-c", r#"echo $$ >"$0"; exec "$@""#]).arg(cgroup.dir().join("cgroup.procs")).args(command);
        let child = shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        Ok(Self { child, cgroup })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port().to_string())
}

fn listens(port: &str) -> Option<()> {
    TcpStream::connect(format!("127.0.0.1:{port}")).ok().map(drop)
}

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const FIRST: &str = "b7ad6b7169203331";

/// curl asks nginx, which hands the header on to Node, which makes another of it for Python: one trace.
pub(crate) fn chain() -> Result<()> {
    let agent = Agent::start()?;
    let [front, middle, last] = [free_port()?, free_port()?, free_port()?];
    let folder = tempfile::tempdir()?;
    let conf = folder.path().join("nginx.conf");
    let dir = folder.path().display();
    std::fs::write(
        &conf,
        format!(
            "daemon off; master_process off; pid {dir}/pid; error_log stderr; events {{}}\n\
             http {{ access_log off; proxy_temp_path {dir}; client_body_temp_path {dir}; fastcgi_temp_path {dir};\n\
             uwsgi_temp_path {dir}; scgi_temp_path {dir};\n\
             server {{ listen 127.0.0.1:{front}; location / {{ proxy_pass http://127.0.0.1:{middle}; }} }} }}"
        ),
    )?;
    let scripts = ["last.py", "middle.js"].map(|name| workload::source(name).display().to_string());
    let python = Service::start("chain-last", &["python3", &scripts[0], &last])?;
    let node = Service::start("chain-middle", &["node", &scripts[1], &middle, &last])?;
    let nginx = Service::start("chain-front", &["nginx", "-c", &conf.display().to_string()])?;
    for port in [&front, &middle, &last] {
        eventually("all to listen", SOON, || listens(port))?;
    }
    let header = format!("traceparent: 00-{TRACE}-{FIRST}-01");
    let url = |path: &str| format!("http://127.0.0.1:{front}{path}");
    let (slow, bad) = (url("/slow"), url("/bad"));
    let curl = Service::start(
        "chain-client",
        &[
            "sh",
            "-c",
            "sleep 0.5; curl -s -o /dev/null -H \"$0\" \"$1\"; curl -s -o /dev/null \"$2\"; exec sleep 60",
            &header,
            &slow,
            &bad,
        ],
    )?;
    let spans = |of: &Service| -> Result<Vec<Value>> {
        let text = agent.ask(&["dump", &of.cgroup.path(), "-o", "otlp", "--last", "0"])?.success()?;
        let lines: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        let spans = lines.iter().filter_map(|line| line.pointer("/resourceSpans/0/scopeSpans/0/spans")?.as_array());
        Ok(spans.flatten().filter(|span| ["GET"].contains(&text_at(span, "/name"))).cloned().collect())
    };
    let of_trace = |of: &Service, kind: u64| -> Result<Value> {
        let mut all = spans(of)?;
        all.retain(|span| text_at(span, "/traceId") == TRACE && span.get("kind").and_then(Value::as_u64) == Some(kind));
        ensure!(all.len() == 1, "{all:#?}");
        all.pop().context("no span")
    };
    const SERVER: u64 = 2;
    const CLIENT: u64 = 3;
    eventually("both requests to be seen", SOON, || spans(&curl).ok().filter(|spans| spans.len() == 2))?;
    let id = |span: &Value| text_at(span, "/spanId").to_owned();
    let parent = |span: &Value| text_at(span, "/parentSpanId").to_owned();
    let first = of_trace(&curl, CLIENT)?;
    ensure!(id(&first) == FIRST && parent(&first).is_empty(), "{first:#}");
    let (served, handed_on) = (of_trace(&nginx, SERVER)?, of_trace(&nginx, CLIENT)?);
    ensure!(parent(&served) == FIRST && parent(&handed_on) == id(&served) && id(&handed_on) != FIRST, "{handed_on:#}");
    let (in_middle, from_middle) = (of_trace(&node, SERVER)?, of_trace(&node, CLIENT)?);
    ensure!(parent(&in_middle) == FIRST && parent(&from_middle) == id(&in_middle), "{from_middle:#}");
    let at_last = of_trace(&python, SERVER)?;
    ensure!(parent(&at_last) == id(&from_middle), "{at_last:#} is not below {from_middle:#}");
    // The one that is slow shows it in each of them; the one that fails too.
    for span in [&first, &served, &handed_on, &in_middle, &from_middle, &at_last] {
        let at = |key| text_at(span, key).parse::<u64>().unwrap_or_default();
        let took = at("/endTimeUnixNano").saturating_sub(at("/startTimeUnixNano"));
        ensure!((250_000_000..5_000_000_000).contains(&took), "took {took} ns: {span:#}");
    }
    let failed =
        spans(&python)?.into_iter().filter(|span| span.pointer("/status/code").and_then(Value::as_u64) == Some(2));
    ensure!(failed.count() == 1, "not one failed");
    let map = agent.ask(&["map", "-o", "json"])?.success()?;
    let map: Vec<Value> = serde_json::from_str(&map)?;
    let name = |of: &Service| of.cgroup.path().rsplit('/').next().unwrap_or_default().to_owned();
    for (from, to) in [(&curl, &nginx), (&nginx, &node), (&node, &python)] {
        let is_it = |edge: &&Value| {
            text(edge, "kind") == "http"
                && text(edge, "from").contains(&name(from))
                && text(edge, "to").contains(&name(to))
        };
        let edge =
            map.iter().find(is_it).with_context(|| format!("no edge from {} to {}: {map:#?}", name(from), name(to)))?;
        ensure!(edge.get("count") == Some(&2.into()) && edge.get("failed") == Some(&1.into()), "{edge}");
    }
    for format in ["table", "dot", "mermaid"] {
        let drawn = agent.ask(&["map", "-o", format])?.success()?;
        ensure!(drawn.contains(&name(&nginx)) && drawn.contains("http"), "{drawn}");
    }
    agent.stop()
}

fn text_at<'l>(span: &'l Value, pointer: &str) -> &'l str {
    span.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
