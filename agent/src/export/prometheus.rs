//! Metrics for who scrapes: `GET /metrics`, as OpenMetrics 1.0 or in Prometheus' own format.
//!
//! Off unless the file of settings says where. It tells what each group said last, so that a scrape costs no reading and
//! comes as often as it likes. Beyond loopback it answers who shows a bearer token alone: names of pods and of whom they
//! speak to are not everybody's.

use crate::blocking;
use crate::export::{Export, State};
use futures_util::future::join_all;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use rewind_openmetrics::{Format, Labels, LeftOut, format, render};
use std::convert::Infallible;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use subtle::ConstantTimeEq as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Most bytes of an answer: a node with some hundred containers has two million.
const MAX_BYTES: usize = 16 << 20;
/// Most connections at a time; who comes later waits.
const WORKERS: usize = 4;
/// How long a request and its answer may take.
const WITHIN: Duration = Duration::from_secs(10);
/// Most bytes of a request's head.
const MAX_HEAD_BYTES: usize = 16 << 10;
/// Most bytes of a token's file.
const MAX_TOKEN_BYTES: usize = 4096;
/// How long after it could not be listened it is tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// Resource attributes that are labels of each series: they tell one host, pod and container from another.
const LABELS: [&str; 17] = [
    "k8s.cluster.name",
    "k8s.node.name",
    "host.name",
    "k8s.namespace.name",
    "k8s.pod.name",
    "k8s.pod.uid",
    "k8s.container.name",
    "container.name",
    "container.id",
    "k8s.deployment.name",
    "k8s.replicaset.name",
    "k8s.statefulset.name",
    "k8s.daemonset.name",
    "k8s.job.name",
    "k8s.cronjob.name",
    "k8s.hpa.name",
    "k8s.container.status.last_terminated_reason",
];

/// Where metrics are told to who scrapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// The address.
    pub listen: SocketAddr,
    /// The file of the token that is to be shown. It may change: it is read for each request.
    pub token: Option<PathBuf>,
}

impl Endpoint {
    /// # Errors
    /// Why it may not be as it is said.
    pub(crate) fn new(listen: SocketAddr, token: Option<PathBuf>) -> Result<Self, String> {
        if token.is_none() && !listen.ip().is_loopback() {
            return Err(format!("at {listen}, beyond loopback, it needs a `tokenFile`"));
        }
        Ok(Self { listen, token })
    }
}

/// Answers who scrapes, for ever.
pub(super) async fn run(export: &Export) {
    let mut state = export.state();
    let left_out = Mutex::default();
    while state.wait_for(|state| state.prometheus.is_some()).await.is_ok() {
        let Some(endpoint) = state.borrow().prometheus.clone() else { continue };
        let listener = match TcpListener::bind(endpoint.listen).await {
            Ok(listener) => listener,
            Err(error) => {
                tracing::error!(%error, listen = %endpoint.listen, "cannot listen for who scrapes; it is tried again");
                if matches!(tokio::time::timeout(AGAIN, changed(&mut state, &endpoint)).await, Ok(false)) {
                    return;
                }
                continue;
            }
        };
        tracing::info!(listen = %endpoint.listen, "metrics for who scrapes");
        let workers = (0..WORKERS).map(|_| work(export, &endpoint, &left_out, &listener));
        tokio::select! {
            _ = join_all(workers) => {}
            is_there = changed(&mut state, &endpoint) => if !is_there { return },
        }
    }
}

