//! The exporter against a gRPC server that fails in each way that one may: a real client, and real HTTP/2.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use bytes::Bytes;
use h2::server::{self, SendResponse};
use http::{HeaderMap, Response};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, TracesData};
use prost::Message as _;
use rewind_exporter::{Destination, ExportError, Exporter, Rejected, Signal};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// What the server does with a request.
#[derive(Clone, Debug)]
enum Does {
    Takes(Rejected),
    Says(Status),
    /// Half a message, and then nothing more of the stream.
    Half,
    /// Nothing.
    Hangs,
    /// Ends the connection.
    Closes,
}

struct Server {
    address: SocketAddr,
    asked: UnboundedReceiver<(HeaderMap, ExportTraceServiceRequest)>,
}

impl Server {
    async fn that(does: Vec<Does>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, asked) = unbounded_channel();
        tokio::spawn(async move {
            let mut does = does.into_iter();
            'connections: loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(mut connection) = server::handshake(stream).await else { continue };
                while let Some(Ok((request, respond))) = connection.accept().await {
                    let (head, mut body) = request.into_parts();
                    let Some(next) = does.next() else { return };
                    if matches!(next, Does::Closes) {
                        continue 'connections;
                    }
                    let tell = tell.clone();
                    // The connection moves on only while it is asked for more.
                    tokio::spawn(async move {
                        let mut bytes = Vec::new();
                        while let Some(Ok(chunk)) = body.data().await {
                            let _ = body.flow_control().release_capacity(chunk.len());
                            bytes.extend_from_slice(&chunk);
                        }
                        let _ = tell.send((head.headers, read(&bytes)));
                        answer(respond, next).await;
                    });
                }
            }
        });
        Self { address, asked }
    }

    fn exporter(&self, set: &[(&str, &str)], patience: Duration) -> Exporter {
        let endpoint = format!("http://{}", self.address);
        let variable = |name: &str| {
            let own = [("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str())];
            set.iter().chain(&own).find(|(of, _)| *of == name).map(|(_, value)| (*value).to_owned())
        };
        let (destination, warnings) = Destination::of(Signal::Traces, None, &variable).unwrap();
        assert!(warnings.is_empty(), "{warnings:?}");
        Exporter::new(destination, patience).unwrap()
    }

    fn requests(&mut self) -> usize {
        std::iter::from_fn(|| self.asked.try_recv().ok()).count()
    }
}

/// A message with its five bytes before it, not compressed or by gzip.
fn read(bytes: &[u8]) -> ExportTraceServiceRequest {
    use std::io::Read as _;
    let (head, body) = bytes.split_at(5);
    let mut plain = Vec::new();
    match head[0] {
        0 => plain.extend_from_slice(body),
        _ => drop(flate2::read::GzDecoder::new(body).read_to_end(&mut plain).unwrap()),
    }
    ExportTraceServiceRequest::decode(plain.as_slice()).unwrap()
}

async fn answer(mut respond: SendResponse<Bytes>, does: Does) {
    let head = || Response::builder().header("content-type", "application/grpc").body(()).unwrap();
    let framed = |message: &[u8]| {
        let len = u32::try_from(message.len()).unwrap();
        Bytes::from([&[0][..], &len.to_be_bytes(), message].concat())
    };
    match does {
        Does::Takes(Rejected { count, message }) => {
            let partial = ExportTracePartialSuccess { rejected_spans: count.cast_signed(), error_message: message };
            let answer = ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec();
            let mut stream = respond.send_response(head(), false).unwrap();
            stream.send_data(framed(&answer), false).unwrap();
            stream
                .send_trailers(HeaderMap::from_iter([("grpc-status".parse().unwrap(), "0".parse().unwrap())]))
                .unwrap();
        }
        Does::Says(status) => {
            let mut response = head();
            status.add_header(response.headers_mut()).unwrap();
            respond.send_response(response, true).unwrap();
        }
        Does::Half => {
            let mut stream = respond.send_response(head(), false).unwrap();
            stream.send_data(Bytes::from_static(&[0, 0, 0, 0, 9, 1]), false).unwrap();
            stream.send_reset(h2::Reason::INTERNAL_ERROR);
        }
        Does::Hangs => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            drop(respond);
        }
        Does::Closes => {}
    }
}

