//! A recording while it goes on: the span of a process when it ends, a log record when something happens, and what a
//! container's end makes of it; with the ids that the whole recording gives.
//!
//! # Why a span comes when it ends
//!
//! OTLP has no span that goes on: one that is sent before its end is, for most backends, a second span with the same
//! id when the end is sent. A process that lives long is seen by the log record of its exec instead, which is there at
//! once and names the span (`span_id`) that comes later. A connect that came to nothing is a span at once; connections,
//! requests and lookups come with the container's end, as far as they are held then: those that went well are not decisive, and what is not
//! is told to nobody while it happens.

use crate::connections::{Connected, connections};
use crate::logs::Maker;
use crate::process::Processes;
use crate::requests;
use crate::spans::Trace;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use rewind_recording::event::{Event, Timeline};
use rewind_recording::header::Header;
use rewind_recording::join::is_complete;

/// Most processes of a recording that are remembered; the oldest are forgotten first.
const MAX_PROCESSES: usize = 1 << 12;
/// How long an ended process is remembered: what others write about it may come late.
const REMEMBERED_NS: u64 = 10_000_000_000;
/// How many processes there are before it is looked for ones to forget.
const MANY: usize = 64;

/// What is known of a recording's processes so far.
#[derive(Clone, Debug)]
pub struct Live {
    processes: Processes,
    forget_at: usize,
}

impl Default for Live {
    fn default() -> Self {
        Self { processes: Processes::default(), forget_at: MANY }
    }
}

impl Live {
    /// With what a recording's records tell of the time before `before_ns`, which is not told again.
    #[must_use]
    pub fn after(header: &Header, records: &[u8], before_ns: u64) -> Self {
        let mut live = Self::default();
        for event in Timeline::new(records).by_end().filter(|event| event.end_ns < before_ns) {
            live.take(header, &event);
        }
        live
    }

    /// The spans that end with the next events of the recording.
    #[must_use]
    pub fn spans(&mut self, header: &Header, timeline: &Timeline<'_>) -> Vec<Span> {
        let trace = Trace::of(header);
        let mut spans = Vec::new();
        for event in timeline.by_end().filter(is_complete) {
            let ended = self.take(header, &event).and_then(|at| self.processes.get(at));
            spans.extend(ended.map(|process| trace.process(process, &self.processes)));
        }
        let nothing = connections(timeline).into_iter().filter(Connected::is_nothing);
        spans.extend(nothing.map(|of| trace.connection(&of, &self.processes)));
        spans
    }

    /// The log records of the next events.
    #[must_use]
    pub fn logs(&mut self, header: &Header, timeline: &Timeline<'_>) -> Vec<LogRecord> {
        let mut maker = Maker::with(header, Processes::default());
        let mut logs = Vec::new();
        // All of them first, as one who reads the whole recording knows them.
        for event in timeline.by_end().filter(is_complete) {
            self.take(header, &event);
        }
        std::mem::swap(&mut maker.processes, &mut self.processes);
        logs.extend(timeline.by_end().filter(is_complete).filter_map(|event| maker.event(&event)));
        self.processes = maker.processes;
        logs
    }

    /// How many processes are remembered.
    #[cfg(test)]
    pub(crate) fn processes(&self) -> usize {
        self.processes.len()
    }

    fn take(&mut self, header: &Header, event: &Event<'_>) -> Option<usize> {
        if self.processes.len() >= self.forget_at {
            self.processes.forget(event.end_ns.saturating_sub(REMEMBERED_NS), MAX_PROCESSES);
            self.forget_at = (self.processes.len() * 2).max(MANY);
        }
        self.processes.take(event, header.born_ns)
    }
}

/// What a container's end makes.
#[derive(Clone, Debug, Default)]
pub struct End {
    /// The span of the run, those of processes whose end is not recorded, and those of connections, requests
    /// and lookups.
    pub spans: Vec<Span>,
    /// Why it ended, if it failed.
    pub crash: Option<LogRecord>,
    /// The spans that [`Live::spans`] gave or would have given.
    pub earlier_spans: Vec<Span>,
    /// The log records that [`Live::logs`] gave or would have given.
    pub earlier_logs: Vec<LogRecord>,
}

/// What the end of a container makes: its whole recording, as far as it is held.
#[must_use]
pub fn end(header: &Header, records: &[u8]) -> End {
    let timeline = Timeline::new(records);
    let (trace, maker) = (Trace::of(header), Maker::of(header, &timeline));
    let mut end = End { spans: vec![trace.run()], crash: maker.crash(records), ..End::default() };
    for process in maker.processes.iter() {
        let span = trace.process(process, &maker.processes);
        if process.end_ns.is_some() { end.earlier_spans.push(span) } else { end.spans.push(span) }
    }
    for of in connections(&timeline) {
        let span = trace.connection(&of, &maker.processes);
        if of.is_nothing() { end.earlier_spans.push(span) } else { end.spans.push(span) }
    }
    let told = requests::told(&timeline, header.died_ns.unwrap_or(header.read_ns));
    end.spans.extend(requests::spans(trace, &told, &maker.processes));
    end.earlier_logs.extend(timeline.by_end().filter_map(|event| maker.event(&event)));
    end
}
