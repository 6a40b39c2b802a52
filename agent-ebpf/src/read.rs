//! Memory behind a call's arguments: what its row says is copied, when the row says. How is in `blob`,
//! `number` and `message`.

use crate::blob::{self, At, GUESS, NARROW, NO_ROOM, OFFSET, SAID};
use crate::descriptor;
use crate::globals::{given, global};
use crate::message;
use crate::number::{self, UNREADABLE};
use crate::refused::PUT_BACK;
use crate::ring::Writer;
use crate::task::{self, Thread};
use crate::{atomic, probe};
use rewind_common::{
    call::{blob_flags, flags, part},
    capture::{Capture, MAX_BYTES, MAX_MESSAGES, OPS, Op, op, when},
    record::Kind,
    ring::ring_flags,
};

/// Buffers of the C library, and of most others, are so long or so many times that.
const PAGE: u64 = 4096;
/// `ERESTARTSYS` to `ERESTART_RESTARTBLOCK` (`include/linux/errno.h`).
pub const RESTARTS: core::ops::RangeInclusive<i64> = -516..=-512;

/// At which end of a call its record is made.
#[derive(Clone, Copy)]
pub struct Phase {
    /// When it has returned, or will not any more. 0: it begins.
    pub at_ns: u64,
    /// What it returned.
    pub result: i64,
}

impl Phase {
    /// It begins.
    pub const ENTER: Self = Self { at_ns: 0, result: 0 };

    #[inline(always)]
    fn is_enter(self) -> bool {
        self.at_ns == 0
    }

    /// The kind of its record.
    #[inline(always)]
    pub fn kind(self) -> Kind {
        if self.is_enter() { Kind::Enter } else { Kind::Call }
    }

    /// How many calls its record counts.
    #[inline(always)]
    pub fn calls(self) -> u64 {
        u64::from(!self.is_enter())
    }

    #[inline(always)]
    fn blob_flags(self) -> u8 {
        if self.is_enter() { 0 } else { blob_flags::AT_EXIT }
    }

    /// The operations of a row that are done now: from which, how many.
    #[inline(always)]
    fn ops(self, row: &Capture, thread: &Thread) -> (usize, usize) {
        let (exit_ops, enter_ops) = (usize::from(row.exit_ops), usize::from(row.enter_ops));
        if self.is_enter() {
            return (exit_ops, enter_ops);
        }
        // Of a call that never began all is done when it returns.
        let is_refused = (thread.flags >> flags::REFUSED.trailing_zeros() & 1) as usize;
        (0, exit_ops + enter_ops * is_refused)
    }

    /// What the call returned; an error where it never did.
    #[inline(always)]
    pub fn outcome(self, thread: &Thread) -> i64 {
        if thread.flags & (u32::from(flags::UNFINISHED) | PUT_BACK) != 0 { -1 } else { self.result }
    }
}

/// An argument by its number.
#[inline(always)]
fn argument(thread: &Thread, i: u8) -> u64 {
    // Verifier: bounded by the mask and not by a comparison, which 6.1 forgets where the index lies on
    // the stack meanwhile.
    thread.args[usize::from(i & 7)]
}

/// Whether one of the pointers that are followed at entry points anywhere.
#[inline(always)]
pub fn wants_entry(thread: &Thread, row: &Capture) -> bool {
    let from = usize::from(row.exit_ops);
    for k in 0..OPS {
        // Verifier: read anew each time, or the compiler counts down from it, and 6.1 does not see where
        // that ends.
        if k >= usize::from(atomic::load_volatile(&row.enter_ops)) {
            break;
        }
        if argument(thread, row.ops[(from + k) & (OPS - 1)].arg) != 0 {
            return true;
        }
    }
    false
}

/// Notes what will be another when the call returns: the length of an address, or of the name of a message;
/// the stack pointer, which becomes an argument.
#[inline(never)]
pub fn note(thread: &mut Thread, row: &Capture) -> u64 {
    // Verifier: all operations are looked at, those of entry too, which are never of these kinds: a number
    // of them that the row says is counted down by the compiler, and 6.1 does not see where that ends.
    for op in &row.ops {
        let offset = match op.kind {
            op::LENGTH => 0,
            op::MESSAGE_OUT => message::NAME_LENGTH,
            op::FRAME => {
                thread.args[usize::from(op.arg & 7)] = task::stack_pointer(probe::registers(task::current()));
                break;
            }
            _ => continue,
        };
        let pointer = argument(thread, op.arg);
        if pointer != 0 {
            thread.length = number::read_number(pointer + offset);
        }
        break;
    }
    0
}

