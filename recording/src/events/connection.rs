//! A TCP connection comes to be, ends, or does not come to be.

use super::json::JsonLine;
use super::kind::{Context, EventKind, Notice, Timing};
use crate::decode::errno_name;
use crate::render::units::{bytes, counted, duration};
use rewind_common::record::connection::{direction, what};
use serde::Serialize;
use std::fmt::Write as _;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

pub use rewind_common::record::Connection;

/// Numbers of errors (`errno(3)`), the same on every architecture that is recorded.
mod errno {
    pub(super) const EPIPE: u16 = 32;
    pub(super) const ENETDOWN: u16 = 100;
    pub(super) const ENETUNREACH: u16 = 101;
    pub(super) const ECONNABORTED: u16 = 103;
    pub(super) const ECONNRESET: u16 = 104;
    pub(super) const ETIMEDOUT: u16 = 110;
    pub(super) const ECONNREFUSED: u16 = 111;
    pub(super) const EHOSTDOWN: u16 = 112;
    pub(super) const EHOSTUNREACH: u16 = 113;
}

/// States (`include/net/tcp_states.h`) in which one that closes has had the peer's FIN before its own.
const AFTER_THE_PEER: [u8; 2] = [CLOSE_WAIT, LAST_ACK];
const ESTABLISHED: u8 = 1;
const CLOSE_WAIT: u8 = 8;
const LAST_ACK: u8 = 9;
/// Both ends have closed it before either had heard of that.
const CLOSING: u8 = 11;

/// What became of a connect or a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It is there.
    Established,
    /// It was closed, as connections are.
    Closed,
    /// The peer refused it.
    Refused,
    /// Nobody answered.
    TimedOut,
    /// One end threw it away.
    Reset,
    /// There is no way to the peer.
    Unreachable,
    /// The program closed the socket before the connect had ended.
    GivenUp,
    /// Something else, [`Connection::error`] says what if that is not 0.
    Failed,
}

impl Fate {
    /// That of an event.
    #[must_use]
    pub const fn of(event: &Connection) -> Self {
        match (event.header.flags, event.error) {
            (what::GIVEN_UP, _) => Self::GivenUp,
            (what::CONNECTED | what::ACCEPTED, _) => Self::Established,
            (_, errno::ECONNREFUSED) => Self::Refused,
            (_, errno::ETIMEDOUT) => Self::TimedOut,
            (_, errno::ECONNRESET | errno::EPIPE | errno::ECONNABORTED) => Self::Reset,
            (_, errno::EHOSTUNREACH | errno::ENETUNREACH | errno::ENETDOWN | errno::EHOSTDOWN) => Self::Unreachable,
            // Nobody but this end ends one without an error that is not half closed yet.
            (what::CLOSED, 0) if matches!(event.state, ESTABLISHED | CLOSE_WAIT) => Self::Reset,
            (what::CLOSED, 0) => Self::Closed,
            _ => Self::Failed,
        }
    }

    /// In a word, as JSON has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Established => "established",
            Self::Closed => "closed",
            Self::Refused => "refused",
            Self::TimedOut => "timed_out",
            Self::Reset => "reset",
            Self::Unreachable => "unreachable",
            Self::GivenUp => "given_up",
            Self::Failed => "failed",
        }
    }

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::TimedOut => "timed out",
            Self::GivenUp => "given up",
            other => other.name(),
        }
    }

    /// Whether it is what was wanted.
    #[must_use]
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Established | Self::Closed)
    }
}

/// Which end did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// This one.
    Us,
    /// The other one.
    Peer,
    /// Both at the same time.
    Both,
}

impl End {
    /// In a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Us => "us",
            Self::Peer => "peer",
            Self::Both => "both",
        }
    }
}

/// Which end closed a connection first, or threw it away; `None`: it is not closed, or neither did.
#[must_use]
pub fn closed_by(event: &Connection) -> Option<End> {
    if event.header.flags != what::CLOSED {
        return None;
    }
    match (Fate::of(event), event.error) {
        (Fate::Reset, 0 | errno::ECONNABORTED) => Some(End::Us),
        (Fate::Reset, _) => Some(End::Peer),
        (Fate::Closed, _) if AFTER_THE_PEER.contains(&event.state) => Some(End::Peer),
        (Fate::Closed, _) if event.state == CLOSING => Some(End::Both),
        (Fate::Closed, _) => Some(End::Us),
        _ => None,
    }
}

/// What it tells, in a word.
#[must_use]
pub const fn what_name(event: &Connection) -> &'static str {
    match event.header.flags {
        what::ACCEPTED => "accept",
        what::CLOSED => "close",
        _ => "connect",
    }
}

/// Who began it: `out`, `in`, or nobody knows.
#[must_use]
pub const fn direction_name(event: &Connection) -> Option<&'static str> {
    match event.direction {
        direction::OUT => Some("out"),
        direction::IN => Some("in"),
        _ => None,
    }
}

