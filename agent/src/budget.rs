//! Who makes room when memory runs short: rings shrink to the least there is, then the least valuable dead
//! recording goes, and only then is a new container refused.

use rewind_common::ring::SHARES;

/// The part of memory, and of rings, that is kept free for containers to come.
const RESERVE: u32 = 8;

/// What one recording takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RingUsage {
    /// Its ring.
    pub ring: u32,
    /// The segments of its shares.
    pub segments: [u32; SHARES],
    /// When its container's cgroup was removed: `CLOCK_MONOTONIC`, nanoseconds. `None` while it lives.
    pub died_ns: Option<u64>,
    /// Whether it may not go or shrink yet: what is kept of its end has not been decided.
    pub is_needed: bool,
    /// Whether losing it loses nothing: its container ended well, or a file holds it.
    pub is_spare: bool,
}

/// All there is, and what of it is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pool {
    /// Segments.
    pub segments: u32,
    /// Segments that are free.
    pub free_segments: u32,
    /// Rings.
    pub rings: u32,
    /// Rings that are free.
    pub free_rings: u32,
}

impl Pool {
    /// Whether less is free than is kept for containers to come.
    #[must_use]
    pub(crate) const fn is_short(&self) -> bool {
        self.lacks_segments() || self.free_rings <= self.rings / RESERVE
    }

    const fn lacks_segments(&self) -> bool {
        self.free_segments <= self.segments / RESERVE
    }

    /// Whether rings that had to shrink may grow again.
    #[must_use]
    pub(crate) const fn is_plenty(&self) -> bool {
        self.free_segments > self.segments / 2
    }
}

/// One step to make room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Leave a ring this many segments in each share.
    Shrink {
        /// The ring.
        ring: u32,
        /// What its shares keep.
        keep: [u32; SHARES],
    },
    /// Give a dead recording up.
    Release {
        /// Its ring.
        ring: u32,
    },
}

/// What is to be done until an eighth of everything is free, or nothing more can be done.
#[must_use]
pub(crate) fn steps(held: &[RingUsage], mut pool: Pool) -> Vec<Step> {
    let mut left = held.to_vec();
    let mut keeps: Vec<(u32, [u32; SHARES])> = Vec::new();
    while pool.lacks_segments() {
        // The largest gives half, so that all come to the same size before any comes to the least.
        let largest = left.iter_mut().filter(|held| !held.is_needed && held.segments.iter().any(|&len| len > 1));
        let Some(largest) = largest.max_by_key(|held| (held.segments.iter().sum::<u32>(), held.died_ns.is_some()))
        else {
            break;
        };
        let keep = largest.segments.map(|len| len.div_ceil(2));
        pool.free_segments += largest.segments.iter().sum::<u32>() - keep.iter().sum::<u32>();
        largest.segments = keep;
        keeps.retain(|(ring, _)| *ring != largest.ring);
        keeps.push((largest.ring, keep));
    }
    let mut dead: Vec<_> = left.into_iter().filter(|held| held.died_ns.is_some() && !held.is_needed).collect();
    dead.sort_by_key(|held| (!held.is_spare, held.died_ns));
    let mut released = Vec::new();
    for held in dead {
        if !pool.is_short() {
            break;
        }
        pool.free_segments += held.segments.iter().sum::<u32>();
        pool.free_rings += 1;
        keeps.retain(|(ring, _)| *ring != held.ring);
        released.push(Step::Release { ring: held.ring });
    }
    released.extend(keeps.into_iter().map(|(ring, keep)| Step::Shrink { ring, keep }));
    released
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_common::ring::CALL_SHARES;

    const FULL: Pool = Pool { segments: 80, free_segments: 0, rings: 40, free_rings: 30 };

    fn living(ring: u32, segments: [u32; CALL_SHARES]) -> RingUsage {
        RingUsage { ring, segments: [segments[0], segments[1], 0], ..RingUsage::default() }
    }

    fn dead(ring: u32, segments: [u32; CALL_SHARES], died_ns: u64) -> RingUsage {
        RingUsage { died_ns: Some(died_ns), ..living(ring, segments) }
    }

    #[test]
    fn with_room_enough_nothing_is_done() {
        let pool = Pool { free_segments: 11, ..FULL };
        assert_eq!(steps(&[living(1, [40, 29]), dead(2, [1, 1], 5)], pool), []);
    }

    #[test]
    fn rings_shrink_before_a_dead_recording_goes() {
        let steps = steps(&[living(1, [30, 10]), dead(2, [30, 10], 5)], FULL);
        assert_eq!(steps, [Step::Shrink { ring: 2, keep: [15, 5, 0] }]);
    }

    #[test]
    fn a_share_without_a_segment_gives_none_and_takes_none() {
        let held = RingUsage { segments: [30, 9, 1], ..living(1, [0, 0]) };
        assert_eq!(steps(&[held], FULL), [Step::Shrink { ring: 1, keep: [15, 5, 1] }]);
    }

    #[test]
    fn the_largest_gives_first() {
        let steps = steps(&[living(1, [50, 20]), living(2, [8, 2])], FULL);
        assert_eq!(steps, [Step::Shrink { ring: 1, keep: [25, 10, 0] }]);
    }

    #[test]
    fn at_the_least_size_the_least_valuable_dead_recording_goes() {
        let smallest: Vec<_> = (0..30).map(|ring| living(ring, [1, 1])).collect();
        let crashed = [dead(30, [1, 1], 5), dead(31, [1, 1], 6), dead(32, [1, 1], 7), dead(33, [1, 1], 8)];
        let spare =
            [RingUsage { is_spare: true, ..dead(34, [1, 1], 9) }, RingUsage { is_needed: true, ..dead(35, [1, 1], 1) }];
        let held = [&smallest[..], &crashed, &spare].concat();
        let pool = Pool { segments: 80, free_segments: 8, rings: 40, free_rings: 4 };
        let gone = [34, 30].map(|ring| Step::Release { ring });
        assert_eq!(steps(&held, pool), gone);
    }

    #[test]
    fn when_all_live_at_the_least_size_nothing_can_be_done() {
        let held: Vec<_> = (0..40).map(|ring| living(ring, [1, 1])).collect();
        assert_eq!(steps(&held, Pool { free_rings: 0, ..FULL }), []);
    }

    #[test]
    fn a_dead_recording_that_goes_is_not_shrunk_first() {
        let held = [dead(1, [40, 36], 5), dead(2, [1, 1], 6), living(3, [1, 1])];
        let pool = Pool { free_rings: 5, ..FULL };
        let steps = steps(&held, pool);
        assert!(
            steps.contains(&Step::Release { ring: 1 })
                && !steps.iter().any(|step| matches!(step, Step::Shrink { ring: 1, .. })),
            "{steps:?}"
        );
    }
}
