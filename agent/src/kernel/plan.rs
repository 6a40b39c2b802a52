//! How large the maps are made: pure.

use clap::ValueEnum;
use rewind_common::chunk::ARENA_VALUE_BYTES;
use rewind_common::record::message::protocols;
use rewind_common::ring::{CALL_SHARES, IDENTITY_BYTES, MAIN, MAX_SEGMENTS, PROTECTED, Ring, SHARES, TRAFFIC};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Bytes of the node's whole budget for rings.
    pub budget_bytes: u64,
    /// Most bytes of one container's ring.
    pub ring_bytes: u64,
    /// Most payload bytes kept of one call.
    pub payload_bytes: u32,
    /// What is read of sockets: bits of [`protocols`].
    pub protocols: u32,
}

/// A protocol whose messages are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    /// HTTP/1.
    Http,
    /// DNS.
    Dns,
    /// None.
    #[value(hide = true)]
    None,
}

impl Protocol {
    /// All of them.
    pub(crate) const ALL: [Self; 2] = [Self::Http, Self::Dns];

    /// What the kernel side knows them by.
    #[must_use]
    pub(crate) fn bits(all: &[Self]) -> u32 {
        all.iter().fold(0, |bits, protocol| {
            bits | match protocol {
                Self::Http => protocols::HTTP,
                Self::Dns => protocols::DNS,
                Self::None => 0,
            }
        })
    }
}

/// A budget that cannot hold a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a budget of {budget_bytes} bytes is too small for one ring, which takes {min_bytes}; ask for more")]
pub(crate) struct TooSmall {
    budget_bytes: u64,
    min_bytes: u64,
}

/// How large the maps are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// Segments in the arena.
    pub segments: u32,
    /// Rings: as many as there can be with one segment in each share that a ring begins with.
    pub rings: u32,
    /// Most segments of each share.
    pub limits: [u32; SHARES],
}

impl Plan {
    /// The sizes of the maps that this plan needs.
    ///
    /// # Errors
    /// [`TooSmall`].
    pub(crate) fn sizes(&self) -> Result<Sizes, TooSmall> {
        let segment = ARENA_VALUE_BYTES as u64;
        let ring = (size_of::<Ring>() + IDENTITY_BYTES) as u64;
        let min_bytes = CALL_SHARES as u64 * segment + ring;
        // Each ring that there can be costs its own entry beside its segments.
        let segments = self.budget_bytes / (segment + ring / CALL_SHARES as u64);
        if segments < CALL_SHARES as u64 {
            return Err(TooSmall { budget_bytes: self.budget_bytes, min_bytes });
        }
        let segments = u32::try_from(segments).unwrap_or(u32::MAX);
        let limits = limits(self.ring_bytes, segments);
        Ok(Sizes { segments, rings: segments / CALL_SHARES as u32, limits })
    }

    /// The limits of a ring of another size: within the budget.
    #[must_use]
    pub(crate) fn limits(&self, ring_bytes: u64) -> [u32; SHARES] {
        self.sizes().map_or([1; SHARES], |sizes| limits(ring_bytes, sizes.segments))
    }
}

/// Most segments of each share of a ring, of all there are: a quarter is for what is decisive, an eighth of the rest
/// for traffic. The smallest ring has a segment in each, that of traffic beyond what was asked for.
fn limits(ring_bytes: u64, segments: u32) -> [u32; SHARES] {
    let of = |count: u32| count.clamp(1, MAX_SEGMENTS as u32);
    let most = (ring_bytes / ARENA_VALUE_BYTES as u64).clamp(2, u64::from(segments)) as u32;
    let protected = of(most / 4);
    let traffic = of((most - protected) / 8);
    let mut limits = [1; SHARES];
    (limits[MAIN], limits[PROTECTED], limits[TRAFFIC]) =
        (of((most - protected).saturating_sub(traffic)), protected, traffic);
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn the_default_budget_holds_several_hundred_rings() {
        let plan = Plan { budget_bytes: 64 * MIB, ring_bytes: MIB, payload_bytes: 256, protocols: 0 };
        let sizes = plan.sizes().unwrap();
        assert!(sizes.rings > 900, "{sizes:?}");
        assert!(u64::from(sizes.segments) * (ARENA_VALUE_BYTES as u64) < 64 * MIB);
        assert_eq!(sizes.limits, [21, 7, 3]);
    }

    #[test]
    fn a_ring_of_another_size_stays_within_the_budget() {
        let plan = Plan { budget_bytes: 4 * MIB, ring_bytes: MIB, payload_bytes: 256, protocols: 0 };
        let segments = plan.sizes().unwrap().segments;
        assert_eq!(plan.limits(MIB), plan.sizes().unwrap().limits);
        assert_eq!([plan.limits(1), plan.limits(256 << 10)], [[1, 1, 1], [5, 1, 1]]);
        assert!(plan.limits(u64::MAX).iter().sum::<u32>() <= segments);
    }

    #[test]
    fn a_budget_too_small_for_one_ring_is_refused() {
        let plan = Plan { budget_bytes: 4096, ring_bytes: MIB, payload_bytes: 256, protocols: 0 };
        assert!(plan.sizes().unwrap_err().to_string().contains("too small for one ring"));
    }
}
