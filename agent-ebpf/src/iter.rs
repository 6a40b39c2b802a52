//! Iterators over tasks: what such a program is told, and where it writes. The library has no type for them.

use aya_ebpf::helpers::generated::bpf_seq_write;
use core::ffi::c_void;
use rewind_common::ring::InFlight;

/// Makes a function the program of an iterator over tasks: it is run for each of them.
macro_rules! task_iterator {
    ($(#[$doc:meta])* fn $name:ident($seq:ident: Seq, $task:ident: *mut c_void) $body:block) => {
        $(#[$doc])*
        #[allow(unsafe_code, reason = "the kernel and the agent look for it by section and name")]
        #[unsafe(no_mangle)]
        #[unsafe(link_section = "iter/task")]
        pub fn $name(context: *mut $crate::iter::TaskContext) -> i32 {
            #[deny(unsafe_code)]
            #[inline(always)]
            fn body($seq: Seq, $task: *mut c_void) $body
            if let Some((seq, task)) = $crate::iter::told(context) {
                body(seq, task);
            }
            0
        }
    };
}
pub(crate) use task_iterator;

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

/// Where to write, and a typed task; `None`: the walk has ended.
#[inline(always)]
pub fn told(context: *mut TaskContext) -> Option<(Seq, *mut c_void)> {
    // SAFETY: the context of such an iterator, as declared above.
    let (meta, task) = unsafe { ((*context).meta, (*context).task) };
    if task.is_null() { None } else { Some((Seq(meta), task)) }
}
