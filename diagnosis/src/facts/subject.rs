//! What a call was about: its path, its peer, or what its descriptor is.

use super::seen::Seen;
use crate::meaning::is_ended_by_peer;
use crate::text::descriptor;
use rewind_recording::decode::descriptors::Table;
use rewind_recording::decode::{self, Invocation};
use rewind_recording::syscalls::Arch;
use rewind_recording::syscalls::arg::ArgKind;

/// What a call was about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A path.
    Path(String),
    /// The other side of a socket.
    Peer(String),
    /// Another descriptor, in words.
    Descriptor(String),
    /// Nothing that is known.
    #[default]
    Nothing,
}

impl Subject {
    /// In words, if it is known.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Path(text) | Self::Peer(text) | Self::Descriptor(text) => Some(text),
            Self::Nothing => None,
        }
    }

    /// Whether it is a name server.
    #[must_use]
    pub fn is_name_server(&self) -> bool {
        matches!(self, Self::Peer(peer) if is_name_server(peer))
    }

    /// What a call is about.
    pub(super) fn of(seen: &Seen<'_, '_>) -> Self {
        Self::of_call(seen.invocation, seen.arch, seen.table)
    }

    /// What a call is about; its descriptor as `table` has it.
    pub(super) fn of_call(invocation: &Invocation<'_>, arch: Arch, table: Option<&Table>) -> Self {
        if let Some(path) = decode::path(invocation, arch).filter(|path| !path.is_empty()) {
            return Self::Path(path.into_owned());
        }
        if let Some(peer) = decode::peer(invocation, arch) {
            return Self::Peer(peer);
        }
        let row = decode::row(&invocation.call, arch);
        if !row.is_some_and(|row| matches!(row.args.first(), Some(ArgKind::Fd))) {
            return Self::Nothing;
        }
        let fd = descriptor(&invocation.call);
        let is_stale = |table: &Table, text: &str| {
            let errno = invocation.call.errno();
            text.starts_with('/') && !table.is_sure(fd) && errno.is_some_and(is_ended_by_peer)
        };
        let known = table.filter(|table| !table.text(fd).is_some_and(|text| is_stale(table, text)));
        known.map_or(Self::Nothing, |table| Self::of_descriptor(table, fd))
    }

    /// What a descriptor is.
    pub(crate) fn of_descriptor(table: &Table, fd: i32) -> Self {
        match table.text(fd) {
            None => Self::Nothing,
            Some(text) => match peer_of(text) {
                Some(peer) => Self::Peer(peer),
                None if text.starts_with('/') => Self::Path(text.to_owned()),
                None => Self::Descriptor(text.to_owned()),
            },
        }
    }
}

/// Whether a peer is a name server.
pub(super) fn is_name_server(peer: &str) -> bool {
    peer.ends_with(":53")
}

/// The peer that `UDP:[->10.96.0.10:53]` names, or `TCP:[10.0.0.7:34000->10.0.0.5:6379]`, as `/proc` has it.
pub(super) fn peer_of(descriptor: &str) -> Option<String> {
    let (transport, ends) = descriptor.split_once(":[")?;
    let has_addresses = transport.starts_with("TCP") || transport.starts_with("UDP");
    let peer = match ends.strip_prefix("->") {
        Some(peer) => peer,
        None if has_addresses => ends.split_once("->")?.1,
        // A path may hold anything.
        None => return None,
    };
    Some(peer.trim_end_matches(']').to_owned())
}

/// The path behind `/proc/self/fd/7`, by which runtimes name what they have opened; else the path itself.
pub(super) fn opened(table: Option<&Table>, path: &str) -> String {
    let fd = ["/proc/self/fd/", "/proc/thread-self/fd/"].iter().find_map(|dir| path.strip_prefix(dir));
    let fd = fd.and_then(|fd| fd.parse().ok());
    let what = fd.and_then(|fd| table?.text(fd));
    what.filter(|what| what.starts_with('/')).unwrap_or(path).to_owned()
}
