//! Requests of HTTP/1 that a process made, and that were answered with an error or not at all.
//!
//! ```text
//! messages and connections -> exchanges -> failures of their own
//!                                       \-> the name of what the calls on their connection tell
//! ```
//!
//! A request wants an answer, so nobody needs to be seen to wait for it. What was closed right behind a request was only
//! told something.

use super::failure::Failure;
use super::subject::Subject;
use crate::calls::{self, bits};
use crate::meaning::{GIVEN_UP, of_status};
use rewind_common::record::connection::what;
use rewind_protocols::http1::{Exchange, Way};
use rewind_recording::conversations::{Conversations, Party, Told};
use rewind_recording::event::{Event, What};
use rewind_recording::events::connection;
use std::collections::HashMap;
use std::net::SocketAddr;

/// A request of a living process counts as not answered after this time.
const PATIENCE_NS: u64 = 5_000_000_000;
/// Who ends a connection so long after a request has given up.
const WAITED_NS: u64 = 1_000_000_000;
/// From this status on it is an error (RFC 9110, 15).
const FIRST_ERROR: u16 = 400;
/// So much of a request's path is told.
const MAX_PATH_CHARS: usize = 100;

/// Both ends of a connection, this one first.
type Ends = (SocketAddr, SocketAddr);

/// What of HTTP/1 was seen so far.
#[derive(Debug, Default)]
pub(super) struct Http {
    conversations: Conversations,
    /// The events that requests began in.
    began: HashMap<(Ends, u64), usize>,
    closed_ns: HashMap<Ends, u64>,
    made: Vec<Request>,
}

/// A request, and what came of it.
#[derive(Debug)]
struct Request {
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
    /// The event that completed it.
    index: Option<usize>,
}

impl Http {
    /// Takes the next event.
    pub(super) fn event(&mut self, index: usize, event: &Event<'_>) {
        match event.what {
            What::SocketMessage(message) if !message.is_dns() => {
                let ends = (message.local(), message.peer());
                self.began.entry((ends, message.at_ns())).or_insert(index);
            }
            What::Connection(told) if told.header.flags == what::CLOSED => {
                self.closed_ns.insert((connection::local(&told), connection::peer(&told)), told.time_ns);
            }
            What::Connection(_) => {}
            _ => return,
        }
        for told in self.conversations.take(event) {
            self.told(told, Some(index));
        }
    }

    fn told(&mut self, told: Told, index: Option<usize>) {
        let Told::Request(party, exchange) = told else { return };
        let Exchange { way: Some(Way::Sent), request: Some(request), response, .. } = *exchange else { return };
        let path: String = request.head.target.path.chars().take(MAX_PATH_CHARS).collect();
        let began = (party.local, party.peer);
        self.made.push(Request {
            party,
            name: format!("{} {path}", request.head.method),
            began_ns: request.began_ns,
            index: self.began.get(&(began, request.began_ns)).copied(),
            response: response.map(|response| Response {
                status: response.head.status,
                at_ns: response.began_ns,
                index: self.began.get(&(began, response.began_ns)).copied().or(index),
            }),
        });
    }

    /// Adds what failed to what the calls have told. What was asked before `complete_ns` may have got an answer that is
    /// overwritten; `end_ns` says until when a process can have waited, and whether it lives on.
    pub(super) fn finish(
        mut self,
        read_ns: u64,
        complete_ns: u64,
        end_ns: impl Fn(u32) -> (u64, bool),
        failures: &mut Vec<Failure>,
    ) {
        for told in self.conversations.end(read_ns) {
            self.told(told, None);
        }
        let mut found = Vec::new();
        for request in &self.made {
            match &request.response {
                Some(response) if response.status >= FIRST_ERROR => {
                    let recovered = self.made.iter().any(|later| later.is_success_of(request));
                    let errno = of_status(response.status);
                    let index = response.index.or(request.index);
                    found.extend(index.map(|index| request.failure(index, response.at_ns, errno, recovered)));
                }
                Some(_) => {}
                None if request.began_ns < complete_ns => {}
                None => {
                    let (ended_ns, lives) = end_ns(request.party.tgid);
                    let closed_ns = self.closed_ns.get(&(request.party.local, request.party.peer));
                    let closed_ns = closed_ns.copied().filter(|closed_ns| *closed_ns >= request.began_ns);
                    let until_ns = closed_ns.unwrap_or(ended_ns).min(ended_ns);
                    if request.names(failures, until_ns) {
                        continue;
                    }
                    let patience_ns = if lives && closed_ns.is_none() { PATIENCE_NS } else { WAITED_NS };
                    let is_given_up = until_ns.saturating_sub(request.began_ns) >= patience_ns;
                    let recovered = self.made.iter().any(|later| later.is_success_of(request));
                    let index = request.index.filter(|_| is_given_up);
                    found.extend(index.map(|index| request.failure(index, until_ns, GIVEN_UP, recovered)));
                }
            }
        }
        failures.extend(found);
    }
}

impl Request {
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

    /// Whether it is the same as another one, later, and went well.
    fn is_success_of(&self, failed: &Self) -> bool {
        let went_well = self.response.as_ref().is_some_and(|response| response.status < FIRST_ERROR);
        went_well && self.name == failed.name && self.began_ns > failed.began_ns
    }
}
