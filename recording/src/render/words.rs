//! What all formats share: how a call, a time, a process is put into words.

use super::Options;
use crate::call::Call;
use crate::clock::Clock;
use crate::decode::descriptors::{Table, Tables};
use crate::decode::{self, Invocation, Style};
use crate::escape::{Untrusted, UntrustedString};
use crate::event::{Event, Outcome, Timeline, What};
use crate::events::{Context, EventKind};
use crate::header::Header;
use crate::origin::Origins;
use crate::syscalls::arg::ArgKind;
use crate::syscalls::{Arch, Return};
use crate::task::{Pids, comm};
use rewind_common::record::GROUP_DEAD;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The context of rendering one recording.
#[derive(Debug)]
pub(super) struct Words<'o> {
    pub(super) options: &'o Options,
    pub(super) clock: Clock,
    /// When the recording was read; calls in flight have lasted until then.
    pub(super) read_ns: u64,
    /// The line under construction, reused.
    pub(super) line: String,
    style: Style,
    /// Whose other cgroups are.
    pub(super) origins: Origins,
    /// Names of addresses.
    pub(super) peers: BTreeMap<String, UntrustedString>,
    /// What descriptors are, where that is to be shown.
    descriptors: Option<Descriptors>,
}

/// The descriptors of all processes, as the events up to some moment have left them.
#[derive(Debug)]
struct Descriptors {
    tables: Tables,
    /// How many of the timeline's events were taken note of.
    next: usize,
    /// The process of the line under construction.
    tgid: u32,
}

impl Descriptors {
    fn of(header: &Header) -> Self {
        Self { tables: Tables::complete_from(header.coverage.missing_until_ns()), next: 0, tgid: 0 }
    }

    fn table(&self) -> Option<&Table> {
        self.tables.of(self.tgid)
    }
}

impl<'o> Words<'o> {
    pub(super) fn new(header: &Header, options: &'o Options) -> Self {
        let arch = Arch::parse(&header.host.arch).unwrap_or_default();
        Self {
            options,
            clock: Clock::new(options.zone.clone(), header.host.unix_offset_ns),
            read_ns: header.read_ns,
            line: String::new(),
            style: Style { arch, string_bytes: options.string_bytes },
            origins: Origins::of(header),
            peers: header.peers.clone(),
            descriptors: options.descriptors.then(|| Descriptors::of(header)),
        }
    }

