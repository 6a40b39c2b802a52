//! The one pass over all events that makes [`Facts`].

use super::Facts;
use super::failure::{Failure, Subject};
use super::owner::{self, Owner};
use super::process::{DeliveredSignal, KillCall, Output, Process, ProcessEnd, Program};
use super::requests::{PendingRequests, Seen, is_verdict};
use super::setup::{Setup, Step};
use super::sums::Sums;
use crate::calls::{self, bits};
use crate::meaning::{self, Meaning, SIGNALLED};
use crate::text::{self, command, descriptor, last_part, with_name, written};
use rewind_common::call::part;
use rewind_common::record::{self as wire, GROUP_DEAD};
use rewind_recording::decode::descriptors::{Table, Tables};
use rewind_recording::decode::{self, Invocation};
use rewind_recording::ending::{Ending, Finder};
use rewind_recording::event::{Event, Outcome, Timeline, What};
use rewind_recording::filter::{comm, failed};
use rewind_recording::header::Header;
use rewind_recording::origin::Origins;
use rewind_recording::record::{self, Call, Refusal};
use rewind_recording::syscalls::arg::ArgKind;
use rewind_recording::syscalls::{Arch, Row};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// Standard output and error.
const STDOUT: i32 = 1;
const STDERR: i32 = 2;

/// A call that took less is no example of slowness.
const SLOW_NS: u64 = 1_000_000;

/// [`Facts`] in the making.
pub(super) struct Gather {
    arch: Arch,
    read_ns: u64,
    tables: Tables,
    full: BTreeMap<u32, Table>,
    processes: BTreeMap<u32, Process>,
    failures: Vec<Failure>,
    setups: HashMap<u32, Setup>,
    open_calls: Vec<usize>,
    kills: Vec<KillCall>,
    sums: BTreeMap<Cow<'static, str>, Sums>,
    /// When something was had for the last time: a path or peer, and the last part of a path.
    had: HashMap<String, u64>,
    /// Connections that go on in the background: when they were begun, by process and descriptor.
    connecting: HashMap<(u32, i32), (u64, String)>,
    pending: PendingRequests,
    /// The last call of each thread, if a signal interrupted it.
    interrupted: HashMap<u32, usize>,
    owners: HashMap<String, Owner>,
    sent: Vec<(usize, wire::SignalSent)>,
    oom_kills: Vec<(usize, wire::OomKill)>,
}

impl Gather {
    pub(super) fn new(arch: Arch, read_ns: u64) -> Self {
        Self {
            arch,
            read_ns,
            tables: Tables::default(),
            full: BTreeMap::new(),
            processes: BTreeMap::new(),
            failures: Vec::new(),
            setups: HashMap::new(),
            open_calls: Vec::new(),
            kills: Vec::new(),
            sums: BTreeMap::new(),
            had: HashMap::new(),
            connecting: HashMap::new(),
            pending: PendingRequests::default(),
            interrupted: HashMap::new(),
            owners: HashMap::new(),
            sent: Vec::new(),
            oom_kills: Vec::new(),
        }
    }

