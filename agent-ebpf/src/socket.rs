//! Fields of the kernel's TCP sockets. Where nothing else is said a function takes a `struct sock` that the verifier
//! knows the type of.

use crate::descriptor::{self, SOCKET, Table};
use crate::globals::offset;
use crate::probe::{field, typed};
use core::ffi::c_void;

/// `IPPROTO_TCP` (`include/uapi/linux/in.h`).
const TCP: u16 = 6;
/// `IPPROTO_UDP`.
const UDP: u16 = 17;
/// `AF_INET`, `AF_INET6` (`include/linux/socket.h`).
pub const INET: u16 = 2;
const INET6: u16 = 10;
/// `SOCK_DONE` (`enum sock_flags`, `include/net/sock.h`): the peer's FIN has come (`tcp_fin`).
const DONE: u64 = 1 << 1;
/// `SHUTDOWN_MASK` (`include/net/sock.h`).
const BOTH_WAYS: u8 = 3;

/// The socket that a descriptor of a typed task's stands for; null: none.
#[inline(always)]
pub fn of_descriptor(task: *const c_void, fd: u32) -> *const c_void {
    let file = Table::of(task).file(fd);
    if descriptor::kind(descriptor::inode(file)) != SOCKET {
        return core::ptr::null();
    }
    field(field(file, offset!(sock.file_socket)), offset!(sock.socket_sock))
}

/// Whether it is one of TCP's: the hook fires for SCTP's and MPTCP's as well.
#[inline(always)]
pub fn is_tcp(sock: *const c_void) -> bool {
    typed::<u16>(sock, offset!(sock.protocol)) == TCP
}

/// Whether it, at any address, is one of TCP's that has never had a SYN to send.
#[inline(always)]
pub fn is_unused_tcp(sock: *const c_void) -> bool {
    field::<u16>(sock, offset!(sock.protocol)) == TCP && !has_begun(sock)
}

/// The cgroup (v2) of who made it, or of who made the socket that listened: any address, in the verifier's eyes, for a
/// typed one is no number, and so nothing for a global function.
#[inline(always)]
pub fn cgroup(sock: *const c_void) -> *const c_void {
    field(sock, offset!(sock.cgroup))
}

/// The id of that cgroup, without a helper.
#[inline(always)]
pub fn cgroup_id(sock: *const c_void) -> u64 {
    let cgroup: *const c_void = typed(sock, offset!(sock.cgroup));
    let kn: *const c_void = typed(cgroup, offset!(cgroup_kn));
    typed(kn, offset!(kn_id))
}

/// This end's address: an IPv4 one as IPv6 has it.
#[inline(always)]
pub fn local_address(sock: *const c_void) -> [u8; 16] {
    if is_v4(sock) { mapped(field(sock, offset!(sock.local_v4))) } else { field(sock, offset!(sock.local_v6)) }
}

/// The other end's.
#[inline(always)]
pub fn peer_address(sock: *const c_void) -> [u8; 16] {
    if is_v4(sock) { mapped(field(sock, offset!(sock.peer_v4))) } else { field(sock, offset!(sock.peer_v6)) }
}

#[inline(always)]
fn is_v4(sock: *const c_void) -> bool {
    typed::<u16>(sock, offset!(sock.family)) == INET
}

/// An IPv4 address as IPv6 has it.
#[inline(always)]
pub fn mapped([a, b, c, d]: [u8; 4]) -> [u8; 16] {
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
}

/// This end's port. What it is bound to (`inet_num`) is forgotten before a socket is closed, this is not.
#[inline(always)]
pub fn local_port(sock: *const c_void) -> u16 {
    u16::from_be(field(sock, offset!(sock.local_port)))
}

/// The port that it is bound to; 0: none yet.
#[inline(always)]
pub fn bound_port(sock: *const c_void) -> u16 {
    typed(sock, offset!(sock.bound_port))
}

/// The other end's port.
#[inline(always)]
pub fn peer_port(sock: *const c_void) -> u16 {
    u16::from_be(typed(sock, offset!(sock.peer_port)))
}

