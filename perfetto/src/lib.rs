//! A recording as a trace that <https://ui.perfetto.dev> opens, and `trace_processor` queries. Pure: no I/O, no clock.
//!
//! The trace is Perfetto's own protobuf, not the older JSON of trace events: that has microseconds and no clocks, and
//! no way to say that a slice has not ended; this has a published schema to be checked against.
//!
//! | in the recording | in the trace |
//! |---|---|
//! | container | a track of its own, with a slice over what is recorded, and its cause of death as an instant |
//! | process, thread | their tracks; where recordings are of several hosts, whose numbers mean nothing to each other, tracks with names alone |
//! | call | a slice with arguments and result; one that has not returned has no end |
//! | exec, fork, exit, signal, OOM kill | an instant of its thread |
//! | connection, request, lookup | a slice from its beginning to its end, on tracks of its process: as many as there were at a time |
//! | both ends of one of these, if both are recorded | a flow from one to the other |
//! | what a thread did about a connection | an instant, tied to the connection's slice by a flow |
//! | kernel time | `CLOCK_MONOTONIC`, with a snapshot that says what that is in Unix time; Unix time where recordings are of several hosts |
//!
//! # Modules, in the order of the flow
//!
//! | module | what it does |
//! |---|---|
//! | [`wire`] | the messages of the schema that are used |
//! | [`packets`] | packets of one recording: their clock, and tracks by number |
//! | [`names`] | what processes are called |
//! | [`lasting`] | connections, requests and lookups |
//! | [`flows`] | which two of these are the ends of one |
//! | [`trace`] | from recordings to packets |
#![forbid(unsafe_code)]
#![allow(rustdoc::private_intra_doc_links, reason = "the order of the modules holds for private ones as well")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

#[cfg(test)]
mod flow_tests;
mod flows;
mod lasting;
mod names;
mod packets;
#[cfg(test)]
mod tests;
mod trace;
mod wire;

pub use trace::write;
