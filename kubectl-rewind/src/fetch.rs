//! Talks to an agent: HTTP/1.1 over its Unix socket, or over a connection through the API server of a cluster.

use crate::cluster::forward::Session;
use crate::error::Error;
use crate::failure::Failure;
use crate::runs::KeptRun;
use crate::source;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Method, Request, Response};
use rewind_recording::api::node::Node;
use rewind_recording::api::{self, Doctor, List, Payload, Version};
use rewind_recording::crash::Crashes;
use rewind_recording::escape;
use rewind_recording::stream::{Decoder, Frame, Gather, Recording};
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long an agent may be silent before it counts as not answering; a live trace may be for ever.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait before an agent is asked again that is busy with others.
const WAITS: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];
/// Most bytes of an answer that is no stream.
const MAX_JSON_BYTES: usize = 64 << 20;

/// How often the right to go on asking is renewed; it is good for a minute.
pub(crate) const RENEWAL: Duration = Duration::from_secs(20);

/// An agent, and how it is reached.
#[derive(Clone, Debug)]
pub(crate) enum Agent {
    /// By its socket; each request has a connection of its own.
    Socket(PathBuf),
    /// Through the API server; all requests go over one connection.
    Session(Arc<Session>),
    /// None is there: the one file that is meant was sent to this URL.
    Away(Arc<str>),
}

impl Agent {
    /// The agent that listens on `socket`.
    #[must_use]
    pub(crate) fn new(socket: &Path) -> Self {
        Self::Socket(socket.to_owned())
    }

    /// Keeps the right to ask for another minute, where it is one that ends.
    ///
    /// # Errors
    /// [`Failure`].
    pub(crate) async fn renew(&self) -> Result<(), Failure> {
        match self {
            Self::Socket(_) | Self::Away(_) => Ok(()),
            Self::Session(session) => session.renew().await,
        }
    }

    /// Who answers.
    ///
    /// # Errors
    /// Those of talking to the agent, see [`Error`].
    pub(crate) async fn version(&self) -> Result<Version, Error> {
        self.json(Method::GET, api::VERSION_PATH, Bytes::new()).await
    }

    /// What its host can give.
    ///
    /// # Errors
    /// Those of talking to the agent, see [`Error`].
    pub(crate) async fn doctor(&self) -> Result<Doctor, Error> {
        self.json(Method::GET, api::DOCTOR_PATH, Bytes::new()).await
    }

    /// How its host is doing.
    ///
    /// # Errors
    /// Those of talking to the agent, see [`Error`].
    pub(crate) async fn node(&self) -> Result<Node, Error> {
        self.json(Method::GET, api::NODE_PATH, Bytes::new()).await
    }

    /// All recordings.
    ///
    /// # Errors
    /// Those of talking to the agent, see [`Error`].
    pub(crate) async fn list(&self) -> Result<List, Error> {
        self.json(Method::GET, api::RECORDINGS_PATH, Bytes::new()).await
    }

    /// All crash files. An agent that is too old to have any has none.
    ///
    /// # Errors
    /// Those of talking to the agent, see [`Error`].
    pub(crate) async fn crashes(&self) -> Result<Crashes, Error> {
        match self.json(Method::GET, api::CRASHES_PATH, Bytes::new()).await {
            Err(Error::Refused { status: 404, .. }) => Ok(Crashes::default()),
            answer => answer,
        }
    }

    /// A whole recording; `progress` is told how many bytes have come.
    ///
    /// # Errors
    /// Those of talking to the agent, and a stream that is damaged. One that is cut short is none.
    pub(crate) async fn snapshot(&self, held: KeptRun, mut progress: impl FnMut(usize)) -> Result<Recording, Error> {
        if let Self::Away(url) = self {
            return source::read(Path::new(&**url)).await;
        }
        let path = match held {
            KeptRun::Ring(recording) => api::recording_path(recording),
            KeptRun::File(crash) => api::crash_path(crash),
        };
        let mut frames = self.stream(&path, Some(PATIENCE)).await?;
        let mut gather = Gather::default();
        while let Some(frame) = frames.next().await? {
            gather.add(frame)?;
            progress(gather.bytes());
        }
        Ok(gather.finish()?)
    }

    /// A live trace.
    ///
    /// # Errors
    /// Those of talking to the agent, see [`Error`].
    pub(crate) async fn trace(&self, recording: u64) -> Result<Frames, Error> {
        self.stream(&api::trace_path(recording), None).await
    }

    /// Switches payload on or off; what it is then.
    ///
    /// # Errors
    /// Those of talking to the agent, see [`Error`].
    pub(crate) async fn set_payload(&self, recording: u64, on: bool) -> Result<Payload, Error> {
        let path = api::payload_path(recording);
        let body =
            serde_json::to_vec(&Payload { on }).map_err(|source| Error::Answer { request: path.clone(), source })?;
        self.json(Method::PUT, &path, Bytes::from(body)).await
    }

    async fn stream(&self, path: &str, patience: Option<Duration>) -> Result<Frames, Error> {
        let request = format!("GET {path}");
        let response = self.request(Method::GET, path, Bytes::new()).await?;
        Ok(Frames { agent: self.clone(), request, body: response.into_body(), decoder: Decoder::new(), patience })
    }

