//! Heads as `httparse` reads them, which hyper and others are built on.

use crate::http1::{Doubt, Head, Lengths, Start, read};
use proptest::prelude::*;

/// What `httparse` makes of a request: method, path, version, fields, length; none if it is cut.
type Theirs = Result<Option<(String, String, u8, Vec<(String, Vec<u8>)>, usize)>, httparse::Error>;

fn theirs(bytes: &[u8]) -> Theirs {
    let mut fields = [httparse::EMPTY_HEADER; 128];
    let mut request = httparse::Request::new(&mut fields);
    let httparse::Status::Complete(length) = request.parse(bytes)? else { return Ok(None) };
    let fields = request.headers.iter().map(|field| (field.name.to_ascii_lowercase(), field.value.to_vec())).collect();
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Ok(Some((text(request.method), text(request.path), request.version.unwrap_or_default(), fields, length)))
}

fn their_response(bytes: &[u8]) -> Result<Option<(u16, u8, usize)>, httparse::Error> {
    let mut fields = [httparse::EMPTY_HEADER; 128];
    let mut response = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(length) = response.parse(bytes)? else { return Ok(None) };
    Ok(Some((response.code.unwrap_or_default(), response.version.unwrap_or_default(), length)))
}

/// What both readers hold must agree; what they refuse we refuse or doubt.
fn compare(bytes: &[u8]) {
    let ours = read(bytes);
    let told = || format!("{:?}: {ours:?}", String::from_utf8_lossy(bytes));
    // They judge half a line; we wait for its end.
    let whole_lines =
        bytes.iter().rposition(|byte| *byte == b'\n').and_then(|end| bytes.get(..=end)).unwrap_or_default();
    match (&ours, theirs(bytes), their_response(bytes)) {
        (Start::Whole(Head::Request(ours), length), Ok(Some((method, path, version, fields, their_length))), _) => {
            assert_eq!(ours.method, method, "{}", told());
            assert_eq!(ours.minor_version, Some(version), "{}", told());
            assert_eq!(*length, their_length, "{}", told());
            if path.starts_with('/') && path.is_ascii() && path.len() < 1000 {
                assert_eq!(ours.target.path, path.split(['?', '#']).next().unwrap_or_default(), "{}", told());
            }
            let of = |name: &str| {
                fields.iter().filter(|field| field.0 == name).map(|field| field.1.as_slice()).collect::<Vec<_>>()
            };
            if ours.doubts.is_empty() {
                let hosts: Vec<_> = of("host").iter().map(|host| String::from_utf8_lossy(host).into_owned()).collect();
                let plain = hosts.iter().all(|host| host.bytes().all(|byte| byte.is_ascii_graphic()));
                assert!(!plain || hosts == ours.fields.host.iter().cloned().collect::<Vec<_>>(), "{}", told());
                let lengths: Vec<_> =
                    of("content-length").iter().map(|it| String::from_utf8_lossy(it).parse().ok()).collect();
                let expected = match ours.fields.length {
                    Lengths::None => vec![],
                    Lengths::One(length) => vec![Some(length)],
                    Lengths::Unsure => panic!("unsure without a doubt: {}", told()),
                };
                assert_eq!(lengths, expected, "{}", told());
            }
        }
        (Start::Whole(Head::Response(ours), length), _, Ok(Some((status, version, their_length)))) => {
            assert_eq!((ours.status, ours.minor_version, *length), (status, version, their_length), "{}", told());
        }
        // What they refuse, and we tell, is doubted.
        (Start::Whole(Head::Request(ours), _), Err(_), _) => assert!(ours.doubts.is_ambiguous(), "{}", told()),
        (Start::Whole(Head::Response(ours), _), _, Err(_)) => assert!(ours.doubts.is_ambiguous(), "{}", told()),
        (Start::Cut(Some(Head::Request(ours))), their, _) => {
            assert!(!matches!(their, Ok(Some(_))), "{}", told());
            assert!(
                ours.doubts.has(Doubt::HeadCut) && (theirs(whole_lines).is_ok() || ours.doubts.is_ambiguous()),
                "{}",
                told()
            );
        }
        (Start::Cut(Some(Head::Response(ours))), _, their) => {
            assert!(!matches!(their, Ok(Some(_))), "{}", told());
            assert!(their_response(whole_lines).is_ok() || ours.doubts.is_ambiguous(), "{}", told());
        }
        (Start::Whole(..), ..) => panic!("they wait for more: {}", told()),
        (Start::Cut(None), request, response) => {
            assert!(!matches!(request, Ok(Some(_))) && !matches!(response, Ok(Some(_))), "{}", told());
        }
        // Targets that are no URI's, and lines with more than one space, are no requests here.
        (Start::Other, Ok(Some((method, path, ..))), _) => {
            assert!(!path.starts_with('/') && path != "*" || method == "CONNECT" || method.len() > 32, "{}", told());
        }
        (Start::Other, _, response) => {
            let status = response.ok().flatten().map(|response| response.0);
            assert!(status.is_none_or(|status| status < 100), "{}", told());
        }
    }
}

/// Lines as they are, as they should not be, and what is no line.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let words = [
        "GET ",
        "POST ",
        "CONNECT ",
        "x ",
        "/",
        "/a?b#c",
        "*",
        "http://u:p@h:1/x",
        "h:443",
        " HTTP/1.1\r\n",
        " HTTP/1.0\r\n",
        " HTTP/1.1\n",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.0 404\r\n",
        "HTTP/1.1 99\r\n",
        "Host: h\r\n",
        "Host: \r\n",
        "content-length: 5\r\n",
        "Content-Length: 6\r\n",
        "Content-Length : 5\r\n",
        "Content-Length: +5\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: x\r\n",
        " folded\r\n",
        "\tfolded\r\n",
        "A\r\n",
        ": x\r\n",
        "A: b\n",
        "A: \u{e4}\r\n",
        "A: \0\r\n",
        "A: b\rc\r\n",
        "\r\n",
        "\n",
        "\r",
        "Connection: close\r\n",
        " ",
        "body",
    ];
    let any = proptest::collection::vec(any::<u8>(), 0..4);
    let piece = prop_oneof![
        12 => proptest::sample::select(words.to_vec()).prop_map(|word| word.as_bytes().to_vec()),
        1 => any
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// A request or a status line, and then whatever.
fn messages() -> impl Strategy<Value = Vec<u8>> {
    let lines =
        ["GET /a?b HTTP/1.1\r\n", "POST http://u:p@h/ HTTP/1.0\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/1.0 404\r\n", ""];
    (proptest::sample::select(lines.to_vec()), pieces(), any::<bool>(), any::<proptest::sample::Index>()).prop_map(
        |(line, pieces, is_cut, cut)| {
            let mut bytes = [line.as_bytes(), &pieces, b"\r\n\r\n"].concat();
            if is_cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            bytes
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn heads_are_read_as_httparse_reads_them(bytes in messages()) {
        compare(&bytes);
    }
}
