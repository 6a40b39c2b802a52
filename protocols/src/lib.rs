//! What sockets carry, as far as a recorder reads it. Pure: no I/O, no clock, no dependency.
//!
//! All bytes are a stranger's, and are the first ones of a call at most. Every function here is total: any bytes
//! give an answer, in time and memory that are bounded by the input and by constants. What the bytes do not tell is
//! said to be unknown ([`http1::Doubt`], [`dns::Message::is_cut`]), never guessed.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it reads |
//! |---|---|
//! | [`trace_context`] | W3C `traceparent` and `tracestate` |
//! | [`http1`] | heads of HTTP/1 messages, and the exchanges of a connection |
//! | [`dns`] | DNS messages, and the lookups they make up |
#![forbid(unsafe_code)]
#![allow(rustdoc::private_intra_doc_links, reason = "the order of the modules holds for private ones as well")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod dns;
pub mod http1;
pub mod trace_context;
