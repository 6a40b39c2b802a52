//! Every map, its bound, and the reason for the bound. Those marked "sized by the agent" have the
//! least size here and the real one from the node's budget when they are loaded.

use crate::task::Thread;
use aya_ebpf::{
    btf_maps::{Array, HashMap, PerCpuArray, Queue},
    helpers::generated::{bpf_get_current_task_btf, bpf_task_storage_get},
    macros::btf_map,
};
use core::ffi::c_void;
use rewind_common::{
    capture::{Capture, ROWS},
    chunk::ARENA_VALUE_BYTES,
    ring::{
        Cgroup, CgroupBitmap, Cursors, IDENTITY_BYTES, Node, OVERFLOW_THREADS, PATH_BYTES, Ring, Share, THREAD_SLOTS,
    },
};

/// `BPF_F_MMAPABLE`: the agent maps it and reads without a system call.
const MMAPABLE: usize = 1 << 10;
/// `BPF_F_NO_PREALLOC`.
const NO_PREALLOC: usize = 1;

/// One segment.
#[repr(C, align(8))]
pub struct Segment([u8; ARENA_VALUE_BYTES]);

/// What the agent keeps of a ring.
#[repr(C)]
pub struct Identity([u8; IDENTITY_BYTES]);

/// A cgroup's path.
#[repr(C)]
pub struct Path(pub [u8; PATH_BYTES]);

/// All ring memory of the node. Sized by the agent.
#[btf_map]
pub static ARENA: Array<Segment, 1, MMAPABLE> = Array::new();

/// The rings. Sized by the agent: as many as there can be with two segments each.
#[btf_map]
pub static RINGS: Array<Ring, 1, MMAPABLE> = Array::new();

/// Who each ring is of, as the agent learnt it: for the next agent, no program looks at it. Sized by
/// the agent as [`RINGS`].
#[btf_map]
pub static IDENTITIES: Array<Identity, 1> = Array::new();

/// The layout that a share is to take, for the program that makes it shrink.
#[btf_map]
pub static LAYOUT: Array<Share, 1> = Array::new();

/// What concerns the node as a whole.
#[btf_map]
pub static NODE: Array<Node, 1, MMAPABLE> = Array::new();

/// Which cgroups are certainly not recorded.
#[btf_map]
pub static CGROUP_BITMAP: Array<CgroupBitmap, 1, MMAPABLE> = Array::new();

/// Where each CPU stands in each ring. Sized by the agent as [`RINGS`].
#[btf_map]
pub static CURSORS: PerCpuArray<Cursors, 1> = PerCpuArray::new();

/// In place of a thread's own state, where a record is about another task than the current one. One
/// a hook: a signal may be sent from an interrupt while the OOM killer writes.
#[btf_map]
pub static STAND_INS: PerCpuArray<Thread, 2> = PerCpuArray::new();

/// The task that the kernel sent `SIGKILL` to last, where that is needed (`hooks/oom.rs`).
#[btf_map]
pub static KILLED: PerCpuArray<u64, 1> = PerCpuArray::new();

/// Rings that are free. Sized by the agent as [`RINGS`].
#[btf_map]
pub static FREE_RINGS: Queue<u32, 1> = Queue::new();

/// Segments that are free. Sized by the agent as [`ARENA`].
#[btf_map]
pub static FREE_SEGMENTS: Queue<u32, 1> = Queue::new();

/// What is to happen with the calls of each cgroup. 16,384: a node of 250 pods has some 2,000.
#[btf_map]
pub static CGROUPS: HashMap<u64, Cgroup, 16384, NO_PREALLOC> = HashMap::new();

/// Paths of cgroups that may take a ring. As many as can wait for their first call; 8 MiB if all do.
#[btf_map]
pub static PATHS: HashMap<u64, Path, 16384, NO_PREALLOC> = HashMap::new();

/// What to copy for each call of the 64-bit table: the row number is the call's.
#[btf_map]
pub static CAPTURES: Array<Capture, { ROWS as usize }> = Array::new();

/// What is kept of each thread, `threads.rs` says where.
#[btf_map]
pub static THREADS: Array<Thread, { (THREAD_SLOTS + OVERFLOW_THREADS) as usize }> = Array::new();

/// States behind the places that are free, counted from there.
#[btf_map]
pub static FREE_THREADS: Queue<u32, { OVERFLOW_THREADS as usize }> = Queue::new();

/// Task storage, which the library has no type for. Its memory goes with the thread.
#[repr(C)]
pub struct TaskStorage<T: 'static> {
    r#type: *const [i32; 29],
    key: *const i32,
    value: *const T,
    max_entries: *const [i32; 0],
    map_flags: *const [i32; 1],
}

// SAFETY: the fields only carry types for the loader; nothing is ever read through them.
unsafe impl<T> Sync for TaskStorage<T> {}

impl<T> TaskStorage<T> {
    const fn new() -> Self {
        let null = core::ptr::null();
        Self { r#type: null as _, key: null as _, value: null as _, max_entries: null as _, map_flags: null as _ }
    }

    /// The value of `task`; with `create`, a zeroed one is made where there is none.
    ///
    /// # Safety
    /// `task` is a `task_struct` in the verifier's eyes too.
    #[inline(always)]
    pub unsafe fn get(&self, task: *mut c_void, create: bool) -> Option<&'static mut T> {
        let map = core::ptr::from_ref(self).cast_mut().cast();
        // SAFETY: the helper returns null or a value that lives until this program ends.
        unsafe { bpf_task_storage_get(map, task.cast(), core::ptr::null_mut(), u64::from(create)).cast::<T>().as_mut() }
    }
}

/// The number of each thread's state, plus one.
#[unsafe(link_section = ".maps")]
#[unsafe(export_name = "TASK_SLOTS")]
pub static TASK_SLOTS: TaskStorage<u32> = TaskStorage::new();

/// The current task, as the verifier knows it: it may be read without a helper.
#[inline(always)]
pub fn current() -> *mut c_void {
    // SAFETY: takes nothing, always gives the current task.
    unsafe { bpf_get_current_task_btf() as *mut c_void }
}
