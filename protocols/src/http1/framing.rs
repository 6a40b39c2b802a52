//! Where a message ends (RFC 9112, 6.3).

use super::fields::{Fields, Lengths, TransferCoding};
use super::head::{Request, Response};

/// How long a message's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    Length(u64),
    Chunked,
    /// Until the connection is closed.
    UntilClose,
    /// What was seen does not tell, or two readers may read it otherwise.
    Unknown,
}

/// Of a request whose head was seen whole.
pub(super) fn of_request(request: &Request) -> Body {
    if request.doubts.is_ambiguous() { Body::Unknown } else { by_fields(&request.fields).unwrap_or(Body::Length(0)) }
}

/// Of a response whose head was seen whole, to a request of this method, if that is known.
pub(super) fn of_response(response: &Response, method: Option<&str>) -> Body {
    if response.doubts.is_ambiguous() {
        return Body::Unknown;
    }
    if matches!(response.status, 100..=199 | 204 | 304) {
        return Body::Length(0);
    }
    match (method, by_fields(&response.fields)) {
        (Some("HEAD"), _) => Body::Length(0),
        (Some(_), body) => body.unwrap_or(Body::UntilClose),
        // To `HEAD` it would have no body.
        (None, Some(Body::Length(0))) => Body::Length(0),
        (None, _) => Body::Unknown,
    }
}

fn by_fields(fields: &Fields) -> Option<Body> {
    match (fields.coding, fields.length) {
        (TransferCoding::Chunked, _) => Some(Body::Chunked),
        (TransferCoding::Other, _) | (TransferCoding::None, Lengths::None) => None,
        (TransferCoding::None, Lengths::One(length)) => Some(Body::Length(length)),
        (TransferCoding::None, Lengths::Unsure) => Some(Body::Unknown),
    }
}
