//! A container that serves a request with a header, and makes others meanwhile.

use crate::tests::{MS, batches, get, header, spans, text};
use crate::{Live, end, traces};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use rewind_common::record::SocketMessage;
use rewind_common::record::message::message_flags::{DNS, RECEIVED, UDP};
use rewind_recording::event::{build, sorted};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";

struct Built(Vec<u8>, u64);

impl Built {
    fn new() -> Self {
        let mut records = Vec::new();
        build::task(&mut records, 2 * MS, (700, 700), (1, 1), "web");
        build::exec(&mut records, 3 * MS, (700, 700), "/bin/web", &["web"]);
        Self(records, 3)
    }

    /// A millisecond after the last one.
    fn call(&mut self, flags: u8, (local_port, peer_port): (u16, u16), bytes: &[u8]) {
        self.1 += 1;
        let time_ns = self.1 * MS;
        let total = bytes.len() as u32;
        let message =
            SocketMessage { time_ns, since_ns: time_ns, local_port, peer_port, total, ..SocketMessage::default() };
        build::socket_message(&mut self.0, (700, 700), flags, message, bytes);
    }

    fn spans(&self) -> Vec<Span> {
        spans(traces(&header(), &sorted(&self.0), 100)).into_iter().skip(2).collect()
    }
}

