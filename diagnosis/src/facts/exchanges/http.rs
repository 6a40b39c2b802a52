//! Requests of HTTP/1 that were answered with an error, or not at all.
//!
//! A request wants an answer, so nobody needs to be seen to wait for it. What was closed right behind a request was only
//! told something. Who took long before takes long again.

use super::super::failure::Failure;
use super::super::patience::Patience;
use super::super::subject::Subject;
use super::{Ended, Ends};
use crate::calls::{self, bits};
use crate::meaning::{GIVEN_UP, Meaning, PARTIAL, of_status};
use rewind_protocols::http1::{Doubt, Exchange, Lengths, Request as Head};
use rewind_recording::conversations::Party;
use rewind_recording::events::Connection;
use rewind_recording::events::connection::{End, closed_by};
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

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
    /// How many bytes it has in all, where its head says so.
    bytes: Option<u64>,
}

/// An answer that had begun, on a connection that is open: all of it may have come, or not.
#[derive(Clone, Debug)]
pub struct BegunAnswer {
    /// The event that it began in.
    pub index: usize,
    /// The process that asked.
    pub tgid: u32,
    /// `GET /config`.
    pub name: String,
    /// Who answers.
    pub peer: SocketAddr,
    /// When it began.
    pub at_ns: u64,
    /// How many bytes it has, with its head.
    pub bytes: u64,
}

/// Answers that have a length, of which no end is known: the last of each connection that is open.
pub(super) fn begun(requests: &[Request], closed: &HashMap<Ends, Connection>) -> Vec<BegunAnswer> {
    let mut last = HashMap::<Ends, &Request>::new();
    last.extend(requests.iter().map(|request| ((request.party.local, request.party.peer), request)));
    let is_open = |ends: &Ends, request: &Request| closed.get(ends).is_none_or(|at| at.time_ns < request.began_ns);
    let open = last.into_iter().filter(|(ends, request)| is_open(ends, request)).map(|(_, request)| request);
    let mut begun: Vec<_> = open.filter_map(Request::begun).collect();
    begun.sort_by_key(|answer| answer.index);
    begun
}

/// What all requests tell of one.
#[derive(Debug, Default)]
struct Index<'r> {
    /// When the last that went well began, by name and by peer.
    well_by_name: HashMap<&'r str, u64>,
    well_by_peer: HashMap<SocketAddr, u64>,
    /// When the first with that name and status began.
    first: HashMap<(&'r str, u16), u64>,
    patience: Patience<SocketAddr>,
}

impl<'r> Index<'r> {
    fn of(requests: &'r [Request]) -> Self {
        let mut index = Self::default();
        for request in requests {
            let (name, peer, began_ns) = (request.name.as_str(), request.party.peer, request.began_ns);
            let Some(response) = &request.response else { continue };
            index.patience.took(peer, response.at_ns.saturating_sub(began_ns));
            if response.status >= FIRST_ERROR {
                let first_ns = index.first.entry((name, response.status)).or_insert(began_ns);
                *first_ns = began_ns.min(*first_ns);
                continue;
            }
            for last_ns in [index.well_by_name.entry(name).or_default(), index.well_by_peer.entry(peer).or_default()] {
                *last_ns = began_ns.max(*last_ns);
            }
        }
        index
    }

    /// Whether the same went well later, or had failed so before and others of the same peer have gone well since: who
    /// goes on so does without it.
    fn has_recovered(&self, request: &Request) -> bool {
        let name = request.name.as_str();
        let status = request.response.as_ref().map(|response| response.status);
        let first_ns = status.and_then(|status| self.first.get(&(name, status)));
        let before_ns = first_ns.filter(|first_ns| **first_ns < request.began_ns);
        let later = |last_ns: Option<&u64>, than_ns: u64| last_ns.is_some_and(|last_ns| *last_ns > than_ns);
        later(self.well_by_name.get(name), request.began_ns)
            || before_ns.is_some_and(|before_ns| later(self.well_by_peer.get(&request.party.peer), *before_ns))
    }
}

