//! From the main process to the child whose failure it passed on, to its child, and so on.
//!
//! A parent that ends with a code of its own, which says more than that something failed, had a reason of its own. One
//! that ran something else once its child had failed has got over it, unless it ends with that child's own
//! code. One that only slept has not: it was about to try again.
//!
//! | module | what it does |
//! |---|---|
//! | [`runs`] | runs of programs: which are of the same, and which failed |
//! | [`given_up`] | what failed, and is not run again |
//! | [`forks`] | children that run nothing and fail again and again |
//! | [`attempts`] | what is run, and fails, again and again |
//! | [`pipeline`] | which part of a pipeline the others failed for |
//! | [`over`] | whether a parent got over a failure |
//! | [`brought_down`] | supervisors that are told to end because of one |

mod attempts;
mod brought_down;
mod forks;
mod given_up;
mod over;
mod pipeline;
mod runs;
#[cfg(test)]
mod tests;

use super::Facts;
use super::process::Process;
use super::signals::{FAULTS, SIGABRT};
use rewind_recording::ending::Ending;

/// A process that ends so soon after its child is taken to do so because of it.
const RIGHT_BEHIND_NS: u64 = 50_000_000;
/// The same for one that spoke right behind it, until its end.
const SPEAKING_NS: u64 = 5_000_000_000;
/// Programs by which a script tidies up.
const TIDIES: &[&str] = &["kill", "pkill", "rm", "rmdir", "umount", "unlink"];
/// Codes up to this say no more than that something failed.
const COMMON_CODE: u8 = 2;

impl Facts<'_> {
    /// From the main process to the child whose failure it passed on, and its child; in a living container from what
    /// fails again and again.
    pub(super) fn chain_of_ends(&self) -> Vec<u32> {
        let Some(head) = self.ending.map(|ending| ending.tgid).or_else(|| self.failing()) else { return Vec::new() };
        let mut chain = vec![head];
        if self.ending.is_some_and(|ending| ending.is_success()) {
            return chain;
        }
        self.go_down(&mut chain);
        chain
    }

    /// From a child that failed to the one whose failure it passed on, and so on; `tgid` itself where it is its own.
    pub(crate) fn source_of(&self, tgid: u32) -> u32 {
        let mut chain = vec![tgid];
        self.go_down(&mut chain);
        chain.last().copied().unwrap_or(tgid)
    }

    fn go_down(&self, chain: &mut Vec<u32>) {
        while let Some(next) = chain.last().and_then(|tgid| self.passed_on(*tgid).or_else(|| self.brought_down(*tgid)))
        {
            if chain.contains(&next) {
                break;
            }
            chain.push(next);
        }
    }

    /// The child whose failure `tgid` passed on: of those that it did not get over one that ended alike, else the last
    /// if `tgid` ended right behind it.
    fn passed_on(&self, tgid: u32) -> Option<u32> {
        let process = self.processes.get(&tgid)?;
        let own = process.end?.ending;
        let code = own.exit_code.filter(|code| *code != 0)?;
        let ended = self.children(tgid).filter_map(|(child, process)| Some((child, process.end?.ending)));
        let before: Vec<_> =
            ended.filter(|(_, end)| end.at_ns <= own.at_ns && end.at_ns >= process.since_ns()).collect();
        let before: Vec<_> = before
            .into_iter()
            .filter(|(child, end)| !self.was_had_over(tgid, *child, end) && !self.crashed_itself(tgid, *child, end))
            .filter(|(child, end)| is_alike(process, code, end) || !self.was_ended_by(tgid, *child, end))
            .collect();
        // What was run to wait is not what failed, unless it did.
        let has_waited = |child: u32, end: &Ending| end.is_success() && self.sleeps(child);
        let last = before.iter().filter(|(child, end)| !has_waited(*child, end)).max_by_key(|(_, end)| end.at_ns)?.0;
        let is_trapped = |(child, end): &&(u32, Ending)| !end.is_success() && self.is_before_trap(*child, last);
        let trapped = before.iter().filter(is_trapped).max_by_key(|(_, end)| end.at_ns).map(|(child, _)| *child);
        let trap = self.processes.get(&last).filter(|_| trapped.is_some());
        let (before, until_ns) = match trap {
            Some(trap) => (before.iter().filter(|(child, _)| *child != last).copied().collect(), trap.first_ns),
            None => (before, own.at_ns),
        };
        let last = trapped.unwrap_or(last);
        let alike = |end: &Ending| is_alike(process, code, end);
        // A shell that ends with the code of a child that complained, and not with that of what it ran right behind that.
        let is_other_last = |child: u32, end: &Ending| {
            let ran = |tgid: u32| self.processes.get(&tgid);
            let complained = ran(child).is_some_and(|run| run.outputs.iter().any(|output| output.to_stderr));
            let (begun, other) = ran(last).map_or((0, None), |run| (run.first_ns, run.end.map(|end| end.ending)));
            let is_right_behind = begun.checked_sub(end.at_ns).is_some_and(|ns| ns < RIGHT_BEHIND_NS);
            process.is_shell() && complained && is_right_behind && other.is_some_and(|other| !alike(&other))
        };
        let passed = |child: u32, end: &Ending| {
            let behind = self.is_right_behind(tgid, end, until_ns);
            match (end.is_success(), self.went_on(tgid, child, end, until_ns)) {
                (true, _) => false,
                _ if says_code(process, end) => true,
                (false, true) => alike(end) && (code > COMMON_CODE || code > 1 && is_other_last(child, end)),
                (false, false) if child == last => {
                    let is_common = code <= COMMON_CODE || end.signal.is_some_and(|signal| is_crash(signal.into()));
                    alike(end) || behind && is_common && !self.is_of_its_own(tgid, child, end)
                }
                (false, false) => alike(end),
            }
        };
        let passed_on = before.iter().filter(|(child, end)| passed(*child, end));
        passed_on.max_by_key(|(_, end)| (alike(end), end.at_ns)).map(|(child, _)| self.source(*child))
    }

    /// Whether a child said why it failed, and the last one was begun right behind that and failed in silence, with another
    /// code, or only tidies up: a trap of a shell runs so, and leaves the code of the first.
    fn is_before_trap(&self, child: u32, last: u32) -> bool {
        let says = |process: &Process| process.outputs.iter().any(|output| output.to_stderr);
        let (Some(child), Some(trap)) = (self.processes.get(&child), self.processes.get(&last)) else { return false };
        let Some((end, code)) = child.end.zip(trap.end).map(|(end, trap)| (end.ending, trap.ending.exit_code)) else {
            return false;
        };
        let is_right_behind = trap.first_ns.checked_sub(end.at_ns).is_some_and(|ns| ns < RIGHT_BEHIND_NS);
        let is_other = !says(trap) && code != end.exit_code || TIDIES.contains(&trap.program());
        says(child) && is_right_behind && code != Some(0) && is_other
    }

    fn children(&self, tgid: u32) -> impl Iterator<Item = (u32, &Process)> {
        self.processes.iter().filter(move |(_, child)| child.parent == tgid).map(|(child, process)| (*child, process))
    }

    /// Whether a process is another, or goes back to it.
    fn is_below(&self, tgid: u32, other: u32) -> bool {
        let family = std::iter::successors(Some(tgid), |tgid| Some(self.processes.get(tgid)?.parent));
        family.take(self.processes.len() + 1).any(|tgid| tgid == other)
    }

    /// Whether a process runs what only waits.
    fn sleeps(&self, tgid: u32) -> bool {
        self.processes.get(&tgid).is_some_and(|process| process.program() == "sleep")
    }

    /// Whether a process runs what only waits, or tells how it goes: who runs it has not got over a failure by that.
    pub(crate) fn idles(&self, tgid: u32) -> bool {
        let tells = |process: &Process| ["date", "echo", "printf", "logger"].contains(&process.program());
        self.sleeps(tgid) || self.processes.get(&tgid).is_some_and(tells)
    }

    /// Whether a process ended, or began to speak, right behind its child, but for the time that it had others wait.
    fn is_right_behind(&self, parent: u32, child: &Ending, end_ns: u64) -> bool {
        let outputs = self.processes.get(&parent).map_or(&[][..], |parent| &parent.outputs);
        let spoke_ns = outputs.iter().filter(|output| output.to_stderr).map(|output| output.at_ns);
        let spoke_ns = spoke_ns.filter(|at_ns| *at_ns >= child.at_ns && end_ns - child.at_ns < SPEAKING_NS).min();
        let until_ns = spoke_ns.unwrap_or(end_ns).min(end_ns);
        let waits = self.children(parent).filter(|(tgid, own)| own.first_ns >= child.at_ns && self.sleeps(*tgid));
        let waited_ns = |own: &Process| Some(own.end?.ending.at_ns.min(until_ns).saturating_sub(own.first_ns));
        let slept_ns: u64 = waits.filter_map(|(_, own)| waited_ns(own)).sum();
        // To start one takes time as well.
        let margin_ns = if slept_ns > 0 { 2 * RIGHT_BEHIND_NS } else { RIGHT_BEHIND_NS };
        until_ns.saturating_sub(child.at_ns).saturating_sub(slept_ns) < margin_ns
    }
}