    async fn json<T: DeserializeOwned>(&self, method: Method, path: &str, body: Bytes) -> Result<T, Error> {
        let request = format!("{method} {path}");
        let response = self.request(method, path, body).await?;
        let body = self.whole(response.into_body(), &request).await?;
        serde_json::from_slice(&body).map_err(|source| Error::Answer { request, source })
    }

    /// Asks again while the agent has no place for one more.
    async fn request(&self, method: Method, path: &str, body: Bytes) -> Result<Response<Incoming>, Error> {
        for wait in WAITS {
            match self.request_once(method.clone(), path, body.clone()).await {
                Err(Error::Refused { status: 429, .. }) => tokio::time::sleep(wait).await,
                answer => return answer,
            }
            if let Self::Session(session) = self {
                session.connect_again().await.map_err(|reason| self.no_answer(&format!("{method} {path}"), reason))?;
            }
        }
        self.request_once(method, path, body).await
    }

    async fn request_once(&self, method: Method, path: &str, body: Bytes) -> Result<Response<Incoming>, Error> {
        let name = format!("{method} {path}");
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(hyper::header::HOST, "rewind")
            .header(hyper::header::CONTENT_TYPE, api::JSON)
            .body(Full::new(body))
            .map_err(|error| self.no_answer(&name, error))?;
        let answer = self.send(request, &name);
        let response = tokio::time::timeout(PATIENCE, answer).await.map_err(|_| self.no_answer(&name, SILENT))??;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = self.whole(response.into_body(), &name).await?;
        let failure = serde_json::from_slice(&body).unwrap_or_else(|_| api::Failure {
            error: escape::text(body.get(..200).unwrap_or(&body)).trim().to_owned(),
            hint: String::new(),
        });
        Err(Error::Refused { request: name, status: status.as_u16(), error: failure.error, hint: failure.hint })
    }

    async fn send(&self, request: Request<Full<Bytes>>, name: &str) -> Result<Response<Incoming>, Error> {
        match self {
            Self::Socket(socket) => self.send_to(socket, request, name).await,
            Self::Session(session) => session.send(request).await.map_err(|reason| self.no_answer(name, reason)),
            Self::Away(_) => Err(self.no_answer(name, "it is not there")),
        }
    }

    #[cfg(unix)]
    async fn send_to(
        &self,
        path: &Path,
        request: Request<Full<Bytes>>,
        name: &str,
    ) -> Result<Response<Incoming>, Error> {
        let failed = |error: hyper::Error| self.no_answer(name, error);
        let connected = tokio::net::UnixStream::connect(path).await;
        let socket = connected.map_err(|source| match source.kind() {
            std::io::ErrorKind::PermissionDenied => Error::NotAllowed { path: path.to_owned(), source },
            _ => Error::NobodyListens { path: path.to_owned(), source },
        })?;
        let io = hyper_util::rt::TokioIo::new(socket);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.map_err(failed)?;
        tokio::spawn(connection);
        sender.send_request(request).await.map_err(failed)
    }

    #[cfg(not(unix))]
    async fn send_to(&self, _: &Path, _: Request<Full<Bytes>>, _: &str) -> Result<Response<Incoming>, Error> {
        Err(Error::NoSockets)
    }

    async fn whole(&self, body: Incoming, request: &str) -> Result<Bytes, Error> {
        let body = http_body_util::Limited::new(body, MAX_JSON_BYTES).collect();
        let collected = tokio::time::timeout(PATIENCE, body).await.map_err(|_| self.no_answer(request, SILENT))?;
        Ok(collected.map_err(|error| self.no_answer(request, error))?.to_bytes())
    }

    fn no_answer(&self, request: &str, reason: impl ToString) -> Error {
        let agent = match self {
            Self::Socket(path) => format!("on {}", path.display()),
            Self::Session(session) => format!("of node {}", session.agent.node),
            Self::Away(url) => format!("that sent {url}"),
        };
        Error::NoAnswer { agent, request: request.to_owned(), reason: reason.to_string() }
    }
}

const SILENT: &str = "nothing came for 30 seconds";

/// The frames of a stream, as they come.
#[derive(Debug)]
pub(crate) struct Frames {
    agent: Agent,
    request: String,
    body: Incoming,
    decoder: Decoder,
    patience: Option<Duration>,
}

impl Frames {
    /// The next frame; `None` at the end of the connection. May be dropped and called again.
    ///
    /// # Errors
    /// A broken connection, or a damaged stream.
    pub(crate) async fn next(&mut self) -> Result<Option<Frame>, Error> {
        loop {
            if let Some(frame) = self.decoder.next_frame()? {
                return Ok(Some(frame));
            }
            let next = self.body.frame();
            let part = match self.patience {
                None => next.await,
                Some(patience) => {
                    let in_time = tokio::time::timeout(patience, next).await;
                    in_time.map_err(|_| self.agent.no_answer(&self.request, SILENT))?
                }
            };
            match part {
                None => return Ok(None),
                Some(Ok(part)) => self.decoder.push(&part.into_data().unwrap_or_default()),
                // A stream that breaks off is shown as far as it came: it has no end, and that is said.
                Some(Err(_)) => return Ok(None),
            }
        }
    }
}
