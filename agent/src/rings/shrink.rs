//! Segments taken from a ring that lives, which keeps its newest chunks.
//!
//! # How nothing is torn
//!
//! Kernel programs read a share's layout without a lock, so one that began before the layout changed may
//! still claim a chunk of a segment that is to go. Therefore
//!
//! 1. the new layout is written ([`Mapped::shrink`](super::Mapped::shrink)). Whatever mixture of old and new a program sees leads to a segment that was
//!    the ring's, since places behind the end of the list keep their old values;
//! 2. it is waited until no program that began before is running (`membarrier`, which waits for an RCU
//!    grace period: programs on tracepoints run with preemption disabled);
//! 3. the commit words of the segments are emptied, so that a writer whose chunk lies there finds it gone;
//! 4. it is waited again, for the writers that were in the middle of a record.
//!
//! The last three are [`Mapped::empty`](super::Mapped::empty), once for all rings that shrink. Only then do the segments go to the pool. What they held counts as overwritten.

use rewind_common::chunk::CHUNKS;
use rewind_common::ring::Share;

/// A share's layout with fewer segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shrunk {
    /// [`Share::base`].
    pub base: u64,
    /// The segments that stay, in the order in which claims fill them.
    pub segments: Vec<u32>,
    /// Those that go: they hold the oldest chunks, or none.
    pub freed: Vec<u32>,
}

/// The layout of `share` with its `keep` newest segments. `None` if it has no more than that.
///
/// The next claim falls where it would have fallen, behind the newest chunk, and the segment it falls into
/// comes last: a lap from now all that stays has been filled once.
#[must_use]
pub fn shrink(share: &Share, keep: u32) -> Option<Shrunk> {
    let (len, keep) = (share.len as usize, keep.max(1) as usize);
    let mut segments = share.segments.get(..len)?.to_vec();
    if keep >= len {
        return None;
    }
    let next = share.claims + 1;
    let index = next.wrapping_sub(share.base) % (len * CHUNKS) as u64;
    segments.rotate_left(((index / CHUNKS as u64) as usize + 1) % len);
    let kept = segments.split_off(len - keep);
    let before = ((keep - 1) * CHUNKS) as u64 + index % CHUNKS as u64;
    Some(Shrunk { base: next.wrapping_sub(before), segments: kept, freed: segments })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_common::ring::MAX_SEGMENTS;

    fn share(claims: u64, base: u64, segments: &[u32]) -> Share {
        let mut all = [0; MAX_SEGMENTS];
        all[..segments.len()].copy_from_slice(segments);
        let len = segments.len() as u32;
        Share { claims, base, len, limit: len, growing: 0, reserved: 0, segments: all }
    }

    /// Where the kernel side puts claim `number` (`agent-ebpf/src/ring.rs`).
    fn place(base: u64, segments: &[u32], number: u64) -> (u32, u64) {
        let index = number.wrapping_sub(base) % (segments.len() * CHUNKS) as u64;
        (segments[(index / CHUNKS as u64) as usize], index % CHUNKS as u64)
    }

    #[test]
    fn the_newest_chunks_stay_and_the_next_claim_falls_where_it_would_have() {
        let segments = [10, 11, 12, 13];
        for claims in 0..200 {
            for keep in 1..4u32 {
                let share = share(claims, 1, &segments);
                let shrunk = shrink(&share, keep).unwrap();
                let next = claims + 1;
                assert_eq!(place(1, &segments, next), place(shrunk.base, &shrunk.segments, next));
                // All claims since the beginning of the oldest segment that stays are still there.
                let whole = u64::from(keep - 1) * CHUNKS as u64 + (next - 1) % CHUNKS as u64;
                for claim in next.saturating_sub(whole).max(1)..next {
                    assert!(shrunk.segments.contains(&place(1, &segments, claim).0), "claim {claim} of {claims}");
                }
            }
        }
    }

    #[test]
    fn each_segment_stays_or_goes() {
        let shrunk = shrink(&share(13, 1, &[4, 5, 6]), 1).unwrap();
        let mut all = [shrunk.segments.clone(), shrunk.freed.clone()].concat();
        all.sort_unstable();
        assert_eq!((shrunk.segments, all), (vec![5], vec![4, 5, 6]));
    }

    #[test]
    fn a_small_ring_stays_as_it_is() {
        assert_eq!(shrink(&share(13, 1, &[4, 5]), 2), None);
        assert_eq!(shrink(&share(13, 1, &[4]), 0), None);
    }
}
