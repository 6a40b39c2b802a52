//! What calls moved between a process and a peer, whatever it was: what else than a message that is recorded may be an
//! answer, and that the peer has said its last.

use super::seen::Seen;
use super::subject::Subject;
use crate::calls::bits;
use std::collections::HashMap;

/// What was seen of one peer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moved {
    /// When something was sent to it last; 0: nothing was.
    pub(super) sent_ns: u64,
    /// When it was read that nothing more comes; 0: it was not.
    pub(super) ended_ns: u64,
    /// When a socket with it was closed last; 0: none was.
    pub(super) closed_ns: u64,
}

/// Peers by which calls moved something.
#[derive(Debug, Default)]
pub(super) struct Sent(HashMap<String, Moved>);

impl Sent {
    /// Takes a call that succeeded into account.
    pub(super) fn add(&mut self, seen: &Seen<'_, '_>, subject: &Subject) {
        if let Subject::Peer(peer) = subject
            && seen.has(bits::SENDS | bits::RECEIVES | bits::CLOSES)
        {
            let moved = self.0.entry(peer.clone()).or_default();
            let at_ns = seen.event.end_ns;
            match seen.has(bits::SENDS) {
                true => moved.sent_ns = at_ns,
                false if seen.has(bits::CLOSES) => moved.closed_ns = at_ns,
                false if seen.call().result == 0 => moved.ended_ns = at_ns,
                false => {}
            }
        }
    }

    /// What was seen of a peer; `None` where no call is known to be on a socket with it.
    pub(super) fn of(&self, peer: &str) -> Option<Moved> {
        self.0.get(peer).copied()
    }
}