fn message() -> TracesData {
    let spans = |name: &str| {
        let span = Span { name: name.to_owned(), ..Span::default() };
        let scope_spans = vec![ScopeSpans { spans: vec![span], ..ScopeSpans::default() }];
        ResourceSpans { scope_spans, ..ResourceSpans::default() }
    };
    TracesData { resource_spans: vec![spans("a"), spans("b")] }
}

fn taken() -> Does {
    Does::Takes(Rejected::default())
}

fn soon(code: Code) -> Does {
    let details = ErrorDetails::with_retry_info(Some(Duration::from_millis(5)));
    Does::Says(Status::with_error_details(code, "", details))
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn one_request_carries_all_resources_and_the_headers() {
    let mut server = Server::that(vec![taken(), taken()]).await;
    let headers = ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20a");
    for set in [&[headers][..], &[headers, ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")]] {
        let exporter = server.exporter(set, LONG);
        assert_eq!(exporter.send(&message()).await.unwrap(), Rejected::default());
        let (headers, request) = server.asked.recv().await.unwrap();
        assert_eq!(request.resource_spans, message().resource_spans);
        assert_eq!(headers["authorization"], "Bearer a");
        assert!(headers["user-agent"].to_str().unwrap().starts_with("OTel-OTLP-Exporter-Rust-rewind/"), "{headers:?}");
        assert_eq!(headers.contains_key("grpc-encoding"), set.len() > 1);
        assert!(headers.contains_key("grpc-timeout"));
    }
}

#[tokio::test]
async fn what_is_to_be_sent_again_is_after_as_long_as_it_says() {
    let does = vec![soon(Code::Unavailable), soon(Code::ResourceExhausted), soon(Code::Aborted), taken()];
    let mut server = Server::that(does).await;
    let began = std::time::Instant::now();
    server.exporter(&[], LONG).send(&message()).await.unwrap();
    assert_eq!(server.requests(), 4);
    assert!(began.elapsed() < Duration::from_secs(2), "it was not asked for when: {:?}", began.elapsed());
}

#[tokio::test]
async fn what_is_refused_is_not_sent_again() {
    for code in [Code::InvalidArgument, Code::Unauthenticated, Code::ResourceExhausted, Code::Unknown, Code::Internal] {
        let mut server = Server::that(vec![Does::Says(Status::new(code, "no \u{1b}[31m")), taken()]).await;
        let error = server.exporter(&[], LONG).send(&message()).await.unwrap_err();
        assert!(matches!(&error, ExportError::Refused { .. }), "{code:?}: {error}");
        assert!(error.to_string().contains(&format!("{code:?}: no [31m")), "{error}");
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn what_is_taken_in_part_is_counted_and_not_sent_again() {
    let part = Rejected { count: 1, message: "old".to_owned() };
    let mut server = Server::that(vec![Does::Takes(part.clone()), taken()]).await;
    assert_eq!(server.exporter(&[], LONG).send(&message()).await.unwrap(), part);
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn no_answer_half_of_one_and_a_connection_that_ends_are_worth_another_try() {
    // Given up before the first pause is over: it would have been tried again.
    for does in [Does::Hangs, Does::Half, Does::Closes] {
        let server = Server::that(vec![does.clone()]).await;
        let exporter = server.exporter(&[("OTEL_EXPORTER_OTLP_TIMEOUT", "300")], Duration::ZERO);
        let error = exporter.send(&message()).await.unwrap_err();
        assert!(matches!(error, ExportError::GivenUp { tries: 1, .. }), "{does:?}: {error}");
    }
    let nobody = Server::that(Vec::new()).await;
    let exporter = nobody.exporter(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")], Duration::ZERO);
    let error = exporter.send(&message()).await.unwrap_err().to_string();
    assert!(error.contains("refused"), "{error}");
}

#[tokio::test]
async fn it_connects_again_where_a_connection_has_ended() {
    let mut server = Server::that(vec![Does::Closes, taken()]).await;
    server.exporter(&[], LONG).send(&message()).await.unwrap();
    assert_eq!(server.requests(), 1);
}
