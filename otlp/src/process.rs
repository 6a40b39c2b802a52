//! The processes of a recording: who made them, what they ran, how they ended.

use rewind_common::record::{GROUP_DEAD, NEW_THREAD};
use rewind_recording::escape::Untrusted;
use rewind_recording::event::{Event, Timeline, What};
use rewind_recording::events::Exec;
use rewind_recording::exit_status::ExitStatus;
use rewind_recording::header::Header;
use rewind_recording::setup::is_runtime;
use rewind_recording::task;
use std::collections::{BTreeMap, HashMap, HashSet};

/// A program that a process ran.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    /// The process, as the host numbers it.
    pub tgid: u32,
    /// As its own PID namespace does; 0: not known.
    pub ns_tgid: u32,
    /// The process that made it, as the host numbers it; 0: not known.
    pub parent_tgid: u32,
    /// When it began: `CLOCK_MONOTONIC`, nanoseconds.
    pub start_ns: u64,
    /// Whether that was seen; else it is when the recording's records begin.
    pub is_start_seen: bool,
    /// When it ended, or ran another program; `None`: it had not.
    pub end_ns: Option<u64>,
    /// How it ended; `None`: it had not, or it ran another program.
    pub status: Option<ExitStatus>,
    /// What it ran, if that is recorded.
    pub program: Option<Program>,
    /// Its name.
    pub comm: String,
    /// That which made it, if it is in the recording.
    pub parent: Option<usize>,
}

/// What a process ran.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub path: String,
    pub argv: Vec<String>,
}

impl Program {
    fn of(exec: &Exec<'_>) -> Self {
        let argv = exec.argv().map(|argument| Untrusted::new(&argument).to_string()).collect();
        Self { path: Untrusted::new(&exec.path()).to_string(), argv }
    }

    /// The last part of the path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// The processes of a recording, in the order in which they came to be known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Processes {
    /// By the order in which they came to be known.
    all: BTreeMap<usize, Process>,
    next: usize,
    /// Which of them each process is running.
    running: HashMap<u32, usize>,
    /// All that each process number has stood for, in order.
    by_tgid: HashMap<u32, Vec<usize>>,
    /// About how many bytes all of them take.
    bytes: usize,
    /// How many were forgotten before they had ended.
    forgotten: u64,
}

