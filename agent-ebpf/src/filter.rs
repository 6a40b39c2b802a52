//! Whose call is it? From the current task's cgroup to the ring that its records go to.
//!
//! A ring begins at the topmost cgroup, below one that is open, in which a task makes a call, and
//! every cgroup below inherits it. So no knowledge of any runtime's directory layout is needed here:
//! directories that only hold other directories never make a call.

use crate::ancestry;
use crate::atomic;
use crate::globals::{LIMITS, global};
use crate::maps::{self, FREE_RINGS, NODE, RINGS};
use crate::recorded::may_be_recorded;
use crate::ring::counters;
use crate::task::{self, Thread, any};
use crate::threads::{self, BySlot, Key};
use crate::{clock, main_process, probe};
use core::ffi::c_void;
use rewind_common::loss::LossReason;
use rewind_common::ring::{Cgroup, MAIN, PROTECTED, Ring, SHARES, TRAFFIC, cgroup_state as state};

/// How far up an open cgroup looks for a ring to inherit.
const DEPTH: usize = 8;

/// The state of the current thread if the call that it begins is recorded.
#[inline(always)]
pub fn begins(task: *mut c_void, regs: *const c_void) -> Option<&'static mut Thread> {
    let key = Key::of(regs)?;
    // Where its cgroup is not recorded any more, its state says so: see `never_began`.
    match threads::by_key(key) {
        BySlot::Own(thread) => {
            if thread.epoch == NODE.get(0)?.epoch && thread.task == task as u64 {
                return if thread.recording != 0 { Some(thread) } else { None };
            }
            if !may_be_recorded(task::cgroup_id(task)) {
                thread.recording = 0;
                return None;
            }
        }
        BySlot::Overflowed => {
            if !may_be_recorded(task::cgroup_id(task)) {
                threads::of(task)?.recording = 0;
                return None;
            }
        }
        BySlot::Other => {
            if !may_be_recorded(task::cgroup_id(task)) {
                return None;
            }
        }
    }
    looked_up(Some(key))
}

/// The state of the current thread if the call that it returns from is recorded: it began, or the kernel
/// has refused to begin it, which leaves `start_ns` at 0.
#[inline(always)]
pub fn returns(regs: *const c_void, result: i64) -> Option<&'static mut Thread> {
    let key = Key::of(regs)?;
    let thread = match threads::by_key(key) {
        BySlot::Own(thread) => Some(thread),
        BySlot::Overflowed => threads::of(task::current()),
        BySlot::Other => None,
    };
    let Some(thread) = thread else {
        if result == 0 && is_clone(task::call_number(regs)) {
            starts(key);
        }
        return None;
    };
    if thread.start_ns != 0 || never_began(thread, key) { Some(thread) } else { None }
}

/// Whether a recorded thread returns from a call whose beginning no hook was told of because there was
/// none. Not so of the call that it was in when it came to be recorded: so its first return does not count.
/// Later ones do, for each call that begins is either recorded, or the thread's state loses its recording.
#[inline(always)]
fn never_began(thread: &mut Thread, key: Key) -> bool {
    let (task, Some(node)) = (task::current(), NODE.get(0)) else { return false };
    if thread.task != task as u64 || node.attached == 0 {
        return false;
    }
    if thread.returned == 0 || thread.recording == 0 {
        thread.returned = 1;
        return false;
    }
    thread.epoch == node.epoch || may_be_recorded(task::cgroup_id(task)) && look_up(key.number()) != 0
}

/// A new thread returns from the call that made it, which it has not begun itself: its next call may be
/// its first one, and refused. (On arm64 the kernel shows no such return.)
#[inline(always)]
fn starts(key: Key) {
    if NODE.get(0).is_some_and(|node| node.attached != 0)
        && may_be_recorded(task::cgroup_id(task::current()))
        && let Some(thread) = looked_up(Some(key))
    {
        thread.returned = 1;
    }
}

/// Whether a call may return 0 in a new thread: `clone`, `fork`, `vfork`, `clone3` of x86-64 and i386.
#[inline(always)]
fn is_clone(nr: i32) -> bool {
    matches!(nr, 56 | 57 | 58 | 435 | 120 | 2 | 190)
}

/// As [`begins`], for what happens to a task outside of a call's entry: while it is in a call its
/// records go where the call's record will go, whatever cgroup it has been moved to meanwhile.
#[inline(always)]
pub fn recorded_now(task: *mut c_void) -> Option<&'static mut Thread> {
    if let Some(thread) = threads::of(task)
        && thread.start_ns != 0
    {
        return Some(thread);
    }
    // A state is found by its key when the call returns, even if it was no call that came to need it.
    if may_be_recorded(task::cgroup_id(task)) { looked_up(Key::of(probe::registers(task))) } else { None }
}

/// The state of the current thread if its calls are recorded, made where there is none yet.
#[inline(always)]
fn looked_up(key: Option<Key>) -> Option<&'static mut Thread> {
    let slot = look_up(key.map_or(0, Key::number));
    if slot == 0 { None } else { threads::at(slot as u32 - 1) }
}

