//! All spans of a recording, in messages.

use crate::process::Processes;
use crate::spans::Trace;
use crate::traffic::Traffic;
use crate::{SCHEMA_URL, resource, scope};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, TracesData};
use rewind_recording::event::Timeline;
use rewind_recording::header::Header;

/// The spans of a recording, at most `most` a message.
#[must_use]
pub fn traces(header: &Header, records: &[u8], most: usize) -> Vec<TracesData> {
    let trace = Trace::of(header);
    let timeline = Timeline::new(records);
    let processes = Processes::of(header, &timeline);
    let mut spans = vec![trace.run()];
    spans.extend(processes.iter().map(|process| trace.process(process, &processes)));
    let mut traffic = Traffic::default();
    let mut of_traffic: Vec<Span> =
        timeline.by_end().flat_map(|event| traffic.take(trace, &event, &processes)).collect();
    of_traffic.extend(traffic.end(trace, header.died_ns.unwrap_or(header.read_ns), &processes));
    of_traffic.sort_by_key(|span| span.start_time_unix_nano);
    spans.extend(of_traffic);
    spans.chunks(most.max(1)).map(|spans| message(header, spans.to_vec())).collect()
}

fn message(header: &Header, spans: Vec<Span>) -> TracesData {
    TracesData { resource_spans: vec![resource_spans(header, spans)] }
}

/// Spans of a recording with their resource.
#[must_use]
pub fn resource_spans(header: &Header, spans: Vec<Span>) -> ResourceSpans {
    let scope_spans = ScopeSpans { scope: Some(scope()), spans, schema_url: SCHEMA_URL.to_owned() };
    ResourceSpans {
        resource: Some(resource(header)),
        scope_spans: vec![scope_spans],
        schema_url: SCHEMA_URL.to_owned(),
    }
}
