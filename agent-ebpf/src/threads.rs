//! Where the state of each thread lies, and who finds it how.
//!
//! All states lie in one array. Task storage says which is a thread's own: it is what the hooks outside
//! of calls ask, and it lets the state go with the thread. For the two hooks of every call that would be
//! the dearest thing they do, so a thread gets, where it is free, the state whose number follows from
//! where its registers lie: `pt_regs` of a call stand at the top of the thread's kernel stack, at the
//! same address in each of its calls, and in no other thread's while it lives. There is one load and
//! one comparison between a call's return and its state then, and none of the kernel's functions.

use crate::atomic;
use crate::maps::{self, FREE_THREADS, THREADS, task_slot};
use crate::task::{self, Thread};
use core::ffi::c_void;
use rewind_common::ring::{MAX_RING_THREADS, SHARES, THREAD_SLOTS};

/// Where the registers of a thread's calls lie, as a number that no other living thread has; not 0.
#[derive(Clone, Copy)]
pub struct Key(u64);

impl Key {
    /// Of the `pt_regs` of a call.
    ///
    /// Verifier: an address is no number to it, but what lies between two addresses is, so it is counted
    /// from the array.
    #[inline(always)]
    pub fn of(regs: *const c_void) -> Option<Self> {
        let base = THREADS.get_ptr(0)?;
        Some(Self((regs as u64).wrapping_sub(base as u64)))
    }

    /// It, as a number that is not 0.
    #[inline(always)]
    pub fn number(self) -> u64 {
        self.0
    }

    /// What [`Key::number`] has given; 0 is none.
    #[inline(always)]
    pub fn of_number(number: u64) -> Option<Self> {
        if number == 0 { None } else { Some(Self(number)) }
    }

    /// Its slot. Stacks are aligned to 16 KiB at least (`THREAD_ALIGN`); their addresses come one
    /// behind the other, which a multiplication spreads (Knuth, The Art of Computer Programming 6.4).
    #[inline(always)]
    fn slot(self) -> u32 {
        ((self.0 >> 14).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> SHIFT) as u32
    }
}

/// Leaves as many bits of the product as a slot has.
const SHIFT: u32 = u64::BITS - THREAD_SLOTS.trailing_zeros();

/// A state by its number.
#[inline(always)]
pub fn at(index: u32) -> Option<&'static mut Thread> {
    maps::thread(index)
}

/// What stands in the slot of a key.
pub enum BySlot {
    /// The thread's own state.
    Own(&'static mut Thread),
    /// Another's, and some thread whose slot this is has its state elsewhere.
    Overflowed,
    /// Another's, or nobody's.
    Other,
}

/// The state of the thread whose registers these are.
#[inline(always)]
pub fn by_key(key: Key) -> BySlot {
    match at(key.slot()) {
        Some(thread) if thread.key == key.0 => BySlot::Own(thread),
        Some(thread) if thread.overflowed != 0 => BySlot::Overflowed,
        _ => BySlot::Other,
    }
}

/// Beside the number of a task's state: the task was made by one of the same ring, and is no stage of a
/// runtime (which makes its stages siblings of each other). Who has not this mark came from outside.
const BORN_HERE: u32 = 1 << 31;

/// The number of a task's state, plus one; 0: it has none.
#[inline(always)]
pub fn slot(task: *mut c_void) -> u32 {
    task_slot(task, false).map_or(0, |slot| *slot & !BORN_HERE)
}

/// Whether a task was made by another of its ring.
#[inline(always)]
pub fn is_born_here(task: *mut c_void) -> bool {
    task_slot(task, false).is_some_and(|slot| *slot & BORN_HERE != 0)
}

/// Marks a new task as made by another of its ring. Without memory for that it counts as from outside.
#[inline(always)]
pub fn set_born_here(child: *mut c_void) {
    if let Some(slot) = task_slot(child, true) {
        *slot |= BORN_HERE;
    }
}

/// A task comes into another ring: from outside.
#[inline(always)]
pub fn enters(task: *mut c_void) {
    if let Some(slot) = task_slot(task, false) {
        *slot &= !BORN_HERE;
    }
}

/// The state of a task, if it has one.
#[inline(always)]
pub fn of(task: *mut c_void) -> Option<&'static mut Thread> {
    let slot = slot(task);
    if slot == 0 { None } else { at(slot - 1) }
}

/// Makes a state for the current task, whose records go to a ring: its number, plus one. 0: there is none to be
/// had, or the ring has its share of them.
#[inline(always)]
pub fn make(task: *mut c_void, key: Option<Key>, ring: u32) -> u32 {
    let Some(charged) = maps::ring(ring) else { return 0 };
    if charged.threads >= MAX_RING_THREADS {
        return 0;
    }
    let Some(slot) = task_slot(task, true) else { return 0 };
    let index = key.and_then(take_slot).or_else(|| FREE_THREADS.pop().ok().flatten().map(|spare| THREAD_SLOTS + spare));
    let Some(thread) = index.and_then(at) else { return 0 };
    // Of who had it before there is nothing left, but for what `release` leaves.
    (thread.cgroup_id, thread.recording, thread.start_ns, thread.returned) = (0, 0, 0, 0);
    thread.announced = [0; SHARES];
    thread.tid = task::tid(task);
    (thread.charged, thread.charged_ring) = (charged.recording, ring);
    atomic::add_u32(&mut charged.threads, 1);
    let number = index.map_or(0, |index| index + 1);
    *slot = *slot & BORN_HERE | number;
    number
}

/// The slot of a key, if it is nobody's, or that of one who cannot live any more: its stack is another's.
#[inline(always)]
fn take_slot(key: Key) -> Option<u32> {
    let thread = at(key.slot())?;
    if thread.key == key.0 || atomic::swap_u64(&mut thread.key, 0, key.0) {
        return Some(key.slot());
    }
    thread.overflowed = 1;
    None
}

/// The current task ends: its state is nobody's from now on.
#[inline(always)]
pub fn release(task: *mut c_void) {
    let Some(slot) = task_slot(task, false) else { return };
    let index = (*slot & !BORN_HERE).wrapping_sub(1);
    let Some(thread) = at(index) else { return };
    *slot = 0;
    (thread.start_ns, thread.recording) = (0, 0);
    if let Some(ring) = maps::ring(thread.charged_ring)
        && ring.recording == thread.charged
    {
        atomic::add_u32(&mut ring.threads, u32::MAX);
    }
    thread.key = 0;
    if index >= THREAD_SLOTS {
        let _ = FREE_THREADS.push(&(index - THREAD_SLOTS), 0);
    }
}
