//! The kernel side's memory, mapped: the only file of the agent that reads foreign memory.
//!
//! The kernel side writes while we read. Everything is read and written by atomic words, and a
//! chunk's copy counts only if its commit word says the same claim before and after.
#![allow(unsafe_code, reason = "the one module that maps memory")]

use crate::kernel::{Kernel, PinnedRings};
use memmap2::{MmapOptions, MmapRaw};
use rewind_common::chunk::{ARENA_VALUE_BYTES, CHUNK_BYTES, ChunkHeader, HEADER_BYTES, SEGMENT_BYTES, word};
use rewind_common::layout::Fingerprint;
use rewind_common::record::{Kind, RecordHeader};
#[cfg(test)]
use rewind_common::ring::position_words;
use rewind_common::ring::{CGROUP_COUNTS, CgroupCounts, DELIVERED, Node, Ring, SHARES, Share};
use std::mem::offset_of;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use zerocopy::{FromBytes, IntoBytes as _};

/// Where a ring's recording stands.
const RECORDING_AT: usize = offset_of!(Ring, recording);

/// Where a CPU's next record in a share stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// The CPU.
    pub cpu: u16,
    /// The share.
    pub share: u16,
    /// Its number among what that CPU has written to the share.
    pub number: u64,
}

/// Why the rings cannot be mapped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The kernel did not map it.
    #[error("cannot map the recorder's map {what} ({bytes} bytes): {source}")]
    Map {
        /// The map.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// There is no such map.
    #[error(transparent)]
    Kernel(#[from] crate::kernel::Error),
}

/// The arena, the rings, and the node's figures.
pub(crate) struct Mapped {
    arena: MmapRaw,
    rings: MmapRaw,
    node: MmapRaw,
    counts: MmapRaw,
    positions: MmapRaw,
    /// Words of positions for each ring.
    position_words: usize,
    /// How many rings there are.
    pub ring_count: u32,
    /// How many segments there are.
    pub segment_count: u32,
}

impl Mapped {
    /// Maps them.
    ///
    /// # Errors
    /// [`Error`].
    pub(crate) fn new(kernel: &Kernel) -> Result<Self, Error> {
        let (segment_count, ring_count) = (kernel.sizes.segments, kernel.sizes.rings);
        let position_words = kernel.position_words()? as usize;
        Ok(Self {
            arena: map("ARENA", kernel.fd("ARENA")?, segment_count as usize * ARENA_VALUE_BYTES)?,
            rings: map("RINGS", kernel.fd("RINGS")?, ring_count as usize * size_of::<Ring>())?,
            node: map("NODE", kernel.fd("NODE")?, size_of::<Node>())?,
            counts: map("CGROUP_COUNTS", kernel.fd("CGROUP_COUNTS")?, size_of::<CgroupCounts>())?,
            positions: map("POSITIONS", kernel.fd("POSITIONS")?, position_words * size_of::<u64>())?,
            position_words: position_words / ring_count.max(1) as usize,
            ring_count,
            segment_count,
        })
    }

    /// A copy of a ring's description. `None`: no such ring, or it is free.
    #[must_use]
    pub(crate) fn ring(&self, index: u32) -> Option<Ring> {
        if index >= self.ring_count {
            return None;
        }
        let at = index as usize * size_of::<Ring>();
        // Most are free: one word says so.
        if load(&self.rings, at + offset_of!(Ring, recording)) == 0 {
            return None;
        }
        let mut bytes = vec![0; size_of::<Ring>()];
        copy(&self.rings, at, &mut bytes);
        Ring::read_from_bytes(&bytes).ok().filter(|ring| ring.recording != 0)
    }

    /// What concerns the node.
    #[must_use]
    pub(crate) fn node(&self) -> Node {
        let mut bytes = [0; size_of::<Node>()];
        copy(&self.node, 0, &mut bytes);
        Node::read_from_bytes(&bytes).unwrap_or_default()
    }

    /// The claim that a chunk was taken by last. 0: none, or no such chunk.
    #[must_use]
    pub(crate) fn claim(&self, segment: u32, chunk: usize) -> u64 {
        word::claim(self.word(segment, chunk))
    }

    /// The recording that has a ring. 0: it is free, or there is none.
    #[must_use]
    pub(crate) fn recording(&self, index: u32) -> u64 {
        if index < self.ring_count { load(&self.rings, index as usize * size_of::<Ring>() + RECORDING_AT) } else { 0 }
    }

    /// When the container of a ring ended: [`Ring::end_ns`].
    #[must_use]
    pub(crate) fn end_ns(&self, index: u32) -> Option<u64> {
        let at = |field| index as usize * size_of::<Ring>() + field;
        if index >= self.ring_count {
            return None;
        }
        let ended_ns = load(&self.rings, at(offset_of!(Ring, ended_ns)));
        let died_ns = load(&self.rings, at(offset_of!(Ring, died_ns)));
        [ended_ns, died_ns].into_iter().find(|end_ns| *end_ns != 0)
    }

    /// How many chunks a share of a ring has claimed.
    #[must_use]
    pub(crate) fn claims(&self, index: u32, share: usize) -> u64 {
        let at = offset_of!(Ring, shares) + share * size_of::<Share>() + offset_of!(Share, claims);
        if index < self.ring_count { load(&self.rings, index as usize * size_of::<Ring>() + at) } else { 0 }
    }

    /// The commit word of a chunk. 0: none, or no such chunk.
    #[must_use]
    pub(crate) fn word(&self, segment: u32, chunk: usize) -> u64 {
        if segment >= self.segment_count || chunk * CHUNK_BYTES >= SEGMENT_BYTES {
            return 0;
        }
        load(&self.arena, segment as usize * ARENA_VALUE_BYTES + chunk * CHUNK_BYTES)
    }

    /// The CPU that fills a chunk with records in it, or has filled it.
    #[must_use]
    pub(crate) fn cpu(&self, segment: u32, chunk: usize) -> u16 {
        let at = segment as usize * ARENA_VALUE_BYTES + chunk * CHUNK_BYTES + offset_of!(ChunkHeader, cpu);
        let [low, high, ..] = load_u32(&self.arena, at).to_ne_bytes();
        u16::from_ne_bytes([low, high])
    }

    /// How far the events of a recording have been delivered: where the next records of [`DELIVERED`] shares stand.
    /// Nothing was delivered where it is empty.
    #[must_use]
    pub(crate) fn positions(&self, index: u32, recording: u64) -> Vec<Position> {
        let words = self.position_words;
        let at = |word: usize| (index as usize * words + word) * size_of::<u64>();
        if load(&self.positions, at(0)) != recording {
            return Vec::new();
        }
        let cpus = (words - 1) / DELIVERED.len();
        let of = |(place, share): (usize, usize)| {
            (0..cpus).map(move |cpu| {
                let number = load(&self.positions, at(1 + place * cpus + cpu));
                Position { cpu: cpu as u16, share: share as u16, number }
            })
        };
        DELIVERED.into_iter().enumerate().flat_map(of).collect()
    }

    /// Keeps such positions for the next agent. Killed in between, this leaves numbers that are lower.
    pub(crate) fn set_positions(&self, index: u32, recording: u64, positions: &[Position]) {
        let words = self.position_words;
        let at = |word: usize| (index as usize * words + word) * size_of::<u64>();
        if load(&self.positions, at(0)) != recording {
            store(&self.positions, at(0), 0);
            (1..words).for_each(|word| store(&self.positions, at(word), 0));
        }
        let cpus = (words - 1) / DELIVERED.len();
        for position in positions.iter().filter(|position| usize::from(position.cpu) < cpus) {
            let place = DELIVERED.iter().position(|share| *share == usize::from(position.share));
            let Some(place) = place else { continue };
            store(&self.positions, at(1 + place * cpus + usize::from(position.cpu)), position.number);
        }
        store(&self.positions, at(0), recording);
    }

    /// A copy of a chunk, cut at its committed length. `None`: it is not `recording`'s, or not of that
    /// claim, or was taken away while it was copied.
    #[must_use]
    pub(crate) fn chunk(&self, segment: u32, chunk: usize, recording: u64, claim: u64) -> Option<Vec<u8>> {
        self.copy_chunk(segment, chunk, recording, claim, |_, committed| committed)
    }

    /// As [`Mapped::chunk`], but only its header and its records up to the first that is not of
    /// [`Kind::Task`].
    #[must_use]
    pub(crate) fn beginning(&self, segment: u32, chunk: usize, recording: u64, claim: u64) -> Option<Vec<u8>> {
        self.copy_chunk(segment, chunk, recording, claim, |at, committed| {
            let mut end = HEADER_BYTES;
            while end + size_of::<RecordHeader>() <= committed {
                let [low, high, kind, _] = load_u32(&self.arena, at + end).to_ne_bytes();
                let len = usize::from(u16::from_ne_bytes([low, high]));
                end += len;
                if len < size_of::<RecordHeader>() || kind != Kind::Task as u8 {
                    break;
                }
            }
            end.min(committed)
        })
    }

    fn copy_chunk(
        &self,
        segment: u32,
        chunk: usize,
        recording: u64,
        claim: u64,
        upto: impl FnOnce(usize, usize) -> usize,
    ) -> Option<Vec<u8>> {
        if segment >= self.segment_count || chunk * CHUNK_BYTES >= SEGMENT_BYTES {
            return None;
        }
        let at = segment as usize * ARENA_VALUE_BYTES + chunk * CHUNK_BYTES;
        let before = load(&self.arena, at);
        let committed = word::committed(before);
        if word::claim(before) != claim || !(HEADER_BYTES..=CHUNK_BYTES).contains(&committed) {
            return None;
        }
        if load(&self.arena, at + offset_of!(ChunkHeader, recording)) != recording {
            return None;
        }
        let bytes = upto(at, committed);
        let mut copied = vec![0; bytes.next_multiple_of(8)];
        copy(&self.arena, at, &mut copied);
        if word::claim(load(&self.arena, at)) != word::claim(before) {
            return None;
        }
        copied.truncate(bytes);
        // More may have been committed meanwhile: the copy holds what it held before.
        copied.get_mut(..8)?.copy_from_slice(&before.to_ne_bytes());
        Some(copied)
    }

    /// Sets a ring's flags.
    pub(crate) fn set_flags(&self, index: u32, flags: u32) {
        let at = index as usize * size_of::<Ring>() + offset_of!(Ring, flags);
        if index < self.ring_count {
            store_u32(&self.rings, at, flags);
        }
    }

    /// Lets a ring's shares grow up to `limits` segments.
    pub(crate) fn set_limits(&self, index: u32, limits: [u32; SHARES]) {
        for (share, limit) in limits.into_iter().enumerate() {
            let at = offset_of!(Ring, shares) + share * size_of::<Share>() + offset_of!(Share, limit);
            if index < self.ring_count {
                store_u32(&self.rings, index as usize * size_of::<Ring>() + at, limit);
            }
        }
    }

    /// Ends a recording whose cgroup is not to be recorded any more.
    pub(crate) fn end(&self, index: u32, now_ns: u64) {
        if index < self.ring_count {
            store(&self.rings, index as usize * size_of::<Ring>() + offset_of!(Ring, died_ns), now_ns);
        }
    }

    /// Sets the end of a ring that has been judged.
    pub(crate) fn set_judged(&self, index: u32, end_ns: u64) {
        if index < self.ring_count {
            store(&self.rings, index as usize * size_of::<Ring>() + offset_of!(Ring, judged_ns), end_ns);
        }
    }

    /// Sets the flags of rings taken from now on.
    pub(crate) fn set_default_flags(&self, flags: u32) {
        store_u32(&self.node, offset_of!(Node, ring_flags), flags);
    }

    /// Counts a cgroup among those that may be recorded.
    pub(crate) fn count_cgroup(&self, cgroup_id: u64) {
        if let Some(count) = atomic_u32(&self.counts, (cgroup_id % CGROUP_COUNTS) as usize * size_of::<u32>()) {
            count.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Says what made this set.
    pub(crate) fn set_fingerprint(&self, fingerprint: &Fingerprint) {
        let words = fingerprint.as_bytes().chunks_exact(8).filter_map(|word| word.try_into().ok());
        for (i, word) in words.map(u64::from_ne_bytes).enumerate() {
            store(&self.node, offset_of!(Node, fingerprint) + i * 8, word);
        }
    }

    /// Makes recordings of this set be numbered on from those of another.
    pub(crate) fn set_recordings(&self, recordings: u64) {
        store(&self.node, offset_of!(Node, recordings), recordings);
    }

    /// Says that all hooks are attached.
    pub(crate) fn set_attached(&self) {
        store_u32(&self.node, offset_of!(Node, attached), 1);
    }

    /// Makes all threads look their ring up anew.
    pub(crate) fn raise_epoch(&self) {
        if let Some(epoch) = atomic(&self.node, offset_of!(Node, epoch)) {
            epoch.fetch_add(1, Ordering::AcqRel);
        }
    }
}

/// Memory as the kernel side has it, for who plays the kernel side in tests.
#[cfg(test)]
impl Mapped {
    pub(super) fn anonymous(segment_count: u32, ring_count: u32, cpus: usize) -> Self {
        let map = |bytes: usize| MmapRaw::from(MmapOptions::new().len(bytes).map_anon().unwrap());
        Self {
            arena: map(segment_count as usize * ARENA_VALUE_BYTES),
            rings: map(ring_count as usize * size_of::<Ring>()),
            node: map(size_of::<Node>()),
            counts: map(size_of::<CgroupCounts>()),
            positions: map(ring_count as usize * position_words(cpus as u32) as usize * size_of::<u64>()),
            position_words: position_words(cpus as u32) as usize,
            ring_count,
            segment_count,
        }
    }

    pub(super) fn set_ring(&self, index: u32, ring: &Ring) {
        for (i, word) in ring.as_bytes().chunks_exact(8).enumerate() {
            let word = u64::from_ne_bytes(word.try_into().unwrap());
            store(&self.rings, index as usize * size_of::<Ring>() + i * 8, word);
        }
    }

    pub(super) fn set_claims(&self, index: u32, share: usize, claims: u64) {
        let at = offset_of!(Ring, shares) + share * size_of::<Share>() + offset_of!(Share, claims);
        store(&self.rings, index as usize * size_of::<Ring>() + at, claims);
    }

    /// Writes words into a chunk from byte `at` on.
    pub(super) fn set_words(&self, segment: u32, chunk: usize, at: usize, bytes: &[u8]) {
        let start = segment as usize * ARENA_VALUE_BYTES + chunk * CHUNK_BYTES + at;
        for (i, word) in bytes.chunks_exact(8).enumerate() {
            store(&self.arena, start + i * 8, u64::from_ne_bytes(word.try_into().unwrap()));
        }
    }
}

/// How many rings of a pinned set are taken, whatever its layout. `None`: it cannot be mapped.
#[must_use]
pub(crate) fn count_taken(pinned: &PinnedRings) -> Option<usize> {
    // How far values lie apart: `array_map_alloc` in `kernel/bpf/arraymap.c`.
    let stride = pinned.ring_bytes.next_multiple_of(8);
    let rings = map("RINGS", pinned.fd(), stride.checked_mul(pinned.count)?).ok()?;
    Some((0..pinned.count).filter(|index| load(&rings, index * stride) != 0).count())
}

fn map(what: &'static str, fd: BorrowedFd<'_>, bytes: usize) -> Result<MmapRaw, Error> {
    MmapOptions::new().len(bytes).map_raw(fd.as_raw_fd()).map_err(|source| Error::Map { what, bytes, source })
}

/// The atomic word at byte `at`, which is a multiple of eight inside the mapping.
fn atomic(map: &MmapRaw, at: usize) -> Option<&AtomicU64> {
    if !at.is_multiple_of(8) || at.checked_add(8)? > map.len() {
        return None;
    }
    // SAFETY: inside the mapping, which lives as long as `map`; aligned, since mappings are.
    Some(unsafe { AtomicU64::from_ptr(map.as_mut_ptr().add(at).cast()) })
}

fn load(map: &MmapRaw, at: usize) -> u64 {
    atomic(map, at).map_or(0, |word| word.load(Ordering::Acquire))
}

fn load_u32(map: &MmapRaw, at: usize) -> u32 {
    if !at.is_multiple_of(4) || at + 4 > map.len() {
        return 0;
    }
    // SAFETY: inside the mapping, which lives as long as `map`; aligned.
    unsafe { AtomicU32::from_ptr(map.as_mut_ptr().add(at).cast()) }.load(Ordering::Acquire)
}

fn store(map: &MmapRaw, at: usize, value: u64) {
    if let Some(word) = atomic(map, at) {
        word.store(value, Ordering::Release);
    }
}

fn atomic_u32(map: &MmapRaw, at: usize) -> Option<&AtomicU32> {
    if !at.is_multiple_of(4) || at.checked_add(4)? > map.len() {
        return None;
    }
    // SAFETY: inside the mapping, which lives as long as `map`; aligned, since mappings are.
    Some(unsafe { AtomicU32::from_ptr(map.as_mut_ptr().add(at).cast()) })
}

fn store_u32(map: &MmapRaw, at: usize, value: u32) {
    if let Some(word) = atomic_u32(map, at) {
        word.store(value, Ordering::Release);
    }
}

/// Copies words out; `to` is a multiple of eight long. What lies outside the mapping stays zero.
fn copy(map: &MmapRaw, at: usize, to: &mut [u8]) {
    for (i, eight) in to.chunks_exact_mut(8).enumerate() {
        if let Some(word) = atomic(map, at + i * 8) {
            eight.copy_from_slice(&word.load(Ordering::Relaxed).to_ne_bytes());
        }
    }
    std::sync::atomic::fence(Ordering::Acquire);
}
