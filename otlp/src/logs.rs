//! What happened, as log records: crash, OOM kill, signal, exec, exit, and the dump itself.

use crate::attribute::{attribute, value};
use crate::process::Processes;
use crate::spans::{Trace, of_process, of_status};
use crate::{SCHEMA_URL, id, resource, scope, syscall, unix_ns};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, LogsData, ResourceLogs, ScopeLogs, SeverityNumber};
use rewind_common::record::GROUP_DEAD;
use rewind_recording::event::{Event, Timeline, What};
use rewind_recording::events::Context;
use rewind_recording::exit_status::ExitStatus;
use rewind_recording::header::{Header, Oom};
use rewind_recording::origin::Origins;
use rewind_recording::render::{self, CallFields, Options, Summary};
use rewind_recording::task;
use std::borrow::Cow;
use std::io;

/// The log records of what happened in a recording, without those of its calls.
#[must_use]
pub fn events(header: &Header, records: &[u8]) -> LogsData {
    let timeline = Timeline::new(records);
    let maker = Maker::of(header, &timeline);
    let mut made: Vec<LogRecord> = maker.crash(records).into_iter().collect();
    made.extend(timeline.by_end().filter_map(|event| maker.event(&event)));
    maker.message(made)
}

/// The log records of a dump, at most `most` at a time: what happened and each call that `options` choose, by time;
/// before them one that says what the dump covers.
///
/// # Errors
/// Those of `take`. Records that cannot be read are no error: see [`Summary::malformed`].
pub fn logs(
    header: &Header,
    records: &[u8],
    options: &Options,
    most: usize,
    mut take: impl FnMut(LogsData) -> io::Result<()>,
) -> io::Result<Summary> {
    let timeline = Timeline::new(records);
    let maker = Maker::of(header, &timeline);
    let mut made = vec![maker.dump()];
    let mut sequence = 0;
    let summary = render::each(header, &timeline, options, |event, call| {
        made.extend(match call {
            Some(call) => {
                sequence += 1;
                Some(maker.call(event, call, sequence))
            }
            None => maker.event(event),
        });
        if made.len() >= most { take(maker.message(std::mem::take(&mut made))) } else { Ok(()) }
    })?;
    made.extend(maker.crash(records));
    take(maker.message(made))?;
    Ok(summary)
}

/// Log records of a recording with their resource.
#[must_use]
pub fn resource_logs(header: &Header, log_records: Vec<LogRecord>) -> ResourceLogs {
    let scope_logs = ScopeLogs { scope: Some(scope()), log_records, schema_url: SCHEMA_URL.to_owned() };
    ResourceLogs { resource: Some(resource(header)), scope_logs: vec![scope_logs], schema_url: SCHEMA_URL.to_owned() }
}

/// Makes the log records of a recording.
pub(crate) struct Maker<'h> {
    pub(crate) header: &'h Header,
    trace: Trace<'h>,
    pub(crate) processes: Processes,
    origins: Origins,
    dump: String,
}

impl<'h> Maker<'h> {
    pub(crate) fn of(header: &'h Header, timeline: &Timeline<'_>) -> Self {
        Self::with(header, Processes::of(header, timeline))
    }

    /// Of processes that are known.
    pub(crate) fn with(header: &'h Header, processes: Processes) -> Self {
        let trace = Trace::of(header);
        let dump = id::record(trace.id, "dump", header.recording, header.read_ns);
        Self { header, trace, processes, origins: Origins::of(header), dump }
    }

    fn message(&self, log_records: Vec<LogRecord>) -> LogsData {
        LogsData { resource_logs: vec![resource_logs(self.header, log_records)] }
    }

    /// A record that stands below the run's span, or that of a process.
    pub(crate) fn record(
        &self,
        (name, number, at_ns): (&str, u64, u64),
        tgid: u32,
        severity: SeverityNumber,
        body: &str,
        mut attributes: Vec<KeyValue>,
    ) -> LogRecord {
        let process = self.processes.at(tgid, at_ns);
        let span = process.map_or_else(|| self.trace.root_id(), |process| self.trace.process_id(process));
        attributes.splice(0..0, process.map(of_process).unwrap_or_default());
        attributes.push(attribute("log.record.uid", id::record(self.trace.id, name, number, at_ns).as_str()));
        LogRecord {
            time_unix_nano: unix_ns(self.header, at_ns),
            observed_time_unix_nano: unix_ns(self.header, self.header.read_ns),
            severity_number: severity.into(),
            body: Some(value(body)),
            attributes,
            flags: 1,
            trace_id: self.trace.id.to_vec(),
            span_id: span.to_vec(),
            event_name: name.to_owned(),
            ..LogRecord::default()
        }
    }

