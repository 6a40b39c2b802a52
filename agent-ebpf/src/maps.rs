//! Every map, its bound, and the reason for the bound. Those marked "sized by the agent" have the
//! least size here and the real one from the node's budget when they are loaded.
//!
//! Programs get at values by the functions at the end, as references: a value of a map lives until the
//! program ends, and any bytes are one. Other CPUs and the agent may write to it at the same time; what must
//! not be lost then goes through `atomic`, and the rest has one writer, as said where it is defined.

use crate::task::Thread;
use aya_ebpf::{
    btf_maps::{Array, HashMap, LruHashMap, PerCpuArray, Queue},
    helpers::generated::bpf_task_storage_get,
    macros::btf_map,
};
use core::ffi::c_void;
use rewind_common::{
    capture::{Capture, ROWS},
    chunk::ARENA_VALUE_BYTES,
    ring::{
        Cgroup, CgroupCounts, Cursors, IDENTITY_BYTES, Node, OVERFLOW_THREADS, PATH_BYTES, Ring, Share, THREAD_SLOTS,
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
#[repr(transparent)]
pub struct Path(pub [u8; PATH_BYTES]);

impl Path {
    /// These bytes, where they lie.
    #[inline(always)]
    pub fn of(bytes: &[u8; PATH_BYTES]) -> &Self {
        // SAFETY: a path is such bytes and nothing else.
        unsafe { &*(&raw const *bytes).cast() }
    }
}

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

/// How far the events of each ring have been delivered to who follows them, as the agent keeps it for the
/// next one: no program looks at it. Sized by the agent: [`rewind_common::ring::position_words`] a ring.
#[btf_map]
pub static POSITIONS: Array<u64, 1, MMAPABLE> = Array::new();

/// The layout that a share is to take, for the program that makes it shrink.
#[btf_map]
pub static LAYOUT: Array<Share, 1> = Array::new();

/// What concerns the node as a whole.
#[btf_map]
pub static NODE: Array<Node, 1, MMAPABLE> = Array::new();

/// Which cgroups may be recorded; all others certainly are not.
#[btf_map]
pub static CGROUP_COUNTS: Array<CgroupCounts, 1, MMAPABLE> = Array::new();

/// Where each CPU stands in each ring. Sized by the agent as [`RINGS`].
#[btf_map]
pub static CURSORS: PerCpuArray<Cursors, 1> = PerCpuArray::new();

/// In place of a thread's own state, where a record is about another task than the current one. One
/// a hook: a signal may be sent from an interrupt while the OOM killer writes. Two for connections, whose hook a
/// softirq may come upon.
#[btf_map]
pub static STAND_INS: PerCpuArray<Thread, 4> = PerCpuArray::new();

/// What is to be remembered of a connection while it is open.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct OpenConnection {
    /// When its connect began, later when it was established: `CLOCK_MONOTONIC`, nanoseconds. 0: not known.
    pub since_ns: u64,
    /// The thread that it is of. 0: not known.
    pub tid: u32,
    /// The process.
    pub tgid: u32,
    /// One of [`rewind_common::record::connection::direction`].
    pub direction: u32,
    /// Its ring, if `recording` is that ring's.
    pub ring: u32,
    /// Its recording. 0: it was not looked up yet.
    pub recording: u64,
}

impl OpenConnection {
    /// Nothing is known of it.
    pub const UNKNOWN: Self = Self { since_ns: 0, tid: 0, tgid: 0, direction: 0, ring: 0, recording: 0 };
}

/// Connections that are open, by the address of their socket. 16,384, 1.6 MiB: of more, those of which nothing was
/// heard for longest are forgotten, and are shown without their process and their duration when they end.
#[btf_map]
pub static CONNECTIONS: LruHashMap<u64, OpenConnection, 16384> = LruHashMap::new();

/// The task that the kernel sent `SIGKILL` to last, where that is needed (`hooks/oom.rs`).
#[btf_map]
pub static KILLED: PerCpuArray<u64, 1> = PerCpuArray::new();

/// Rings that are free. Sized by the agent as [`RINGS`].
#[btf_map]
pub static FREE_RINGS: Queue<u32, 1> = Queue::new();

/// Segments that are free for any share. Sized by the agent as [`ARENA`].
#[btf_map]
pub static FREE_SEGMENTS: Queue<u32, 1> = Queue::new();

/// Free segments that no ring grows by: those of containers to come. Rings grow faster than the agent takes from them.
#[btf_map]
pub static FIRST_SEGMENTS: Queue<u32, 1> = Queue::new();

/// What is to happen with the calls of each cgroup. 16,384: a node of 250 pods has some 2,000.
#[btf_map]
pub static CGROUPS: HashMap<u64, Cgroup, 16384, NO_PREALLOC> = HashMap::new();

/// Paths of cgroups that may take a ring. As many as can wait for their first call; 8 MiB if all do.
#[btf_map]
pub static PATHS: HashMap<u64, Path, 16384, NO_PREALLOC> = HashMap::new();

/// What to copy for each call: the row number is the call's, plus [`ROWS`] for one of the 32-bit table.
#[btf_map]
pub static CAPTURES: Array<Capture, { 2 * ROWS as usize }> = Array::new();

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
    /// Verifier: it refuses the program if `task` is not a typed task.
    #[inline(always)]
    fn get(&self, task: *mut c_void, create: bool) -> Option<&'static mut T> {
        let map = core::ptr::from_ref(self).cast_mut().cast();
        // SAFETY: the helper returns null or a value that lives until this program ends.
        unsafe { bpf_task_storage_get(map, task.cast(), core::ptr::null_mut(), u64::from(create)).cast::<T>().as_mut() }
    }
}

