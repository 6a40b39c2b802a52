//! What sockets carried, put together: a request and its response, a question and its answer.
//!
//! Of a connection only the calls are seen that a message begins in. How many bytes there were between two of them the
//! positions of both say, so a body is known by its length, and where more or less came than should have, that is seen.
//! A body of known length is taken for granted when its head has come: a request is told when its response has begun,
//! not when somebody has read all of it.

mod told;

pub use told::{Party, Told, Unasked};

use crate::event::{Event, What};
use crate::events::{Connection, SocketMessage, connection};
use rewind_common::record::connection::what;
use rewind_protocols::dns::{self, Lookups, Socket, Transport};
use rewind_protocols::http1::{Conversation, End, Exchange, Lengths, Message, Way};
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;

/// Most connections that are followed at a time. Of more than these, those that were silent for longest are told as they
/// stand, and what comes of them later has no beginning.
const MAX_CONNECTIONS: usize = 4096;
/// Most questions that wait for an answer.
const MAX_QUESTIONS: usize = 4096;
/// How long a question waits: as long as glibc's resolver does, which asks twice and waits for five seconds each time
/// (`RES_DFLRETRY`, `RES_TIMEOUT`; `resolv.conf(5)`). Both times are one lookup.
pub const DNS_TIMEOUT_NS: u64 = 10_000_000_000;
/// How long what came before a connection's end may be read after it: who reads waits for nobody.
const READ_NS: u64 = 10_000_000_000;

/// Both ends of a connection, this one first.
type Ends = (SocketAddr, SocketAddr);

/// The conversations of one recording.
#[derive(Debug)]
pub struct Conversations {
    connections: HashMap<Ends, Followed>,
    /// Questions that were asked here, and those that were asked of servers here.
    lookups: [Lookups<Party>; 2],
    /// Those that were closed before their answer was read, and when.
    closed: VecDeque<(u64, Ends)>,
}

#[derive(Debug)]
struct Followed {
    conversation: Conversation,
    /// Where the next byte of each direction is, sent and received; `None`: none was seen yet.
    next: [Option<u32>; 2],
    party: Party,
    /// When something of it was seen last.
    last_ns: u64,
    /// When it was closed, if the program may still read what had come before.
    closed_ns: Option<u64>,
}

impl Default for Conversations {
    fn default() -> Self {
        let lookups = || Lookups::new(MAX_QUESTIONS, DNS_TIMEOUT_NS);
        Self { connections: HashMap::new(), lookups: [lookups(), lookups()], closed: VecDeque::new() }
    }
}

