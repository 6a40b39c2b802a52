//! The API on the Unix socket: requests checked, then answered from the recorder.

mod crashes;
mod socket;
mod trace;

pub(crate) use socket::SocketPath;

use crate::blocking;
use crate::crash::Keeper;
use crate::feed::Feed;
use crate::recorder::{self, Recorder};
use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request, Response, StatusCode};
use rewind_recording::api::{Endpoint, Failure, JSON, Payload, Version};
use rewind_recording::escape;
use rewind_recording::header::FORMAT;
use rewind_recording::stream;
use serde::Serialize;
use std::convert::Infallible;
use std::sync::Arc;

/// The recorder, shared by all that ask.
pub(crate) type Shared = Arc<Recorder>;
type Body = BoxBody<Bytes, Infallible>;

/// Most bytes of a request's body.
const MAX_BODY_BYTES: usize = 64 << 10;

/// Answers one request.
///
/// # Errors
/// None: what fails is an answer too.
pub(crate) async fn answer(
    shared: Shared,
    feed: Arc<Feed>,
    keeper: Arc<Keeper>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let Some(endpoint) = Endpoint::parse(request.uri().path()) else {
        return Ok(failure(
            StatusCode::NOT_FOUND,
            "there is nothing at this path",
            "plugin and agent differ in version",
        ));
    };
    let response = match (request.method(), endpoint) {
        (&Method::GET, Endpoint::Version) => version(&shared),
        (&Method::GET, Endpoint::Recordings) => blocking(shared, |recorder| Ok(json(&recorder.list()?))).await,
        (&Method::GET, Endpoint::Recording(number)) => {
            blocking(shared, move |recorder| {
                let (header, records) = recorder.recording(number)?;
                Ok(streamed(encode(&header, &records)))
            })
            .await
        }
        (&Method::GET, Endpoint::Trace(number)) => trace::answer(shared, &feed, number),
        (&Method::GET, Endpoint::Crashes) => crashes::list(shared, keeper).await,
        (&Method::GET, Endpoint::Crash(number)) => crashes::stream(keeper, number).await,
        (&Method::PUT, Endpoint::Payload(number)) => match payload(request).await {
            Some(payload) => {
                blocking(shared, move |recorder| {
                    recorder.set_payload(number, payload.on)?;
                    Ok(json(&payload))
                })
                .await
            }
            None => failure(StatusCode::BAD_REQUEST, "the body is not {\"on\": true} or {\"on\": false}", ""),
        },
        _ => failure(StatusCode::METHOD_NOT_ALLOWED, "this path does not take that method", ""),
    };
    Ok(response)
}

fn version(shared: &Shared) -> Response<Body> {
    let host = shared.host();
    json(&Version { version: env!("CARGO_PKG_VERSION").to_owned(), format: FORMAT, host })
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
        Err(_) => failure(StatusCode::INTERNAL_SERVER_ERROR, "the agent failed over this request", "see its log"),
    }
}

fn refused(error: &recorder::Error) -> Response<Body> {
    match error {
        recorder::Error::Gone(_) => failure(StatusCode::NOT_FOUND, &error.to_string(), "list shows what there is"),
        _ => failure(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string(), "see the agent's log"),
    }
}

async fn payload(request: Request<Incoming>) -> Option<Payload> {
    let body = Limited::new(request.into_body(), MAX_BODY_BYTES).collect().await.ok()?;
    serde_json::from_slice(&body.to_bytes()).ok()
}

fn encode(header: &rewind_recording::header::Header, records: &[u8]) -> Vec<u8> {
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
