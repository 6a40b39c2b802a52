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
    })
}

/// Copies of all chunks of a ring that hold something.
#[must_use]
pub fn chunks(mapped: &Mapped, ring: &Ring) -> Vec<Vec<u8>> {
    let segments = ring.shares.iter().flat_map(|share| share.segments.iter().take(share.len as usize));
    let places = segments.flat_map(|&segment| (0..CHUNKS).map(move |chunk| (segment, chunk)));
    places.filter_map(|(segment, chunk)| mapped.chunk(segment, chunk, ring.recording)).collect()
}
