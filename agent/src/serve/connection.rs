//! What every connection is held to, and those of the Unix socket.

use super::places::{Place, Places};
use super::requests::Refusal;
use super::rights::Rights;
use super::{Body, Parts, answer, failure};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixStream;

/// How long the first head may take.
pub(super) const FIRST_HEAD: Duration = Duration::from_secs(5);
/// How long a reader may take for the next one.
const NEXT_HEAD: Duration = Duration::from_secs(60);
/// Most bytes that are held of headers, and most of them.
const MAX_HEADERS: (usize, usize) = (16 << 10, 32);

/// HTTP with bounds.
pub(super) fn http() -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(NEXT_HEAD);
    http.max_buf_size(MAX_HEADERS.0).max_headers(MAX_HEADERS.1);
    http
}

/// Waits until a connection that shows nothing has had its time.
pub(super) async fn had_its_time(place: &Place) {
    tokio::time::sleep(FIRST_HEAD).await;
    if !place.is_silent() {
        std::future::pending::<()>().await;
    }
}

/// Why a connection ended of itself, where that is worth counting.
pub(super) fn ended(done: Result<(), hyper::Error>) -> Option<Refusal> {
    let error = done.err()?;
    tracing::debug!(%error, "a reader has gone");
    if error.is_parse() {
        return Some(Refusal::Malformed);
    }
    error.is_timeout().then_some(Refusal::Silent)
}

/// A refusal as an answer; no more is answered on this connection.
pub(super) fn closing(refusal: Refusal) -> Response<Body> {
    let mut response = refused(refusal);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A refusal as an answer.
pub(super) fn refused(refusal: Refusal) -> Response<Body> {
    let (status, sentence, hint) = refusal.answer();
    failure(status, sentence, hint)
}

/// Answers the host's owner on a connection to the Unix socket until it is over.
pub(crate) async fn serve_owner(parts: Parts, places: Places, stream: UnixStream) {
    let (place, sheds) = places.enter();
    if sheds {
        parts.counts.add(Refusal::Shed.counter());
    }
    let place = Arc::new(place);
    let service = service_fn(|request: Request<Incoming>| {
        let (parts, place) = (parts.clone(), Arc::clone(&place));
        async move {
            match place.ask() {
                Ok(()) => answer(parts, Rights::All, request).await,
                Err(refusal) => {
                    parts.counts.add(refusal.counter());
                    Ok::<_, Infallible>(closing(refusal))
                }
            }
        }
    });
    let why = tokio::select! {
        done = http().serve_connection(TokioIo::new(stream), service) => ended(done),
        () = had_its_time(&place) => Some(Refusal::Silent),
        // It was counted by who came for it.
        () = place.shed() => None,
    };
    if let Some(why) = why {
        parts.counts.add(why.counter());
    }
}
