//! The port: the same API for who comes through a port-forward and shows a request.
//!
//! It listens on loopback, which a port-forward to the agent's pod reaches and nobody else outside of the pod does. All
//! who come so are one peer: nothing is held against a peer, only against a connection ([`super::places`]).
//! A connection without a good request is closed soon, one with it when the request is over or gone: a live trace
//! ends with the right to it.

use super::audit::{Noted, Reading};
use super::connection::{closing, ended, had_its_time, http, refused};
use super::gate::Gate;
use super::places::{Place, Places};
use super::requests::Refusal;
use super::rights::{Grant, Rights};
use super::{Body, Parts, answer};
use crate::publish::Events;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use k8s_openapi::jiff::Timestamp;
use rewind_recording::api::Endpoint;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Mutex;

/// How often a request that was taken is read again.
const LOOK: Duration = Duration::from_secs(10);

/// What all connections share.
#[derive(Clone)]
pub(crate) struct Port {
    /// What is asked.
    pub parts: Parts,
    /// Who is let in.
    pub gate: Arc<Gate>,
    /// Who may be connected.
    pub places: Places,
    /// Where readings are noted.
    pub events: Arc<Events>,
}

/// One connection.
struct Session {
    port: Port,
    peer: IpAddr,
    place: Place,
    /// The request that it has taken.
    grant: Mutex<Option<Grant>>,
}

/// Answers on a connection until it is over.
pub(crate) async fn serve(port: Port, stream: TcpStream, peer: IpAddr) {
    let (place, sheds) = port.places.enter();
    if sheds {
        port.gate.count(Refusal::Shed, peer, None);
    }
    let session = Arc::new(Session { port, peer, place, grant: Mutex::default() });
    let service = service_fn(|request| {
        let session = Arc::clone(&session);
        async move { Ok::<_, Infallible>(session.answer(request).await) }
    });
    let connection = http().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        done = connection => {
            if let Some(why) = ended(done) {
                session.port.gate.count(why, peer, None);
            }
        }
        () = had_its_time(&session.place) => session.port.gate.count(Refusal::Silent, peer, None),
        // It was counted by who came for it.
        () = session.place.shed() => {}
        why = session.over() => tracing::info!(%peer, why, "a connection was closed"),
    }
}

impl Session {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let gate = &self.port.gate;
        let grant = match self.admit(&request).await {
            Ok(grant) => grant,
            Err(refusal) => {
                gate.count(refusal, self.peer, Some(request.headers()));
                return closing(refusal);
            }
        };
        let rights = Rights::Request(Box::new(grant.clone()));
        if Endpoint::parse(request.uri().path()).is_some_and(|endpoint| !rights.allow(endpoint)) {
            gate.count(Refusal::Action, self.peer, Some(request.headers()));
            return refused(Refusal::Action);
        }
        let headers = request.headers().clone();
        let Ok(mut response) = answer(self.port.parts.clone(), rights, request).await;
        if response.status() == StatusCode::NOT_FOUND {
            gate.count(Refusal::Target, self.peer, Some(&headers));
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
        self.place.ask()?;
        let mut held = self.grant.lock().await;
        let grant = self.port.gate.admit(request.headers(), held.as_ref(), &self.place).await?;
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
