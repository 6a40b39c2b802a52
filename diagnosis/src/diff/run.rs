//! One run, counted in general form.

use super::act::Act;
use super::course::{Course, Courses};
use crate::calls::{self, bits};
use crate::facts::{Facts, Process, Subject};
use crate::general::Form;
use crate::noise::{Noise, noise};
use rewind_recording::decode::{self, Invocation, signal_name};
use rewind_recording::event::{Event, Outcome, What};
use rewind_recording::filter::{comm, failed};
use rewind_recording::header::Header;
use rewind_recording::setup::is_runtime;
use std::collections::BTreeMap;

/// Signals that are the ordinary life of programs: a child has ended, Go preempts a thread, a window changed.
const ORDINARY_SIGNALS: [u32; 3] = [17, 23, 28];

/// Something that was done, and how often.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) count: u64,
    /// How often it failed.
    pub(super) failures: u64,
    /// As it failed last.
    pub(super) errno: u16,
    pub(super) first_ns: u64,
    pub(super) last_ns: u64,
    /// Each failure was of an ordinary kind, or made good.
    pub(super) ordinary: bool,
}

impl Tally {
    /// With what else was done to the same.
    pub(super) fn and(&mut self, other: &Self) {
        if self.count == 0 || other.first_ns < self.first_ns {
            self.first_ns = other.first_ns;
        }
        self.count += other.count;
        self.last_ns = self.last_ns.max(other.last_ns);
    }

    fn add(&mut self, at_ns: u64) {
        if self.count == 0 {
            self.first_ns = at_ns;
        }
        self.count += 1;
        self.last_ns = at_ns;
    }

    fn fail(&mut self, at_ns: u64, errno: u16, ordinary: bool) {
        self.ordinary = ordinary && (self.ordinary || self.failures == 0);
        self.failures += 1;
        self.errno = errno;
        if self.count == 0 {
            self.first_ns = at_ns;
        }
        self.last_ns = self.last_ns.max(at_ns);
    }
}

/// What of a run is held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// All decisive records.
    pub(super) decisive: bool,
    /// All calls.
    pub(super) calls: bool,
}

/// One run, counted in general form.
pub(super) struct Run<'a> {
    pub(super) facts: Facts<'a>,
    pub(super) held: Held,
    form: Form,
    /// What was done to paths and peers.
    pub(super) acts: BTreeMap<Act, Tally>,
    /// What failed, by errno.
    pub(super) failures: BTreeMap<(Act, u16), Tally>,
    /// What was run: programs with their arguments.
    pub(super) commands: BTreeMap<String, Tally>,
    /// Ends of processes other than the main one that were no success: what it was, and how.
    pub(super) ends: BTreeMap<(String, String), Tally>,
    /// Signals that were delivered: which, to what program.
    pub(super) signals: BTreeMap<(u32, String), Tally>,
    /// What each program did, in order.
    pub(super) courses: BTreeMap<String, Course>,
}

impl<'a> Run<'a> {
    pub(super) fn new(header: &'a Header, records: &'a [u8]) -> Self {
        let facts = Facts::new(header, records);
        let mut run = Self {
            held: held(header),
            form: Form::of_run(&facts.timeline, facts.arch),
            acts: BTreeMap::new(),
            failures: BTreeMap::new(),
            commands: BTreeMap::new(),
            ends: BTreeMap::new(),
            signals: BTreeMap::new(),
            courses: BTreeMap::new(),
            facts,
        };
        run.calls();
        run.failures();
        run.processes();
        run
    }

    /// When it began to run the container's program; `None` where that is not held.
    pub(super) fn began_ns(&self) -> Option<u64> {
        let own = self.facts.processes.values().filter_map(began_ns);
        own.min().filter(|_| self.held.decisive)
    }

    /// What the process is called that its end goes back to.
    pub(super) fn culprit(&self) -> Option<String> {
        self.facts.culprit().map(|(_, process)| program(process))
    }

    fn calls(&mut self) {
        let programs: BTreeMap<u32, String> =
            self.facts.processes.iter().map(|(tgid, process)| (*tgid, program(process))).collect();
        let mut courses = Courses::default();
        for event in self.facts.timeline.by_end() {
            let What::Call { call, enter, outcome } = event.what else { continue };
            let Some(tgid) = event.tgid().filter(|tgid| *tgid != 0) else { continue };
            let process = self.facts.processes.get(&tgid);
            if !matches!(outcome, Outcome::Returned | Outcome::InFlight | Outcome::Died)
                || process.is_some_and(|process| is_setup(process, &name_of(&event), event.end_ns))
            {
                continue;
            }
            let invocation = Invocation { call, enter };
            let Some(subject) = subject(&invocation, &self.facts) else { continue };
            let name = decode::name(&call, self.facts.arch);
            let act = Act::of(&self.form, programs.get(&tgid).map_or("", String::as_str), name, &subject);
            let errno = call.errno().filter(|_| outcome == Outcome::Returned && failed(&call));
            let errno = errno.filter(|errno| !matches!(noise(&act.call, &subject, *errno), Noise::Answer(_)));
            self.acts.entry(act.clone()).or_default().add(event.start_ns);
            courses.add(event.tid, event.start_ns, act, errno);
        }
        self.courses = courses.finish();
    }

