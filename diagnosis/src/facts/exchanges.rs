//! Requests of HTTP/1 and questions of DNS that processes asked, and what came of them.
//!
//! ```text
//! messages and connections -> exchanges -> failures
//!                           \              http, dns
//!                            -> what was served, and what was not
//! ```

mod dns;
mod http;
mod served;
#[cfg(test)]
mod tests;

pub use http::BegunAnswer;
pub use served::{Served, Unanswered};

use super::failure::Failure;
use super::sent::Sent;
use rewind_common::record::connection::what;
use rewind_protocols::dns::Outcome;
use rewind_protocols::http1::Way;
use rewind_recording::conversations::{Conversations, Told};
use rewind_recording::event::{Event, What};
use rewind_recording::events::{Connection, connection};
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

/// Both ends of a connection, this one first.
type Ends = (SocketAddr, SocketAddr);

/// Until when processes and connections were there.
pub(super) struct Ended<'s, F> {
    /// From when on no call is overwritten: what was asked before may have got an answer.
    pub(super) complete_ns: u64,
    /// The same of messages: who is kept busy otherwise overwrites calls long before these.
    pub(super) traffic_ns: u64,
    /// When a process ended, or until when it is known to live, and whether it does.
    pub(super) process: F,
    /// When something was sent to whom.
    pub(super) sent: &'s Sent,
}

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    conversations: Conversations,
    /// The events that messages began in.
    began: HashMap<(Ends, u64), usize>,
    closed: HashMap<Ends, Connection>,
    requests: Vec<http::Request>,
    lookups: Vec<dns::Answer>,
    unanswered_lookups: Vec<dns::Unanswered>,
    /// Processes that were asked for names themselves.
    name_servers: HashSet<u32>,
    served: Vec<(Ends, Served)>,
    unanswered: Vec<Unanswered>,
}

impl Exchanges {
    /// Takes the next event.
    pub(super) fn event(&mut self, index: usize, event: &Event<'_>) {
        match event.what {
            What::SocketMessage(message) => {
                let ends = (message.local(), message.peer());
                self.began.entry((ends, message.at_ns())).or_insert(index);
            }
            What::Connection(told) if told.header.flags == what::CLOSED => {
                self.closed.insert((connection::local(&told), connection::peer(&told)), told);
            }
            What::Connection(_) => {}
            _ => return,
        }
        for told in self.conversations.take(event) {
            self.told(told, Some(index));
        }
    }

    fn told(&mut self, told: Told, index: Option<usize>) {
        match told {
            Told::Request(party, exchange) => {
                let ends = (party.local, party.peer);
                let began = |at_ns: u64| self.began.get(&(ends, at_ns)).copied();
                match exchange.way {
                    Some(Way::Sent) => self.requests.extend(http::Request::of(party, *exchange, began)),
                    Some(Way::Received) if exchange.response.is_some() => {
                        self.served.extend(Served::of(party, *exchange, began).map(|served| (ends, served)));
                    }
                    Some(Way::Received) => self.unanswered.extend(Unanswered::of(party, *exchange, began)),
                    None => {}
                }
            }
            Told::Lookup(Way::Received, lookup) => drop(self.name_servers.insert(lookup.owner.tgid)),
            Told::Lookup(Way::Sent, lookup) if matches!(lookup.outcome, Outcome::Answered(_)) => {
                self.lookups.extend(index.and_then(|at| dns::Answer::of(*lookup, at)));
            }
            Told::Lookup(Way::Sent, lookup) => {
                let ends = (lookup.owner.local, lookup.owner.peer);
                let asked = self.began.get(&(ends, lookup.asked_ns)).copied();
                self.unanswered_lookups.extend(asked.map(|at| dns::Unanswered::of(*lookup, at)));
            }
            _ => {}
        }
    }

    /// Adds what failed to what the calls have told; what was served, and what was not.
    pub(super) fn finish(
        mut self,
        read_ns: u64,
        ended: &Ended<'_, impl Fn(u32) -> (u64, bool)>,
        failures: &mut Vec<Failure>,
    ) -> (Vec<Served>, Vec<Unanswered>, Vec<BegunAnswer>) {
        for told in self.conversations.end(read_ns) {
            self.told(told, None);
        }
        // Those without an answer are told of late.
        self.requests.sort_by_key(http::Request::began_ns);
        http::add_failures(&self.requests, &self.closed, ended, failures);
        // What a name server passes on is asked by its clients.
        self.lookups.retain(|answer| !self.name_servers.contains(&answer.tgid()));
        self.unanswered_lookups.retain(|question| !self.name_servers.contains(&question.tgid()));
        dns::add_unanswered(&self.unanswered_lookups, &self.lookups, ended, failures);
        dns::add_failures(&self.lookups, failures);
        let mut unanswered = served::unanswered(self.unanswered, &self.closed, &self.served, ended);
        unanswered.sort_by_key(|request| request.began_ns);
        let mut served: Vec<_> = self.served.into_iter().map(|(_, served)| served).collect();
        served.sort_by_key(|served| served.at_ns);
        (served, unanswered, http::begun(&self.requests, &self.closed))
    }
}
