//! Connections as spans, as a Collector gets them: one that was refused, and both ends of one that went well.

use crate::export::text;
use crate::exported::environment;
use crate::scenarios::python;
use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::collector::{Collector, attribute};
use rewind_tests::container::Container;
use rewind_tests::eventually::eventually;
use serde_json::Value;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
const CLIENT: u64 = 3;
const SERVER: u64 = 2;
const ERROR: u64 = 2;

/// Says the ports of the server and of the client.
const SCRIPT: &str = "
import socket
try: socket.create_connection(('127.0.0.1', 1))
except ConnectionRefusedError: pass
listener = socket.create_server(('127.0.0.1', 0))
client = socket.create_connection(listener.getsockname())
server, _ = listener.accept()
client.sendall(b'hello')
assert server.recv(5) == b'hello'
server.sendall(b'welcome')
assert client.recv(7) == b'welcome'
print(listener.getsockname()[1], client.getsockname()[1])
client.close()
assert server.recv(1) == b''
server.close()
";

/// Fails if an attribute is another one, or there though it should not be (`None`).
fn expect(span: &Value, attributes: &[(&str, Option<&str>)]) -> Result<()> {
    for (key, value) in attributes {
        ensure!(attribute(span, key).as_deref() == *value, "{key} is not {value:?}: {span:#}");
    }
    Ok(())
}

fn number(span: &Value, pointer: &str) -> u64 {
    let value = span.pointer(pointer);
    value.and_then(|it| it.as_u64().or_else(|| it.as_str()?.parse().ok())).unwrap_or_default()
}

pub(crate) fn spans() -> Result<()> {
    let collector = Collector::start()?;
    let agent = Agent::start_in(environment(&collector.endpoint()), &[])?;
    let ran = Container::new("rewind-connected", &python(SCRIPT))?.run()?;
    ensure!(ran.code == 0, "{ran:?}");
    let (server, client) = ran.stdout.trim().split_once(' ').context("no ports")?;
    let is_tcp = |span: &&Value| text(span, "name").starts_with("TCP ");
    // One that was refused is sent at once, the others with the run.
    let all = eventually("the run and its connections", SOON, || {
        let (spans, _) = collector.of("rewind-connected");
        let is_run = |span: &Value| text(span, "parentSpanId").is_empty();
        (spans.iter().any(is_run) && spans.iter().filter(is_tcp).count() >= 3).then_some(spans)
    })?;
    let tcp: Vec<&Value> = all.iter().filter(is_tcp).collect();
    ensure!(tcp.len() == 3, "not three: {tcp:#?}");
    let of = |name: String| tcp.iter().copied().find(|span| text(span, "name") == name).context(name);
    let refused = of("TCP connect 127.0.0.1:1".to_owned())?;
    let connected = of(format!("TCP connect 127.0.0.1:{server}"))?;
    let accepted = of(format!("TCP accept 127.0.0.1:{server}"))?;

    for (span, kind, is_error) in [(refused, CLIENT, true), (connected, CLIENT, false), (accepted, SERVER, false)] {
        ensure!(number(span, "/kind") == kind, "{span:#}");
        ensure!((number(span, "/status/code") == ERROR) == is_error, "{span:#}");
        let parent = all.iter().find(|parent| text(parent, "spanId") == text(span, "parentSpanId"));
        let parent = parent.with_context(|| format!("below nothing: {span:#}"))?;
        ensure!(attribute(parent, "process.command_args").is_some_and(|args| args.contains("python3")), "{parent:#}");
        let times = |span: &Value| (number(span, "/startTimeUnixNano"), number(span, "/endTimeUnixNano"));
        let ((start, end), (from, to)) = (times(span), times(parent));
        ensure!(from <= start && start <= end && end <= to, "not within its process: {span:#} {parent:#}");
        expect(
            span,
            &[
                ("network.transport", Some("tcp")),
                ("network.type", Some("ipv4")),
                ("network.peer.address", Some("127.0.0.1")),
                ("network.local.address", Some("127.0.0.1")),
                ("server.address", Some("127.0.0.1")),
                ("rewind.tcp.start_seen", None),
                ("rewind.unfinished", None),
            ],
        )?;
    }
    expect(
        refused,
        &[
            ("network.peer.port", Some("1")),
            ("server.port", Some("1")),
            ("error.type", Some("connection_refused")),
            ("rewind.tcp.close_reason", Some("refused")),
            ("rewind.tcp.bytes_sent", None),
        ],
    )?;
    expect(
        connected,
        &[
            ("network.local.port", Some(client)),
            ("network.peer.port", Some(server)),
            ("server.port", Some(server)),
            ("client.port", None),
            ("error.type", None),
            ("rewind.tcp.close_reason", Some("closed")),
            ("rewind.tcp.closed_by", Some("us")),
            ("rewind.tcp.bytes_sent", Some("5")),
            ("rewind.tcp.bytes_received", Some("7")),
        ],
    )?;
    expect(
        accepted,
        &[
            ("network.local.port", Some(server)),
            ("network.peer.port", Some(client)),
            ("server.port", Some(server)),
            ("client.address", Some("127.0.0.1")),
            ("client.port", Some(client)),
            ("error.type", None),
            ("rewind.tcp.close_reason", Some("closed")),
            ("rewind.tcp.closed_by", Some("peer")),
            ("rewind.tcp.bytes_sent", Some("7")),
            ("rewind.tcp.bytes_received", Some("5")),
        ],
    )?;
    agent.stop()
}
