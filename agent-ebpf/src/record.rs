//! What happened -> a record in the ring: calls, their starts, who threads are, and events.

use crate::blob::NO_ROOM;
use crate::globals::{given_mut, global};
use crate::maps::CAPTURES;
use crate::read::{self, Phase};
use crate::ring::{Writer, begin, begun, bounded, close, commit, counters, counters::lose, cursors, lock, unlock};
use crate::task::{self, Thread};
use rewind_common::{
    call::{Call, args, flags},
    capture::{Capture, ROWS, call_class, capture_flags},
    chunk::CHUNKS,
    loss::LossReason,
    record::{EventRecord, Kind, RecordHeader, Task},
    ring::{CALL_SHARES, Cursors, MAIN, PROTECTED, SHARES},
};

/// A thread is announced again after this many chunks: fewer than the smallest share has.
const ANNOUNCE_AGAIN: u64 = CHUNKS as u64 / 4;

/// Writes an event into the share that its kind belongs to.
#[inline(always)]
pub fn event<T: EventRecord + Copy>(thread: &mut Thread, now_ns: u64, record: &T) {
    let Some(cursors) = cursors(thread) else { return };
    if !lock(cursors, now_ns) {
        return;
    }
    announce(thread, cursors, T::SHARE, now_ns);
    if let Some(mut writer) = begin(thread, cursors, T::SHARE, size_of::<T>() as u64) {
        writer.put(*record);
        commit(cursors, T::SHARE, &writer, 0);
    }
    unlock(cursors);
}

/// Says who the thread is where the share has not heard it lately.
#[inline(always)]
fn announce(thread: &mut Thread, cursors: &mut Cursors, share: usize, now_ns: u64) {
    let announced = thread.announced[share];
    if announced == 0 || cursors.shares[share].claim + 1 >= announced + ANNOUNCE_AGAIN {
        write_task(thread, cursors, share as u64, now_ns);
    }
}

#[inline(never)]
fn write_task(thread: &mut Thread, cursors: &mut Cursors, share: u64, now_ns: u64) -> u64 {
    let share = bounded(share as usize);
    // After `execve` of a thread that was not its process's first one it has that one's number.
    let task = task::current();
    thread.tid = task::tid(task);
    let Some(mut writer) = begin(thread, cursors, share, size_of::<Task>() as u64) else { return 1 };
    let len = size_of::<Task>() as u16;
    let mut record =
        Task { header: RecordHeader { len, kind: Kind::Task as u8, flags: 0, tid: thread.tid }, ..Task::default() };
    task::describe(task, &mut record, now_ns);
    writer.put(record);
    commit(cursors, share, &writer, 0);
    thread.announced[share] = cursors.shares[share].claim + 1;
    0
}

/// What to copy for the call that a thread is in.
#[inline(always)]
fn capture(thread: &Thread) -> Option<&'static Capture> {
    if thread.flags & u32::from(flags::X32) != 0 || thread.nr >= ROWS {
        return None;
    }
    // The 32-bit table stands behind the other; no branch, for this is on the way of each call.
    const { assert!(flags::COMPAT == 1) };
    CAPTURES.get((thread.flags & u32::from(flags::COMPAT)) * ROWS + thread.nr)
}

/// A call begins: nothing is written, unless it may block, or destroys what its arguments point to.
#[inline(always)]
pub fn enter(thread: &mut Thread) {
    let Some(capture) = capture(thread) else { return };
    if capture.flags & capture_flags::NOTES != 0 {
        read::note(thread, capture);
    }
    if capture.enter_ops != 0 && read::wants_entry(thread, capture) {
        write_enter(thread, capture);
    }
}

#[inline(never)]
fn write_enter(thread: &mut Thread, capture: &Capture) -> u64 {
    let Some(cursors) = cursors(thread) else { return 1 };
    let now_ns = thread.start_ns;
    if !lock(cursors, now_ns) {
        return 1;
    }
    let share = if capture.flags & capture_flags::DECISIVE != 0 { PROTECTED } else { MAIN };
    announce(thread, cursors, share, now_ns);
    if write(thread, cursors, share, Phase::ENTER) == WRITTEN {
        thread.flags |= u32::from(flags::ENTERED);
    }
    unlock(cursors);
    0
}