/// Which operations of a row are done now, from bit 16 on, and below which arguments a blob stands
/// for: a bit each.
///
/// Verifier: gathered in the thread's state, for it forgets what stands there. In a register each
/// combination of bits would be a way of its own through all that follows.
#[inline(always)]
pub fn wanted(thread: &mut Thread, row: &Capture, phase: Phase, outcome: i64) -> u32 {
    let (from, count) = phase.ops(row, thread);
    if count == 0 {
        return 0;
    }
    atomic::store_volatile(&mut thread.wanted, 0);
    for k in 0..OPS {
        if k >= count {
            break;
        }
        let op = &row.ops[(from + k) & (OPS - 1)];
        if op.when & when::LOG != 0 {
            thread.stream = descriptor::stream(thread.args[0] & 0xffff_ffff);
        }
        if applies(thread, row, op, outcome) {
            let bits = 1 << (op.arg & 7) & 0x3f | 1 << (OPERATIONS + k as u64);
            let gathered = atomic::load_volatile(&thread.wanted) | bits as u32;
            atomic::store_volatile(&mut thread.wanted, gathered);
        }
    }
    atomic::load_volatile(&thread.wanted)
}

/// Where the bits of the operations begin.
const OPERATIONS: u64 = 16;
/// Those bits: they fit between the segment and the offset of a place.
pub const WANTED: u64 = ((1 << OPS) - 1) << OPERATIONS;
const _: () = assert!(rewind_common::chunk::SEGMENT_BYTES <= 1 << (OPERATIONS - 1));

/// Whether an operation is done for this call.
#[inline(always)]
fn applies(thread: &Thread, row: &Capture, op: &Op, result: i64) -> bool {
    // Where there is no memory the value says it all.
    if argument(thread, op.arg) == 0 {
        return false;
    }
    if result < 0 && (op.when & when::SUCCESS != 0 || matches!(op.kind, op::RETURNED | op::PAYLOAD_OUT)) {
        return false;
    }
    if op.when & when::INTERRUPTED != 0 && !RESTARTS.contains(&result) {
        return false;
    }
    if op.when & when::COMMAND != 0 && !is_of_command(thread, row, op.size_arg) {
        return false;
    }
    match op.kind {
        op::NONE => false,
        // Without an address its length is not looked at. An offset is its own condition.
        op::LENGTH => argument(thread, op.size_arg) != 0,
        op::PAYLOAD_IN | op::PAYLOAD_OUT => payload(thread, op),
        _ => true,
    }
}

/// Whether the call's command is one of those of its row that have a bit in `mask`.
#[inline(always)]
fn is_of_command(thread: &Thread, row: &Capture, mask: u8) -> bool {
    let command = argument(thread, row.command_arg as u8) as u32 & row.command_mask;
    let mut found = 0;
    for (i, known) in row.commands.iter().enumerate() {
        // Verifier: no branch for each of them, which would double the ways that lead on from here.
        let differs = u64::from(command ^ known);
        found |= ((differs + 0xffff_ffff) >> 32 ^ 1) & u64::from(mask) >> i;
    }
    found & 1 != 0
}

/// Whether payload is copied.
#[inline(always)]
fn payload(thread: &Thread, op: &Op) -> bool {
    let is_log = op.when & when::LOG != 0 && thread.stream != 0;
    is_log || thread.ring_flags & ring_flags::PAYLOAD != 0
}

/// [`SAID`], where something is said to people: on standard error, or on standard output, unless it is whole pages of it,
/// as they are written where a buffer is full of what other programs read. Of a vector the length is not known.
#[inline(always)]
fn said(thread: &Thread, op: &Op) -> u64 {
    if op.when & when::LOG == 0 || thread.stream == 0 {
        return 0;
    }
    let is_error = thread.stream == u64::from(descriptor::ERROR);
    let said = if is_error || thread.args[2] & (PAGE - 1) != 0 { SAID } else { 0 };
    let fd = thread.args[0] as u32;
    if fd == descriptor::OUTPUT || fd == descriptor::ERROR {
        return said;
    }
    said | u64::from(if is_error { blob_flags::TO_ERROR } else { blob_flags::TO_OUTPUT }) << 8
}

