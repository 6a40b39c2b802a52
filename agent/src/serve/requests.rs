//! Whether a request that is shown at the port is good: a pure check, and what becomes of it.
//!
//! The secret comes first, in a time that does not tell how much of it was right. Whoever does not know it learns
//! nothing, not even that there is such a request.

use super::rights::Grant;
use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderValue};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use rewind_recording::api::counter::Counter;
use rewind_resources::request::{Action, MAX_LIFE_S, RecordingRequest};
use rewind_resources::secret::{BYTES, Secret};
use rewind_resources::session::{REQUEST_HEADER, SECRET_HEADER, Shown};

/// Reads what stands in front of an HTTP request.
///
/// # Errors
/// [`Refusal::Nothing`].
pub(super) fn shown(headers: &HeaderMap) -> Result<Shown, Refusal> {
    let values = |name| headers.get_all(name).iter().map(HeaderValue::as_bytes);
    Shown::read(values(REQUEST_HEADER), values(SECRET_HEADER)).ok_or(Refusal::Nothing)
}

/// Why somebody gets nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Refusal {
    /// No request was shown.
    Nothing,
    /// There is no such request, or the secret is another one's.
    Unknown,
    /// It is for another node's agent.
    Node,
    /// It is over.
    Expired,
    /// It is good for longer than one may be.
    TooLong,
    /// Another connection has taken it.
    Taken,
    /// It is for another action.
    Action,
    /// It is not for that recording, or there is none: who asks cannot tell which.
    Target,
    /// Too many ask or read.
    Full,
    /// It had shown nothing when a newer connection came.
    Shed,
    /// It showed nothing in time.
    Silent,
    /// It is no HTTP request, or too long.
    Malformed,
    /// The API server cannot be asked.
    Unreachable,
}

impl Refusal {
    /// As what it is counted.
    #[must_use]
    pub(super) const fn counter(self) -> Counter {
        match self {
            Self::Nothing => Counter::RefusedNothing,
            Self::Unknown => Counter::RefusedUnknown,
            Self::Node => Counter::RefusedNode,
            Self::Expired => Counter::RefusedExpired,
            Self::TooLong => Counter::RefusedTooLong,
            Self::Taken => Counter::RefusedTaken,
            Self::Action => Counter::RefusedAction,
            Self::Target => Counter::RefusedTarget,
            Self::Full => Counter::RefusedFull,
            Self::Shed => Counter::RefusedShed,
            Self::Silent => Counter::RefusedSilent,
            Self::Malformed => Counter::RefusedMalformed,
            Self::Unreachable => Counter::RefusedUnreachable,
        }
    }

    /// The status of the answer, the sentence in it, and what to do.
    #[must_use]
    pub(super) const fn answer(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Nothing => (StatusCode::UNAUTHORIZED, "no RecordingRequest was shown", "use kubectl rewind"),
            Self::Unknown => (
                StatusCode::UNAUTHORIZED,
                "there is no such RecordingRequest, or the secret is not its own",
                "make another one",
            ),
            Self::Node => (StatusCode::FORBIDDEN, "the RecordingRequest is for another node's agent", ""),
            Self::Expired => (StatusCode::FORBIDDEN, "the RecordingRequest has expired", "make another one"),
            Self::TooLong => (
                StatusCode::FORBIDDEN,
                "the RecordingRequest is good for longer than ten minutes",
                "make a shorter one",
            ),
            Self::Taken => {
                (StatusCode::FORBIDDEN, "the RecordingRequest was used on another connection", "make another one")
            }
            Self::Action => (StatusCode::FORBIDDEN, "the RecordingRequest is not for this", "ask for another action"),
            Self::Target => (StatusCode::NOT_FOUND, "there is no such recording", "list shows what there is"),
            Self::Full | Self::Shed => {
                (StatusCode::TOO_MANY_REQUESTS, "too many are connected to this agent", "wait a few seconds")
            }
            Self::Silent => (StatusCode::REQUEST_TIMEOUT, "no request came in time", ""),
            Self::Malformed => (StatusCode::BAD_REQUEST, "this is no request", "use kubectl rewind"),
            Self::Unreachable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "the agent cannot ask the API server about the RecordingRequest",
                "try again",
            ),
        }
    }
}

/// Where a request is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Here<'a> {
    /// The agent's node.
    pub node: &'a str,
    /// The agent's namespace.
    pub namespace: &'a str,
}

/// Whether a request, as it is `found`, is good for who has shown this, here, now.
///
/// # Errors
/// [`Refusal`].
pub(super) fn check(
    shown: &Shown,
    found: Option<&RecordingRequest>,
    here: Here<'_>,
    now: Timestamp,
) -> Result<Grant, Refusal> {
    // As much work where there is none.
    let nobodys = Secret::of([0; BYTES]).hash();
    let hash = found.map_or(nobodys.as_str(), |request| request.spec.secret_hash.as_str());
    let matches = shown.secret.matches(hash);
    let Some(request) = found.filter(|_| matches) else { return Err(Refusal::Unknown) };
    let metadata = &request.metadata;
    let is_named = metadata.namespace.as_deref() == Some(shown.name.namespace.as_str())
        && metadata.name.as_deref() == Some(shown.name.name.as_str());
    let uid = metadata.uid.clone().filter(|uid| is_named && !uid.is_empty()).ok_or(Refusal::Unknown)?;
    if request.spec.node != here.node {
        return Err(Refusal::Node);
    }
    if request.spec.action == Action::Node && shown.name.namespace != here.namespace {
        return Err(Refusal::Action);
    }
    let expires = until(request, now)?;
    if request.status.as_ref().is_some_and(|status| status.accepted.is_some()) {
        return Err(Refusal::Taken);
    }
    Ok(Grant {
        request: shown.name.clone(),
        uid,
        secret_hash: request.spec.secret_hash.clone(),
        action: request.spec.action,
        target: request.spec.target.clone(),
        user: request.spec.user.clone(),
        expires,
    })
}

/// Until when a request is good that was taken before; it may have been renewed.
///
/// # Errors
/// [`Refusal`]: it is gone, another one of its name, or over.
pub(super) fn check_again(
    grant: &Grant,
    found: Option<&RecordingRequest>,
    now: Timestamp,
) -> Result<Timestamp, Refusal> {
    let same = found.filter(|request| request.metadata.uid.as_deref() == Some(grant.uid.as_str()));
    until(same.ok_or(Refusal::Unknown)?, now)
}

/// Until when a request is good.
fn until(request: &RecordingRequest, now: Timestamp) -> Result<Timestamp, Refusal> {
    let expires = request.spec.expires.0;
    if expires <= now || request.metadata.deletion_timestamp.is_some() {
        return Err(Refusal::Expired);
    }
    let latest = now.checked_add(SignedDuration::from_secs(MAX_LIFE_S)).unwrap_or(Timestamp::MAX);
    if expires > latest { Err(Refusal::TooLong) } else { Ok(expires) }
}

#[cfg(test)]
#[path = "requests_tests.rs"]
mod tests;
