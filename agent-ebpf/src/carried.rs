//! What a call on a socket has carried: the beginning of a message of HTTP/1, or a message of DNS.
//!
//! It is looked at when the call has returned, in the program's own memory, which it has just been read from or written
//! to. The first bytes decide: four letters that begin a request or a status line of HTTP/1, or a header of DNS with one
//! question. Only then it is looked up whether the descriptor is a socket's, for that costs more than the bytes: so a
//! call that carries anything else pays for one read of sixteen bytes, and one of fewer bytes for nothing.
//!
//! Missed: a method that is not one of RFC 9110's or `PATCH`; what does not begin where a call's bytes do; what is behind
//! the first element of a vector, but for the lengths of DNS; what `sendfile`, `splice` and `io_uring` carry; DNS at other ports than 53; what TLS
//! hides; a head whose first piece is shorter than sixteen bytes.

use crate::atomic::load_volatile;
use crate::globals::{PROTOCOLS, given_mut, global};
use crate::message::{IoVec, MsgHdr, MultiMsgHdr};
use crate::probe::user;
use crate::ring::{Writer, begin, commit, counters::lose, cursors, lock, unlock};
use crate::socket::any as socket;
use crate::task::{self, Thread};
use core::mem::offset_of;
use rewind_common::call::{Blob, blob_flags, flags};
use rewind_common::capture::{MAX_MESSAGES, carries};
use rewind_common::loss::LossReason;
use rewind_common::record::message::{
    MAX_DNS_BYTES, MAX_HTTP_BYTES, MIN_MESSAGE_BYTES, SocketMessage, message_flags, protocols,
};
use rewind_common::record::{Kind, RecordHeader};
use rewind_common::ring::TRAFFIC;

/// `MSG_PEEK` (`include/linux/socket.h`): the bytes come again.
const PEEK: u64 = 2;
/// The port of DNS.
const DNS_PORT: u16 = 53;
const IOVEC: u64 = size_of::<IoVec>() as u64;
const BLOB: u64 = size_of::<Blob>() as u64;
const FIXED: u64 = size_of::<SocketMessage>() as u64;

/// Looks at a call that has returned.
#[inline(always)]
pub fn look(thread: &mut Thread, carried: u32, now_ns: u64, result: i64) {
    let is_message = carried & carries::MESSAGES != 0 || result >= MIN_MESSAGE_BYTES as i64;
    let never_began = thread.flags & u32::from(flags::REFUSED) != 0;
    if carried != 0 && result > 0 && is_message && !never_began && load_volatile(&PROTOCOLS) != 0 {
        carries_bytes(thread, carried.into(), now_ns, result as u64);
    }
}