/// Adds what failed.
pub(super) fn add_failures(
    requests: &[Request],
    closed: &HashMap<Ends, Connection>,
    ended: &Ended<'_, impl Fn(u32) -> (u64, bool)>,
    failures: &mut Vec<Failure>,
) {
    let all = Index::of(requests);
    let mut found = Vec::new();
    // Peers that left the request before this one without an answer: who asks one again need not wait as long.
    let mut silent = HashSet::new();
    for request in requests {
        let recovered = || all.has_recovered(request);
        if request.response.is_some() {
            silent.remove(&request.party.peer);
        }
        match &request.response {
            Some(response) if response.status >= FIRST_ERROR => {
                let (index, errno) = (response.index.or(request.index), of_status(response.status));
                found.extend(index.map(|index| request.failure(index, response.at_ns, errno, recovered())));
            }
            Some(response) => {
                let ended_ns = (ended.process)(request.party.tgid).0;
                let moved = ended.sent.of(&request.party.peer.to_string());
                // The kernel tells that a connection is closed once its peer has closed it as well.
                let closed_ns = moved.map_or(u64::MAX, |moved| moved.closed_ns);
                let is_ours = (response.at_ns..ended_ns).contains(&closed_ns);
                let partial = request.partial(response, closed, recovered());
                let partial = partial.map(|failure| match is_ours {
                    true => Failure { at_ns: failure.at_ns.min(closed_ns), ..failure },
                    false => failure,
                });
                // What the program had open as it ended tells nothing of why it did.
                found.extend(partial.filter(|failure| failure.at_ns < ended_ns));
            }
            None if request.began_ns < ended.traffic_ns => {}
            None => {
                let (ended_ns, lives) = (ended.process)(request.party.tgid);
                let closed_ns = closed.get(&(request.party.local, request.party.peer)).map(|closed| closed.time_ns);
                let closed_ns = closed_ns.filter(|closed_ns| *closed_ns >= request.began_ns);
                let until_ns = closed_ns.unwrap_or(ended_ns).min(ended_ns);
                if request.names(failures, until_ns) {
                    silent.insert(request.party.peer);
                    continue;
                }
                let waits = lives && closed_ns.is_none() && !silent.contains(&request.party.peer);
                let patience_ns = if waits { all.patience.with(&request.party.peer) } else { WAITED_NS };
                let is_given_up = until_ns.saturating_sub(request.began_ns) >= patience_ns;
                silent.extend((is_given_up && closed_ns.is_some()).then_some(request.party.peer));
                let index = request.index.filter(|_| is_given_up);
                found.extend(index.map(|index| request.failure(index, until_ns, GIVEN_UP, recovered())));
            }
        }
    }
    failures.extend(found);
}

/// Whether an answer has a body where it says how long that is (RFC 9110, 8.6).
fn has_body(method: &str, status: u16) -> bool {
    !["HEAD", "CONNECT"].contains(&method) && status >= 200 && status != 204 && status != 304
}

/// What a request is called: `GET /config`.
pub(super) fn name(head: &Head) -> String {
    let path: String = head.target.path.chars().take(MAX_PATH_CHARS).collect();
    // Of a line that was cut there may be more.
    format!("{} {path}{}", head.method, if head.minor_version.is_none() { "…" } else { "" })
}

impl Request {
    /// What an exchange tells; `index` has the events that messages began in.
    pub(super) fn of(party: Party, exchange: Exchange, index: impl Fn(u64) -> Option<usize>) -> Option<Self> {
        // Of one without a response, what could not be joined may have been that.
        let is_sure = exchange.response.is_some() || exchange.doubts.iter().all(|doubt| doubt != Doubt::Unjoined);
        let request = exchange.request.filter(|_| is_sure)?;
        Some(Self {
            party,
            name: name(&request.head),
            began_ns: request.began_ns,
            index: index(request.began_ns),
            response: exchange.response.map(|response| Response {
                status: response.head.status,
                at_ns: response.began_ns,
                index: index(response.began_ns),
                bytes: match response.head.fields.length {
                    Lengths::One(length) if has_body(&request.head.method, response.head.status) => {
                        Some(response.head_bytes.saturating_add(length))
                    }
                    _ => None,
                },
            }),
        })
    }

    fn begun(&self) -> Option<BegunAnswer> {
        let response = self.response.as_ref()?;
        let (tgid, peer, at_ns) = (self.party.tgid, self.party.peer, response.at_ns);
        Some(BegunAnswer { index: response.index?, tgid, name: self.name.clone(), peer, at_ns, bytes: response.bytes? })
    }

    /// That less of its answer came than that said, before the connection ended: the program had waited, or its peer
    /// ended it.
    fn partial(&self, response: &Response, closed: &HashMap<Ends, Connection>, recovered: bool) -> Option<Failure> {
        let closed = closed.get(&(self.party.local, self.party.peer))?;
        let waited_ns = closed.time_ns.checked_sub(response.at_ns)?;
        let is_ours = closed_by(closed) == Some(End::Us);
        let is_partial = closed.bytes_received < response.bytes? && (!is_ours || waited_ns >= WAITED_NS);
        let index = response.index.filter(|_| is_partial)?;
        Some(self.failure(index, closed.time_ns, PARTIAL, recovered))
    }

    /// When it began.
    pub(super) const fn began_ns(&self) -> u64 {
        self.began_ns
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
            to: None,
            refused: None,
            is_look: false,
            recovered,
        }
    }

    /// Gives its name to what calls on its connection tell of it; whether there is such a thing.
    fn names(&self, failures: &mut [Failure], until_ns: u64) -> bool {
        let subject = Subject::Peer(self.party.peer.to_string());
        let mut own = failures.iter_mut().filter(|failure| {
            failure.tgid == self.party.tgid
                && (self.began_ns..=until_ns).contains(&failure.at_ns)
                && failure.subject == subject
                && !matches!(failure.meaning(), Meaning::Answer(_))
                && !failure.name.contains(' ')
                && !calls::has(&failure.name, bits::CONNECTS)
        });
        own.next().map(|failure| failure.name = self.name.clone().into()).is_some()
    }
}
