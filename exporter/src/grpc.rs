//! OTLP over gRPC (OTLP specification, "OTLP/gRPC").
//!
//! A message is written once, not once a try: what goes to the library is bytes.

use crate::answer::{self, Answer, MAX_ANSWER, Try};
use crate::destination::{Destination, Protocol, Signal};
use crate::error::{ExportError, read};
use ::http::HeaderMap;
use ::http::uri::PathAndQuery;
use bytes::{Buf as _, BufMut as _, Bytes};
use std::time::Duration;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

/// A channel to one destination.
#[derive(Clone)]
pub(crate) struct Grpc(Channel);

impl Grpc {
    /// Connects with the first try, and again when it has to. Within a runtime.
    ///
    /// # Errors
    /// [`ExportError::File`], [`ExportError::Client`].
    pub(crate) fn new(destination: &Destination) -> Result<Self, ExportError> {
        let failed = |why: String| ExportError::Client { url: destination.shown(), why };
        let mut url = destination.url.clone();
        // The path is the service's.
        url.set_path("");
        let endpoint = Endpoint::from_shared(url.to_string()).map_err(|error| failed(crate::root(&error)))?;
        let mut endpoint = endpoint
            .user_agent(crate::USER_AGENT)
            .map_err(|error| failed(crate::root(&error)))?
            .connect_timeout(destination.timeout);
        if destination.url.scheme() == "https" {
            endpoint = endpoint.tls_config(tls(destination)?).map_err(|error| failed(crate::root(&error)))?;
        }
        Ok(Self(endpoint.connect_lazy()))
    }

    /// One try.
    pub(crate) async fn once(&self, to: &Destination, signal: Signal, headers: HeaderMap, body: Bytes) -> Try {
        let mut client = tonic::client::Grpc::new(self.0.clone())
            .accept_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(MAX_ANSWER);
        if to.gzip {
            client = client.send_compressed(CompressionEncoding::Gzip);
        }
        let mut request = Request::new(body);
        *request.metadata_mut() = MetadataMap::from_headers(headers);
        request.set_timeout(to.timeout);
        let asking = async {
            client.ready().await.map_err(|error| Status::from_error(Box::new(error)))?;
            client.unary(request, PathAndQuery::from_static(method(signal)), Raw).await
        };
        match tokio::time::timeout(to.timeout, asking).await {
            Err(_) => Try::Failed("no answer in time".to_owned()),
            Ok(Ok(response)) => {
                let rejected = answer::rejected(signal, Protocol::Grpc, response.get_ref());
                Try::Answered("Ok".to_owned(), Answer::Taken(rejected), String::new())
            }
            // What this side says, not the backend: there was no answer.
            Ok(Err(status)) => match std::error::Error::source(&status) {
                Some(cause) => Try::Failed(crate::root(cause)),
                None => said(&status),
            },
        }
    }
}

fn tls(destination: &Destination) -> Result<ClientTlsConfig, ExportError> {
    let mut tls = ClientTlsConfig::new();
    tls = match &destination.certificate {
        Some(path) => tls.ca_certificate(Certificate::from_pem(read(path)?)),
        None => tls.with_native_roots(),
    };
    if let Some((certificate, key)) = &destination.client {
        tls = tls.identity(Identity::from_pem(read(certificate)?, read(key)?));
    }
    Ok(tls)
}

/// What a status asks for.
fn said(status: &Status) -> Try {
    let asked = status.get_details_retry_info().and_then(|info| info.retry_delay);
    let message = status.message().chars().filter(|char| !char.is_control()).take(200).collect();
    Try::Answered(format!("{:?}", status.code()), answer(status.code(), asked), message)
}

/// Those that the specification lists as worth another try; what has run out may come back where a time is given.
const fn answer(code: Code, asked: Option<Duration>) -> Answer {
    match code {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => Answer::Again(asked),
        Code::ResourceExhausted if asked.is_some() => Answer::Again(asked),
        _ => Answer::Refused,
    }
}

const fn method(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    }
}

/// Messages that are bytes already.
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, message: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(message.copy_to_bytes(message.remaining())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic_types::ErrorDetails;

    fn asks(status: &Status) -> Answer {
        match said(status) {
            Try::Answered(_, answer, _) => answer,
            Try::Failed(why) => panic!("{why}"),
        }
    }

    #[test]
    fn only_what_the_specification_names_is_tried_again() {
        let all = (0..=16).map(Code::from_i32).filter(|code| *code != Code::Ok);
        let again: Vec<Code> = all.filter(|code| asks(&Status::new(*code, "")) == Answer::Again(None)).collect();
        let listed = [
            Code::Cancelled,
            Code::DeadlineExceeded,
            Code::Aborted,
            Code::OutOfRange,
            Code::Unavailable,
            Code::DataLoss,
        ];
        assert!(again.len() == listed.len() && listed.iter().all(|code| again.contains(code)), "{again:?}");
    }

    #[test]
    fn what_has_run_out_is_tried_again_when_it_says_so() {
        let exhausted = |details| Status::with_error_details(Code::ResourceExhausted, "", details);
        let after = Some(Duration::from_secs(7));
        assert_eq!(asks(&exhausted(ErrorDetails::with_retry_info(after))), Answer::Again(after));
        assert_eq!(asks(&exhausted(ErrorDetails::new())), Answer::Refused);
    }

    #[test]
    fn what_it_says_steers_no_terminal() {
        let Try::Answered(status, _, text) = said(&Status::new(Code::InvalidArgument, "no \u{1b}[31m")) else {
            panic!("no answer");
        };
        assert_eq!((status.as_str(), text.as_str()), ("InvalidArgument", "no [31m"));
    }
}
