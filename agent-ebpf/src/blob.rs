//! Memory -> one blob in a record. Everything is bounded: each copy by what one blob may hold, all of
//! them by the chunk.
//!
//! Verifier: the functions with a name of their own are global ones, which are verified once, for any
//! arguments, and not once for each way that leads to them: with static ones a million instructions are
//! not enough. So they take and give plain numbers, and look the arena up anew.

use crate::atomic::load_volatile;
use crate::globals::{PAYLOAD_BYTES, global};
use crate::probe;
use crate::ring::{Writer, counters::lose_of};
use rewind_common::{
    call::{Blob, blob_flags, part},
    capture::{FIRST_BYTES, LAST_BYTES, LAST_OF_STACK, MAX_BYTES, MAX_FRAME_BYTES, MAX_STRING, MAX_STRINGS},
    loss::LossReason,
};

/// There is no room for a blob: what the functions below give in place of where they ended.
pub const NO_ROOM: u64 = u64::MAX;
/// The half of a place ([`Writer::position`]) that is the offset.
pub const OFFSET: u64 = 0xffff_ffff;
/// A bit above place and flags of a blob: that it cannot be read is no loss.
pub const GUESS: u64 = 1 << 16;
/// Another one: payload is wanted.
pub const PAYLOAD: u64 = 1 << 17;

/// Another one: the pointers in the vector have 32 bits.
pub const NARROW: u64 = 1 << 18;
/// Another one: it is said to people, see [`At::sent`].
pub const SAID: u64 = 1 << 19;

/// Pointer `i` of a vector.
#[inline(always)]
pub fn element(vector: u64, i: u64, what: u64) -> Option<u64> {
    if what & NARROW != 0 {
        return probe::user::<u32>(vector + i * 4).map(u64::from);
    }
    probe::user(vector + i * 8)
}

/// How many payload bytes are kept of one blob.
#[inline(always)]
pub fn payload_limit() -> u64 {
    u64::from(load_volatile(&PAYLOAD_BYTES))
}

/// How many are kept of `len` that are sent, on [`SAID`] as many as a blob may hold, and of more the first ones: what
/// a program says when it fails is its last word, and runtimes say it in one write.
#[inline(always)]
pub fn sent_limit(len: u64, what: u64) -> u64 {
    if what & SAID == 0 {
        payload_limit()
    } else if len > MAX_BYTES as u64 {
        FIRST_BYTES as u64
    } else {
        MAX_BYTES as u64
    }
}

#[inline(always)]
fn lose_on(ring: u64, reason: LossReason) {
    lose_of(ring as u32, reason);
}

/// Whose blobs these are, and which.
#[derive(Clone, Copy)]
pub struct At {
    /// The ring, whose losses are counted.
    pub ring: u32,
    /// [`Blob::place`], its flags shifted by eight, and the bits above.
    pub what: u64,
}

impl At {
    /// The same argument, another part of it.
    #[inline(always)]
    pub fn part(self, part: u8) -> Self {
        Self { what: self.what | u64::from(part) << 3, ..self }
    }

    /// Both in one number: the ring in the upper half.
    #[inline(always)]
    pub fn packed(self, payload: bool) -> u64 {
        u64::from(self.ring) << 32 | self.what | if payload { PAYLOAD } else { 0 }
    }

    /// What [`At::packed`] has packed.
    #[inline(always)]
    pub fn unpacked(packed: u64) -> Self {
        Self { ring: (packed >> 32) as u32, what: packed & 0xffff_ffff }
    }

    /// Bytes that are sent: see [`sent_limit`], [`last`] and [`stack`].
    #[inline(always)]
    pub fn sent(self, pointer: u64, len: u64, place: u64) -> u64 {
        let off = self.bytes(pointer, len, sent_limit(len, self.what), place, 0);
        if self.what & SAID == 0 || off == NO_ROOM {
            return off;
        }
        let place = place & !OFFSET | off;
        let end = last(pointer, len, self.what, place);
        if end == off || end == NO_ROOM { end } else { stack(pointer, len, self.what, place) }
    }

    /// See [`bytes`].
    #[inline(always)]
    pub fn bytes(self, pointer: u64, len: u64, limit: u64, place: u64, flags: u64) -> u64 {
        bytes(pointer, len, limit << 32 | self.what | flags, place, u64::from(self.ring))
    }
}

