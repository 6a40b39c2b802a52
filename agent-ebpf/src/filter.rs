//! Whose call is it? From the current task's cgroup to the ring that its records go to.
//!
//! A ring begins at the topmost cgroup, below one that is open, in which a task makes a call, and
//! every cgroup below inherits it. So no knowledge of any runtime's directory layout is needed here:
//! directories that only hold other directories never make a call.

use crate::atomic;
use crate::maps::{self, CGROUP_BITMAP, CGROUPS, FREE_RINGS, FREE_SEGMENTS, NODE, PATHS, Path, RINGS};
use crate::ring::counters;
use crate::task::{self, Thread};
use crate::threads::{self, BySlot, Key};
use aya_ebpf::helpers::bpf_ktime_get_ns;
use core::ffi::c_void;
use rewind_common::ring::{CGROUP_BITMAP_BITS, Cgroup, MAIN, PROTECTED, Ring, cgroup_state as state};

/// Most segments that a share may have, main and protected. The agent fills it in.
#[unsafe(no_mangle)]
static LIMITS: [u32; 2] = [1, 1];

/// How far up an open cgroup looks for a ring to inherit.
const DEPTH: usize = 8;

/// The state of the current thread if the call that it begins is recorded.
#[inline(always)]
pub fn begins(task: *mut c_void, regs: *const u8) -> Option<&'static mut Thread> {
    let key = Key::of(regs)?;
    if let BySlot::Own(thread) = threads::by_key(key)
        && thread.epoch == NODE.get(0)?.epoch
        && thread.task == task as u64
    {
        return if thread.recording != 0 { Some(thread) } else { None };
    }
    recorded(task, Some(key))
}

/// The state of the current thread if the call that it returns from is recorded.
#[inline(always)]
pub fn returns(regs: *const u8) -> Option<&'static mut Thread> {
    let thread = match threads::by_key(Key::of(regs)?) {
        BySlot::Own(thread) => thread,
        BySlot::Overflowed => threads::of(maps::current())?,
        BySlot::Other => return None,
    };
    if thread.start_ns != 0 { Some(thread) } else { None }
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
    recorded(task, None)
}

/// The state of the current thread if its calls are recorded, made where there is none yet.
#[inline(always)]
fn recorded(task: *const c_void, key: Option<Key>) -> Option<&'static mut Thread> {
    if !may_be_recorded(task::cgroup_id(task)) {
        return None;
    }
    let slot = look_up(key.map_or(0, Key::number));
    if slot == 0 { None } else { threads::at(slot as u32 - 1) }
}

/// The number of the current thread's state, plus one, if its calls are recorded; else 0. Its ring is
/// found if it has none yet, or if it may be another by now.
///
/// Verifier: a global function, so that it is walked once, and not once with all that follows.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn look_up(key: u64) -> u64 {
    let task = maps::current();
    let cgroup_id = task::cgroup_id(task);
    let Some(node) = NODE.get(0) else { return 0 };
    let mut slot = threads::slot(task);
    if let Some(thread) = threads::at(slot.wrapping_sub(1))
        && thread.cgroup_id == cgroup_id
        && thread.epoch == node.epoch
    {
        return if thread.recording != 0 { u64::from(slot) } else { 0 };
    }
    let ring = ring_of(cgroup_id).and_then(|index| Some((index, RINGS.get(index)?)));
    if let (Some((index, _)), 0) = (ring, slot) {
        slot = threads::make(task, Key::of_number(key));
        if slot == 0 {
            counters::no_thread_state(index);
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
        thread.announced = [0; 2];
    }
    (thread.cgroup_id, thread.epoch, thread.task) = (cgroup_id, node.epoch, task as u64);
    (thread.ring, thread.ring_flags, thread.recording) = (index, ring.flags, ring.recording);
    if thread.recording != 0 { u64::from(slot) } else { 0 }
}

/// The ring of a cgroup that is recorded already: for what happens to a task that is not the current
/// one, which takes no ring.
#[inline(always)]
pub fn ring_of_other(cgroup_id: u64) -> Option<u32> {
    if !may_be_recorded(cgroup_id) {
        return None;
    }
    // SAFETY: read at once.
    let cgroup = unsafe { CGROUPS.get(&cgroup_id) }?;
    (cgroup.state == state::RECORDED).then_some(cgroup.ring)
}

/// Whether a cgroup may be recorded: most that are not end here.
#[inline(always)]
fn may_be_recorded(cgroup_id: u64) -> bool {
    let bit = cgroup_id % CGROUP_BITMAP_BITS;
    CGROUP_BITMAP.get(0).is_some_and(|bitmap| bitmap[(bit / 64) as usize] >> (bit % 64) & 1 != 0)
}