    /// What the recording covers.
    fn dump(&self) -> LogRecord {
        let coverage = &self.header.coverage;
        let lost: u64 = self.header.losses.values().sum();
        let mut attributes = vec![
            attribute("rewind.dump.id", self.dump.as_str()),
            attribute("rewind.dump.captured", coverage.calls_held),
            attribute("rewind.dump.overwritten", coverage.calls_overwritten),
            attribute("rewind.dump.lost", lost),
            attribute("rewind.dump.complete_from", self.rfc3339(coverage.complete_from_ns).as_str()),
            attribute("rewind.dump.from", self.rfc3339(coverage.oldest_ns).as_str()),
            attribute("rewind.dump.to", self.rfc3339(coverage.newest_ns).as_str()),
        ];
        let by_reason = self.header.losses.iter();
        attributes.extend(by_reason.map(|(reason, lost)| attribute(&format!("rewind.dump.lost.{reason}"), *lost)));
        let body = format!(
            "{} calls held, {} overwritten by newer ones, {lost} losses",
            coverage.calls_held, coverage.calls_overwritten
        );
        let of = ("rewind.flight_recorder.dump", self.header.recording, self.header.read_ns);
        self.record(of, 0, SeverityNumber::Info, &body, attributes)
    }

    fn rfc3339(&self, ktime_ns: u64) -> String {
        let unix_ns = i128::from(unix_ns(self.header, ktime_ns));
        jiff::Timestamp::from_nanosecond(unix_ns).map_or_else(|_| String::new(), |time| format!("{time:.9}"))
    }

    /// Why the container ended, if it failed.
    pub(crate) fn crash(&self, records: &[u8]) -> Option<LogRecord> {
        let ending = self.header.ending.as_ref().filter(|ending| !ending.is_success())?;
        let status = match (ending.exit_code, ending.signal) {
            (Some(code), _) => Some(ExitStatus::Exited(code)),
            (None, Some(signal)) => Some(ExitStatus::Killed { signal, core_dumped: ending.core_dumped }),
            (None, None) => None,
        };
        let mut attributes: Vec<_> = status.into_iter().flat_map(of_status).collect();
        let oom = self.header.cause.as_ref().and_then(|cause| cause.oom.as_ref());
        let is_oom = ending.oom_killed;
        attributes.extend(oom.filter(|_| is_oom).into_iter().flat_map(of_oom));
        let name = if is_oom { "rewind.process.oom_kill" } else { "rewind.process.crash" };
        let diagnosed = self.header.diagnosed.as_deref();
        let diagnosed =
            diagnosed.map_or_else(|| Cow::Owned(rewind_diagnosis::diagnosed(self.header, records)), Cow::Borrowed);
        attributes.push(attribute("rewind.cause.class", diagnosed.class.as_str()));
        if !diagnosed.fingerprint.is_empty() {
            attributes.push(attribute("rewind.cause.fingerprint", diagnosed.fingerprint.as_str()));
            attributes.push(attribute("rewind.cause.general", diagnosed.general.as_str()));
        }
        let body = diagnosed.answer.as_str();
        Some(self.record((name, 0, ending.at_ns), ending.tgid, SeverityNumber::Fatal, body, attributes))
    }

    /// Something that happened besides calls; `None`: it is there only for what it tells of others, or is a span.
    pub(crate) fn event(&self, event: &Event<'_>) -> Option<LogRecord> {
        if matches!(event.what, What::Connection(_)) {
            return None;
        }
        let kind = event.what.as_event().filter(|kind| kind.is_shown())?;
        let context = Context { origins: &self.origins, pids: task::Pids::Host };
        let mut attributes = of_thread(event);
        let mut severity = SeverityNumber::Info;
        // The end of a thread alone is none of its process.
        if let What::Exit(exit) = event.what
            && exit.header.flags & GROUP_DEAD != 0
        {
            attributes.extend(of_status(ExitStatus::new(exit.status)));
            severity = if exit.status == 0 { SeverityNumber::Info } else { SeverityNumber::Warn };
        }
        let of = if matches!(event.what, What::Listen(_)) { "tcp" } else { "process" };
        let name = format!("rewind.{of}.{}", kind.name());
        let tgid = event.tgid().unwrap_or(event.tid);
        let of = (name.as_str(), event.tid.into(), event.end_ns);
        Some(self.record(of, tgid, severity, &kind.text(&context), attributes))
    }

    /// A call.
    fn call(&self, event: &Event<'_>, call: &CallFields<'_>, sequence: u64) -> LogRecord {
        let mut attributes = of_thread(event);
        attributes.push(attribute("rewind.dump.id", self.dump.as_str()));
        syscall::describe(&mut attributes, call, sequence);
        let severity = if call.errno.is_some() { SeverityNumber::Info } else { SeverityNumber::Debug };
        let of = ("rewind.syscall", event.tid.into(), event.start_ns);
        self.record(of, event.tgid().unwrap_or(event.tid), severity, &syscall::text(call), attributes)
    }
}

fn of_thread(event: &Event<'_>) -> Vec<KeyValue> {
    let mut attributes = vec![attribute("thread.id", event.tid)];
    let name = event.task.map(|task| task::comm(&task.comm).to_string());
    attributes.extend(name.map(|name| attribute("thread.name", name.as_str())));
    attributes
}

fn of_oom(oom: &Oom) -> Vec<KeyValue> {
    vec![
        attribute("rewind.oom.scope", if oom.limit_bytes == 0 { "global" } else { "cgroup" }),
        attribute("rewind.oom.rss", oom.anon_bytes),
        attribute("rewind.oom.file", oom.file_bytes),
        attribute("rewind.oom.shmem", oom.shmem_bytes),
        attribute("rewind.oom.cgroup.limit", oom.limit_bytes),
        attribute("rewind.oom.trigger.pid", oom.trigger_tgid),
    ]
}