/// Does what the row says as far as one copy a blob is enough, as for most calls: they are spared the
/// functions below, each of which costs as much as the copy where the kernel guards its returns. Gives
/// the operations of `wanted` that are left for [`copy`], the first of which has done nothing yet.
#[inline(always)]
pub fn copy_plain(thread: &mut Thread, row: &Capture, writer: &mut Writer, phase: Phase, outcome: i64) -> u64 {
    let from = phase.ops(row, thread).0;
    let flags = u64::from(phase.blob_flags()) << 8;
    for k in 0..OPS as u32 {
        let left = atomic::load_volatile(&thread.wanted) >> OPERATIONS;
        if left >> k == 0 {
            break;
        }
        if left >> k & 1 == 0 {
            continue;
        }
        let op = &row.ops[(from + k as usize) & (OPS - 1)];
        if !plain(thread, op, writer, outcome, flags) {
            break;
        }
        let left = atomic::load_volatile(&thread.wanted) & !(1 << (OPERATIONS as u32 + k));
        atomic::store_volatile(&mut thread.wanted, left);
        writer.off = thread.opaque(writer.off);
    }
    u64::from(atomic::load_volatile(&thread.wanted)) & WANTED
}

/// One operation of [`copy_plain`]; `false`: nothing is done.
#[inline(always)]
fn plain(thread: &mut Thread, op: &Op, writer: &mut Writer, result: i64, flags: u64) -> bool {
    let pointer = argument(thread, op.arg).wrapping_add(u64::from(op.offset));
    let what = u64::from(op.arg & 7) | flags;
    let count = match op.kind {
        op::STRING => return blob::string_at_once(writer, pointer, what),
        op::OFFSET => return number::offset_at_once(writer, pointer, result, what),
        op::FIXED | op::FRAME => 1,
        op::COUNTED => u64::from(argument(thread, op.size_arg) as u32),
        op::VECTOR if !payload(thread, op) => u64::from(argument(thread, op.size_arg) as u32),
        op::RETURNED => result.unsigned_abs(),
        _ => return false,
    };
    let len = times(count, op.size);
    if len >= MAX_BYTES as u64 {
        return false;
    }
    // Verifier: bounded by a mask and not by the comparison, which 6.1 forgets where the length lies on
    // the stack meanwhile.
    blob::bytes_at_once(writer, pointer, thread.opaque(len) & (MAX_BYTES as u64 - 1), what)
}

/// Does what the row says. `begun` is the place where the blobs go, with the operations that are
/// wanted in between. Gives the offset behind the blobs, or [`NO_ROOM`].
#[inline(always)]
pub fn copy(thread: &Thread, row: Option<&Capture>, begun: u64, phase: Phase) -> u64 {
    let Some(row) = row else { return NO_ROOM };
    let from = phase.ops(row, thread).0 as u64;
    let how = begun & WANTED | from << HOW_FROM | u64::from(phase.blob_flags()) << HOW_FLAGS;
    copy_all(thread, row, begun & !WANTED, how, phase.outcome(thread))
}

/// Where in `how` the first operation's number begins, and where the flags of the blobs.
const HOW_FROM: u64 = 32;
const HOW_FLAGS: u64 = 40;

