//! The nearest cgroup above one that has an entry of its own in the map of cgroups.
//!
//! Sub-cgroups have none: a container can make as many as it likes, and the map is everybody's. Entries stand
//! on the first levels alone ([`ENTRY_LEVELS`]), so the way is short however deep a container nests.

use crate::cgroup::id;
use crate::globals::{global, offset};
use crate::maps;
use crate::probe::field;
use core::ffi::c_void;
use rewind_common::ring::ENTRY_LEVELS;

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
