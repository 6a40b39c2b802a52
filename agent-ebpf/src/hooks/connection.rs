//! TCP connections: `inet_sock_set_state(const struct sock *sk, const int oldstate, const int newstate)`, since
//! 4.16; since 5.5 as a typed raw tracepoint. It fires just before a socket's state changes.
//!
//! | from | to | what it is |
//! |---|---|---|
//! | any | `SYN_SENT` | a connect begins |
//! | `SYN_SENT` | `ESTABLISHED` | it has succeeded |
//! | `SYN_SENT` | `CLOSE` | it has failed, `sk_err` says why; or the program has closed the socket |
//! | `SYN_RECV` | `ESTABLISHED` | a peer's connect has succeeded (or, after `SYN_SENT`, both have met) |
//! | established | `CLOSE` | it is over |
//! | any | `LISTEN` | it listens |
//!
//! **Whose it is.** The socket keeps the cgroup of the task that made it, an accepted one that of the listening one
//! (`cgroup_sk_alloc`, `cgroup_sk_clone` in `kernel/cgroup/cgroup.c`), and none of a task that was interrupted. So
//! the ring is right whatever runs now. A socket that was handed over from elsewhere is told where it was made.
//!
//! **Which process.** A connect and a listen are made by the current task; what comes after happens in a softirq, on
//! top of anybody. So it is kept who connected. An accepted connection is of who closes it first, for `FIN_WAIT1` and
//! `LAST_ACK` are entered by `close`, `shutdown` and a process' end alone; a kernel thread that closes for another
//! (`delayed_fput`) is in another cgroup, and is not taken for it.
//!
//! **What it may interrupt.** A softirq may come upon this very hook, and upon any other that writes to the same ring
//! on this CPU. Then the ring's lock is held, and the record is counted as lost (`Nested`); see `other.rs` for the
//! stand-in. From 6.2 on the kernel does not let a program interrupt itself, and counts that (`missed`).
//!
//! A connect that fails before there is a SYN to send (no route, say) changes no state: it is told by the return of its
//! call (`failed_connect.rs`). Missed: the same where the socket has sent a SYN before, to somebody else.

use crate::maps::{self, CONNECTIONS, OpenConnection, RINGS};
use crate::{clock, globals::offset, other, recorded, socket, task};
use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use core::ffi::c_void;
use rewind_common::record::connection::{Connection, Listen, direction, what};
use rewind_common::record::{Kind, RecordHeader};
use rewind_common::ring::{PROTECTED, TRAFFIC};

/// States (`include/net/tcp_states.h`).
mod state {
    pub const ESTABLISHED: u32 = 1;
    pub const SYN_SENT: u32 = 2;
    pub const SYN_RECV: u32 = 3;
    pub const FIN_WAIT1: u32 = 4;
    pub const CLOSE: u32 = 7;
    pub const CLOSE_WAIT: u32 = 8;
    pub const LAST_ACK: u32 = 9;
    pub const LISTEN: u32 = 10;
    pub const NEW_SYN_RECV: u32 = 12;
}

/// A socket takes another state.
#[btf_tracepoint(function = "inet_sock_set_state")]
pub fn inet_sock_set_state(ctx: BtfTracePointContext) {
    if offset!(sock.cgroup) == 0 {
        return;
    }
    let (sock, old, new): (*const c_void, u32, u32) = (ctx.arg(0), ctx.arg(1), ctx.arg(2));
    if !recorded::may_be_recorded(socket::cgroup_id(sock)) || !socket::is_tcp(sock) {
        // It may outlive its cgroup, and another socket be made in its place.
        if new == state::CLOSE {
            let _ = CONNECTIONS.remove(&key(sock));
        }
        return;
    }
    // The ring is looked up where something is told alone: that costs more than all of this.
    match (old, new) {
        (_, state::SYN_SENT) => begins(sock),
        (state::SYN_SENT | state::SYN_RECV, state::ESTABLISHED) => is_established(sock, old),
        (_, state::FIN_WAIT1 | state::LAST_ACK) => note_closer(sock),
        (state::SYN_SENT, state::CLOSE) => fails(sock),
        (state::SYN_RECV | state::LISTEN | state::CLOSE | state::NEW_SYN_RECV, state::CLOSE) => {}
        (_, state::CLOSE) => ends(sock, old),
        (_, state::LISTEN) => listens(sock),
        _ => {}
    }
}

/// The ring of a socket.
#[inline(always)]
fn ring_of(sock: *const c_void) -> Option<u32> {
    recorded::ring_of_other(socket::cgroup(sock))
}

/// The ring of a connection, as it was looked up when it was established: that costs more than all the rest.
#[inline(always)]
fn ring_of_open(sock: *const c_void, open: &OpenConnection) -> Option<u32> {
    match RINGS.get(open.ring) {
        Some(ring) if open.recording != 0 && ring.recording == open.recording => Some(open.ring),
        _ => ring_of(sock),
    }
}

/// The key of a socket in the map of connections: its address.
#[inline(always)]
fn key(sock: *const c_void) -> u64 {
    sock as u64
}

/// The current task connects.
#[inline(always)]
fn begins(sock: *const c_void) {
    let task = task::current();
    let open = OpenConnection {
        since_ns: clock::now_ns(),
        tid: task::tid(task),
        tgid: task::tgid(task),
        direction: u32::from(direction::OUT),
        ..OpenConnection::UNKNOWN
    };
    let _ = CONNECTIONS.insert(&key(sock), &open, 0);
}

