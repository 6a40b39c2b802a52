//! A recording while it goes on: the span of a process when it ends, a log record when something happens, and what a
//! container's end makes of it; with the ids that the whole recording gives.
//!
//! # Why a span comes when it ends
//!
//! OTLP has no span that goes on: one that is sent before its end is, for most backends, a second span with the same
//! id when the end is sent. A process that lives long is seen by the log record of its exec instead, which is there at
//! once and names the span (`span_id`) that comes later. So it is with connections, requests and lookups: a span when
//! they are over, or with the container's end.

use crate::logs::Maker;
use crate::process::Processes;
use crate::spans::Trace;
use crate::traffic::Traffic;
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

/// What is known of a recording's processes and traffic so far.
#[derive(Debug)]
pub struct Live {
    processes: Processes,
    forget_at: usize,
    traffic: Traffic,
}

impl Default for Live {
    fn default() -> Self {
        Self { processes: Processes::default(), forget_at: MANY, traffic: Traffic::default() }
    }
}

impl Live {
    /// With what a recording's records tell of the time before `before_ns`, which is not told again.
    #[must_use]
    pub fn after(header: &Header, records: &[u8], before_ns: u64) -> Self {
        let mut live = Self::default();
        for event in Timeline::new(records).by_end().filter(|event| event.end_ns < before_ns) {
            live.take(header, &event);
            live.traffic.take(Trace::of(header), &event, &live.processes);
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
            spans.extend(self.traffic.take(trace, &event, &self.processes));
        }
        spans
    }

    /// Whether [`Live::expired`] may give something later.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        self.traffic.is_asking()
    }

    /// The spans of questions, and of requests on closed connections, that have got no answer in time.
    /// `now_ns` is not after the container's end: what had time then is told by [`end`].
    #[must_use]
    pub fn expired(&mut self, header: &Header, now_ns: u64) -> Vec<Span> {
        self.traffic.expire(Trace::of(header), now_ns, &self.processes)
    }

    /// About how many bytes it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.processes.bytes() + self.traffic.bytes()
    }

    /// How many processes, connections, requests and questions are not over.
    #[must_use]
    pub fn open(&self) -> usize {
        self.processes.open() + self.traffic.open()
    }

    /// How many processes and connections were forgotten before they were over: their ends come without their
    /// beginnings.
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        self.processes.forgotten() + self.traffic.forgotten()
    }

    /// Holds half as much: the older half goes. The spans of requests and lookups among it, as they stand.
    #[must_use]
    pub fn shed(&mut self, header: &Header, now_ns: u64) -> Vec<Span> {
        let spans = self.traffic.shed(Trace::of(header), now_ns, &self.processes);
        self.processes.forget(now_ns, self.processes.len() / 2);
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
    /// The span of the run, and those of processes and traffic whose end is not recorded.
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
    let mut traffic = Traffic::default();
    end.earlier_spans.extend(timeline.by_end().flat_map(|event| traffic.take(trace, &event, &maker.processes)));
    let over_ns = header.died_ns.unwrap_or(header.read_ns);
    end.earlier_spans.extend(traffic.expire(trace, over_ns, &maker.processes));
    end.spans.extend(traffic.end(trace, over_ns, &maker.processes));
    end.earlier_logs.extend(timeline.by_end().filter_map(|event| maker.event(&event)));
    end
}
