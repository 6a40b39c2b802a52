//! Requests of HTTP/1 that were answered with an error, or not at all.
//!
//! A request wants an answer, so nobody needs to be seen to wait for it. What was closed right behind a request was only
//! told something. Who took long before takes long again.

use super::super::failure::Failure;
use super::super::subject::Subject;
use super::{Ended, Ends};
use crate::calls::{self, bits};
use crate::meaning::{GIVEN_UP, of_status};
use rewind_protocols::http1::{Exchange, Request as Head};
use rewind_recording::conversations::Party;
use std::collections::HashMap;

/// A request of a living process counts as not answered after this time.
const PATIENCE_NS: u64 = 5_000_000_000;
/// And after so many times what the longest earlier answer of the same peer took.
const LONGER: u64 = 3;
/// Who ends a connection so long after a request has given up.
const WAITED_NS: u64 = 1_000_000_000;
/// From this status on it is an error (RFC 9110, 15).
const FIRST_ERROR: u16 = 400;
/// So much of a request's path is told.
const MAX_PATH_CHARS: usize = 100;

/// A request, and what came of it.
#[derive(Debug)]
pub(super) struct Request {
    party: Party,
    /// `GET /config`.
    name: String,
    began_ns: u64,
    /// The event that it began in.
    index: Option<usize>,
    response: Option<Response>,
}

#[derive(Debug)]
struct Response {
    status: u16,
    at_ns: u64,
    /// The event that it began in.
    index: Option<usize>,
}

/// Adds what failed.
pub(super) fn add_failures(
    requests: &[Request],
    closed_ns: &HashMap<Ends, u64>,
    ended: &Ended<impl Fn(u32) -> (u64, bool)>,
    failures: &mut Vec<Failure>,
) {
    let mut found = Vec::new();
    for request in requests {
        // Who lives on and gets other answers of the same peer may only look how it is.
        let lives = (ended.process)(request.party.tgid).1;
        let recovered = || requests.iter().any(|later| later.is_success_of(request, lives));
        match &request.response {
            Some(response) if response.status >= FIRST_ERROR => {
                let (index, errno) = (response.index.or(request.index), of_status(response.status));
                found.extend(index.map(|index| request.failure(index, response.at_ns, errno, recovered())));
            }
            Some(_) => {}
            None if request.began_ns < ended.complete_ns => {}
            None => {
                let (ended_ns, lives) = (ended.process)(request.party.tgid);
                let closed_ns = closed_ns.get(&(request.party.local, request.party.peer)).copied();
                let closed_ns = closed_ns.filter(|closed_ns| *closed_ns >= request.began_ns);
                let until_ns = closed_ns.unwrap_or(ended_ns).min(ended_ns);
                if request.names(failures, until_ns) {
                    continue;
                }
                let waits = lives && closed_ns.is_none();
                let patience_ns =
                    if waits { PATIENCE_NS.max(LONGER * request.longest_ns(requests)) } else { WAITED_NS };
                let is_given_up = until_ns.saturating_sub(request.began_ns) >= patience_ns;
                let index = request.index.filter(|_| is_given_up);
                found.extend(index.map(|index| request.failure(index, until_ns, GIVEN_UP, recovered())));
            }
        }
    }
    failures.extend(found);
}

/// What a request is called: `GET /config`.
pub(super) fn name(head: &Head) -> String {
    let path: String = head.target.path.chars().take(MAX_PATH_CHARS).collect();
    format!("{} {path}", head.method)
}

impl Request {
    /// What an exchange tells; `index` has the events that messages began in.
    pub(super) fn of(party: Party, exchange: Exchange, index: impl Fn(u64) -> Option<usize>) -> Option<Self> {
        let request = exchange.request?;
        Some(Self {
            party,
            name: name(&request.head),
            began_ns: request.began_ns,
            index: index(request.began_ns),
            response: exchange.response.map(|response| Response {
                status: response.head.status,
                at_ns: response.began_ns,
                index: index(response.began_ns),
            }),
        })
    }

    /// How long the longest answer of the same peer took.
    fn longest_ns(&self, all: &[Self]) -> u64 {
        let same = all.iter().filter(|other| other.party.peer == self.party.peer);
        let took = same.filter_map(|other| Some(other.response.as_ref()?.at_ns.saturating_sub(other.began_ns)));
        took.max().unwrap_or_default()
    }

    fn failure(&self, index: usize, at_ns: u64, errno: u16, recovered: bool) -> Failure {
        Failure {
            index,
            at_ns,
            duration_ns: at_ns.saturating_sub(self.began_ns),
            tgid: self.party.tgid,
            tid: self.party.tid,
            name: self.name.clone().into(),
            subject: Subject::Peer(self.party.peer.to_string()),
            errno,
            refused: None,
            recovered,
        }
    }

    /// Gives its name to what calls on its connection tell of it; whether there is such a thing.
    fn names(&self, failures: &mut [Failure], until_ns: u64) -> bool {
        let subject = Subject::Peer(self.party.peer.to_string());
        let mut own = failures.iter_mut().filter(|failure| {
            failure.tgid == self.party.tgid
                && failure.subject == subject
                && !failure.name.contains(' ')
                && !calls::has(&failure.name, bits::CONNECTS)
                && (self.began_ns..=until_ns).contains(&failure.at_ns)
        });
        own.next().map(|failure| failure.name = self.name.clone().into()).is_some()
    }

    /// Whether it is the same as another one, or `any` of the same peer, later, and went well.
    fn is_success_of(&self, failed: &Self, any: bool) -> bool {
        let went_well = self.response.as_ref().is_some_and(|response| response.status < FIRST_ERROR);
        let is_same = self.name == failed.name || any && self.party.peer == failed.party.peer;
        went_well && is_same && self.began_ns > failed.began_ns
    }
}
