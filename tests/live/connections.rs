//! TCP connections as events: what a program did, exactly that is told.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::Cgroup;
use rewind_tests::eventually::eventually;
use rewind_tests::programs::{self, ours};
use rewind_tests::workload;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

/// What a program's connections were, in a network namespace of its own.
struct Recorded {
    /// What it said: a name, its port, and the peer's.
    said: Vec<(String, u64, u64)>,
    header: Value,
    events: Vec<Value>,
}

impl Recorded {
    fn of(program: &str, arguments: &[&str]) -> Result<Self> {
        Self::script(r#"exec python3 "$@""#, |command| {
            command.arg(workload::source(program)).args(arguments);
        })
    }

    /// Of a shell's script.
    fn script(script: &str, arguments: impl Fn(&mut Command)) -> Result<Self> {
        let file = tempfile::NamedTempFile::new()?;
        let mut record = Command::new(ours("rewind-agent"));
        record.args(["record", "-o", "json", "--output"]).arg(file.path()).args(["--", "unshare", "-n", "sh", "-c"]);
        record.args([&format!("ip link set lo up && {script}"), "sh"]);
        arguments(&mut record);
        let said = programs::run(&mut record)?;
        ensure!(said.code == 0, "it exited with {}: {}", said.code, said.stderr);
        let lines = said.stdout.lines().filter_map(|line| {
            let mut words = line.split(' ');
            Some((words.next()?.to_owned(), words.next()?.parse().ok()?, words.next()?.parse().ok()?))
        });
        let events: Vec<Value> =
            std::fs::read_to_string(file.path())?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        let header = events.first().cloned().context("no header")?;
        Ok(Self { said: lines.collect(), header, events })
    }

    /// The events of connections that tell `what` of this end's and the other end's port; 0: any.
    fn told(&self, what: &str, local: u64, peer: u64) -> Vec<&Value> {
        let is = |event: &Value, pointer: &str, port: u64| port == 0 || number(event, pointer) == Some(port);
        let of_kind = self.events.iter().filter(|event| text(event, "/kind") == "connection");
        of_kind
            .filter(|event| text(event, "/what") == what)
            .filter(|event| is(event, "/local/port", local) && is(event, "/peer/port", peer))
            .collect()
    }

    /// The only one.
    fn one(&self, what: &str, local: u64, peer: u64) -> Result<&Value> {
        match self.told(what, local, peer)[..] {
            [one] => Ok(one),
            ref several => anyhow::bail!("not one {what} from {local} to {peer}: {several:?}"),
        }
    }

    fn ports(&self, name: &str) -> Result<(u64, u64)> {
        let of = self.said.iter().find(|(said, ..)| said == name);
        of.map(|(_, local, peer)| (*local, *peer)).with_context(|| format!("it did not say {name}"))
    }
}

fn text<'e>(event: &'e Value, pointer: &str) -> &'e str {
    event.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn number(event: &Value, pointer: &str) -> Option<u64> {
    event.pointer(pointer).and_then(Value::as_u64)
}

