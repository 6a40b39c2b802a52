//! One message to one backend.

use crate::answer::{Answer, Rejected, Try};
use crate::backoff::Backoff;
use crate::destination::{Destination, Protocol, Signal};
use crate::error::ExportError;
use crate::grpc::Grpc;
use crate::http::Http;
use ::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use ::http::{HeaderMap, HeaderValue};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::logs::v1::LogsData;
use opentelemetry_proto::tonic::metrics::v1::MetricsData;
use opentelemetry_proto::tonic::trace::v1::TracesData;
use serde::Serialize;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

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
    transport: Transport,
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

#[derive(Clone)]
enum Transport {
    Http(Http),
    Grpc(Grpc),
}

impl Exporter {
    /// For a destination; a message that cannot be sent at once waits for `patience` at most.
    ///
    /// # Errors
    /// [`ExportError::File`], [`ExportError::Client`]: nothing was sent yet.
    pub fn new(destination: Destination, patience: Duration) -> Result<Self, ExportError> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let transport = match destination.protocol {
            Protocol::Grpc => Transport::Grpc(Grpc::new(&destination)?),
            Protocol::HttpProtobuf | Protocol::HttpJson => Transport::Http(Http::new(&destination)?),
        };
        Ok(Self { transport, destination, patience, watch: None })
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
            let (headers, body) = (headers.clone(), body.clone());
            let bytes = body.len();
            let tried = match &self.transport {
                Transport::Http(http) => http.once(&self.destination, signal, headers, body).await,
                Transport::Grpc(grpc) => grpc.once(&self.destination, signal, headers, body).await,
            };
            let (why, asked) = match tried {
                Try::Answered(_, Answer::Taken(rejected), _) => {
                    self.tell(Tried::Taken(bytes));
                    return Ok(rejected);
                }
                Try::Answered(status, Answer::Refused, body) => {
                    return Err(ExportError::Refused { url: url(), status, body });
                }
                Try::Answered(status, Answer::Again(asked), _) => (status, asked),
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
            // Framed, compressed and named by the library.
            Protocol::Grpc => return Ok(Encoded { body: message.encode_to_vec().into(), headers }),
        };
        let failed = |why: String| ExportError::Client { url: self.destination.shown(), why };
        let mut body = body.map_err(|error| failed(error.to_string()))?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        if self.destination.gzip {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            let written = encoder.write_all(&body).and_then(|()| encoder.finish());
            body = written.map_err(|error| failed(error.to_string()))?;
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        Ok(Encoded { body: body.into(), headers })
    }
}

/// A byte of chance; always the same where the system has none to give.
fn chance() -> u8 {
    let mut byte = [128];
    let _ = getrandom::fill(&mut byte);
    byte[0]
}
