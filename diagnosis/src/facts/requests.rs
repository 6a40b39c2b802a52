//! What a process asked of a peer and got no answer to: gathered by socket.
//!
//! Three kinds of question: a connection that goes on in the background and is given up (no call ever
//! says that it failed), a request on a connection that this process has made, a question to a name
//! server. A resolver asks several servers by one socket and takes the first answer, so a socket that
//! got any answer is content. Bytes are not looked at: payload is off for most.
//!
//! Who sends and never listens (logs, figures) has asked nothing: a request counts only where the
//! process was seen to wait for the answer. That its runtime has an `epoll` wait for the socket says little, as runtimes
//! do so for each: that counts where nothing ever came by it, and nothing went by any other. Who was answered before
//! may have asked for work that there is none of yet (`BLPOP` of Redis), but for a database that answers each query.

mod polls;

use super::background::{is_verdict, told_error};
use super::failure::Failure;
use super::patience::Patience;
use super::seen::Seen;
use super::subject::{Subject, is_name_server, peer_of};
use crate::calls::bits;
use crate::meaning::{GIVEN_UP, HUNG_UP, IN_ERROR, is_connected, is_in_background, is_interim, is_under_way};
pub(crate) use polls::polled;
use polls::{Epolls, in_error};
use rewind_recording::decode;
use rewind_recording::event::Outcome;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

/// A connection or a name counts as not had after this time.
const PATIENCE_NS: u64 = 2_000_000_000;
/// Who closes a connection so long after a question, to which it watched for an answer, has given up.
const WATCHED_NS: u64 = 1_000_000_000;
/// The ports of PostgreSQL, behind PgBouncer too: each query is answered, and what is not one is followed by a `Sync`,
/// which is (PostgreSQL's documentation, "Frontend/Backend Protocol").
const POSTGRESQL: [&str; 2] = [":5432", ":6432"];
/// How many bytes ask PostgreSQL first whether it speaks TLS, which it answers with a single one.
const SSL_REQUEST: i64 = 8;
/// The port of MySQL. Each query is answered; that a prepared statement is closed is not, and nobody waits behind that.
const MYSQL: &str = ":3306";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    Connection,
    Request,
    Name,
}

/// A question that waits for its answer.
#[derive(Debug)]
struct Open {
    ask: Ask,
    peer: String,
    name: Cow<'static, str>,
    index: usize,
    tid: u32,
    at_ns: u64,
    /// Until when the process is known to have waited.
    waited_ns: Option<u64>,
    answered: bool,
    /// What it is called that no answer came.
    errno: u16,
    /// How many bytes of it were sent at once.
    len: i64,
    /// The socket was read behind it, and had nothing yet.
    looked: bool,
    /// More was sent much later, with nothing heard between: it only tells something.
    tells: bool,
}

/// A socket: process and descriptor.
type Socket = (u32, i32);

/// A connection that a process made, and waits to hear from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// The process.
    pub tgid: u32,
    /// Its descriptor.
    pub fd: i32,
    /// Since when: `CLOCK_MONOTONIC`, nanoseconds.
    pub since_ns: u64,
}

/// Sockets, and what was asked by them.
#[derive(Debug, Default)]
pub(super) struct PendingRequests {
    open: HashMap<Socket, Open>,
    /// When the kernel told last that a process' connection to a peer was made.
    made_ns: HashMap<(u32, String), u64>,
    /// Those that the process connected itself, and when.
    own: HashMap<Socket, u64>,
    /// Those that were read and had nothing yet: who does so waits for them from then on, in an `epoll_wait` say.
    watched: HashSet<Socket>,
    epolls: Epolls,
    /// Those that something came by.
    heard: HashSet<Socket>,
    /// Those of which this side said that nothing more is sent.
    shut: HashSet<Socket>,
    /// Those whose peer speaks as a server of PostgreSQL does.
    postgresql: HashSet<Socket>,
    /// When a peer answered last.
    replied: HashMap<String, u64>,
    patience: Patience<String>,
    given_up: Vec<Failure>,
}