global! {
    /// The blobs of all operations that are wanted. As [`copy_one`].
    fn copy_all(thread: *const Thread, row: *const Capture, place: u64, how: u64, result: i64) -> u64 {
        let (Some(thread), Some(row)) = (given(thread), given(row)) else { return NO_ROOM };
        let segment = place & !OFFSET;
        let mut off = place & OFFSET;
        for k in 0..OPS as u64 {
            if how >> (OPERATIONS + k) & 1 != 0 {
                let op = &row.ops[((how >> HOW_FROM & 0xff) + k) as usize & (OPS - 1)];
                off = copy_one(thread, op, segment | off & OFFSET, result, how >> HOW_FLAGS);
                if off == NO_ROOM {
                    break;
                }
            }
        }
        off
    }

    /// One blob, or the few that belong to one argument: from `place` ([`Writer::position`]) on. Gives the
    /// offset behind it, or [`NO_ROOM`].
    ///
    /// Verifier: this and the functions it calls are global ones, which are verified once, for any
    /// arguments, and not once for each way that leads to them: with static ones a million instructions
    /// are not enough. So they take and give plain numbers, and look the arena up anew.
    fn copy_one(thread: *const Thread, op: *const Op, place: u64, result: i64, at_exit: u64) -> u64 {
        let (Some(thread), Some(op)) = (given(thread), given(op)) else { return NO_ROOM };
        let pointer = argument(thread, op.arg);
        let what = u64::from(op.arg & 7) | at_exit << 8 | guess(op) | said(thread, op);
        let at = At { ring: thread.ring, what };
        let start = pointer.wrapping_add(u64::from(op.offset));
        let ring = u64::from(at.ring);
        let count = u64::from(argument(thread, op.size_arg) as u32);
        let most = MAX_BYTES as u64;
        let payload = payload(thread, op);
        match op.kind {
            op::STRING => blob::string(start, at.what, place, ring),
            op::FIXED | op::FRAME => at.bytes(start, u64::from(op.size), most, place, 0),
            op::COUNTED => at.bytes(start, times(count, op.size), most, place, 0),
            op::RETURNED => at.bytes(start, times(result.unsigned_abs(), op.size), most, place, 0),
            op::PAYLOAD_IN => at.sent(start, argument(thread, op.size_arg), place),
            op::PAYLOAD_OUT => at.bytes(start, result.unsigned_abs(), blob::payload_limit(), place, 0),
            op::ADDRESS_OUT => {
                let len = probe::user::<u32>(argument(thread, op.size_arg)).unwrap_or(0);
                at.bytes(start, u64::from(len).min(thread.length), most, place, 0)
            }
            op::LENGTH => number::length(start, thread.length, at.what, place, u64::from(result < 0)),
            op::OFFSET => number::offset(start, result, at.what, place, ring),
            op::COUNT_STRINGS => number::count_strings(start, at.what | narrow(op), place, ring),
            op::COUNT_ENTRIES => number::count_entries(start, result.unsigned_abs(), at.what, place, ring),
            op::FD_SETS => number::fd_sets(thread, at.what, place),
            op::STRINGS => blob::strings(start, at.what | narrow(op), place, ring),
            op::WORDS => {
                message::words(pointer, u64::from(op.size) << 32 | u64::from(op.offset), at.packed(false), place)
            }
            op::BOXED => message::vector(start, 1, u64::MAX, at.packed(true), place),
            op::VECTOR => message::vector(start, count, u64::MAX, at.packed(payload), place),
            op::VECTOR_OUT => message::vector(start, count, result.unsigned_abs(), at.packed(payload), place),
            op::MESSAGE => message::message(start, u64::MAX, at.packed(payload), place, message::UNCHANGED),
            op::MESSAGE_OUT if result < 0 && thread.length != UNREADABLE => {
                number::number(thread.length, at.part(part::NAME_LENGTH).what, place)
            }
            op::MESSAGE_OUT => message::message(start, result.unsigned_abs(), at.packed(payload), place, thread.length),
            op::MESSAGES | op::MESSAGES_OUT => {
                let used = result.unsigned_abs().min(u64::from(MAX_MESSAGES));
                message::messages(start, used, at.packed(payload), place, op.kind == op::MESSAGES_OUT)
            }
            _ => place & OFFSET,
        }
    }
}

#[inline(always)]
fn narrow(op: &Op) -> u64 {
    if op.when & when::NARROW != 0 { NARROW } else { 0 }
}

#[inline(always)]
fn guess(op: &Op) -> u64 {
    if op.when & when::GUESS != 0 { GUESS } else { 0 }
}

/// Elements times their size, without overflow.
#[inline(always)]
fn times(count: u64, size: u16) -> u64 {
    let count = if count > 0xffff { 0xffff } else { count };
    count * u64::from(size)
}
