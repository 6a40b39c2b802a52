//! Fields of the kernel's `struct cgroup`.

use crate::globals::offset;
use crate::probe::field;
use core::ffi::c_void;

/// The inode number of the cgroup's directory, which is what `bpf_get_current_cgroup_id` gives.
#[inline(always)]
pub fn id(cgroup: *const c_void) -> u64 {
    field(field(cgroup, offset!(cgroup_kn)), offset!(kn_id))
}

/// The address of a typed cgroup, as a number. Verifier: a typed pointer is no number, which is all that a global
/// function takes; but a cgroup's own state (`cgroup.self`) says whose it is.
#[inline(always)]
pub fn address(cgroup: *const c_void) -> *const c_void {
    field(cgroup, offset!(cgroup_parent_css) - offset!(css_parent) + offset!(css_cgroup))
}

/// The cgroup above it; null: it is the root.
#[inline(always)]
pub fn parent(cgroup: *const c_void) -> *const c_void {
    let css: *const c_void = field(cgroup, offset!(cgroup_parent_css));
    field(css, offset!(css_cgroup))
}
