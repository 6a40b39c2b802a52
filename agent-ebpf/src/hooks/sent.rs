//! Somebody sends a signal: `signal_generate(int sig, struct kernel_siginfo *info,
//! struct task_struct *task, int group, int result)`, since 5.5 as a typed raw tracepoint.
//!
//! It fires in `__send_signal_locked` (`kernel/signal.c`) on the sender, with the lock on the
//! receiver's handlers held and interrupts off; `task` is the thread that was named, mostly the first
//! of its process. `signal_deliver` knows no sender outside the container, and does not fire at all for a
//! signal that ends the process by default: this does. What the kernel itself sends while some task
//! runs (a timer, a terminal, the OOM killer) is marked as such.
//!
//! Left out, for a storm of them would push out what matters: `SIGCHLD`, `SIGURG` (Go's preemption),
//! `SIGWINCH` and `SIGIO`, whose default is to do nothing or which drivers raise; a signal that is pending
//! already; and what is a process' own affair: its timers (`SIGALRM`, `SIGVTALRM`, `SIGPROF`), what its
//! runtime stops its threads by (`SIGUSR1`, `SIGUSR2`, `SIGPWR`, real-time signals), what it sends itself
//! and ignores (`SIGPIPE`), and its faults, which `signal_deliver` shows with their address.

use crate::globals::offset;
use crate::{clock, other, probe, task};
use aya_ebpf::{helpers::bpf_get_current_comm, macros::btf_tracepoint, programs::BtfTracePointContext};
use core::ffi::c_void;
use rewind_common::record::{Kind, RecordHeader, SignalSent, sent_flags};

/// `SEND_SIG_PRIV` (`include/linux/signal.h`): from the kernel, without particulars.
const PRIVILEGED: u64 = 1;
const KILL: u32 = 9;
/// `TRACE_SIGNAL_DELIVERED`, `TRACE_SIGNAL_IGNORED` (`include/trace/events/signal.h`).
const DELIVERED: u32 = 0;
const IGNORED: u32 = 1;
/// Where `si_code` stands in `siginfo`.
const CODE: usize = 8;

/// A signal is sent.
#[btf_tracepoint(function = "signal_generate")]
pub fn signal_generate(ctx: BtfTracePointContext) {
    let (signo, info, target): (u32, u64, *const c_void) = (ctx.arg(0), ctx.arg(1), ctx.arg(2));
    let (group, result): (u32, u32) = (ctx.arg(3), ctx.arg(4));
    if !matters(signo) || result > IGNORED {
        return;
    }
    if info == PRIVILEGED && signo == KILL && offset!(victim_is_task) == 0 {
        super::oom::remember(target);
    }
    let Some(ring) = other::ring(target) else { return };
    let code = probe::field::<u32>(info as *const c_void, CODE).cast_signed();
    // `SI_FROMKERNEL` (`include/linux/sched/signal.h`).
    let from_kernel = info == PRIVILEGED || code > 0;
    let sender = task::current();
    let (tgid, sender_tgid) = (task::tgid(target), task::tgid(sender));
    let same_process = tgid == sender_tgid;
    let is_fault = from_kernel && code > 0 && same_process && signo != KILL;
    if is_fault || is_own_affair(signo, from_kernel, same_process) || same_process && result == IGNORED {
        return;
    }
    let mut flags = if group != 0 { sent_flags::GROUP } else { 0 };
    flags |= if from_kernel { sent_flags::KERNEL } else { 0 };
    flags |= if result == DELIVERED { 0 } else { sent_flags::IGNORED };
    let now_ns = clock::now_ns();
    let len = size_of::<SignalSent>() as u16;
    let record = SignalSent {
        header: RecordHeader { len, kind: Kind::SignalSent as u8, flags, tid: task::tid(target) },
        time_ns: now_ns,
        tgid,
        signo,
        code,
        sender_tgid,
        sender_tid: task::tid(sender),
        sender_ns_tgid: task::number_in_namespace_of(target, task::leader(sender)),
        sender_cgroup: task::cgroup_id(sender),
        sender_comm: bpf_get_current_comm().unwrap_or([0; 16]),
    };
    other::event(target, ring, other::Hook::Sent, now_ns, &record);
}

/// All but `SIGCHLD`, `SIGURG`, `SIGWINCH` and `SIGIO`.
#[inline(always)]
fn matters(signo: u32) -> bool {
    const ORDINARY: u64 = 1 << 17 | 1 << 23 | 1 << 28 | 1 << 29;
    signo < 64 && ORDINARY >> signo & 1 == 0 || signo == 64
}

/// What a process, or the kernel for it, sends to itself as a matter of course: its timers, and what
/// runtimes use among their threads.
#[inline(always)]
fn is_own_affair(signo: u32, from_kernel: bool, same_process: bool) -> bool {
    let timer = signo == 14 || signo == 26 || signo == 27;
    let runtime = signo == 10 || signo == 12 || signo == 30 || signo >= 32;
    (timer || runtime) && (from_kernel || same_process)
}
