//! What goes over the network as spans, as it comes to be over: connections, requests, lookups.

use crate::process::Processes;
use crate::requests::Requests;
use crate::spans::Trace;
use opentelemetry_proto::tonic::trace::v1::Span;
use rewind_recording::connections::{Connected, Connections, Key};
use rewind_recording::event::{Event, What};

/// What an open connection takes.
const CONNECTION_BYTES: usize = 2 * size_of::<(Key, Connected)>();

/// What is known of a recording's traffic so far.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    connections: Connections,
    requests: Requests,
}

impl Traffic {
    /// Takes the next event, in the order of their ends; the spans of what is over with it.
    pub(crate) fn take(&mut self, trace: Trace<'_>, event: &Event<'_>, processes: &Processes) -> Vec<Span> {
        let mut spans = self.requests.take(trace, event, processes);
        if let What::Connection(told) = event.what {
            spans.extend(self.connections.take(told).map(|of| trace.connection(&of, processes)));
        }
        spans
    }

    /// Whether [`Traffic::expire`] may give something later.
    pub(crate) fn is_asking(&self) -> bool {
        self.requests.is_asking()
    }

    /// The spans of questions, and of requests on closed connections, that have got no answer in time.
    pub(crate) fn expire(&mut self, trace: Trace<'_>, now_ns: u64, processes: &Processes) -> Vec<Span> {
        self.requests.expire(trace, now_ns, processes)
    }

    /// About how many bytes it holds.
    pub(crate) fn bytes(&self) -> usize {
        self.connections.open() * CONNECTION_BYTES + self.requests.bytes()
    }

    /// How many connections, requests and questions are not over.
    pub(crate) fn open(&self) -> usize {
        self.connections.open() + self.requests.open()
    }

    /// How many connections were forgotten while they were open.
    pub(crate) const fn forgotten(&self) -> u64 {
        self.connections.forgotten()
    }

    /// Holds half as much: the spans of what is given up, as it stands. Of open connections nothing is told: their ends
    /// come, without their beginnings.
    pub(crate) fn shed(&mut self, trace: Trace<'_>, now_ns: u64, processes: &Processes) -> Vec<Span> {
        self.connections.forget_half();
        self.requests.shed(trace, now_ns, processes)
    }

    /// Nothing comes any more: the spans of what is not over at `at_ns`.
    pub(crate) fn end(self, trace: Trace<'_>, at_ns: u64, processes: &Processes) -> Vec<Span> {
        let mut spans = self.requests.end(trace, at_ns, processes);
        spans.extend(self.connections.end().iter().map(|of| trace.connection(of, processes)));
        spans
    }
}
