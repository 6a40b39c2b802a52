//! Why a connection is over.

/// Why a connection has no further exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// It does not begin with HTTP/1.
    NotHttp,
    /// `101`: another protocol goes on.
    Upgraded,
    /// `CONNECT` was granted: what goes on is not for this peer.
    Tunnel,
    /// It was closed, or its last message said so and has ended.
    Closed,
    /// More than [`MAX_PENDING`](super::MAX_PENDING) requests waited.
    TooManyPending,
}