/// Why it failed.
#[inline(always)]
pub fn error(sock: *const c_void) -> u16 {
    typed::<u32>(sock, offset!(sock.error)) as u16
}

/// Whether a program has closed it, or has shut it down both ways. So does the kernel at its end, after the hook.
#[inline(always)]
pub fn is_given_up(sock: *const c_void) -> bool {
    typed::<u8>(sock, offset!(sock.shutdown)) & BOTH_WAYS == BOTH_WAYS
}

/// Most connections that wait for it to accept them.
#[inline(always)]
pub fn backlog(sock: *const c_void) -> u32 {
    typed(sock, offset!(sock.backlog))
}

/// Whether it has ever had a SYN to send: only then it has a sequence number (`tcp_v4_connect`).
#[inline(always)]
pub fn has_begun(sock: *const c_void) -> bool {
    field::<u32>(sock, offset!(sock.write_seq)) != 0
}

/// Bytes of the program's that were sent, each once.
#[inline(always)]
pub fn bytes_sent(sock: *const c_void) -> u64 {
    let (all, again): (u64, u64) = (field(sock, offset!(sock.bytes_sent)), field(sock, offset!(sock.bytes_retrans)));
    all.wrapping_sub(again)
}

/// Bytes of the peer's that came. The kernel counts its FIN among them.
#[inline(always)]
pub fn bytes_received(sock: *const c_void) -> u64 {
    let counted: u64 = field(sock, offset!(sock.bytes_received));
    let has_fin = typed::<u64>(sock, offset!(sock.flags)) & DONE != 0;
    counted.wrapping_sub(u64::from(has_fin))
}

/// The smoothed round-trip time, microseconds; the kernel has eighths (`tcp_rtt_estimator`).
#[inline(always)]
pub fn srtt_us(sock: *const c_void) -> u32 {
    field::<u32>(sock, offset!(sock.srtt)) >> 3
}

/// Segments that were sent again.
#[inline(always)]
pub fn retransmits(sock: *const c_void) -> u32 {
    field(sock, offset!(sock.retransmits))
}

/// The same of a socket that is any address in the verifier's eyes.
pub mod any {
    use super::{INET, INET6, TCP, UDP, c_void, field, mapped, offset};

    #[inline(always)]
    fn family(sock: *const c_void) -> u16 {
        field(sock, offset!(sock.family))
    }

    /// Whether it is one of IP's.
    #[inline(always)]
    pub fn is_inet(sock: *const c_void) -> bool {
        matches!(family(sock), INET | INET6)
    }

    /// Whether it is one of TCP's.
    #[inline(always)]
    pub fn is_tcp(sock: *const c_void) -> bool {
        field::<u16>(sock, offset!(sock.protocol)) == TCP
    }

    /// Whether it is one of UDP's.
    #[inline(always)]
    pub fn is_udp(sock: *const c_void) -> bool {
        field::<u16>(sock, offset!(sock.protocol)) == UDP
    }

    /// This end's address: an IPv4 one as IPv6 has it.
    #[inline(always)]
    pub fn local_address(sock: *const c_void) -> [u8; 16] {
        if family(sock) == INET {
            return mapped(field(sock, offset!(sock.local_v4)));
        }
        field(sock, offset!(sock.local_v6))
    }

    /// The other end's.
    #[inline(always)]
    pub fn peer_address(sock: *const c_void) -> [u8; 16] {
        if family(sock) == INET {
            return mapped(field(sock, offset!(sock.peer_v4)));
        }
        field(sock, offset!(sock.peer_v6))
    }

    /// This end's port.
    #[inline(always)]
    pub fn local_port(sock: *const c_void) -> u16 {
        super::local_port(sock)
    }

    /// The other end's port; 0: it has no other end.
    #[inline(always)]
    pub fn peer_port(sock: *const c_void) -> u16 {
        u16::from_be(field(sock, offset!(sock.peer_port)))
    }

    /// The sequence number behind the last byte that the program has sent, or has taken.
    #[inline(always)]
    pub fn position(sock: *const c_void, is_received: bool) -> u32 {
        if is_received { field(sock, offset!(sock.copied_seq)) } else { field(sock, offset!(sock.write_seq)) }
    }
}