    pub(super) fn run<'a>(mut self, header: &'a Header, timeline: Timeline<'a>, records: &'a [u8]) -> Facts<'a> {
        for i in 0..timeline.len() {
            if let Some(event) = timeline.event(i) {
                self.event(i, &event);
            }
        }
        let ending = header.ending.or_else(|| {
            if header.main_tgid.is_some() {
                return None;
            }
            let mut finder = Finder::default();
            record::all(records).map_while(Result::ok).for_each(|record| finder.add(&record));
            finder.ending()
        });
        for failure in &mut self.failures {
            let later = |key: &str| self.had.get(key).is_some_and(|had_ns| *had_ns >= failure.at_ns);
            let same = |path: &str| later(&with_name(&failure.name, path));
            failure.recovered = match &failure.subject {
                // What is there now was missing; what is denied to one call may be open to another.
                Subject::Path(path) if meaning::is_absent(failure.errno) => {
                    later(path) || last_part(path).is_some_and(later)
                }
                Subject::Path(path) => {
                    same(path) || calls::has(&failure.name, bits::RUNS) && last_part(path).is_some_and(same)
                }
                Subject::Peer(peer) => later(peer),
                _ => false,
            };
        }
        let end_ns = |tgid| match self.processes.get(&tgid).and_then(|process| process.end) {
            Some(end) => end.ending.at_ns,
            None => header.read_ns,
        };
        self.failures.extend(self.pending.finish(end_ns));
        Facts {
            header,
            timeline,
            arch: self.arch,
            ending,
            culprit: None,
            chain: Vec::new(),
            processes: self.processes,
            failures: self.failures,
            setups: self.setups,
            open_calls: self.open_calls,
            kills: self.kills,
            sums: self.sums,
            tables: self.tables,
            full: self.full,
            owners: self.owners,
            sent: self.sent,
            oom_kills: self.oom_kills,
            origins: Origins::of(header),
        }
    }

    fn event(&mut self, index: usize, event: &Event<'_>) {
        if let What::Descriptor(descriptor) = event.what {
            return descriptor.open_in(&mut self.tables);
        }
        let tgid = event.tgid().unwrap_or(event.tid);
        let process =
            self.processes.entry(tgid).or_insert_with(|| Process { first_ns: event.start_ns, ..Process::default() });
        if let Some(task) = event.task {
            process.ns_tgid = task.ns_tgid;
            if process.parent == 0 {
                process.parent = task.parent_tgid;
            }
            if process.comm.is_empty() || event.tid == tgid {
                process.comm = comm(&task.comm).text().into_owned();
            }
            self.tables.started(tgid, task.parent_tgid);
        }
        if let What::Exit(_) = event.what {
            self.open_calls.extend(self.interrupted.remove(&event.tid));
        }
        match event.what {
            What::Signal(signal) => process.signals.push(DeliveredSignal {
                index,
                at_ns: event.start_ns,
                tid: event.tid,
                siginfo: signal.siginfo,
            }),
            What::Exit(exit) if exit.header.flags & GROUP_DEAD != 0 => {
                let chosen = self.oom_kills.iter().any(|(_, kill)| kill.tgid == tgid);
                let ending = Ending::of(&exit, chosen);
                process.end = Some(ProcessEnd { index, tid: event.tid, ending });
            }
            What::SignalSent(sent) => self.sent.push((index, sent)),
            What::OomKill(kill) => self.oom_kills.push((index, kill)),
            What::Call { call, enter, outcome } => self.call(index, event, tgid, &Invocation { call, enter }, outcome),
            _ => {}
        }
    }

    fn call(&mut self, index: usize, event: &Event<'_>, tgid: u32, invocation: &Invocation<'_>, outcome: Outcome) {
        let call = &invocation.call;
        let name = decode::name(call, self.arch);
        let process = self.processes.get_mut(&tgid);
        if let Some((process, user)) = process.zip(owner::user(invocation, self.arch)) {
            process.user = Some(user);
        }
        let process = self.processes.get(&tgid);
        let is_setup =
            event.task.zip(process).is_some_and(|(task, process)| process.is_runtime(&comm(&task.comm).text()));
        if is_setup {
            self.setup(index, event, tgid, invocation, name.clone(), outcome);
            if !calls::has(&name, bits::RUNS) {
                self.tables.feed(tgid, invocation, self.arch);
                return;
            }
        }
        if outcome == Outcome::InProgress {
            // How long it has taken is not known: it is no part of any sum.
            self.open_calls.push(index);
            return;
        }
        let ns = match outcome {
            Outcome::Returned | Outcome::Died => call.duration_ns,
            Outcome::InFlight => self.read_ns.saturating_sub(event.start_ns),
            Outcome::InProgress | Outcome::Lost => 0,
        };
        let subject = self.subject(tgid, invocation);
        let sums = self.sums.entry(name.clone()).or_default();
        if sums.add(index, ns) {
            sums.subject = subject.clone();
            let (arch, table) = (self.arch, self.tables.of(tgid).filter(|_| ns >= SLOW_NS));
            sums.example =
                table.map(|table| text::event(event, arch, &Origins::default(), Some(table))).unwrap_or_default();
        }
        self.kill(index, event, tgid, call);
        let until_ns = if outcome == Outcome::InFlight { self.read_ns } else { event.end_ns };
        let (table, arch) = (self.tables.of(tgid), self.arch);
        let seen = Seen { index, event, tgid, invocation, outcome, name: &name, table, arch, until_ns };
        self.pending.call(&seen);
        if outcome != Outcome::Returned {
            if !calls::has(&name, bits::ENDS) {
                self.open_calls.push(index);
            }
            return;
        }
        if call.errno().is_some_and(meaning::is_interrupted) {
            self.interrupted.insert(event.tid, index);
        } else {
            self.interrupted.remove(&event.tid);
        }
        if failed(call) {
            self.sums.entry(name.clone()).or_default().errors += 1;
        }
        self.note(index, event, tgid, invocation, &name, &subject);
        if let Some(process) = self.processes.get_mut(&tgid) {
            process.memory.feed(index, &name, call);
        }
        let errno = match call.refusal {
            Some(refusal) if refusal.is_signal() => Some(SIGNALLED),
            _ => call.errno().filter(|_| has_failed(call, &name)),
        };
        match (errno, pending_error(call, &name)) {
            (Some(errno), _) => self.fail(index, event, tgid, name.clone(), subject, errno, call.duration_ns),
            (None, Some(errno)) => {
                let fd = descriptor(call);
                if let Some((begun_ns, peer)) = self.connecting.remove(&(tgid, fd)) {
                    let took = event.end_ns.saturating_sub(begun_ns);
                    self.fail(index, event, tgid, "connect".into(), Subject::Peer(peer), errno, took);
                } else {
                    self.fail(index, event, tgid, name.clone(), subject, errno, call.duration_ns);
                }
            }
            (None, None) if call.errno().is_some() => {}
            (None, None) => self.had(&name, &subject, invocation, event.end_ns),
        }
        self.tables.feed(tgid, invocation, self.arch);
    }

    /// A call of the runtime.
    fn setup(
        &mut self,
        index: usize,
        event: &Event<'_>,
        tgid: u32,
        invocation: &Invocation<'_>,
        name: Cow<'static, str>,
        outcome: Outcome,
    ) {
        let call = &invocation.call;
        let errno = call.errno().filter(|_| outcome == Outcome::Returned);
        let has = |bits| decode::row(call, self.arch).is_some_and(|row| row.has(bits));
        if has(bits::SETS_USER) && call.errno().is_none() && outcome == Outcome::Returned {
            self.setups.entry(tgid).or_default().became_user();
        }
        let takes_path = has(bits::FILE);
        // Go asks of each file whether it can be waited for.
        let odd = errno.is_some_and(|errno| {
            !matches!(Meaning::of(&name, errno), Meaning::Answer(_)) && name != "epoll_ctl" && has_failed(call, &name)
        });
        if !takes_path && !odd {
            return;
        }
        let mut paths = decode::paths(invocation, self.arch).map(|path| self.opened(tgid, &path));
        let subject = paths.next().map(Subject::Path);
        let target = paths.next();
        let subject = subject.unwrap_or_else(|| self.subject(tgid, invocation));
        let owner = Owner::told(invocation, &name, self.arch).filter(|_| errno.is_none());
        let call = failure(index, event, tgid, name, subject, errno.unwrap_or_default());
        self.setups.entry(tgid).or_default().add(Step { call, failed: odd, target, owner });
    }

    /// The path behind `/proc/self/fd/7`, by which runtimes name what they have opened; else the path itself.
    fn opened(&self, tgid: u32, path: &str) -> String {
        let fd = ["/proc/self/fd/", "/proc/thread-self/fd/"].iter().find_map(|dir| path.strip_prefix(dir));
        let fd = fd.and_then(|fd| fd.parse().ok());
        let what = fd.and_then(|fd| self.tables.of(tgid)?.text(fd));
        what.filter(|what| what.starts_with('/')).unwrap_or(path).to_owned()
    }

    /// A call succeeded: remembers what it shows to be there.
    fn had(&mut self, name: &str, subject: &Subject, invocation: &Invocation<'_>, at_ns: u64) {
        match subject {
            Subject::Path(path) if decode::path(invocation, self.arch).is_some() => {
                for part in last_part(path).into_iter().chain([path.as_str()]) {
                    self.had.insert(with_name(name, part), at_ns);
                    self.had.insert(part.to_owned(), at_ns);
                }
            }
            // Its success shows that the peer is there.
            Subject::Peer(peer) if calls::has(name, bits::CONNECTS | bits::SENDS | bits::RECEIVES) => {
                self.had.insert(peer.clone(), at_ns);
            }
            _ => {}
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one field each")]
    fn fail(
        &mut self,
        index: usize,
        event: &Event<'_>,
        tgid: u32,
        name: Cow<'static, str>,
        subject: Subject,
        errno: u16,
        duration_ns: u64,
    ) {
        if Meaning::of(&name, errno) == Meaning::OutOfDescriptors
            && !self.full.contains_key(&tgid)
            && let Some(table) = self.tables.of(tgid)
        {
            self.full.insert(tgid, table.clone());
        }
        self.failures.push(Failure { duration_ns, ..failure(index, event, tgid, name, subject, errno) });
    }

    /// What is worth remembering of single calls.
    fn note(
        &mut self,
        index: usize,
        event: &Event<'_>,
        tgid: u32,
        invocation: &Invocation<'_>,
        name: &str,
        subject: &Subject,
    ) {
        let call = &invocation.call;
        if let Subject::Path(path) = subject
            && let Some(owner) = Owner::told(invocation, name, self.arch).filter(|_| call.errno().is_none())
        {
            self.owners.insert(path.clone(), owner);
        }
        match name {
            name if calls::has(name, bits::CONNECTS) && call.errno().is_some_and(meaning::is_in_background) => {
                if let Subject::Peer(peer) = subject {
                    self.connecting.insert((tgid, descriptor(call)), (event.start_ns, peer.clone()));
                }
            }
            name if calls::has(name, bits::RUNS) && call.errno().is_none() => {
                let command = command(invocation, self.arch);
                let program = Program { index, at_ns: event.end_ns, command };
                self.processes.entry(tgid).or_default().programs.push(program);
            }
            "write" | "writev" | "sendto" if matches!(descriptor(call), STDOUT | STDERR) && call.errno().is_none() => {
                let to_stderr = descriptor(call) == STDERR;
                let output = Output { index, at_ns: event.start_ns, to_stderr, text: written(invocation) };
                self.processes.entry(tgid).or_default().outputs.push(output);
            }
            _ => {}
        }
    }

    fn kill(&mut self, index: usize, event: &Event<'_>, tgid: u32, call: &Call<'_>) {
        let row = decode::row(call, self.arch).filter(|row| row.has(bits::KILLS));
        let Some(signal_at) = row.and_then(Row::signal_argument) else { return };
        let number = |i: usize| call.value(i).unwrap_or_default() as u32;
        let (target, signal) = (number(0).cast_signed(), number(signal_at));
        if signal != 0 && call.errno().is_none() {
            self.kills.push(KillCall { index, at_ns: event.start_ns, tgid, target, signal });
        }
    }

    fn subject(&self, tgid: u32, invocation: &Invocation<'_>) -> Subject {
        if let Some(path) = decode::path(invocation, self.arch).filter(|path| !path.is_empty()) {
            return Subject::Path(path.into_owned());
        }
        if let Some(peer) = decode::peer(invocation, self.arch) {
            return Subject::Peer(peer);
        }
        let is_fd = |row: &&Row| matches!(row.args.first(), Some(ArgKind::Fd));
        if decode::row(&invocation.call, self.arch).filter(is_fd).is_none() {
            return Subject::Nothing;
        }
        let table = self.tables.of(tgid);
        match table.and_then(|table| table.text(descriptor(&invocation.call))) {
            None => Subject::Nothing,
            Some(text) => match text.split_once(":[->") {
                Some((_, peer)) => Subject::Peer(peer.trim_end_matches(']').to_owned()),
                None if text.starts_with('/') => Subject::Path(text.to_owned()),
                None => Subject::Descriptor(text.to_owned()),
            },
        }
    }
}

/// Whether a call failed; `rt_sigreturn` has no result: it puts back that of a call which a signal interrupted.
fn has_failed(call: &Call<'_>, name: &str) -> bool {
    failed(call) && name != "rt_sigreturn"
}

/// A call that failed.
fn failure(
    index: usize,
    event: &Event<'_>,
    tgid: u32,
    name: Cow<'static, str>,
    subject: Subject,
    errno: u16,
) -> Failure {
    let duration_ns = event.end_ns.saturating_sub(event.start_ns);
    let refused = match event.what {
        What::Call { call, .. } => call.refusal.map(Refusal::by),
        _ => None,
    };
    let (at_ns, tid, recovered) = (event.end_ns, event.tid, false);
    Failure { index, at_ns, duration_ns, tgid, tid, name, subject, errno, refused, recovered }
}

/// What `getsockopt(SO_ERROR)` brought to light: how a connection in the background failed.
fn pending_error(call: &Call<'_>, name: &str) -> Option<u16> {
    if !is_verdict(name, call) {
        return None;
    }
    let blob = call.blob(3, part::WHOLE).filter(|blob| blob.pointer().is_none())?;
    let errno = u32::from_le_bytes(*blob.bytes.first_chunk()?);
    u16::try_from(errno).ok().filter(|errno| *errno != 0)
}
