//! Records of TCP connections.

use super::{EventRecord, Kind, RecordHeader};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A TCP connection came to be, ended, or did not come to be (`inet_sock_set_state`), in the ring of the cgroup
/// that made the socket, or, of an accepted one, that made the socket which listened.
///
/// Thread and process are 0 where it is not known whose it is: the kernel does most of this while some other task
/// runs. Addresses are as the socket has them, IPv4 ones as IPv6 has them (`::ffff:10.0.0.1`, RFC 4291 2.5.5.2).
/// Ports are numbers, in the host's order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, packed(4))]
pub struct Connection {
    /// Length, [`Kind::Connection`], one of [`what`], the thread.
    pub header: RecordHeader,
    /// When: `CLOCK_MONOTONIC`, nanoseconds.
    pub time_ns: u64,
    /// Since when: of a connect, when it began; of what is closed, when it was established. 0: not known.
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
    /// `sk_err`: why it failed, or ended other than by being closed. 0: neither, or it is not known.
    pub error: u16,
    /// The state that it was in until then (`TCP_ESTABLISHED` and so on, `include/net/tcp_states.h`).
    pub state: u8,
    /// One of [`direction`].
    pub direction: u8,
    /// Segments that were sent again (`total_retrans`), those of the handshake too.
    pub retransmits: u32,
    /// The smoothed round-trip time, microseconds. 0: none was measured.
    pub srtt_us: u32,
    /// Bytes of the program's that were sent, each once.
    pub bytes_sent: u64,
    /// Bytes of the peer's that came, each once.
    pub bytes_received: u64,
}

impl EventRecord for Connection {
    const KIND: u8 = Kind::Connection as u8;
}

/// What a [`Connection`] tells.
pub mod what {
    /// A connect has succeeded.
    pub const CONNECTED: u8 = 1;
    /// A connect has failed.
    pub const FAILED: u8 = 2;
    /// The program closed the socket before it was known what becomes of its connect.
    pub const GIVEN_UP: u8 = 3;
    /// A peer's connect has succeeded: the connection waits to be accepted.
    pub const ACCEPTED: u8 = 4;
    /// An established connection has ended.
    pub const CLOSED: u8 = 5;
}

/// Who began a [`Connection`].
pub mod direction {
    /// Not known: it is older than the recording, or too many are open to remember all.
    pub const UNKNOWN: u8 = 0;
    /// This end.
    pub const OUT: u8 = 1;
    /// The other end.
    pub const IN: u8 = 2;
}

/// A TCP socket listens from now on (`inet_sock_set_state`), in the ring of the cgroup that made it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, packed(4))]
pub struct Listen {
    /// Length, [`Kind::Listen`], no flags, the thread.
    pub header: RecordHeader,
    /// When: `CLOCK_MONOTONIC`, nanoseconds.
    pub time_ns: u64,
    /// The process, as the host numbers it.
    pub tgid: u32,
    /// Its address, as in a [`Connection`].
    pub local: [u8; 16],
    /// Its port. 0: the kernel chooses one after that.
    pub local_port: u16,
    /// No meaning yet.
    pub reserved: u16,
    /// Most connections that wait to be accepted.
    pub backlog: u32,
}

impl EventRecord for Listen {
    const KIND: u8 = Kind::Listen as u8;
}

const _: () = assert!(size_of::<Connection>() == 92 && size_of::<Listen>() == 44);
