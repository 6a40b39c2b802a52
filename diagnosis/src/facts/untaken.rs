//! Connections that the kernel has established for a server, which has taken none since.

use super::seen::Seen;
use rewind_common::record::connection::what;
use rewind_recording::event::{Event, What};
use rewind_recording::events::connection;
use std::net::SocketAddr;

/// A connection that waits to be accepted.
#[derive(Clone, Debug)]
pub struct Untaken {
    /// The event that it came with.
    pub index: usize,
    /// When it came.
    pub at_ns: u64,
    /// This end.
    pub local: SocketAddr,
    peer: SocketAddr,
}

/// Who takes connections.
#[derive(Clone, Copy, Debug)]
pub struct Taker {
    /// The process.
    pub tgid: u32,
    /// When it took its last one.
    pub at_ns: u64,
}

/// Connections, and who takes them.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    waiting: Vec<Untaken>,
    /// Who took one last, and when.
    taker: Option<Taker>,
}

impl Backlog {
    /// Takes an event that is no call into account.
    pub(super) fn event(&mut self, index: usize, event: &Event<'_>) {
        match event.what {
            What::Connection(told) => {
                let (local, peer) = (connection::local(&told), connection::peer(&told));
                self.waiting.retain(|it| (it.local, it.peer) != (local, peer));
                if told.header.flags == what::ACCEPTED {
                    self.waiting.push(Untaken { index, at_ns: told.time_ns, local, peer });
                }
            }
            // Somebody reads it, whatever took it.
            What::SocketMessage(message) => {
                self.waiting.retain(|it| (it.local, it.peer) != (message.local(), message.peer()));
            }
            _ => {}
        }
    }

    /// Takes a call into account: who takes one may have taken all that came before.
    pub(super) fn call(&mut self, seen: &Seen<'_, '_>) {
        if matches!(&**seen.name, "accept" | "accept4") && seen.has_succeeded() {
            self.waiting.clear();
            self.taker = Some(Taker { tgid: seen.tgid, at_ns: seen.event.end_ns });
        }
    }

    /// Those that came once all calls are held, and who took those before them; none where nobody was seen to take any.
    pub(super) fn finish(self, complete_ns: u64) -> Option<(Taker, Vec<Untaken>)> {
        let mut waiting = self.waiting;
        waiting.retain(|it| it.at_ns >= complete_ns);
        Some((self.taker?, waiting)).filter(|(_, waiting)| !waiting.is_empty())
    }
}
