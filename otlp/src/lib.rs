//! A recording in OpenTelemetry's terms: its container as the resource, its run and its processes as spans, and
//! what happened in it as log records. Pure: no I/O, no clock.
//!
//! ```text
//! header            -> resource      resource.rs
//! header + events   -> spans         process.rs, spans.rs, connections.rs, headers.rs, requests.rs, traces.rs
//! events, diagnosis -> log records   logs.rs, syscall.rs
//! as they come      -> both          live.rs
//! numbers           -> metrics       metric.rs
//! ```
//!
//! Names are those of the semantic conventions 1.44.0; what they have no name for begins with `rewind.`.
//!
//! # The shape of a trace
//!
//! A run of a container is one trace. Its root span is the run; below it is a span for each process, from the exec
//! (or the fork, where it runs its parent's program on) to the exit, below that of the process that made it, and one for
//! each TCP connection and each lookup of a name, below that of its process. Requests of HTTP are in the trace that their
//! header names, or in one of their own, and link to the run. The
//! recording of a container that lives on has spans that have not ended: they end when it was read, and say so by
//! `rewind.unfinished`. A process of a dead one whose end is not held ends with it (`rewind.process.end_seen`). Ids follow from the recording and from what the span is of, not from chance, so that the
//! same recording exported twice is the same trace.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod attribute;
mod connections;
mod headers;
mod id;
mod live;
mod logs;
pub mod metric;
mod process;
mod recent;
mod requests;
mod resource;
mod spans;
mod syscall;
#[cfg(test)]
mod tests;
mod traces;
mod traffic;

pub use attribute::{Attribute, attribute, known};
pub use live::{End, Live, end};
pub use logs::{events, logs, resource_logs};
pub use requests::is_request;
pub use resource::{arch, pod_attributes, resource};
pub use traces::{resource_spans, traces};

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use rewind_recording::header::Header;
use rewind_recording::render::{Options, Summary};
use std::io;

/// Of which version the names are.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.44.0";

/// Most spans or log records of a message: below the 4 MiB that a Collector takes at once.
pub const MESSAGE_RECORDS: usize = 1_000;

/// Writes a recording as OTLP/JSON, one message a line, as the Collector's file exporter does: the spans, then
/// the log records of what happened, then one of each call that `options` choose.
///
/// # Errors
/// Those of `out`. Records that cannot be read are no error: see [`Summary::malformed`].
pub fn write_json(out: &mut dyn io::Write, header: &Header, records: &[u8], options: &Options) -> io::Result<Summary> {
    let mut line = |message: serde_json::Result<String>| writeln!(out, "{}", message?);
    traces(header, records, MESSAGE_RECORDS).iter().try_for_each(|traces| line(serde_json::to_string(traces)))?;
    logs(header, records, options, MESSAGE_RECORDS, |logs| line(serde_json::to_string(&logs)))
}

/// Who tells it.
#[must_use]
pub fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "rewind".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}

/// A kernel time of the recording's host as Unix time, nanoseconds.
fn unix_ns(header: &Header, ktime_ns: u64) -> u64 {
    ktime_ns.saturating_add_signed(header.host.unix_offset_ns)
}
