//! A small agent: answers over a Unix socket with recordings that are made here.

use bytes::Bytes;
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper::{Request, Response, StatusCode};
use rewind_recording::api::node::{ContainerUse, Node};
use rewind_recording::api::{Endpoint, Failure, List, Listed, Payload, Totals};
use rewind_recording::crash::{Crash, Crashes};
use rewind_recording::ending::Ending;
use rewind_recording::event::build;
use rewind_recording::header::{Container, Coverage, Header, Host};
use rewind_recording::stream::{Status, Writer};
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

pub const SECOND: u64 = 1_000_000_000;
/// 2026-11-21T13:03:41Z.
const UNIX_OFFSET_NS: i64 = (1_795_266_221 - 100) * SECOND as i64;

/// A running server; gone when dropped.
pub struct Server {
    pub socket: PathBuf,
    _folder: tempfile::TempDir,
    _runtime: tokio::runtime::Runtime,
}

/// How the server behaves.
#[derive(Clone, Default)]
pub struct Manners {
    /// What it answers with, by path, instead of what is made here; all else is refused with the last.
    pub answers: Option<Arc<Answers>>,
    /// Nothing is recorded.
    pub empty: bool,
    /// The stream breaks in the middle.
    pub breaks: bool,
    /// A trace goes on until the reader goes.
    pub endless: bool,
    /// So many requests are refused, for others are connected.
    pub busy: Arc<AtomicU32>,
}

/// Answers, each with its path, and how other paths are refused.
#[derive(Clone, Default)]
pub struct Answers {
    pub by_path: Vec<(String, Vec<u8>)>,
    pub refusal: Vec<u8>,
}

pub fn start(manners: Manners) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("agent.sock");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = {
        let _context = runtime.enter();
        tokio::net::UnixListener::bind(&socket).unwrap()
    };
    runtime.spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let manners = manners.clone();
            let service = hyper::service::service_fn(move |request| answer(request, manners.clone()));
            let io = hyper_util::rt::TokioIo::new(connection);
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(io, service));
        }
    });
    Server { socket, _folder: folder, _runtime: runtime }
}

type Body = BoxBody<Bytes, std::io::Error>;

async fn answer(request: Request<Incoming>, manners: Manners) -> Result<Response<Body>, Infallible> {
    let whole = |bytes: Vec<u8>| Full::new(Bytes::from(bytes)).map_err(|never| match never {}).boxed();
    let json = |value: &dyn erased::Json| whole(value.bytes());
    let one_less = |left: u32| left.checked_sub(1);
    if manners.busy.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok() {
        let failure = Failure { error: "too many are connected".into(), hint: "wait a few seconds".into() };
        let mut response = Response::new(json(&failure));
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        return Ok(response);
    }
    if let Some(answers) = &manners.answers {
        let path = request.uri().path();
        let known = answers.by_path.iter().find(|(known, _)| known == path);
        let mut response =
            Response::new(whole(known.map_or_else(|| answers.refusal.clone(), |(_, body)| body.clone())));
        *response.status_mut() = if known.is_some() { StatusCode::OK } else { StatusCode::GONE };
        return Ok(response);
    }
    let body = match Endpoint::parse(request.uri().path()) {
        Some(Endpoint::Recordings) if manners.empty => json(&List::default()),
        Some(Endpoint::Recordings) => json(&list()),
        Some(Endpoint::Recording(number)) if manners.breaks => {
            let mut stream = snapshot(number);
            stream.truncate(stream.len() - 10);
            broken(stream)
        }
        Some(Endpoint::Recording(number @ 1..=2)) => whole(snapshot(number)),
        Some(Endpoint::Node) => json(&node()),
        Some(Endpoint::Crashes) => json(&crashes()),
        Some(Endpoint::Crash(4)) => whole(snapshot(1)),
        Some(Endpoint::Trace(_)) if manners.endless => endless(),
        Some(Endpoint::Trace(number)) => whole(trace(number)),
        Some(Endpoint::Payload(_)) => {
            let sent = request.into_body().collect().await.unwrap().to_bytes();
            let payload: Payload = serde_json::from_slice(&sent).unwrap();
            json(&payload)
        }
        _ => {
            let failure = Failure { error: "recording is gone".into(), hint: "see 'rewind list'".into() };
            let mut response = Response::new(json(&failure));
            *response.status_mut() = StatusCode::GONE;
            return Ok(response);
        }
    };
    Ok(Response::new(body))
}

mod erased {
    pub trait Json {
        fn bytes(&self) -> Vec<u8>;
    }
    impl<T: serde::Serialize> Json for T {
        fn bytes(&self) -> Vec<u8> {
            serde_json::to_vec(self).unwrap()
        }
    }
}

/// A host of which a container uses half a CPU.
fn node() -> Node {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let now_ns = since.as_nanos() as u64;
    let (recording, name) = (2, "db\x1b[2J".into());
    let (read_ns, cpu_ns) = (Some(now_ns), Some(now_ns / 2));
    let containers = vec![ContainerUse { recording, name, read_ns, cpu_ns, ..ContainerUse::default() }];
    let unread = vec!["swaps: No such file".to_owned()];
    Node { name: "n1".to_owned(), at_unix_ns: now_ns, now_ns, cpus: 2, containers, unread, ..Node::default() }
}

