//! Rewind's kernel side: hooks that write records into the rings of their containers.
//!
//! ```text
//! hooks/ -> filter.rs (whose call is it?) -> record.rs (what is written) -> ring.rs (claim, commit)
//!              other.rs (what happens to a task that is not the current one)
//!              name.rs (is a new cgroup a container's?)
//!              task.rs, threads.rs (what is kept of a thread, and where) \_ read.rs, message.rs, number.rs, blob.rs (bytes behind pointers)
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
#![allow(unreachable_pub, reason = "a program has no outside that could be reached")]

// The only modules that may hold `unsafe`: all memory, what reads the kernel's, and the thin entries of hooks.
#[allow(unsafe_code)]
mod atomic;
#[allow(unsafe_code)]
mod blob;
#[allow(unsafe_code)]
mod filter;
#[allow(unsafe_code)]
mod hooks;
#[allow(unsafe_code)]
mod maps;
#[allow(unsafe_code)]
mod message;
mod name;
#[allow(unsafe_code)]
mod number;
#[allow(unsafe_code)]
mod other;
#[allow(unsafe_code)]
mod read;
#[allow(unsafe_code)]
mod record;
#[allow(unsafe_code)]
mod ring;
#[allow(unsafe_code)]
mod task;
#[allow(unsafe_code)]
mod threads;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // Verifier: an endless loop is refused at load, so a panic that can be reached is, too.
    loop {}
}

#[allow(unsafe_code, reason = "where the kernel looks for it")]
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
