//! The end of a thread: `sched_process_exit(struct task_struct *p)`, since 5.5 as a typed raw
//! tracepoint (later kernels pass more arguments, which are not needed).
//!
//! It fires in `do_exit` on the dying thread itself, with the exit status known. A call that the
//! thread is in (`exit_group`, or whatever a fatal signal interrupted) never returns: it is written
//! here, as unfinished.

use crate::task::{self, Thread};
use crate::{clock, filter, main_process, record, refused, ring, threads};
use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use core::ffi::c_void;
use rewind_common::call::flags;
use rewind_common::record::{Exit, GROUP_DEAD, Kind, RecordHeader};

/// A thread ends.
#[btf_tracepoint(function = "sched_process_exit")]
pub fn sched_process_exit(_: BtfTracePointContext) {
    let task = task::current();
    if let Some(thread) = filter::recorded_now(task) {
        ends(task, thread);
    }
    threads::release(task);
}

/// The last records of a recorded thread.
#[inline(always)]
fn ends(task: *mut c_void, thread: &mut Thread) {
    let now_ns = clock::now_ns();
    let by = if thread.start_ns == 0 { refused::note_deadly(thread, task, now_ns) } else { 0 };
    if thread.start_ns != 0 {
        thread.flags |= u32::from(flags::UNFINISHED);
        record::call(thread, now_ns + by, 0);
        thread.start_ns = 0;
    }
    let last = if task::is_last_thread(task) { GROUP_DEAD } else { 0 };
    let exit = Exit {
        header: RecordHeader { len: size_of::<Exit>() as u16, kind: Kind::Exit as u8, flags: last, tid: thread.tid },
        time_ns: now_ns,
        tgid: task::tgid(task),
        status: task::exit_status(task),
    };
    record::event(thread, now_ns, &exit);
    if last != 0 {
        main_process::ends(thread, task, &exit);
    }
    if last != 0 && exit.status != 0 {
        ring::counters::failure(thread.ring);
    }
}
