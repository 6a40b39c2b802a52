//! The main process as the kernel side knows it, and whether its end is the container's.

use super::Ending;
use rewind_common::ring::{MainProcess, main_flags};

/// How long others may go on when the main process has ended well, for its end to be the container's: a
/// runtime kills them at once. If they go on for longer, the main process has left a daemon behind.
const OTHERS_AFTER_SUCCESS_NS: u64 = 2_000_000_000;
/// The same where it has failed: what a unit's stop takes, 90 s by default (`TimeoutStopSec` in
/// `systemd.service(5)`), and some.
const OTHERS_AFTER_FAILURE_NS: u64 = 100_000_000_000;

#[derive(Clone, Copy, Debug)]
pub(super) struct Main {
    pub(super) process: MainProcess,
    /// When the container ended, or the ring was read.
    pub(super) over_ns: u64,
}

impl Main {
    /// Whether it is certainly no stage of a runtime.
    pub(super) const fn is_settled(&self) -> bool {
        self.process.flags & main_flags::SETTLED != 0
    }

    /// How it ended, if that is how the container did.
    pub(super) fn ending(&self) -> Option<Ending> {
        let MainProcess { tgid, status, ended_ns, .. } = self.process;
        let others_ns = self.over_ns.saturating_sub(ended_ns);
        let most_ns = if status == 0 { OTHERS_AFTER_SUCCESS_NS } else { OTHERS_AFTER_FAILURE_NS };
        (ended_ns != 0 && others_ns < most_ns).then(|| Ending::of_status(tgid, status, ended_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_others_have_outlived_is_not_the_containers() {
        const SECOND: u64 = 1_000_000_000;
        let is_told = |status, over_ns| {
            let process = MainProcess { tgid: 60, status, ended_ns: SECOND, ..Default::default() };
            Main { process, over_ns }.ending().is_some()
        };
        assert!(is_told(0, 2 * SECOND) && !is_told(0, 4 * SECOND));
        assert!(is_told(1 << 8, 60 * SECOND) && !is_told(1 << 8, 600 * SECOND));
    }
}
