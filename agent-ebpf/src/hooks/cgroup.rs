//! Cgroups come and go, and tasks move between them: `cgroup_mkdir(struct cgroup *cgrp, const char *path)`,
//! `cgroup_rmdir`, `cgroup_attach_task` and `cgroup_notify_populated`, since 5.5 as typed raw tracepoints.
//!
//! They fire for every hierarchy; only the unified one (hierarchy 0) counts. In which state a new
//! cgroup begins follows from its parent's state and its own name, as the agent decides for those
//! that it finds (`name.rs`).

use crate::globals::{global, offset};
use crate::maps::{self, CGROUPS, PATHS, Path};
use crate::name::{self, NAME_BYTES, Name};
use crate::probe::{self, field};
use crate::{atomic, clock, filter};
use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use core::ffi::c_void;
use rewind_common::ring::{Cgroup, Ring, cgroup_state as state};

/// A cgroup is made.
#[btf_tracepoint(function = "cgroup_mkdir")]
pub fn cgroup_mkdir(ctx: BtfTracePointContext) {
    let (cgroup, path): (*const c_void, *const c_void) = (ctx.arg(0), ctx.arg(1));
    if !is_unified(cgroup) {
        return;
    }
    let parent_css: *const c_void = field(cgroup, offset!(cgroup_parent_css));
    let parent = id(field(parent_css, offset!(css_cgroup)));
    let Some(above) = maps::cgroup(parent) else { return };
    let kn: *const c_void = field(cgroup, offset!(cgroup_kn));
    let state = state_below(above.state, field(kn, offset!(kn_name)));
    let ring = if state == state::RECORDED { above.ring } else { 0 };
    let id = id(cgroup);
    if matches!(state, state::OPEN | state::RECORDED) {
        filter::set_cgroup_bit(id);
    }
    let _ = CGROUPS.insert(&id, &Cgroup { state, ring, parent, main_tgid: 0, reserved: 0 }, 0);
    if state == state::OPEN {
        remember_path(id, path);
    }
}

/// A cgroup is removed.
#[btf_tracepoint(function = "cgroup_rmdir")]
pub fn cgroup_rmdir(ctx: BtfTracePointContext) {
    let cgroup: *const c_void = ctx.arg(0);
    if !is_unified(cgroup) {
        return;
    }
    let id = id(cgroup);
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

/// The inode number of the cgroup's directory, which is what `bpf_get_current_cgroup_id` gives.
#[inline(always)]
fn id(cgroup: *const c_void) -> u64 {
    field(field(cgroup, offset!(cgroup_kn)), offset!(kn_id))
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
