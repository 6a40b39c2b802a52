//! Calls that have not returned yet: an iterator over all tasks (`bpf_iter_task`, since 5.8) that the
//! agent reads when somebody asks for a recording. It writes one [`InFlight`] for each recorded
//! thread that is in a call.

use crate::{task, threads};
use aya_ebpf::helpers::generated::bpf_seq_write;
use core::ffi::c_void;
use rewind_common::ring::InFlight;

/// `struct bpf_iter__task` (`kernel/bpf/task_iter.c`).
#[repr(C)]
pub struct TaskContext {
    meta: *const Meta,
    task: *mut c_void,
}

/// The beginning of `struct bpf_iter_meta` (`include/linux/bpf.h`).
#[repr(C)]
struct Meta {
    seq: *mut c_void,
}

/// One task of the walk.
#[unsafe(no_mangle)]
#[unsafe(link_section = "iter/task")]
pub fn in_flight(ctx: *mut TaskContext) -> i32 {
    // SAFETY: the context of such an iterator, as declared above.
    let (meta, task) = unsafe { ((*ctx).meta, (*ctx).task) };
    if task.is_null() {
        return 0;
    }
    let Some(thread) = threads::of(task) else { return 0 };
    if thread.start_ns == 0 || thread.recording == 0 {
        return 0;
    }
    let [args @ .., _, _] = thread.args;
    let mut call = InFlight {
        recording: thread.recording,
        start_ns: thread.start_ns,
        args,
        tid: thread.tid,
        tgid: task::tgid(task),
        nr: thread.nr,
        flags: thread.flags,
        ns_tid: task::namespace_tid(task),
        ns_tgid: task::namespace_tid(task::leader(task)),
        comm: [0; 16],
    };
    let comm = task.cast::<u8>().wrapping_add(task::offset!(task_comm));
    // SAFETY: the helper reads any address, or fails; `seq` is the iterator's own file.
    unsafe {
        let _ = aya_ebpf::helpers::bpf_probe_read_kernel_buf(comm, &mut call.comm);
        bpf_seq_write((*meta).seq.cast(), (&raw const call).cast(), size_of::<InFlight>() as u32);
    }
    0
}
