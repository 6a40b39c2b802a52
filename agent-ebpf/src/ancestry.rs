//! The nearest cgroup above one that has an entry of its own in the map of cgroups.
//!
//! Sub-cgroups have none: a container can make as many as it likes, and the map is everybody's. Entries stand
//! on the first levels alone ([`ENTRY_LEVELS`]), so the way is short however deep a container nests.

use crate::globals::{global, offset};
use crate::maps;
use crate::probe::field;
use core::ffi::c_void;
use rewind_common::ring::ENTRY_LEVELS;

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

/// The id of a cgroup (its address), or of the nearest above it that has an entry. 0: none has.
#[inline(always)]
pub fn entered(cgroup: *const c_void) -> u64 {
    entered_id(cgroup as u64)
}

global! {
    /// [`entered`].
    ///
    /// Verifier: a global function, so that its loop is walked once.
    fn entered_id(cgroup: u64) -> u64 {
        let cgroup = cgroup as *const c_void;
        let level: u32 = field(cgroup, offset!(cgroup_level));
        let deepest = if level < ENTRY_LEVELS { level } else { ENTRY_LEVELS };
        for up in 0..=ENTRY_LEVELS {
            if up > deepest {
                break;
            }
            let id = ancestor(cgroup, deepest - up);
            if maps::cgroup(id).is_some() {
                return id;
            }
        }
        0
    }
}

/// The id of the ancestor at a level; at its own that is itself.
#[inline(always)]
fn ancestor(cgroup: *const c_void, level: u32) -> u64 {
    let at = offset!(cgroup_ancestors) + 8 * level as usize;
    if offset!(ancestors_are_ids) != 0 {
        return field(cgroup, at);
    }
    id(field(cgroup, at))
}
