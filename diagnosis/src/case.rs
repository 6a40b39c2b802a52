//! What a recording tells, gathered in one pass: what all rules look at.

use super::gather::Gather;
use super::groups::Group;
use super::memory::Memory;
use super::permission::Owner;
use rewind_common::record as wire;
use rewind_recording::decode::descriptors::{Table, Tables};
use rewind_recording::ending::Ending;
use rewind_recording::event::{Event, Outcome, Timeline, What};
use rewind_recording::header::Header;
use rewind_recording::origin::Origins;
use rewind_recording::setup::is_runtime;
use rewind_recording::syscalls::Arch;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// A process that ends so soon after its child is taken to do so because of it.
const RIGHT_BEHIND_NS: u64 = 50_000_000;

/// In place of an errno: no call failed, but what was asked of the peer got no answer.
pub const GIVEN_UP: u16 = 0;

/// What a call was about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A path.
    Path(String),
    /// The other side of a socket.
    Peer(String),
    /// Another descriptor, in words.
    Descriptor(String),
    /// Nothing that is known.
    #[default]
    Nothing,
}

impl Subject {
    /// In words, if it is known.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Path(text) | Self::Peer(text) | Self::Descriptor(text) => Some(text),
            Self::Nothing => None,
        }
    }

    /// Whether it is a name server.
    #[must_use]
    pub fn is_name_server(&self) -> bool {
        matches!(self, Self::Peer(peer) if super::requests::is_name_server(peer))
    }
}

/// A call that failed. Indices are those of the timeline.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which event.
    pub index: usize,
    /// When it failed.
    pub at_ns: u64,
    /// How long that took; of a connection in the background, since it was begun.
    pub duration_ns: u64,
    /// Its process.
    pub tgid: u32,
    /// Its thread.
    pub tid: u32,
    /// The call.
    pub name: Cow<'static, str>,
    /// What it was about.
    pub subject: Subject,
    /// Why it failed, or [`GIVEN_UP`].
    pub errno: u16,
    /// Whether the same, or a file of the same name elsewhere, was had later.
    pub recovered: bool,
}

/// Something that a process wrote to its standard output or error.
#[derive(Clone, Debug)]
pub struct Saying {
    /// When it began to write.
    pub at_ns: u64,
    /// Whether to standard error.
    pub to_stderr: bool,
    /// What is recorded of it.
    pub text: String,
}

/// How a process ended.
#[derive(Clone, Copy, Debug)]
pub struct End {
    /// Which event.
    pub index: usize,
    /// The thread that ended last.
    pub tid: u32,
    /// How.
    pub ending: Ending,
}

/// A signal that was delivered.
#[derive(Clone, Copy, Debug)]
pub struct Delivered {
    /// Which event.
    pub index: usize,
    /// When.
    pub at_ns: u64,
    /// To which thread.
    pub tid: u32,
    /// What the kernel says of it: see [`rewind_common::record::Signal`].
    pub siginfo: [u32; 12],
}

/// A program that a process ran.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Which event.
    pub index: usize,
    /// When it began.
    pub at_ns: u64,
    /// Its arguments as one would type them.
    pub command: String,
}

impl Ran {
    /// Whether it is the runtime itself, about to set the container up.
    fn is_init(&self) -> bool {
        self.command.strip_suffix(" init").is_some_and(|program| program.ends_with("runc"))
    }
}

/// A call that tells a process to end.
#[derive(Clone, Copy, Debug)]
pub struct Kill {
    /// Which event.
    pub index: usize,
    /// When.
    pub at_ns: u64,
    /// Who called.
    pub tgid: u32,
    /// Whom it named, as the caller numbers processes.
    pub target: i32,
    /// Which signal.
    pub signal: u32,
}

/// What is known of one process.
#[derive(Clone, Debug, Default)]
pub struct Process {
    /// As the host numbers its parent; 0 if not known.
    pub parent: u32,
    /// As its own namespace numbers it.
    pub ns_tgid: u32,
    /// Its main thread's name.
    pub comm: String,
    /// When it was first heard of.
    pub first_ns: u64,
    /// Whom it ran as in the end, where it was told.
    pub user: Option<u32>,
    /// What it ran, in order.
    pub ran: Vec<Ran>,
    /// Signals that were delivered to it.
    pub signals: Vec<Delivered>,
    /// What it said.
    pub said: Vec<Saying>,
    /// How it ended.
    pub end: Option<End>,
    /// Its memory.
    pub memory: Memory,
}

impl Process {
    /// When it began to run its last program; 0 if it ran none.
    #[must_use]
    pub fn since_ns(&self) -> u64 {
        self.ran.last().map_or(0, |ran| ran.at_ns)
    }

    /// Whether it only set the container up.
    #[must_use]
    pub fn is_setup(&self) -> bool {
        self.ran.iter().all(Ran::is_init) && self.is_runtime(&self.comm)
    }

    /// Whether a thread of that name is the runtime's.
    #[must_use]
    pub fn is_runtime(&self, comm: &str) -> bool {
        // `runc init` is `runc` before it says which part of it it is.
        is_runtime(comm) || comm == "runc" && self.ran.iter().all(Ran::is_init)
    }
}

/// Sums of the calls of one name.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    /// Calls.
    pub calls: u64,
    /// Of those, failed.
    pub errors: u64,
    /// Time in them.
    pub total_ns: u64,
    /// The longest, and which event it is.
    pub longest: (u64, usize),
    /// What the longest was about.
    pub subject: Subject,
    /// The longest as strace would have it, descriptors by what they were then; empty if it was quick.
    pub example: String,
}

