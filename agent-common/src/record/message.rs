//! What sockets carry, where a recorder reads it.

use super::{EventRecord, Kind, RecordHeader};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A call on an IP socket carried the beginning of a message of HTTP/1 or a message of DNS. Behind it stands a blob of
/// argument 0: the first bytes of the message, of HTTP no more than its head.
///
/// Addresses and ports as in a [`super::Connection`]; those that a socket without a peer has are of the call's address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, packed(4))]
pub struct SocketMessage {
    /// Length, [`Kind::SocketMessage`], [`message_flags`], the thread.
    pub header: RecordHeader,
    /// When the call returned: `CLOCK_MONOTONIC`, nanoseconds.
    pub time_ns: u64,
    /// When it began.
    pub since_ns: u64,
    /// The process, as the host numbers it.
    pub tgid: u32,
    /// This end's address.
    pub local: [u8; 16],
    /// The other end's.
    pub peer: [u8; 16],
    /// This end's port.
    pub local_port: u16,
    /// The other end's.
    pub peer_port: u16,
    /// Bytes from the first one of the message to the end of the call's.
    pub total: u32,
    /// Over TCP where the message begins, as a sequence number of that direction: how far two messages are from each
    /// other says how many bytes there were between them.
    pub position: u32,
}

impl EventRecord for SocketMessage {
    const KIND: u8 = Kind::SocketMessage as u8;
    const SHARE: usize = crate::ring::TRAFFIC;
}

/// Flags of a [`SocketMessage`].
pub mod message_flags {
    /// It came; else it was sent.
    pub const RECEIVED: u8 = 1;
    /// Of DNS; else of HTTP/1.
    pub const DNS: u8 = 1 << 1;
    /// Over UDP; else over TCP.
    pub const UDP: u8 = 1 << 2;
    /// Of DNS over TCP: its length stands in front of it, in two bytes (RFC 1035, 4.2.2), and others may follow.
    pub const LENGTH: u8 = 1 << 3;
}

/// Most bytes kept of the head of a message of HTTP/1.
pub const MAX_HTTP_BYTES: usize = 1024;
/// Most bytes kept of a message of DNS: as many as a datagram may have without an extension (RFC 1035, 4.2.1).
pub const MAX_DNS_BYTES: usize = 512;
/// Fewer bytes are no beginning of a message: the shortest question of DNS has 17, the shortest request line of
/// HTTP/1 with its end 16.
pub const MIN_MESSAGE_BYTES: u64 = 16;

/// Bits of what the kernel side reads of sockets.
pub mod protocols {
    /// HTTP/1.
    pub const HTTP: u32 = 1;
    /// DNS.
    pub const DNS: u32 = 1 << 1;
}

const _: () = assert!(size_of::<SocketMessage>() == 72);
const _: () = assert!(MAX_HTTP_BYTES <= crate::chunk::SLACK_BYTES && MAX_DNS_BYTES <= MAX_HTTP_BYTES);
