//! What is wished of a container's recording. The kernel side begins one before anybody knows whose it is; as soon as
//! that is known, and it is not to be recorded, it ends and its ring is given back.

use super::{Error, Recorder, lock};
use crate::clock;
use rewind_common::ring::{Cgroup, Ring, cgroup_state};
use rewind_recording::header::Container;
use std::collections::HashSet;
use std::sync::Arc;

/// What is wished of one container's recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// Whether it is to be recorded.
    pub record: bool,
    /// Whether payload is; `None`: as with all others, or it is not known yet.
    pub payload: Option<bool>,
}

/// Says what is wished of each.
pub(crate) type Wishes = Arc<dyn Fn(&Container) -> Wish + Send + Sync>;

/// What the recorder knows of wishes.
#[derive(Default)]
pub(super) struct Heeded {
    wishes: Option<Wishes>,
    /// Recordings whose payload was switched as wished: it may be switched by hand since.
    payload: HashSet<u64>,
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
        let wishes = lock(&self.heeded).wishes.clone();
        wishes.is_some_and(|wishes| !wishes(container).record)
    }

    /// Heeds what is wished of each recording.
    ///
    /// # Errors
    /// [`Error::Kernel`].
    pub(crate) fn heed_wishes(&self) -> Result<(), Error> {
        let Some(wishes) = lock(&self.heeded).wishes.clone() else { return Ok(()) };
        // Until then no ring is given to another recording.
        let _room = lock(&self.room);
        let now_ns = clock::now_ns();
        let rings: Vec<_> = self.rings().collect();
        for (index, ring) in &rings {
            let wish = wishes(&self.registry.container(ring));
            match ring.end_ns() {
                None if !wish.record => self.leave_out(*index, ring, now_ns)?,
                None => self.heed_payload(*index, ring, wish),
                Some(end_ns) if !wish.record && now_ns.saturating_sub(end_ns) > WRITTEN_WITHIN_NS => {
                    self.release(*index, ring)?;
                }
                Some(_) => {}
            }
        }
        let there: HashSet<u64> = rings.iter().map(|(_, ring)| ring.recording).collect();
        lock(&self.heeded).payload.retain(|recording| there.contains(recording));
        Ok(())
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
            && lock(&self.heeded).payload.insert(ring.recording)
        {
            self.switch_payload(index, ring, on);
        }
    }
}