pub(crate) fn fates() -> Result<()> {
    let recorded = Recorded::of("connections.py", &[])?;
    for (name, address, out, back, first) in
        [("v4", "127.0.0.1", 1_234_567, 54_321, "us"), ("v6", "::1", 777, 0, "peer")]
    {
        let (local, peer) = recorded.ports(name)?;
        let connect = recorded.one("connect", local, peer)?;
        ensure!(text(connect, "/result") == "established" && text(connect, "/peer/address") == address, "{connect}");
        ensure!(number(connect, "/took_ns").is_some_and(|ns| (1..1_000_000_000).contains(&ns)), "{connect}");
        ensure!(text(connect, "/comm") == "python3" && number(connect, "/srtt_ns").is_some(), "{connect}");
        let accept = recorded.one("accept", peer, local)?;
        // The kernel accepts it on top of whoever runs.
        ensure!(accept.get("tgid") == Some(&Value::Null), "{accept}");
        let (ours, theirs) = (recorded.one("close", local, peer)?, recorded.one("close", peer, local)?);
        let other = if first == "us" { "peer" } else { "us" };
        for (close, direction, sent, received, by) in
            [(ours, "out", out, back, first), (theirs, "in", back, out, other)]
        {
            ensure!(text(close, "/direction") == direction, "{close}");
            ensure!(text(close, "/result") == "closed" && text(close, "/closed_by") == by, "{close}");
            let bytes = (number(close, "/bytes_sent"), number(close, "/bytes_received"));
            ensure!(bytes == (Some(sent), Some(received)), "{name}: {close}");
            ensure!(number(close, "/tgid") == number(connect, "/tgid"), "{close} is not of {connect}");
            ensure!(number(close, "/took_ns").is_some_and(|ns| ns > 0), "{close}");
        }
        let (listens, _) = recorded.ports(&format!("listen-{name}"))?;
        let listen = recorded
            .events
            .iter()
            .find(|event| text(event, "/kind") == "listen" && number(event, "/port") == Some(listens));
        let listen = listen.with_context(|| format!("nobody listens on {listens}"))?;
        ensure!(number(listen, "/backlog") == Some(7) && text(listen, "/address") == address, "{listen}");
    }
    for (name, result, errno, least_ms) in [
        ("refused", "refused", "ECONNREFUSED", 0),
        ("refused-v6", "refused", "ECONNREFUSED", 0),
        ("unreachable", "unreachable", "EHOSTUNREACH", 100),
        ("timed-out", "timed_out", "ETIMEDOUT", 1_000),
        ("given-up", "given_up", "", 0),
        ("no-route", "unreachable", "ENETUNREACH", 0),
    ] {
        let (local, peer) = recorded.ports(name)?;
        let failed = recorded.one("connect", local, peer)?;
        ensure!(text(failed, "/result") == result && text(failed, "/errno") == errno, "{failed}");
        ensure!(text(failed, "/comm") == "python3", "{failed}");
        ensure!(number(failed, "/took_ns").is_some_and(|ns| ns >= least_ms * 1_000_000), "{failed}");
    }
    let (local, peer) = recorded.ports("timed-out")?;
    ensure!(number(recorded.one("connect", local, peer)?, "/retransmits") >= Some(1), "no SYN was sent again");
    let (local, peer) = recorded.ports("reset")?;
    let (ours, theirs) = (recorded.one("close", local, peer)?, recorded.one("close", peer, local)?);
    ensure!(text(ours, "/result") == "reset" && text(ours, "/closed_by") == "peer", "{ours}");
    ensure!(text(theirs, "/result") == "reset" && text(theirs, "/closed_by") == "us", "{theirs}");
    Ok(())
}

/// A server of another kind: who asks it, and what it got of that.
const REDIS: &str = "redis-server --port 6379 --save '' >/dev/null & \
                     until redis-cli ping >/dev/null 2>&1; do sleep 0.1; done; \
                     redis-cli set key value && redis-cli get key && redis-cli shutdown nosave; wait";

pub(crate) fn redis() -> Result<()> {
    let recorded = Recorded::script(REDIS, |_| {})?;
    let made = recorded.told("connect", 0, 6379);
    let made: Vec<_> = made.into_iter().filter(|connect| text(connect, "/result") == "established").collect();
    ensure!(made.len() == 4, "{made:?}");
    for connect in made {
        ensure!(text(connect, "/comm") == "redis-cli", "{connect}");
        let port = number(connect, "/local/port").context("no port")?;
        recorded.one("accept", 6379, port)?;
        let (ours, theirs) = (recorded.one("close", port, 6379)?, recorded.one("close", 6379, port)?);
        let bytes = |close, which| number(close, which).filter(|bytes| *bytes > 0);
        ensure!(bytes(ours, "/bytes_sent") == bytes(theirs, "/bytes_received"), "{ours}\n{theirs}");
        ensure!(number(ours, "/bytes_received") == number(theirs, "/bytes_sent"), "{ours}\n{theirs}");
    }
    Ok(())
}

pub(crate) fn storm() -> Result<()> {
    const COUNT: usize = 5_000;
    let recorded = Recorded::of("short_connections.py", &[&COUNT.to_string()])?;
    let losses = recorded.header.get("losses").and_then(Value::as_object);
    let lost: u64 = losses.into_iter().flatten().filter_map(|(_, lost)| lost.as_u64()).sum();
    let told = ["connect", "accept", "close"].map(|what| recorded.told(what, 0, 0).len());
    let expected = [COUNT + 1, COUNT, 2 * COUNT];
    let missing: usize = expected.iter().zip(told).map(|(expected, told)| expected - told.min(*expected)).sum();
    ensure!(told.iter().zip(expected).all(|(told, expected)| *told <= expected), "{told:?} of {expected:?}");
    ensure!(missing as u64 <= lost, "{told:?} of {expected:?} are told, {lost} records lost: {}", recorded.header);
    for close in recorded.told("close", 0, 0) {
        let bytes = (number(close, "/bytes_sent"), number(close, "/bytes_received"));
        ensure!(bytes == (Some(1), Some(0)) || bytes == (Some(0), Some(1)), "{close}");
    }
    Ok(())
}