fn broken(bytes: Vec<u8>) -> Body {
    let parts = [Ok(Frame::data(Bytes::from(bytes))), Err(std::io::Error::other("broken"))];
    StreamBody::new(tokio_stream(parts.into_iter(), Duration::ZERO)).boxed()
}

fn endless() -> Body {
    let mut writer = Writer::new(Vec::new(), &header(2)).unwrap();
    let parts = (0..).map(move |i: u64| {
        let mut records = Vec::new();
        build::call(&mut records, 700, 39).at((100 + i) * SECOND, 1000).result(700).end();
        writer.records(&records).unwrap();
        Ok(Frame::data(Bytes::from(std::mem::take(writer.sink()))))
    });
    StreamBody::new(tokio_stream(parts, Duration::from_millis(20))).boxed()
}

fn tokio_stream<T: Send + Sync + 'static>(
    parts: impl Iterator<Item = T> + Send + Sync + 'static,
    pause: Duration,
) -> impl futures_core::Stream<Item = T> + Send + Sync {
    futures_util::stream::unfold(parts, move |mut parts| async move {
        tokio::time::sleep(pause).await;
        parts.next().map(|part| (part, parts))
    })
}

fn container(number: u64) -> Container {
    let (id, name) = match number {
        1 => ("3f2a9c1b2d4e5f60718293a4b5c6d7e8f90123456789abcdef0123456789abcd", "web"),
        2 => ("9b1c0d2e3f405162738495a6b7c8d9eafb0c1d2e3f405162738495a6b7c8d9ea", "db"),
        _ => ("3f2fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", ""),
    };
    Container {
        id: id.into(),
        name: name.into(),
        runtime: "docker".into(),
        cgroup_path: format!("/system.slice/docker-{id}.scope").into(),
        ..Container::default()
    }
}

/// One crash file: of an earlier run of `db`.
fn crashes() -> Crashes {
    let container = Container { id: "77aa".into(), name: "db".into(), ..Container::default() };
    let ending = Some(Ending { exit_code: Some(2), ..Ending::default() });
    let header = Header { container, ending, died_ns: Some(7 * SECOND), coverage: coverage(), ..Header::default() };
    let crash = Crash { crash: 4, file: "7-000004-77aa-1.rewind".into(), bytes: 65_536, header, ..Crash::default() };
    let directory = "/var/lib/rewind/crashes".into();
    Crashes { crashes: vec![crash], directory, now_unix_ns: 9_000_000_000, ..Crashes::default() }
}

fn coverage() -> Coverage {
    Coverage {
        calls_made: 20_113,
        calls_held: 18_204,
        calls_overwritten: 1_909,
        complete_from_ns: 66 * SECOND,
        decisive_from_ns: 60 * SECOND,
        traffic_from_ns: Some(60 * SECOND),
        oldest_ns: 60 * SECOND,
        newest_ns: 95 * SECOND,
        ring_bytes: 1 << 20,
    }
}

fn header(number: u64) -> Header {
    Header {
        format: 1,
        host: Host { arch: "x86_64".into(), unix_offset_ns: UNIX_OFFSET_NS, ..Host::default() },
        container: container(number),
        recording: number,
        born_ns: 10 * SECOND,
        died_ns: (number == 1).then_some(95 * SECOND),
        read_ns: 100 * SECOND,
        coverage: coverage(),
        ..Header::default()
    }
}

fn list() -> List {
    let listed = |recording| Listed {
        recording,
        container: container(recording),
        born_ns: 10 * SECOND,
        died_ns: (recording == 1).then_some(40 * SECOND),
        coverage: coverage(),
        losses: (recording == 2).then(|| ("lapped".to_owned(), 3)).into_iter().collect(),
        ..Listed::default()
    };
    let totals = Totals { budget_bytes: 64 << 20, used_bytes: 3 << 20, rings_free: 61, ..Totals::default() };
    List { now_ns: 352 * SECOND, recordings: (1..=3).map(listed).collect(), totals, ..List::default() }
}

/// A program that fails to open a file, says so, and exits with 1.
fn records() -> Vec<u8> {
    let mut records = Vec::new();
    let out = &mut records;
    build::task(out, 60 * SECOND, (700, 700), (1, 1), "python3");
    build::call(out, 700, 3).at(70 * SECOND, 412).arg(4).result(0).end();
    build::call(out, 700, 257)
        .at(94 * SECOND, 12_345)
        .arg(0xffff_ff9c)
        .string("/etc/passwd")
        .arg(0o2_001_101)
        .arg(0o666)
        .result(-13)
        .end();
    build::call(out, 700, 1)
        .at(94 * SECOND + 100_000, 9_000)
        .arg(2)
        .pointed(b"Permission denied\n")
        .arg(18)
        .result(18)
        .end();
    build::call(out, 700, 231).at(95 * SECOND - 500, 500).flags(1 << 4).arg(1).end();
    build::exit(out, 95 * SECOND, (700, 700), 1 << 8, true);
    records
}

fn snapshot(number: u64) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), &header(number)).unwrap();
    writer.records(&records()).unwrap();
    writer.finish(&header(number)).unwrap()
}

fn trace(number: u64) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), &header(number)).unwrap();
    writer.records(&records()).unwrap();
    writer.status(&Status { missed: 5, missed_total: 5, ..Status::default() }).unwrap();
    let end = Header { died_ns: Some(99 * SECOND), ..header(number) };
    writer.finish(&end).unwrap()
}
