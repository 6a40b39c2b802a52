//! Which events are shown: a pure predicate made of typed options.
//!
//! Events are subject to time, process, thread and name, but not to what only calls have (syscall, failure, path): as in strace, they stay where the calls around them go.

use crate::decode::{self, Invocation};
use crate::event::{Event, Outcome, What};
use crate::events::EventKind;
use crate::header::Header;
use crate::syscalls::Arch;
use jiff::tz::TimeZone;
use wildmatch::WildMatch;

mod calls;
#[cfg(test)]
mod tests;
mod when;

pub use crate::task::{Pids, comm};
pub use calls::Calls;
pub use when::When;

/// Why a filter cannot be used. Its text names the bad part and what is accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Not a time.
    #[error(
        "{0:?} is not a time: give how long ago (30s, 5m, 1h30m), a time of day (14:03:07), or a date and time (2026-11-21T14:03:07Z)"
    )]
    When(String),
    /// Not a syscall.
    #[error("{name:?} is not a system call{}", nearest.map_or(String::new(), |n| format!(": did you mean {n}?")))]
    Syscall {
        /// What was given.
        name: String,
        /// The syscall whose name is nearest to it, if one is near.
        nearest: Option<&'static str>,
    },
    /// Not a class of syscalls.
    #[error(
        "{0:?} is not a class of system calls: there are %file, %desc, %process, %network, %signal, %memory, %ipc, %creds, %clock and %pure"
    )]
    Class(String),
    /// An empty list of syscalls.
    #[error("no system call is named: give names and classes with commas between, such as openat,%network or !futex")]
    NoSyscall,
}

/// A name or path to look for.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    text: String,
    glob: Option<WildMatch>,
}

impl Pattern {
    /// A pattern: with `*` or `?` in it, it has to match the whole.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let glob = text.contains(['*', '?']).then(|| WildMatch::new(text));
        Self { text: text.to_owned(), glob }
    }

    /// Whether it is `name`.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.glob.as_ref().map_or(self.text == name, |glob| glob.matches(name))
    }

    /// Whether it is in `text` somewhere (a glob: whether it matches the whole).
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        self.glob.as_ref().map_or_else(|| text.contains(&self.text), |glob| glob.matches(text))
    }
}

impl From<&str> for Pattern {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// What is to be shown. The default shows everything. Several values of one option are
/// alternatives; different options must all hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// What ended at this time or later.
    pub since: Option<When>,
    /// What began at this time or earlier.
    pub until: Option<When>,
    /// The last so many calls of those that pass, and what is between them; of events alone, the last so many.
    pub last: Option<usize>,
    /// Events alone: no calls.
    pub events: bool,
    /// Events of these kinds alone ([`crate::events::EventKind::name`]), and no calls.
    pub kinds: Vec<&'static str>,
    /// Calls that failed.
    pub failed: bool,
    /// These calls.
    pub calls: Calls,
    /// Processes, numbered as [`Self::numbers`] says.
    pub pids: Vec<u32>,
    /// Threads, numbered as [`Self::numbers`] says.
    pub tids: Vec<u32>,
    /// Names of threads: the whole name, or a glob.
    pub comms: Vec<Pattern>,
    /// Paths of calls: a part of it, or a glob for the whole.
    pub paths: Vec<Pattern>,
    /// How processes and threads are numbered in `pids` and `tids`.
    pub numbers: Pids,
}

/// A [`Filter`] for one recording.
#[derive(Clone, Debug)]
pub struct Matcher<'f> {
    filter: &'f Filter,
    since_ns: u64,
    until_ns: u64,
    calls: calls::Numbers,
    arch: Arch,
}

impl Filter {
    /// The filter for the recording of `header`, and for a person in `zone`.
    #[must_use]
    pub fn matcher(&self, header: &Header, zone: &TimeZone) -> Matcher<'_> {
        Matcher {
            filter: self,
            since_ns: self.since.map_or(0, |when| when.ktime_ns(header, zone)),
            until_ns: self.until.map_or(u64::MAX, |when| when.ktime_ns(header, zone)),
            calls: self.calls.numbers(&header.host.arch),
            arch: Arch::parse(&header.host.arch).unwrap_or_default(),
        }
    }

    /// Whether only events are to be shown, no calls.
    #[must_use]
    pub const fn is_for_events(&self) -> bool {
        self.events || !self.kinds.is_empty()
    }

    /// Whether calls are chosen by anything but time, so that what is shown is a choice of what is held.
    #[must_use]
    pub fn chooses(&self) -> bool {
        *self != Self { numbers: self.numbers, ..Self::default() }
    }
}

impl Matcher<'_> {
    /// Whether the event is to be shown, [`Filter::last`] apart.
    #[must_use]
    pub fn matches(&self, event: &Event<'_>) -> bool {
        event.end_ns >= self.since_ns
            && event.start_ns <= self.until_ns
            && self.is_of_task(event)
            && self.is_call(event)
    }

    /// Whether only events are to be shown, so that it is these that are counted.
    #[must_use]
    pub const fn is_for_events(&self) -> bool {
        self.filter.is_for_events()
    }

    fn is_call(&self, event: &Event<'_>) -> bool {
        let filter = self.filter;
        let is_kind = |event: &dyn EventKind| filter.kinds.is_empty() || filter.kinds.contains(&event.name());
        let What::Call { call, enter, outcome } = event.what else { return event.what.as_event().is_some_and(is_kind) };
        !self.is_for_events()
            && self.calls.contains(&call)
            && (!filter.failed || outcome == Outcome::Returned && failed(&call))
            && (filter.paths.is_empty()
                || decode::path(&Invocation { call, enter }, self.arch)
                    .is_some_and(|path| filter.paths.iter().any(|pattern| pattern.is_in(&path))))
    }

    fn is_of_task(&self, event: &Event<'_>) -> bool {
        let filter = self.filter;
        let any = |wanted: &[u32], number: Option<u32>| {
            wanted.is_empty() || number.is_some_and(|number| wanted.contains(&number))
        };
        let (tgid, tid) = match filter.numbers {
            Pids::Host => (event.tgid(), Some(event.tid)),
            Pids::Container => (event.task.map(|task| task.ns_tgid), event.task.map(|task| task.ns_tid)),
        };
        any(&filter.pids, tgid)
            && any(&filter.tids, tid)
            && (filter.comms.is_empty()
                || event.task.is_some_and(|task| {
                    let name = comm(&task.comm).text();
                    filter.comms.iter().any(|pattern| pattern.is(&name))
                }))
    }
}

/// Whether a call failed, or was refused with a signal. One that the kernel restarts (`ERESTARTSYS` and its like, 512 to 516) was
/// interrupted, and has not.
#[must_use]
pub fn failed(call: &crate::call::Call<'_>) -> bool {
    let is_error = call.errno().is_some_and(|errno| !(512..=516).contains(&errno));
    is_error || call.refusal.is_some_and(crate::call::Refusal::is_signal)
}
