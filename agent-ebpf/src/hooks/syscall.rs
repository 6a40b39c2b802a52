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
//! Missed: what never enters the kernel (vDSO), what `io_uring` does without a call, and calls that
//! were under way when the recording began.

use crate::{clock, filter, record, task};
use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use core::ffi::c_void;
use rewind_common::call::flags;

/// `__X32_SYSCALL_BIT` (`arch/x86/include/uapi/asm/unistd.h`). No other ABI has numbers so large.
const X32_BIT: u32 = 1 << 30;

/// A call begins.
#[btf_tracepoint(function = "sys_enter")]
pub fn sys_enter(ctx: BtfTracePointContext) {
    let (regs, nr): (*const c_void, u64) = (ctx.arg(0), ctx.arg(1));
    let task = task::current();
    let Some(thread) = filter::begins(task, regs) else { return };
    let is_compat = task::is_compat(task);
    let [a, b, c, d, e, f] = task::arguments(regs, is_compat);
    thread.args = [a, b, c, d, e, f, 0, 0];
    thread.nr = nr as u32 & !X32_BIT;
    thread.flags = if is_compat {
        u32::from(flags::COMPAT)
    } else if nr as u32 & X32_BIT != 0 {
        u32::from(flags::X32)
    } else {
        0
    };
    thread.start_ns = clock::now_ns();
    record::enter(thread);
}

/// A call returns.
#[btf_tracepoint(function = "sys_exit")]
pub fn sys_exit(ctx: BtfTracePointContext) {
    let (regs, result): (*const c_void, i64) = (ctx.arg(0), ctx.arg(1));
    let Some(thread) = filter::returns(regs) else { return };
    let now_ns = clock::now_ns();
    record::call(thread, now_ns, result);
    thread.start_ns = 0;
}