global! {
    /// Finds the bytes that a call has carried.
    ///
    /// Verifier: global functions, so that they are walked once, and not with each way through the hook.
    fn carries_bytes(thread: *mut Thread, carried: u64, now_ns: u64, result: u64) -> u64 {
        let Some(thread) = given_mut(thread) else { return 0 };
        let carried = carried as u32;
        let flags_at = carried >> carries::FLAGS_SHIFT & 7;
        let is_peek = flags_at != 0 && thread.args[flags_at as usize] & PEEK != 0;
        if carried & carries::RECEIVED != 0 && is_peek {
            return 0;
        }
        let pointer = thread.args[1];
        let how = u64::from(carried & carries::RECEIVED) | now_ns << 1;
        if carried & carries::BYTES != 0 {
            let name = if carried & carries::ADDRESS != 0 { thread.args[4] } else { 0 };
            return looks_like_message(thread, pointer, result << 32 | result & LENGTH, name, how);
        }
        if carried & carries::VECTOR != 0 {
            return in_vector(thread, pointer, result, 0, how);
        }
        let count = if carried & carries::MESSAGES != 0 { result } else { 1 };
        for i in 0..u64::from(MAX_MESSAGES) {
            if i >= count {
                break;
            }
            let header = pointer + i * size_of::<MultiMsgHdr>() as u64;
            let mut total = result;
            if carried & carries::MESSAGES != 0 {
                total = user::<u32>(header + offset_of!(MultiMsgHdr, len) as u64).map_or(0, u64::from);
            }
            let name = user::<u64>(header + offset_of!(MsgHdr, name) as u64).unwrap_or(0);
            let parts = user::<u64>(header + offset_of!(MsgHdr, vector) as u64).unwrap_or(0);
            in_vector(thread, parts, total, name, how);
        }
        0
    }

    /// The bytes that the first element of a vector points to. One of two bytes is the length in front of a message of
    /// DNS, which is the second; two such pairs are looked at, for glibc asks for both kinds of addresses at once.
    fn in_vector(thread: *mut Thread, pointer: u64, total: u64, name: u64, how: u64) -> u64 {
        let mut left = total;
        for pair in 0..2 {
            let Some([mut base, mut len]) = user::<IoVec>(pointer + 2 * pair * IOVEC) else { return 0 };
            let is_length = len == 2 && left > 2;
            if is_length {
                let Some([second, second_len]) = user::<IoVec>(pointer + (2 * pair + 1) * IOVEC) else { return 0 };
                (base, len) = (second, second_len);
                left -= 2;
            } else if pair > 0 {
                return 0;
            }
            if len > left {
                len = left;
            }
            looks_like_message(thread, base, left << 32 | len & LENGTH, name, how);
            if !is_length {
                return 0;
            }
            left -= len;
        }
        0
    }

    /// Tells of a message that begins at `pointer`, if one does. `lengths` is how many bytes the call has carried from
    /// there on, and in the lower half how many of them lie there; `how` is [`carries::RECEIVED`], and above it the time.
    fn looks_like_message(thread: *mut Thread, pointer: u64, lengths: u64, name: u64, how: u64) -> u64 {
        let Some(thread) = given_mut(thread) else { return 0 };
        let (total, len) = (lengths >> 32, lengths & LENGTH);
        if len < MIN_MESSAGE_BYTES {
            return 0;
        }
        let Some(first) = user::<[u8; MIN_MESSAGE_BYTES as usize]>(pointer) else { return 0 };
        let wanted = load_volatile(&PROTOCOLS);
        let mut flags = if how & 1 != 0 { message_flags::RECEIVED } else { 0 };
        if wanted & protocols::HTTP != 0 && is_http(u32::from_ne_bytes([first[0], first[1], first[2], first[3]])) {
        } else if wanted & protocols::DNS != 0 && is_dns(&first, 0) {
            flags |= message_flags::DNS;
        } else if wanted & protocols::DNS != 0 && is_dns(&first, 2) {
            flags |= message_flags::DNS | message_flags::LENGTH;
        } else {
            return 0;
        }
        let sock = crate::socket::of_descriptor(task::current(), thread.args[0] as u32);
        let is_udp = !sock.is_null() && socket::is_udp(sock);
        if sock.is_null() || !socket::is_inet(sock) || !is_udp && !socket::is_tcp(sock) {
            return 0;
        }
        let mut peer_port = socket::peer_port(sock);
        let is_named = peer_port == 0 && name != 0;
        if is_named {
            peer_port = u16::from_be(user::<[u16; 2]>(name).unwrap_or([0; 2])[1]);
        }
        let local_port = socket::local_port(sock);
        let is_dns = flags & message_flags::DNS != 0;
        // A datagram has no length in front; a request has no place in one.
        let is_at_home = if is_dns {
            (peer_port == DNS_PORT || local_port == DNS_PORT) && !(is_udp && flags & message_flags::LENGTH != 0)
        } else {
            !is_udp
        };
        if !is_at_home {
            return 0;
        }
        flags |= if is_udp { message_flags::UDP } else { 0 };
        let position = if is_udp { 0 } else { socket::position(sock, how & 1 != 0).wrapping_sub(total as u32) };
        let most = if is_dns { MAX_DNS_BYTES } else { MAX_HTTP_BYTES } as u64;
        let kept = if len > most { most } else { len };
        let Some(cursors) = cursors(thread) else { return 0 };
        if !lock(cursors, how >> 1) {
            return 0;
        }
        // Verifier: no announcement here, whose frame is one too many before 6.13. The record of the call itself, just
        // now, has said who the thread is; its process stands in this one.
        if let Some(mut writer) = begin(thread, cursors, TRAFFIC, FIXED + BLOB + ((most + 3) & !3)) {
            let start = writer.off;
            let at = start + FIXED + BLOB;
            // Verifier: the mask bounds what the comparison above bounded already.
            let kept = kept & (2 * MAX_HTTP_BYTES as u64 - 1);
            if kept <= MAX_HTTP_BYTES as u64 && writer.read_user(at, kept as u32, pointer) {
                writer.off = at;
                let used = if is_dns { kept } else { head_len(writer.position(), kept) & (2 * MAX_HTTP_BYTES as u64 - 1) };
                let cut = if used == kept && kept < total { u32::from(blob_flags::CUT) << 8 } else { 0 };
                writer.store(at - BLOB, cut | (used as u32) << 16);
                writer.off = at + ((used + 3) & !3);
                let header = RecordHeader {
                    len: (writer.off - start) as u16,
                    kind: Kind::SocketMessage as u8,
                    flags,
                    tid: thread.tid,
                };
                writer.store(start, header);
                let of = offset_of!(SocketMessage, time_ns) as u64;
                writer.store(start + of, [how >> 1, thread.start_ns].map(halves));
                let of = offset_of!(SocketMessage, tgid) as u64;
                writer.store(start + of, task::tgid(task::current()));
                let of = offset_of!(SocketMessage, local) as u64;
                writer.store(start + of, socket::local_address(sock));
                let of = offset_of!(SocketMessage, peer) as u64;
                let peer = if is_named { address_of_name(name) } else { socket::peer_address(sock) };
                writer.store(start + of, peer);
                let of = offset_of!(SocketMessage, local_port) as u64;
                let ports = u32::from(local_port) | u32::from(peer_port) << 16;
                writer.store(start + of, [ports, total as u32, position]);
                commit(cursors, TRAFFIC, &writer, 0);
            } else {
                lose(cursors, LossReason::Unread);
            }
        }
        unlock(cursors);
        0
    }

    /// How many of `len` bytes at `place` ([`Writer::position`]) are heads, one behind the other: up to the last one's
    /// empty line, or all.
    ///
    /// Verifier: global, so that the ways on from here know nothing of where it ended. Each step looks at one byte for
    /// one value, and asks [`ends`] for the rest: whatever else a step knew would be a way of its own through all others.
    fn head_len(place: u64, len: u64) -> u64 {
        let Some(writer) = Writer::at_position(place) else { return 0 };
        for i in 0..MAX_HTTP_BYTES as u64 {
            if i >= len {
                break;
            }
            if writer.byte(writer.off + i) == b'\n' && ends(place + i, len - i) != 0 {
                return i + 1;
            }
        }
        len
    }

    /// 1 if the line feed at `place` ends an empty line, and what follows it is no further message; else 0. `left` is how
    /// many bytes there are from it on.
    fn ends(place: u64, left: u64) -> u64 {
        let Some(writer) = Writer::at_position(place) else { return 0 };
        let at = writer.off;
        let before = writer.byte(at - 1);
        // With or without a carriage return in front of each of the two ends.
        let is_empty = before == b'\n' || before == b'\r' && writer.byte(at - 2) == b'\n';
        u64::from(is_empty && (left < 5 || !is_http(writer.word(at + 1))))
    }
}

