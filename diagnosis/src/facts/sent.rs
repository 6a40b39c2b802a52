//! When something was sent to a peer: what else than a message that is recorded may be an answer.

use super::seen::Seen;
use super::subject::Subject;
use crate::calls::bits;
use std::collections::HashMap;

/// Peers by which calls moved something, and when the last of it was sent; 0: nothing was.
#[derive(Debug, Default)]
pub(super) struct Sent(HashMap<String, u64>);

impl Sent {
    /// Takes a call that succeeded into account.
    pub(super) fn add(&mut self, seen: &Seen<'_, '_>, subject: &Subject) {
        if let Subject::Peer(peer) = subject
            && seen.has(bits::SENDS | bits::RECEIVES)
        {
            let last_ns = self.0.entry(peer.clone()).or_default();
            *last_ns = if seen.has(bits::SENDS) { seen.event.end_ns } else { *last_ns };
        }
    }

    /// When something was sent to a peer last; `None` where no call is known to be on a socket with it.
    pub(super) fn last_ns(&self, peer: &str) -> Option<u64> {
        self.0.get(peer).copied()
    }
}
