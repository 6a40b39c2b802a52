//! What follows from the figures of an OOM kill.

use rewind_common::record as wire;

/// What follows from the figures of an OOM kill.
pub trait Limits {
    /// Whether a memory cgroup was at its limit: otherwise the host itself ran out of memory. The kernel
    /// takes memory from a cgroup in batches on each CPU, so it is at its limit a little below it.
    fn met_limit(&self) -> bool;
}

impl Limits for wire::OomKill {
    fn met_limit(&self) -> bool {
        let room = self.limit_bytes.saturating_sub(self.usage_bytes);
        self.limit_bytes != 0 && room <= (self.limit_bytes / 16).max(4 << 20)
    }
}
