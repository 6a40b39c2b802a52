//! The entries of iterators, for which the library has no macro: context -> what a program is told, and
//! where it writes.

use crate::programs::in_flight;
use aya_ebpf::helpers::generated::bpf_seq_write;
use core::ffi::c_void;
use rewind_common::ring::InFlight;

/// `struct bpf_iter__task` (`kernel/bpf/task_iter.c`).
#[repr(C)]
struct TaskContext {
    meta: *const Meta,
    task: *mut c_void,
}

/// The beginning of `struct bpf_iter_meta` (`include/linux/bpf.h`).
#[repr(C)]
struct Meta {
    seq: *mut c_void,
}

/// What the reader of the iterator gets.
#[derive(Clone, Copy)]
pub struct Seq(*const Meta);

impl Seq {
    /// Writes one entry.
    #[inline(always)]
    pub fn write(self, call: &InFlight) {
        // SAFETY: the iterator's own file, and a value of that length.
        unsafe { bpf_seq_write((*self.0).seq.cast(), (&raw const *call).cast(), size_of::<InFlight>() as u32) };
    }
}

/// One task of the walk, and its end, where there is none.
#[unsafe(no_mangle)]
#[unsafe(link_section = "iter/task")]
fn in_flight(ctx: *mut TaskContext) -> i32 {
    // SAFETY: the context of such an iterator, as declared above.
    let (meta, task) = unsafe { ((*ctx).meta, (*ctx).task) };
    if !task.is_null() {
        in_flight::task(Seq(meta), task);
    }
    0
}