/// How long the connect took, or the connection was established; `None`: that takes no time, or it is not known.
#[must_use]
pub const fn took_ns(event: &Connection) -> Option<u64> {
    let is_told = event.since_ns != 0 && event.header.flags != what::ACCEPTED;
    if is_told { Some(event.time_ns.saturating_sub(event.since_ns)) } else { None }
}

/// This end.
#[must_use]
pub fn local(event: &Connection) -> SocketAddr {
    address(event.local, event.local_port)
}

/// The other end.
#[must_use]
pub fn peer(event: &Connection) -> SocketAddr {
    address(event.peer, event.peer_port)
}

/// An address as the record has it.
pub(crate) fn address(bytes: [u8; 16], port: u16) -> SocketAddr {
    let address = Ipv6Addr::from(bytes);
    SocketAddr::new(address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4), port)
}

/// What became of it in words, with who brought it about: `closed by us`, `reset by peer`, `EPROTO`.
#[must_use]
pub fn result(event: &Connection) -> String {
    let fate = Fate::of(event);
    match (fate, closed_by(event), event.error) {
        (_, Some(end), _) => format!("{} by {}", fate.words(), end.name()),
        (Fate::Failed, None, error @ 1..) => errno_name(error).map_or_else(|| error.to_string(), str::to_owned),
        _ => fate.words().to_owned(),
    }
}

#[derive(Serialize)]
pub(super) struct Address {
    address: IpAddr,
    port: u16,
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self { address: address.ip(), port: address.port() }
    }
}

#[derive(Serialize)]
struct Fields {
    what: &'static str,
    direction: Option<&'static str>,
    local: Address,
    peer: Address,
    result: &'static str,
    /// The error's name, if it has failed or ended by one.
    errno: Option<String>,
    closed_by: Option<&'static str>,
    took_ns: Option<u64>,
    bytes_sent: u64,
    bytes_received: u64,
    srtt_ns: Option<u64>,
    retransmits: u32,
    text: String,
}

impl EventKind for Connection {
    fn name(&self) -> &'static str {
        "connection"
    }

    fn tid(&self) -> u32 {
        self.header.tid
    }

    fn tgid(&self) -> Option<u32> {
        (self.tgid != 0).then_some(self.tgid)
    }

    fn end_ns(&self) -> u64 {
        self.time_ns
    }

    /// A connect takes time. The end of a connection is told when it comes, however long ago it was established.
    fn start_ns(&self) -> u64 {
        let is_connect = !matches!(self.header.flags, what::ACCEPTED | what::CLOSED);
        if is_connect && self.since_ns != 0 { self.since_ns } else { self.time_ns }
    }

    /// The kernel does it.
    fn timing(&self) -> Timing {
        Timing::AnyMoment
    }

    fn peer(&self) -> Option<SocketAddr> {
        Some(peer(self))
    }

    fn write_text(&self, out: &mut String, _: &Context<'_>) {
        let (local, peer, result) = (local(self), peer(self), result(self));
        let _ = match self.header.flags {
            what::CONNECTED => write!(out, "connected to {peer} from {local}"),
            what::ACCEPTED => write!(out, "connection from {peer} to {local}"),
            what::CLOSED => {
                let between = if self.direction == direction::IN { "from" } else { "to" };
                let after = took_ns(self).map_or_else(String::new, |ns| format!(" after {}", duration(ns)));
                let (sent, received) = (bytes(self.bytes_sent), bytes(self.bytes_received));
                write!(out, "connection {between} {peer} {result}{after}: {sent} sent, {received} received")
            }
            _ => write!(out, "connect to {peer}: {result}"),
        };
        if self.srtt_us != 0 {
            let _ = write!(out, ", RTT {}", duration(u64::from(self.srtt_us) * 1_000));
        }
        if self.retransmits != 0 {
            let _ = write!(out, ", {} sent again", counted(self.retransmits.into(), "segment"));
        }
    }

    fn notice(&self) -> Notice {
        let fate = Fate::of(self);
        if fate.is_good() {
            return Notice::Plain;
        }
        if fate == Fate::GivenUp || closed_by(self) == Some(End::Us) { Notice::Notable } else { Notice::Bad }
    }

    fn write_json(&self, line: JsonLine<'_>, context: &Context<'_>) -> io::Result<()> {
        let errno =
            (self.error != 0).then(|| errno_name(self.error).map_or_else(|| self.error.to_string(), Into::into));
        line.with(&Fields {
            what: what_name(self),
            direction: direction_name(self),
            local: local(self).into(),
            peer: peer(self).into(),
            result: Fate::of(self).name(),
            errno,
            closed_by: closed_by(self).map(End::name),
            took_ns: took_ns(self),
            bytes_sent: self.bytes_sent,
            bytes_received: self.bytes_received,
            srtt_ns: (self.srtt_us != 0).then_some(u64::from(self.srtt_us) * 1_000),
            retransmits: self.retransmits,
            text: self.text(context),
        })
    }
}

#[cfg(test)]
mod tests;
