//! Trace contexts of requests (W3C Trace Context): where the span of each belongs.

use crate::recent::Recent;
use rewind_protocols::trace_context::TraceParent;

/// What is remembered of a trace takes, and of a request's place.
const TRACE_BYTES: usize = 256;

pub(crate) type TraceId = [u8; 16];
pub(crate) type SpanId = [u8; 8];

/// Most traces of which it is remembered what served them.
const MAX_TRACES: usize = 4096;
/// Most requests of one trace of which it is remembered that they were served here.
const MAX_SERVED: usize = 16;

/// Where the span of a request belongs: its trace, its id, and its parent, none for a first one.
pub(crate) type Place = (TraceId, SpanId, Option<SpanId>);

/// The headers that have come in and gone out lately.
#[derive(Debug)]
pub(crate) struct Headers {
    /// By the trace that they name: the span that they name, and the one that serves.
    served: Recent<TraceId, Vec<(SpanId, SpanId)>>,
    made: Recent<(TraceId, SpanId), ()>,
    /// Of requests that are not over, by the ids that they would have without a header.
    places: Recent<SpanId, Place>,
}

impl Default for Headers {
    fn default() -> Self {
        Self { served: Recent::new(MAX_TRACES), made: Recent::new(MAX_TRACES), places: Recent::new(MAX_TRACES) }
    }
}

impl Headers {
    /// About how many bytes they take.
    pub(crate) fn bytes(&self) -> usize {
        (self.served.len() + self.made.len() + self.places.len()) * TRACE_BYTES
    }

    /// Forgets the older ones.
    pub(crate) fn forget(&mut self) {
        self.served.forget();
        self.made.forget();
        self.places.forget();
    }

    /// A request has begun: what it leads to begins before it is over.
    pub(crate) fn begins(&mut self, header: &TraceParent, is_served: bool, own_id: SpanId) {
        if self.places.get(&own_id).is_none() {
            let place = self.place(header, is_served, own_id);
            self.places.insert(own_id, place);
        }
    }

    /// Where the span of a request that is over belongs.
    pub(crate) fn over(&mut self, header: &TraceParent, is_served: bool, own_id: SpanId) -> Place {
        self.places.remove(&own_id).unwrap_or_else(|| self.place(header, is_served, own_id))
    }

    fn place(&mut self, header: &TraceParent, is_served: bool, own_id: SpanId) -> Place {
        let (trace_id, named) = (header.trace_id, header.span_id);
        let mut served = self.served.remove(&trace_id).unwrap_or_default();
        let place = if is_served {
            served.drain(..served.len().saturating_sub(MAX_SERVED - 1));
            served.push((named, own_id));
            (trace_id, own_id, Some(named))
        } else if let Some((_, server)) = served.iter().rev().find(|(parent, _)| *parent == named) {
            (trace_id, own_id, Some(*server))
        } else if self.made.get(&(trace_id, named)).is_some() {
            // A header that goes out twice names one span: the first.
            (trace_id, own_id, Some(named))
        } else {
            self.made.insert((trace_id, named), ());
            // Of several that serve the same trace and are not over nobody knows which has made it.
            let mut waiting = served.iter().filter(|(_, server)| self.places.get(server).is_some());
            let server = match (waiting.next(), waiting.next(), served.as_slice()) {
                (Some((_, only)), None, _) | (None, _, [(_, only)]) => Some(*only),
                _ => None,
            };
            (trace_id, named, server)
        };
        if !served.is_empty() {
            self.served.insert(trace_id, served);
        }
        place
    }
}
