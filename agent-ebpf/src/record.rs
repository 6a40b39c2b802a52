//! What happened -> a record in the ring: calls, their starts, who threads are, and events.

use crate::blob::NO_ROOM;
use crate::maps::CAPTURES;
use crate::read::{self, Phase};
use crate::ring::{Writer, begin, begun, close, commit, counters::lose, cursors, lock, unlock};
use crate::task::{self, Thread};
use core::ffi::c_void;
use rewind_common::{
    call::{Call, args, flags},
    capture::{Capture, ROWS, capture_flags},
    chunk::CHUNKS,
    loss::LossReason,
    record::{Kind, RecordHead, Task},
    ring::{Cursors, MAIN, PROTECTED},
};

/// A call's record without the bytes behind its pointers: the fixed part, two upper halves, six wide
/// arguments, and the header of one blob.
const CALL_ROOM: u64 = (size_of::<Call>() + 8 + 48 + 4) as u64;
/// A thread is announced again after this many chunks: fewer than the smallest share has.
const ANNOUNCE_AGAIN: u64 = CHUNKS as u64 / 4;

/// Writes a record that is no call into the protected share.
#[inline(always)]
pub fn event<T: Copy>(task: *const c_void, thread: &mut Thread, now_ns: u64, record: &T) {
    let Some(cursors) = cursors(thread) else { return };
    if !lock(cursors) {
        return;
    }
    announce(task, thread, cursors, PROTECTED, now_ns);
    if let Some(mut writer) = begin(thread, cursors, PROTECTED, size_of::<T>() as u64) {
        writer.put(*record);
        commit(cursors, PROTECTED, &writer, 0);
    }
    unlock(cursors);
}

/// Says who the thread is where the share has not heard it lately.
#[inline(always)]
fn announce(task: *const c_void, thread: &mut Thread, cursors: &mut Cursors, share: usize, now_ns: u64) {
    let announced = thread.announced[share & 1];
    if announced == 0 || cursors.shares[share & 1].claim + 1 >= announced + ANNOUNCE_AGAIN {
        write_task(task, thread, cursors, share as u64, now_ns);
    }
}

#[inline(never)]
fn write_task(task: *const c_void, thread: &mut Thread, cursors: &mut Cursors, share: u64, now_ns: u64) -> u64 {
    let share = share as usize & 1;
    // After `execve` of a thread that was not its process's first one it has that one's number.
    thread.tid = task::tid(task);
    let Some(mut writer) = begin(thread, cursors, share, size_of::<Task>() as u64) else { return 1 };
    let len = size_of::<Task>() as u16;
    let mut record =
        Task { head: RecordHead { len, kind: Kind::Task as u8, flags: 0, tid: thread.tid }, ..Task::default() };
    task::describe(task, &mut record, now_ns);
    writer.put(record);
    commit(cursors, share, &writer, 0);
    thread.announced[share] = cursors.shares[share].claim + 1;
    0
}

/// What to copy for the call that a thread is in.
#[inline(always)]
fn capture(thread: &Thread) -> Option<&'static Capture> {
    if thread.flags & u32::from(flags::COMPAT | flags::X32) != 0 || thread.nr >= ROWS {
        return None;
    }
    CAPTURES.get(thread.nr)
}

/// A call begins: nothing is written, unless it may block, or destroys what its arguments point to.
#[inline(always)]
pub fn enter(task: *const c_void, thread: &mut Thread) {
    let Some(capture) = capture(thread) else { return };
    if capture.flags & capture_flags::LENGTH != 0 {
        read::note_length(thread, capture);
    }
    if capture.enter_ops != 0 && read::wants_entry(thread, capture) {
        write_enter(task, thread, capture);
    }
}

#[inline(never)]
fn write_enter(task: *const c_void, thread: &mut Thread, capture: &Capture) -> u64 {
    let Some(cursors) = cursors(thread) else { return 1 };
    if !lock(cursors) {
        return 1;
    }
    let share = if capture.flags & capture_flags::DECISIVE != 0 { PROTECTED } else { MAIN };
    let now_ns = thread.start_ns;
    announce(task, thread, cursors, share, now_ns);
    if write(thread, cursors, share, Phase::Enter) == WRITTEN {
        thread.flags |= u32::from(flags::ENTERED);
    }
    unlock(cursors);
    0
}