impl PendingRequests {
    /// Takes a call into account, before the table of descriptors does.
    pub(super) fn call(&mut self, seen: &Seen<'_, '_>) {
        let call = seen.call();
        let (errno, returned) = (seen.errno(), seen.has_succeeded());
        let socket = (seen.tgid, seen.descriptor());
        let is = |bits| seen.has(bits);
        // Which socket it is of is not recorded: any may have been answered.
        if seen.name == "socketcall" && returned {
            self.open.iter_mut().filter(|(of, _)| of.0 == seen.tgid).for_each(|(_, open)| open.answered = true);
        }
        if is(bits::CONNECTS) && errno.is_some_and(is_in_background) && self.is_made(socket, seen) {
            self.own.insert(socket, seen.event.end_ns);
        } else if is(bits::CONNECTS) && errno.is_some_and(is_in_background) {
            self.ask(socket, seen, Ask::Connection);
        } else if is(bits::CONNECTS) && (returned || errno.is_some_and(is_connected)) {
            self.connected(socket, seen);
        } else if is(bits::CONNECTS) && errno.is_some_and(|errno| !is_interim(errno) && !is_under_way(errno)) {
            // Asked again, it tells how the connection in the background went.
            self.open.remove(&socket);
        } else if returned && told_error(seen).is_some() {
            self.open.remove(&socket);
        } else if returned && is_verdict(seen) {
            self.ends(socket, Ask::Connection, seen.event.end_ns);
        } else if is(bits::SENDS) && returned {
            self.sent(socket, seen);
        } else if is(bits::RECEIVES) && returned && call.result == 0 && self.is_hung_up(socket, seen) {
            self.hung_up(socket, seen);
        } else if is(bits::RECEIVES) && returned {
            self.replied(socket, seen);
        } else if is(bits::RECEIVES) {
            self.waited(socket, seen, true);
        } else if is(bits::POLLS) && (!seen.has_returned() || call.result == 0) {
            let polled = polled(seen.invocation, seen.name);
            polled.iter().for_each(|fd| self.waited((seen.tgid, *fd), seen, polled.len() == 1));
        } else if is(bits::POLLS) && returned {
            // What a datagram met comes back as an error of its socket, which many do not ask for.
            in_error(seen).for_each(|fd| self.in_error((seen.tgid, fd), seen));
        } else if is(bits::WATCHES) && returned {
            self.epolls.watches(seen);
        } else if is(bits::CLOSES) {
            self.closed(seen);
        } else if seen.name == "shutdown" && returned {
            self.shut.insert(socket);
        }
        if is(bits::SENDS | bits::RECEIVES) && returned && !self.open.is_empty() {
            self.epolls.moves(socket, seen);
        }
    }

    /// Whether a connection that the process made ends before anything came by it.
    fn is_hung_up(&self, socket: Socket, seen: &Seen<'_, '_>) -> bool {
        let is_stream =
            || seen.table.and_then(|table| table.text(socket.1)).is_some_and(|text| text.starts_with("TCP"));
        self.own.contains_key(&socket) && !self.heard.contains(&socket) && !self.shut.contains(&socket) && is_stream()
    }

    fn hung_up(&mut self, socket: Socket, seen: &Seen<'_, '_>) {
        self.open.remove(&socket);
        let Some(peer) = seen.table.and_then(|table| table.text(socket.1)).and_then(peer_of) else { return };
        self.given_up.push(Failure::of(seen, Subject::Peer(peer), HUNG_UP));
    }

    /// Whether all that is known of a process is that an `epoll` waits for an answer.
    fn is_polled(&self, socket: Socket, open: &Open) -> bool {
        let is_asked = !self.heard.contains(&socket) || self.answers_all(socket, &open.peer);
        let is_first = open.ask == Ask::Request && is_asked && !open.tells;
        let waits = self.epolls.waits_for(socket) || self.watched.contains(&socket);
        is_first && waits && self.epolls.is_idle(socket, open.at_ns)
    }

    /// A descriptor is closed, or all of a range.
    fn closed(&mut self, seen: &Seen<'_, '_>) {
        let is_one = seen.row().is_none_or(|row| row.args.len() == 1);
        let first = seen.descriptor().cast_unsigned();
        let last = if is_one { first } else { seen.call().value(1).unwrap_or_default() as u32 };
        let hit = |socket: &Socket| socket.0 == seen.tgid && (first..=last).contains(&socket.1.cast_unsigned());
        let closed_ns = seen.event.end_ns;
        let mut given_up = Vec::new();
        for (socket, mut open) in self.open.extract_if(|socket, _| hit(socket)).collect::<Vec<_>>() {
            let is_long = closed_ns.saturating_sub(open.at_ns) >= WATCHED_NS;
            if is_long && (self.watched.contains(&socket) || self.is_polled(socket, &open)) {
                open.waited_ns = open.waited_ns.filter(|_| !open.looked).or(Some(closed_ns));
            }
            given_up.push(open);
        }
        self.own.retain(|socket, _| !hit(socket));
        for sockets in [&mut self.watched, &mut self.heard, &mut self.shut, &mut self.postgresql] {
            sockets.retain(|socket| !hit(socket));
        }
        self.epolls.closed(hit);
        given_up.sort_by_key(|open| open.index);
        given_up.into_iter().for_each(|open| self.settle(seen.tgid, open, seen.event.end_ns));
    }

