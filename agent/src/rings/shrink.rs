//! Takes segments from rings that live (`agent-ebpf/src/programs/shrink.rs`).

use super::layout::{Layout, shrink};
use super::map::Mapped;
use crate::kernel::{Error, Kernel};
use rewind_common::ring::shrink_step as step;
use std::time::Duration;

/// A share that has been laid out: its ring, the recording, and which of the ring's shares it is.
pub(super) type Laid = (u32, u64, usize);

/// How often a layout is made anew for a share that has come too far meanwhile.
const TRIES: usize = 32;

impl Kernel {
    /// Gives one share of a ring a layout of its `keep` newest segments, for [`Kernel::shrink`] to take the
    /// others. `None`: it has no more, or is too busy at the moment.
    ///
    /// # Errors
    /// [`Error::Map`], [`Error::Program`].
    pub(crate) fn lay_out(
        &mut self,
        mapped: &Mapped,
        index: u32,
        share: usize,
        keep: u32,
    ) -> Result<Option<Laid>, Error> {
        for _ in 0..TRIES {
            let Some(ring) = mapped.ring(index) else { return Ok(None) };
            let layout = ring.shares.get(share).and_then(|share| shrink(share, keep));
            let Some(Layout { share: layout, claims }) = layout else { return Ok(None) };
            self.set_layout(&layout)?;
            if self.shrink_step(index, ring.recording, share, &[step::LAY_OUT, claims])? == 0 {
                return Ok(Some((index, ring.recording, share)));
            }
        }
        Ok(None)
    }

    /// Takes the segments that are to go from shares that have been laid out.
    ///
    /// # Errors
    /// [`Error::Program`].
    pub(crate) fn shrink(&mut self, shares: &[Laid]) -> Result<(), Error> {
        if shares.is_empty() {
            return Ok(());
        }
        for step in [step::EMPTY, step::GIVE_BACK] {
            wait_for_programs();
            for &(ring, recording, share) in shares {
                self.shrink_step(ring, recording, share, &[step])?;
            }
        }
        Ok(())
    }
}

/// Waits until no kernel program runs that ran when this was called. Some 10 ms.
fn wait_for_programs() {
    // `MEMBARRIER_CMD_GLOBAL` (`kernel/sched/membarrier.c`) is `synchronize_rcu`. It is refused where the
    // kernel runs with full dynamic ticks on some CPUs; the pause stands in for it there, a thousand times
    // as long as a program runs.
    if rustix::thread::membarrier(rustix::thread::MembarrierCommand::Global).is_err() {
        std::thread::sleep(Duration::from_millis(100));
    }
}
