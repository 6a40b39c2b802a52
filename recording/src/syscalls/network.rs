//! Sockets: make, name, connect, send, receive, options.

use super::arg::ArgKind::{
    AddressIn, AddressLen, AddressOut, BytesIn, BytesOut, Choice, Fd, Flags, In, Int, MessageIn, MessageOut,
    MessagesIn, MessagesOut, Out, Size, SocketProtocol, SocketType, SockoptIn, SockoptLen, SockoptLevel, SockoptName,
    SockoptOut, Uint,
};
use super::arg::Shape::{FdPair, Timespec};
use super::bits::{
    BINDS, CONNECTS, DECISIVE, ENTRY, NETWORK, ORDINARY, RECEIVES, SENDS, SETS_UP_SOCKET, WAITS_PEER, WAITS_WORK,
};
use super::flags::network::{AF, MSG, SHUTDOWN, SOCK_FLAGS};
use super::{Made, Return, Row, row};

/// The rows: name, number on x86-64, number on arm64, arguments, result, classes and flags.
#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    row("socket", 41, 198, &[Choice(&AF), SocketType, SocketProtocol(0)], Return::Fd(Made::Socket), NETWORK | SETS_UP_SOCKET),
    row("socketpair", 53, 199, &[Choice(&AF), SocketType, SocketProtocol(0), Out(FdPair)], Return::Int, NETWORK),
    row("connect", 42, 203, &[Fd, AddressIn(2), Int], Return::Int, NETWORK | DECISIVE | ENTRY | WAITS_PEER | CONNECTS | SETS_UP_SOCKET),
    row("bind", 49, 200, &[Fd, AddressIn(2), Int], Return::Int, NETWORK | DECISIVE | BINDS | SETS_UP_SOCKET),
    row("listen", 50, 201, &[Fd, Int], Return::Int, NETWORK | DECISIVE | SETS_UP_SOCKET),
    row("accept", 43, 202, &[Fd, AddressOut(2), AddressLen(1)], Return::Fd(Made::Accepted), NETWORK | WAITS_WORK),
    row("accept4", 288, 242, &[Fd, AddressOut(2), AddressLen(1), Flags(&SOCK_FLAGS)], Return::Fd(Made::Accepted), NETWORK | WAITS_WORK),
    row("getsockname", 51, 204, &[Fd, AddressOut(2), AddressLen(1)], Return::Int, NETWORK),
    row("getpeername", 52, 205, &[Fd, AddressOut(2), AddressLen(1)], Return::Int, NETWORK),
    row("sendto", 44, 206, &[Fd, BytesIn(2), Size, Flags(&MSG), AddressIn(5), Int], Return::Int, NETWORK | WAITS_PEER | SENDS),
    row("recvfrom", 45, 207, &[Fd, BytesOut, Size, Flags(&MSG), AddressOut(5), AddressLen(4)], Return::Int, NETWORK | ORDINARY | WAITS_PEER | RECEIVES),
    row("sendmsg", 46, 211, &[Fd, MessageIn, Flags(&MSG)], Return::Int, NETWORK | WAITS_PEER | SENDS),
    row("recvmsg", 47, 212, &[Fd, MessageOut, Flags(&MSG)], Return::Int, NETWORK | ORDINARY | WAITS_PEER | RECEIVES),
    row("sendmmsg", 307, 269, &[Fd, MessagesIn(2), Uint, Flags(&MSG)], Return::Int, NETWORK | WAITS_PEER | SENDS),
    row("recvmmsg", 299, 243, &[Fd, MessagesOut(2), Uint, Flags(&MSG), In(Timespec)], Return::Int, NETWORK | ORDINARY | WAITS_PEER | RECEIVES),
    row("shutdown", 48, 210, &[Fd, Choice(&SHUTDOWN)], Return::Int, NETWORK),
    row("setsockopt", 54, 208, &[Fd, SockoptLevel, SockoptName(1), SockoptIn(4), Int], Return::Int, NETWORK),
    row("getsockopt", 55, 209, &[Fd, SockoptLevel, SockoptName(1), SockoptOut(4), SockoptLen(3)], Return::Int, NETWORK),
];
