//! A signal reaches a thread: `signal_deliver(int sig, struct kernel_siginfo *info, struct k_sigaction *ka)`,
//! since 5.5 as a typed raw tracepoint. It fires in `get_signal` on the receiving thread.
//!
//! Missed: signals that are ignored, which the kernel drops before they get here.

use crate::{filter, maps, record};
use aya_ebpf::{
    EbpfContext,
    helpers::{bpf_ktime_get_ns, bpf_probe_read_kernel},
    macros::btf_tracepoint,
    programs::BtfTracePointContext,
};
use rewind_common::record::{Kind, RecordHeader, Signal};

/// A signal is delivered.
#[btf_tracepoint(function = "signal_deliver")]
pub fn signal_deliver(ctx: BtfTracePointContext) {
    let task = maps::current();
    let Some(thread) = filter::recorded_now(task) else { return };
    // SAFETY: takes nothing.
    let now_ns = unsafe { bpf_ktime_get_ns() };
    let ctx: *const u64 = ctx.as_ptr().cast();
    // SAFETY: the arguments of the tracepoint, as declared above.
    let (signo, info) = unsafe { (*ctx as u32, *ctx.add(1) as *const [u32; 12]) };
    // SAFETY: the helper reads any address, or fails. The small values of `info` that stand for
    // "from the kernel" (SEND_SIG_PRIV) fail, and leave the number alone.
    let mut siginfo = unsafe { bpf_probe_read_kernel(info) }.unwrap_or([0; 12]);
    siginfo[0] = signo;
    let signal = Signal {
        header: RecordHeader { len: size_of::<Signal>() as u16, kind: Kind::Signal as u8, flags: 0, tid: thread.tid },
        time_ns: now_ns,
        siginfo,
    };
    record::event(thread, now_ns, &signal);
}
