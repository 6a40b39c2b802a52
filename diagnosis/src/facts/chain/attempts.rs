//! What is run, and fails, again and again.
//!
//! Who runs the same program again behind its failure supervises it, whatever it is called: a supervisor lives on where
//! a service of it does not come up, and may have given it up.

#[cfg(test)]
mod tests;

use super::forks;
use super::runs::{Run, has_failed, is_same, ran_none};
use crate::calls::{self, bits};
use crate::facts::process::Process;
use crate::facts::signals::SIGKILL;
use crate::facts::{Facts, Failure, Subject};
use crate::meaning::is_ended_by_peer;
use rewind_common::record::connection::direction;
use rewind_recording::event::What;
use rewind_recording::events::connection;
use rewind_recording::peer::EPHEMERAL;
use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;

/// From so many on it is again.
const TWICE: usize = 2;
/// What runs longer than those that failed before it, and so much more, has come up.
const MARGIN_NS: u64 = 1_000_000_000;

/// What is said of clients, in lower case.
const OF_CLIENTS: [&str; 4] = ["client", "connection from", "connection closed by", "connection reset by"];

/// What a process runs, and fails to, again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempts {
    /// How often in a row.
    pub(crate) count: u64,
    /// From the start of the first to the end of the last.
    pub(crate) span_ns: u64,
}

