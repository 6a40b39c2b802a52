//! Claim a chunk, write into it, commit: the only file that touches rings.
//!
//! The protocol stands in `rewind_common::chunk`. All of it happens on one CPU's own chunk, so the
//! only atomics are the claim of a chunk and the commit of a record.

use crate::atomic;
use crate::maps::{ARENA, CURSORS, FREE_SEGMENTS, NODE, RINGS};
use crate::task::Thread;
use rewind_common::{
    chunk::{CHUNK_BYTES, CHUNKS, ChunkHeader, HEADER_BYTES, SEGMENT_BYTES, word},
    loss::LossReason,
    ring::{Cursor, Cursors, MAIN, MAX_SEGMENTS, Share},
};

/// Verifier: every offset into a segment goes through this mask, which bounds it where the
/// arithmetic that led to it (and keeps it inside the chunk) is too much for the verifier to follow.
const OFFSET_MASK: u64 = SEGMENT_BYTES as u64 - 1;
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
    pub fn position(&self) -> u64 {
        u64::from(self.segment) << 32 | self.off & 0xffff_ffff
    }

    /// The writer that stands at [`Writer::place`].
    #[inline(always)]
    pub fn at_position(place: u64) -> Option<Self> {
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

    /// A process that ended with a status other than 0.
    #[inline(always)]
    pub fn failure(ring: u32) {
        if let (Some(ring), Some(node)) = (RINGS.get_ptr_mut(ring), NODE.get_ptr_mut(0)) {
            // SAFETY: fields of values of the maps.
            unsafe {
                atomic::add(&raw mut (*ring).failures, 1);
                atomic::add(&raw mut (*node).failures, 1);
            }
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
pub fn cursors(thread: &Thread) -> Option<&'static mut Cursors> {
    // SAFETY: this CPU's own value; `busy` keeps hooks that interrupt each other apart.
    let cursors = unsafe { &mut *CURSORS.get_ptr_mut(thread.ring)? };
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
    cursors.recording = recording;
    0
}

/// The header of a chunk in a segment.
///
/// Verifier: the mask leaves only starts of chunks, or the atomics on the word would be refused as
/// misaligned.
#[inline(always)]
fn header(base: *mut u8, chunk: u32) -> *mut ChunkHeader {
    base.wrapping_add(chunk as usize & (SEGMENT_BYTES - CHUNK_BYTES)).cast()
}

/// Opens this CPU's chunk for a record of at least `need` bytes; claims another where it does not fit
/// or where it was lapped.
#[inline(always)]
pub fn begin(thread: &Thread, cursors: &mut Cursors, share: usize, need: u64) -> Option<Writer> {
    let cursor = &mut cursors.shares[share & 1];
    let mut base: *mut u8 = ARENA.get_ptr_mut(cursor.segment)?.cast();
    let committed = u64::from(cursor.committed);
    // SAFETY: a chunk's header lies within the segment.
    let is_mine = unsafe { (*header(base, cursor.chunk)).word } == word::pack(cursor.claim, committed);
    if !is_mine || committed + need > CHUNK_BYTES as u64 {
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

/// The record that [`begin`] began last, written up to `off`: the writer, and where the record starts.
#[inline(always)]
pub fn begun(cursors: &Cursors, share: usize, off: u64) -> Option<(Writer, u64)> {
    let cursor = &cursors.shares[share & 1];
    let base = ARENA.get_ptr_mut(cursor.segment)?.cast();
    let start = u64::from(cursor.chunk) + u64::from(cursor.committed);
    Some((Writer { base, segment: cursor.segment, off, end: off }, start))
}

/// Nothing more goes into this CPU's chunk: the next record claims another.
#[inline(always)]
pub fn close(cursors: &mut Cursors, share: usize) {
    cursors.shares[share & 1].committed = CHUNK_BYTES as u32;
}

/// Takes the share's next chunk. 0, or not.
///
/// Two tries: a claim that has become stale before it could be made is made anew once.
#[inline(never)]
fn claim(thread: &Thread, cursors: &mut Cursors, share: u64) -> u64 {
    let Some(ring) = RINGS.get_ptr_mut(thread.ring) else { return 1 };
    // A ring that was given back while the thread was in a call: its segments may be another's by now.
    // SAFETY: a value of the map.
    if unsafe { (*ring).recording } != thread.recording {
        return 1;
    }
    // SAFETY: a value of the map.
    let place = unsafe { &mut (*ring).shares[share as usize & 1] };
    for _ in 0..2 {
        // SAFETY: a field of a value of the map.
        let number = unsafe { atomic::add(&raw mut place.claims, 1) } + 1;
        let Some((segment, chunk)) = locate(place, number) else { return 1 };
        let Some(base) = ARENA.get_ptr_mut(segment) else { return 1 };
        let header = header(base.cast(), chunk);
        // SAFETY: a chunk's header lies within the segment.
        unsafe {
            let old = core::ptr::read_volatile(&raw const (*header).word);
            let mine = word::pack(number, HEADER_BYTES as u64);
            if word::claim(old) < number && atomic::swap_u64(&raw mut (*header).word, old, mine) {
                let cursor = &mut cursors.shares[share as usize & 1];
                (*header).recording = thread.recording;
                (*header).first_record = cursor.records;
                (*header).first_call = cursor.calls;
                (*header).cpu = aya_ebpf::helpers::bpf_get_smp_processor_id() as u16;
                (*header).share = share as u16;
                (*header).spoiled = 0;
                cursor.claim = number;
                cursor.segment = segment;
                cursor.chunk = chunk;
                cursor.committed = HEADER_BYTES as u32;
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
pub fn commit(cursors: &mut Cursors, share: usize, writer: &Writer, calls: u64) {
    let cursor = &mut cursors.shares[share & 1];
    let committed = (writer.off - u64::from(cursor.chunk)) & (2 * CHUNK_BYTES as u64 - 1);
    let header = header(writer.base, cursor.chunk);
    let old = word::pack(cursor.claim, u64::from(cursor.committed));
    let new = word::pack(cursor.claim, committed);
    // SAFETY: a chunk's header lies within the segment.
    unsafe {
        if atomic::swap_u64(&raw mut (*header).word, old, new) {
            cursor.committed = committed as u32;
            cursor.records += 1;
            cursor.calls += calls;
            return;
        }
        core::ptr::write_volatile(&raw mut (*header).spoiled, 1);
    }
    cursor.committed = CHUNK_BYTES as u32;
    lose(cursors, LossReason::Lapped);
}

/// Keeps hooks that interrupt each other on one CPU apart. `false`: another one is writing.
#[inline(always)]
pub fn lock(cursors: &mut Cursors) -> bool {
    if cursors.shares[MAIN].busy != 0 {
        lose(cursors, LossReason::Nested);
        return false;
    }
    cursors.shares[MAIN].busy = 1;
    true
}

#[inline(always)]
pub fn unlock(cursors: &mut Cursors) {
    cursors.shares[MAIN].busy = 0;
}
