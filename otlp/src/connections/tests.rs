//! A client that is refused, then connects; a server that is not known until it closes.

use crate::tests::{MS, get, header, spans, text};
use crate::traces;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use rewind_common::record::Connection;
use rewind_common::record::connection::{direction, what};
use rewind_recording::event::{build, sorted};
use rewind_recording::header::Header;

const LAST_ACK: u8 = 9;

fn records(is_closed: bool) -> Vec<u8> {
    let mut out = Vec::new();
    build::task(&mut out, 2 * MS, (700, 700), (1, 1), "web");
    build::exec(&mut out, 3 * MS, (700, 700), "/bin/web", &["web"]);
    let of_web = Connection { local_port: 5000, peer_port: 80, direction: direction::OUT, ..Connection::default() };
    let refused = Connection { since_ns: 4 * MS, time_ns: 5 * MS, error: 111, state: 2, ..of_web };
    build::connection(&mut out, (700, 700), what::FAILED, refused);
    let connected = Connection { since_ns: 6 * MS, time_ns: 7 * MS, ..of_web };
    build::connection(&mut out, (700, 700), what::CONNECTED, connected);
    let accepted = Connection { local_port: 80, peer_port: 6000, direction: direction::IN, ..of_web };
    let accepted = Connection { time_ns: 8 * MS, ..accepted };
    build::connection(&mut out, (0, 0), what::ACCEPTED, accepted);
    if is_closed {
        let closed = Connection { since_ns: 7 * MS, time_ns: 9 * MS, state: LAST_ACK, bytes_sent: 12, ..of_web };
        build::connection(&mut out, (700, 700), what::CLOSED, closed);
        let closed = Connection { since_ns: 8 * MS, time_ns: 10 * MS, error: 104, state: 1, ..accepted };
        build::connection(&mut out, (700, 700), what::CLOSED, closed);
    }
    sorted(&out)
}

fn all(header: &Header, records: &[u8]) -> Vec<Span> {
    spans(traces(header, records, 100))
}

#[test]
fn a_connection_is_a_span_below_its_process_from_its_connect_to_its_end() {
    let all = all(&header(), &records(true));
    let [_, web, refused, connected, accepted] = &all[..] else { panic!("{all:?}") };
    assert!([refused, connected, accepted].iter().all(|span| span.parent_span_id == web.span_id));
    assert_eq!((refused.name.as_str(), refused.kind), ("TCP connect 127.0.0.1:80", 3));
    assert_eq!((connected.name.as_str(), connected.kind), ("TCP connect 127.0.0.1:80", 3));
    assert_eq!((accepted.name.as_str(), accepted.kind), ("TCP accept 127.0.0.1:80", 2));
    assert_eq!(get(&accepted.attributes, "rewind.tcp.start_seen"), None);
    let times = |span: &Span| (span.start_time_unix_nano, span.end_time_unix_nano);
    assert_eq!(times(connected), (1_000_006_000_000, 1_000_009_000_000));
    assert_eq!(times(accepted), (1_000_008_000_000, 1_000_010_000_000));
    for (key, value) in [
        ("network.transport", "tcp"),
        ("network.type", "ipv4"),
        ("network.peer.address", "127.0.0.1"),
        ("network.peer.port", "80"),
        ("network.local.port", "5000"),
        ("server.port", "80"),
        ("process.pid", "700"),
        ("rewind.tcp.bytes_sent", "12"),
        ("rewind.tcp.closed_by", "peer"),
        ("rewind.tcp.connect_duration_ns", "1000000"),
    ] {
        assert_eq!(text(&connected.attributes, key), value, "{key}");
    }
}

#[test]
fn one_that_fails_is_an_error_by_the_conventions_name() {
    let all = all(&header(), &records(true));
    let codes: Vec<_> = all[2..].iter().map(|span| span.status.as_ref().map(|status| status.code)).collect();
    assert_eq!(codes, [Some(2), None, Some(2)]);
    assert_eq!(text(&all[2].attributes, "error.type"), "connection_refused");
    assert_eq!(get(&all[3].attributes, "error.type"), None);
    assert_eq!(text(&all[4].attributes, "error.type"), "connection_reset");
    assert_eq!(text(&all[4].attributes, "client.port"), "6000");
}

#[test]
fn one_that_is_open_has_the_same_id_when_it_is_closed_and_ends_when_it_was_read() {
    let living = Header { died_ns: None, ending: None, ..header() };
    let (open, closed) = (all(&living, &records(false)), all(&header(), &records(true)));
    let ids = |spans: &[Span]| spans.iter().map(|span| span.span_id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&open), ids(&closed));
    assert_eq!(get(&open[3].attributes, "rewind.unfinished"), Some(&Value::BoolValue(true)));
    assert_eq!(open[3].end_time_unix_nano, 1_000_030_000_000);
    // Whose the other one is, is known only when it is closed.
    assert_eq!(open[4].parent_span_id, open[0].span_id);
}

#[test]
fn of_one_whose_beginning_is_gone_the_end_is_told() {
    let whole = records(true);
    let mut out = Vec::new();
    let closed = Connection { local_port: 5000, peer_port: 80, direction: direction::OUT, ..Connection::default() };
    let closed = Connection { since_ns: 7 * MS, time_ns: 9 * MS, state: LAST_ACK, ..closed };
    build::connection(&mut out, (700, 700), what::CLOSED, closed);
    let [_, _, span] = &all(&header(), &out)[..] else { panic!("{out:?}") };
    assert_eq!(span.span_id, all(&header(), &whole)[3].span_id);
    assert_eq!(get(&span.attributes, "rewind.tcp.start_seen"), Some(&Value::BoolValue(false)));
    assert_eq!(span.start_time_unix_nano, 1_000_007_000_000);
}
