//! A supervisor that is told to end because what it runs failed: by a script that it runs behind that, by a listener.

use super::runs::{has_failed, is_same};
use crate::facts::signals::{ASKING, SIGKILL};
use crate::facts::{Facts, Process};
use rewind_common::record::{SignalSent, sent_flags};

/// Who is told to end so soon behind a failure is so because of it.
const BEHIND_NS: u64 = 1_000_000_000;
/// The same where it had been tried before, and was given up.
const GIVEN_UP_NS: u64 = 5_000_000_000;

impl Facts<'_> {
    /// What failed right before another process of the container told its parent to end, which is `tgid` or a child of it.
    pub(super) fn brought_down(&self, tgid: u32) -> Option<u32> {
        let outside = |sent: &SignalSent| !self.processes.contains_key(&{ sent.sender_tgid });
        // From outside it was the whole container that was told to end.
        if self.requests().any(outside) {
            return None;
        }
        let supervises = |of: u32| {
            let process = self.processes.get(&of)?;
            let is_kin = of == tgid || process.parent == tgid;
            (is_kin && process.end.is_some() && !process.is_shell()).then_some(of)
        };
        let failed = self.requests().filter_map(|sent| self.failed_before(supervises(sent.tgid)?, sent.time_ns));
        failed.max().map(|(_, child)| child)
    }

    /// Signals by which a process told another to end.
    fn requests(&self) -> impl Iterator<Item = &SignalSent> {
        let ends = |sent: &&SignalSent| ASKING.contains(&{ sent.signo }) || sent.signo == SIGKILL;
        let is_anothers =
            |sent: &&SignalSent| sent.header.flags & sent_flags::KERNEL == 0 && sent.sender_tgid != sent.tgid;
        self.sent.iter().map(|(_, sent)| sent).filter(ends).filter(is_anothers)
    }

    /// The child that failed last in a moment before a time, and when; none where it was run again.
    fn failed_before(&self, parent: u32, at_ns: u64) -> Option<(u64, u32)> {
        let failed = |(tgid, process): (u32, &Process)| {
            let end = process.end.filter(|end| has_failed(end) && !process.programs.is_empty())?.ending;
            let is_tried = self.attempts(tgid).is_some_and(|attempts| attempts.count > 1);
            let patience_ns = if is_tried { GIVEN_UP_NS } else { BEHIND_NS };
            let is_before = at_ns.checked_sub(end.at_ns).is_some_and(|ns| ns < patience_ns);
            let is_again = |(_, other): (u32, &Process)| is_same(process, other) && other.first_ns > end.at_ns;
            (is_before && !self.children(parent).any(is_again)).then_some((end.at_ns, tgid))
        };
        self.children(parent).filter_map(failed).max()
    }
}

#[cfg(test)]
mod tests {
    use crate::scene::{S, Scene};
    use rewind_recording::event::build;

    /// A service below a supervisor of its own fails; `behind` it, `sender` has the supervisor end, and all ends.
    fn answer(behind: u64, sender: u32) -> String {
        let mut scene = Scene::of("svscan");
        scene.child(701, 700, "supervise shop");
        scene.child(702, 701, "shop");
        scene.main = 702;
        scene.open("/etc/shop.conf", -2);
        scene.exit(702, 2 << 8);
        scene.later(behind);
        build::sent(&mut scene.records, scene.now, (701, 701), 15, (sender, 8, "svscan"));
        scene.exit(701, 0);
        scene.exit(700, 1 << 8);
        scene.answer()
    }

    #[test]
    fn what_failed_right_before_its_supervisor_was_told_to_end_is_the_cause() {
        let cause =
            "It exited with 1, its child shop (process 702) having exited with 2 after openat of /etc/shop.conf";
        assert!(answer(0, 700).starts_with(cause), "{}", answer(0, 700));
        // Not long before, and not where somebody outside told it.
        assert!(!answer(10 * S, 700).contains("shop"), "{}", answer(10 * S, 700));
        assert!(!answer(0, 9000).contains("shop"), "{}", answer(0, 9000));
    }
}
