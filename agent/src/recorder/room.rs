//! Room for containers to come.

use super::{Error, Recorder, lock, segments_of};
use crate::budget::{self, Pool, RingUsage, Step};
use crate::clock;
use rewind_common::ring::{Ring, SHARES};

/// What is known of what has to go. Who holds its lock changes rings alone.
pub(super) struct Room {
    /// Most segments of each share of a ring that has no limits of its own.
    pub(super) limits: [u32; SHARES],
    /// Refusals that have been logged.
    refused_seen: u64,
    /// Whether some of those wait for room.
    refused_wait: bool,
}

impl Room {
    /// Of rings that may have so many segments in each share.
    pub(super) const fn new(limits: [u32; SHARES]) -> Self {
        Self { limits, refused_seen: 0, refused_wait: true }
    }
}

impl Recorder {
    /// Makes room for containers to come, in the order that [`budget`] says.
    pub(super) fn evict(&self, room: &mut Room, rings: &[(u32, Ring)]) -> Result<(), Error> {
        let (segments, count) = (self.mapped.segment_count, self.mapped.ring_count);
        let used: u32 = rings.iter().map(|(_, ring)| segments_of(ring)).sum();
        let free_rings = count.saturating_sub(rings.len() as u32);
        let pool = Pool { segments, free_segments: segments.saturating_sub(used), rings: count, free_rings };
        let steps = budget::steps(&self.usage(rings), pool);
        self.take(&steps, rings)?;
        if pool.is_plenty() {
            for (index, ring) in rings {
                let most = self.limits_of(ring, room.limits);
                if ring.shares.iter().zip(most).any(|(share, most)| share.limit < most) {
                    self.mapped.set_limits(*index, most);
                }
            }
        }
        let refused = self.mapped.node().refused;
        if refused != room.refused_seen {
            let cgroups: Vec<_> = self.kernel().refused()?.into_iter().map(|(_, path)| path).collect();
            let count = refused - room.refused_seen;
            tracing::warn!(count, ?cgroups, "no memory for new containers: not recorded");
            (room.refused_seen, room.refused_wait) = (refused, true);
        }
        if room.refused_wait && (!steps.is_empty() || !pool.is_short()) {
            self.kernel().reopen_refused()?;
            self.mapped.raise_epoch();
            room.refused_wait = false;
        }
        Ok(())
    }

    /// What each ring holds, and whether it may go.
    fn usage(&self, rings: &[(u32, Ring)]) -> Vec<RingUsage> {
        let (ends, now_ns) = (lock(&self.ends), clock::now_ns());
        let of = |(index, ring): &(u32, Ring)| RingUsage {
            ring: *index,
            segments: ring.shares.each_ref().map(|share| share.len),
            died_ns: (ring.died_ns != 0).then_some(ring.died_ns),
            is_needed: ends.is_unjudged(ring) || ends.is_unread(ring, now_ns),
            is_spare: !ends.is_waiting(ring),
        };
        rings.iter().map(of).collect()
    }

    fn take(&self, steps: &[Step], rings: &[(u32, Ring)]) -> Result<(), Error> {
        let mut shrinking = Vec::new();
        for step in steps {
            let (Step::Shrink { ring: at, .. } | Step::Release { ring: at }) = *step;
            let Some((index, ring)) = rings.iter().find(|(index, _)| *index == at) else { continue };
            match *step {
                Step::Release { .. } => self.release(*index, ring)?,
                Step::Shrink { keep, .. } => {
                    for (share, keep) in keep.into_iter().enumerate() {
                        shrinking.extend(self.kernel().lay_out(&self.mapped, *index, share, keep)?);
                    }
                }
            }
        }
        Ok(self.kernel().shrink(&shrinking)?)
    }

    pub(super) fn release(&self, index: u32, ring: &Ring) -> Result<(), Error> {
        self.kernel().release(index, ring.recording)?;
        self.registry.release(ring.recording);
        lock(&self.ends).release(ring.recording);
        Ok(())
    }
}
