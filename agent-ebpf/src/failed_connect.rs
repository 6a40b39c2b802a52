//! A TCP connect that fails before there is a SYN to send: no route, no port, not allowed. No hook is told of it, but its
//! call returns the error. Whether the socket is one of TCP's no argument says, so it is looked up.

use crate::globals::{global, offset};
use crate::probe::user;
use crate::task::{self, Thread};
use crate::{other, socket};
use rewind_common::call::flags;
use rewind_common::record::connection::{direction, what};
use rewind_common::record::{Connection, Kind, RecordHeader};
use rewind_common::ring::PROTECTED;

/// `AF_INET`, `AF_INET6` (`include/linux/socket.h`).
const INET: u16 = 2;
const INET6: u16 = 10;
/// `TCP_CLOSE` (`include/net/tcp_states.h`).
const CLOSE: u8 = 7;

/// Looks at a call that returns.
#[inline(always)]
pub fn look(thread: &Thread, now_ns: u64, result: i64) {
    let is_plain = thread.flags & u32::from(flags::COMPAT | flags::X32) == 0;
    if result < 0 && is_plain && thread.nr == offset!(sock.connect_nr) as u32 && says_why(-result) {
        let ring_and_error = u64::from(thread.ring) << 32 | -result as u64;
        tell(ring_and_error, thread.args[0], thread.args[1], now_ns, thread.start_ns);
    }
}

/// Whether an error says that there is no way to the peer, or none for this program. Others say that a connect goes on,
/// or tell of one that is told already, or that it was none.
#[inline(always)]
fn says_why(error: i64) -> bool {
    const EPERM: i64 = 1;
    const ENOMEM: i64 = 12;
    const EACCES: i64 = 13;
    // EADDRINUSE, EADDRNOTAVAIL, ENETDOWN, ENETUNREACH; EHOSTDOWN, EHOSTUNREACH.
    matches!(error, EPERM | ENOMEM | EACCES | 98..=101 | 112 | 113)
}

global! {
    /// Writes what became of a connect of the current task's: to the ring in the upper half of `ring_and_error`, of the
    /// descriptor `fd`, to the address at `address`.
    ///
    /// Verifier: a global function, so that it is walked once, and not with each way through the hook.
    fn tell(ring_and_error: u64, fd: u64, address: u64, now_ns: u64, since_ns: u64) -> u64 {
        let task = task::current();
        let sock = socket::of_descriptor(task, fd as u32);
        if sock.is_null() || !socket::is_unused_tcp(sock) {
            return 0;
        }
        let Some([family, port]) = user::<[u16; 2]>(address) else { return 0 };
        // This end has no address yet.
        let (local, peer) = match family {
            INET => (socket::mapped([0; 4]), socket::mapped(user(address + 4).unwrap_or([0; 4]))),
            INET6 => ([0; 16], user(address + 8).unwrap_or([0; 16])),
            _ => return 0,
        };
        let tid = task::tid(task);
        let record = Connection {
            header: RecordHeader {
                len: size_of::<Connection>() as u16,
                kind: Kind::Connection as u8,
                flags: what::FAILED,
                tid,
            },
            time_ns: now_ns,
            since_ns,
            tgid: task::tgid(task),
            local,
            peer,
            peer_port: u16::from_be(port),
            error: ring_and_error as u16,
            state: CLOSE,
            direction: direction::OUT,
            ..Connection::default()
        };
        other::nobodys_event((ring_and_error >> 32) as u32, PROTECTED, now_ns, &record);
        0
    }
}
