//! A request and its response, as far as both were seen.

use super::doubt::{Doubt, Doubts};
use super::fields::Options;
use super::flow::{Begun, Way};
use super::head::{Request, Response};

/// A message: its head, times, and sizes. Its body is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<H> {
    /// What its head says.
    pub head: H,
    /// The call that it begins in.
    pub began_ns: u64,
    /// The last call that has something of it.
    pub last_ns: u64,
    /// Bytes of the head; those that were seen, if it was cut.
    pub head_bytes: u64,
    /// Bytes of the body, without what the chunked coding adds.
    pub body_bytes: u64,
    /// Its end was seen, so sizes and times are its own.
    pub is_whole: bool,
}

impl<H> Message<H> {
    pub(super) fn new(begun: Begun<H>) -> Self {
        let Begun { head, head_bytes, began_ns } = begun;
        Self { head, began_ns, last_ns: began_ns, head_bytes, body_bytes: 0, is_whole: false }
    }
}

/// A request and what answers it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// How the request went: who receives it serves.
    pub way: Option<Way>,
    /// The request; none of a response that no request that was seen asked for.
    pub request: Option<Message<Request>>,
    /// The response; none if there was none, or none that is sure to be the request's.
    pub response: Option<Message<Response>>,
    /// Responses before the last one: `100 Continue`, `103 Early Hints`.
    pub interim: u32,
    /// What is not sure: of the request, of the response, and of their being one exchange.
    pub doubts: Doubts,
}

impl Exchange {
    /// A request has begun.
    pub(super) fn begun(way: Way, begun: Begun<Request>, doubt: Option<Doubt>) -> Self {
        let mut exchange = Self { way: Some(way), request: Some(Message::new(begun)), ..Self::default() };
        doubt.into_iter().for_each(|doubt| exchange.doubts.add(doubt));
        exchange
    }

    /// Both sides were seen to their ends.
    pub(super) fn is_whole(&self) -> bool {
        self.request.as_ref().is_some_and(|request| request.is_whole)
            && self.response.as_ref().is_some_and(|response| response.is_whole)
    }

    /// The connection is closed behind it (RFC 9112, 9.3).
    pub(super) fn is_last(&self) -> bool {
        let closes = |minor_version, options: Options| options.close || minor_version == Some(0) && !options.keep_alive;
        let request = self.request.as_ref().map(|request| &request.head);
        let response = self.response.as_ref().map(|response| &response.head);
        request.is_some_and(|head| closes(head.minor_version, head.fields.connection))
            || response.is_some_and(|head| closes(Some(head.minor_version), head.fields.connection))
    }

    /// With the doubts of both sides.
    pub(super) fn told(mut self) -> Self {
        self.doubts.extend(self.request.as_ref().map(|request| request.head.doubts).unwrap_or_default());
        self.doubts.extend(self.response.as_ref().map(|response| response.head.doubts).unwrap_or_default());
        self
    }
}
