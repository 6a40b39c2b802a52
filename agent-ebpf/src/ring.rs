//! Claim a chunk, write a record, commit it: the only file that touches rings.
//!
//! The protocol stands in `rewind_common::chunk`. All of it happens on one CPU's own chunk, so the
//! only atomics are the claim of a chunk and the commit of a record.

use crate::atomic;
use crate::maps::{ARENA, CAPTURES, CURSORS, FREE_SEGMENTS, NODE, RINGS};
use crate::read::{self, Phase};
use crate::task::{self, Thread};
use core::ffi::c_void;
use rewind_common::{
    call::{Call, args, flags},
    capture::{Capture, ROWS, capture_flags},
    chunk::{CHUNK_BYTES, CHUNKS, ChunkHead, HEAD_BYTES, SEGMENT_BYTES, word},
    loss::LossReason,
    record::{Kind, RecordHead, Task},
    ring::{Cursor, Cursors, MAIN, MAX_SEGMENTS, PROTECTED, Share},
};

/// Verifier: every offset into a segment goes through this mask, which bounds it where the
/// arithmetic that led to it (and keeps it inside the chunk) is too much for the verifier to follow.
const OFFSET_MASK: u64 = SEGMENT_BYTES as u64 - 1;
/// A call's record without the bytes behind its pointers: the fixed part, two upper halves, six wide
/// arguments, and the header of one blob.
const CALL_ROOM: u64 = (size_of::<Call>() + 8 + 48 + 4) as u64;
/// A thread is announced again after this many chunks: fewer than the smallest share has.
const ANNOUNCE_AGAIN: u64 = CHUNKS as u64 / 4;

/// A record in the making: where in which segment, and up to where it may go.
pub struct Writer {
    base: *mut u8,
    segment: u32,
    /// Where the next byte goes.
    pub off: u64,
    /// The end of the chunk.
    pub end: u64,
}

impl Writer {
    /// Writes a value behind what is there. The caller has seen that there is room.
    #[inline(always)]
    pub fn put<T: Copy>(&mut self, value: T) {
        const { assert!(align_of::<T>() <= 4 && size_of::<T>().is_multiple_of(4)) };
        // SAFETY: `off` is bounded by the mask and what is written by the segment's slack.
        unsafe { self.at(self.off).cast::<T>().write(value) };
        self.off += size_of::<T>() as u64;
    }

    /// Where it stands, as one number: the segment in the upper half, the offset in the lower.
    #[inline(always)]
    pub fn place(&self) -> u64 {
        u64::from(self.segment) << 32 | self.off & 0xffff_ffff
    }

    /// The writer that stands at [`Writer::place`].
    #[inline(always)]
    pub fn at_place(place: u64) -> Option<Self> {
        let (segment, off) = ((place >> 32) as u32, place & 0xffff_ffff);
        // At the very end of a chunk, `off` is the start of the next.
        let end = (off.wrapping_sub(1) & !(CHUNK_BYTES as u64 - 1)) + CHUNK_BYTES as u64;
        Some(Self { base: ARENA.get_ptr_mut(segment)?.cast(), segment, off, end })
    }

    /// The memory at `off`.
    #[inline(always)]
    pub fn at(&self, off: u64) -> *mut u8 {
        self.base.wrapping_add((off & OFFSET_MASK) as usize)
    }

    /// Bytes left in the chunk.
    #[inline(always)]
    pub fn room(&self) -> u64 {
        self.end.wrapping_sub(self.off)
    }

    #[inline(always)]
    fn put_u64(&mut self, value: u64) {
        self.put(value as u32);
        self.put((value >> 32) as u32);
    }
}

/// Counters of what is lost.
pub mod counters {
    use super::*;

    /// A container that found no free ring.
    #[inline(always)]
    pub fn refused() {
        if let Some(node) = NODE.get_ptr_mut(0) {
            // SAFETY: a field of a value of the map.
            unsafe { atomic::add(&raw mut (*node).refused, 1) };
        }
    }

    #[inline(always)]
    pub fn no_thread_state(ring: u32) {
        if let Some(cursors) = CURSORS.get_ptr_mut(ring) {
            // SAFETY: this CPU's own value.
            lose(unsafe { &mut *cursors }, LossReason::NoThreadState);
        }
    }

    #[inline(always)]
    pub fn lose(cursors: &mut Cursors, reason: LossReason) {
        cursors.losses[reason as usize] += 1;
    }
}
use counters::lose;

