//! What is wished of a container's recording. The kernel side begins one before anybody knows whose it is; as soon as
//! that is known, and it is not to be recorded, it ends and its ring is given back.

use super::{Error, Recorder, lock};
use crate::clock;
use rewind_common::ring::{Cgroup, Ring, SHARES, Share, cgroup_state};
use rewind_recording::header::Container;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What is wished of one container's recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// Whether it is to be recorded.
    pub record: bool,
    /// Whether payload is; `None`: as with all others, or it is not known yet.
    pub payload: Option<bool>,
    /// Most bytes of its ring; `None` as above.
    pub ring_bytes: Option<u64>,
    /// Whether spans of its requests are exported; `None` as above.
    pub request_spans: Option<bool>,
}

impl Default for Wish {
    fn default() -> Self {
        Self { record: true, payload: None, ring_bytes: None, request_spans: None }
    }
}

/// Says what is wished of each.
pub(crate) type Wishes = Arc<dyn Fn(&Container) -> Wish + Send + Sync>;

/// What the recorder knows of wishes.
#[derive(Default)]
pub(super) struct Heeded {
    wishes: Option<Wishes>,
    /// How payload of recordings was switched because that was wished: it may be switched by hand since.
    payload: HashMap<u64, bool>,
    /// Most segments of the shares of recordings that have a limit of their own.
    limits: HashMap<u64, [u32; SHARES]>,
}

/// How long after its end a ring may still be written to, by a call that had begun before.
const WRITTEN_WITHIN_NS: u64 = 1_000_000_000;

impl Recorder {
    /// From now on these are heeded. What is not recorded any more stays so until its container starts anew.
    pub(crate) fn set_wishes(&self, wishes: Wishes) {
        lock(&self.heeded).wishes = Some(wishes);
    }

    /// Whether a container is not to be recorded.
    #[must_use]
    pub(crate) fn is_unwanted(&self, container: &Container) -> bool {
        !self.wish(container).record
    }

    /// Whether spans of a container's requests are to be exported; `None`: as with all others, or it is not known.
    #[must_use]
    pub(crate) fn wishes_request_spans(&self, container: &Container) -> Option<bool> {
        self.wish(container).request_spans
    }

    fn wish(&self, container: &Container) -> Wish {
        let wishes = lock(&self.heeded).wishes.clone();
        wishes.map_or_else(Wish::default, |wishes| wishes(container))
    }

    /// Heeds what is wished of each recording.
    ///
    /// # Errors
    /// [`Error::Kernel`].
    pub(crate) fn heed_wishes(&self) -> Result<(), Error> {
        let Some(wishes) = lock(&self.heeded).wishes.clone() else { return Ok(()) };
        // Until then no ring is given to another recording.
        let room = lock(&self.room);
        let now_ns = clock::now_ns();
        let rings: Vec<_> = self.rings().collect();
        let mut shrinking = Vec::new();
        for (index, ring) in &rings {
            let wish = wishes(&self.registry.container(ring));
            match ring.end_ns() {
                None if !wish.record => self.leave_out(*index, ring, now_ns)?,
                None => {
                    self.heed_payload(*index, ring, wish);
                    for (share, keep) in self.heed_size(*index, ring, wish, room.limits) {
                        shrinking.extend(self.kernel().lay_out(&self.mapped, *index, share, keep)?);
                    }
                }
                Some(end_ns) if !wish.record && now_ns.saturating_sub(end_ns) > WRITTEN_WITHIN_NS => {
                    self.release(*index, ring)?;
                }
                Some(_) => {}
            }
        }
        self.kernel().shrink(&shrinking)?;
        let there: HashSet<u64> = rings.iter().map(|(_, ring)| ring.recording).collect();
        let mut heeded = lock(&self.heeded);
        heeded.payload.retain(|recording, _| there.contains(recording));
        heeded.limits.retain(|recording, _| there.contains(recording));
        Ok(())
    }

    /// Most segments of the shares of a ring; `usual` is that of most.
    pub(super) fn limits_of(&self, ring: &Ring, usual: [u32; SHARES]) -> [u32; SHARES] {
        lock(&self.heeded).limits.get(&ring.recording).copied().unwrap_or(usual)
    }

    /// Sets a ring's limits; which shares have more than that, and what they keep. They are asked again until they
    /// have given it.
    fn heed_size(&self, index: u32, ring: &Ring, wish: Wish, usual: [u32; SHARES]) -> Vec<(usize, u32)> {
        let before = self.limits_of(ring, usual);
        let wanted = wish.ring_bytes.map_or(usual, |bytes| self.plan.limits(bytes));
        if wanted != before {
            lock(&self.heeded).limits.insert(ring.recording, wanted);
            self.mapped.set_limits(index, limits(&ring.shares, before, wanted));
        }
        let shares = ring.shares.iter().zip(wanted).enumerate();
        shares.filter(|(_, (share, most))| share.len > *most).map(|(share, (_, most))| (share, most)).collect()
    }

    fn leave_out(&self, index: u32, ring: &Ring, now_ns: u64) -> Result<(), Error> {
        let mut kernel = self.kernel();
        if let Some(known) = kernel.cgroup(ring.cgroup_id)? {
            let ignored = Cgroup { state: cgroup_state::IGNORED, ring: 0, ..known };
            kernel.correct_cgroup(ring.cgroup_id, ignored)?;
        }
        drop(kernel);
        // In this order: nobody finds an end that is to be decided on.
        self.mapped.set_judged(index, now_ns);
        self.mapped.end(index, now_ns);
        self.mapped.raise_epoch();
        let container = self.registry.container(ring);
        tracing::info!(recording = ring.recording, container = %container.name, "not to be recorded: ended");
        Ok(())
    }

    fn heed_payload(&self, index: u32, ring: &Ring, wish: Wish) {
        if let Some(on) = wish.payload
            && lock(&self.heeded).payload.insert(ring.recording, on) != Some(on)
        {
            self.switch_payload(index, ring, on);
        }
    }
}

/// The new limits of shares: one that had to shrink for others' sake stays small until there is room again.
fn limits(shares: &[Share; SHARES], before: [u32; SHARES], wanted: [u32; SHARES]) -> [u32; SHARES] {
    std::array::from_fn(|at| {
        let (now, before, wanted) = (shares[at].limit, before[at], wanted[at]);
        if now < before { now.min(wanted) } else { wanted }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_common::ring::MAX_SEGMENTS;

    fn limited(limit: u32) -> Share {
        Share { claims: 0, base: 1, len: 1, limit, growing: 0, leaving: 0, segments: [0; MAX_SEGMENTS] }
    }

    #[test]
    fn a_ring_may_grow_to_its_own_limit_unless_it_had_to_shrink() {
        let of = |now: [u32; SHARES], wanted| limits(&now.map(limited), [21, 7, 3], wanted);
        assert_eq!(of([21, 7, 3], [84, 32, 12]), [84, 32, 12]);
        assert_eq!(of([21, 7, 3], [3, 1, 1]), [3, 1, 1]);
        assert_eq!(of([12, 7, 3], [84, 32, 12]), [12, 32, 12]);
        assert_eq!(of([12, 4, 2], [6, 1, 1]), [6, 1, 1]);
    }
}