/// The number of each thread's state, plus one.
#[unsafe(link_section = ".maps")]
#[unsafe(export_name = "TASK_SLOTS")]
pub static TASK_SLOTS: TaskStorage<u32> = TaskStorage::new();

/// The value at `pointer`.
#[inline(always)]
fn value<T>(pointer: Option<*mut T>) -> Option<&'static mut T> {
    // SAFETY: a map gives no pointer, or one to a value that lives until this program ends.
    pointer.map(|value| unsafe { &mut *value })
}

/// A ring.
#[inline(always)]
pub fn ring(index: u32) -> Option<&'static mut Ring> {
    value(RINGS.get_ptr_mut(index))
}

/// This CPU's cursors of a ring. [`crate::ring::lock`] keeps hooks that interrupt each other apart.
#[inline(always)]
pub fn cursors(ring: u32) -> Option<&'static mut Cursors> {
    value(CURSORS.get_ptr_mut(ring))
}

/// A segment of the arena.
#[inline(always)]
pub fn segment(index: u32) -> Option<*mut u8> {
    Some(ARENA.get_ptr_mut(index)?.cast())
}

/// What concerns the node as a whole.
#[inline(always)]
pub fn node() -> Option<&'static mut Node> {
    value(NODE.get_ptr_mut(0))
}

/// Which cgroups may be recorded; all others certainly are not.
#[inline(always)]
pub fn cgroup_counts() -> Option<&'static mut CgroupCounts> {
    value(CGROUP_COUNTS.get_ptr_mut(0))
}

/// What is known of a cgroup.
#[inline(always)]
pub fn cgroup(id: u64) -> Option<&'static mut Cgroup> {
    value(CGROUPS.get_ptr_mut(&id))
}

/// A cgroup's path.
#[inline(always)]
pub fn path(cgroup_id: u64) -> Option<&'static mut Path> {
    value(PATHS.get_ptr_mut(&cgroup_id))
}

/// A thread's state by its number: only its own thread writes it, and an iterator reads.
#[inline(always)]
pub fn thread(index: u32) -> Option<&'static mut Thread> {
    value(THREADS.get_ptr_mut(index))
}

/// The number of a typed task's state plus one, where that is kept; with `create` it is made where there is none.
#[inline(always)]
pub fn task_slot(task: *mut c_void, create: bool) -> Option<&'static mut u32> {
    TASK_SLOTS.get(task, create)
}

/// This CPU's stand-in for the state of a thread, a hook's alone.
#[inline(always)]
pub fn stand_in(hook: u32) -> Option<&'static mut Thread> {
    value(STAND_INS.get_ptr_mut(hook))
}

/// What is remembered of an open connection, by the address of its socket.
#[inline(always)]
pub fn connection(sock: u64) -> Option<&'static mut OpenConnection> {
    value(CONNECTIONS.get_ptr_mut(&sock))
}

/// The task that the kernel sent `SIGKILL` to last on this CPU.
#[inline(always)]
pub fn killed() -> Option<&'static mut u64> {
    value(KILLED.get_ptr_mut(0))
}

/// A segment for a share of a new ring.
#[inline(always)]
pub fn first_segment() -> Option<u32> {
    match FREE_SEGMENTS.pop() {
        Ok(Some(segment)) => Some(segment),
        _ => FIRST_SEGMENTS.pop().ok().flatten(),
    }
}

/// Makes a segment free: those for containers to come are filled up before rings may grow. Whether it failed.
#[inline(always)]
pub fn give_segment(segment: u32) -> bool {
    FIRST_SEGMENTS.push(&segment, 0).is_err() && FREE_SEGMENTS.push(&segment, 0).is_err()
}
