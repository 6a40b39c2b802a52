//! Rewind's kernel side: hooks that write records into the rings of their containers.
//!
//! ```text
//! hooks/ -> filter.rs (whose call is it?) -> record.rs (what is written) -> ring.rs (claim, commit)
//!              refused.rs (calls that never began)
//!              other.rs (what happens to a task that is not the current one)
//!              recorded.rs (which cgroups are, and may be)
//!              ancestry.rs, cgroup.rs (the nearest cgroup above that is known)
//!              failed_connect.rs (a connect that comes to nothing without a hook)
//!              carried.rs (what a call on a socket has carried)
//!              socket.rs (what a socket says of its connection)
//!              name.rs (is a new cgroup a container's?)
//!              task.rs, threads.rs (what is kept of a thread, and where) \_ read.rs, message.rs, number.rs, blob.rs (bytes behind pointers)
//! programs/: what no hook calls, and the agent runs
//! maps.rs: all memory; globals.rs: what is found by name; complain.rs: for whoever debugs it
//! probe.rs, clock.rs, atomic.rs, iter.rs: what the kernel and the processor offer, as safe functions
//! ```
//!
//! No hook and no program holds `unsafe`: it lives in the modules at the bottom of this picture and in
//! `ring.rs`, which turn pointers into typed access. What makes that sound is the verifier: a program in which
//! a pointer may lead elsewhere is not loaded. What the verifier does not see each site says.
//!
//! Rust has no CO-RE relocations for this target. What the kernel's types look like is handed over
//! by the agent in [`globals::OFFSETS`] (`rewind_common::offsets`), found in the
//! running kernel's BTF; the hooks themselves are BTF-typed raw tracepoints, whose arguments the
//! verifier lets a program read without a helper.
#![no_std]
#![no_main]
#![feature(core_intrinsics)]
#![allow(internal_features)]
#![allow(unreachable_pub, reason = "a program has no outside that could be reached")]

mod ancestry;
#[allow(unsafe_code, reason = "intrinsics, and volatile accesses")]
mod atomic;
mod blob;
mod carried;
mod cgroup;
#[allow(unsafe_code, reason = "a helper")]
mod clock;
mod complain;
mod descriptor;
mod failed_connect;
mod filter;
#[allow(unsafe_code, reason = "what is found by name, and arguments of global functions")]
mod globals;
mod hooks;
#[allow(unsafe_code, reason = "iterators, which the library has no type for")]
mod iter;
mod main_process;
#[allow(unsafe_code, reason = "values of maps become references")]
mod maps;
mod message;
mod name;
mod number;
mod other;
#[allow(unsafe_code, reason = "reads the memory of the kernel and of processes")]
mod probe;
mod programs;
mod read;
mod record;
mod recorded;
mod refused;
#[allow(unsafe_code, reason = "writes into chunks, which are bytes")]
mod ring;
mod socket;
mod task;
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