impl Facts<'_> {
    /// How often the parent of a process that failed has run the same in a row, and each failed.
    pub(crate) fn attempts(&self, tgid: u32) -> Option<Attempts> {
        let process = self.processes.get(&tgid)?;
        let last_ns = process.end?.ending.at_ns;
        let mut ends: Vec<_> = self
            .children(process.parent)
            .filter(|(_, other)| is_same(process, other))
            .filter_map(|(_, other)| Some((other.end?.ending, other.first_ns)))
            .filter(|(end, _)| end.at_ns <= last_ns)
            .collect();
        ends.sort_by_key(|(end, _)| std::cmp::Reverse(end.at_ns));
        let failed: Vec<_> = ends.iter().take_while(|(end, _)| !end.is_success()).collect();
        let first_ns = failed.last()?.1;
        Some(Attempts { count: failed.len() as u64, span_ns: last_ns.saturating_sub(first_ns) })
    }

    /// Of a living container the last run of what fails again and again, or of what its parent gave up; of several what
    /// failed first: the others may fail for it.
    pub(super) fn failing(&self) -> Option<u32> {
        if !self.is_living() {
            return None;
        }
        let in_vain = self.failures.iter().filter(|failure| calls::has(&failure.name, bits::RUNS));
        let in_vain: HashSet<u32> = in_vain.map(|failure| failure.tgid).collect();
        // One of the container's that runs a program, or was begun to run one and could not.
        let is_attempt = |(tgid, process): &(&u32, &Process)| {
            let is_in_vain = in_vain.contains(*tgid) && !process.is_shell() || ran_none(process);
            !process.is_setup() && (!process.programs.is_empty() || is_in_vain)
        };
        let left = self.left_by_clients();
        let mut runs = BTreeMap::<(u32, &str), Vec<Run<'_>>>::new();
        for (tgid, process) in self.processes.iter().filter(is_attempt) {
            runs.entry((process.parent, process.command())).or_default().push((*tgid, process));
        }
        let looking = self.looking();
        let accepts = self.sums.keys().any(|name| name.starts_with("accept"));
        let failing = runs.into_iter().filter_map(|((parent, _), mut runs)| {
            runs.sort_by_key(|(_, run)| run.first_ns);
            let is_look = |run: &Run<'_>| run.1.is_unheard && looking.contains(&run.0);
            let failed = |run: &Run<'_>| {
                let fails = run.1.end.is_some_and(|end| has_failed(&end)) && !left.contains(&run.0) && !is_look(run);
                fails && !(accepts && Self::blames_client(*run))
            };
            self.failing_of(parent, &runs, failed, TWICE)
        });
        failing.chain(self.failing_forks()).chain(self.failing_parts()).min().map(|(_, tgid)| tgid)
    }

    /// Whether a process said at last what a client did wrong, as one that a server begins for each does.
    fn blames_client((_, process): Run<'_>) -> bool {
        let last = process.outputs.iter().rfind(|output| !output.text.trim().is_empty());
        let said = last.map(|output| output.text.to_lowercase());
        said.is_some_and(|said| OF_CLIENTS.iter().any(|of| said.contains(of)))
    }

    /// Processes that nothing failed but that files were not there: who throws their complaints away waits for one.
    fn looking(&self) -> HashSet<u32> {
        let of_any = |failure: &&Failure| matches!(failure.subject, Subject::Path(_) | Subject::Peer(_));
        let misses = |failure: &Failure| matches!(failure.subject, Subject::Path(_)) && failure.is_absent();
        let (missed, failed): (Vec<_>, Vec<_>) = self.failures.iter().filter(of_any).partition(|it| misses(it));
        let failed: HashSet<u32> = failed.into_iter().map(|failure| failure.tgid).collect();
        missed.into_iter().map(|failure| failure.tgid).filter(|tgid| !failed.contains(tgid)).collect()
    }

    /// Parts of a script that a shell left behind in the background.
    fn failing_parts(&self) -> impl Iterator<Item = (u64, u32)> {
        let is_part = |process: &Process| process.programs.is_empty() && process.is_shell();
        let has_failed = |process: &Process| process.end.is_some_and(|end| has_failed(&end));
        let parts = self.processes.iter().filter(move |(_, process)| is_part(process) && has_failed(process));
        let left =
            parts.filter(|(tgid, process)| self.is_below_main(process.parent) && self.is_left_behind(**tgid, process));
        left.map(|(tgid, process)| (process.first_ns, *tgid))
    }

    /// Of children that run nothing those that fail of the same call.
    fn failing_forks(&self) -> impl Iterator<Item = (u64, u32)> {
        self.forks().into_iter().filter_map(|((parent, _), mut runs)| {
            runs.sort_by_key(|(_, run)| run.first_ns);
            let reason = runs.iter().rev().find(|(_, run)| run.end.is_some()).and_then(|run| self.ended_of(*run))?;
            self.failing_of(parent, &runs, |run| self.ended_of(*run) == Some(reason), forks::least(reason))
        })
    }

    /// When the runs of a program, in their order, began to fail, and the last that did; none where it has come up, or
    /// where their parent got over it.
    fn failing_of(
        &self,
        parent: u32,
        runs: &[Run<'_>],
        has_failed: impl Fn(&Run<'_>) -> bool,
        least: usize,
    ) -> Option<(u64, u32)> {
        let supervisor = self.processes.get(&parent).filter(|process| process.end.is_none() && !process.is_setup())?;
        if !self.is_below_main(parent) {
            return None;
        }
        let (ended, living) = match runs.split_last()? {
            ((_, last), before) if last.end.is_none() => (before, Some(last)),
            _ => (runs, None),
        };
        let failed = |run: &&Run<'_>| has_failed(run) && !self.was_killed_by(parent, run.0);
        let failed: Vec<_> = ended.iter().rev().take_while(failed).collect();
        let ((last, process), (_, first)) = (*failed.first()?, *failed.last()?);
        let end = process.end?.ending;
        let lived_ns = |run: &Process| {
            let until_ns = run.end.map_or(self.header.read_ns, |end| end.ending.at_ns);
            until_ns.saturating_sub(run.first_ns)
        };
        let longest_ns = failed.iter().map(|(_, run)| lived_ns(run)).max()?;
        let has_come_up =
            living.is_some_and(|run| lived_ns(run) > longest_ns.saturating_mul(2).saturating_add(MARGIN_NS));
        if failed.len() == 1 && living.is_none() && self.is_left_behind(*last, process) {
            return Some((first.first_ns, *last));
        }
        let is_of_now = process.first_ns >= supervisor.since_ns();
        let is_another =
            |(of, run): (u32, &Process)| run.first_ns > end.at_ns && !is_same(process, run) && !self.idles(of);
        let goes_on = || self.was_had_over(parent, *last, &end) || self.children(parent).any(is_another);
        let is_over = supervisor.is_shell() && goes_on();
        let fails = failed.len() >= least
            || least == TWICE && living.is_none() && self.is_given_up(parent, supervisor, end.at_ns);
        (fails && !has_come_up && is_of_now && !is_over).then_some((first.first_ns, *last))
    }

    /// Processes to which a client ended its connection, which they had of who began them, and that failed of nothing else
    /// behind that.
    fn left_by_clients(&self) -> HashSet<u32> {
        let last: BTreeMap<u32, &Failure> = self.failures.iter().map(|failure| (failure.tgid, failure)).collect();
        let of_peer = |failure: &Failure| {
            let peer = failure.subject.text().and_then(|peer| peer.parse::<SocketAddr>().ok());
            peer.filter(|peer| is_ended_by_peer(failure.errno) && peer.port() >= EPHEMERAL)
        };
        let left: Vec<_> = last.into_iter().filter_map(|(tgid, failure)| Some((tgid, of_peer(failure)?))).collect();
        if left.is_empty() {
            return HashSet::new();
        }
        // A server may listen at such a port as well.
        let made: HashSet<SocketAddr> = (0..self.timeline.len())
            .filter_map(|index| match self.timeline.event(index)?.what {
                What::Connection(told) if told.direction == direction::OUT => Some(connection::peer(&told)),
                _ => None,
            })
            .collect();
        left.into_iter().filter(|(_, peer)| !made.contains(peer)).map(|(tgid, _)| tgid).collect()
    }

    /// Whether a parent killed a child: it takes no longer than it may.
    fn was_killed_by(&self, parent: u32, tgid: u32) -> bool {
        self.sent.iter().any(|(_, sent)| sent.tgid == tgid && sent.signo == SIGKILL && sent.sender_tgid == parent)
    }

    /// Whether a process is the main one or goes back to it: what is begun from outside, as `kubectl exec` does it, is no
    /// part of the container's work.
    pub(crate) fn is_below_main(&self, tgid: u32) -> bool {
        let is_main = |tgid: &u32| match self.header.main_tgid {
            Some(main) => main == *tgid,
            None => self.processes.get(tgid).is_some_and(|process| process.ns_tgid == 1),
        };
        let family = std::iter::successors(Some(tgid), |tgid| Some(self.processes.get(tgid)?.parent));
        family.take(self.processes.len() + 1).any(|tgid| is_main(&tgid))
    }
}