impl Sums {
    /// Adds a call, and says whether it is the longest so far.
    pub(super) fn add(&mut self, index: usize, ns: u64) -> bool {
        self.calls += 1;
        self.total_ns = self.total_ns.saturating_add(ns);
        let is_longest = (ns, index) > self.longest || self.calls == 1;
        if is_longest {
            self.longest = (ns, index);
        }
        is_longest
    }
}

/// A recording, taken apart.
#[derive(Debug)]
pub struct Case<'a> {
    /// Whose recording it is.
    pub header: &'a Header,
    /// All events.
    pub timeline: Timeline<'a>,
    /// Whose numbers calls have.
    pub arch: Arch,
    /// How the main process ended.
    pub ending: Option<Ending>,
    /// The process that the end goes back to: the main one, or the child whose failure it passed on.
    pub culprit: Option<u32>,
    /// From the main process to the culprit.
    pub chain: Vec<u32>,
    /// All processes by `tgid`.
    pub processes: BTreeMap<u32, Process>,
    /// Calls that failed.
    pub failures: Vec<Failure>,
    /// The failed calls by what failed, the likeliest cause first.
    pub groups: Vec<Group>,
    /// Calls that threads are in, died in, or were interrupted in by the signal that ended them.
    pub open_calls: Vec<usize>,
    /// Calls that signal processes.
    pub kills: Vec<Kill>,
    /// By name of call.
    pub sums: BTreeMap<Cow<'static, str>, Sums>,
    /// Descriptors at the end.
    pub tables: Tables,
    /// Those of processes that met the limit, as they were then.
    pub full: BTreeMap<u32, Table>,
    /// What looks at files told of them, by path.
    pub owners: HashMap<String, Owner>,
    /// Signals that were sent.
    pub sent: Vec<(usize, wire::SignalSent)>,
    /// OOM kills.
    pub oom_kills: Vec<(usize, wire::OomKill)>,
    /// Where processes of other cgroups are.
    pub origins: Origins,
}

impl<'a> Case<'a> {
    /// Takes a recording apart.
    #[must_use]
    pub fn new(header: &'a Header, records: &'a [u8]) -> Self {
        let arch = Arch::parse(&header.host.arch).unwrap_or_default();
        let timeline = Timeline::new(records);
        let mut case = Gather::new(arch, header.read_ns).run(header, timeline, records);
        case.chain = case.chain_of_ends();
        case.culprit = case.chain.last().copied();
        case.groups = super::groups::groups(&case);
        case
    }

    /// From the main process to the child whose failure it passed on, and its child.
    fn chain_of_ends(&self) -> Vec<u32> {
        let Some(main) = self.ending.map(|ending| ending.tgid) else { return Vec::new() };
        let mut chain = vec![main];
        while let Some(next) = chain.last().and_then(|tgid| self.passed_on(*tgid)) {
            if chain.contains(&next) {
                break;
            }
            chain.push(next);
        }
        chain
    }

    /// The child that ended last before `tgid`, if both ended badly, and alike or one right behind
    /// the other.
    fn passed_on(&self, tgid: u32) -> Option<u32> {
        let process = self.processes.get(&tgid)?;
        let own = process.end?.ending;
        let code = own.exit_code.filter(|code| *code != 0)?;
        let children = self.processes.iter().filter(|(_, process)| process.parent == tgid);
        let ended = children.filter_map(|(child, process)| Some((*child, process.end?.ending)));
        let before = ended.filter(|(_, end)| end.at_ns <= own.at_ns && end.at_ns >= process.since_ns());
        let (child, end) = before.max_by_key(|(_, end)| end.at_ns)?;
        let alike = end.exit_code == Some(code) || end.signal.is_some_and(|signal| code == 128 + signal);
        let behind = !end.is_success() && own.at_ns - end.at_ns < RIGHT_BEHIND_NS;
        (alike || behind).then_some(child)
    }

    /// The process that the end goes back to.
    #[must_use]
    pub fn culprit(&self) -> Option<(u32, &Process)> {
        let tgid = self.culprit?;
        Some((tgid, self.processes.get(&tgid)?))
    }

    /// How the culprit ended; else the main process.
    #[must_use]
    pub fn end(&self) -> Option<Ending> {
        self.culprit().and_then(|(_, process)| process.end).map(|end| end.ending).or(self.ending)
    }

    /// Whether it ended as programs do that have failed.
    #[must_use]
    pub fn ended_badly(&self) -> bool {
        self.ending.is_some_and(|ending| !ending.is_success())
    }

    /// When it ended; for a living one, when it was read.
    #[must_use]
    pub fn end_ns(&self) -> u64 {
        self.end().map_or(self.header.read_ns, |ending| ending.at_ns)
    }

    /// Whom a process ran as: its parent's user where it did not become another.
    #[must_use]
    pub fn user(&self, tgid: u32) -> Option<u32> {
        let known = |tgid: u32| self.processes.get(&tgid).map(|process| (process.user, process.parent));
        let family = std::iter::successors(known(tgid), |(_, parent)| known(*parent));
        family.take(self.processes.len()).find_map(|(user, _)| user)
    }

    /// The descriptors of a process when it met the limit on them; else at its end.
    #[must_use]
    pub fn descriptors(&self, tgid: u32) -> Option<&Table> {
        self.full.get(&tgid).or_else(|| self.tables.of(tgid))
    }

    /// An event as strace would have it, without process and time.
    #[must_use]
    pub fn text(&self, event: &Event<'_>) -> String {
        // What is open at the end was open when a call began that did not return.
        let unfinished =
            matches!(event.what, What::Call { outcome: Outcome::InFlight | Outcome::InProgress | Outcome::Died, .. });
        let table = event.tgid().filter(|_| unfinished).and_then(|tgid| self.tables.of(tgid));
        super::text::event(event, self.arch, &self.origins, table)
    }
}
