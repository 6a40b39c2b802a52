//! Memory behind a call's arguments -> blobs in its record. Everything is bounded: each copy by
//! what one blob may hold, all of them by the chunk.

use crate::maps::CURSORS;
use crate::ring::{Writer, counters::lose};
use crate::task::Thread;
use aya_ebpf::helpers::{
    bpf_probe_read_user,
    generated::{bpf_probe_read_user as read_user, bpf_probe_read_user_str as read_user_str},
};
use rewind_common::{
    call::{Blob, blob_flags, part},
    capture::{Capture, MAX_BYTES, MAX_COUNTED, MAX_STRING, MAX_STRINGS, OPS, Op, op, when},
    loss::LossReason,
    record::Kind,
    ring::ring_flags,
};

/// Most payload bytes kept of one call. The agent fills it in; at most [`MAX_BYTES`].
#[unsafe(no_mangle)]
static PAYLOAD_BYTES: u32 = 256;

/// At which end of a call its record is made.
#[derive(Clone, Copy)]
pub enum Phase {
    /// It begins.
    Enter,
    /// It has returned, or never will.
    Exit {
        /// When.
        at_ns: u64,
        /// What it returned.
        result: i64,
    },
}

impl Phase {
    /// The kind of its record.
    #[inline(always)]
    pub fn kind(self) -> Kind {
        match self {
            Self::Enter => Kind::Enter,
            Self::Exit { .. } => Kind::Call,
        }
    }

    /// How many calls its record counts.
    #[inline(always)]
    pub fn calls(self) -> u64 {
        match self {
            Self::Enter => 0,
            Self::Exit { .. } => 1,
        }
    }

    #[inline(always)]
    fn result(self) -> i64 {
        match self {
            Self::Enter => 0,
            Self::Exit { result, .. } => result,
        }
    }

    #[inline(always)]
    fn blob_flags(self) -> u8 {
        match self {
            Self::Enter => 0,
            Self::Exit { .. } => blob_flags::AT_EXIT,
        }
    }

    /// The operations of a row that are done now: from which, how many.
    #[inline(always)]
    fn ops(self, row: &Capture) -> (usize, usize) {
        match self {
            Self::Enter => (usize::from(row.exit_ops), usize::from(row.enter_ops)),
            Self::Exit { .. } => (0, usize::from(row.exit_ops)),
        }
    }
}

/// An argument by its number.
#[inline(always)]
fn argument(thread: &Thread, i: u8) -> u64 {
    // Verifier: a bounded index, written out, since the mask 7 would let 6 and 7 through.
    let i = usize::from(i);
    if i < 6 { thread.args[i] } else { 0 }
}

/// Whether one of the pointers that are followed at entry points anywhere.
#[inline(always)]
pub fn wants_entry(thread: &Thread, row: &Capture) -> bool {
    let (from, count) = (usize::from(row.exit_ops), usize::from(row.enter_ops));
    for k in 0..OPS {
        if k >= count {
            break;
        }
        if argument(thread, row.ops[(from + k) & (OPS - 1)].arg) != 0 {
            return true;
        }
    }
    false
}

/// Which arguments a blob stands for: a bit each.
#[inline(always)]
pub fn blobs(thread: &Thread, row: &Capture, phase: Phase) -> u16 {
    let (from, count) = phase.ops(row);
    let mut mask = 0;
    for k in 0..OPS {
        if k >= count {
            break;
        }
        let op = &row.ops[(from + k) & (OPS - 1)];
        if applies(thread, op, phase) {
            mask |= 1 << (op.arg & 7);
        }
    }
    mask & 0x3f
}

/// Whether an operation is done for this call.
#[inline(always)]
fn applies(thread: &Thread, op: &Op, phase: Phase) -> bool {
    let failed = phase.result() < 0 || thread.flags & u32::from(rewind_common::call::flags::UNFINISHED) != 0;
    if failed && (op.when & when::SUCCESS != 0 || matches!(op.kind, op::RETURNED | op::PAYLOAD_OUT)) {
        return false;
    }
    match op.kind {
        op::NONE => false,
        op::PAYLOAD_IN | op::PAYLOAD_OUT => payload(thread, op),
        _ => true,
    }
}

/// Whether payload is copied.
#[inline(always)]
fn payload(thread: &Thread, op: &Op) -> bool {
    let is_log = op.when & when::LOG != 0 && (thread.args[0] as u32 == 1 || thread.args[0] as u32 == 2);
    is_log || thread.ring_flags & ring_flags::PAYLOAD != 0
}

