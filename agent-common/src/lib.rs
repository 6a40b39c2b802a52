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
//! | [`ring`] | a container's ring: its shares, its segments, whose it is |
//! | [`record`] | framing of records, and the kinds that are not system calls |
//! | [`call`] | the record of a system call, and the bytes its pointers pointed to |
//! | [`capture`] | what the kernel side copies for one system call |
//! | [`offsets`] | where the fields of the running kernel's types lie |
//! | [`layout`] | the version of all of it, and what a pinned set says of itself |
//! | [`loss`] | the closed list of reasons why something is missing |
//!
//! # Glossary
//!
//! One word a concept, in all crates.
//!
//! | word | what it is |
//! |---|---|
//! | hook | a tracepoint, and the BPF program that is attached to it |
//! | record | the bytes that a hook writes: a [`record::RecordHeader`] and what follows |
//! | ring, share | a container's memory in the kernel; its main part, its protected one, and that of its traffic |
//! | segment, chunk | 32 KiB that a share owns; 4 KiB of it that one CPU fills |
//! | claim, commit | taking a chunk; making a record in it valid |
//! | decisive | a record that goes to the protected share, which no storm can overwrite |
//! | slot, overflow | where a thread's state is found by its registers; where it is when that is taken |
//! | cgroup counts | say of a cgroup that it is certainly not recorded |
//! | recording | what a ring holds of one container; its header says whose it is and what is missing |
//! | cut | the records of a ring, copied and in order of time |
//! | event | something that happened, parsed: a call, or one of the event kinds |
//! | message | what a socket carried in a call, of a protocol that is read: HTTP/1 or DNS |
//! | outcome | what became of a call: returned, in flight, its thread died, its return was lost |
//! | in flight | a call that began in the recording and has not returned |
//! | in progress | a call that had begun when the recording did |
//! | origin | the container or unit that a cgroup id in a record stands for |
//! | identity | which container of which pod a cgroup is |
//! | loss | something that is missing, counted under one [`loss::LossReason`] |
//! | redact | overwrite a secret before it is shown, saved or sent |
//! | evict | take memory from a recording for another; a dead one may lose all of it |
//! | release | give a ring back to the pool |
//! | reconcile | name new recordings and make room for those to come |
//! | adopt | go on with what an agent before has pinned |
//! | fingerprint | which programs and sizes a pinned set was made with |
//! | floor | in the benchmark: two empty programs on the same hooks |
//!
//! # To add an event kind
//!
//! 1. `record.rs`: a number in [`record::Kind`], the shape, and its [`record::EventRecord`];
//! 2. a hook file in `agent-ebpf/src/hooks/` that writes it, and its `mod` line in `agent-ebpf/src/hooks.rs`;
//!    the agent finds it in the object, and `agent/src/host/hooks.rs` needs a line only for what is not the rule;
//! 3. a file in `recording/src/events/` that says how it reads, and its line in the list in
//!    `recording/src/events.rs`.
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
