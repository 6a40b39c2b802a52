//! Calls that have not returned yet: an iterator over all tasks (`bpf_iter_task`, since 5.8) that the
//! agent reads when somebody asks for a recording. It writes one [`InFlight`] for each recorded
//! thread that is in a call, and one for each thread of a recorded cgroup of which no call was seen to
//! begin: it runs its program, or is in a call since before it was recorded. The agent looks which.

use crate::iter::{Seq, task_iterator};
use crate::maps::RINGS;
use crate::{recorded, task, threads};
use core::ffi::c_void;
use rewind_common::call::flags::COMPAT;
use rewind_common::ring::{InFlight, UNSEEN};

task_iterator! {
    /// One task of the walk.
    fn in_flight(seq: Seq, task: *mut c_void) {
        let Some(thread) = threads::of(task) else {
            unseen(seq, task);
            return;
        };
        if thread.start_ns == 0 || thread.recording == 0 {
            return;
        }
        let [args @ .., _, _] = thread.args;
        let mut call = InFlight {
            recording: thread.recording,
            start_ns: thread.start_ns,
            args,
            tid: thread.tid,
            tgid: 0,
            nr: thread.nr,
            flags: thread.flags,
            ns_tid: 0,
            ns_tgid: 0,
            comm: [0; 16],
        };
        write(seq, task, &mut call);
    }
}

/// A thread of which no call was seen to begin, if its calls are recorded.
#[inline(always)]
fn unseen(seq: Seq, task: *mut c_void) {
    let Some(recording) = recording_of(task::any::cgroup(task)) else { return };
    let flags = if task::is_compat(task) { UNSEEN | u32::from(COMPAT) } else { UNSEEN };
    let mut call = InFlight {
        recording,
        start_ns: 0,
        args: [0; 6],
        tid: task::tid(task),
        tgid: 0,
        nr: 0,
        flags,
        ns_tid: 0,
        ns_tgid: 0,
        comm: [0; 16],
    };
    write(seq, task, &mut call);
}

/// Fills in whose it is, and writes it out.
#[inline(always)]
fn write(seq: Seq, task: *mut c_void, call: &mut InFlight) {
    call.tgid = task::tgid(task);
    call.ns_tid = task::namespace_tid(task);
    call.ns_tgid = task::namespace_tid(task::leader(task));
    call.comm = task::comm(task);
    seq.write(call);
}

/// The recording that the calls of a cgroup go to, if they go to one.
#[inline(always)]
fn recording_of(cgroup: *const c_void) -> Option<u64> {
    let ring = RINGS.get(recorded::ring_of_other(cgroup)?)?;
    (ring.recording != 0).then_some(ring.recording)
}