    fn failures(&mut self) {
        for failure in &self.facts.failures {
            let noise = noise(&failure.name, &failure.subject, failure.errno);
            let process = self.facts.processes.get(&failure.tgid);
            let is_setup = process.is_some_and(|process| is_setup(process, &process.comm, failure.at_ns));
            if is_setup || matches!(noise, Noise::Answer(_)) {
                continue;
            }
            let program = process.map_or_else(String::new, program);
            let act = Act::of(&self.form, &program, failure.name.clone(), &failure.subject);
            let ordinary = noise != Noise::None || failure.recovered;
            if let Some(tally) = self.acts.get_mut(&act) {
                tally.fail(failure.at_ns, failure.errno, ordinary);
            }
            let tally = self.failures.entry((act, failure.errno)).or_default();
            tally.add(failure.at_ns);
            tally.fail(failure.at_ns, failure.errno, ordinary);
        }
    }

    fn processes(&mut self) {
        let main = self.facts.ending.map(|ending| ending.tgid);
        for (tgid, process) in &self.facts.processes {
            for own in process.programs.iter().filter(|program| !is_init(&program.command)) {
                self.commands.entry(self.form.text(&own.command).into_owned()).or_default().add(own.at_ns);
            }
            if process.is_setup() {
                continue;
            }
            for signal in &process.signals {
                let number = signal.siginfo[0];
                if !ORDINARY_SIGNALS.contains(&number) {
                    self.signals.entry((number, program(process))).or_default().add(signal.at_ns);
                }
            }
            let end = process.end.filter(|end| Some(*tgid) != main && !end.ending.is_success());
            if let Some(end) = end {
                let what = (self.form.text(process.command()).into_owned(), end.ending.words());
                self.ends.entry(what).or_default().add(end.ending.at_ns);
            }
        }
    }
}

/// A signal's name, or its number.
pub(super) fn signal_text(signal: u32) -> String {
    signal_name(signal).unwrap_or_else(|| format!("signal {signal}"))
}

fn held(header: &Header) -> Held {
    let coverage = &header.coverage;
    let lost: u64 = header.losses.iter().filter(|(name, _)| !name.ends_with("_argument")).map(|(_, n)| n).sum();
    let overwritten = coverage.calls_overwritten > 0;
    Held {
        decisive: lost == 0 && (!overwritten || coverage.decisive_from_ns <= header.born_ns),
        calls: lost == 0 && !overwritten,
    }
}

/// The path or the peer that a call names.
fn subject(invocation: &Invocation<'_>, facts: &Facts<'_>) -> Option<Subject> {
    if let Some(path) = decode::path(invocation, facts.arch).filter(|path| !path.is_empty()) {
        return Some(Subject::Path(path.into_owned()));
    }
    decode::peer(invocation, facts.arch).map(Subject::Peer)
}

/// A process' program by its name alone, else its own name.
fn program(process: &Process) -> String {
    let command = process.command();
    if process.programs.is_empty() { named(command) } else { program_of(command) }
}

/// The program of a command by its name alone.
pub(super) fn program_of(command: &str) -> String {
    named(command.split(' ').next().unwrap_or(command))
}

fn named(path: &str) -> String {
    Form::default().text(path.rsplit('/').next().unwrap_or(path)).into_owned()
}

/// Whether what was run is the runtime itself, about to set the container up.
pub(super) fn is_init(command: &str) -> bool {
    command.strip_suffix(" init").is_some_and(|program| program.ends_with("runc"))
}

/// When a process began to run its first program.
fn began_ns(process: &Process) -> Option<u64> {
    process.programs.iter().find(|program| !is_init(&program.command)).map(|program| program.at_ns)
}

/// The name of the thread that an event is of.
fn name_of(event: &Event<'_>) -> String {
    event.task.map_or_else(String::new, |task| comm(&task.comm).text().into_owned())
}

/// Whether what ended at `end_ns` is the runtime's doing, before it became the container's first program.
fn is_setup(process: &Process, name: &str, end_ns: u64) -> bool {
    // All of it is, under whatever names: one that was put into the container's cgroup before it had the runtime's.
    if process.is_setup() {
        return true;
    }
    let began_ns = began_ns(process);
    // The first process has the runtime's names, and others for a while, until it runs the container's program.
    is_runtime(name) && began_ns.is_none_or(|began_ns| end_ns < began_ns)
        || process.ns_tgid == 1 && began_ns.is_some_and(|began_ns| end_ns < began_ns)
}

/// The longest call of each name that is not idle by nature: nanoseconds, and what it was about.
pub(super) fn longest(facts: &Facts<'_>) -> BTreeMap<String, (u64, Subject)> {
    let idle = bits::IDLES | bits::ENDLESS | bits::WAITS_THREAD;
    let counted = facts.sums.iter().filter(|(name, _)| !calls::has(name, idle));
    counted.map(|(name, sums)| (name.to_string(), (sums.longest.0, sums.subject.clone()))).collect()
}
