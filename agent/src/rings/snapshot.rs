//! One ring -> what a recording is cut from.

use super::map::Mapped;
use crate::kernel::{Error, Kernel};
use rewind_common::chunk::CHUNKS;
use rewind_common::ring::{InFlight, MAIN, PROTECTED, Ring};
use rewind_recording::cut::Source;

/// Copies a ring. Cursors and calls in flight come first, as the account demands.
///
/// # Errors
/// [`Error`], if the kernel's maps cannot be read.
pub fn snapshot(
    kernel: &Kernel,
    mapped: &Mapped,
    index: u32,
    ring: &Ring,
    in_flight: Vec<InFlight>,
    read_ns: u64,
) -> Result<Source, Error> {
    let cursors = kernel.cursors(index)?;
    Ok(Source {
        recording: ring.recording,
        chunks: chunks(mapped, ring),
        cursors,
        in_flight,
        capacity: [MAIN, PROTECTED].map(|share| u64::from(ring.shares[share].len) * CHUNKS as u64),
        born_ns: ring.born_ns,
        read_ns,
        end_ns: ring.end_ns(),
        main: Some(ring.main),
    })
}

/// Copies of all chunks of a ring that hold something, as of one moment.
///
/// A CPU closes a chunk when it claims the next. So chunks are copied from the newest claim to the
/// oldest, and those claimed since `ring` was read are left out: of each CPU, the copies are then all
/// that it had written up to some record, and a gap between them is one that was there.
#[must_use]
pub fn chunks(mapped: &Mapped, ring: &Ring) -> Vec<Vec<u8>> {
    let mut places = Vec::new();
    for share in &ring.shares {
        for &segment in share.segments.iter().take(share.len as usize) {
            for chunk in 0..CHUNKS {
                let claim = mapped.claim(segment, chunk);
                places.extend((1..=share.claims).contains(&claim).then_some((claim, segment, chunk)));
            }
        }
    }
    places.sort_unstable_by_key(|&(claim, ..)| std::cmp::Reverse(claim));
    let copies = places.into_iter().map(|(claim, segment, chunk)| mapped.chunk(segment, chunk, ring.recording, claim));
    copies.flatten().collect()
}
