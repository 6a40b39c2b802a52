//! What it means to a person that a call failed: by its errno, and for some by the call.
//!
//! This is the one place that looks at error numbers. Rules, weights, noise and phrases ask for the
//! [`Meaning`].

use rewind_protocols::dns;
use rewind_recording::decode::errno::*;
use rewind_recording::decode::errno_name;
use rewind_recording::syscalls::answer::Answer;
use rewind_recording::syscalls::by_name;
use std::borrow::Cow;

/// In place of an errno: no call failed, but what was asked of the peer got no answer.
pub const GIVEN_UP: u16 = 0;

/// In place of an errno: the other side ended the connection in place of an answer.
pub const HUNG_UP: u16 = u16::MAX - 1;

/// In place of an errno: less of the answer came than it says that it has.
pub(crate) const PARTIAL: u16 = STATUS - 3;

/// In place of an errno: the file is locked already. `EAGAIN`, and of `fcntl` `EACCES` as well, say so.
pub(crate) const LOCKED: u16 = STATUS - 1;

/// In place of an errno: no call failed, but a poll told of an error in place of what was asked for (`POLLERR`).
pub(crate) const IN_ERROR: u16 = STATUS - 2;

/// In place of an errno: this and the status of an HTTP response.
const STATUS: u16 = 0x4000;

/// In place of an errno: a request was answered with a status that is an error.
pub(crate) const fn of_status(status: u16) -> u16 {
    STATUS | status & (RCODE - STATUS - 1)
}

/// In place of an errno: this and the code of a response of DNS.
const RCODE: u16 = 0x6000;

/// In place of an errno: a name server answered with a code that is an error.
pub(crate) const fn of_rcode(rcode: u16) -> u16 {
    RCODE | rcode & (RCODE - STATUS - 1)
}

/// The code of the response of DNS, if it is one.
#[must_use]
pub const fn rcode(errno: u16) -> Option<u16> {
    match errno {
        RCODE..HUNG_UP => Some(errno - RCODE),
        _ => None,
    }
}

/// That a name server knows no such name (RFC 1035, 4.1.1).
const NXDOMAIN: u16 = 3;
const RCODE_NXDOMAIN: u16 = of_rcode(NXDOMAIN);

/// The status of the HTTP response, if it is one.
#[must_use]
pub const fn status(errno: u16) -> Option<u16> {
    match errno {
        STATUS..RCODE => Some(errno - STATUS),
        _ => None,
    }
}

/// Statuses by which who answers says that it cannot, or will not serve: 401, 403, 407, 429 (RFC 9110, 15; RFC 6585).
const REFUSED: [u16; 4] = [401, 403, 407, 429];

/// In place of an errno: the thread was sent SIGSYS in place of an answer.
pub const SIGNALLED: u16 = u16::MAX;

/// What a failure means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// No failure but an answer that programs reckon with, and which.
    Answer(&'static str),
    /// The peer kept silent.
    NoAnswer,
    /// No memory was given.
    OutOfMemory,
    /// The limit on open descriptors was met.
    OutOfDescriptors,
    /// The disk or a quota is full.
    OutOfSpace,
    /// A limit on something else: processes, say.
    Limit,
    /// Permission was denied.
    Denied,
    /// The kernel never began it: a filter or a tracer answered in its place.
    Filtered,
    /// What was to be changed can only be read.
    ReadOnly,
    /// It is not there.
    Missing,
    /// The disk or device failed.
    Broken,
    /// Somebody else uses it.
    Busy,
    /// An address that somebody else has.
    AddressInUse,
    /// The peer, or the way to it, failed.
    Peer,
    /// Anything else.
    Other,
}

impl Meaning {
    /// That `call` failed with `errno`.
    #[must_use]
    pub fn of(call: &str, errno: u16) -> Self {
        if let Some(answer) = by_name(call).and_then(|row| row.answer(errno)) {
            return Self::Answer(reason(answer));
        }
        if let Some(status) = status(errno) {
            return if status >= 500 || REFUSED.contains(&status) { Self::Peer } else { Self::Other };
        }
        match errno {
            RCODE..HUNG_UP => Self::Peer,
            GIVEN_UP | IN_ERROR | PARTIAL => Self::NoAnswer,
            HUNG_UP => Self::Peer,
            ENOMEM => Self::OutOfMemory,
            ENFILE | EMFILE => Self::OutOfDescriptors,
            ENOSPC | EDQUOT => Self::OutOfSpace,
            EAGAIN => Self::Limit,
            EPERM | EACCES => Self::Denied,
            EROFS => Self::ReadOnly,
            ENOENT | ENOTDIR | ENXIO | EINVAL => Self::Missing,
            EIO => Self::Broken,
            EBUSY | ETXTBSY | LOCKED => Self::Busy,
            EADDRINUSE => Self::AddressInUse,
            EPIPE | EADDRNOTAVAIL..=ECONNRESET | ETIMEDOUT..=EHOSTUNREACH => Self::Peer,
            _ => Self::Other,
        }
    }
}

/// Why a failure that is an answer is none.
const fn reason(answer: Answer) -> &'static str {
    match answer {
        Answer::NotYet => "not yet: to be tried again",
        Answer::NotOffered => "a look at what the kernel offers",
        Answer::NoTerminal => "a look for a terminal",
        Answer::NotSeekable => "a look whether it is a file",
        Answer::NotWatched => "a look whether it can be waited for",
        Answer::NoChild => "no child left to wait for",
        Answer::There => "it was there already",
        Answer::TooSmall => "the buffer was too small, to be tried again",
        Answer::NoAttribute => "no such attribute",
        Answer::PeerGone => "the other side had gone",
        Answer::TimeOver => "a wait that was meant to end",
        Answer::NoLink => "a look whether it is a link",
        Answer::Restarted => "interrupted by a signal, to be restarted",
    }
}

