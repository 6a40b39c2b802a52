//! Cgroups come and go, and tasks move between them: `cgroup_mkdir(struct cgroup *cgrp, const char *path)`,
//! `cgroup_rmdir`, `cgroup_attach_task` and `cgroup_notify_populated`, since 5.5 as typed raw tracepoints.
//!
//! They fire for every hierarchy; only the unified one (hierarchy 0) counts. A new cgroup inherits
//! what its parent says about those below it.

use crate::atomic;
use crate::filter;
use crate::maps::{CGROUPS, NODE, PATHS, Path, RINGS};
use crate::task::{field, offset};
use aya_ebpf::{
    EbpfContext,
    helpers::{bpf_ktime_get_ns, generated::bpf_probe_read_kernel_str},
    macros::btf_tracepoint,
    programs::BtfTracePointContext,
};
use core::ffi::c_void;
use rewind_common::ring::{Cgroup, PATH_BYTES, Ring, cgroup_state as state};

/// A cgroup is made.
#[btf_tracepoint(function = "cgroup_mkdir")]
pub fn cgroup_mkdir(ctx: BtfTracePointContext) {
    let ctx: *const *const c_void = ctx.as_ptr().cast();
    // SAFETY: the arguments of the tracepoint, as declared above.
    let (cgroup, path) = unsafe { (*ctx, *ctx.add(1)) };
    if !is_unified(cgroup) {
        return;
    }
    let parent_css: *const c_void = field(cgroup, offset!(cgroup_parent_css));
    let parent = id(field(parent_css, offset!(css_cgroup)));
    // SAFETY: read at once.
    let Some(above) = (unsafe { CGROUPS.get(&parent) }) else { return };
    let (state, ring) = match above.state {
        state::RECORDED => (state::RECORDED, above.ring),
        state::OPEN | state::TAKING | state::REFUSED | state::PARENT => (state::OPEN, 0),
        state::SLICE if is_container_scope(cgroup) => (state::OPEN, 0),
        _ => (state::IGNORED, 0),
    };
    let id = id(cgroup);
    if state != state::IGNORED {
        filter::open_sieve(id);
    }
    let _ = CGROUPS.insert(&id, &Cgroup { state, ring, parent }, 0);
    if state == state::OPEN {
        remember_path(id, path);
    }
}

/// A cgroup is removed.
#[btf_tracepoint(function = "cgroup_rmdir")]
pub fn cgroup_rmdir(ctx: BtfTracePointContext) {
    let ctx: *const *const c_void = ctx.as_ptr().cast();
    // SAFETY: the first argument of the tracepoint.
    let cgroup = unsafe { *ctx };
    if !is_unified(cgroup) {
        return;
    }
    let id = id(cgroup);
    let _ = PATHS.remove(&id);
    if let Some(ring) = ring_of(id) {
        // SAFETY: a value of the map.
        unsafe { (*ring).died_ns = bpf_ktime_get_ns() };
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
    let arguments: *const *const c_void = ctx.as_ptr().cast();
    // SAFETY: the first and the third argument of the tracepoint, as declared above.
    let (cgroup, populated) = unsafe { (*arguments, *arguments.add(2) as u64 as u32) };
    if !is_unified(cgroup) {
        return;
    }
    if let Some(ring) = ring_of(id(cgroup)) {
        // SAFETY: a value of the map; the kernel holds a lock over all changes of this kind.
        unsafe { (*ring).ended_ns = if populated == 0 { bpf_ktime_get_ns() } else { 0 } };
        note_end();
    }
}

/// The ring that is this cgroup's own, not one that it inherited.
#[inline(always)]
fn ring_of(id: u64) -> Option<*mut Ring> {
    // SAFETY: read at once.
    let known = unsafe { CGROUPS.get(&id) }?;
    if known.state != state::RECORDED {
        return None;
    }
    let ring = RINGS.get_ptr_mut(known.ring)?;
    // SAFETY: a value of the map.
    (unsafe { (*ring).cgroup_id } == id).then_some(ring)
}

/// Lets the agent know, by one word, that some ring's end has changed.
#[inline(always)]
fn note_end() {
    if let Some(node) = NODE.get_ptr_mut(0) {
        // SAFETY: a field of a value of the map.
        unsafe { atomic::add(&raw mut (*node).ends, 1) };
    }
}

/// A task moves: `cgroup_attach_task(struct cgroup *dst_cgrp, const char *path, struct task_struct *task, bool threadgroup)`.
/// It fires when the move is done (`kernel/cgroup/cgroup.c`). Threads look their ring up anew at their next
/// call; the one that they are in still belongs to the old one.
#[btf_tracepoint(function = "cgroup_attach_task")]
pub fn cgroup_attach_task(ctx: BtfTracePointContext) {
    let ctx: *const *const c_void = ctx.as_ptr().cast();
    // SAFETY: the first argument of the tracepoint, as declared above.
    let cgroup = unsafe { *ctx };
    if is_unified(cgroup)
        && let Some(node) = NODE.get_ptr_mut(0)
    {
        // SAFETY: a field of a value of the map.
        unsafe { atomic::add(&raw mut (*node).epoch, 1) };
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

/// Whether a cgroup made in a slice of host services is a container's: the systemd drivers of
/// Docker, Podman, containerd and CRI-O name their scopes so.
#[inline(always)]
fn is_container_scope(cgroup: *const c_void) -> bool {
    let kn: *const c_void = field(cgroup, offset!(cgroup_kn));
    let name: *const c_void = field(kn, offset!(kn_name));
    let first: u64 = field(name, 0);
    const fn prefix(name: &[u8; 8]) -> u64 {
        u64::from_le_bytes(*name)
    }
    const SEVEN: u64 = u64::MAX >> 8;
    const SIX: u64 = u64::MAX >> 16;
    const FIVE: u64 = u64::MAX >> 24;
    first & SEVEN == prefix(b"docker-\0")
        || first & SEVEN == prefix(b"libpod-\0")
        || first & FIVE == prefix(b"crio-\0\0\0")
        || first & SIX == prefix(b"cri-co\0\0")
}

/// Keeps the path until the cgroup's first call, when it moves into the ring.
#[inline(always)]
fn remember_path(id: u64, path: *const c_void) {
    // Verifier: 512 bytes are more than a program's stack; the map's own memory is used: the entry
    // is made from a value of the map of rings (any 512 bytes do), then written in place.
    let Some(any) = RINGS.get_ptr(0) else { return };
    // SAFETY: a value of the map; what it holds is overwritten below.
    let _ = PATHS.insert(&id, unsafe { &*(&raw const (*any).path).cast::<Path>() }, 0);
    if let Some(kept) = PATHS.get_ptr_mut(&id) {
        // SAFETY: a value of the map, of that length.
        unsafe {
            bpf_probe_read_kernel_str(kept.cast(), PATH_BYTES as u32, path);
        }
    }
}
