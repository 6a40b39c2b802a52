//! Which process of a ring is its container's main one, and how it ended ([`MainProcess`] says who that is).
//!
//! Who came from outside cannot be told from a process' parent: a runtime's stages have one outside (they
//! are made with `CLONE_PARENT`), and so has every orphan. So a process that is made by one of its ring is
//! marked when it is made ([`threads::set_born_here`]), and stages inherit what the stage before them is.

use crate::globals::offset;
use crate::probe::field;
use crate::task::{self, Thread, any};
use crate::{maps, recorded, threads};
use core::ffi::c_void;
use rewind_common::record::Exit;
use rewind_common::ring::{MainProcess, Ring, UNKNOWN_MAIN, main_flags::SETTLED};

/// How far up a taker's ancestors are looked at.
const ANCESTORS: usize = 16;

/// A ring begins: with the call of `taker`, or with none. `known` is its cgroup's [`Cgroup::main_tgid`].
///
/// [`Cgroup::main_tgid`]: rewind_common::ring::Cgroup::main_tgid
#[inline(always)]
pub fn begin(ring: &mut Ring, known: u32, taker: *const c_void) {
    ring.main = MainProcess::default();
    if known != 0 && known != UNKNOWN_MAIN {
        (ring.main.tgid, ring.main.flags) = (known, SETTLED);
    } else if known == 0 && !taker.is_null() {
        ring.main.tgid = topmost(taker, ring.cgroup_id);
    }
}

/// The topmost of the ancestors of a task that are in its cgroup: a child may make the first call.
#[inline(always)]
fn topmost(task: *const c_void, cgroup_id: u64) -> u32 {
    let mut process = task;
    for _ in 0..ANCESTORS {
        let parent: *const c_void = field(process, offset!(task_real_parent));
        if any::cgroup_id(parent) != cgroup_id {
            break;
        }
        process = parent;
    }
    any::tgid(process)
}

/// A process of a ring, or a thread of one, makes another. Only what goes on in the same ring is marked.
#[inline(always)]
pub fn forks(thread: &Thread, task: *mut c_void, child: *mut c_void) {
    let parent: *const c_void = field(child, offset!(task_real_parent));
    let is_child = any::tgid(parent) == task::tgid(task) && task::tgid(child) != task::tgid(task);
    let is_sibling = any::tgid(parent) != task::tgid(task) && task::tgid(child) != task::tgid(task);
    if is_sibling
        && let Some(ring) = ring(thread)
        && ring.main.tgid == task::tgid(task)
    {
        // A stage of a runtime, though it may have run a program: runc runs itself again, from a copy.
        ring.main.flags &= !SETTLED;
    }
    if (is_child || threads::is_born_here(task)) && recorded::ring_of_other(any::cgroup(child)) == Some(thread.ring) {
        threads::set_born_here(child);
    }
}

/// A process runs a program.
#[inline(always)]
pub fn execs(thread: &Thread, task: *mut c_void) {
    let Some(ring) = ring(thread) else { return };
    let tgid = task::tgid(task);
    if ring.main.tgid == tgid {
        ring.main.flags |= SETTLED;
    } else if has_ended_well(&ring.main) && !threads::is_born_here(task) {
        ring.main = MainProcess { tgid, flags: SETTLED, ..MainProcess::default() };
    }
}

/// A process ends, with its last thread.
#[inline(always)]
pub fn ends(thread: &Thread, task: *mut c_void, exit: &Exit) {
    let Some(ring) = ring(thread) else { return };
    let main = &mut ring.main;
    let takes_place = main.flags & SETTLED == 0 && has_ended_well(main) && !threads::is_born_here(task);
    if main.tgid == exit.tgid || takes_place {
        (main.tgid, main.status, main.ended_ns) = (exit.tgid, exit.status, exit.time_ns);
    }
}

/// Whether what was the main process may have been a step on the way.
#[inline(always)]
fn has_ended_well(main: &MainProcess) -> bool {
    main.ended_ns != 0 && main.status == 0
}

/// The ring that a thread's records go to, unless it is another's by now.
#[inline(always)]
fn ring(thread: &Thread) -> Option<&'static mut Ring> {
    maps::ring(thread.ring).filter(|ring| ring.recording == thread.recording)
}