/// A python program in a cgroup of its own from its first call on; ended when it is dropped.
struct Python {
    child: Child,
    cgroup: Cgroup,
}

impl Python {
    fn start(name: &str, program: &str) -> Result<Self> {
        let cgroup = Cgroup::new(name)?;
        let mut command = Command::new("sh");
        command
            .args(["-c", r#"echo $$ >"$0"; exec python3 -c "$1""#])
            .arg(cgroup.dir().join("cgroup.procs"))
            .arg(program);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        Ok(Self { child, cgroup })
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        BufReader::with_capacity(1, self.child.stdout.as_mut().context("no standard output")?).read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    fn tell(&mut self, line: &str) -> Result<()> {
        Ok(writeln!(self.child.stdin.as_mut().context("no standard input")?, "{line}")?)
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const SERVER: &str = "
import socket
listener = socket.create_server(('127.0.0.1', 0))
print(listener.getsockname()[1], flush=True)
while True:
    accepted, _ = listener.accept()
    accepted.sendall(b'hello')
    accepted.close()
";
const CLIENT: &str = "
import socket
while True:
    client = socket.create_connection(('127.0.0.1', int(input())))
    assert client.recv(9) == b'hello' and client.recv(9) == b''
    client.close()
";

pub(crate) fn views() -> Result<()> {
    let agent = Agent::start()?;
    let mut server = Python::start("served", SERVER)?;
    let mut client = Python::start("asking", CLIENT)?;
    let port = server.line()?;
    let shown = |of: &Python| agent.ask(&["dump", &of.cgroup.path(), "--tcp"])?.success();
    eventually("both to be listed", SOON, || (shown(&server).is_ok() && shown(&client).is_ok()).then_some(()))?;
    let path = server.cgroup.path();
    let mut trace = agent.rewind(&["trace", &path, "--tcp"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut lines = BufReader::new(trace.stdout.take().context("no standard output")?).lines();
    let columns = lines.next().context("the trace is empty")??;
    ensure!(columns.contains("PEER") && columns.contains("RETRANS") && !columns.contains("CALL"), "{columns}");
    // Again and again: the trace may begin after the first ones.
    let told = (0..20).find_map(|_| {
        client.tell(&port).ok()?;
        lines.by_ref().map_while(Result::ok).find(|line| line.contains(" close "))
    });
    trace.kill()?;
    trace.wait()?;
    let told = told.context("no end of a connection is traced")?;
    ensure!(told.contains("closed by us") && told.contains("5 B"), "{told}");
    // Each end is told where it is, and nowhere else.
    let at_client =
        eventually("the client's end", SOON, || shown(&client).ok().filter(|text| text.contains(" close ")))?;
    ensure!(
        at_client.contains(" connect ") && at_client.contains("closed by peer") && at_client.contains("python3["),
        "{at_client}"
    );
    ensure!(!at_client.contains(" accept ") && !at_client.contains(" listen "), "{at_client}");
    let at_server = shown(&server)?;
    ensure!(!at_server.contains(" connect ") && at_server.contains(" accept "), "{at_server}");
    let events = agent.ask(&["dump", &path, "--exec"])?.success()?;
    ensure!(events.contains("runs ") && !events.contains("connection from"), "{events}");
    agent.stop()
}

/// What failed is there when a storm of what went well has come round the main share. (The calls of the connects are
/// decisive: of many more of them the first ones go.)
pub(crate) fn protected() -> Result<()> {
    const COUNT: usize = 1_500;
    let agent = Agent::start()?;
    let program = std::fs::read_to_string(workload::source("short_connections.py"))?;
    let program = program.replace("sys.argv[1]", &COUNT.to_string());
    let mut storm = Python::start("short", &program)?;
    let path = storm.cgroup.path();
    ensure!(storm.child.wait()?.success(), "the storm failed");
    let text = agent.ask(&["dump", &path, "--tcp"])?.success()?;
    let count = |words: &str| text.lines().filter(|line| line.contains(words)).count();
    ensure!(count(" refused") == 1, "the refused connect is gone");
    ensure!(count(" accept ") < COUNT, "the storm did not come round the ring: {}", count(" accept "));
    agent.stop()
}