impl Processes {
    pub(crate) fn of(header: &Header, timeline: &Timeline<'_>) -> Self {
        let mut processes = Self::default();
        let began_ns = header.coverage.oldest_ns.max(header.born_ns);
        for event in timeline.by_end() {
            processes.take(&event, began_ns);
        }
        processes
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Process> {
        self.all.values()
    }

    /// One of them, by its place.
    pub(crate) fn get(&self, at: usize) -> Option<&Process> {
        self.all.get(&at)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// About how many bytes they take.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many have not ended.
    pub(crate) fn open(&self) -> usize {
        self.running.len()
    }

    /// How many were forgotten before they had ended.
    pub(crate) const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// What a process was running at some time.
    pub(crate) fn at(&self, tgid: u32, at_ns: u64) -> Option<&Process> {
        let is_alive = |process: &&usize| {
            let process = self.all.get(*process);
            process
                .is_some_and(|process| process.start_ns <= at_ns && process.end_ns.is_none_or(|end_ns| at_ns <= end_ns))
        };
        self.by_tgid.get(&tgid)?.iter().rev().find(is_alive).and_then(|at| self.all.get(at))
    }

    /// Takes an event in; the process that has ended with it.
    pub(crate) fn take(&mut self, event: &Event<'_>, began_ns: u64) -> Option<usize> {
        let tgid = event.tgid()?;
        let is_new = !self.running.contains_key(&tgid);
        let at = self.known(tgid, event, began_ns);
        match event.what {
            What::Fork(fork) if fork.header.flags & NEW_THREAD == 0 => {
                let (child_tgid, ns_tgid, start_ns) = (fork.child_tgid, fork.child_ns_tgid, fork.time_ns);
                let (comm, parent) = self.parent(at);
                let child =
                    Process { tgid: child_tgid, ns_tgid, parent_tgid: tgid, start_ns, ..Process::new(comm, parent) };
                self.begin(child);
                None
            }
            What::Exec(exec) => {
                let before = self.all.get_mut(&at)?;
                if before.program.is_none() && (before.is_start_seen || is_new) {
                    // Between its fork and this it was on its way to it.
                    self.bytes -= before.bytes();
                    (before.program, before.start_ns) = (Some(Program::of(&exec)), exec.fixed.time_ns);
                    before.is_start_seen = true;
                    self.bytes += before.bytes();
                    return None;
                }
                before.end_ns = Some(exec.fixed.time_ns);
                let next = Process {
                    start_ns: exec.fixed.time_ns,
                    is_start_seen: true,
                    end_ns: None,
                    program: Some(Program::of(&exec)),
                    ..before.clone()
                };
                self.begin(next);
                Some(at)
            }
            What::Exit(exit) if exit.header.flags & GROUP_DEAD != 0 => {
                if let Some(process) = self.all.get_mut(&at) {
                    (process.end_ns, process.status) = (Some(exit.time_ns), Some(ExitStatus::new(exit.status)));
                }
                self.running.remove(&tgid);
                Some(at)
            }
            _ => None,
        }
    }

    /// The name that a child begins with, and below which process it stands: what a container's runtime makes on its
    /// way to the container's program is not below the runtime's stages, which end at once.
    fn parent(&self, at: usize) -> (String, Option<usize>) {
        let Some(parent) = self.all.get(&at) else { return (String::new(), None) };
        let is_stage = parent.program.is_none() && is_runtime(&parent.comm);
        (parent.comm.clone(), if is_stage { parent.parent } else { Some(at) })
    }

    /// The process of an event; one that is not known was there when the records begin.
    fn known(&mut self, tgid: u32, event: &Event<'_>, began_ns: u64) -> usize {
        // A call that was in progress when the recording began comes last, after its process' end too.
        let began_within = |at: &&usize| {
            self.all.get(*at).is_some_and(|process| process.end_ns.is_some_and(|end_ns| event.start_ns <= end_ns))
        };
        let ended = || self.by_tgid.get(&tgid)?.iter().rev().find(began_within);
        let at = self.running.get(&tgid).or_else(ended).copied().unwrap_or_else(|| {
            let start_ns = began_ns.min(event.start_ns);
            self.begin(Process { tgid, start_ns, is_start_seen: false, ..Process::new(String::new(), None) })
        });
        if let (Some(process), Some(task)) = (self.all.get_mut(&at), event.task)
            && task.tgid == tgid
        {
            (process.ns_tgid, process.parent_tgid) = (task.ns_tgid, task.parent_tgid);
            if task.header.tid == tgid || process.comm.is_empty() {
                process.comm = task::comm(&task.comm).to_string();
            }
        }
        at
    }

    fn begin(&mut self, process: Process) -> usize {
        let at = self.next;
        self.next += 1;
        self.running.insert(process.tgid, at);
        self.by_tgid.entry(process.tgid).or_default().push(at);
        self.bytes += process.bytes();
        self.all.insert(at, process);
        at
    }

    /// Forgets those that ended before a time and have made none that is kept; beyond `most`, the oldest too.
    pub(crate) fn forget(&mut self, before_ns: u64, most: usize) {
        let is_kept = |process: &Process| process.end_ns.is_none_or(|end_ns| end_ns >= before_ns);
        let parents: HashSet<usize> =
            self.all.values().filter(|process| is_kept(process)).filter_map(|process| process.parent).collect();
        self.all.retain(|at, process| parents.contains(at) || is_kept(process));
        while self.all.len() > most {
            let oldest = self.all.pop_first();
            self.forgotten += u64::from(oldest.is_some_and(|(_, process)| process.end_ns.is_none()));
        }
        self.bytes = self.all.values().map(Process::bytes).sum();
        self.running.retain(|_, at| self.all.contains_key(at));
        self.by_tgid.retain(|_, all| {
            all.retain(|at| self.all.contains_key(at));
            !all.is_empty()
        });
    }
}

impl Process {
    fn new(comm: String, parent: Option<usize>) -> Self {
        Self {
            tgid: 0,
            ns_tgid: 0,
            parent_tgid: 0,
            start_ns: 0,
            is_start_seen: true,
            end_ns: None,
            status: None,
            program: None,
            comm,
            parent,
        }
    }

    /// About how many bytes it takes, with its places in the tables.
    fn bytes(&self) -> usize {
        let texts = self.program.iter().flat_map(|program| program.argv.iter().chain([&program.path]));
        size_of::<Self>() * 2 + texts.map(|text| text.capacity() + size_of::<String>()).sum::<usize>()
    }

    /// What it is called: its program's name, or its own where that is not recorded.
    pub(crate) fn name(&self) -> &str {
        self.program.as_ref().map(Program::name).filter(|name| !name.is_empty()).unwrap_or(&self.comm)
    }
}
