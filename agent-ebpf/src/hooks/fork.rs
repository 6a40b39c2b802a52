//! A process or thread is made: `sched_process_fork(struct task_struct *parent, struct task_struct *child)`,
//! since 5.5 as a typed raw tracepoint. It fires in `kernel_clone` (`kernel/fork.c`) on the parent, before
//! the child runs.

use crate::{clock, filter, main_process, record, task};
use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use core::ffi::c_void;
use rewind_common::record::{Fork, Kind, NEW_THREAD, RecordHeader};

/// A child is made.
#[btf_tracepoint(function = "sched_process_fork")]
pub fn sched_process_fork(ctx: BtfTracePointContext) {
    let task = task::current();
    let Some(thread) = filter::recorded_now(task) else { return };
    let child: *mut c_void = ctx.arg(1);
    main_process::forks(thread, task, child);
    let now_ns = clock::now_ns();
    let (tgid, child_tgid) = (task::tgid(task), task::tgid(child));
    let flags = if tgid == child_tgid { NEW_THREAD } else { 0 };
    let fork = Fork {
        header: RecordHeader { len: size_of::<Fork>() as u16, kind: Kind::Fork as u8, flags, tid: thread.tid },
        time_ns: now_ns,
        tgid,
        child_tid: task::tid(child),
        child_tgid,
        child_ns_tid: task::namespace_tid(child),
        child_ns_tgid: task::namespace_tid(task::leader(child)),
    };
    record::event(thread, now_ns, &fork);
}
