//! The layout of a ring's share with fewer segments. How a ring that lives comes to it without a torn record
//! stands in `agent-ebpf/src/programs/shrink.rs`.

use rewind_common::chunk::CHUNKS;
use rewind_common::ring::Share;

/// A share's new layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// The share as it is to be: those of its segments that go stand behind those that stay.
    pub share: Share,
    /// It holds as long as not more has been claimed than this.
    pub claims: u64,
}

/// The layout of `share` with its `keep` newest segments. `None` if it has no more than that.
///
/// The next claim falls where it would have fallen, behind the newest chunk, and the segment it falls into
/// comes last of those that stay: a lap from now all of them have been filled once.
#[must_use]
pub(super) fn shrink(share: &Share, keep: u32) -> Option<Layout> {
    let (len, keep) = (share.len as usize, keep.max(1) as usize);
    let mut layout = *share;
    let segments = layout.segments.get_mut(..len)?;
    if keep >= len || share.growing != 0 {
        return None;
    }
    let next = share.claims + 1;
    let index = next.wrapping_sub(share.base) % (len * CHUNKS) as u64;
    let (head, chunk) = ((index / CHUNKS as u64) as usize, index % CHUNKS as u64);
    // Oldest first; then those that stay to the front.
    segments.rotate_left((head + 1) % len);
    segments.rotate_left(len - keep);
    layout.base = next.wrapping_sub(((keep - 1) * CHUNKS) as u64 + chunk);
    (layout.len, layout.limit, layout.leaving) = (keep as u32, keep as u32, (len - keep) as u32);
    // Up to the end of the segment that the next claim falls into.
    Some(Layout { share: layout, claims: share.claims + CHUNKS as u64 - chunk })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_common::ring::MAX_SEGMENTS;

    fn share(claims: u64, base: u64, segments: &[u32]) -> Share {
        let mut all = [0; MAX_SEGMENTS];
        all[..segments.len()].copy_from_slice(segments);
        let len = segments.len() as u32;
        Share { claims, base, len, limit: len, growing: 0, leaving: 0, segments: all }
    }

    fn stay(share: &Share) -> &[u32] {
        &share.segments[..share.len as usize]
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
                for next in claims + 1..=shrunk.claims {
                    assert_eq!(place(1, &segments, next), place(shrunk.share.base, stay(&shrunk.share), next));
                }
                let next = claims + 1;
                // All claims since the beginning of the oldest segment that stays are still there.
                let whole = u64::from(keep - 1) * CHUNKS as u64 + (next - 1) % CHUNKS as u64;
                for claim in next.saturating_sub(whole).max(1)..next {
                    assert!(stay(&shrunk.share).contains(&place(1, &segments, claim).0), "claim {claim} of {claims}");
                }
            }
        }
    }

    #[test]
    fn each_segment_stays_or_goes() {
        let Share { len, limit, leaving, segments, .. } = shrink(&share(13, 1, &[4, 5, 6]), 1).unwrap().share;
        assert_eq!((len, limit, leaving, &segments[..3]), (1, 1, 2, &[5, 6, 4][..]));
    }

    #[test]
    fn a_small_ring_stays_as_it_is() {
        assert_eq!(shrink(&share(13, 1, &[4, 5]), 2), None);
        assert_eq!(shrink(&share(13, 1, &[4]), 0), None);
    }
}
