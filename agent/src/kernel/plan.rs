//! What is loaded, and how large: pure.

use rewind_common::chunk::ARENA_VALUE_BYTES;
use rewind_common::ring::{IDENTITY_BYTES, MAX_SEGMENTS, Ring, SHARES};

/// A program and the hook that it goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hook {
    /// The program's name in the object, which is the tracepoint's.
    pub name: &'static str,
    /// What is given up where a kernel lacks it; `None`: nothing works without it.
    pub without: Option<&'static str>,
    /// When it is attached.
    pub stage: Stage,
}

/// Cgroups are followed before those that are there are looked through, so that none is missed in
/// between; calls are recorded when all of them are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Follows cgroups.
    Follow,
    /// Records.
    Record,
}

/// All hooks, in the order in which they are attached: a call's end before its start, so that no
/// start is remembered that has no end.
pub const HOOKS: &[Hook] = &[
    Hook { name: "cgroup_mkdir", without: None, stage: Stage::Follow },
    Hook { name: "cgroup_rmdir", without: None, stage: Stage::Follow },
    Hook { name: "cgroup_attach_task", without: None, stage: Stage::Follow },
    Hook {
        name: "cgroup_notify_populated",
        without: Some("a container counts as ended only when its cgroup is removed"),
        stage: Stage::Follow,
    },
    Hook { name: "sched_process_exit", without: None, stage: Stage::Record },
    Hook { name: "signal_deliver", without: Some("signals are not recorded"), stage: Stage::Record },
    Hook { name: "signal_generate", without: Some("senders of signals are not recorded"), stage: Stage::Record },
    Hook { name: "mark_victim", without: Some("kills by the OOM killer are not recorded"), stage: Stage::Record },
    Hook { name: "sched_process_fork", without: Some("forks are not recorded as events"), stage: Stage::Record },
    Hook { name: "sched_process_exec", without: Some("execs are not recorded as events"), stage: Stage::Record },
    Hook { name: "sys_exit", without: None, stage: Stage::Record },
    Hook { name: "sys_enter", without: None, stage: Stage::Record },
];

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Bytes of the node's whole budget for rings.
    pub budget_bytes: u64,
    /// Most bytes of one container's ring.
    pub ring_bytes: u64,
    /// Most payload bytes kept of one call.
    pub payload_bytes: u32,
}

/// A budget that cannot hold a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a budget of {budget_bytes} bytes is too small for one ring, which takes {min_bytes}; ask for more")]
pub struct TooSmall {
    budget_bytes: u64,
    min_bytes: u64,
}

/// How large the maps are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Segments in the arena.
    pub segments: u32,
    /// Rings: as many as there can be with one segment in each share.
    pub rings: u32,
    /// Most segments of the main and of the protected share.
    pub limits: [u32; SHARES],
}

impl Plan {
    /// The sizes of the maps that this plan needs: three quarters of a ring are its main share.
    ///
    /// # Errors
    /// [`TooSmall`].
    pub fn sizes(&self) -> Result<Sizes, TooSmall> {
        let segment = ARENA_VALUE_BYTES as u64;
        let ring = (size_of::<Ring>() + IDENTITY_BYTES) as u64;
        let min_bytes = SHARES as u64 * segment + ring;
        // Each ring that there can be costs its own entry beside its segments.
        let segments = self.budget_bytes / (segment + ring / SHARES as u64);
        if segments < SHARES as u64 {
            return Err(TooSmall { budget_bytes: self.budget_bytes, min_bytes });
        }
        let segments = u32::try_from(segments).unwrap_or(u32::MAX);
        let most = (self.ring_bytes / segment).clamp(2, u64::from(segments)) as u32;
        let protected = (most / 4).clamp(1, MAX_SEGMENTS as u32);
        let main = (most - protected).clamp(1, MAX_SEGMENTS as u32);
        Ok(Sizes { segments, rings: segments / SHARES as u32, limits: [main, protected] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn the_default_budget_holds_several_hundred_rings() {
        let plan = Plan { budget_bytes: 64 * MIB, ring_bytes: MIB, payload_bytes: 256 };
        let sizes = plan.sizes().unwrap();
        assert!(sizes.rings > 900, "{sizes:?}");
        assert!(u64::from(sizes.segments) * (ARENA_VALUE_BYTES as u64) < 64 * MIB);
        assert_eq!(sizes.limits, [24, 7]);
    }

    #[test]
    fn a_budget_too_small_for_one_ring_is_refused() {
        let plan = Plan { budget_bytes: 4096, ring_bytes: MIB, payload_bytes: 256 };
        assert!(plan.sizes().unwrap_err().to_string().contains("too small for one ring"));
    }
}