/// Does what the row says. 0, or there is no room.
#[inline(always)]
pub fn copy(thread: &Thread, row: &Capture, writer: &mut Writer, phase: Phase) -> u64 {
    let (from, count) = phase.ops(row);
    for k in 0..OPS {
        if k >= count {
            break;
        }
        let op = &row.ops[(from + k) & (OPS - 1)];
        if applies(thread, op, phase) {
            let at = copy_one(thread, op, writer.place(), phase.result(), u64::from(phase.blob_flags()));
            if at == NO_ROOM {
                return 1;
            }
            writer.off = at;
        }
    }
    0
}

/// There is no room for a blob: what the functions below give in place of where they ended.
const NO_ROOM: u64 = u64::MAX;

/// One blob, or the few that belong to one argument: from `place` ([`Writer::place`]) on. Gives the
/// offset behind it, or [`NO_ROOM`].
///
/// Verifier: this and the functions it calls are global ones, which are verified once, for any
/// arguments, and not once for each way that leads to them: with static ones a million instructions
/// are not enough. So they take and give plain numbers, and look the arena up anew.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn copy_one(thread: *const Thread, op: *const Op, place: u64, result: i64, at_exit: u64) -> u64 {
    // SAFETY: null, or what `copy` passes; the verifier checks either.
    let (Some(thread), Some(op)) = (unsafe { thread.as_ref() }, unsafe { op.as_ref() }) else { return NO_ROOM };
    let pointer = argument(thread, op.arg);
    let at = At { ring: thread.ring, what: u64::from(op.arg & 7) | at_exit << 8 | guess(op) };
    let start = pointer.wrapping_add(u64::from(op.offset));
    if pointer == 0 {
        return at.bytes(0, 0, 0, place, u64::from(blob_flags::NULL) << 8);
    }
    let count = u64::from(argument(thread, op.size_arg) as u32);
    let most = MAX_BYTES as u64;
    match op.kind {
        op::STRING => string(start, at.what, place, u64::from(at.ring)),
        op::FIXED => at.bytes(start, u64::from(op.size), most, place, 0),
        op::COUNTED => at.bytes(start, times(count, op.size), most, place, 0),
        op::RETURNED => at.bytes(start, times(result.unsigned_abs(), op.size), most, place, 0),
        op::PAYLOAD_IN => at.bytes(start, argument(thread, op.size_arg), payload_limit(), place, 0),
        op::PAYLOAD_OUT => at.bytes(start, result.unsigned_abs(), payload_limit(), place, 0),
        op::ADDRESS_OUT => {
            // SAFETY: the helper reads any address of the process, or fails.
            let len = unsafe { bpf_probe_read_user(argument(thread, op.size_arg) as *const u32) }.unwrap_or(0);
            at.bytes(start, u64::from(len), most, place, 0)
        }
        op::COUNT_STRINGS => count_strings(start, at.what, place, u64::from(at.ring)),
        op::STRINGS => strings(start, at.what, place, u64::from(at.ring)),
        op::VECTOR => at.vector(start, count, part::WHOLE, u64::MAX, payload(thread, op), place),
        op::VECTOR_OUT => at.vector(start, count, part::WHOLE, result.unsigned_abs(), payload(thread, op), place),
        op::MESSAGE => at.message(start, u64::MAX, payload(thread, op), place),
        op::MESSAGE_OUT => at.message(start, result.unsigned_abs(), payload(thread, op), place),
        _ => place & OFFSET,
    }
}

/// A bit above place and flags of a blob: that it cannot be read is no loss.
const GUESS: u64 = 1 << 16;

#[inline(always)]
fn guess(op: &Op) -> u64 {
    if op.when & when::GUESS != 0 { GUESS } else { 0 }
}

/// The half of a place that is the offset.
const OFFSET: u64 = 0xffff_ffff;

/// Elements times their size, without overflow.
#[inline(always)]
fn times(count: u64, size: u16) -> u64 {
    let count = if count > 0xffff { 0xffff } else { count };
    count * u64::from(size)
}

#[inline(always)]
fn payload_limit() -> u64 {
    // SAFETY: a static of this program, filled in before it was loaded.
    u64::from(unsafe { core::ptr::read_volatile(&raw const PAYLOAD_BYTES) })
}

