//! Claim a chunk, write into it, commit: the only file that touches rings.
//!
//! The protocol stands in `rewind_common::chunk`. All of it happens on one CPU's own chunk, so the
//! only atomics are the claim of a chunk and the commit of a record.

use crate::atomic;
use crate::complain;
use crate::maps::{self, FREE_SEGMENTS, RINGS};
use crate::task::Thread;
use aya_ebpf::helpers::bpf_get_smp_processor_id;
use aya_ebpf::helpers::generated::{
    bpf_probe_read_kernel_str as read_kernel_string, bpf_probe_read_user as read_user,
    bpf_probe_read_user_str as read_user_string,
};
use rewind_common::{
    capture::call_class::CLASSES,
    chunk::{CHUNK_BYTES, CHUNKS, ChunkHeader, HEADER_BYTES, SEGMENT_BYTES, word},
    loss::LossReason,
    ring::{ClassCount, Cursor, Cursors, MAIN, MAX_SEGMENTS, SHARES, Share},
};

/// Verifier: every offset into a segment goes through this mask, which bounds it where the
/// arithmetic that led to it (and keeps it inside the chunk) is too much for the verifier to follow.
const OFFSET_MASK: u64 = SEGMENT_BYTES as u64 - 1;

/// A record in the making: where in which segment, and up to where it may go.
///
/// What is written starts within the segment by the mask, and ends within it by the segment's slack, which is
/// as long as the longest copy; the verifier refuses what may be longer. That it stays within the chunk
/// the caller has seen to ([`Writer::room`]).
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
        self.store(self.off, value);
        self.off += size_of::<T>() as u64;
    }

    /// Writes a value at `off`.
    #[inline(always)]
    pub fn store<T: Copy>(&self, off: u64, value: T) {
        // SAFETY: within the segment, see above.
        unsafe { self.at(off).cast::<T>().write(value) };
    }

    /// The byte at `off`, which was written before.
    #[inline(always)]
    pub fn byte(&self, off: u64) -> u8 {
        // SAFETY: within the segment, see above.
        unsafe { self.at(off).read_volatile() }
    }

    /// Four bytes at `off`, wherever they begin.
    #[inline(always)]
    pub fn word(&self, off: u64) -> u32 {
        u32::from_ne_bytes([0, 1, 2, 3].map(|i| self.byte(off + i)))
    }

    /// Copies `len` bytes of the process' to `off`; whether they could be read.
    #[inline(always)]
    pub fn read_user(&self, off: u64, len: u32, from: u64) -> bool {
        // SAFETY: within the segment, see above.
        unsafe { read_user(self.at(off).cast(), len, from as *const _) == 0 }
    }

    /// Copies a string of the process' to `off`, at most `max` bytes with its NUL: how many, or a negative
    /// error number.
    #[inline(always)]
    pub fn read_user_string(&self, off: u64, max: u32, from: u64) -> i64 {
        // SAFETY: within the segment, see above.
        unsafe { read_user_string(self.at(off).cast(), max, from as *const _) }
    }

    /// As [`Writer::read_user_string`], of the kernel's.
    #[inline(always)]
    pub fn read_kernel_string(&self, off: u64, max: u32, from: u64) -> i64 {
        // SAFETY: within the segment, see above.
        unsafe { read_kernel_string(self.at(off).cast(), max, from as *const _) }
    }

    /// Where the fixed part of a record goes, which begins here.
    #[inline(always)]
    pub fn fixed(&self) -> Fixed {
        Fixed(self.at(self.off))
    }

    /// Where it stands, as one number: the segment in the upper half, the offset in the lower.
    #[inline(always)]
    pub fn position(&self) -> u64 {
        u64::from(self.segment) << 32 | self.off & 0xffff_ffff
    }

    /// The writer that stands at [`Writer::position`].
    #[inline(always)]
    pub fn at_position(place: u64) -> Option<Self> {
        let (segment, off) = ((place >> 32) as u32, place & 0xffff_ffff);
        // At the very end of a chunk, `off` is the start of the next.
        let end = (off.wrapping_sub(1) & !(CHUNK_BYTES as u64 - 1)) + CHUNK_BYTES as u64;
        Some(Self { base: maps::segment(segment)?, segment, off, end })
    }

    /// The memory at `off`.
    #[inline(always)]
    fn at(&self, off: u64) -> *mut u8 {
        self.base.wrapping_add((off & OFFSET_MASK) as usize)
    }

    /// Bytes left in the chunk.
    #[inline(always)]
    pub fn room(&self) -> u64 {
        self.end.wrapping_sub(self.off)
    }
}

/// The fixed part of a record.
///
/// Verifier: one pointer, bounded once; what is added to it is small.
#[derive(Clone, Copy)]
pub struct Fixed(*mut u8);

