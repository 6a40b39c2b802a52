//! Vectors of `iovec`, messages, and the bytes they point to -> blobs.

use crate::blob::{At, NO_ROOM, OFFSET, PAYLOAD, SAID, last_of, payload_limit, sent_limit};
use crate::globals::global;
use crate::probe;
use core::mem::offset_of;
use rewind_common::{
    call::part,
    capture::{LOGGED_ELEMENTS, MAX_BYTES, MAX_MESSAGES},
};

/// In place of a name's length before the call: it is not changed.
pub const UNCHANGED: u64 = u64::MAX;
/// Where in a message the length of its name is.
pub const NAME_LENGTH: u64 = offset_of!(MsgHdr, name_len) as u64;

/// `struct iovec`: pointer and length; the pairs of these in a `msghdr` have its shape.
pub type IoVec = [u64; 2];

/// `struct user_msghdr` (`include/linux/socket.h`) on 64-bit machines.
#[repr(C)]
pub struct MsgHdr {
    pub name: u64,
    name_len: u64,
    pub vector: u64,
    vector_len: u64,
    control: u64,
    control_len: u64,
    flags: u64,
}

/// `struct mmsghdr`, with its padding.
#[repr(C)]
pub struct MultiMsgHdr {
    header: MsgHdr,
    pub len: u64,
}

global! {
    /// An array of `iovec`, and the payload behind the first ones where it is wanted. `packed` is
    /// [`At::packed`].
    fn vector(pointer: u64, count: u64, received: u64, packed: u64, place: u64) -> u64 {
        let at = At::unpacked(packed);
        // The whole of an argument, unless it is the vector of a message.
        let bare = At { what: at.what & !(u64::from(part::VECTOR) << 3), ..at };
        let segment = place & !OFFSET;
        let count = if count > MAX_BYTES as u64 { MAX_BYTES as u64 } else { count };
        let mut off = at.bytes(pointer, count * size_of::<IoVec>() as u64, MAX_BYTES as u64, place, 0);
        if at.what & PAYLOAD == 0 {
            return off;
        }
        let mut left = received;
        for i in 0..u64::from(part::VECTORS) {
            if i >= count || left == 0 || off == NO_ROOM {
                break;
            }
            let Some([base, len]) = probe::user::<IoVec>(pointer + i * size_of::<IoVec>() as u64) else { break };
            let len = if len < left { len } else { left };
            left -= len;
            let place = segment | off & OFFSET;
            let element = bare.part(part::BYTES + i as u8);
            if at.what & SAID == 0 || i >= LOGGED_ELEMENTS as u64 {
                off = element.bytes(base, len, payload_limit(), place, 0);
                continue;
            }
            off = element.bytes(base, len, sent_limit(len, at.what), place, 0);
            if off != NO_ROOM {
                off = last_of(pointer + i * size_of::<IoVec>() as u64, element.what, segment | off & OFFSET);
            }
        }
        off
    }

    /// A `msghdr`, and what it points to. `name_len` is the length of its name as it was before the call.
    fn message(pointer: u64, received: u64, packed: u64, place: u64, name_len: u64) -> u64 {
        let at = At::unpacked(packed);
        let segment = place & !OFFSET;
        // Verifier: one pair at a time, for the whole header is too much for the stack (`ring::write`).
        let pair = |offset: usize| probe::user::<IoVec>(pointer + offset as u64);
        let mut off = at.bytes(pointer, size_of::<MsgHdr>() as u64, MAX_BYTES as u64, place, 0);
        let wanted = at.what & PAYLOAD != 0;
        let Some([name, new_len]) = pair(offset_of!(MsgHdr, name)) else { return off };
        if name != 0 && off != NO_ROOM {
            let len = u64::from(new_len as u32).min(name_len);
            off = at.part(part::NAME).bytes(name, len, 128, segment | off & OFFSET, 0);
            if name_len != UNCHANGED && name_len as u32 != new_len as u32 && off != NO_ROOM {
                off = crate::number::number(name_len, at.part(part::NAME_LENGTH).what, segment | off & OFFSET);
            }
        }
        let Some([control, control_len]) = pair(offset_of!(MsgHdr, control)) else { return off };
        if control != 0 && wanted && off != NO_ROOM {
            off = at.part(part::CONTROL).bytes(control, control_len, 256, segment | off & OFFSET, 0);
        }
        let Some([parts, count]) = pair(offset_of!(MsgHdr, vector)) else { return off };
        if off == NO_ROOM {
            return off;
        }
        let packed = at.part(part::VECTOR).packed(wanted);
        vector(parts, count, received, packed, segment | off & OFFSET)
    }
}

/// The first `count` of an array of `mmsghdr`, each with what it points to. Behind the blobs of a
/// message stands how many bytes it took.
///
/// Verifier: inlined, for calls may not be nested deeper than eight.
#[inline(always)]
pub fn messages(pointer: u64, count: u64, packed: u64, place: u64, received: bool) -> u64 {
    let at = At::unpacked(packed);
    let segment = place & !OFFSET;
    let mut off = place & OFFSET;
    for i in 0..u64::from(MAX_MESSAGES) {
        if i >= count || off == NO_ROOM {
            break;
        }
        let start = pointer + i * size_of::<MultiMsgHdr>() as u64;
        let len_at = start + offset_of!(MultiMsgHdr, len) as u64;
        let len = probe::user::<u32>(len_at).map_or(0, u64::from);
        let bound = if received { len } else { u64::MAX };
        off = message(start, bound, packed, segment | off & OFFSET, UNCHANGED);
        if off != NO_ROOM {
            off = crate::number::number(len, at.part(part::LENGTH).what, segment | off & OFFSET);
        }
    }
    off
}

global! {
    /// Arguments in memory: 32-bit words, and the socket address that one of them points to. `shape` is how many
    /// bytes they are, shifted by 32, and which word that is, or 0.
    fn words(pointer: u64, shape: u64, packed: u64, place: u64) -> u64 {
        let at = At::unpacked(packed);
        let address = shape & 7;
        let off = at.part(part::VECTOR).bytes(pointer, shape >> 32, MAX_BYTES as u64, place, 0);
        if address == 0 || off == NO_ROOM {
            return off;
        }
        let Some([name, len]) = probe::user::<[u32; 2]>(pointer + 4 * address) else { return off };
        if name == 0 {
            return off;
        }
        let of_word = At { what: at.what & !7 | address, ..at };
        of_word.bytes(name.into(), len.into(), 128, place & !OFFSET | off & OFFSET, 0)
    }
}