/// Answers one after the other, for ever.
async fn work(export: &Export, endpoint: &Endpoint, left_out: &Mutex<LeftOut>, listener: &TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => serve(export, endpoint, left_out, stream).await,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection of who scrapes");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Waits until it is to be elsewhere; `false`: the agent ends.
async fn changed(state: &mut watch::Receiver<State>, endpoint: &Endpoint) -> bool {
    state.wait_for(|state| state.prometheus.as_ref() != Some(endpoint)).await.is_ok()
}

/// One request on a connection.
async fn serve(export: &Export, endpoint: &Endpoint, left_out: &Mutex<LeftOut>, stream: TcpStream) {
    let service =
        service_fn(|request| async move { Ok::<_, Infallible>(answer(export, endpoint, left_out, &request).await) });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(WITHIN).max_buf_size(MAX_HEAD_BYTES).keep_alive(false);
    let served = tokio::time::timeout(WITHIN, http.serve_connection(TokioIo::new(stream), service));
    if !matches!(served.await, Ok(Ok(()))) {
        tracing::debug!("who scraped has gone, or was too slow");
    }
}

async fn answer(
    export: &Export,
    endpoint: &Endpoint,
    left_out: &Mutex<LeftOut>,
    request: &Request<Incoming>,
) -> Response<Full<Bytes>> {
    if !is_allowed(endpoint, request.headers()) {
        let mut response = plain(StatusCode::UNAUTHORIZED, "show the bearer token of the agent's tokenFile\n");
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return response;
    }
    if request.uri().path() != "/metrics" {
        return plain(StatusCode::NOT_FOUND, "metrics are at /metrics\n");
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "GET /metrics\n");
    }
    let format = format(request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok()));
    let all = export.latest().all();
    let mut counted = left_out.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let rendered = blocking::run(move || {
        let labels = Labels { of_resource: &LABELS, ..Labels::default() };
        let text = render(&all, &labels, format, MAX_BYTES, &mut counted);
        (text, counted)
    });
    match rendered.await {
        Ok((text, counted)) => {
            *left_out.lock().unwrap_or_else(PoisonError::into_inner) = counted;
            respond(StatusCode::OK, format, text)
        }
        Err(error) => {
            tracing::error!(%error, "metrics could not be made into text");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "the agent failed over this request; see its log\n")
        }
    }
}

/// Whether the token was shown, where one is needed.
fn is_allowed(endpoint: &Endpoint, headers: &HeaderMap) -> bool {
    let Some(path) = &endpoint.token else { return true };
    let token = match fs::read(path) {
        Ok(token) if token.len() <= MAX_TOKEN_BYTES && !token.trim_ascii().is_empty() => token,
        Ok(_) => {
            tracing::warn!(path = %path.display(), "the token's file is empty or too long: nobody may scrape");
            return false;
        }
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "the token's file cannot be read: nobody may scrape");
            return false;
        }
    };
    let shown = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    shown.is_some_and(|shown| bool::from(shown.trim_ascii().ct_eq(token.trim_ascii())))
}

fn plain(status: StatusCode, sentence: &str) -> Response<Full<Bytes>> {
    respond(status, Format::Classic, sentence.to_owned())
}

fn respond(status: StatusCode, format: Format, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_loopback_it_needs_a_token() {
        let of = |listen: &str, token: Option<&str>| Endpoint::new(listen.parse().unwrap(), token.map(PathBuf::from));
        assert!(of("127.0.0.1:9464", None).is_ok() && of("[::1]:9464", None).is_ok());
        assert!(of("0.0.0.0:9464", None).is_err() && of("10.0.0.1:9464", None).is_err());
        assert!(of("0.0.0.0:9464", Some("/etc/rewind/token")).is_ok());
    }

    #[test]
    fn who_shows_another_token_or_none_is_not_answered_nor_is_anybody_without_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let endpoint = Endpoint::new(([0, 0, 0, 0], 9464).into(), Some(path.clone())).unwrap();
        let is_allowed = |shown: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_str(shown).unwrap());
            is_allowed(&endpoint, &headers)
        };
        assert!(!is_allowed("Bearer abc"), "there is no file");
        fs::write(&path, "  \n").unwrap();
        assert!(!is_allowed("Bearer "), "an empty token is none");
        fs::write(&path, "abc\n").unwrap();
        assert!(is_allowed("Bearer abc"));
        assert!(!is_allowed("Bearer abd") && !is_allowed("Bearer ab") && !is_allowed("Basic abc") && !is_allowed(""));
        assert!(!super::is_allowed(&endpoint, &HeaderMap::new()));
    }
}