/// The lower half of two lengths in one number.
const LENGTH: u64 = 0xffff_ffff;

/// A number of eight bytes at a multiple of four.
#[inline(always)]
fn halves(number: u64) -> [u32; 2] {
    [number as u32, (number >> 32) as u32]
}

/// Whether the first letters are those of a request or a status line.
#[inline(always)]
fn is_http(word: u32) -> bool {
    macro_rules! one_of {
        ($($letters:literal)*) => { $(word == const { u32::from_ne_bytes(*$letters) })||* };
    }
    one_of!(b"HTTP" b"GET " b"POST" b"PUT " b"HEAD" b"DELE" b"OPTI" b"PATC" b"CONN" b"TRAC")
}

/// Whether a header of DNS stands at `at` (RFC 1035, 4.1.1): a query, with one question.
#[inline(always)]
fn is_dns(first: &[u8; MIN_MESSAGE_BYTES as usize], at: usize) -> bool {
    first[at + 2] & 0x78 == 0 && first[at + 4] == 0 && first[at + 5] == 1
}

/// The address in a `sockaddr` of the program's, as a record has it.
#[inline(always)]
fn address_of_name(name: u64) -> [u8; 16] {
    if user::<u16>(name) == Some(crate::socket::INET) {
        return crate::socket::mapped(user(name + 4).unwrap_or([0; 4]));
    }
    user(name + 8).unwrap_or([0; 16])
}