impl Conversations {
    /// All of a timeline's.
    #[must_use]
    pub fn of<'a>(events: impl Iterator<Item = Event<'a>>, read_ns: u64) -> Vec<Told> {
        let mut conversations = Self::default();
        let mut told: Vec<Told> = events.flat_map(|event| conversations.take(&event)).collect();
        told.extend(conversations.end(read_ns));
        told
    }

    /// Takes the next event, in the order of their ends; what it completes.
    pub fn take(&mut self, event: &Event<'_>) -> Vec<Told> {
        match event.what {
            What::SocketMessage(message) if message.is_dns() => self.dns(&message, event),
            What::SocketMessage(message) => self.http(&message, event),
            What::Connection(told) => self.connection(&told),
            _ => Vec::new(),
        }
    }

    /// What is not over on the connection of a message that was just taken.
    pub fn waiting(&self, message: &SocketMessage<'_>) -> impl Iterator<Item = (&Party, &Exchange)> {
        let ends = (message.local(), SocketMessage::peer(message));
        let followed = self.connections.get(&ends).filter(|_| !message.is_dns());
        followed.into_iter().flat_map(|followed| followed.conversation.pending().map(|it| (&followed.party, it)))
    }

    /// Nothing comes any more: what waits for an answer waits in vain until `at_ns`.
    pub fn end(&mut self, at_ns: u64) -> Vec<Told> {
        let mut told = Vec::new();
        let mut left: Vec<_> = self.connections.drain().map(|(_, followed)| followed).collect();
        left.sort_by_key(|followed| followed.last_ns);
        for followed in left {
            let closed_ns = followed.closed_ns.unwrap_or(at_ns);
            told.extend(followed.closed(closed_ns));
        }
        told.extend(self.expire(at_ns));
        // What is left would still have been waited for.
        told.extend(self.expire(u64::MAX).into_iter().map(|it| match it {
            Told::Lookup(way, mut lookup) => {
                lookup.ended_ns = at_ns.max(lookup.asked_ns);
                Told::Lookup(way, lookup)
            }
            other => other,
        }));
        told
    }

    /// Whether something waits that [`Conversations::expire`] may tell.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        !self.closed.is_empty() || self.lookups.iter().any(Lookups::is_waiting)
    }

    /// Questions and closed requests without an answer in time, at this moment: for who has a clock, and no message that comes.
    pub fn expire(&mut self, now_ns: u64) -> Vec<Told> {
        let ways = [Way::Sent, Way::Received].into_iter().zip(&mut self.lookups);
        let of = |(way, lookups): (Way, &mut Lookups<Party>)| {
            lookups
                .expire(now_ns)
                .into_iter()
                .map(move |lookup| Told::Lookup(way, Box::new(lookup)))
                .collect::<Vec<_>>()
        };
        let mut told: Vec<_> = ways.flat_map(of).collect();
        while let Some((closed_ns, ends)) = self.closed.pop_front_if(|(at, _)| at.saturating_add(READ_NS) <= now_ns) {
            if self.connections.get(&ends).is_some_and(|followed| followed.closed_ns == Some(closed_ns)) {
                told.extend(self.connections.remove(&ends).into_iter().flat_map(|it| it.closed(closed_ns)));
            }
        }
        told
    }

    fn connection(&mut self, told: &Connection) -> Vec<Told> {
        let ends = (connection::local(told), connection::peer(told));
        // What has come before its end may be read after it.
        if told.header.flags == what::CLOSED
            && let Some(followed) = self.connections.get_mut(&ends)
            && followed.conversation.requests() == Some(Way::Sent)
            && followed.conversation.is_waiting()
        {
            followed.closed_ns = Some(told.time_ns);
            self.closed.push_back((told.time_ns, ends));
            return Vec::new();
        }
        let before = self.connections.remove(&ends);
        let mut over = before.map(|followed| followed.closed(told.time_ns)).unwrap_or_default();
        if matches!(told.header.flags, what::CONNECTED | what::ACCEPTED) {
            let party = Party { tgid: told.tgid, tid: told.header.tid, local: ends.0, peer: ends.1, task: None };
            over.extend(self.make_room());
            self.connections.insert(ends, Followed::new(Conversation::new(), party, told.time_ns));
        }
        over
    }

    fn http(&mut self, message: &SocketMessage<'_>, event: &Event<'_>) -> Vec<Told> {
        let ends = (message.local(), SocketMessage::peer(message));
        let party = Party::of(message, event);
        let mut told = if self.connections.contains_key(&ends) { Vec::new() } else { self.make_room() };
        // Its beginning is older than what is held.
        let midway = || Followed::new(Conversation::midway(), party, 0);
        let followed = self.connections.entry(ends).or_insert_with(midway);
        // Something comes all the same: more than may wait, or over another connection whose beginning is not held.
        if matches!(followed.conversation.ended(), Some(End::Closed | End::TooManyPending)) {
            *followed = midway();
        }
        // Who accepts a connection is not known before it is used.
        followed.party = party;
        let over = followed.message(message);
        told.extend(over.into_iter().map(|exchange| Told::Request(party, Box::new(exchange))));
        told
    }

    /// How many connections are followed.
    #[must_use]
    pub fn followed(&self) -> usize {
        self.connections.len()
    }

    /// How many questions wait for an answer.
    #[must_use]
    pub fn questions(&self) -> usize {
        self.lookups.iter().map(Lookups::waiting).sum()
    }

    /// Gives up the older half of all that is followed or waits, at this moment: it is told as it stands.
    pub fn give_up_half(&mut self, now_ns: u64) -> Vec<Told> {
        let mut told = self.give_up_connections();
        for (way, lookups) in [Way::Sent, Way::Received].into_iter().zip(&mut self.lookups) {
            let given_up = lookups.give_up_half(now_ns);
            told.extend(given_up.into_iter().map(|lookup| Told::Lookup(way, Box::new(lookup))));
        }
        told
    }

    /// Makes room for one more connection.
    fn make_room(&mut self) -> Vec<Told> {
        if self.connections.len() < MAX_CONNECTIONS { Vec::new() } else { self.give_up_connections() }
    }

    /// Half of them go at once, or each new one would look through all.
    fn give_up_connections(&mut self) -> Vec<Told> {
        let mut by_age: Vec<(u64, Ends)> = self.connections.iter().map(|(ends, it)| (it.last_ns, *ends)).collect();
        by_age.sort_unstable();
        by_age.truncate(by_age.len().div_ceil(2));
        let oldest = by_age.iter().filter_map(|(_, ends)| self.connections.remove(ends));
        let told = oldest.flat_map(Followed::given_up).collect();
        self.connections.shrink_to_fit();
        self.closed.retain(|(_, ends)| self.connections.contains_key(ends));
        told
    }

    fn dns(&mut self, message: &SocketMessage<'_>, event: &Event<'_>) -> Vec<Told> {
        let mut told = self.expire(message.at_ns());
        told.extend(message.dns().iter().flat_map(|read| self.one_of_dns(message, read, event)));
        told
    }

    fn one_of_dns(&mut self, message: &SocketMessage<'_>, read: &dns::Message, event: &Event<'_>) -> Vec<Told> {
        let (local, peer) = (message.local(), SocketMessage::peer(message));
        let is_asked_here = (message.way() == Way::Sent) != read.is_response;
        let transport = if message.is_udp() { Transport::Udp } else { Transport::Tcp };
        let (client, server) = if is_asked_here { (local, peer) } else { (peer, local) };
        // A server has one socket for all who ask: they are told apart by their addresses.
        let scope = if is_asked_here { 0 } else { scope_of(client) };
        // An answer whose sender the call did not name comes from the port of DNS.
        let server = if server.port() == 0 { SocketAddr::new(server.ip(), 53) } else { server };
        let socket = Socket { scope, transport, port: client.port(), server };
        let (way, at_ns) = (if is_asked_here { Way::Sent } else { Way::Received }, message.at_ns());
        let [ours, theirs] = &mut self.lookups;
        let lookups = if is_asked_here { ours } else { theirs };
        let owner = Party::of(message, event);
        if !read.is_response {
            let given_up = lookups.asked(socket, read, at_ns, &owner);
            return given_up.into_iter().map(|lookup| Told::Lookup(way, Box::new(lookup))).collect();
        }
        let unasked = || Told::Unasked(way, Box::new(Unasked { socket, message: read.clone(), at_ns, owner }));
        let lookup = lookups.answered(&socket, read, at_ns).map(|lookup| Told::Lookup(way, Box::new(lookup)));
        vec![lookup.unwrap_or_else(unasked)]
    }
}

