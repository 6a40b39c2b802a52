//! Who talked to whom: connections, requests and lookups of several recordings, summed up by their two ends.
//!
//! A connection between two containers that are both asked for is told by the one that made it; who it went to is known
//! from the other one's recording, where the address alone would be a Service's.

use crate::conversations::{Conversations, Told};
use crate::event::{Timeline, What};
use crate::events::connection::{self, Fate, direction_name};
use crate::header::Header;
use rewind_common::record::connection::what;
use rewind_protocols::dns::Outcome;
use rewind_protocols::http1::Way;
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

/// What went from one end to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// TCP connections.
    Tcp,
    /// Requests of HTTP/1.
    Http,
    /// Lookups of names.
    Dns,
}

impl Kind {
    /// In a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Http => "http",
            Self::Dns => "dns",
        }
    }
}

/// All of one kind between two ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Who began it: a container, or an address.
    pub from: String,
    /// With whom.
    pub to: String,
    /// What it was.
    pub kind: Kind,
    /// How many.
    pub count: u64,
    /// Of those: connects that came to nothing, requests with status 500 or more, lookups without an answer or with an
    /// error.
    pub failed: u64,
    /// How long those took of which that is known, nanoseconds, the shortest first: a connect, the time until a response
    /// or an answer.
    pub took_ns: Vec<u64>,
}

impl Edge {
    /// The time within which so many hundredths of all were done; `None`: of none it is known.
    #[must_use]
    pub fn percentile(&self, hundredths: usize) -> Option<u64> {
        let rank = (self.took_ns.len() * hundredths).div_ceil(100).max(1);
        self.took_ns.get(rank - 1).copied()
    }
}

/// One connect, request or lookup, as one end saw it.
#[derive(Clone, Debug)]
struct Seen {
    whose: String,
    is_out: bool,
    kind: Kind,
    local: SocketAddr,
    peer: SocketAddr,
    peer_name: Option<String>,
    failed: bool,
    took_ns: Option<u64>,
}

/// Who talked to whom.
#[derive(Clone, Debug, Default)]
pub struct Map {
    seen: Vec<Seen>,
}

impl Map {
    /// Adds what a recording has; `whose` it is.
    pub fn add(&mut self, whose: &str, header: &Header, records: &[u8]) {
        let timeline = Timeline::new(records);
        let name = |peer: SocketAddr| header.peers.get(&peer.to_string()).map(ToString::to_string);
        let (kind, whose) = (Kind::Tcp, whose.to_owned());
        for event in timeline.by_end() {
            let What::Connection(told) = event.what else { continue };
            if told.header.flags == what::CLOSED {
                continue;
            }
            let (local, peer) = (connection::local(&told), connection::peer(&told));
            let (is_out, failed) = (direction_name(&told) != Some("in"), !Fate::of(&told).is_good());
            let (took_ns, peer_name) = (connection::took_ns(&told).filter(|_| !failed), name(peer));
            self.seen.push(Seen { whose: whose.clone(), is_out, kind, local, peer, peer_name, failed, took_ns });
        }
        for told in Conversations::of(timeline.by_end(), header.died_ns.unwrap_or(header.read_ns)) {
            let party = *told.party();
            let (kind, way, failed) = match &told {
                Told::Request(_, exchange) => {
                    let status = exchange.response.as_ref().map(|response| response.head.status);
                    (Kind::Http, exchange.way, status.is_some_and(|status| status >= 500))
                }
                Told::Lookup(way, lookup) => {
                    let is_good = matches!(&lookup.outcome, Outcome::Answered(message) if message.rcode == 0);
                    (Kind::Dns, Some(*way), !is_good)
                }
                Told::Unasked(way, unasked) => (Kind::Dns, Some(*way), unasked.message.rcode != 0),
            };
            self.seen.push(Seen {
                whose: whose.clone(),
                is_out: way != Some(Way::Received),
                kind,
                local: party.local,
                peer: party.peer,
                peer_name: name(party.peer),
                failed,
                took_ns: told.took_ns(),
            });
        }
    }

    /// All of it, by who began it.
    #[must_use]
    pub fn edges(&self) -> Vec<Edge> {
        // By the client's address, which no Service hides: who it is, and who serves it.
        let mut clients = HashMap::<(Kind, SocketAddr), &str>::new();
        let mut servers = HashMap::<(Kind, SocketAddr), &str>::new();
        for seen in &self.seen {
            let (ends, client) = if seen.is_out { (&mut clients, seen.local) } else { (&mut servers, seen.peer) };
            ends.insert((seen.kind, client), &seen.whose);
        }
        let mut edges = BTreeMap::<(String, String, Kind), Edge>::new();
        for seen in &self.seen {
            let named = |address: String| seen.peer_name.clone().unwrap_or(address);
            let (from, to) = if seen.is_out {
                let server = servers.get(&(seen.kind, seen.local)).map(|whose| (*whose).to_owned());
                (seen.whose.clone(), server.unwrap_or_else(|| named(seen.peer.to_string())))
            } else if clients.contains_key(&(seen.kind, seen.peer)) {
                continue;
            } else {
                // A client's port says nothing.
                (named(seen.peer.ip().to_string()), seen.whose.clone())
            };
            let edge = edges.entry((from, to, seen.kind)).or_insert_with_key(|(from, to, kind)| Edge {
                from: from.clone(),
                to: to.clone(),
                kind: *kind,
                count: 0,
                failed: 0,
                took_ns: Vec::new(),
            });
            edge.count += 1;
            edge.failed += u64::from(seen.failed);
            edge.took_ns.extend(seen.took_ns);
        }
        let mut edges: Vec<Edge> = edges.into_values().collect();
        edges.iter_mut().for_each(|edge| edge.took_ns.sort_unstable());
        edges
    }
}

#[cfg(test)]
mod tests;
