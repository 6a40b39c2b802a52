//! One message to one backend.

use crate::answer::{self, Answer, Rejected};
use crate::backoff::Backoff;
use crate::destination::{Destination, Protocol, Signal};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use opentelemetry_proto::tonic::logs::v1::LogsData;
use opentelemetry_proto::tonic::metrics::v1::MetricsData;
use opentelemetry_proto::tonic::trace::v1::TracesData;
use reqwest::{Certificate, Client, Identity};
use serde::Serialize;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Most bytes of an answer that are read (OTLP specification, "Request and response size limits").
const MAX_ANSWER: usize = 4 << 20;

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A file of certificates or keys cannot be used.
    #[error("{}: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// The client cannot be made.
    #[error("no client for {url}: {why}")]
    Client {
        /// Where to.
        url: String,
        /// Why not.
        why: String,
    },
    /// It refused for good.
    #[error("{url} refused with {status}{}", said(body))]
    Refused {
        /// Where to.
        url: String,
        /// With what.
        status: StatusCode,
        /// What it said.
        body: String,
    },
    /// It was tried for as long as it may be.
    #[error("{url} could not take it: {why}; given up after {tries} tries")]
    GivenUp {
        /// Where to.
        url: String,
        /// What came of the last try.
        why: String,
        /// How many.
        tries: u32,
    },
}

fn said(body: &str) -> String {
    if body.is_empty() { String::new() } else { format!(": {body}") }
}

/// What can be sent.
pub trait Message: prost::Message + Serialize {
    /// Which signal it is of.
    const SIGNAL: Signal;
}

impl Message for TracesData {
    const SIGNAL: Signal = Signal::Traces;
}

impl Message for LogsData {
    const SIGNAL: Signal = Signal::Logs;
}

impl Message for MetricsData {
    const SIGNAL: Signal = Signal::Metrics;
}

/// What came of one try to send a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried<'w> {
    /// It was taken: so many bytes, as they went over the wire.
    Taken(usize),
    /// It was not, and will be tried again.
    Again(&'w str),
}

/// Who is told of each try.
pub type Watch = Arc<dyn Fn(Tried<'_>) + Send + Sync>;

/// Sends the messages of one signal.
#[derive(Clone)]
pub struct Exporter {
    client: Client,
    destination: Destination,
    /// How long a message may wait for other tries in all.
    patience: Duration,
    watch: Option<Watch>,
}

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exporter").field("destination", &self.destination).finish_non_exhaustive()
    }
}

/// A message as it goes over the wire.
#[derive(Clone, Debug)]
pub struct Encoded {
    body: Bytes,
    headers: HeaderMap,
}

/// What came of one try.
enum Try {
    Answered(StatusCode, Answer, String),
    /// No answer: worth another try.
    Failed(String),
}

