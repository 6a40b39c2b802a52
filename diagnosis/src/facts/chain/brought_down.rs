//! A supervisor that is told to end because what it runs failed: by a script that it runs behind that, by a listener.

use super::attempts::{has_failed, is_same};
use crate::facts::process::is_shell;
use crate::facts::signals::{ASKING, SIGKILL};
use crate::facts::{Facts, Process};
use rewind_common::record::{SignalSent, sent_flags};

/// Who is told to end so soon behind a failure is so because of it.
const BEHIND_NS: u64 = 1_000_000_000;

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
            (is_kin && process.end.is_some() && !is_shell(process.program())).then_some(of)
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
            let is_before = at_ns.checked_sub(end.at_ns).is_some_and(|ns| ns < BEHIND_NS);
            let is_again = |(_, other): (u32, &Process)| is_same(process, other) && other.first_ns > end.at_ns;
            (is_before && !self.children(parent).any(is_again)).then_some((end.at_ns, tgid))
        };
        self.children(parent).filter_map(failed).max()
    }
}
