//! Calls that the kernel never begins, because something answers in its place.
//!
//! On its way in a call passes syscall user dispatch, the tracer, and seccomp, in this order, and only then
//! `sys_enter` (`syscall_trace_enter` in `kernel/entry/common.c`, on arm64 in `arch/arm64/kernel/ptrace.c`).
//! What answers there:
//!
//! | who | what is seen |
//! |---|---|
//! | seccomp: ERRNO, USER_NOTIF, TRACE without a tracer | `sys_exit` with the answer |
//! | seccomp: TRAP, KILL_PROCESS | `sys_exit` with the registers put back (`syscall_rollback`), SIGSYS pending |
//! | seccomp: KILL_THREAD among others; strict mode; KILL before 5.16 | the thread's end |
//! | a tracer: `PTRACE_SYSEMU`; seccomp's TRACE with the number set to -1 | `sys_exit` |
//! | a tracer that sets the number to -1 at the entry stop | `sys_enter` with that number: no refusal to us |
//! | syscall user dispatch (since 5.11) | only SIGSYS with `SYS_USER_DISPATCH` |
//!
//! A thread that is killed by its filter has `SECCOMP_MODE_DEAD` (since 5.17, and in 5.15.24): no other has.

use crate::probe;
use crate::task::{self, Thread};
use core::ffi::c_void;
use rewind_common::call::{flags, refused};

/// `__X32_SYSCALL_BIT` (`arch/x86/include/uapi/asm/unistd.h`). No other ABI has numbers so large; a number
/// below 0 is none.
const X32_BIT: u32 = 1 << 30;
/// `SECCOMP_MODE_DEAD` (`kernel/seccomp.c`).
const MODE_DEAD: u32 = 3;
const SIGSYS: u32 = 31;
/// `si_code` of a SIGSYS of syscall user dispatch (`include/uapi/asm-generic/siginfo.h`).
const SYS_USER_DISPATCH: u32 = 2;

/// Flag of [`Thread::flags`] beside those of records: its result is no result.
pub const PUT_BACK: u32 = 1 << 16;

/// Notes the call that a thread makes: number, arguments, ABI.
#[inline(always)]
pub fn note_call(thread: &mut Thread, task: *const c_void, regs: *const c_void, nr: u32) {
    let is_compat = task::is_compat(task);
    let [a, b, c, d, e, f] = task::arguments(regs, is_compat);
    thread.args = [a, b, c, d, e, f, 0, 0];
    thread.nr = nr & !X32_BIT;
    thread.flags = if is_compat {
        u32::from(flags::COMPAT)
    } else if nr >> 30 == 1 {
        u32::from(flags::X32)
    } else {
        0
    };
}

/// Notes a call that returns without having begun. Gives what could have answered it: bits of [`refused`],
/// which stand in its record in place of a duration.
#[inline(always)]
pub fn note(thread: &mut Thread, task: *const c_void, regs: *const c_void, result: i64, now_ns: u64) -> u64 {
    let nr = task::call_number(regs);
    note_call(thread, task, regs, nr as u32);
    thread.flags |= u32::from(flags::REFUSED);
    thread.start_ns = now_ns;
    let mode = task::seccomp_mode(task);
    let mut by = if mode != 0 { refused::SECCOMP } else { 0 };
    if task::is_traced(task) {
        by |= refused::TRACER;
    }
    // Put back means: where the result is to be there stands again what the program had put there.
    let is_put_back = result == i64::from(nr) || result.cast_unsigned() == thread.args[0];
    if is_put_back && task::is_pending(task, SIGSYS) {
        by |= refused::SIGSYS;
        thread.flags |= PUT_BACK;
    }
    if mode == MODE_DEAD {
        thread.flags |= u32::from(flags::UNFINISHED);
    }
    u64::from(by)
}

/// Notes the call for which a thread was killed by its filter, if that is how it ends and `sys_exit` was
/// not told. As [`note`].
#[inline(always)]
pub fn note_deadly(thread: &mut Thread, task: *mut c_void, now_ns: u64) -> u64 {
    if thread.returned == 0 || thread.flags & u32::from(flags::REFUSED | flags::UNFINISHED) == DEADLY {
        return 0;
    }
    if task::seccomp_mode(task) != MODE_DEAD {
        return 0;
    }
    let regs = probe::registers(task);
    note(thread, task, regs, 0, now_ns)
}

/// What [`note`] leaves of a thread that its filter kills.
const DEADLY: u32 = (flags::REFUSED | flags::UNFINISHED) as u32;

/// Notes the call that syscall user dispatch has turned into this SIGSYS (the words of its `siginfo`).
/// As [`note`]; 0: it is no such signal.
#[inline(always)]
pub fn note_dispatched(thread: &mut Thread, task: *mut c_void, siginfo: &[u32; 12], now_ns: u64) -> u64 {
    // `si_signo`, `si_code` and `si_syscall`.
    if siginfo[0] != SIGSYS || siginfo[2] != SYS_USER_DISPATCH || thread.start_ns != 0 {
        return 0;
    }
    let regs = probe::registers(task);
    let nr = task::call_number(regs);
    if nr as u32 != siginfo[6] {
        return 0;
    }
    note_call(thread, task, regs, nr as u32);
    thread.flags |= u32::from(flags::REFUSED) | PUT_BACK;
    thread.start_ns = now_ns;
    u64::from(refused::DISPATCH | refused::SIGSYS)
}
