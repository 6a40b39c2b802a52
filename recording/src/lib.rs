//! What a recording is, how it travels and how it reads.
//!
//! Everything here is pure: no kernel, no socket, no clock, so that a recording reads the same on
//! the node, on a laptop, and years later. Data flows one way:
//!
//! ```text
//! chunk bytes -> records -> recording (header + records) -> events -> text
//!   cut.rs       record.rs   header.rs, stream.rs, file.rs  event.rs  decode/, events/, render/
//! ```
//!
//! A record is a call (`call.rs`), an event of some kind (`events/`), or who a thread is; what of it is of variable
//! length stands in blobs (`blobs.rs`). What sockets carried is put together by `conversations.rs`, connections by
//! `connections.rs`, and both are summed up by `map.rs`.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod api;
pub mod blobs;
pub mod call;
pub mod clock;
pub mod connections;
pub mod conversations;
pub mod crash;
pub mod cut;
pub mod decode;
pub mod ending;
pub mod escape;
pub mod event;
pub mod events;
pub mod exit_status;
pub mod file;
pub mod filter;
pub mod header;
pub mod join;
pub mod malformed;
pub mod map;
pub mod origin;
pub mod peer;
pub mod record;
pub mod redact;
pub mod render;
pub mod setup;
pub mod stream;
pub mod syscalls;
pub mod task;
