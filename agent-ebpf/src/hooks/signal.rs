//! A signal reaches a thread: `signal_deliver(int sig, struct kernel_siginfo *info, struct k_sigaction *ka)`,
//! since 5.5 as a typed raw tracepoint. It fires in `get_signal` on the receiving thread.
//!
//! Missed: signals that are ignored, which the kernel drops before they get here.

use crate::{clock, filter, probe, record, refused, task};
use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use rewind_common::record::{Kind, RecordHeader, Signal};

/// A signal is delivered.
#[btf_tracepoint(function = "signal_deliver")]
pub fn signal_deliver(ctx: BtfTracePointContext) {
    let task = task::current();
    let Some(thread) = filter::recorded_now(task) else { return };
    let now_ns = clock::now_ns();
    let signo: u32 = ctx.arg(0);
    // The small values of `info` that stand for "from the kernel" (SEND_SIG_PRIV) cannot be read, and
    // leave the number alone.
    let mut siginfo: [u32; 12] = probe::field(ctx.arg(1), 0);
    siginfo[0] = signo;
    let by = refused::note_dispatched(thread, task, &siginfo, now_ns);
    if by != 0 {
        record::call(thread, now_ns + by, 0);
        thread.start_ns = 0;
    }
    let signal = Signal {
        header: RecordHeader { len: size_of::<Signal>() as u16, kind: Kind::Signal as u8, flags: 0, tid: thread.tid },
        time_ns: now_ns,
        siginfo,
    };
    record::event(thread, now_ns, &signal);
}