/// What it means that a lock on a file was not had without waiting for it.
pub(crate) const fn of_lock(errno: u16) -> u16 {
    if matches!(errno, EAGAIN | EACCES) { LOCKED } else { errno }
}

/// Whether a peer's socket goes on as before: the call would have had to wait, or was interrupted.
pub(crate) fn is_interim(errno: u16) -> bool {
    matches!(errno, EAGAIN | EINTR) || is_interrupted(errno)
}

/// Whether a signal interrupted the call: it is about to be handled, or to end the process.
pub(crate) fn is_interrupted(errno: u16) -> bool {
    RESTARTED.contains(&errno)
}

/// Whether a connection is made in the background from now on.
pub(crate) const fn is_in_background(errno: u16) -> bool {
    errno == EINPROGRESS
}

/// Whether the connection is being made already.
pub(crate) const fn is_under_way(errno: u16) -> bool {
    errno == EALREADY
}

/// Whether the connection has been made already.
pub(crate) const fn is_connected(errno: u16) -> bool {
    errno == EISCONN
}

/// Whether a file is none that the kernel runs.
pub(crate) const fn is_no_program(errno: u16) -> bool {
    errno == ENOEXEC
}

/// Whether nobody listens at the address: of a datagram that was sent before, what is sent next is told so (`udp(7)`).
pub(crate) const fn is_refused(errno: u16) -> bool {
    errno == ECONNREFUSED
}

/// Whether a limit of time was reached.
pub(crate) const fn is_timeout(errno: u16) -> bool {
    errno == ETIMEDOUT
}

/// Whether the other side has ended a connection.
pub(crate) const fn is_ended_by_peer(errno: u16) -> bool {
    matches!(errno, ECONNRESET | EPIPE | HUNG_UP)
}

/// Whether a part of an answer came, and not all of it.
pub(crate) const fn is_partial(errno: u16) -> bool {
    errno == PARTIAL
}

/// Whether nothing is there by that name; what is found later was missing, not refused.
pub(crate) const fn is_absent(errno: u16) -> bool {
    errno == ENOENT
}

/// Whether something is there by that name, which was to be made.
pub(crate) const fn is_there(errno: u16) -> bool {
    errno == EEXIST
}

/// Whether the descriptor is not open: shells and others close whole ranges of them.
pub(crate) const fn is_stray(errno: u16) -> bool {
    errno == EBADF
}

/// Whether the kernel does not take an argument, as it says to who tries what it offers.
pub(crate) const fn is_not_taken(errno: u16) -> bool {
    errno == EINVAL
}

/// Whether what is asked for is not supported there.
pub(crate) const fn is_unsupported(errno: u16) -> bool {
    errno == EOPNOTSUPP
}

/// Whether the descriptor is no socket, as who asks of any is told.
pub(crate) const fn is_no_socket(errno: u16) -> bool {
    errno == ENOTSOCK
}

/// The name of an errno, or its number.
#[must_use]
pub fn name(errno: u16) -> Cow<'static, str> {
    if matches!(errno, GIVEN_UP | IN_ERROR) {
        return Cow::Borrowed("no answer");
    }
    if errno == PARTIAL {
        return Cow::Borrowed("part of an answer");
    }
    if errno == HUNG_UP {
        return Cow::Borrowed("end of connection");
    }
    if errno == LOCKED {
        return Cow::Borrowed("EAGAIN");
    }
    if errno == SIGNALLED {
        return Cow::Borrowed("SIGSYS");
    }
    if let Some(status) = status(errno) {
        return Cow::Owned(format!("HTTP {status}"));
    }
    if let Some(rcode) = rcode(errno) {
        return dns::rcode_name(rcode);
    }
    errno_name(errno).map_or_else(|| Cow::Owned(errno.to_string()), Cow::Borrowed)
}

/// What a call met that failed so: "openat of FILE" goes on with it.
#[must_use]
pub const fn words(errno: u16) -> &'static str {
    match errno {
        HUNG_UP => "was ended by the other side, which had sent nothing",
        RCODE_NXDOMAIN => "found no such name",
        STATUS..RCODE => "was answered with an error",
        LOCKED => "found it locked already",
        EPERM | EACCES => "was denied",
        ENOENT => "found no such file",
        EIO => "met an input/output error",
        E2BIG => "got too long arguments",
        ENOEXEC => "found no program that can be run",
        EBADF => "was on a descriptor that is not open",
        EAGAIN => "found too little to go on with",
        ENOMEM => "got no memory",
        EBUSY => "found it in use",
        EEXIST => "found it there already",
        ENOTDIR => "met a file where a directory was expected",
        EISDIR => "met a directory where a file was expected",
        ENFILE => "found all descriptors of the host in use",
        EMFILE => "found all descriptors of the process in use",
        EFBIG => "met the limit on the size of files",
        ENOSPC => "found no space left",
        EROFS => "met a read-only file system",
        EPIPE => "found the reader gone",
        ENAMETOOLONG => "got too long a name",
        ENOTEMPTY => "found a directory that is not empty",
        ELOOP => "met a loop of links",
        EADDRINUSE => "found the address in use",
        EADDRNOTAVAIL => "found no such address on this host",
        ENETDOWN | ENETUNREACH | EHOSTUNREACH => "found no route",
        ECONNABORTED => "was aborted",
        ECONNRESET => "was reset by the other side",
        ETIMEDOUT => "timed out",
        ECONNREFUSED => "was refused",
        EHOSTDOWN => "found the other host down",
        ESTALE => "found the file gone from its server",
        EDQUOT => "met the quota of the disk",
        _ => "failed",
    }
}
