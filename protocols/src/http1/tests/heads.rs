//! Heads of messages.

use crate::http1::{Doubt, Head, Request, Response, Start, read};

fn whole(bytes: &str) -> (Head, usize) {
    match read(bytes.as_bytes()) {
        Start::Whole(head, length) => (head, length),
        other => panic!("{bytes:?}: {other:?}"),
    }
}

fn request(bytes: &str) -> Request {
    match whole(bytes).0 {
        Head::Request(request) => request,
        other => panic!("{bytes:?}: {other:?}"),
    }
}

fn response(bytes: &str) -> Response {
    match whole(bytes).0 {
        Head::Response(response) => response,
        other => panic!("{bytes:?}: {other:?}"),
    }
}

#[test]
fn a_request_is_its_line_and_the_fields_that_matter() {
    let bytes = "GET /cart?user=7 HTTP/1.1\r\nHost: shop:8080\r\nUser-Agent: curl/8.5\r\nAccept: */*\r\n\
                 traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\ntracestate: a=1\r\n\r\nrest";
    let request = request(bytes);
    assert_eq!((request.method.as_str(), request.target.path.as_str()), ("GET", "/cart"));
    assert!(request.target.has_query && request.doubts.is_empty());
    assert_eq!(request.minor_version, Some(1));
    assert_eq!(request.fields.host.as_deref(), Some("shop:8080"));
    assert_eq!(request.fields.user_agent.as_deref(), Some("curl/8.5"));
    assert!(request.fields.traceparent.is_some_and(|parent| parent.is_sampled()));
    assert_eq!(request.fields.tracestate.unwrap().get("a"), Some("1"));
    assert_eq!(whole(bytes).1, bytes.len() - 4);
}

#[test]
fn a_response_is_its_status_with_a_reason_or_without_one() {
    for (line, status) in
        [("HTTP/1.1 200 OK", 200), ("HTTP/1.0 404 ", 404), ("HTTP/1.1 503", 503), ("HTTP/1.1 200 \t\u{e4}", 200)]
    {
        assert_eq!(response(&format!("{line}\r\n\r\n")).status, status, "{line:?}");
    }
}

#[test]
fn empty_lines_before_a_message_count() {
    assert_eq!(whole("\r\n\r\nGET / HTTP/1.1\r\n\r\n").1, 22);
}

#[test]
fn what_is_not_http_1_is_told_with_its_first_bytes() {
    for bytes in [
        "\x16\x03\x01\x02",
        "SSH-2.0-OpenSSH_9\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET / HTTP/2\r\n",
        "GET /  HTTP/1.1\r\n",
        "GET / HTTP/1.12\r\n",
        "GET / HTTP/1.2\r\n",
        "GET /a b HTTP/1.1\r\n",
        "GET / http/1.1\r\n",
        "GET nothing HTTP/1.1\r\n",
        " GET / HTTP/1.1\r\n",
        "GET /\0 HTTP/1.1\r\n",
        "GET /\r\n",
        "PING\r\n",
        "*1\r\n$4\r\nPING\r\n",
        "HTTP/1.1 99 x\r\n",
        "HTTP/1.1 2000\r\n",
        "HTTP/1.1  200\r\n",
        "HTTP/1.1 20x\r\n",
        "HTTP/1.1x200\r\n",
        "HTTP/2",
        "GET / HTTQ",
        "set foo 0 0 3",
    ] {
        assert_eq!(read(bytes.as_bytes()), Start::Other, "{bytes:?}");
    }
}

#[test]
fn a_head_that_is_not_whole_tells_what_is_sure_of_it() {
    for bytes in ["", "G", "GET", "PROPFIND /a", "HTTP/1", "HTTP/1.1 20", "\r\n", "GET http:/", "XYZ / HTTP/1."] {
        assert_eq!(read(bytes.as_bytes()), Start::Cut(None), "{bytes:?}");
    }
    for (bytes, path, version, is_cut) in [
        ("GET ", "", None, true),
        ("GET /ab", "/ab", None, true),
        ("GET /ab?cd", "/ab", None, false),
        ("GET /ab ", "/ab", None, false),
        ("GET /ab HTTP/1.1", "/ab", Some(1), false),
        ("XYZ /ab HTTP/1.0\r", "/ab", Some(0), false),
        ("GET /ab HTTP/1.1\r\nHost: x\r\nConte", "/ab", Some(1), false),
    ] {
        let Start::Cut(Some(Head::Request(request))) = read(bytes.as_bytes()) else { panic!("{bytes:?}") };
        assert_eq!((request.target.path.as_str(), request.minor_version), (path, version), "{bytes:?}");
        assert_eq!(request.target.is_cut, is_cut, "{bytes:?}");
        assert!(request.doubts.has(Doubt::HeadCut));
    }
    let Start::Cut(Some(Head::Response(response))) = read(b"HTTP/1.1 204 No Con") else { panic!() };
    assert_eq!((response.status, response.doubts.has(Doubt::HeadCut)), (204, true));
}

#[test]
fn half_a_field_is_no_field() {
    let Start::Cut(Some(Head::Request(request))) = read(b"GET / HTTP/1.1\r\nHost: sh") else { panic!() };
    assert_eq!(request.fields.host, None);
}

#[test]
fn what_two_readers_take_for_different_messages_is_told() {
    for (fields, doubt) in [
        ("Content-Length: 5\r\nContent-Length: 6\r\n", Doubt::TwoLengths),
        ("Content-Length: 5\r\nContent-Length: 5\r\n", Doubt::TwoLengths),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", Doubt::LengthAndCoding),
        ("Transfer-Encoding: xchunked\r\n", Doubt::BadCoding),
        ("Transfer-Encoding: chunked, identity\r\n", Doubt::BadCoding),
        ("Content-Length: +5\r\n", Doubt::BadLength),
        ("Content-Length : 5\r\n", Doubt::SpaceBeforeColon),
        ("Transfer-Encoding:\r\n chunked\r\n", Doubt::FoldedField),
        ("A: b\r\n\tc\r\n", Doubt::FoldedField),
        (" A: b\r\n", Doubt::BadField),
        ("A: b\nB: c\r\n", Doubt::BareLineFeed),
        ("A\r\n", Doubt::BadField),
        (": b\r\n", Doubt::BadField),
        ("A b: c\r\n", Doubt::BadField),
        ("A: b\0\r\n", Doubt::BadField),
        ("A: b\rB: c\r\n", Doubt::BadField),
        ("Host: a\r\nHost: b\r\n", Doubt::BadField),
    ] {
        let request = request(&format!("POST / HTTP/1.1\r\n{fields}\r\n"));
        assert!(request.doubts.has(doubt), "{fields:?}: {:?}", request.doubts);
        assert!(request.doubts.is_ambiguous());
    }
    assert!(request("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").doubts.has(Doubt::BadCoding));
    assert!(request("GET / HTTP/1.1\n\n").doubts.has(Doubt::BareLineFeed));
}

#[test]
fn a_field_of_64_kib_is_passed_over() {
    let long = format!("GET / HTTP/1.1\r\nX: {}\r\nHost: h\r\n\r\n", "x".repeat(64 << 10));
    assert_eq!(request(&long).fields.host.as_deref(), Some("h"));
    let long = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", "x".repeat(64 << 10));
    assert_eq!(request(&long).fields.host.unwrap().len(), super::super::MAX_HOST_BYTES);
}
