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
    /// When the container ended. `None`: it lives.
    pub(super) over_ns: Option<u64>,
    /// When the ring was read.
    pub(super) read_ns: u64,
}

impl Main {
    /// Whether it is certainly no stage of a runtime.
    pub(super) const fn is_settled(&self) -> bool {
        self.process.flags & main_flags::SETTLED != 0
    }

    /// How it ended, if that is how the container did.
    ///
    /// While the container lives, only a failure of one that has run a program is certain to be that: who has ended
    /// well may have been a step on the way, also where it has run a program (runc runs itself again, from a copy),
    /// and the next step may not have begun yet.
    pub(super) fn ending(&self) -> Option<Ending> {
        let MainProcess { tgid, status, ended_ns, .. } = self.process;
        if self.over_ns.is_none() && (status == 0 || !self.is_settled()) {
            return None;
        }
        let others_ns = self.over_ns.unwrap_or(self.read_ns).saturating_sub(ended_ns);
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
            Main { process, over_ns: Some(over_ns), read_ns: over_ns }.ending().is_some()
        };
        assert!(is_told(0, 2 * SECOND) && !is_told(0, 4 * SECOND));
        assert!(is_told(1 << 8, 60 * SECOND) && !is_told(1 << 8, 600 * SECOND));
    }

    #[test]
    fn in_a_living_container_only_the_failure_of_a_settled_main_process_is_told() {
        let is_told = |status, flags| {
            let process = MainProcess { tgid: 60, status, ended_ns: 5, flags, ..Default::default() };
            Main { process, over_ns: None, read_ns: 6 }.ending().is_some()
        };
        assert!(is_told(1 << 8, main_flags::SETTLED) && is_told(9, main_flags::SETTLED));
        assert!(!is_told(0, main_flags::SETTLED) && !is_told(0, 0) && !is_told(1 << 8, 0));
    }
}