/// Lets the calls of a cgroup through the bitmap.
#[inline(always)]
pub fn set_cgroup_bit(cgroup_id: u64) {
    let bit = cgroup_id % CGROUP_BITMAP_BITS;
    if let Some(bitmap) = CGROUP_BITMAP.get_ptr_mut(0) {
        // SAFETY: a word of a value of the map, within it by the remainder.
        unsafe { atomic::or(&raw mut (*bitmap)[(bit / 64) as usize], 1 << (bit % 64)) };
    }
}

/// The ring of a cgroup; takes one where the cgroup is open.
#[inline(always)]
pub fn ring_of(cgroup_id: u64) -> Option<u32> {
    let cgroup = CGROUPS.get_ptr_mut(&cgroup_id)?;
    // SAFETY: a value of the map, which lives until this program ends.
    let cgroup = unsafe { &mut *cgroup };
    match cgroup.state {
        state::RECORDED => Some(cgroup.ring),
        state::OPEN => open(cgroup_id, cgroup),
        _ => None,
    }
}

/// The first call of an open cgroup: its nearest ancestor's ring, or a new one.
#[inline(never)]
fn open(cgroup_id: u64, cgroup: &mut Cgroup) -> Option<u32> {
    // SAFETY: a value of the map. Who loses this race records nothing of this one call: the
    // recording begins with the winner's.
    let won = unsafe { atomic::swap_u32(&raw mut cgroup.state, state::OPEN, state::TAKING) };
    if !won {
        return None;
    }
    let mut parent = cgroup.parent;
    for _ in 0..DEPTH {
        if parent == 0 {
            break;
        }
        // SAFETY: read at once.
        let Some(above) = (unsafe { CGROUPS.get(&parent) }) else { break };
        if above.state == state::RECORDED {
            cgroup.ring = above.ring;
            cgroup.state = state::RECORDED;
            return Some(cgroup.ring);
        }
        parent = above.parent;
    }
    let Some(ring) = take(cgroup_id) else {
        cgroup.state = state::REFUSED;
        counters::refused();
        return None;
    };
    cgroup.ring = ring;
    cgroup.state = state::RECORDED;
    Some(ring)
}

/// A ring from the pool, with one segment in each share.
#[inline(always)]
fn take(cgroup_id: u64) -> Option<u32> {
    let index = FREE_RINGS.pop().ok()??;
    let main = FREE_SEGMENTS.pop().ok().flatten();
    let protected = FREE_SEGMENTS.pop().ok().flatten();
    let (Some(main), Some(protected), Some(ring)) = (main, protected, RINGS.get_ptr_mut(index)) else {
        if let Some(segment) = main {
            let _ = FREE_SEGMENTS.push(&segment, 0);
        }
        if let Some(segment) = protected {
            let _ = FREE_SEGMENTS.push(&segment, 0);
        }
        let _ = FREE_RINGS.push(&index, 0);
        return None;
    };
    // SAFETY: a value of the map; a free ring is nobody else's.
    let ring = unsafe { &mut *ring };
    begin_share(ring, MAIN, main);
    begin_share(ring, PROTECTED, protected);
    ring.cgroup_id = cgroup_id;
    let node = NODE.get_ptr_mut(0)?;
    // SAFETY: a value of the map.
    ring.flags = unsafe { (*node).ring_flags };
    // SAFETY: takes nothing.
    ring.born_ns = unsafe { bpf_ktime_get_ns() };
    ring.died_ns = 0;
    (ring.ended_ns, ring.judged_ns, ring.failures) = (0, 0, 0);
    if let Some(path) = PATHS.get_ptr(&cgroup_id) {
        copy_path(&mut ring.path, path);
    } else {
        ring.path[0] = 0;
    }
    // SAFETY: a field of a value of the map.
    ring.recording = unsafe { atomic::add(&raw mut (*node).recordings, 1) } + 1;
    Some(index)
}

#[inline(always)]
fn begin_share(ring: &mut Ring, share: usize, segment: u32) {
    let limit = {
        // SAFETY: a static of this program, filled in before it was loaded.
        unsafe { core::ptr::read_volatile(&raw const LIMITS[share]) }
    };
    let share = &mut ring.shares[share];
    share.claims = 0;
    share.base = 1;
    share.len = 1;
    share.limit = limit;
    share.growing = 0;
    share.leaving = 0;
    share.segments[0] = segment;
}

#[inline(always)]
fn copy_path(to: &mut [u8; rewind_common::ring::PATH_BYTES], from: *const Path) {
    // SAFETY: both are values of maps of the same length. The helper copies 512 bytes in one go,
    // where the compiler would unroll 64 loads and stores.
    unsafe {
        aya_ebpf::helpers::generated::bpf_probe_read_kernel(to.as_mut_ptr().cast(), to.len() as u32, from.cast());
    }
}
