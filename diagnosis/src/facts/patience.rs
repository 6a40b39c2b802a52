//! How long a living process waits before what it asked of a peer counts as not answered.

use std::collections::HashMap;
use std::hash::Hash;

/// It counts as not answered after this time.
pub(crate) const LEAST_NS: u64 = 5_000_000_000;
/// And after so many times what the longest earlier answer of the same peer took.
pub(crate) const LONGER: u64 = 3;

/// How long the longest answer of each peer took.
#[derive(Debug)]
pub(super) struct Patience<P>(HashMap<P, u64>);

impl<P> Default for Patience<P> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<P: Eq + Hash> Patience<P> {
    /// A peer took so long.
    pub(super) fn took(&mut self, peer: P, ns: u64) {
        let longest_ns = self.0.entry(peer).or_default();
        *longest_ns = ns.max(*longest_ns);
    }

    /// With a peer.
    pub(super) fn with(&self, peer: &P) -> u64 {
        let longest_ns = self.0.get(peer).copied().unwrap_or_default();
        LEAST_NS.max(LONGER.saturating_mul(longest_ns))
    }
}
