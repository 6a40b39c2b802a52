//! Which cgroups are recorded already, and which may be: what costs nothing but loads.

use crate::maps::{self, CGROUP_COUNTS};
use crate::{ancestry, atomic, cgroup};
use core::ffi::c_void;
use rewind_common::ring::{CGROUP_COUNTS as COUNTS, cgroup_state as state};

/// The ring of a cgroup that is recorded already: for what happens to a task that is not the current
/// one, which takes no ring.
#[inline(always)]
pub fn ring_of_other(cgroup: *const c_void) -> Option<u32> {
    if !may_be_recorded(cgroup::id(cgroup)) {
        return None;
    }
    let cgroup = maps::cgroup(ancestry::entered(cgroup))?;
    (cgroup.state == state::RECORDED).then_some(cgroup.ring)
}

/// Whether a cgroup may be recorded: most that are not end here.
#[inline(always)]
pub fn may_be_recorded(cgroup_id: u64) -> bool {
    CGROUP_COUNTS.get(0).is_some_and(|counts| counts[(cgroup_id % COUNTS) as usize] != 0)
}

/// Counts a cgroup among those that may be recorded, or (`u32::MAX`) not any more.
#[inline(always)]
pub fn count_cgroup(cgroup_id: u64, by: u32) {
    if let Some(counts) = maps::cgroup_counts() {
        atomic::add_u32(&mut counts[(cgroup_id % COUNTS) as usize], by);
    }
}
