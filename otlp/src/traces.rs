//! All spans of a recording, in messages.

use crate::connections::connections;
use crate::process::Processes;
use crate::spans::Trace;
use crate::{SCHEMA_URL, requests, resource, scope};
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
    spans.extend(connections(&timeline).iter().map(|of| trace.connection(of, &processes)));
    let told = requests::told(&timeline, header.died_ns.unwrap_or(header.read_ns));
    spans.extend(requests::spans(trace, &told, &processes));
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
