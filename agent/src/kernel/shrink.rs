//! Takes segments from rings that live (`agent-ebpf/src/hooks/shrink.rs`).

use super::load::{Error, Kernel, SHRINK};
use crate::rings::shrink::shrink;
use rewind_common::ring::{Ring, shrink_step as step};
use std::time::Duration;

impl Kernel {
    /// Gives one share of a ring a layout of its `keep` newest segments, for [`Kernel::shrink`] to take the
    /// others. `false`: it has no more, or is too busy at the moment.
    ///
    /// # Errors
    /// [`Error::Map`], [`Error::Program`].
    pub fn lay_out(&mut self, index: u32, ring: &Ring, share: usize, keep: u32) -> Result<bool, Error> {
        let Some(layout) = ring.shares.get(share).and_then(|share| shrink(share, keep)) else { return Ok(false) };
        self.set_layout(&layout.share)?;
        let arguments = [u64::from(index), ring.recording, share as u64, step::LAY_OUT, layout.claims];
        Ok(self.run(SHRINK, &arguments)? == 0)
    }

    /// Takes the segments that are to go from shares (ring, recording, share) that have been laid out.
    ///
    /// # Errors
    /// [`Error::Program`].
    pub fn shrink(&mut self, shares: &[(u32, u64, usize)]) -> Result<(), Error> {
        if shares.is_empty() {
            return Ok(());
        }
        for step in [step::EMPTY, step::GIVE_BACK] {
            wait_for_programs();
            for &(ring, recording, share) in shares {
                self.run(SHRINK, &[u64::from(ring), recording, share as u64, step])?;
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
