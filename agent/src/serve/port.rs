//! The port: the same API for who comes through a port-forward and shows a request.
//!
//! It listens on loopback, which a port-forward to the agent's pod reaches and nobody else outside of the pod does.
//! A connection without a good request is closed soon, one with it when the request is over or gone: a live trace
//! ends with the right to it.

use super::audit::{Noted, Reading};
use super::gate::Gate;
use super::requests::Refusal;
use super::rights::{Grant, Rights};
use super::{Body, Parts, answer, failure};
use crate::publish::Events;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use k8s_openapi::jiff::Timestamp;
use rewind_recording::api::Endpoint;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Mutex;

/// How long a connection may be without a good request, and how often a request that was taken is read again.
const LOOK: Duration = Duration::from_secs(10);
/// How long the next headers may take.
const HEADERS: Duration = Duration::from_secs(60);
/// Most bytes that are held of headers, and most of them.
const MAX_HEADERS: (usize, usize) = (16 << 10, 32);

/// What all connections share.
#[derive(Clone)]
pub(crate) struct Port {
    /// What is asked.
    pub parts: Parts,
    /// Who is let in.
    pub gate: Arc<Gate>,
    /// Where readings are noted.
    pub events: Arc<Events>,
}

/// One connection.
struct Session {
    port: Port,
    peer: IpAddr,
    /// The request that it has taken.
    grant: Mutex<Option<Grant>>,
}

/// Answers on a connection until it is over.
pub(crate) async fn serve(port: Port, stream: TcpStream, peer: IpAddr) {
    let session = Arc::new(Session { port, peer, grant: Mutex::default() });
    let service = service_fn(|request| {
        let session = Arc::clone(&session);
        async move { Ok::<_, Infallible>(session.answer(request).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(MAX_HEADERS.0).max_headers(MAX_HEADERS.1);
    let connection = http.serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        done = connection => {
            if let Err(error) = done {
                tracing::debug!(%error, %peer, "a reader has gone");
            }
        }
        why = session.over() => tracing::info!(%peer, why, "a connection was closed"),
    }
}

impl Session {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let grant = match self.admit(&request).await {
            Ok(grant) => grant,
            Err(refusal) => return closing(refused(refusal)),
        };
        let rights = Rights::Request(Box::new(grant.clone()));
        if Endpoint::parse(request.uri().path()).is_some_and(|endpoint| !rights.allow(endpoint)) {
            self.port.gate.count(Refusal::Action, self.peer, request.headers());
            return refused(Refusal::Action);
        }
        let headers = request.headers().clone();
        let Ok(mut response) = answer(self.port.parts.clone(), rights, request).await;
        if response.status() == StatusCode::NOT_FOUND {
            self.port.gate.count(Refusal::Target, self.peer, &headers);
        }
        match response.extensions_mut().remove::<Reading>() {
            Some(reading) => {
                let events = Arc::clone(&self.port.events);
                response.map(|body| Noted::new(body, reading, grant, events).boxed())
            }
            None => response,
        }
    }

    async fn admit(&self, request: &Request<Incoming>) -> Result<Grant, Refusal> {
        let mut held = self.grant.lock().await;
        let grant = self.port.gate.admit(self.peer, request.headers(), held.as_ref()).await?;
        *held = Some(grant.clone());
        Ok(grant)
    }

    /// Waits until the connection has no right to be there any more; says why.
    async fn over(&self) -> &'static str {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.tick().await;
        loop {
            ticks.tick().await;
            let Some(grant) = self.grant.lock().await.clone() else { return "no request was shown in time" };
            let again = self.port.gate.again(&grant).await;
            let mut held = self.grant.lock().await;
            let Some(held) = held.as_mut().filter(|held| held.uid == grant.uid) else { continue };
            match again {
                Ok(expires) => held.expires = expires,
                // What was granted is good until then, whoever is away.
                Err(Refusal::Unreachable) if held.expires > Timestamp::now() => {}
                Err(Refusal::Unknown) => return "its request was deleted",
                Err(_) => return "its request is over",
            }
        }
    }
}

fn refused(refusal: Refusal) -> Response<Body> {
    let (status, sentence, hint) = refusal.answer();
    failure(status, sentence, hint)
}

/// No more is answered on this connection.
fn closing(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