impl Exporter {
    /// For a destination; a message that cannot be sent at once waits for `patience` at most.
    ///
    /// # Errors
    /// [`ExportError::File`], [`ExportError::Client`]: nothing was sent yet.
    pub fn new(destination: Destination, patience: Duration) -> Result<Self, ExportError> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .timeout(destination.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("OTel-OTLP-Exporter-Rust-rewind/", env!("CARGO_PKG_VERSION")));
        let refused =
            |path: &Path, error: reqwest::Error| ExportError::File { path: path.to_owned(), why: root(&error) };
        if let Some(path) = &destination.certificate {
            let certificates = Certificate::from_pem_bundle(&read(path)?).map_err(|error| refused(path, error))?;
            builder = builder.tls_certs_only(certificates);
        }
        if let Some((certificate, key)) = &destination.client {
            let both = [read(certificate)?, read(key)?].concat();
            builder = builder.identity(Identity::from_pem(&both).map_err(|error| refused(certificate, error))?);
        }
        let client = builder.build();
        let client = client.map_err(|error| ExportError::Client { url: destination.shown(), why: root(&error) })?;
        Ok(Self { client, destination, patience, watch: None })
    }

    /// Tells somebody of each try.
    #[must_use]
    pub fn watched(self, watch: Watch) -> Self {
        Self { watch: Some(watch), ..self }
    }

    /// Where it sends to.
    #[must_use]
    pub const fn destination(&self) -> &Destination {
        &self.destination
    }

    fn tell(&self, tried: Tried<'_>) {
        self.watch.iter().for_each(|watch| watch(tried));
    }

    /// Sends a message, again where the specification says so. What the backend took without is told, and never
    /// sent again.
    ///
    /// # Errors
    /// [`ExportError::Refused`], [`ExportError::GivenUp`].
    pub async fn send<M: Message>(&self, message: &M) -> Result<Rejected, ExportError> {
        self.send_encoded(M::SIGNAL, &self.encode(message)?).await
    }

    /// Sends what [`Exporter::encode`] of the same exporter made, as [`Exporter::send`].
    ///
    /// # Errors
    /// [`ExportError::Refused`], [`ExportError::GivenUp`].
    pub async fn send_encoded(&self, signal: Signal, encoded: &Encoded) -> Result<Rejected, ExportError> {
        let Encoded { body, headers } = encoded;
        let url = || self.destination.shown();
        let mut backoff = Backoff::new(self.patience);
        let mut tries = 0;
        loop {
            tries += 1;
            let (why, asked) = match self.once(signal, headers.clone(), body.clone()).await {
                Try::Answered(_, Answer::Taken(rejected), _) => {
                    self.tell(Tried::Taken(body.len()));
                    return Ok(rejected);
                }
                Try::Answered(status, Answer::Refused, body) => {
                    return Err(ExportError::Refused { url: url(), status, body });
                }
                Try::Answered(status, Answer::Again(asked), _) => (status.to_string(), asked),
                Try::Failed(why) => (why, None),
            };
            match backoff.pause(asked, chance()) {
                Some(pause) => {
                    self.tell(Tried::Again(&why));
                    tokio::time::sleep(pause).await;
                }
                None => return Err(ExportError::GivenUp { url: url(), why, tries }),
            }
        }
    }

    /// Writes a message as it goes over the wire, compressed: takes a while for a large one.
    ///
    /// # Errors
    /// [`ExportError::Client`].
    pub fn encode<M: Message>(&self, message: &M) -> Result<Encoded, ExportError> {
        let mut headers = self.destination.headers.clone();
        let (body, kind) = match self.destination.protocol {
            Protocol::HttpProtobuf => (Ok(message.encode_to_vec()), "application/x-protobuf"),
            Protocol::HttpJson => (serde_json::to_vec(message), "application/json"),
        };
        let failed = |why: String| ExportError::Client { url: self.destination.shown(), why };
        let mut body = body.map_err(|error| failed(error.to_string()))?;
        headers.insert(CONTENT_TYPE, http::HeaderValue::from_static(kind));
        if self.destination.gzip {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            let written = encoder.write_all(&body).and_then(|()| encoder.finish());
            body = written.map_err(|error| failed(error.to_string()))?;
            headers.insert(CONTENT_ENCODING, http::HeaderValue::from_static("gzip"));
        }
        Ok(Encoded { body: body.into(), headers })
    }

    async fn once(&self, signal: Signal, headers: HeaderMap, body: Bytes) -> Try {
        let Destination { url, protocol, .. } = &self.destination;
        let mut response = match self.client.post(url.clone()).headers(headers).body(body).send().await {
            Ok(response) => response,
            Err(error) => return Try::Failed(root(&error)),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() <= MAX_ANSWER => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Ok(Some(_)) => return Try::Failed(format!("its answer is longer than {MAX_ANSWER} bytes")),
                // Half an answer of success may be one of partial success: which, only another try tells.
                Err(error) => return Try::Failed(root(&error)),
            }
        }
        let answer = answer::read(signal, *protocol, status, &headers, &body, Timestamp::now());
        let text: String = String::from_utf8_lossy(&body).chars().filter(|char| !char.is_control()).take(200).collect();
        Try::Answered(status, answer, text)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ExportError> {
    std::fs::read(path).map_err(|error| ExportError::File { path: path.to_owned(), why: error.to_string() })
}

/// What is at the bottom of an error: "connection refused", where the top says that a request failed.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    if error.is_timeout() { "no answer in time".to_owned() } else { cause.to_string() }
}

/// A byte of chance; always the same where the system has none to give.
fn chance() -> u8 {
    let mut byte = [128];
    let _ = getrandom::fill(&mut byte);
    byte[0]
}
