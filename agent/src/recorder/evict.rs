//! Room for containers to come.

use super::{Error, Recorder, segments_of};
use crate::budget::{self, Pool, RingUsage, Step};
use rewind_common::ring::Ring;

impl Recorder {
    /// Makes room for containers to come, in the order that [`budget`] says.
    pub(super) fn evict(&mut self, rings: &[(u32, Ring)]) -> Result<(), Error> {
        let (segments, count) = (self.kernel.sizes.segments, self.kernel.sizes.rings);
        let used: u32 = rings.iter().map(|(_, ring)| segments_of(ring)).sum();
        let free_rings = count.saturating_sub(rings.len() as u32);
        let pool = Pool { segments, free_segments: segments.saturating_sub(used), rings: count, free_rings };
        let held: Vec<_> = rings.iter().map(|(index, ring)| self.held(*index, ring)).collect();
        let steps = budget::steps(&held, pool);
        let mut shrinking = Vec::new();
        for step in &steps {
            let (Step::Shrink { ring: at, .. } | Step::Release { ring: at }) = *step;
            let Some((index, ring)) = rings.iter().find(|(index, _)| *index == at) else { continue };
            match *step {
                Step::Release { .. } => self.release(*index, ring)?,
                Step::Shrink { keep, .. } => {
                    for (share, keep) in keep.into_iter().enumerate() {
                        shrinking.extend(self.kernel.lay_out(&self.mapped, *index, share, keep)?);
                    }
                }
            }
        }
        self.kernel.shrink(&shrinking)?;
        if pool.is_plenty() {
            let is_lower = |ring: &Ring| ring.shares.iter().zip(self.limits).any(|(share, most)| share.limit < most);
            let lowered = rings.iter().filter(|(_, ring)| is_lower(ring));
            lowered.for_each(|(index, _)| self.mapped.set_limits(*index, self.limits));
        }
        let refused = self.mapped.node().refused;
        if refused != self.refused_seen {
            let cgroups: Vec<_> = self.kernel.refused()?.into_iter().map(|(_, path)| path).collect();
            let count = refused - self.refused_seen;
            tracing::warn!(count, ?cgroups, "no memory for new containers: not recorded");
            (self.refused_seen, self.refused_wait) = (refused, true);
        }
        if self.refused_wait && (!steps.is_empty() || !pool.is_short()) {
            self.kernel.reopen_refused()?;
            self.mapped.raise_epoch();
            self.refused_wait = false;
        }
        Ok(())
    }

    fn held(&self, index: u32, ring: &Ring) -> RingUsage {
        RingUsage {
            ring: index,
            segments: ring.shares.each_ref().map(|share| share.len),
            died_ns: (ring.died_ns != 0).then_some(ring.died_ns),
            is_needed: self.is_unjudged(ring),
            is_spare: !self.is_waiting(ring),
        }
    }

    fn release(&mut self, index: u32, ring: &Ring) -> Result<(), Error> {
        self.known.remove(&ring.recording);
        self.release_end(ring.recording);
        self.explained.remove(&ring.recording);
        self.kept.remove(&ring.recording);
        Ok(self.kernel.release(index, ring.recording)?)
    }
}
