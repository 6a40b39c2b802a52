//! Cgroups come and go, and tasks move between them: `cgroup_mkdir(struct cgroup *cgrp, const char *path)`,
//! `cgroup_rmdir`, `cgroup_attach_task` and `cgroup_notify_populated`, since 5.5 as typed raw tracepoints.
//!
//! They fire for every hierarchy; only the unified one (hierarchy 0) counts. In which state a new
//! cgroup begins follows from its parent's state and its own name, as the agent decides for those
//! that it finds (`name.rs`). One that is only what the one above hands down gets no entry.

use crate::ancestry;
use crate::cgroup::{self, id};
use crate::globals::{global, offset};
use crate::maps::{self, CGROUPS, PATHS, Path};
use crate::name::{self, NAME_BYTES, Name};
use crate::probe::{self, field};
use crate::{atomic, clock, recorded};
use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use core::ffi::c_void;
use rewind_common::ring::{Cgroup, ENTRY_LEVELS, MAX_NAMED, Ring, cgroup_state as state};

/// A cgroup is made.
#[btf_tracepoint(function = "cgroup_mkdir")]
pub fn cgroup_mkdir(ctx: BtfTracePointContext) {
    let (cgroup, path): (*const c_void, *const c_void) = (ctx.arg(0), ctx.arg(1));
    if !is_unified(cgroup) {
        return;
    }
    let parent = ancestry::entered(cgroup::parent(cgroup));
    let Some(above) = maps::cgroup(parent) else { return };
    let kn: *const c_void = field(cgroup, offset!(cgroup_kn));
    let state = state_below(above.state, field(kn, offset!(kn_name)));
    let id = id(cgroup);
    // What has no entry is as the one above, which may be refused a ring, or taking one.
    let is_entered = state::needs_entry(above.state, state) && enter(cgroup, id, parent, above, state);
    if state::may_record(if is_entered { state } else { above.state }) {
        recorded::count_cgroup(id, 1);
    }
    if is_entered && state == state::OPEN {
        remember_path(id, path);
    }
}

/// Makes an entry for a cgroup that is not what the one above hands down; whether there was room for it.
#[inline(always)]
fn enter(cgroup: *const c_void, id: u64, parent: u64, above: &mut Cgroup, state: u32) -> bool {
    let is_named = above.state == state::SLICE;
    let has_room = !is_named || above.named < MAX_NAMED;
    let is_shallow = field::<u32>(cgroup, offset!(cgroup_level)) <= ENTRY_LEVELS;
    let entry = Cgroup { state, ring: 0, parent, main_tgid: 0, named: 0 };
    if has_room && is_shallow && CGROUPS.insert(&id, &entry, 0).is_ok() {
        atomic::add_u32(&mut above.named, u32::from(is_named));
        return true;
    }
    if let Some(node) = maps::node() {
        atomic::add(&mut node.unfollowed, 1);
    }
    false
}

/// A cgroup is removed.
#[btf_tracepoint(function = "cgroup_rmdir")]
pub fn cgroup_rmdir(ctx: BtfTracePointContext) {
    let cgroup: *const c_void = ctx.arg(0);
    if !is_unified(cgroup) {
        return;
    }
    let id = id(cgroup);
    let at = ancestry::entered(cgroup::address(cgroup));
    if let Some(known) = maps::cgroup(at) {
        if state::may_record(known.state) {
            recorded::count_cgroup(id, u32::MAX);
        }
        if at == id
            && let Some(above) = maps::cgroup(known.parent)
            && above.state == state::SLICE
            && above.named != 0
        {
            atomic::add_u32(&mut above.named, u32::MAX);
        }
    }
    let _ = PATHS.remove(&id);
    if let Some(ring) = ring_of(id) {
        ring.died_ns = clock::now_ns();
        note_end();
    }
    let _ = CGROUPS.remove(&id);
}

/// A cgroup loses its last process, those of cgroups below it counted, or has its first (again):
/// `cgroup_notify_populated(struct cgroup *cgrp, const char *path, int val)`, since 5.3
/// (`cgroup_update_populated` in `kernel/cgroup/cgroup.c`). A dying task leaves its cgroup in
/// `cgroup_exit`, which `do_exit` calls after `sched_process_exit`: all records are written by then.
#[btf_tracepoint(function = "cgroup_notify_populated")]
pub fn cgroup_notify_populated(ctx: BtfTracePointContext) {
    let (cgroup, populated): (*const c_void, u32) = (ctx.arg(0), ctx.arg(2));
    if !is_unified(cgroup) {
        return;
    }
    if let Some(ring) = ring_of(id(cgroup)) {
        // The kernel holds a lock over all changes of this kind.
        ring.ended_ns = if populated == 0 { clock::now_ns() } else { 0 };
        note_end();
    }
}

/// The ring that is this cgroup's own, not one that it inherited.
#[inline(always)]
fn ring_of(id: u64) -> Option<&'static mut Ring> {
    let known = maps::cgroup(id)?;
    if known.state != state::RECORDED {
        return None;
    }
    maps::ring(known.ring).filter(|ring| ring.cgroup_id == id)
}

/// Lets the agent know, by one word, that some ring's end has changed.
#[inline(always)]
fn note_end() {
    if let Some(node) = maps::node() {
        atomic::add(&mut node.ends, 1);
    }
}

/// A task moves: `cgroup_attach_task(struct cgroup *dst_cgrp, const char *path, struct task_struct *task, bool threadgroup)`.
/// It fires when the move is done (`kernel/cgroup/cgroup.c`). Threads look their ring up anew at their next
/// call; the one that they are in still belongs to the old one.
#[btf_tracepoint(function = "cgroup_attach_task")]
pub fn cgroup_attach_task(ctx: BtfTracePointContext) {
    if is_unified(ctx.arg(0))
        && let Some(node) = maps::node()
    {
        atomic::add(&mut node.epoch, 1);
    }
}

#[inline(always)]
fn is_unified(cgroup: *const c_void) -> bool {
    let root: *const c_void = field(cgroup, offset!(cgroup_root));
    field::<u32>(root, offset!(root_hierarchy_id)) == 0 && !root.is_null()
}

global! {
    /// The state in which a cgroup begins whose name is at address `name`, below one in state `parent`.
    ///
    /// Verifier: a global function, so that its loops over the name are walked once, and its 256 bytes
    /// are on a stack of which little else is used.
    fn state_below(parent: u32, name: u64) -> u32 {
        let mut text = [0u8; NAME_BYTES];
        let read = probe::kernel_string(&mut text, name as *const c_void);
        // The length that it gives counts the NUL. Without a name it begins as one that says nothing.
        let len = if read > 0 && read <= NAME_BYTES as i64 { read as u64 - 1 } else { 0 };
        name::begin(parent, &Name::of(&text, len))
    }
}

/// Keeps the path until the cgroup's first call, when it moves into the ring.
#[inline(always)]
fn remember_path(id: u64, path: *const c_void) {
    // Verifier: 512 bytes are more than a program's stack; the map's own memory is used: the entry
    // is made from a value of the map of rings (any 512 bytes do), then written in place.
    let Some(any) = maps::ring(0) else { return };
    let _ = PATHS.insert(&id, Path::of(&any.path), 0);
    if let Some(kept) = maps::path(id) {
        probe::kernel_string(&mut kept.0, path);
    }
}