#[inline(always)]
fn lose_on(ring: u64, reason: LossReason) {
    if let Some(cursors) = CURSORS.get_ptr_mut(ring as u32) {
        // SAFETY: this CPU's own value.
        lose(unsafe { &mut *cursors }, reason);
    }
}

/// Whose blobs these are, and which.
#[derive(Clone, Copy)]
struct At {
    ring: u32,
    /// [`Blob::place`], and its flags shifted by eight.
    what: u64,
}

impl At {
    #[inline(always)]
    fn part(self, part: u8) -> Self {
        Self { what: self.what | u64::from(part) << 3, ..self }
    }

    #[inline(always)]
    fn bytes(self, pointer: u64, len: u64, limit: u64, place: u64, flags: u64) -> u64 {
        bytes(pointer, len, limit << 32 | self.what | flags, place, u64::from(self.ring))
    }

    /// An array of `iovec`, and the payload behind the first ones where it is wanted.
    #[inline(always)]
    fn vector(self, pointer: u64, count: u64, part: u8, received: u64, wanted: bool, place: u64) -> u64 {
        let segment = place & !OFFSET;
        let mut off = self.part(part).bytes(pointer, times(count, 16), MAX_BYTES as u64, place, 0);
        if !wanted {
            return off;
        }
        let mut left = received;
        for i in 0..u64::from(part::VECTORS) {
            if i >= count || left == 0 || off == NO_ROOM {
                break;
            }
            // SAFETY: the helper reads any address of the process, or fails.
            let Ok(element) = (unsafe { bpf_probe_read_user((pointer + i * 16) as *const IoVec) }) else { break };
            let len = if element.len < left { element.len } else { left };
            left -= len;
            let place = segment | off & OFFSET;
            off = self.part(part::BYTES + i as u8).bytes(element.base, len, payload_limit(), place, 0);
        }
        off
    }

    /// A `msghdr`, and what it points to.
    #[inline(always)]
    fn message(self, pointer: u64, received: u64, wanted: bool, place: u64) -> u64 {
        let segment = place & !OFFSET;
        // SAFETY: the helper reads any address of the process, or fails.
        let header = unsafe { bpf_probe_read_user(pointer as *const MsgHdr) };
        let mut off = self.bytes(pointer, size_of::<MsgHdr>() as u64, MAX_BYTES as u64, place, 0);
        let Ok(header) = header else { return off };
        if header.name != 0 && off != NO_ROOM {
            let len = u64::from(header.name_len as u32);
            off = self.part(part::NAME).bytes(header.name, len, 128, segment | off & OFFSET, 0);
        }
        if header.control != 0 && wanted && off != NO_ROOM {
            off = self.part(part::CONTROL).bytes(header.control, header.control_len, 256, segment | off & OFFSET, 0);
        }
        if off == NO_ROOM {
            return off;
        }
        self.vector(header.vector, header.vector_len, part::VECTOR, received, wanted, segment | off & OFFSET)
    }
}

/// `struct iovec`.
#[derive(Clone, Copy)]
#[repr(C)]
struct IoVec {
    base: u64,
    len: u64,
}

/// `struct user_msghdr` (`include/linux/socket.h`) on 64-bit machines.
#[derive(Clone, Copy)]
#[repr(C)]
struct MsgHdr {
    name: u64,
    name_len: u64,
    vector: u64,
    vector_len: u64,
    control: u64,
    control_len: u64,
    flags: u64,
}

/// The header of a blob goes in front of its bytes when their number is known. Gives the offset behind it.
#[inline(always)]
fn finish(writer: &Writer, what: u64, len: u64) -> u64 {
    let header = what & 0xffff | len << 16;
    // SAFETY: within the segment by the mask, within the chunk since `room` counted it. The shape is
    // that of `Blob`: place, flags, length.
    unsafe { writer.at(writer.off).cast::<u32>().write(header as u32) };
    const { assert!(size_of::<Blob>() == 4) };
    writer.off + 4 + (len + 3 & !3)
}

/// The pointer in place of the bytes.
#[inline(always)]
fn unread(writer: &Writer, pointer: u64, what: u64, ring: u64) -> u64 {
    if writer.room() < 12 {
        return NO_ROOM;
    }
    // SAFETY: within the chunk, as just seen.
    unsafe {
        writer.at(writer.off + 4).cast::<u32>().write(pointer as u32);
        writer.at(writer.off + 8).cast::<u32>().write((pointer >> 32) as u32);
    }
    if what & GUESS == 0 {
        lose_on(ring, LossReason::Unread);
    }
    finish(writer, what | u64::from(blob_flags::UNREAD) << 8, 8)
}