    pub(super) fn name(&self, call: &Call<'_>) -> Cow<'static, str> {
        decode::name(call, self.style.arch)
    }

    /// Starts the line of an event.
    pub(super) fn begin(&mut self, event: &Event<'_>) {
        self.line.clear();
        if let Some(descriptors) = &mut self.descriptors {
            descriptors.tgid = event.tgid().unwrap_or(event.tid);
        }
    }

    /// Starts a new timeline.
    pub(super) fn begin_timeline(&mut self) {
        if let Some(descriptors) = &mut self.descriptors {
            descriptors.next = 0;
        }
    }

    /// Takes note of what all calls that ended until `at_ns`, shown or not, did to descriptors.
    pub(super) fn catch_up(&mut self, timeline: &Timeline<'_>, at_ns: u64) {
        let Some(Descriptors { tables, next, .. }) = &mut self.descriptors else { return };
        while timeline.span(*next).is_some_and(|(_, end_ns)| end_ns <= at_ns) {
            let event = timeline.event(*next);
            *next += 1;
            let Some(event) = event else { continue };
            let tgid = event.tgid().unwrap_or(event.tid);
            if let Some(task) = event.task {
                tables.started(task.tgid, task.parent_tgid);
            }
            match event.what {
                What::Call { call, enter, outcome: Outcome::Returned } => {
                    tables.feed(tgid, &Invocation { call, enter }, self.style.arch);
                }
                What::Exit(exit) if exit.header.flags & GROUP_DEAD != 0 => tables.ended(tgid),
                What::Descriptor(descriptor) => descriptor.open_in(tables),
                _ => {}
            }
        }
    }

    /// The descriptor that a call is on, with what it is where that is known; it is the first argument.
    pub(super) fn descriptor(&self, event: &Event<'_>) -> Option<String> {
        let What::Call { call, .. } = event.what else { return None };
        let row = decode::row(&call, self.style.arch)?;
        if !matches!(row.args.first(), Some(ArgKind::Fd)) {
            return None;
        }
        let fd = (call.value(0)? as u32).cast_signed();
        let descriptors = self.descriptors.as_ref()?;
        let table = descriptors.tables.of(event.tgid().unwrap_or(event.tid));
        Some(match table.and_then(|table| Some((table.text(fd)?, table.is_sure(fd)))) {
            Some((what, true)) => format!("{fd}<{what}>"),
            Some((what, false)) => format!("{fd}<{what}>?"),
            None => fd.to_string(),
        })
    }

    /// Whether it is of the nature of the call not to return: `exit`.
    pub(super) fn never_returns(&self, call: &Call<'_>) -> bool {
        decode::row(call, self.style.arch).is_some_and(|row| row.result == Return::Never)
    }

    /// Appends all arguments to the line.
    pub(super) fn arguments(&mut self, call: &Invocation<'_>) {
        let table = self.descriptors.as_ref().and_then(Descriptors::table);
        decode::write_arguments(&mut self.line, call, &self.style, table);
    }

    /// Appends the arguments that are known at entry to the line.
    pub(super) fn entry_arguments(&mut self, call: &Invocation<'_>) {
        let table = self.descriptors.as_ref().and_then(Descriptors::table);
        decode::entry_arguments(&mut self.line, call, &self.style, table);
    }

    /// Appends the arguments that the call itself has written to the line.
    pub(super) fn exit_arguments(&mut self, call: &Invocation<'_>) {
        let table = self.descriptors.as_ref().and_then(Descriptors::table);
        decode::exit_arguments(&mut self.line, call, &self.style, table);
    }

    /// The name of the address that a call was given.
    pub(super) fn peer(&self, call: &Invocation<'_>) -> Option<&UntrustedString> {
        if self.peers.is_empty() { None } else { self.peers.get(&decode::peer(call, self.style.arch)?) }
    }

    /// What the other end of an event's connection is called.
    pub(super) fn name_of_peer(&self, event: &dyn EventKind) -> Option<&UntrustedString> {
        if self.peers.is_empty() { None } else { self.peers.get(&event.peer()?.to_string()) }
    }

    /// Appends the result of a call that has returned to the line.
    pub(super) fn result(&mut self, call: &Invocation<'_>) {
        if let Some(Descriptors { tables, tgid, .. }) = &mut self.descriptors {
            tables.feed(*tgid, call, self.style.arch);
        }
        let table = self.descriptors.as_ref().and_then(Descriptors::table);
        decode::write_result(&mut self.line, call, &self.style, table);
    }
}

impl Words<'_> {
    /// Appends an event that is no call to the line.
    pub(super) fn event(&mut self, what: &What<'_>) {
        if let Some(event) = what.as_event() {
            let context = Context { origins: &self.origins, pids: self.options.pids };
            event.write_text(&mut self.line, &context);
            if let Some(name) = self.name_of_peer(event).map(ToString::to_string) {
                let _ = write!(self.line, " /* {name} */");
            }
        }
    }
}

/// The name of an errno, or its number.
pub(super) fn errno_name(errno: u16) -> Cow<'static, str> {
    decode::errno_name(errno).map_or_else(|| Cow::Owned(errno.to_string()), Cow::Borrowed)
}

/// The process and the thread of an event, in the numbers that are wanted. A thread that is not
/// known to the container's numbering keeps the host's.
pub(super) fn ids(event: &Event<'_>, pids: Pids) -> (Option<u32>, u32) {
    match (pids, event.task) {
        (Pids::Container, Some(task)) => (Some(task.ns_tgid), task.ns_tid),
        _ => (event.tgid(), event.tid),
    }
}

/// The thread's name, or `?`.
pub(super) fn comm_of<'e>(event: &'e Event<'_>) -> Untrusted<'e> {
    event.task.as_ref().map_or(Untrusted::new(b"?"), |task| comm(&task.comm))
}

/// The call of an event.
pub(super) fn invocation<'a>(event: &Event<'a>) -> Option<Invocation<'a>> {
    match event.what {
        What::Call { call, enter, .. } => Some(Invocation { call, enter }),
        _ => None,
    }
}