/// The words that a number is an exit code by.
const OF_CODES: &[&str] = &["code", "status", "exit", "exited", "exitcode", "returncode"];

/// Whether a parent said soon behind its child's end with which code that was: "engine exited with code 127".
fn says_code(parent: &Process, child: &Ending) -> bool {
    let Some(code) = child.exit_code.filter(|code| *code > 1).map(|code| code.to_string()) else { return false };
    let says = |text: &str| {
        let text = text.to_lowercase();
        let words: Vec<_> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let is_of = |i: usize| words.iter().take(i).skip(i.saturating_sub(2)).any(|word| OF_CODES.contains(word));
        words.iter().enumerate().any(|(i, word)| *word == code && is_of(i))
    };
    let is_behind = |at_ns: u64| at_ns.checked_sub(child.at_ns).is_some_and(|ns| ns < SPEAKING_NS);
    let mut behind = parent.outputs.iter().filter(|output| is_behind(output.at_ns));
    behind.any(|output| says(&output.text))
}

/// Whether a signal says that a program is broken, and not that somebody wanted its end.
fn is_crash(signal: u32) -> bool {
    signal == SIGABRT || FAULTS.contains(&signal)
}

/// Whether a process that exited with `code` did so as a child of it ended.
fn is_alike(parent: &Process, code: u8, child: &Ending) -> bool {
    let same = child.exit_code == Some(code) || child.signal.is_some_and(|signal| code == 128 + signal);
    let own = match (parent.program(), code) {
        ("xargs", 123) => child.exit_code.is_some_and(|child| (1..=125).contains(&child)),
        ("xargs", 124) => child.exit_code == Some(255),
        ("xargs", 125) => child.signal.is_some(),
        ("timeout", 124) => child.signal.is_some(),
        ("make" | "gmake", 2) => !child.is_success(),
        _ => false,
    };
    same || own && parent.launches()
}