/// A call has returned, or never will. Gives what it carries, if its descriptor is a socket's.
#[inline(always)]
pub fn call(thread: &mut Thread, now_ns: u64, result: i64) -> u32 {
    let Some(cursors) = cursors(thread) else { return 0 };
    if !lock(cursors, now_ns) {
        return 0;
    }
    let (mut carries, mut class) = (0, call_class::OTHER);
    let row = capture(thread).map_or(0, |capture| {
        (carries, class) = (capture.carries, capture.class);
        if capture.flags & capture_flags::NOTES != 0 && thread.flags & u32::from(flags::REFUSED) != 0 {
            read::note(thread, capture);
        }
        capture.flags
    });
    let is_unfinished = thread.flags & u32::from(flags::UNFINISHED) != 0;
    let has_failed = !is_unfinished && has_failed(row, result);
    counters::call(cursors, class, has_failed, now_ns - thread.start_ns);
    let is_decisive = has_failed || is_unfinished || row & capture_flags::DECISIVE != 0;
    let share = if is_decisive { PROTECTED } else { MAIN };
    announce(thread, cursors, share, now_ns);
    write(thread, cursors, share, Phase { at_ns: now_ns, result });
    // The call itself is still that of the thread under its old name (and number): its start was.
    if row & capture_flags::RENAMES != 0 {
        thread.announced = [0; SHARES];
    }
    unlock(cursors);
    carries
}

/// Whether a call failed in a way that is not part of ordinary waiting.
#[inline(always)]
fn has_failed(row: u8, result: i64) -> bool {
    const EINTR: i64 = -4;
    const EAGAIN: i64 = -11;
    const EINPROGRESS: i64 = -115;
    if row & capture_flags::ORDINARY != 0 || !(-4095..0).contains(&result) {
        return false;
    }
    result != EINTR && result != EAGAIN && result != EINPROGRESS && !read::RESTARTS.contains(&result)
}

/// Writes the record of a call: [`WRITTEN`], or not.
///
/// Verifier: before 6.13 the frames of a chain of calls may take 512 bytes together, each rounded up
/// to 32 (to 16 from 6.9 on), and copying needs most of them. So no frame that composes a record waits
/// while its blobs are copied: one function begins the record and returns, one copies, one ends the record.
#[inline(always)]
fn write(thread: &mut Thread, cursors: &mut Cursors, share: usize, phase: Phase) -> u64 {
    let mut place = begin_call(thread, cursors, share as u64, phase.at_ns, phase.result);
    if place <= NOT_WRITTEN {
        return place;
    }
    let mut off = read::copy(thread, capture(thread), place, phase);
    if off == NO_ROOM {
        // It does not fit behind what is there: once more, in an empty chunk.
        close(cursors, share);
        place = begin_call(thread, cursors, share as u64, phase.at_ns, phase.result);
        if place <= NOT_WRITTEN {
            return place;
        }
        off = read::copy(thread, capture(thread), place, phase);
        if off == NO_ROOM {
            lose(cursors, LossReason::TooLong);
            return NOT_WRITTEN;
        }
    }
    end_call(cursors, share as u64, off, phase.calls())
}

/// The record is there.
const WRITTEN: u64 = 0;
/// It is not. What is greater is a place in a record.
const NOT_WRITTEN: u64 = 1;

