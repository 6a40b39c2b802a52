//! Sends OTLP to a backend.
//!
//! ```text
//! variables, flags -> Destination -> Exporter: encode -> request -> answer -> sent | again, later | given up
//!                     destination.rs  client.rs, http.rs, grpc.rs   answer.rs  backoff.rs
//! ```
//!
//! What the OpenTelemetry SDK's own exporter sends is spans of one resource, this process; what a recorder sends has a
//! resource for each container, so the messages are made and sent here (`opentelemetry-proto`, `reqwest`, `tonic`).
//! The rules are those of the OTLP specification 1.11 (`docs/specification.md`) and of the exporter's variables
//! (`specification/protocol/exporter.md`).
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod answer;
mod backoff;
mod client;
mod destination;
mod error;
mod grpc;
mod http;

pub use answer::Rejected;
pub use client::{Encoded, Exporter, Message, Tried, Watch};
pub use destination::{Destination, Protocol, Signal, Unusable};
pub use error::ExportError;

/// Who sends.
const USER_AGENT: &str = concat!("OTel-OTLP-Exporter-Rust-rewind/", env!("CARGO_PKG_VERSION"));

/// What is at the bottom of an error.
fn root(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    cause.to_string()
}
