//! Rewind's kernel side: hooks that write records into the rings of their containers.
//!
//! ```text
//! hooks/ -> filter.rs (whose call is it?) -> record.rs (what is written) -> ring.rs (claim, commit)
//!              other.rs (what happens to a task that is not the current one)
//!              name.rs (is a new cgroup a container's?)
//!              task.rs (what is kept of a thread)       \_ read.rs, message.rs, number.rs, blob.rs (bytes behind pointers)
//! maps.rs: all memory
//! ```
//!
//! Rust has no CO-RE relocations for this target. What the kernel's types look like is handed over
//! by the agent in [`task::OFFSETS`] (`rewind_common::offsets`), found in the
//! running kernel's BTF; the hooks themselves are BTF-typed raw tracepoints, whose arguments the
//! verifier lets a program read without a helper.
#![no_std]
#![no_main]
#![feature(core_intrinsics)]
#![allow(internal_features)]

mod atomic;
mod blob;
mod filter;
mod hooks;
mod maps;
mod message;
mod name;
mod number;
mod other;
mod read;
mod record;
mod ring;
mod task;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // Verifier: an endless loop is refused at load, so a panic that can be reached is, too.
    loop {}
}

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
