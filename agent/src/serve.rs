//! The API, on the Unix socket and at the port: requests checked, then answered from the recorder.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it does |
//! |---|---|
//! | [`socket`] | the Unix socket, for the host's owner, who may have everything |
//! | [`rights`] | what who asks may have: pure |
//! | [`requests`] | whether a request that is shown at the port is good: pure |
//! | [`places`] | who may be connected |
//! | [`lookup`] | asks the API server for that request, at a bounded cost |
//! | [`gate`] | lets in who shows a good one, and takes it |
//! | [`audit`] | notes who has read what |
//! | [`crashes`] | crash files |
//! | [`doctor`] | what the host is like |
//! | [`trace`] | live traces |
//! | [`connection`] | what every connection is held to, and those of the socket |
//! | [`port`] | connections at the port |

mod audit;
mod connection;
mod crashes;
mod doctor;
mod gate;
mod lookup;
mod places;
mod port;
mod requests;
mod rights;
mod socket;
mod trace;

pub(crate) use connection::serve_owner;
pub(crate) use doctor::programs;
pub(crate) use gate::Gate;
pub(crate) use places::Places;
pub(crate) use port::{Port, serve};
pub(crate) use rights::Rights;
pub(crate) use socket::SocketPath;

use crate::blocking;
use crate::counts::Counts;
use crate::crash::Keeper;
use crate::export::Export;
use crate::feed::Feed;
use crate::identity::kubernetes::annotations::Annotations;
use crate::recorder::{self, Recorder};
use crate::usage::Usage;
use audit::Reading;
use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request, Response, StatusCode};
use rewind_recording::api::{Endpoint, Failure, JSON, Payload, Version};
use rewind_recording::escape;
use rewind_recording::header::{FORMAT, Header};
use rewind_recording::stream;
use serde::Serialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// The recorder, shared by all that ask.
pub(crate) type Shared = Arc<Recorder>;
type Body = BoxBody<Bytes, Infallible>;

/// Most annotations that are told as not understood.
const MAX_REFUSED: usize = 100;
/// Most bytes of a request's body.
const MAX_BODY_BYTES: usize = 64 << 10;
/// How long it may take to come.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// Who is asked.
#[derive(Clone)]
pub(crate) struct Parts {
    /// For recordings.
    pub recorder: Shared,
    /// For what happens.
    pub feed: Arc<Feed>,
    /// For crash files.
    pub keeper: Arc<Keeper>,
    /// For annotations that are not understood.
    pub annotations: Arc<Annotations>,
    /// For what did not come about.
    pub counts: Arc<Counts>,
    /// For what became of what is exported.
    pub export: Arc<Export>,
    /// For how the host and its containers are doing.
    pub usage: Arc<Usage>,
}

/// Answers one request, as far as `rights` go: what they do not cover is not there.
///
/// # Errors
/// None: what fails is an answer too.
pub(crate) async fn answer(
    parts: Parts,
    rights: Rights,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let Some(endpoint) = Endpoint::parse(request.uri().path()) else {
        return Ok(failure(
            StatusCode::NOT_FOUND,
            "there is nothing at this path",
            "plugin and agent differ in version",
        ));
    };
    let Parts { recorder, feed, keeper, annotations, counts, export, usage } = parts;
    let response = match (request.method(), endpoint) {
        (&Method::GET, Endpoint::Version) => version(&recorder, &annotations, &counts, &export, &rights),
        (&Method::GET, Endpoint::Doctor) => blocking(recorder, |recorder| Ok(json(&doctor::report(recorder)))).await,
        (&Method::GET, Endpoint::Node) => node(recorder, usage).await,
        (&Method::GET, Endpoint::Recordings) => {
            blocking(recorder, move |recorder| {
                let mut list = recorder.list()?;
                rights.narrow_list(&mut list);
                Ok(json(&list))
            })
            .await
        }
        (&Method::GET, Endpoint::Recording(number)) => {
            blocking(recorder, move |recorder| {
                let (mut header, records) = recorder.recording(number)?;
                covered(&rights, &header, number)?;
                keeper.healthy().tell(&mut header, &records);
                Ok(noted(streamed(encode(&header, &records)), Reading::recording(&header)))
            })
            .await
        }
        (&Method::GET, Endpoint::Trace(number)) => trace::answer(recorder, &feed, &rights, number),
        (&Method::GET, Endpoint::Crashes) => crashes::list(recorder, keeper, rights).await,
        (&Method::GET, Endpoint::Crash(number)) => crashes::stream(keeper, rights, number).await,
        (&Method::PUT, Endpoint::Payload(number)) => match payload(request).await {
            Some(payload) => {
                blocking(recorder, move |recorder| {
                    let header = recorder.header_of(number)?;
                    covered(&rights, &header, number)?;
                    recorder.set_payload(number, payload.on)?;
                    Ok(noted(json(&payload), Reading::payload(&header.container, payload.on)))
                })
                .await
            }
            None => failure(StatusCode::BAD_REQUEST, "the body is not {\"on\": true} or {\"on\": false}", ""),
        },
        _ => failure(StatusCode::METHOD_NOT_ALLOWED, "this path does not take that method", ""),
    };
    Ok(response)
}

