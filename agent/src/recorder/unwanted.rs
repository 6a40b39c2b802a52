//! Containers that turn out not to be wanted. The kernel side begins a recording before anybody knows whose it is; as
//! soon as that is known, and it is not to be recorded, the recording ends and its ring is given back.

use super::{Error, Recorder, lock};
use crate::clock;
use rewind_common::ring::{Cgroup, cgroup_state};
use rewind_recording::header::Container;
use std::sync::Arc;

/// Says which containers are not to be recorded.
pub(crate) type Unwanted = Arc<dyn Fn(&Container) -> bool + Send + Sync>;

/// How long after its end a ring may still be written to, by a call that had begun before.
const WRITTEN_WITHIN_NS: u64 = 1_000_000_000;

impl Recorder {
    /// From now on these are not recorded. What is not recorded any more stays so until its container starts anew.
    pub(crate) fn set_unwanted(&self, unwanted: Unwanted) {
        *lock(&self.unwanted) = Some(unwanted);
    }

    /// Whether a container is not to be recorded.
    #[must_use]
    pub(crate) fn is_unwanted(&self, container: &Container) -> bool {
        let unwanted = lock(&self.unwanted).clone();
        unwanted.is_some_and(|unwanted| unwanted(container))
    }

    /// Ends recordings that are not wanted, and gives their rings back.
    ///
    /// # Errors
    /// [`Error::Kernel`].
    pub(crate) fn leave_out_unwanted(&self) -> Result<(), Error> {
        let Some(unwanted) = lock(&self.unwanted).clone() else { return Ok(()) };
        // Until then no ring is given to another recording.
        let _room = lock(&self.room);
        let now_ns = clock::now_ns();
        for (index, ring) in self.rings().collect::<Vec<_>>() {
            if !unwanted(&self.registry.container(&ring)) {
                continue;
            }
            match ring.end_ns() {
                None => {
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
                    tracing::info!(recording = ring.recording, container = %self.registry.container(&ring).name, "is not to be recorded: ended");
                }
                Some(end_ns) if now_ns.saturating_sub(end_ns) > WRITTEN_WITHIN_NS => self.release(index, &ring)?,
                Some(_) => {}
            }
        }
        Ok(())
    }
}
