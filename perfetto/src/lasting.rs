//! What lasts and is no call: connections, requests and lookups, each as one end has seen it.

use crate::wire::DebugAnnotation;
use rewind_protocols::http1::Way;
use rewind_recording::connections::{Connected, Key};
use rewind_recording::conversations::{Party, Told};
use rewind_recording::escape::visible;
use rewind_recording::event::Timeline;
use rewind_recording::events::connection::{Fate, direction_name, local, peer, result};
use rewind_recording::header::Header;
use rewind_recording::render::{self, Options};
use std::net::SocketAddr;

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Connection,
    Request,
    Lookup,
}

impl Kind {
    /// What its tracks are called.
    pub(crate) const fn track(self) -> &'static str {
        match self {
            Self::Connection => "connections",
            Self::Request => "requests",
            Self::Lookup => "lookups",
        }
    }

    pub(crate) const fn category(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Request => "request",
            Self::Lookup => "lookup",
        }
    }
}

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct Lasting {
    pub(crate) kind: Kind,
    /// Whose it is; 0 if nobody knows.
    pub(crate) tgid: u32,
    pub(crate) name: String,
    pub(crate) annotations: Vec<DebugAnnotation>,
    pub(crate) has_failed: bool,
    pub(crate) local: SocketAddr,
    pub(crate) peer: SocketAddr,
    /// Whether this end began it; `None`: nobody knows.
    pub(crate) is_client: Option<bool>,
    pub(crate) start_ns: u64,
    /// `None`: it goes on.
    pub(crate) end_ns: Option<u64>,
    /// Which connection it is.
    pub(crate) connection: Option<Key>,
    /// What ties it to its other end, and a connection to its events.
    pub(crate) flow: Option<u64>,
}

/// Those of a recording that `options` choose, by when they began.
pub(crate) fn of(header: &Header, timeline: &Timeline<'_>, options: &Options) -> Vec<Lasting> {
    let (connections, told) = render::put_together(header, timeline, options);
    let mut all: Vec<_> = connections.iter().map(|of| connection(header, of)).collect();
    all.extend(told.iter().map(message));
    all.sort_by_key(|lasting| lasting.start_ns);
    all
}

fn connection(header: &Header, of: &Connected) -> Lasting {
    let last = &of.last;
    let annotations = vec![
        DebugAnnotation::text("local", &local(last).to_string()),
        DebugAnnotation::text("peer", &peer(last).to_string()),
        DebugAnnotation::text("result", &result(last)),
        DebugAnnotation::uint("bytes_sent", last.bytes_sent),
        DebugAnnotation::uint("bytes_received", last.bytes_received),
        DebugAnnotation::uint("retransmits", last.retransmits.into()),
    ];
    Lasting {
        kind: Kind::Connection,
        tgid: last.tgid,
        name: of.name(),
        annotations,
        has_failed: !Fate::of(last).is_good(),
        local: local(last),
        peer: peer(last),
        is_client: direction_name(last).map(|direction| direction == "out"),
        start_ns: of.start_ns,
        // With its container it has ended as well.
        end_ns: if of.is_over { Some(last.time_ns) } else { header.died_ns },
        connection: Some(of.key()),
        flow: None,
    }
}

fn message(told: &Told) -> Lasting {
    let Party { tgid, local, peer, .. } = *told.party();
    let (result, has_failed) = render::result_of(told);
    let mut annotations = vec![
        DebugAnnotation::text("local", &local.to_string()),
        DebugAnnotation::text("peer", &peer.to_string()),
        DebugAnnotation::text("result", &result),
    ];
    if let Told::Request(_, exchange) = told {
        annotations.extend(exchange.doubts.iter().map(|doubt| DebugAnnotation::text("unsure", doubt.name())));
    }
    let kind = if matches!(told, Told::Request(..)) { Kind::Request } else { Kind::Lookup };
    Lasting {
        kind,
        tgid,
        name: visible(&render::asked(told)).into_owned(),
        annotations,
        has_failed,
        local,
        peer,
        is_client: told.way().map(|way| way == Way::Sent),
        start_ns: told.start_ns(),
        end_ns: Some(told.end_ns().max(told.start_ns())),
        connection: None,
        flow: None,
    }
}