/// The header of a blob goes in front of its bytes when their number is known. Gives the offset behind it.
#[inline(always)]
pub fn finish(writer: &Writer, what: u64, len: u64) -> u64 {
    let header = what & 0xffff | len << 16;
    // The shape is that of `Blob`: place, flags, length.
    writer.store(writer.off, header as u32);
    const { assert!(size_of::<Blob>() == 4) };
    writer.off + 4 + ((len + 3) & !3)
}

/// The pointer in place of the bytes.
#[inline(always)]
pub fn unread(writer: &Writer, pointer: u64, what: u64, ring: u64) -> u64 {
    if writer.room() < 12 {
        return NO_ROOM;
    }
    writer.store(writer.off + 4, pointer as u32);
    writer.store(writer.off + 8, (pointer >> 32) as u32);
    if what & GUESS == 0 {
        lose_on(ring, LossReason::Unread);
    }
    finish(writer, what | u64::from(blob_flags::UNREAD) << 8, 8)
}

/// [`bytes`] in its caller, if all of it is there and fits; `false`: nothing is done. Less than [`MAX_BYTES`].
#[inline(always)]
pub fn bytes_at_once(writer: &mut Writer, pointer: u64, len: u64, what: u64) -> bool {
    if writer.room() < 4 + ((len + 3) & !3) {
        return false;
    }
    let is_there = writer.read_user(writer.off + 4, len as u32, pointer);
    if is_there {
        writer.off = finish(writer, what, len);
    }
    is_there
}

/// [`string`] in its caller, if all of it is there and there is room for the longest; `false`: nothing is done.
#[inline(always)]
pub fn string_at_once(writer: &mut Writer, pointer: u64, what: u64) -> bool {
    if writer.room() < 4 + MAX_STRING as u64 {
        return false;
    }
    let len = writer.read_user_string(writer.off + 4, MAX_STRING as u32, pointer);
    let is_whole = len > 0 && len < MAX_STRING as i64;
    if is_whole {
        writer.off = finish(writer, what, len as u64);
    }
    is_whole
}

