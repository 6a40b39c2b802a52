//! What a backend's answer means (OTLP specification, "OTLP/HTTP Response").

use ::http::{HeaderMap, StatusCode, header::RETRY_AFTER};
use jiff::Timestamp;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use std::time::Duration;

use crate::destination::{Protocol, Signal};

/// What a backend took without: never sent again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejected {
    /// How many spans, log records or data points.
    pub count: u64,
    /// Why, as it says; may be a warning where none was rejected.
    pub message: String,
}

/// Whether an answer asks for another try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Taken, but for these.
    Taken(Rejected),
    /// To be sent again, after this long if it says so.
    Again(Option<Duration>),
    /// Never again.
    Refused,
}

/// What came of one try.
pub(crate) enum Try {
    /// With a status, what that asks for, and what was said.
    Answered(String, Answer, String),
    /// No answer: worth another try.
    Failed(String),
}

/// Most bytes of an answer that are read (OTLP specification, "Request and response size limits").
pub(crate) const MAX_ANSWER: usize = 4 << 20;

/// Reads an answer; `now` is for dates in `Retry-After`.
pub(crate) fn read(
    signal: Signal,
    protocol: Protocol,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Answer {
    match status.as_u16() {
        200..=299 => Answer::Taken(rejected(signal, protocol, body)),
        429 | 502 | 503 | 504 => Answer::Again(retry_after(headers, now)),
        _ => Answer::Refused,
    }
}

/// A body that cannot be read says nothing of what was rejected: the status says that the request was taken.
pub(crate) fn rejected(signal: Signal, protocol: Protocol, body: &[u8]) -> Rejected {
    let told = match (signal, protocol) {
        (Signal::Traces, Protocol::HttpProtobuf | Protocol::Grpc) => {
            let answer = ExportTraceServiceResponse::decode(body).ok().and_then(|answer| answer.partial_success);
            answer.map(|partial| (partial.rejected_spans, partial.error_message))
        }
        (Signal::Logs, Protocol::HttpProtobuf | Protocol::Grpc) => {
            let answer = ExportLogsServiceResponse::decode(body).ok().and_then(|answer| answer.partial_success);
            answer.map(|partial| (partial.rejected_log_records, partial.error_message))
        }
        (Signal::Metrics, Protocol::HttpProtobuf | Protocol::Grpc) => {
            let answer = ExportMetricsServiceResponse::decode(body).ok().and_then(|answer| answer.partial_success);
            answer.map(|partial| (partial.rejected_data_points, partial.error_message))
        }
        (signal, Protocol::HttpJson) => of_json(signal, body),
    };
    let (count, message) = told.unwrap_or_default();
    Rejected { count: u64::try_from(count).unwrap_or(0), message }
}

/// In JSON a number of 64 bits may be a string.
fn of_json(signal: Signal, body: &[u8]) -> Option<(i64, String)> {
    let answer: serde_json::Value = serde_json::from_slice(body).ok()?;
    let partial = answer.get("partialSuccess")?;
    let field = match signal {
        Signal::Traces => "rejectedSpans",
        Signal::Logs => "rejectedLogRecords",
        Signal::Metrics => "rejectedDataPoints",
    };
    let count = partial.get(field).and_then(|count| count.as_i64().or_else(|| count.as_str()?.parse().ok()));
    let message = partial.get("errorMessage").and_then(serde_json::Value::as_str).unwrap_or_default();
    Some((count.unwrap_or(0), message.to_owned()))
}

/// Seconds, or a date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::http::HeaderValue;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn of(status: u16, headers: &HeaderMap, body: &[u8]) -> Answer {
        read(Signal::Traces, Protocol::HttpProtobuf, StatusCode::from_u16(status).unwrap(), headers, body, NOW)
    }

    #[test]
    fn only_what_the_specification_names_is_tried_again() {
        for status in [429, 502, 503, 504] {
            assert_eq!(of(status, &HeaderMap::new(), b""), Answer::Again(None), "{status}");
        }
        for status in [301, 400, 401, 403, 404, 413, 500, 501] {
            assert_eq!(of(status, &HeaderMap::new(), b""), Answer::Refused, "{status}");
        }
    }

    #[test]
    fn when_to_try_again_is_a_number_or_a_date() {
        for (value, seconds) in [("7", 7), ("Thu, 01 Jan 1970 00:01:00 GMT", 60), ("Wed, 31 Dec 1969 23:00:00 GMT", 0)]
        {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(value))]);
            assert_eq!(of(503, &headers, b""), Answer::Again(Some(Duration::from_secs(seconds))), "{value}");
        }
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("soon"))]);
        assert_eq!(of(503, &headers, b""), Answer::Again(None));
    }

    #[test]
    fn what_was_rejected_is_counted_in_both_forms() {
        use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;
        let partial = ExportTracePartialSuccess { rejected_spans: 3, error_message: "no".to_owned() };
        let body = ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec();
        let rejected = Rejected { count: 3, message: "no".to_owned() };
        assert_eq!(of(200, &HeaderMap::new(), &body), Answer::Taken(rejected.clone()));
        for body in [
            r#"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"no"}}"#,
            r#"{"partialSuccess":{"rejectedLogRecords":3,"errorMessage":"no"}}"#,
        ] {
            let answer =
                read(Signal::Logs, Protocol::HttpJson, StatusCode::OK, &HeaderMap::new(), body.as_bytes(), NOW);
            assert_eq!(answer, Answer::Taken(rejected.clone()));
        }
        for body in [&b""[..], b"{}", b"\xff\xff", b"<html>"] {
            assert_eq!(of(200, &HeaderMap::new(), body), Answer::Taken(Rejected::default()));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_body_is_too_strange(body: Vec<u8>, json: bool) {
            let protocol = if json { Protocol::HttpJson } else { Protocol::HttpProtobuf };
            let answer = read(Signal::Logs, protocol, StatusCode::OK, &HeaderMap::new(), &body, NOW);
            proptest::prop_assert!(matches!(answer, Answer::Taken(_)));
        }
    }
}
