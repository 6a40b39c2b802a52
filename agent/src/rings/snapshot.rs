//! One ring -> what a recording is cut from, or the figures of it alone are made of.
//!
//! No lock keeps a ring from being given back, or from shrinking, while it is copied. A chunk's copy counts only
//! if its commit word says the same claim before and after, and all of them only if the ring is the same
//! recording's afterwards and has lost no segment: what it loses may be another's at once.

use super::map::Mapped;
use rewind_common::chunk::{CHUNKS, ChunkHeader, word};
use rewind_common::ring::{Cursors, InFlight, Ring, Share};
use rewind_recording::cut::{self, Source};
use rewind_recording::header::Coverage;
use std::cmp::Reverse;
use std::collections::HashSet;
use zerocopy::FromBytes as _;

/// How often a ring is copied anew that shrank meanwhile, which it does once a second at most.
const TRIES: usize = 4;

/// What is known of a ring before its chunks are copied, as the account demands: [`Source::cursors`] and
/// [`Source::in_flight`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Before {
    /// Where each CPU stood.
    pub cursors: Vec<Cursors>,
    /// Calls in flight.
    pub in_flight: Vec<InFlight>,
    /// When that was.
    pub read_ns: u64,
}

/// Copies a ring. `None`: it is not that recording's any more.
#[must_use]
pub(crate) fn snapshot(mapped: &Mapped, index: u32, ring: &Ring, before: Before) -> Option<Source> {
    let (ring, chunks) = settled(mapped, index, ring, |ring| chunks(mapped, ring))?;
    Some(source(&ring, before, chunks))
}

/// What a ring covers, of which little more is read than the headers of its chunks. `None`: it is not that
/// recording's any more.
#[must_use]
pub(crate) fn coverage(mapped: &Mapped, index: u32, ring: &Ring, before: &Before) -> Option<Coverage> {
    let (_, coverage) = settled(mapped, index, ring, |ring| {
        let places = places(mapped, ring);
        let mut seen = HashSet::new();
        let outlines = places.iter().map(|&(claim, segment, chunk)| {
            let beginning = mapped.beginning(segment, chunk, ring.recording, claim)?;
            let (header, _) = ChunkHeader::read_from_prefix(&beginning).ok()?;
            let is_newest = seen.insert((header.cpu, header.share));
            if is_newest { mapped.chunk(segment, chunk, ring.recording, claim) } else { Some(beginning) }
        });
        let source = source(ring, before.clone(), outlines.flatten().collect());
        cut::coverage(&source, |header| {
            let claim = word::claim(header.word);
            let mut same = places.iter().filter(|place| place.0 == claim);
            same.find_map(|&(_, segment, chunk)| {
                let bytes = mapped.chunk(segment, chunk, ring.recording, claim)?;
                let (found, _) = ChunkHeader::read_from_prefix(&bytes).ok()?;
                (found.share == header.share).then_some(bytes)
            })
        })
    })?;
    Some(coverage)
}

fn source(ring: &Ring, before: Before, chunks: Vec<Vec<u8>>) -> Source {
    Source {
        recording: ring.recording,
        chunks,
        cursors: before.cursors,
        in_flight: before.in_flight,
        born_ns: ring.born_ns,
        read_ns: before.read_ns,
        end_ns: ring.end_ns(),
        main: Some(ring.main),
    }
}

/// Reads a ring until it has not lost a segment meanwhile; the ring as it was read.
fn settled<T>(mapped: &Mapped, index: u32, ring: &Ring, read: impl Fn(&Ring) -> T) -> Option<(Ring, T)> {
    let mut ring = *ring;
    for _ in 1..TRIES {
        let found = read(&ring);
        let now = mapped.ring(index).filter(|now| now.recording == ring.recording)?;
        if ring.shares.iter().zip(&now.shares).all(|(before, after)| is_kept(before, after)) {
            return Some((ring, found));
        }
        ring = now;
    }
    let found = read(&ring);
    mapped.ring(index).filter(|now| now.recording == ring.recording)?;
    Some((ring, found))
}

/// Whether a share has all segments that it had.
fn is_kept(before: &Share, after: &Share) -> bool {
    let of = |share: &Share| share.segments.into_iter().take(share.len as usize).collect::<Vec<_>>();
    of(after).starts_with(&of(before))
}

/// Where the chunks of a ring lie that hold something: claim, segment and chunk, the newest claim first. Those
/// claimed since `ring` was read are left out.
fn places(mapped: &Mapped, ring: &Ring) -> Vec<(u64, u32, usize)> {
    let mut places = Vec::new();
    for share in &ring.shares {
        for &segment in share.segments.iter().take(share.len as usize) {
            for chunk in 0..CHUNKS {
                let claim = mapped.claim(segment, chunk);
                places.extend((1..=share.claims).contains(&claim).then_some((claim, segment, chunk)));
            }
        }
    }
    places.sort_unstable_by_key(|&(claim, ..)| Reverse(claim));
    places
}

/// Copies of all chunks of a ring that hold something, as of one moment.
///
/// A CPU closes a chunk when it claims the next. So chunks are copied from the newest claim to the
/// oldest, and those claimed since `ring` was read are left out: of each CPU, the copies are then all
/// that it had written up to some record, and a gap between them is one that was there.
#[must_use]
pub(crate) fn chunks(mapped: &Mapped, ring: &Ring) -> Vec<Vec<u8>> {
    let places = places(mapped, ring).into_iter();
    let copies = places.map(|(claim, segment, chunk)| mapped.chunk(segment, chunk, ring.recording, claim));
    copies.flatten().collect()
}