/// Whether a recording may be seen. One that may not is as one that is not there.
fn covered(rights: &Rights, header: &Header, number: u64) -> Result<(), recorder::Error> {
    if rights.cover(&header.container) { Ok(()) } else { Err(recorder::Error::Gone(number)) }
}

/// An answer with what it gives beside it.
fn noted(mut response: Response<Body>, reading: Reading) -> Response<Body> {
    response.extensions_mut().insert(reading);
    response
}

fn version(
    recorder: &Recorder,
    annotations: &Annotations,
    counts: &Counts,
    export: &Export,
    rights: &Rights,
) -> Response<Body> {
    let refused = annotations.refused().into_iter().filter(|(namespace, _)| rights.reach(namespace));
    json(&Version {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        format: FORMAT,
        host: recorder.host(),
        refused: refused.map(|(_, sentence)| sentence).take(MAX_REFUSED).collect(),
        counts: counts.named(),
        export: export.told(),
    })
}

/// How the host and its containers are doing.
async fn node(recorder: Shared, usage: Arc<Usage>) -> Response<Body> {
    let asked = Arc::clone(&usage);
    match blocking::run(move || asked.node(&recorder)).await {
        Ok(Ok(mut node)) => {
            usage.look(&mut node).await;
            json(&node)
        }
        Ok(Err(error)) => refused(&error),
        Err(_) => failed(),
    }
}

/// Does what takes a while where it holds nobody up.
async fn blocking(
    shared: Shared,
    work: impl FnOnce(&Recorder) -> Result<Response<Body>, recorder::Error> + Send + 'static,
) -> Response<Body> {
    let done = blocking::run(move || work(&shared)).await;
    match done {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => refused(&error),
        Err(_) => failed(),
    }
}

fn failed() -> Response<Body> {
    failure(StatusCode::INTERNAL_SERVER_ERROR, "the agent failed over this request", "see its log")
}

fn refused(error: &recorder::Error) -> Response<Body> {
    match error {
        recorder::Error::Gone(_) => failure(StatusCode::NOT_FOUND, &error.to_string(), "list shows what there is"),
        _ => failure(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string(), "see the agent's log"),
    }
}

async fn payload(request: Request<Incoming>) -> Option<Payload> {
    let body = Limited::new(request.into_body(), MAX_BODY_BYTES).collect();
    let body = tokio::time::timeout(BODY_WITHIN, body).await.ok()?.ok()?;
    serde_json::from_slice(&body.to_bytes()).ok()
}

fn encode(header: &Header, records: &[u8]) -> Vec<u8> {
    let write = || -> std::io::Result<Vec<u8>> {
        let mut writer = stream::Writer::new(Vec::with_capacity(records.len() + 4096), header)?;
        writer.records(records)?;
        writer.finish(header)
    };
    // A `Vec` takes everything; if it did not, the reader would see that the end is missing.
    write().unwrap_or_default()
}

fn streamed(bytes: Vec<u8>) -> Response<Body> {
    respond(StatusCode::OK, stream::CONTENT_TYPE, Full::new(Bytes::from(bytes)).boxed())
}

fn json(body: &impl Serialize) -> Response<Body> {
    let bytes = encoded(body);
    respond(StatusCode::OK, JSON, Full::new(Bytes::from(bytes)).boxed())
}

/// As JSON; a `Vec` takes everything.
fn encoded(body: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    drop(escape::json::write(&mut bytes, body));
    bytes
}

fn failure(status: StatusCode, error: &str, hint: &str) -> Response<Body> {
    let body = Failure { error: error.to_owned(), hint: hint.to_owned() };
    let bytes = encoded(&body);
    respond(status, JSON, Full::new(Bytes::from(bytes)).boxed())
}

fn respond(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(content_type));
    response
}