impl Followed {
    fn new(conversation: Conversation, party: Party, last_ns: u64) -> Self {
        Self { conversation, next: [None; 2], party, last_ns, closed_ns: None }
    }

    fn message(&mut self, message: &SocketMessage<'_>) -> Vec<Exchange> {
        let (way, at_ns, total) = (message.way(), message.at_ns(), message.fixed.total);
        let next = match &mut self.next {
            [sent, _] if way == Way::Sent => sent,
            [_, received] => received,
        };
        let between = next.map_or(0, |next| message.fixed.position.wrapping_sub(next));
        let mut over = Vec::new();
        if between > u32::MAX / 2 {
            // Less has come than was taken for granted, or this is another connection between the same ends.
            over.extend(self.conversation.lost());
        } else if between > 0 {
            over.extend(self.conversation.call(way, at_ns, &[], between.into()));
        }
        over.extend(self.conversation.call(way, at_ns, &message.bytes(), total.into()));
        let (granted, granted_over) = self.conversation.grant(way, at_ns);
        over.extend(granted_over);
        // A response whose end cannot be seen is told now.
        over.extend(self.conversation.idle(at_ns.saturating_add(1)));
        *next = Some(message.fixed.position.wrapping_add(total).wrapping_add(granted as u32));
        self.last_ns = at_ns;
        over
    }

    /// It is over.
    fn closed(mut self, at_ns: u64) -> Vec<Told> {
        let over = self.conversation.close(at_ns);
        let told = |mut exchange: Exchange| {
            // Its end was not seen before the connection's, so not all of its body was.
            if let Some(response) = &mut exchange.response {
                response.is_whole = false;
            }
            Told::Request(self.party, Box::new(exchange))
        };
        over.into_iter().map(told).collect()
    }

    /// It may go on, but is not followed any more.
    fn given_up(mut self) -> Vec<Told> {
        let over = self.conversation.lost();
        over.into_iter().map(|exchange| Told::Request(self.party, Box::new(exchange))).collect()
    }
}

/// Bytes of a message's body: what its head says, or what was seen of it if that was all.
#[must_use]
pub fn body_bytes<H>(message: &Message<H>, length: Lengths) -> Option<u64> {
    match length {
        Lengths::One(bytes) => Some(bytes),
        _ => message.is_whole.then_some(message.body_bytes),
    }
}

/// A number for a client: not 0, which is what was asked here.
fn scope_of(client: SocketAddr) -> u64 {
    let mut hasher = DefaultHasher::new();
    client.ip().hash(&mut hasher);
    hasher.finish() | 1
}

#[cfg(test)]
mod tests;