global! {
    /// Composes the record of a call. Where it is done with that it is [`WRITTEN`]; else this gives the
    /// place where the rest of its blobs go ([`Writer::position`]), with the operations that are left
    /// ([`read::WANTED`]) in between. `at_ns` is 0 where the call begins.
    ///
    /// Verifier: a global function, as those that copy (`read::copy_one`): walked once, for any thread.
    fn begin_call(thread: *mut Thread, cursors: *mut Cursors, share: u64, at_ns: u64, result: i64) -> u64 {
        let (Some(thread), Some(cursors)) = (given_mut(thread), given_mut(cursors)) else { return NOT_WRITTEN };
        let phase = Phase { at_ns, result };
        let outcome = phase.outcome(thread);
        let share = share as usize & (CALL_SHARES - 1);
        let row = capture(thread).filter(|capture| capture.flags & capture_flags::KNOWN != 0);
        let count = row.map_or(6, |row| u64::from(row.args)) & 7;
        let Some(mut writer) = begin(thread, cursors, share, MIN_BYTES + 8 * count) else { return NOT_WRITTEN };
        let wanted = row.map_or(0, |row| read::wanted(thread, row, phase, outcome));
        let start = writer.off;
        compose(thread, &mut writer, phase, count, u64::from(wanted));
        if wanted != 0 {
            writer.off = thread.opaque(writer.off);
            let left = row.map_or(0, |row| read::copy_plain(thread, row, &mut writer, phase, outcome));
            if left != 0 {
                return writer.position() | left;
            }
            writer.store(start, (writer.off - start) as u16);
        }
        commit(cursors, share, &writer, phase.calls());
        WRITTEN
    }
}

/// Ends a record that [`begin_call`] began: its blobs end at `off`.
#[inline(never)]
fn end_call(cursors: &mut Cursors, share: u64, off: u64, calls: u64) -> u64 {
    let share = share as usize & (CALL_SHARES - 1);
    let Some((writer, start)) = begun(cursors, share, off) else { return NOT_WRITTEN };
    // The fixed part begins with the length.
    writer.store(start, (off - start) as u16);
    commit(cursors, share, &writer, calls);
    WRITTEN
}

/// 1 if a number does not fit into 32 bits, else 0.
#[inline(always)]
fn is_wide(value: u64) -> u64 {
    ((value >> 32) + 0xffff_ffff) >> 32
}

/// Most bytes of a call's record without arguments and blobs.
const MIN_BYTES: u64 = size_of::<Call>() as u64 + 8;

/// Writes what a call's record is, but for its blobs, where `writer` stands.
///
/// Verifier: all of it goes through one pointer, bounded once, and what is added to that is small. Each
/// argument is written as if it were wide, and the next one over what it does not need of that: no
/// branch, which would double the ways that lead on from here, with a length of its own each.
#[inline(always)]
fn compose(thread: &Thread, writer: &mut Writer, phase: Phase, count: u64, wanted: u64) {
    let record = writer.fixed();
    let mut len = size_of::<Call>();
    // Two halves: eight bytes at a multiple of four would be written byte by byte on this target.
    let put = |value: u64, len: usize| {
        record.store(len, value as u32);
        record.store(len + 4, (value >> 32) as u32);
    };
    let mut flags = thread.flags as u8;
    let result = phase.result;
    let duration_ns = if phase.at_ns == 0 { 0 } else { phase.at_ns - thread.start_ns };
    let is_long = duration_ns >> 32 != 0;
    if is_long {
        flags |= flags::LONG;
        put(duration_ns >> 32, len);
        len += 4;
    }
    if is_wide(result.cast_unsigned().wrapping_add(1 << 31)) != 0 {
        flags |= flags::WIDE_RESULT;
        put(result.cast_unsigned() >> 32, len);
        len += 4;
    }
    let mut word = count | (wanted & 0x3f) << args::BLOB_SHIFT;
    for i in 0..6 {
        if i >= count {
            break;
        }
        let value = thread.args[i as usize];
        let is_value = !(wanted >> i) & 1;
        let is_wide = is_wide(value) & is_value;
        put(value, len);
        len += 4 * (is_value + is_wide) as usize;
        word |= is_wide << (u64::from(args::WIDE_SHIFT) + i);
    }
    let call = Call {
        header: RecordHeader { len: len as u16, kind: phase.kind() as u8, flags, tid: thread.tid },
        nr: thread.nr as u16,
        args: word as u16,
        duration_ns: duration_ns as u32,
        start_ns: thread.start_ns,
        result: result as u32,
    };
    record.store(0, call);
    writer.off += len as u64;
}