/// This CPU's cursors of the thread's ring.
#[inline(always)]
fn cursors(thread: &Thread) -> Option<&'static mut Cursors> {
    // SAFETY: this CPU's own value; `busy` keeps hooks that interrupt each other apart.
    let cursors = unsafe { &mut *CURSORS.get_ptr_mut(thread.ring)? };
    if cursors.recording != thread.recording {
        start_anew(cursors, thread.recording);
    }
    Some(cursors)
}

/// The ring has become another recording's: this CPU's figures start at nothing.
#[inline(never)]
fn start_anew(cursors: &mut Cursors, recording: u64) -> u64 {
    for share in &mut cursors.shares {
        *share = Cursor { committed: CHUNK_BYTES as u32, ..Cursor::default() };
    }
    for loss in &mut cursors.losses {
        *loss = 0;
    }
    cursors.recording = recording;
    0
}

/// The head of a chunk in a segment.
///
/// Verifier: the mask leaves only starts of chunks, or the atomics on the word would be refused as
/// misaligned.
#[inline(always)]
fn head(base: *mut u8, chunk: u32) -> *mut ChunkHead {
    base.wrapping_add(chunk as usize & (SEGMENT_BYTES - CHUNK_BYTES)).cast()
}

/// Opens this CPU's chunk for a record of at least `need` bytes; claims another where it does not fit,
/// where it was lapped, or where a new one is wanted.
#[inline(always)]
fn begin(thread: &Thread, cursors: &mut Cursors, share: usize, need: u64, fresh: bool) -> Option<Writer> {
    let cursor = &mut cursors.shares[share & 1];
    let mut base: *mut u8 = ARENA.get_ptr_mut(cursor.segment)?.cast();
    let committed = u64::from(cursor.committed);
    // SAFETY: a chunk's head lies within the segment.
    let is_mine = unsafe { (*head(base, cursor.chunk)).word } == word::pack(cursor.claim, committed);
    if fresh || !is_mine || committed + need > CHUNK_BYTES as u64 {
        if claim(thread, cursors, share as u64) != 0 {
            return None;
        }
        base = ARENA.get_ptr_mut(cursors.shares[share & 1].segment)?.cast();
    }
    let cursor = &cursors.shares[share & 1];
    let chunk = u64::from(cursor.chunk);
    Some(Writer {
        base,
        segment: cursor.segment,
        off: chunk + u64::from(cursor.committed),
        end: chunk + CHUNK_BYTES as u64,
    })
}

/// Takes the share's next chunk. 0, or not.
///
/// Two tries: a claim that has become stale before it could be made is made anew once.
#[inline(never)]
fn claim(thread: &Thread, cursors: &mut Cursors, share: u64) -> u64 {
    let Some(ring) = RINGS.get_ptr_mut(thread.ring) else { return 1 };
    // SAFETY: a value of the map.
    let place = unsafe { &mut (*ring).shares[share as usize & 1] };
    for _ in 0..2 {
        // SAFETY: a field of a value of the map.
        let number = unsafe { atomic::add(&raw mut place.claims, 1) } + 1;
        let Some((segment, chunk)) = locate(place, number) else { return 1 };
        let Some(base) = ARENA.get_ptr_mut(segment) else { return 1 };
        let head = head(base.cast(), chunk);
        // SAFETY: a chunk's head lies within the segment.
        unsafe {
            let old = core::ptr::read_volatile(&raw const (*head).word);
            let mine = word::pack(number, HEAD_BYTES as u64);
            if word::claim(old) < number && atomic::swap_u64(&raw mut (*head).word, old, mine) {
                let cursor = &mut cursors.shares[share as usize & 1];
                (*head).recording = thread.recording;
                (*head).first_record = cursor.records;
                (*head).first_call = cursor.calls;
                (*head).cpu = aya_ebpf::helpers::bpf_get_smp_processor_id() as u16;
                (*head).share = share as u16;
                (*head).spoiled = 0;
                cursor.claim = number;
                cursor.segment = segment;
                cursor.chunk = chunk;
                cursor.committed = HEAD_BYTES as u32;
                return 0;
            }
        }
    }
    lose(cursors, LossReason::Lapped);
    1
}

/// Where chunk `number` of a share lies. At the start of each lap a share that may grow, grows.
#[inline(always)]
fn locate(place: &mut Share, number: u64) -> Option<(u32, u32)> {
    let chunks = u64::from(place.len) * CHUNKS as u64;
    if chunks == 0 {
        return None;
    }
    let mut index = (number - place.base) % chunks;
    if index == 0 && number != place.base && place.len < place.limit && grow(place) {
        // The new segment stands behind the old ones, where a lap now ends: this claim gets its
        // first chunk, and the oldest chunk is reached when it is full.
        place.base = number - chunks;
        index = chunks;
    }
    let segment = *place.segments.get((index / CHUNKS as u64) as usize & (MAX_SEGMENTS - 1))?;
    Some((segment, (index % CHUNKS as u64) as u32 * CHUNK_BYTES as u32))
}

