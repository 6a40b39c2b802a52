//! Every system call: `sys_enter` and `sys_exit`.
//!
//! They fire for every call of every task, 32-bit ones included, from the generic entry code
//! (`kernel/entry/common.c`, arm64: `arch/arm64/kernel/ptrace.c`), as BTF-typed raw tracepoints since 5.5:
//!
//! ```text
//! sys_enter(struct pt_regs *regs, long id)
//! sys_exit(struct pt_regs *regs, long ret)
//! ```
//!
//! The typed form costs what the plain one costs and lets the registers be read without a helper.
//! A call that is refused before it begins (`refused.rs`) has a `sys_exit` alone. Missed: what never enters
//! the kernel (vDSO), what `io_uring` does without a call, and calls that were under way when the recording
//! began.

use crate::{carried, clock, failed_connect, filter, record, refused, task};
use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use core::ffi::c_void;

/// A call begins.
#[btf_tracepoint(function = "sys_enter")]
pub fn sys_enter(ctx: BtfTracePointContext) {
    let (regs, nr): (*const c_void, u64) = (ctx.arg(0), ctx.arg(1));
    let task = task::current();
    let Some(thread) = filter::begins(task, regs) else { return };
    refused::note_call(thread, task, regs, nr as u32);
    thread.start_ns = clock::now_ns();
    record::enter(thread);
}

/// A call returns.
#[btf_tracepoint(function = "sys_exit")]
pub fn sys_exit(ctx: BtfTracePointContext) {
    let (regs, result): (*const c_void, i64) = (ctx.arg(0), ctx.arg(1));
    let Some(thread) = filter::returns(regs, result) else { return };
    let mut now_ns = clock::now_ns();
    if thread.start_ns == 0 {
        now_ns += refused::note(thread, task::current(), regs, result, now_ns);
    }
    let carried = record::call(thread, now_ns, result);
    carried::look(thread, carried, now_ns, result);
    failed_connect::look(thread, now_ns, result);
    thread.start_ns = 0;
    thread.returned = 1;
}