global! {
    /// The number of the current thread's state, plus one, if its calls are recorded; else 0. Its ring is
    /// found if it has none yet, or if it may be another by now.
    ///
    /// Verifier: a global function, so that it is walked once, and not once with all that follows.
    fn look_up(key: u64) -> u64 {
        let task = task::current();
        let cgroup_id = task::cgroup_id(task);
        let Some(node) = NODE.get(0) else { return 0 };
        let mut slot = threads::slot(task);
        if let Some(thread) = threads::at(slot.wrapping_sub(1))
            && thread.cgroup_id == cgroup_id
            && thread.epoch == node.epoch
        {
            return if thread.recording != 0 { u64::from(slot) } else { 0 };
        }
        let ring = ring_of(ancestry::entered(any::cgroup(task)), task).and_then(|index| Some((index, RINGS.get(index)?)));
        if let (Some((index, _)), 0) = (ring, slot) {
            slot = threads::make(task, Key::of_number(key), index);
            if slot == 0 {
                counters::lose_of(index, LossReason::NoThreadState);
                return 0;
            }
        }
        let Some(thread) = threads::at(slot.wrapping_sub(1)) else { return 0 };
        let Some((index, ring)) = ring else {
            // Not remembered: who came too late for the ring that another thread takes looks again.
            thread.recording = 0;
            return 0;
        };
        if thread.recording != ring.recording {
            if thread.cgroup_id != 0 {
                threads::enters(task);
            }
            thread.announced = [0; SHARES];
            thread.returned = 0;
        }
        (thread.cgroup_id, thread.epoch, thread.task) = (cgroup_id, node.epoch, task as u64);
        (thread.ring, thread.ring_flags, thread.recording) = (index, ring.flags, ring.recording);
        if thread.recording != 0 { u64::from(slot) } else { 0 }
    }
}

/// The ring of a cgroup that has an entry ([`ancestry::entered`]); takes one where it is open. `taker` is
/// the current task if it is one of the cgroup's, else null.
#[inline(always)]
pub fn ring_of(cgroup_id: u64, taker: *const c_void) -> Option<u32> {
    let cgroup = maps::cgroup(cgroup_id)?;
    match cgroup.state {
        state::RECORDED => Some(cgroup.ring),
        state::OPEN => open(cgroup_id, cgroup, taker),
        _ => None,
    }
}

/// The first call of an open cgroup: its nearest ancestor's ring, or a new one.
#[inline(never)]
fn open(cgroup_id: u64, cgroup: &mut Cgroup, taker: *const c_void) -> Option<u32> {
    // Who loses this race records nothing of this one call: the recording begins with the winner's.
    if !atomic::swap_u32(&mut cgroup.state, state::OPEN, state::TAKING) {
        return None;
    }
    let mut parent = cgroup.parent;
    for _ in 0..DEPTH {
        if parent == 0 {
            break;
        }
        let Some(above) = maps::cgroup(parent) else { break };
        if above.state == state::RECORDED {
            cgroup.ring = above.ring;
            cgroup.state = state::RECORDED;
            return Some(cgroup.ring);
        }
        parent = above.parent;
    }
    let Some(ring) = take(cgroup_id, cgroup.main_tgid, taker) else {
        cgroup.state = state::REFUSED;
        counters::refused(cgroup_id);
        return None;
    };
    cgroup.ring = ring;
    cgroup.state = state::RECORDED;
    Some(ring)
}

/// A ring from the pool, with one segment in each share that it begins with.
#[inline(always)]
fn take(cgroup_id: u64, main_tgid: u32, taker: *const c_void) -> Option<u32> {
    let index = FREE_RINGS.pop().ok()??;
    let main = maps::first_segment();
    let protected = maps::first_segment();
    let (Some(main), Some(protected), Some(ring)) = (main, protected, maps::ring(index)) else {
        if let Some(segment) = main {
            let _ = maps::give_segment(segment);
        }
        if let Some(segment) = protected {
            let _ = maps::give_segment(segment);
        }
        let _ = FREE_RINGS.push(&index, 0);
        return None;
    };
    // A free ring is nobody else's.
    begin_share(ring, MAIN, Some(main));
    begin_share(ring, PROTECTED, Some(protected));
    begin_share(ring, TRAFFIC, None);
    ring.cgroup_id = cgroup_id;
    let node = maps::node()?;
    ring.flags = node.ring_flags;
    ring.born_ns = clock::now_ns();
    ring.died_ns = 0;
    ring.threads = 0;
    (ring.ended_ns, ring.judged_ns, ring.failures) = (0, 0, 0);
    if let Some(path) = maps::path(cgroup_id) {
        probe::copy(&mut ring.path, &path.0);
    } else {
        ring.path[0] = 0;
    }
    main_process::begin(ring, main_tgid, taker);
    ring.recording = atomic::add(&mut node.recordings, 1) + 1;
    Some(index)
}

#[inline(always)]
fn begin_share(ring: &mut Ring, share: usize, segment: Option<u32>) {
    let limit = atomic::load_volatile(&LIMITS[share]);
    let share = &mut ring.shares[share];
    share.claims = 0;
    share.base = 1;
    share.len = u32::from(segment.is_some());
    share.limit = limit;
    share.growing = 0;
    share.leaving = 0;
    share.segments[0] = segment.unwrap_or(0);
}
