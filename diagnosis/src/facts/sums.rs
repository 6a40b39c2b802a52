//! Sums of calls by name.

use super::failure::Subject;

/// Sums of the calls of one name.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    /// Calls.
    pub calls: u64,
    /// Of those, failed.
    pub errors: u64,
    /// Time in them.
    pub total_ns: u64,
    /// The longest, and which event it is.
    pub longest: (u64, usize),
    /// What the longest was about.
    pub subject: Subject,
    /// The longest as strace would have it, descriptors by what they were then; empty if it was quick.
    pub example: String,
}

impl Sums {
    /// Adds a call, and says whether it is the longest so far.
    pub(super) fn add(&mut self, index: usize, ns: u64) -> bool {
        self.calls += 1;
        self.total_ns = self.total_ns.saturating_add(ns);
        let is_longest = (ns, index) > self.longest || self.calls == 1;
        if is_longest {
            self.longest = (ns, index);
        }
        is_longest
    }
}