impl Fixed {
    /// Writes a value `behind` bytes from the start.
    #[inline(always)]
    pub fn store<T: Copy>(self, behind: usize, value: T) {
        // SAFETY: within the segment by its slack: a fixed part is short.
        unsafe { self.0.add(behind).cast::<T>().write(value) };
    }
}

/// Counters of what is lost.
pub mod counters {
    use super::*;

    /// A container that found no free ring.
    #[inline(always)]
    pub fn refused(cgroup_id: u64) {
        complain::refused(cgroup_id);
        if let Some(node) = maps::node() {
            atomic::add(&mut node.refused, 1);
        }
    }

    /// A process that ended with a status other than 0.
    #[inline(always)]
    pub fn failure(ring: u32) {
        if let (Some(ring), Some(node)) = (maps::ring(ring), maps::node()) {
            atomic::add(&mut ring.failures, 1);
            atomic::add(&mut node.failures, 1);
        }
    }

    /// Something of a ring's on this CPU.
    #[inline(always)]
    pub fn lose_of(ring: u32, reason: LossReason) {
        if let Some(cursors) = maps::cursors(ring) {
            lose(cursors, reason);
        }
    }

    /// A call, under its class. On the way of each call: no atomics, as the figures are this CPU's.
    #[inline(always)]
    pub fn call(cursors: &mut Cursors, class: u32, has_failed: bool, time_ns: u64) {
        let count = &mut cursors.classes[class as usize & (CLASSES - 1)];
        count.calls += 1;
        count.errors += u64::from(has_failed);
        count.time_ns += time_ns;
    }

    /// Something of the ring whose cursors these are.
    #[inline(always)]
    pub fn lose(cursors: &mut Cursors, reason: LossReason) {
        cursors.losses[reason as usize] += 1;
        complain::lost(cursors.recording, reason);
    }
}
use counters::lose;

/// This CPU's cursors of the thread's ring.
#[inline(always)]
pub fn cursors(thread: &Thread) -> Option<&'static mut Cursors> {
    let cursors = maps::cursors(thread.ring)?;
    if cursors.recording != thread.recording && start_anew(cursors, thread) != 0 {
        return None;
    }
    Some(cursors)
}

/// The ring has become another recording's: this CPU's figures start at nothing. 0, or it is the
/// thread that is late: its cgroup has gone, and its ring to another, while it was in a call.
#[inline(never)]
fn start_anew(cursors: &mut Cursors, thread: &Thread) -> u64 {
    let recording = thread.recording;
    if RINGS.get(thread.ring).is_none_or(|ring| ring.recording != recording) {
        return 1;
    }
    for share in &mut cursors.shares {
        *share = Cursor { committed: CHUNK_BYTES as u32, ..Cursor::default() };
    }
    for loss in &mut cursors.losses {
        *loss = 0;
    }
    for class in &mut cursors.classes {
        *class = ClassCount::default();
    }
    cursors.recording = recording;
    0
}

/// The header of a chunk in a segment.
///
/// Verifier: the mask leaves only starts of chunks, or the atomics on the word would be refused as
/// misaligned.
#[inline(always)]
fn header(base: *mut u8, chunk: u32) -> &'static mut ChunkHeader {
    // SAFETY: a chunk's header lies within the segment.
    unsafe { &mut *base.wrapping_add(chunk as usize & (SEGMENT_BYTES - CHUNK_BYTES)).cast() }
}

/// A share's number, within bounds where the verifier does not know that it is.
#[inline(always)]
pub const fn bounded(share: usize) -> usize {
    if share < SHARES { share } else { MAIN }
}

/// Opens this CPU's chunk for a record of at least `need` bytes; claims another where it does not fit
/// or where it was lapped.
#[inline(always)]
pub fn begin(thread: &Thread, cursors: &mut Cursors, share: usize, need: u64) -> Option<Writer> {
    let cursor = &mut cursors.shares[bounded(share)];
    let mut base = maps::segment(cursor.segment)?;
    let committed = u64::from(cursor.committed);
    let is_mine = header(base, cursor.chunk).word == word::pack(cursor.claim, committed);
    if !is_mine || committed + need > CHUNK_BYTES as u64 {
        if claim(thread, cursors, share as u64) != 0 {
            return None;
        }
        base = maps::segment(cursors.shares[bounded(share)].segment)?;
    }
    let cursor = &cursors.shares[bounded(share)];
    let chunk = u64::from(cursor.chunk);
    Some(Writer {
        base,
        segment: cursor.segment,
        off: chunk + u64::from(cursor.committed),
        end: chunk + CHUNK_BYTES as u64,
    })
}

