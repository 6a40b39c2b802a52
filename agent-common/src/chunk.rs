//! The arena: one map, reserved when the agent starts, in which every ring lives.
//!
//! The arena is an array of **segments**; a segment holds [`CHUNKS`] **chunks** of [`CHUNK_BYTES`].
//! A ring owns segments; a CPU fills one chunk of a ring at a time, so that writers never contend
//! within a chunk.
//!
//! # Claim and commit
//!
//! A chunk's first word is its commit word: the *claim number* in the upper 48 bits and the number
//! of *committed bytes* in the lower 16 (see [`word`]). Claim numbers of a share grow by one with
//! each chunk taken, so they tell a chunk's age. A writer
//!
//! 1. claims: swaps the word for its own claim number with only the header committed;
//! 2. writes a record behind the committed bytes;
//! 3. commits: compare-and-swaps the word from "mine, up to here" to "mine, up to there".
//!
//! A writer that slept while the ring came round finds another claim in the word: its commit fails,
//! it marks the chunk [`ChunkHeader::spoiled`] because its stray bytes may lie in what the new owner
//! had committed, and counts the record as lost. So bytes below the committed length of an
//! unspoiled chunk are whole records, always.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Bytes of a chunk, header included.
pub const CHUNK_BYTES: usize = 4096;
/// Chunks in a segment.
pub const CHUNKS: usize = 8;
/// Bytes of a segment that hold chunks.
pub const SEGMENT_BYTES: usize = CHUNK_BYTES * CHUNKS;
/// Bytes behind a segment's last chunk that nothing ever stays in.
///
/// The verifier knows the largest offset and the largest length of a copy, not that their sum stays
/// within the chunk (the program's arithmetic sees to that), so a segment ends with room for the
/// largest single copy.
pub const SLACK_BYTES: usize = 1024;
/// Bytes of one entry of the arena map.
pub const ARENA_VALUE_BYTES: usize = SEGMENT_BYTES + SLACK_BYTES;

/// What stands at the start of each chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct ChunkHeader {
    /// The commit word, see [`word`].
    pub word: u64,
    /// The recording whose records these are: [`crate::ring::Ring::recording`].
    pub recording: u64,
    /// How many records this CPU had written to this share before this chunk.
    pub first_record: u64,
    /// How many of those were calls.
    pub first_call: u64,
    /// When the newest of those records happened: `CLOCK_MONOTONIC`, nanoseconds. 0: there are none.
    pub before_ns: u64,
    /// The CPU that fills the chunk.
    pub cpu: u16,
    /// The share it belongs to: [`crate::ring::MAIN`] or another one.
    pub share: u16,
    /// Not 0: a writer that had lost the chunk may have written into it. Its records cannot be trusted.
    pub spoiled: u32,
}

/// Bytes of a chunk's header: where its first record starts.
pub const HEADER_BYTES: usize = size_of::<ChunkHeader>();

const _: () = assert!(HEADER_BYTES == 48 && HEADER_BYTES.is_multiple_of(8));
const _: () = assert!(CHUNK_BYTES.is_power_of_two() && CHUNKS.is_power_of_two());
const _: () = assert!(ARENA_VALUE_BYTES.is_multiple_of(8));

/// The commit word: claim number and committed bytes in one atomic value.
pub mod word {
    /// Bits of the committed length.
    pub const COMMITTED_BITS: u32 = 16;

    /// The word of claim `claim` with `committed` bytes (header included) that may be read.
    #[inline(always)]
    #[must_use]
    pub const fn pack(claim: u64, committed: u64) -> u64 {
        (claim << COMMITTED_BITS) | committed
    }

    /// The claim number in a word. 0: the chunk was never claimed.
    #[inline(always)]
    #[must_use]
    pub const fn claim(word: u64) -> u64 {
        word >> COMMITTED_BITS
    }

    /// The committed bytes in a word, header included.
    #[inline(always)]
    #[must_use]
    pub const fn committed(word: u64) -> usize {
        (word & ((1 << COMMITTED_BITS) - 1)) as usize
    }
}
