//! The contract between the kernel side (`agent-ebpf`) and everything that reads what it wrote.
//!
//! No logic lives here: only the shapes of what crosses the border, the figures both sides must
//! agree on, and the assertions that hold them.
//!
//! # The layout law
//!
//! * Every shape is `repr(C)`, little-endian as the host is, without implicit padding; `zerocopy`'s
//!   derives refuse to compile one that has some.
//! * No `bool`, no `enum` in a shape: an integer crosses, `TryFrom` makes the enum on this side.
//! * A record is a multiple of four bytes long and starts at a multiple of four.
//! * New facts are added as a new record kind or at the end of a shape, never in between:
//!   recordings outlive the agent that made them.
//!
//! # Where what stands
//!
//! | module | what it fixes |
//! |---|---|
//! | [`chunk`] | the arena, its segments, the 4 KiB chunks, and how a chunk is claimed and committed |
//! | [`ring`] | a container's ring: its two shares, its segments, whose it is |
//! | [`record`] | framing of records, and the kinds that are not system calls |
//! | [`call`] | the record of a system call, and the bytes its pointers pointed to |
//! | [`capture`] | what the kernel side copies for one system call |
//! | [`offsets`] | where the fields of the running kernel's types lie |
//! | [`layout`] | the version of all of it, and what a pinned set says of itself |
//! | [`loss`] | the closed list of reasons why something is missing |
//!
//! # To add a record kind
//!
//! Add it to [`record::Kind`], give its body a shape beside the others, write it from one hook
//! file, and read it in `recording/src/record.rs`; then it is an event in `recording/src/event.rs`, with words
//! in `recording/src/render/event_text.rs` and JSON fields in `json_events.rs`.
#![no_std]
#![forbid(unsafe_code)]

pub mod call;
pub mod capture;
pub mod chunk;
pub mod layout;
pub mod loss;
pub mod offsets;
pub mod record;
pub mod ring;