/// A call has returned, or never will.
#[inline(always)]
pub fn call(task: *const c_void, thread: &mut Thread, now_ns: u64, result: i64) {
    let Some(cursors) = cursors(thread) else { return };
    if !lock(cursors) {
        return;
    }
    let row = capture(thread).map_or(0, |capture| capture.flags);
    let share = if is_decisive(row, result, thread.flags) { PROTECTED } else { MAIN };
    announce(task, thread, cursors, share, now_ns);
    write(thread, cursors, share, Phase::Exit { at_ns: now_ns, result });
    // The call itself is still that of the thread under its old name (and number): its start was.
    if row & capture_flags::RENAMES != 0 {
        thread.announced = [0; 2];
    }
    unlock(cursors);
}

/// Whether a call's record belongs into the protected share: its row says so, or it failed in a way
/// that is not part of ordinary waiting.
#[inline(always)]
fn is_decisive(row: u8, result: i64, call: u32) -> bool {
    const EINTR: i64 = -4;
    const EAGAIN: i64 = -11;
    const EINPROGRESS: i64 = -115;
    if row & capture_flags::DECISIVE != 0 || call & u32::from(flags::UNFINISHED) != 0 {
        return true;
    }
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
fn write(thread: &Thread, cursors: &mut Cursors, share: usize, phase: Phase) -> u64 {
    let mut place = begin_call(thread, cursors, share as u64, phase);
    if place <= NOT_WRITTEN {
        return place;
    }
    let mut off = read::copy(thread, capture(thread), place, phase);
    if off == NO_ROOM {
        // It does not fit behind what is there: once more, in an empty chunk.
        close(cursors, share);
        place = begin_call(thread, cursors, share as u64, phase);
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

/// Composes the record of a call but for its blobs. Where there are none it is [`WRITTEN`]; else this
/// gives the place where they go ([`Writer::place`]), with the operations that are wanted
/// ([`read::WANTED`]) in between.
#[inline(never)]
fn begin_call(thread: &Thread, cursors: &mut Cursors, share: u64, phase: Phase) -> u64 {
    let share = share as usize & 1;
    let row = capture(thread).filter(|capture| capture.flags & capture_flags::KNOWN != 0);
    let wanted = row.map_or(0, |row| read::wanted(thread, row, phase));
    let Some(mut writer) = begin(thread, cursors, share, CALL_ROOM) else { return NOT_WRITTEN };
    compose(thread, &mut writer, phase, row, wanted);
    if wanted == 0 {
        commit(cursors, share, &writer, phase.calls());
        return WRITTEN;
    }
    writer.place() | u64::from(wanted) & read::WANTED
}

/// Ends a record that [`begin_call`] began: its blobs end at `off`.
#[inline(never)]
fn end_call(cursors: &mut Cursors, share: u64, off: u64, calls: u64) -> u64 {
    let share = share as usize & 1;
    let Some((writer, start)) = begun(cursors, share, off) else { return NOT_WRITTEN };
    // SAFETY: the fixed part lies within the chunk, and begins with the length.
    unsafe { writer.at(start).cast::<u16>().write((off - start) as u16) };
    commit(cursors, share, &writer, calls);
    WRITTEN
}

/// Composes the record of a call but for its blobs. There is room for that.
#[inline(always)]
fn compose(thread: &Thread, writer: &mut Writer, phase: Phase, row: Option<&Capture>, wanted: u32) {
    let start = writer.off;
    let blobs = wanted as u16 & 0x3f;
    let count = row.map_or(6, |row| u16::from(row.args));
    let mut record = Call {
        head: RecordHead { len: 0, kind: phase.kind() as u8, flags: thread.flags as u8, tid: thread.tid },
        nr: thread.nr as u16,
        args: 0,
        duration_ns: 0,
        start_ns: thread.start_ns,
        result: 0,
    };
    writer.off += size_of::<Call>() as u64;
    if let Phase::Exit { at_ns, result } = phase {
        let duration_ns = at_ns - thread.start_ns;
        record.duration_ns = duration_ns as u32;
        if duration_ns >> 32 != 0 {
            record.head.flags |= flags::LONG;
            writer.put((duration_ns >> 32) as u32);
        }
        record.result = result as u32;
        if i64::from(result as i32) != result {
            record.head.flags |= flags::WIDE_RESULT;
            writer.put((result >> 32) as u32);
        }
    }
    let mut word = count & 7 | blobs << args::BLOB_SHIFT;
    for i in 0..6u16 {
        if i >= count {
            break;
        }
        if blobs >> i & 1 != 0 {
            continue;
        }
        let value = thread.args[i as usize];
        if value >> 32 == 0 {
            writer.put(value as u32);
        } else {
            word |= 1 << (args::WIDE_SHIFT as u16 + i);
            writer.put_u64(value);
        }
    }
    record.args = word;
    record.head.len = (writer.off - start) as u16;
    // SAFETY: the fixed part lies within the chunk: there was room for it when it began.
    unsafe { writer.at(start).cast::<Call>().write(record) };
}
