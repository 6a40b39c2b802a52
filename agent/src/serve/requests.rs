//! Whether a request that is shown at the port is good: a pure check, and what becomes of it.
//!
//! The secret comes first, in a time that does not tell how much of it was right. Whoever does not know it learns
//! nothing, not even that there is such a request.

use super::rights::Grant;
use hyper::header::AUTHORIZATION;
use hyper::{HeaderMap, StatusCode};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use rewind_resources::request::{MAX_LIFE_S, RecordingRequest};
use rewind_resources::secret::{BYTES, Secret};
use rewind_resources::session::{self, REQUEST_HEADER, RequestName};

/// What stands in front of every HTTP request at the port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// Which request.
    pub(super) name: RequestName,
    /// The secret that goes with it.
    pub(super) secret: Secret,
}

impl Shown {
    /// Reads both headers.
    ///
    /// # Errors
    /// [`Refusal::Nothing`]: one is missing, stands there twice, or makes no sense.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, Refusal> {
        let only = |name| {
            let mut values = headers.get_all(name).iter();
            values.next().filter(|_| values.next().is_none()).and_then(|value| value.to_str().ok())
        };
        let name = only(REQUEST_HEADER).and_then(RequestName::parse);
        let secret = only(AUTHORIZATION.as_str()).and_then(session::secret);
        let (name, secret) = name.zip(secret).ok_or(Refusal::Nothing)?;
        Ok(Self { name, secret })
    }
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
    /// Too many tries.
    TooMany,
    /// The API server cannot be asked.
    Unreachable,
}

impl Refusal {
    /// As counters and the log name it.
    #[must_use]
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing_shown",
            Self::Unknown => "unknown",
            Self::Node => "other_node",
            Self::Expired => "expired",
            Self::TooLong => "too_long",
            Self::Taken => "taken",
            Self::Action => "action",
            Self::Target => "other_target",
            Self::TooMany => "too_many_tries",
            Self::Unreachable => "unreachable",
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
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too many tries", "wait a few seconds"),
            Self::Unreachable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "the agent cannot ask the API server about the RecordingRequest",
                "try again",
            ),
        }
    }
}

/// Whether a request, as it is `found`, is good for who has shown this, at this node, now.
///
/// # Errors
/// [`Refusal`].
pub(super) fn check(
    shown: &Shown,
    found: Option<&RecordingRequest>,
    node: &str,
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
    if request.spec.node != node {
        return Err(Refusal::Node);
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