/// The record that [`begin`] began last, written up to `off`: the writer, and where the record starts.
#[inline(always)]
pub fn begun(cursors: &Cursors, share: usize, off: u64) -> Option<(Writer, u64)> {
    let cursor = &cursors.shares[bounded(share)];
    let base = maps::segment(cursor.segment)?;
    let start = u64::from(cursor.chunk) + u64::from(cursor.committed);
    Some((Writer { base, segment: cursor.segment, off, end: off }, start))
}

/// Nothing more goes into this CPU's chunk: the next record claims another.
#[inline(always)]
pub fn close(cursors: &mut Cursors, share: usize) {
    cursors.shares[bounded(share)].committed = CHUNK_BYTES as u32;
}

/// Takes the share's next chunk. 0, or not.
///
/// Two tries: a claim that has become stale before it could be made is made anew once.
#[inline(never)]
fn claim(thread: &Thread, cursors: &mut Cursors, share: u64) -> u64 {
    let Some(ring) = maps::ring(thread.ring) else { return 1 };
    // A ring that was given back while the thread was in a call: its segments may be another's by now.
    if ring.recording != thread.recording {
        return 1;
    }
    let share = bounded(share as usize);
    let place = &mut ring.shares[share];
    if place.len == 0 && !has_first(place) {
        lose(cursors, LossReason::NoMemory);
        return 1;
    }
    for _ in 0..2 {
        let number = atomic::add(&mut place.claims, 1) + 1;
        let Some((segment, chunk)) = locate(place, number) else { return 1 };
        let Some(base) = maps::segment(segment) else { return 1 };
        let header = header(base, chunk);
        let old = atomic::load_volatile(&header.word);
        let mine = word::pack(number, HEADER_BYTES as u64);
        if word::claim(old) < number && atomic::swap_u64(&mut header.word, old, mine) {
            let cursor = &mut cursors.shares[share];
            header.recording = thread.recording;
            header.first_record = cursor.records;
            header.first_call = cursor.calls;
            header.before_ns = cursor.newest_ns;
            // SAFETY: takes nothing.
            header.cpu = unsafe { bpf_get_smp_processor_id() } as u16;
            header.share = share as u16;
            header.spoiled = 0;
            cursor.claim = number;
            cursor.segment = segment;
            cursor.chunk = chunk;
            cursor.committed = HEADER_BYTES as u32;
            return 0;
        }
    }
    lose(cursors, LossReason::Lapped);
    1
}

/// How often it is looked whether another CPU has got the share its first segment: that takes it a few instructions.
const FIRST_LOOKS: u32 = 64;

/// Whether a share that begins without a segment has got its first.
#[inline(always)]
fn has_first(place: &mut Share) -> bool {
    if grow(place) {
        return true;
    }
    for _ in 0..FIRST_LOOKS {
        if atomic::load_volatile(&place.len) != 0 {
            return true;
        }
    }
    false
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
    // Who does not get it leaves the growing to who did.
    if !atomic::swap_u32(&mut place.growing, 0, 1) {
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
pub fn commit(cursors: &mut Cursors, share: usize, writer: &Writer, calls: u64) {
    let now_ns = cursors.writing_ns;
    let cursor = &mut cursors.shares[bounded(share)];
    let committed = (writer.off - u64::from(cursor.chunk)) & (2 * CHUNK_BYTES as u64 - 1);
    let header = header(writer.base, cursor.chunk);
    let old = word::pack(cursor.claim, u64::from(cursor.committed));
    let new = word::pack(cursor.claim, committed);
    if atomic::swap_u64(&mut header.word, old, new) {
        cursor.committed = committed as u32;
        cursor.records += 1;
        cursor.calls += calls;
        cursor.newest_ns = cursor.newest_ns.max(now_ns);
        return;
    }
    atomic::store_volatile(&mut header.spoiled, 1);
    cursor.committed = CHUNK_BYTES as u32;
    lose(cursors, LossReason::Lapped);
}

/// Keeps hooks that interrupt each other on one CPU apart. `false`: another one is writing. What is written until
/// [`unlock`] happened at `now_ns`.
#[inline(always)]
pub fn lock(cursors: &mut Cursors, now_ns: u64) -> bool {
    if cursors.writing_ns != 0 {
        lose(cursors, LossReason::Nested);
        return false;
    }
    cursors.writing_ns = now_ns;
    true
}

#[inline(always)]
pub fn unlock(cursors: &mut Cursors) {
    cursors.writing_ns = 0;
}

/// Takes the claims off a segment's chunks: those of its next ring begin at 1 again.
#[inline(always)]
pub fn empty(segment: u32) {
    let Some(base) = maps::segment(segment) else { return };
    for chunk in 0..CHUNKS {
        atomic::store_volatile(&mut header(base, (chunk * CHUNK_BYTES) as u32).word, 0);
    }
}