fn request(parent: &str) -> Vec<u8> {
    let header = if parent.is_empty() { String::new() } else { format!("traceparent: 00-{TRACE}-{parent}-01\r\n") };
    format!("GET /a?b HTTP/1.1\r\nHost: shop:8080\r\nUser-Agent: x\r\n{header}\r\n").into_bytes()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const FIRST: &str = "b7ad6b7169203331";
const SECOND: &str = "00f067aa0ba902b7";

/// Serves, and in between sends a request with another header, or the same.
fn chain(sent: &str) -> [Span; 2] {
    let mut built = Built::new();
    built.call(RECEIVED, (80, 6000), &request(FIRST));
    built.call(0, (5000, 8080), &request(sent));
    built.call(RECEIVED, (5000, 8080), b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    built.call(0, (80, 6000), OK.as_bytes());
    let spans = built.spans();
    spans.try_into().unwrap_or_else(|spans| panic!("{spans:?}"))
}

#[test]
fn who_serves_is_below_the_span_that_the_header_names() {
    let [server, client] = chain(SECOND);
    assert_eq!((hex(&server.trace_id), hex(&server.parent_span_id)), (TRACE.to_owned(), FIRST.to_owned()));
    assert_eq!((server.name.as_str(), server.kind, server.flags), ("GET", 2, 0x301));
    assert_eq!(server.status, None);
    assert_eq!(server.end_time_unix_nano - server.start_time_unix_nano, 3 * MS);
    for (key, value) in [
        ("http.request.method", "GET"),
        ("url.path", "/a"),
        ("server.address", "shop"),
        ("server.port", "8080"),
        ("client.port", "6000"),
        ("http.response.status_code", "200"),
        ("http.response.body.size", "5"),
        ("user_agent.original", "x"),
        ("network.protocol.version", "1.1"),
        ("process.pid", "700"),
    ] {
        assert_eq!(text(&server.attributes, key), value, "{key}");
    }
    assert_eq!(client.status.as_ref().map(|status| status.code), Some(2));
    assert_eq!(text(&client.attributes, "error.type"), "404");
    assert_eq!(text(&client.attributes, "url.full"), "http://shop:8080/a?REDACTED");
    assert!([&server, &client].iter().all(|span| span.links.len() == 1));
}

#[test]
fn who_makes_a_request_is_the_span_that_its_header_names_below_the_one_that_serves() {
    let [server, client] = chain(SECOND);
    assert_eq!((hex(&client.trace_id), hex(&client.span_id)), (TRACE.to_owned(), SECOND.to_owned()));
    assert_eq!((client.parent_span_id, client.kind), (server.span_id, 3));
}

/// Serves two requests of one trace, makes one of its own after each has come in, and answers the first when `early`,
/// before the second comes in.
fn two(early: bool) -> Vec<Span> {
    let mut built = Built::new();
    built.call(RECEIVED, (80, 6000), &request("00000000000000a1"));
    built.call(0, (5000, 8080), &request("00000000000000b1"));
    if early {
        built.call(0, (80, 6000), OK.as_bytes());
    }
    built.call(RECEIVED, (80, 6001), &request("00000000000000a2"));
    built.call(0, (5001, 8080), &request("00000000000000b2"));
    if !early {
        built.call(0, (80, 6000), OK.as_bytes());
    }
    built.call(0, (80, 6001), OK.as_bytes());
    built.spans()
}

#[test]
fn of_several_that_serve_one_trace_a_request_is_below_the_only_one_that_has_not_answered_yet() {
    for (early, is_below) in [(true, true), (false, false)] {
        let spans = two(early);
        let of = |id: &str| spans.iter().find(|span| hex(&span.span_id) == id).unwrap();
        let serves = |id: &str| spans.iter().find(|span| hex(&span.parent_span_id) == id).unwrap();
        assert_eq!(of("00000000000000b1").parent_span_id, serves("00000000000000a1").span_id);
        let second = of("00000000000000b2");
        assert_eq!(second.parent_span_id == serves("00000000000000a2").span_id, is_below, "{second:?}");
        assert_eq!(second.parent_span_id.is_empty(), !is_below);
    }
}

#[test]
fn a_header_that_is_handed_on_makes_no_second_span_of_one_id() {
    let [server, client] = chain(FIRST);
    assert_ne!(hex(&client.span_id), FIRST);
    assert_eq!(client.parent_span_id, server.span_id);
}

#[test]
fn without_a_header_each_request_is_a_trace_of_its_own_that_links_to_the_run() {
    let mut built = Built::new();
    for port in [5000, 5001] {
        built.call(0, (port, 80), &request(""));
        built.call(RECEIVED, (port, 80), OK.as_bytes());
    }
    let [first, second] = &built.spans()[..] else { panic!() };
    assert_ne!(first.trace_id, second.trace_id);
    let run = &spans(traces(&header(), &sorted(&built.0), 100))[0];
    assert_eq!(first.links[0].span_id, run.span_id);
    assert!(first.trace_id != run.trace_id && first.parent_span_id.is_empty());
}

#[test]
fn a_header_that_goes_out_twice_names_one_span() {
    let mut built = Built::new();
    for port in [5000, 5001] {
        built.call(0, (port, 80), &request(FIRST));
        built.call(RECEIVED, (port, 80), OK.as_bytes());
    }
    let [first, second] = &built.spans()[..] else { panic!() };
    assert_eq!(hex(&first.span_id), FIRST);
    assert_eq!(hex(&second.parent_span_id), FIRST);
}

#[test]
fn a_lookup_is_below_its_process_and_one_without_an_answer_is_an_error() {
    let question = |id| [&[0, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], b"\x04shop\x00\x00\x01\x00\x01"].concat();
    let mut built = Built::new();
    built.call(DNS | UDP, (4000, 53), &question(1));
    let answer = [&[0, 1, 0x81, 0x83, 0, 1, 0, 0, 0, 0, 0, 0][..], b"\x04shop\x00\x00\x01\x00\x01"].concat();
    built.call(DNS | UDP | RECEIVED, (4000, 53), &answer);
    built.call(DNS | UDP, (4001, 53), &question(2));
    let [found, lost] = &built.spans()[..] else { panic!() };
    assert_eq!(found.name, "DNS lookup shop");
    assert_eq!(text(&found.attributes, "rewind.dns.response.code"), "NXDOMAIN");
    assert_eq!(text(&found.attributes, "error.type"), "host_not_found");
    assert_eq!(text(&lost.attributes, "error.type"), "timeout");
    assert_eq!(get(&lost.attributes, "rewind.dns.response.code"), None);
    let all = spans(traces(&header(), &sorted(&built.0), 100));
    assert!([found, lost].iter().all(|span| span.parent_span_id == all[1].span_id));
}

#[test]
fn as_they_happen_they_are_what_the_whole_recording_tells() {
    let mut built = Built::new();
    built.call(RECEIVED, (80, 6000), &request(FIRST));
    built.call(RECEIVED, (80, 6001), &request(SECOND));
    // The header of the first one, handed on: below the span that serves it, which is not over.
    built.call(0, (5000, 8080), &request(FIRST));
    built.call(RECEIVED, (5000, 8080), OK.as_bytes());
    built.call(0, (5000, 8080), &request(""));
    built.call(0, (80, 6000), OK.as_bytes());
    built.call(RECEIVED, (5000, 8080), OK.as_bytes());
    let records = sorted(&built.0);
    let mut live = Live::default();
    let made: Vec<Span> = batches(&records).iter().flat_map(|it| live.spans(&header(), &it.timeline())).collect();
    let by_id = |spans: Vec<Span>| -> std::collections::BTreeMap<Vec<u8>, Span> {
        spans.into_iter().map(|span| (span.span_id.clone(), span)).collect()
    };
    let whole = by_id(built.spans());
    assert_eq!((made.len(), whole.len()), (3, 4), "{made:?}");
    assert!(made.iter().all(|span| whole.get(&span.span_id) == Some(span)), "{made:?}");
    let end = end(&header(), &records);
    assert_eq!(by_id(end.earlier_spans), by_id(made));
    // The run, the process, and the request that waits.
    assert_eq!(end.spans.len(), 3, "{:?}", end.spans);
}

#[test]
fn an_answer_whose_question_was_not_seen_is_a_moment_that_says_so() {
    let answer = [&[0, 1, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0][..], b"\x04shop\x00\x00\x01\x00\x01"].concat();
    let mut built = Built::new();
    built.call(DNS | UDP | RECEIVED, (4000, 53), &answer);
    let [span] = &built.spans()[..] else { panic!() };
    assert_eq!((span.name.as_str(), span.status.as_ref()), ("DNS lookup shop", None));
    assert_eq!(span.start_time_unix_nano, span.end_time_unix_nano);
    assert_eq!(get(&span.attributes, "rewind.dns.start_seen"), Some(&Value::BoolValue(false)));
    assert_eq!(text(&span.attributes, "rewind.dns.response.code"), "NOERROR");
}

#[test]
fn requests_are_told_from_all_else() {
    let mut built = Built::new();
    built.call(
        DNS | UDP,
        (4000, 53),
        &[&[0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], b"\x04shop\x00\x00\x01\x00\x01"].concat(),
    );
    built.call(0, (5000, 80), &request(""));
    built.call(RECEIVED, (5000, 80), OK.as_bytes());
    let spans = spans(traces(&header(), &sorted(&built.0), 100));
    let requests: Vec<_> = spans.iter().filter(|span| crate::is_request(span)).map(|span| span.name.as_str()).collect();
    assert_eq!((requests, spans.len()), (vec!["GET"], 4));
}
