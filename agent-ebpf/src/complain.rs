//! Rare complaints, for whoever works on the kernel side. Built with the feature `log` they go to the agent's
//! log (`cargo xtask debug`); what is shipped has none of it, and counts what it loses all the same.

use rewind_common::loss::LossReason;

/// A record of a recording was lost. That an argument was not read, or not to its end, is no complaint.
#[inline(always)]
pub fn lost(recording: u64, reason: LossReason) {
    #[cfg(feature = "log")]
    if reason.loses_record() {
        log::complain_of_loss(recording, reason as u64);
    }
    #[cfg(not(feature = "log"))]
    let _ = (recording, reason);
}

/// A cgroup found no free ring.
#[inline(always)]
pub fn refused(cgroup_id: u64) {
    #[cfg(feature = "log")]
    log::complain_of_refusal(cgroup_id);
    #[cfg(not(feature = "log"))]
    let _ = cgroup_id;
}

/// Verifier: global functions, for a line of log is some hundred instructions in a loop each, which would be
/// walked with all that leads to it.
#[cfg(feature = "log")]
mod log {
    use crate::globals::global;
    use aya_log_ebpf::warn;
    use rewind_common::loss::LossReason;

    const LAPPED: u64 = LossReason::Lapped as u64;
    const NESTED: u64 = LossReason::Nested as u64;
    const NO_THREAD_STATE: u64 = LossReason::NoThreadState as u64;
    const TOO_LONG: u64 = LossReason::TooLong as u64;

    global! {
        /// Logs why a record was lost.
        fn complain_of_loss(recording: u64, reason: u64) -> u64 {
            match reason {
                LAPPED => warn!((), "recording {}: a record is lost, for its chunk was lapped", recording),
                NESTED => warn!((), "recording {}: a record is lost, for another hook was writing on this CPU", recording),
                NO_THREAD_STATE => warn!((), "recording {}: a call is lost, for there is no state for its thread", recording),
                TOO_LONG => warn!((), "recording {}: a record is lost, for it does not fit into a chunk", recording),
                _ => {}
            }
            0
        }

        /// Logs that a cgroup got no ring.
        fn complain_of_refusal(cgroup_id: u64) -> u64 {
            warn!((), "cgroup {}: there is no ring left", cgroup_id);
            0
        }
    }
}