/// A connection is there.
#[inline(always)]
fn is_established(sock: *const c_void, old: u32) {
    let Some(ring) = ring_of(sock) else { return };
    let recording = RINGS.get(ring).map_or(0, |ring| ring.recording);
    let now_ns = clock::now_ns();
    let mut began = OpenConnection::UNKNOWN;
    // One that waits as `SYN_RECV` is a peer's, unless this end has connected as well, and was not answered yet.
    let is_own = |open: &OpenConnection| open.direction == u32::from(direction::OUT) && open.recording == 0;
    match maps::connection(key(sock)) {
        Some(open) if old == state::SYN_SENT || is_own(open) => {
            began = *open;
            (open.since_ns, open.ring, open.recording) = (now_ns, ring, recording);
        }
        _ => {
            let direction = if old == state::SYN_SENT { direction::OUT } else { direction::IN };
            began.direction = u32::from(direction);
            let _ = CONNECTIONS.insert(&key(sock), &OpenConnection { since_ns: now_ns, ring, recording, ..began }, 0);
        }
    }
    let is_out = began.direction == u32::from(direction::OUT);
    tell(sock, ring, if is_out { what::CONNECTED } else { what::ACCEPTED }, now_ns, old, &began);
}

/// Whoever closes a connection that nobody is known to own, owns it.
#[inline(always)]
fn note_closer(sock: *const c_void) {
    if let Some(open) = maps::connection(key(sock))
        && open.tgid == 0
        && let Some(ring) = ring_of_open(sock, open)
    {
        (open.tid, open.tgid) = closer(ring);
    }
}

/// The current task, if it is one of the container's; else 0.
#[inline(always)]
fn closer(ring: u32) -> (u32, u32) {
    let task = task::current();
    if other::ring(task) == Some(ring) { (task::tid(task), task::tgid(task)) } else { (0, 0) }
}

/// A connect has failed.
#[inline(always)]
fn fails(sock: *const c_void) {
    let began = taken(sock);
    let Some(ring) = ring_of(sock) else { return };
    // Without a SYN it is told by the call.
    if socket::has_begun(sock) {
        let given_up = socket::error(sock) == 0 && socket::is_given_up(sock);
        let what = if given_up { what::GIVEN_UP } else { what::FAILED };
        tell(sock, ring, what, clock::now_ns(), state::SYN_SENT, &began);
    }
}

/// A connection is over.
#[inline(always)]
fn ends(sock: *const c_void, old: u32) {
    let mut open = taken(sock);
    let Some(ring) = ring_of_open(sock, &open) else { return };
    // Without an error the program itself throws it away, with bytes in it that it has not read, or without waiting.
    if open.tgid == 0 && (old == state::ESTABLISHED || old == state::CLOSE_WAIT) && socket::error(sock) == 0 {
        (open.tid, open.tgid) = closer(ring);
    }
    tell(sock, ring, what::CLOSED, clock::now_ns(), old, &open);
}

/// What is known of a connection that ends here.
#[inline(always)]
fn taken(sock: *const c_void) -> OpenConnection {
    let open = maps::connection(key(sock)).map_or(OpenConnection::UNKNOWN, |open| *open);
    let _ = CONNECTIONS.remove(&key(sock));
    open
}

/// Writes what happened: what tells of a failure is decisive, what went well is not, so that no number of short
/// connections pushes out what is.
#[inline(always)]
fn tell(sock: *const c_void, ring: u32, what: u8, now_ns: u64, old: u32, open: &OpenConnection) {
    let error = socket::error(sock);
    // Before that there are none.
    let (bytes_sent, bytes_received) =
        if what == what::CLOSED { (socket::bytes_sent(sock), socket::bytes_received(sock)) } else { (0, 0) };
    let record = Connection {
        header: RecordHeader {
            len: size_of::<Connection>() as u16,
            kind: Kind::Connection as u8,
            flags: what,
            tid: open.tid,
        },
        time_ns: now_ns,
        since_ns: open.since_ns,
        tgid: open.tgid,
        local: socket::local_address(sock),
        peer: socket::peer_address(sock),
        local_port: socket::local_port(sock),
        peer_port: socket::peer_port(sock),
        error,
        state: old as u8,
        direction: open.direction as u8,
        retransmits: socket::retransmits(sock),
        srtt_us: socket::srtt_us(sock),
        bytes_sent,
        bytes_received,
    };
    let is_bad = error != 0 || what == what::FAILED || what == what::GIVEN_UP;
    other::nobodys_event(ring, if is_bad { PROTECTED } else { TRAFFIC }, now_ns, &record);
}

/// The current task listens.
#[inline(always)]
fn listens(sock: *const c_void) {
    let Some(ring) = ring_of(sock) else { return };
    let (tid, tgid) = closer(ring);
    let now_ns = clock::now_ns();
    let record = Listen {
        header: RecordHeader { len: size_of::<Listen>() as u16, kind: Kind::Listen as u8, flags: 0, tid },
        time_ns: now_ns,
        tgid,
        local: socket::local_address(sock),
        local_port: socket::bound_port(sock),
        reserved: 0,
        backlog: socket::backlog(sock),
    };
    other::nobodys_event(ring, PROTECTED, now_ns, &record);
}