    fn ask(&mut self, socket: Socket, seen: &Seen<'_, '_>, ask: Ask) {
        let text = || seen.table.and_then(|table| table.text(socket.1)).and_then(peer_of);
        let Some(peer) = decode::peer(seen.invocation, seen.arch).or_else(text) else { return };
        let ask = if ask == Ask::Request && is_name_server(&peer) { Ask::Name } else { ask };
        if ask == Ask::Request && !self.own.contains_key(&socket) {
            return;
        }
        let (index, tid, at_ns) = (seen.index, seen.event.tid, seen.event.start_ns);
        let name = seen.name.clone();
        let len = seen.call().result;
        let new = Open {
            ask,
            peer,
            name,
            index,
            tid,
            at_ns,
            waited_ns: None,
            answered: false,
            errno: GIVEN_UP,
            len,
            looked: false,
            tells: false,
        };
        let open = self.open.entry(socket).or_insert(new);
        open.tells |= at_ns.saturating_sub(open.at_ns) >= WATCHED_NS;
    }

    fn connected(&mut self, socket: Socket, seen: &Seen<'_, '_>) {
        self.own.insert(socket, seen.event.end_ns);
        self.heard.remove(&socket);
        self.ends(socket, Ask::Connection, seen.event.end_ns);
        if let Some(peer) = decode::peer(seen.invocation, seen.arch).filter(|peer| !is_name_server(peer)) {
            self.replied.insert(peer, seen.event.end_ns);
        }
    }

    /// The kernel has told that a process' connection to a peer is made: who closes it at once only looked.
    pub(super) fn made(&mut self, tgid: u32, peer: String, at_ns: u64) {
        let is_made =
            |socket: &Socket, open: &mut Open| socket.0 == tgid && open.ask == Ask::Connection && open.peer == peer;
        let made: Vec<_> = self.open.extract_if(is_made).map(|(socket, _)| socket).collect();
        self.own.extend(made.into_iter().map(|socket| (socket, at_ns)));
        self.made_ns.insert((tgid, peer), at_ns);
    }

    /// Whether a connection was made before the call that asked for it had returned.
    fn is_made(&self, socket: Socket, seen: &Seen<'_, '_>) -> bool {
        let peer = decode::peer(seen.invocation, seen.arch);
        peer.and_then(|peer| self.made_ns.get(&(socket.0, peer))).is_some_and(|at_ns| *at_ns >= seen.event.start_ns)
    }

    /// Whatever follows on a connection shows that it was made, or how it failed.
    fn ends(&mut self, socket: Socket, ask: Ask, at_ns: u64) {
        if self.open.get(&socket).is_some_and(|open| open.ask == ask) {
            self.open.remove(&socket);
            self.own.entry(socket).or_insert(at_ns);
        }
    }

    fn sent(&mut self, socket: Socket, seen: &Seen<'_, '_>) {
        self.ends(socket, Ask::Connection, seen.event.end_ns);
        self.ask(socket, seen, Ask::Request);
    }

    fn replied(&mut self, socket: Socket, seen: &Seen<'_, '_>) {
        let is_first = self.heard.insert(socket);
        let is_tls_asked = |open: &Open| open.ask == Ask::Request && open.len == SSL_REQUEST && seen.call().result == 1;
        if is_first && self.open.get(&socket).is_some_and(is_tls_asked) {
            self.postgresql.insert(socket);
        }
        self.ends(socket, Ask::Connection, seen.event.end_ns);
        if let Some(open) = self.open.get_mut(&socket) {
            self.replied.insert(open.peer.clone(), seen.event.end_ns);
            let took_ns = seen.event.end_ns.saturating_sub(open.at_ns);
            self.patience.took(open.peer.clone(), took_ns);
            open.answered = true;
        }
        self.ends(socket, Ask::Request, seen.event.end_ns);
    }

