//! The work of threads: calls that succeeded and show that a program goes on.
//!
//! What programs do to complain (look for the source of a message, its translation, their own symbols, open a log) is no
//! work.

use crate::calls::{self, bits};
use crate::facts::{Facts, Subject};
use crate::noise::{Noise, noise};
use rewind_recording::decode::{self, Invocation, errno};
use rewind_recording::event::{Outcome, What};
use rewind_recording::syscalls::Arch;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Which work is asked for, each with those below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Any.
    Any,
    /// More than to receive what a peer sends.
    Own,
    /// A process was begun, or a program run.
    Starts,
}

/// What one thread did.
#[derive(Debug, Default)]
struct Thread {
    /// When each piece of work began, in order, and which it was.
    work: Vec<(u64, Kind)>,
    /// When it began to sleep, and for how long.
    sleeps: Vec<(u64, u64)>,
}

/// The work of all threads.
#[derive(Debug, Default)]
pub(crate) struct Works {
    threads: HashMap<u32, Thread>,
    servers: HashSet<u32>,
    /// The process of each thread.
    processes: HashMap<u32, u32>,
}

impl Works {
    /// What a recording tells.
    pub(crate) fn of(facts: &Facts<'_>) -> Self {
        let mut works = Self::default();
        for event in (0..facts.timeline.len()).filter_map(|index| facts.timeline.event(index)) {
            works.processes.extend(event.tgid().map(|tgid| (event.tid, tgid)));
            let What::Call { call, enter, outcome: Outcome::Returned } = event.what else { continue };
            let name = decode::name(&call, facts.arch);
            let has_succeeded = call.errno().is_none();
            if calls::has(&name, bits::SLEEPS) || call.result == 0 && calls::has(&name, bits::POLLS | bits::WAITS_WORK)
            {
                let thread = works.threads.entry(event.tid).or_default();
                thread.sleeps.push((event.start_ns, call.duration_ns));
            } else if has_succeeded && is_work(&name, &Invocation { call, enter }, facts.arch) {
                let kind = match () {
                    () if calls::has(&name, bits::STARTS | bits::RUNS) => Kind::Starts,
                    () if calls::has(&name, bits::RECEIVES) => Kind::Any,
                    () => Kind::Own,
                };
                works.threads.entry(event.tid).or_default().work.push((event.start_ns, kind));
            }
            if has_succeeded && name == "listen" {
                works.servers.extend(event.tgid());
            }
        }
        for thread in works.threads.values_mut() {
            thread.work.sort_unstable();
        }
        works
    }

    /// Whether a thread began some work in a time.
    pub(crate) fn any(&self, tid: u32, time: Range<u64>, least: Kind) -> bool {
        let Some(thread) = self.threads.get(&tid) else { return false };
        let from = thread.work.partition_point(|(at_ns, _)| *at_ns < time.start);
        let mut within = thread.work.iter().skip(from).take_while(|(at_ns, _)| *at_ns < time.end);
        within.any(|(_, kind)| *kind >= least)
    }

    /// Whether any thread of a process did some work in a time.
    pub(crate) fn has_any(&self, tgid: u32, time: Range<u64>) -> bool {
        self.threads.keys().any(|tid| self.process_of(*tid) == Some(tgid) && self.any(*tid, time.clone(), Kind::Any))
    }

    /// Whether any thread of a process did some work in a time other than to begin processes, as a shell does to sleep.
    pub(crate) fn has_more_than_starts(&self, tgid: u32, time: Range<u64>) -> bool {
        let own = self.threads.iter().filter(|(tid, _)| self.process_of(**tid) == Some(tgid));
        own.flat_map(|(_, thread)| &thread.work).any(|(at_ns, kind)| time.contains(at_ns) && *kind != Kind::Starts)
    }

    /// How long a thread slept in a time.
    pub(crate) fn slept_ns(&self, tid: u32, time: Range<u64>) -> u64 {
        let sleeps = self.threads.get(&tid).map(|thread| thread.sleeps.as_slice()).unwrap_or_default();
        sleeps.iter().filter(|(at_ns, _)| time.contains(at_ns)).map(|(_, ns)| ns).sum()
    }

    /// The process of a thread, where it is known.
    pub(crate) fn process_of(&self, tid: u32) -> Option<u32> {
        self.processes.get(&tid).copied()
    }

    /// Whether a process takes connections: its work is not to make one.
    pub(crate) fn serves(&self, tgid: u32) -> bool {
        self.servers.contains(&tgid)
    }
}

/// Whether a process did any work of its own behind an event; that it begins a process may be to wait.
pub(crate) fn any_behind(facts: &Facts<'_>, tgid: u32, index: usize) -> bool {
    let events = (index + 1..facts.timeline.len()).filter_map(|index| facts.timeline.event(index));
    events.filter(|event| event.tgid() == Some(tgid)).any(|event| {
        let What::Call { call, enter, outcome: Outcome::Returned } = event.what else { return false };
        let name = decode::name(&call, facts.arch);
        call.errno().is_none()
            && !calls::has(&name, bits::RECEIVES | bits::STARTS | bits::RUNS)
            && is_work(&name, &Invocation { call, enter }, facts.arch)
    })
}

/// Whether a call that succeeded shows that the program goes on.
fn is_work(name: &str, invocation: &Invocation<'_>, arch: Arch) -> bool {
    if calls::has(name, bits::OPENS) {
        return !has_flag(name, invocation, arch, DIRECTORY)
            && !has_flag(name, invocation, arch, APPEND)
            && decode::path(invocation, arch).is_some_and(|path| {
                let is_own = ["/proc/", "/sys/", "/dev/"].iter().any(|dir| path.starts_with(dir));
                !is_own && noise(name, &Subject::Path(path.into_owned()), errno::ENOENT) == Noise::None
            });
    }
    let is_transfer = calls::has(name, bits::SENDS | bits::RECEIVES) && calls::has(name, bits::NETWORK);
    is_transfer || calls::has(name, bits::CONNECTS | bits::BINDS | bits::STARTS | bits::RUNS | bits::MAKES_ENTRY)
}

/// The flag by which a directory is opened, to look for a module that prints a stack, say.
const DIRECTORY: [u64; 2] = [0o200_000, 0o40_000];
/// That by which a log is opened, which is to be complained in.
const APPEND: [u64; 2] = [0o2000; 2];

/// Whether a file is opened with a flag, which each architecture has its own number for.
fn has_flag(name: &str, invocation: &Invocation<'_>, arch: Arch, [x86_64, aarch64]: [u64; 2]) -> bool {
    let flag = match arch {
        Arch::X86_64 => x86_64,
        Arch::Aarch64 => aarch64,
    };
    calls::opens_with(name, &invocation.call, flag)
}
