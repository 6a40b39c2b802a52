//! Requests of HTTP/1 that a process has received: those that it has answered, and those that it has not.

use super::{Ended, Ends};
use rewind_protocols::http1::{Doubt, Exchange, Lengths};
use rewind_recording::conversations::Party;
use rewind_recording::events::Connection;
use rewind_recording::events::connection::{End, closed_by};
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

/// The state of a connection whose peer has closed it (`include/net/tcp_states.h`).
const CLOSE_WAIT: u8 = 8;

/// Methods of requests that seldom have a body.
const BODILESS: [&str; 4] = ["GET", "HEAD", "DELETE", "OPTIONS"];

/// A request that a process of the container has answered.
#[derive(Clone, Debug)]
pub struct Served {
    /// The event that the response began in.
    pub index: usize,
    /// When.
    pub at_ns: u64,
    /// When the request had begun.
    pub began_ns: u64,
    /// The process.
    pub tgid: u32,
    /// `GET /cart`.
    pub name: String,
    /// The status (RFC 9110, 15).
    pub status: u16,
}

impl Served {
    /// What an exchange tells; `index` has the events that messages began in.
    pub(super) fn of(party: Party, exchange: Exchange, index: impl Fn(u64) -> Option<usize>) -> Option<Self> {
        let (request, response) = (exchange.request?, exchange.response?);
        Some(Self {
            index: index(response.began_ns)?,
            at_ns: response.began_ns,
            began_ns: request.began_ns,
            tgid: party.tgid,
            name: super::http::name(&request.head),
            status: response.head.status,
        })
    }
}

/// A request that a process of the container has received, and that nothing was sent to.
#[derive(Clone, Debug)]
pub struct Unanswered {
    /// The event that it began in.
    pub index: usize,
    /// When.
    pub began_ns: u64,
    /// When its connection was closed, if it was, or its client had said its last.
    pub closed_ns: Option<u64>,
    /// Whether it was this end that closed it.
    pub is_cut: bool,
    /// The process.
    pub tgid: u32,
    /// `GET /cart`.
    pub name: String,
    /// This end.
    pub local: SocketAddr,
    peer: SocketAddr,
    /// So many bytes were seen of a head of which there has to be more.
    more_than: u64,
}

impl Unanswered {
    /// What an exchange tells that has no response, once all of the request has come.
    pub(super) fn of(party: Party, exchange: Exchange, index: impl Fn(u64) -> Option<usize>) -> Option<Self> {
        // What was not seen may have been its answer.
        let is_sure = exchange.doubts.iter().all(|doubt| doubt == Doubt::HeadCut);
        let request = exchange.request.filter(|_| exchange.response.is_none() && is_sure)?;
        // Of a line that was cut the name is not known, nor of a length whether all has come.
        let head = &request.head;
        let is_short = head.doubts.has(Doubt::HeadCut) && head.minor_version.is_some();
        let may_have_come = is_short && BODILESS.contains(&&*head.method) && head.fields.length == Lengths::None;
        if !request.is_whole && !may_have_come {
            return None;
        }
        Some(Self {
            index: index(request.began_ns)?,
            began_ns: request.began_ns,
            closed_ns: None,
            is_cut: false,
            tgid: party.tgid,
            name: super::http::name(&request.head),
            local: party.local,
            peer: party.peer,
            more_than: if request.is_whole { 0 } else { request.head_bytes },
        })
    }
}

/// Those that got no answer for sure: of one that could have been sent unseen, nothing is known.
pub(super) fn unanswered(
    requests: Vec<Unanswered>,
    closed: &HashMap<Ends, Connection>,
    served: &[(Ends, Served)],
    ended: &Ended<'_, impl Fn(u32) -> (u64, bool)>,
) -> Vec<Unanswered> {
    let answering: HashSet<u32> = served.iter().map(|(_, served)| served.tgid).collect();
    let answered: HashSet<Ends> = served.iter().map(|(ends, _)| *ends).collect();
    let sure = |mut request: Unanswered| {
        let ends = (request.local, request.peer);
        let closed = closed.get(&ends).filter(|closed| closed.time_ns >= request.began_ns);
        let moved = ended.sent.of(&request.peer.to_string());
        let gone_ns = moved.map(|moved| moved.ended_ns).filter(|ended_ns| *ended_ns >= request.began_ns);
        request.closed_ns = gone_ns.or(closed.map(|closed| closed.time_ns));
        // The client had gone where the peer's end was known.
        request.is_cut = closed.is_some_and(|closed| closed_by(closed) == Some(End::Us) && closed.state != CLOSE_WAIT)
            && gone_ns.is_none();
        let is_sent = moved.is_some_and(|moved| moved.sent_ns >= request.began_ns)
            || closed.is_some_and(|closed| closed.bytes_sent > 0) && !answered.contains(&ends);
        // Of a head of which only the first bytes were seen alone the rest has come, as far as is known at the end.
        let has_come = request.more_than == 0 || closed.is_some_and(|closed| closed.bytes_received > request.more_than);
        let is_seen = closed.is_some() || moved.is_some() || answering.contains(&request.tgid);
        let is_held = request.began_ns >= ended.complete_ns && (ended.process)(request.tgid).1;
        (is_held && is_seen && has_come && !is_sent).then_some(request)
    };
    requests.into_iter().filter_map(sure).collect()
}