    /// A call waits for a socket, and for no other, or waited in vain.
    fn waited(&mut self, socket: Socket, seen: &Seen<'_, '_>, is_alone: bool) {
        if seen.errno().is_none_or(is_interim) {
            self.watched.insert(socket);
            // Of some servers the first word is expected.
            let is_first = seen.has(bits::RECEIVES) || !self.open.contains_key(&socket);
            if seen.outcome == Outcome::InFlight && is_alone && is_first && !self.heard.contains(&socket) {
                self.ask(socket, seen, Ask::Request);
            }
            if let Some(open) = self.open.get_mut(&socket) {
                open.looked = seen.has(bits::RECEIVES) && seen.has_returned();
                open.waited_ns = Some(seen.until_ns);
            }
        } else {
            // An error is an answer, and a failure of its own.
            self.open.remove(&socket);
        }
    }

    /// Whether a peer answers whatever it is sent.
    fn answers_all(&self, socket: Socket, peer: &str) -> bool {
        self.postgresql.contains(&socket) || POSTGRESQL.iter().any(|port| peer.ends_with(port))
    }

    fn in_error(&mut self, socket: Socket, seen: &Seen<'_, '_>) {
        if let Some(open) = self.open.get_mut(&socket).filter(|open| open.ask != Ask::Connection && !open.answered) {
            open.waited_ns = Some(seen.until_ns);
            (open.name, open.index, open.errno) = (seen.name.clone(), seen.index, IN_ERROR);
        }
    }

    /// Connections that living processes made, and wait to hear from: since they asked, or since they have them.
    pub(super) fn awaited(&self, is_living: impl Fn(u32) -> bool) -> Vec<Awaited> {
        let watches = |socket: &Socket| self.watched.contains(socket) || self.epolls.waits_for(*socket);
        let since_ns = |socket: &Socket, made_ns: u64| match self.open.get(socket) {
            Some(open) => Some(open.at_ns).filter(|_| open.ask == Ask::Request && !open.answered),
            None => Some(made_ns).filter(|_| !self.heard.contains(socket)),
        };
        let own = self.own.iter().filter(|(socket, _)| is_living(socket.0) && watches(socket));
        let awaited = own.filter_map(|(socket, made_ns)| {
            let since_ns = since_ns(socket, *made_ns).filter(|since_ns| self.epolls.is_idle(*socket, *since_ns))?;
            Some(Awaited { tgid: socket.0, fd: socket.1, since_ns })
        });
        awaited.collect()
    }

    /// What got no answer; `end_ns` says until when a process can have waited, `is_living` whether it still may.
    pub(super) fn finish(
        mut self,
        complete_ns: u64,
        end_ns: impl Fn(u32) -> u64,
        is_living: impl Fn(u32) -> bool,
    ) -> Vec<Failure> {
        let open: BTreeMap<_, _> = std::mem::take(&mut self.open).into_iter().collect();
        for (socket, mut open) in open {
            let tgid = socket.0;
            let until_ns = end_ns(tgid);
            if open.looked || open.waited_ns.is_none() && self.is_polled(socket, &open) {
                open.waited_ns = Some(until_ns);
            }
            // Who has been answered before may wait for work, for as long as there is none.
            let answers_queries = open.peer.ends_with(MYSQL) || self.answers_all(socket, &open.peer);
            // Who sends more without an answer tells something, as a standby does how far it is.
            let may_be_work = self.heard.contains(&socket) && (!answers_queries || open.tells);
            if open.ask == Ask::Request && is_living(tgid) && may_be_work {
                continue;
            }
            let patience_ns = match open.ask {
                Ask::Request if is_living(tgid) => self.patience.with(&open.peer),
                _ => PATIENCE_NS,
            };
            if until_ns.saturating_sub(open.at_ns) > patience_ns {
                self.settle(tgid, open, until_ns);
            }
        }
        self.given_up.retain(|failure| failure.at_ns.saturating_sub(failure.duration_ns) >= complete_ns);
        for failure in &mut self.given_up {
            let Subject::Peer(peer) = &failure.subject else { continue };
            failure.recovered = self.replied.get(peer).is_some_and(|replied_ns| *replied_ns >= failure.at_ns);
        }
        self.given_up
    }

    fn settle(&mut self, tgid: u32, open: Open, until_ns: u64) {
        if open.answered || open.ask == Ask::Request && open.waited_ns.is_none() {
            return;
        }
        // Many sockets are closed long after nobody waited any more.
        let at_ns = open.waited_ns.unwrap_or(until_ns);
        self.given_up.push(Failure {
            index: open.index,
            at_ns,
            duration_ns: at_ns.saturating_sub(open.at_ns),
            tgid,
            tid: open.tid,
            name: open.name,
            subject: Subject::Peer(open.peer),
            errno: open.errno,
            to: None,
            refused: None,
            is_look: false,
            recovered: false,
        });
    }
}
