//! A run of a container and its processes as spans.

use crate::attribute::attribute;
use crate::process::{Process, Processes};
use crate::{id, unix_ns};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use rewind_recording::decode::signal_name;
use rewind_recording::exit_status::ExitStatus;
use rewind_recording::header::{Header, short_id};

/// Flags of a span in OTLP: it is known whether its parent is remote (it is not), and it is sampled.
const FLAGS: u32 = 0x101;

/// The trace of a recording.
#[derive(Clone, Copy)]
pub(crate) struct Trace<'h> {
    header: &'h Header,
    pub(crate) id: [u8; 16],
}

impl<'h> Trace<'h> {
    pub(crate) fn of(header: &'h Header) -> Self {
        Self { header, id: id::trace(header) }
    }

    /// Whether its container lives.
    pub(crate) fn is_alive(self) -> bool {
        self.header.died_ns.is_none()
    }

    /// The span of the run.
    pub(crate) fn root_id(self) -> [u8; 8] {
        id::span(self.id, "run", self.header.container.cgroup_id, self.header.born_ns)
    }

    /// The span of a process.
    pub(crate) fn process_id(self, process: &Process) -> [u8; 8] {
        // Where its start is gone, what is held later begins elsewhere.
        let start_ns = if process.is_start_seen { process.start_ns } else { 0 };
        id::span(self.id, "process", process.tgid.into(), start_ns)
    }

    pub(crate) fn run(self) -> Span {
        let Header { container, ending, .. } = self.header;
        let name = if container.name.is_empty() { short_id(&container.id) } else { container.name.clone() };
        let status = ending.as_ref().map(|ending| match (ending.exit_code, ending.signal) {
            (Some(code), _) => ExitStatus::Exited(code),
            (None, signal) => {
                ExitStatus::Killed { signal: signal.unwrap_or_default(), core_dumped: ending.core_dumped }
            }
        });
        let mut attributes = vec![attribute("rewind.recording", self.header.recording)];
        attributes
            .extend(ending.as_ref().filter(|ending| ending.oom_killed).map(|_| attribute("rewind.oom_killed", true)));
        let (start_ns, end_ns) = (self.header.born_ns, self.header.died_ns);
        self.span(self.root_id(), Vec::new(), name.as_str(), (start_ns, end_ns), status, attributes)
    }

    pub(crate) fn process(self, process: &Process, processes: &Processes) -> Span {
        let parent = process.parent.and_then(|at| processes.get(at));
        let parent = parent.map_or_else(|| self.root_id(), |parent| self.process_id(parent));
        let mut attributes = of_process(process);
        if !process.is_start_seen {
            attributes.push(attribute("rewind.process.start_seen", false));
        }
        if let Some(program) = &process.program {
            attributes.push(attribute("process.executable.path", program.path.as_str()));
            attributes.push(attribute("process.command_args", program.argv.clone()));
        }
        let times = (process.start_ns, process.end_ns);
        self.span(self.process_id(process), parent.to_vec(), process.name(), times, process.status, attributes)
    }

    fn span(
        self,
        span: [u8; 8],
        parent: Vec<u8>,
        name: &str,
        (start_ns, end_ns): (u64, Option<u64>),
        status: Option<ExitStatus>,
        mut attributes: Vec<KeyValue>,
    ) -> Span {
        attributes.extend(status.into_iter().flat_map(of_status));
        if end_ns.is_none() {
            // With its container it has ended, and its record is gone; in a living one it goes on.
            let has_died = self.header.died_ns.is_some();
            let (key, is) = if has_died { ("rewind.process.end_seen", false) } else { ("rewind.unfinished", true) };
            attributes.push(attribute(key, is));
        }
        let is_error = status.is_some_and(|status| status != ExitStatus::Exited(0));
        self.bare(span, parent, name, (start_ns, end_ns), is_error, attributes)
    }

    /// A span of whatever kind; what has not ended lasts until its container has, or was read.
    pub(crate) fn bare(
        self,
        span: [u8; 8],
        parent: Vec<u8>,
        name: &str,
        (start_ns, end_ns): (u64, Option<u64>),
        is_error: bool,
        attributes: Vec<KeyValue>,
    ) -> Span {
        let over_ns = self.header.died_ns.unwrap_or(self.header.read_ns);
        let status = Status { code: StatusCode::Error.into(), ..Status::default() };
        Span {
            trace_id: self.id.to_vec(),
            span_id: span.to_vec(),
            parent_span_id: parent,
            flags: FLAGS,
            name: name.to_owned(),
            kind: SpanKind::Internal.into(),
            start_time_unix_nano: unix_ns(self.header, start_ns),
            end_time_unix_nano: unix_ns(self.header, end_ns.unwrap_or(over_ns).max(start_ns)),
            attributes,
            status: is_error.then_some(status),
            ..Span::default()
        }
    }
}

/// About as many attributes has a span of a process' traffic.
const ATTRIBUTES: usize = 24;

/// Who a process is.
pub(crate) fn of_process(process: &Process) -> Vec<KeyValue> {
    let mut attributes = Vec::with_capacity(ATTRIBUTES);
    attributes.push(attribute("process.executable.name", process.name()));
    attributes.push(attribute("process.pid", process.tgid));
    let numbers = [("process.vpid", process.ns_tgid), ("process.parent_pid", process.parent_tgid)];
    attributes.extend(numbers.iter().filter(|(_, number)| *number != 0).map(|(key, number)| attribute(key, *number)));
    attributes
}

/// How a process ended: a shell's code for one that a signal ended, as there is no convention for those.
pub(crate) fn of_status(status: ExitStatus) -> Vec<KeyValue> {
    match status {
        ExitStatus::Exited(0) => vec![attribute("process.exit.code", 0_u32)],
        ExitStatus::Exited(code) => {
            vec![attribute("process.exit.code", u32::from(code)), attribute("error.type", code.to_string().as_str())]
        }
        ExitStatus::Killed { signal, core_dumped } => {
            let name = signal_name(signal.into()).unwrap_or_else(|| signal.to_string());
            vec![
                attribute("process.exit.code", 128 + u32::from(signal)),
                attribute("error.type", name.as_str()),
                attribute("rewind.process.signal.number", u32::from(signal)),
                attribute("rewind.process.signal.name", name.as_str()),
                attribute("rewind.process.core_dumped", core_dumped),
            ]
        }
    }
}
