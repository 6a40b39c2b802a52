//! What comes at the agent's port: any bytes are requests that are understood, or are refused. They go through the
//! server's own HTTP, with its bounds, to the route and to what stands in front of a request.
#![no_main]

use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use libfuzzer_sys::fuzz_target;
use rewind_recording::api::{self, Endpoint};
use session::{REQUEST_HEADER, RequestName, SECRET_HEADER, Shown, authorization, secret};
use std::convert::Infallible;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::{Builder, Runtime};

// The crate that these are of brings a client of the API server.
#[allow(dead_code, missing_docs, unreachable_pub)]
#[path = "../../../resources/src/secret.rs"]
mod secret;
#[allow(dead_code, missing_docs, unreachable_pub)]
#[path = "../../../resources/src/session.rs"]
mod session;

/// The agent's: see `agent/src/serve/connection.rs`.
const MAX_HEADERS: (usize, usize) = (16 << 10, 32);

thread_local! {
    static RUNTIME: Option<Runtime> = Builder::new_current_thread().build().ok();
}

fuzz_target!(|bytes: &[u8]| {
    RUNTIME.with(|runtime| {
        let Some(runtime) = runtime else { return };
        runtime.block_on(serve(bytes));
        // In their places, too: chance makes few requests.
        runtime.block_on(serve(&composed(bytes)));
    });
    if let Ok(text) = std::str::from_utf8(bytes) {
        path(text);
        name(text);
        if let Some(shown) = secret(text) {
            assert_eq!(secret(&authorization(&shown)), Some(shown));
        }
    }
});

/// Lines as path, name, secret and whatever else.
fn composed(bytes: &[u8]) -> Vec<u8> {
    let mut parts = bytes.split(|byte| *byte == b'\n');
    let mut next = || parts.next().unwrap_or_default();
    let head: [&[u8]; 8] = [
        b"GET ",
        next(),
        b" HTTP/1.1\r\nhost: rewind\r\nrewind-request: ",
        next(),
        b"\r\nauthorization: Rewind ",
        next(),
        b"\r\n",
        next(),
    ];
    [&head.concat(), b"\r\n\r\n".as_slice()].concat()
}

async fn serve(bytes: &[u8]) {
    let (ours, mut theirs) = tokio::io::duplex(1 << 16);
    let mut http = http1::Builder::new();
    http.max_buf_size(MAX_HEADERS.0).max_headers(MAX_HEADERS.1);
    let connection = http.serve_connection(TokioIo::new(ours), service_fn(answer));
    let asking = async {
        let _ = theirs.write_all(bytes).await;
        let _ = theirs.shutdown().await;
        let mut said = Vec::new();
        let _ = theirs.read_to_end(&mut said).await;
    };
    let _ = tokio::join!(connection, asking);
}

async fn answer(request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    path(request.uri().path());
    let values = |name| request.headers().get_all(name).iter().map(HeaderValue::as_bytes);
    if let Some(shown) = Shown::read(values(REQUEST_HEADER), values(SECRET_HEADER)) {
        assert_eq!(values(REQUEST_HEADER).count(), 1);
        name(&shown.name.to_string());
        assert!(shown.secret.matches(&shown.secret.hash()));
    }
    Ok(Response::new(Empty::new()))
}

/// A path that is one of ours is written as we write it.
fn path(text: &str) {
    let number = |number: u64, path: String| {
        // Zeros in front are the same number.
        let digits =
            |text: &str| text.split('/').map(|part| part.trim_start_matches('0').to_owned()).collect::<Vec<_>>();
        assert_eq!(digits(text), digits(&path), "{number}");
    };
    match Endpoint::parse(text) {
        None => {}
        Some(Endpoint::Version) => assert_eq!(text, api::VERSION_PATH),
        Some(Endpoint::Doctor) => assert_eq!(text, api::DOCTOR_PATH),
        Some(Endpoint::Node) => assert_eq!(text, api::NODE_PATH),
        Some(Endpoint::Recordings) => assert_eq!(text, api::RECORDINGS_PATH),
        Some(Endpoint::Crashes) => assert_eq!(text, api::CRASHES_PATH),
        Some(Endpoint::Recording(of)) => number(of, api::recording_path(of)),
        Some(Endpoint::Trace(of)) => number(of, api::trace_path(of)),
        Some(Endpoint::Payload(of)) => number(of, api::payload_path(of)),
        Some(Endpoint::Crash(of)) => number(of, api::crash_path(of)),
    }
}

/// A name leads nowhere else when it stands in a URL of the API server.
fn name(text: &str) {
    if let Some(name) = RequestName::parse(text) {
        assert_eq!(name.to_string(), text);
        assert!(!name.namespace.contains(['/', '.', '%', '?']) && !name.name.contains(['/', '%', '?']));
        assert!(!name.name.contains("..") && name.name.len() <= 253);
    }
}