/// One segment more for a share, if there is a free one.
#[inline(always)]
fn grow(place: &mut Share) -> bool {
    // SAFETY: a field of a value of the map. Who does not get it leaves the growing to who did.
    if !unsafe { atomic::swap_u32(&raw mut place.growing, 0, 1) } {
        return false;
    }
    let mut grown = false;
    if let Ok(Some(segment)) = FREE_SEGMENTS.pop() {
        place.segments[place.len as usize & (MAX_SEGMENTS - 1)] = segment;
        place.len += 1;
        grown = true;
    }
    place.growing = 0;
    grown
}

/// Commits what was written, or counts it as lost where the chunk was lost meanwhile.
#[inline(always)]
fn commit(cursors: &mut Cursors, share: usize, writer: &Writer, calls: u64) {
    let cursor = &mut cursors.shares[share & 1];
    let committed = (writer.off - u64::from(cursor.chunk)) & (2 * CHUNK_BYTES as u64 - 1);
    let head = head(writer.base, cursor.chunk);
    let old = word::pack(cursor.claim, u64::from(cursor.committed));
    let new = word::pack(cursor.claim, committed);
    // SAFETY: a chunk's head lies within the segment.
    unsafe {
        if atomic::swap_u64(&raw mut (*head).word, old, new) {
            cursor.committed = committed as u32;
            cursor.records += 1;
            cursor.calls += calls;
            return;
        }
        core::ptr::write_volatile(&raw mut (*head).spoiled, 1);
    }
    cursor.committed = CHUNK_BYTES as u32;
    lose(cursors, LossReason::Lapped);
}

/// Keeps hooks that interrupt each other on one CPU apart. `false`: another one is writing.
#[inline(always)]
fn lock(cursors: &mut Cursors) -> bool {
    if cursors.shares[MAIN].busy != 0 {
        lose(cursors, LossReason::Nested);
        return false;
    }
    cursors.shares[MAIN].busy = 1;
    true
}

#[inline(always)]
fn unlock(cursors: &mut Cursors) {
    cursors.shares[MAIN].busy = 0;
}

/// Writes a record that is no call into the protected share.
#[inline(always)]
pub fn event<T: Copy>(task: *const c_void, thread: &mut Thread, now_ns: u64, record: &T) {
    let Some(cursors) = cursors(thread) else { return };
    if !lock(cursors) {
        return;
    }
    announce(task, thread, cursors, PROTECTED, now_ns);
    if let Some(mut writer) = begin(thread, cursors, PROTECTED, size_of::<T>() as u64, false) {
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
    let Some(mut writer) = begin(thread, cursors, share, size_of::<Task>() as u64, false) else { return 1 };
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
    if write(thread, cursors, share as u64, Phase::Enter) == 0 {
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
    write(thread, cursors, share as u64, Phase::Exit { at_ns: now_ns, result });
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

/// Writes the record of a call: 0, or nothing was written.
#[inline(never)]
fn write(thread: &Thread, cursors: &mut Cursors, share: u64, phase: Phase) -> u64 {
    let share = share as usize & 1;
    let row = capture(thread).filter(|capture| capture.flags & capture_flags::KNOWN != 0);
    let wanted = row.map_or(0, |row| read::wanted(thread, row, phase));
    if let Some(mut writer) = begin(thread, cursors, share, CALL_ROOM, false) {
        if compose(thread, &mut writer, phase, row, wanted) {
            commit(cursors, share, &writer, phase.calls());
            return 0;
        }
        // It does not fit behind what is there: once more, in an empty chunk.
        if let Some(mut writer) = begin(thread, cursors, share, CALL_ROOM, true) {
            if compose(thread, &mut writer, phase, row, wanted) {
                commit(cursors, share, &writer, phase.calls());
                return 0;
            }
            lose(cursors, LossReason::TooLong);
        }
    }
    1
}

/// Composes the record of a call. `false`: it does not fit into what is left of the chunk.
#[inline(always)]
fn compose(thread: &Thread, writer: &mut Writer, phase: Phase, row: Option<&Capture>, wanted: u32) -> bool {
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
    if blobs != 0
        && let Some(row) = row
        && !read::copy(thread, row, writer, phase, wanted)
    {
        return false;
    }
    record.head.len = (writer.off - start) as u16;
    // SAFETY: the fixed part lies within the chunk: there was room for it when it began.
    unsafe { writer.at(start).cast::<Call>().write(record) };
    true
}