/// Bytes of a known number, of which `limit_what >> 32` are kept.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn bytes(pointer: u64, len: u64, limit_what: u64, place: u64, ring: u64) -> u64 {
    let Some(writer) = Writer::at_place(place) else { return NO_ROOM };
    let (limit, mut what, mut len) = (limit_what >> 32, limit_what & 0xffff_ffff, len);
    if len > limit {
        len = limit;
        what |= u64::from(blob_flags::CUT) << 8;
        if limit == MAX_BYTES as u64 {
            lose_on(ring, LossReason::Shortened);
        }
    }
    // Verifier: the bound once more, on the very register that goes to the helper.
    if len > MAX_BYTES as u64 || writer.room() < 4 + (len + 3 & !3) {
        return NO_ROOM;
    }
    if len != 0 {
        // SAFETY: at most the segment's slack beyond the masked offset; within the chunk as just seen.
        let failed = unsafe { read_user(writer.at(writer.off + 4).cast(), len as u32, pointer as *const _) } != 0;
        if failed {
            return unread(&writer, pointer, what, ring);
        }
    }
    finish(&writer, what, len)
}

/// A string up to its NUL.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn string(pointer: u64, what: u64, place: u64, ring: u64) -> u64 {
    let Some(writer) = Writer::at_place(place) else { return NO_ROOM };
    let room = writer.room();
    if room < 8 {
        return NO_ROOM;
    }
    let room = (room - 4) & !3;
    let max = if room < MAX_STRING as u64 { room } else { MAX_STRING as u64 };
    // SAFETY: as in `bytes`. Verifier: the mask bounds what the comparison above bounded already.
    let len = unsafe { read_user_str(writer.at(writer.off + 4).cast(), (max & 0x3ff) as u32, pointer as *const _) };
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
    // SAFETY: the helper reads any address of the process, or fails.
    let last = unsafe { bpf_probe_read_user((pointer + MAX_STRING as u64 - 1) as *const u8) }.unwrap_or(1);
    if last == 0 {
        return finish(&writer, what, MAX_STRING as u64);
    }
    lose_on(ring, LossReason::Shortened);
    finish(&writer, what | u64::from(blob_flags::CUT) << 8, MAX_STRING as u64)
}

/// A vector of strings, ended by a null pointer.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn strings(pointer: u64, what: u64, place: u64, ring: u64) -> u64 {
    let Some(writer) = Writer::at_place(place) else { return NO_ROOM };
    let mut total = 0u64;
    let mut is_cut = true;
    for i in 0..MAX_STRINGS as u64 {
        // SAFETY: the helper reads any address of the process, or fails.
        let Ok(element) = (unsafe { bpf_probe_read_user((pointer + i * 8) as *const u64) }) else {
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
        // SAFETY: as in `string`.
        let len = unsafe {
            read_user_str(writer.at(writer.off + 4 + total).cast(), (max & 0x3ff) as u32, element as *const _)
        };
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

/// How many strings a vector has, and where it is.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn count_strings(pointer: u64, what: u64, place: u64, ring: u64) -> u64 {
    let Some(writer) = Writer::at_place(place) else { return NO_ROOM };
    if writer.room() < 16 {
        return NO_ROOM;
    }
    let (mut count, mut flags) = (0u32, u64::from(blob_flags::CUT) << 8);
    for i in 0..u64::from(MAX_COUNTED) {
        // SAFETY: the helper reads any address of the process, or fails.
        let Ok(element) = (unsafe { bpf_probe_read_user((pointer + i * 8) as *const u64) }) else {
            return unread(&writer, pointer, what, ring);
        };
        if element == 0 {
            flags = 0;
            break;
        }
        count += 1;
    }
    // SAFETY: within the chunk, as seen above.
    unsafe {
        writer.at(writer.off + 4).cast::<u32>().write(pointer as u32);
        writer.at(writer.off + 8).cast::<u32>().write((pointer >> 32) as u32);
        writer.at(writer.off + 12).cast::<u32>().write(count);
    }
    finish(&writer, what | flags, 12)
}
