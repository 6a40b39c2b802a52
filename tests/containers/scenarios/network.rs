//! Scenario 5: peers that refuse, keep silent or cannot be reached, and name servers that do.

use super::{put, python};
use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::container::Container;
use rewind_tests::told::{Told, told};
use serde_json::Value;
use std::net::UdpSocket;

pub(crate) fn refused() -> Result<()> {
    let agent = Agent::start()?;
    let script = "
import socket, time
for _ in range(3):
    try: socket.create_connection(('127.0.0.1', 1))
    except OSError as error: last = error; time.sleep(0.1)
raise last
";
    let told = told(&agent, Container::new("rewind-refused", &python(script))?, 1)?;
    told.expect(
        "It exited with 1 after connect to 127.0.0.1:1 was refused (ECONNREFUSED), 3 times.",
        "inet_addr(\"127.0.0.1\")}, 16) = -1 ECONNREFUSED (Connection refused)",
    )?;
    agent.stop()
}

/// A listener whose queue is full drops what asks for a connection, as a firewall does.
const SILENT: &str = "
import socket
listener = socket.socket(); listener.bind(('127.0.0.1', 0)); listener.listen(0)
full = socket.create_connection(listener.getsockname())
";

pub(crate) fn timed_out() -> Result<()> {
    let agent = Agent::start()?;
    let script = format!(
        "{SILENT}
late = socket.socket(); late.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, 1)
late.connect(listener.getsockname())"
    );
    let told = told(&agent, Container::new("rewind-late", &python(&script))?, 1)?;
    told.expect("It exited with 1 after connect to 127.0.0.1:", "16) = -1 ETIMEDOUT (Connection timed out)")?;
    ensure!(told.answer().contains(" timed out (ETIMEDOUT) after "), "{}", told.answer());
    let dump = agent.ask(&["dump", &told.id, "-e", "connect", "--failed", "-o", "strace", "-T"])?.success()?;
    let late = dump.lines().filter(|line| line.contains("-1 ETIMEDOUT (Connection timed out) <"));
    ensure!(late.count() == 1, "{dump}");
    agent.stop()
}

pub(crate) fn given_up() -> Result<()> {
    let agent = Agent::start()?;
    let script = format!("{SILENT}\nsocket.create_connection(listener.getsockname(), timeout=0.5)");
    let told = told(&agent, Container::new("rewind-given-up", &python(&script))?, 1)?;
    told.expect("It exited with 1 after connect to 127.0.0.1:", "16) = -1 EINPROGRESS")?;
    waited(&told, 500)?;
    agent.stop()
}

pub(crate) fn unanswered() -> Result<()> {
    let agent = Agent::start()?;
    let script = format!("{SILENT}\nfull.settimeout(0.5); full.sendall(b'SELECT 1'); full.recv(100)");
    let told = told(&agent, Container::new("rewind-unanswered", &python(&script))?, 1)?;
    told.expect("It exited with 1 after what it sent to 127.0.0.1:", "sendto(4, ")?;
    waited(&told, 500)?;
    agent.stop()
}

pub(crate) fn unreachable() -> Result<()> {
    let agent = Agent::start()?;
    let mut spec = python("import socket; socket.create_connection(('10.96.0.1', 443))");
    spec.own_network = true;
    let told = told(&agent, Container::new("rewind-no-route", &spec)?, 1)?;
    told.expect(
        "It exited with 1 after connect to 10.96.0.1:443 found no route (ENETUNREACH).",
        "inet_addr(\"10.96.0.1\")}, 16) = -1 ENETUNREACH (Network is unreachable)",
    )?;
    agent.stop()
}

/// A container whose resolver asks that server for the address of its database.
fn resolving(server: &str) -> Result<Container> {
    let script = "import socket; socket.create_connection(('db.prod.example', 5432))";
    let container = Container::new("rewind-dns", &python(script))?;
    let resolver = format!("nameserver {server}\noptions timeout:1 attempts:2\n");
    put(&container.bundle().join("rootfs/etc/resolv.conf"), &resolver, 0o644)?;
    Ok(container)
}

pub(crate) fn silent_dns() -> Result<()> {
    const SERVER: &str = "127.83.77.53";
    let agent = Agent::start()?;
    let _silent = UdpSocket::bind((SERVER, 53)).context("cannot take port 53")?;
    let told = told(&agent, resolving(SERVER)?, 1)?;
    let answer = format!("It exited with 1 after a question to the name server {SERVER}:53 got no answer after ");
    told.expect(&answer, "send")?;
    waited(&told, 2_000)?;
    let dump = agent.ask(&["dump", &told.id, "-e", "%network", "-o", "strace", "-y"])?.success()?;
    ensure!(dump.contains(&format!("<UDP:[->{SERVER}:53]>")), "the question is not there:\n{dump}");
    agent.stop()
}

pub(crate) fn no_dns() -> Result<()> {
    let agent = Agent::start()?;
    let told = told(&agent, resolving("127.83.77.54")?, 1)?;
    let answer =
        "It exited with 1 after a question to the name server 127.83.77.54:53 got an error in place of an answer";
    told.expect(answer, "revents=POLLERR")?;
    agent.stop()
}

/// It waited as long as it meant to, or a little more.
fn waited(told: &Told, ms: u64) -> Result<()> {
    let longest_ns = told.why.pointer("/failed/0/longest_ns").and_then(Value::as_u64).context("no time")?;
    let meant = ms..ms + 1_000;
    ensure!(meant.contains(&(longest_ns / 1_000_000)), "it waited {longest_ns} ns: {}", told.answer());
    ensure!(told.answer().contains(" got no answer after "), "{}", told.answer());
    Ok(())
}