global! {
    /// Bytes of a known number, of which `limit_what >> 32` are kept.
    fn bytes(pointer: u64, len: u64, limit_what: u64, place: u64, ring: u64) -> u64 {
        let Some(writer) = Writer::at_position(place) else { return NO_ROOM };
        let (limit, mut what, mut len) = (limit_what >> 32, limit_what & 0xffff_ffff, len);
        if len > limit {
            len = limit;
            what |= u64::from(blob_flags::CUT) << 8;
            if limit == MAX_BYTES as u64 {
                lose_on(ring, LossReason::Shortened);
            }
        }
        // Verifier: the bound once more, on the very register that goes to the helper.
        if len > MAX_BYTES as u64 || writer.room() < 4 + ((len + 3) & !3) {
            return NO_ROOM;
        }
        if len != 0 && !writer.read_user(writer.off + 4, len as u32, pointer) {
            return unread(&writer, pointer, what, ring);
        }
        finish(&writer, what, len)
    }

    /// The last of `len` bytes that are [`SAID`], behind the first, where not all are kept. What is
    /// not there, the call has not written either.
    ///
    /// Verifier: not in [`bytes`], where the stack is full before 6.13, but behind it.
    fn last(pointer: u64, len: u64, what: u64, place: u64) -> u64 {
        let off = place & OFFSET;
        if len <= MAX_BYTES as u64 {
            return off;
        }
        let Some(writer) = Writer::at_position(place) else { return NO_ROOM };
        if writer.room() < 4 + LAST_BYTES as u64 {
            return NO_ROOM;
        }
        if !writer.read_user(writer.off + 4, LAST_BYTES as u32, pointer.wrapping_add(len - LAST_BYTES as u64)) {
            return off;
        }
        finish(&writer, what | u64::from(blob_flags::LAST) << 8, LAST_BYTES as u64)
    }

    /// More of the end, in place of what [`last`] has written at `place`, where that ends as a stack does.
    fn stack(pointer: u64, len: u64, what: u64, place: u64) -> u64 {
        const PIECE: u64 = LAST_BYTES as u64;
        let Some(writer) = Writer::at_position(place) else { return NO_ROOM };
        let most = len.saturating_sub(FIRST_BYTES as u64) / PIECE;
        let pieces = if most < LAST_OF_STACK as u64 { most } else { LAST_OF_STACK as u64 };
        if pieces < 2 || is_indented(place + 4 + PIECE) == 0 {
            return (place & OFFSET) + 4 + PIECE;
        }
        if writer.room() < 4 + pieces * PIECE {
            return NO_ROOM;
        }
        let from = pointer.wrapping_add(len - pieces * PIECE);
        for i in 0..LAST_OF_STACK as u64 {
            // Verifier: read anew each time, or the compiler counts up to it alone, which has no end that is seen.
            if i >= load_volatile(&pieces) {
                break;
            }
            if !writer.read_user(writer.off + 4 + i * PIECE, PIECE as u32, from.wrapping_add(i * PIECE)) {
                return last(pointer, len, what, place);
            }
        }
        finish(&writer, what | u64::from(blob_flags::LAST) << 8, pieces * PIECE)
    }

    /// 1 if the last line of what ends at `place` is indented, else 0.
    fn is_indented(place: u64) -> u64 {
        let Some(writer) = Writer::at_position(place) else { return 0 };
        for i in 2..MAX_FRAME_BYTES as u64 {
            if writer.byte(writer.off - i) != b'\n' {
                continue;
            }
            let first = writer.byte(writer.off - i + 1);
            if first != b'\n' {
                return u64::from(first == b'\t' || first == b' ');
            }
        }
        0
    }

    /// The same of an element of a vector, which is read once more, as there is no stack to keep it on.
    fn last_of(element: u64, what: u64, place: u64) -> u64 {
        let Some([base, len]) = probe::user::<[u64; 2]>(element) else { return place & OFFSET };
        last(base, len, what, place)
    }

    /// A string up to its NUL.
    fn string(pointer: u64, what: u64, place: u64, ring: u64) -> u64 {
        let Some(writer) = Writer::at_position(place) else { return NO_ROOM };
        let room = writer.room();
        if room < 8 {
            return NO_ROOM;
        }
        let room = (room - 4) & !3;
        let max = if room < MAX_STRING as u64 { room } else { MAX_STRING as u64 };
        // Verifier: the mask bounds what the comparison above bounded already.
        let len = writer.read_user_string(writer.off + 4, (max & 0x3ff) as u32, pointer);
        if len < 0 {
            return unread(&writer, pointer, what, ring);
        }
        let len = len as u64;
        if len < max {
            return finish(&writer, what, len);
        }
        if max < MAX_STRING as u64 {
            return NO_ROOM;
        }
        // It fills all that is kept: is there more?
        if probe::user(pointer + MAX_STRING as u64 - 1) == Some(0_u8) {
            return finish(&writer, what, MAX_STRING as u64);
        }
        lose_on(ring, LossReason::Shortened);
        finish(&writer, what | u64::from(blob_flags::CUT) << 8, MAX_STRING as u64)
    }

    /// A vector of strings, ended by a null pointer.
    fn strings(pointer: u64, what: u64, place: u64, ring: u64) -> u64 {
        let Some(writer) = Writer::at_position(place) else { return NO_ROOM };
        let mut total = 0u64;
        let mut is_cut = true;
        for i in 0..MAX_STRINGS as u64 {
            let Some(element) = element(pointer, i, what) else {
                if total == 0 {
                    return unread(&writer, pointer, what, ring);
                }
                break;
            };
            if element == 0 {
                is_cut = false;
                break;
            }
            let room = writer.room();
            if room < 16 + total {
                break;
            }
            let room = room - 8 - total;
            let max = if room < MAX_STRING as u64 { room } else { MAX_STRING as u64 };
            let len = writer.read_user_string(writer.off + 4 + total, (max & 0x3ff) as u32, element);
            if len < 0 {
                break;
            }
            total += len as u64 & 0x3ff;
            if len as u64 == max && max < MAX_STRING as u64 {
                break;
            }
        }
        let mut what = what | u64::from(part::STRINGS) << 3;
        if is_cut {
            // Cut for want of room behind what is there? An empty chunk has more.
            if writer.room() < 3072 {
                return NO_ROOM;
            }
            what |= u64::from(blob_flags::CUT) << 8;
            lose_on(ring, LossReason::Shortened);
        }
        finish(&writer, what, total & 0xfff)
    }
}
