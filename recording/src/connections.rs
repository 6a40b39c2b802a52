//! TCP connections, each put together of what was told of it.

use crate::event::{Event, What};
use crate::events::Connection;
use crate::events::connection::{direction_name, local, peer};
use rewind_common::record::connection::what;
use std::collections::HashMap;
use std::net::SocketAddr;

/// What makes a connection one, of those that a container has had: both ends, and when it was established.
pub type Key = (SocketAddr, SocketAddr, u64);

/// A connection, or a connect that came to nothing.
#[derive(Clone, Copy, Debug)]
pub struct Connected {
    /// What was told of it last.
    pub last: Connection,
    /// When it began.
    pub start_ns: u64,
    /// Whether that was seen; else it is when it was established, as far as that is known.
    pub is_start_seen: bool,
    /// When it was established; of a connect that failed, when that was.
    pub established_ns: u64,
    /// Whether it is over.
    pub is_over: bool,
}

/// The connection that an event is of.
#[must_use]
pub fn key(told: &Connection) -> Key {
    let is_since = told.header.flags == what::CLOSED && told.since_ns != 0;
    (local(told), peer(told), if is_since { told.since_ns } else { told.time_ns })
}

/// Most open connections that are remembered. Of more than these the oldest are forgotten: their ends come without
/// their beginnings.
const MAX_OPEN: usize = 1 << 14;

/// The connections of a recording, as they come to be over.
#[derive(Debug, Default)]
pub struct Connections {
    open: HashMap<Key, Connected>,
    forgotten: u64,
}

impl Connections {
    /// All that events tell of, which come in the order of their ends, by when they began.
    pub fn of<'a>(events: impl Iterator<Item = Event<'a>>) -> Vec<Connected> {
        let mut connections = Self::default();
        let told = events.filter_map(|event| match event.what {
            What::Connection(told) => Some(told),
            _ => None,
        });
        let mut all: Vec<_> = told.filter_map(|told| connections.take(told)).collect();
        all.extend(connections.end());
        all.sort_by_key(|connected| (connected.start_ns, connected.established_ns));
        all
    }

    /// Takes what is told of a connection next; the connection, if it is over with that.
    pub fn take(&mut self, told: Connection) -> Option<Connected> {
        let start_ns = if told.since_ns == 0 { told.time_ns } else { told.since_ns };
        let begun = Connected {
            last: told,
            start_ns,
            // One that is accepted begins with that.
            is_start_seen: told.since_ns != 0 || told.header.flags == what::ACCEPTED,
            established_ns: told.time_ns,
            is_over: !matches!(told.header.flags, what::CONNECTED | what::ACCEPTED),
        };
        if !begun.is_over {
            if self.open.len() >= MAX_OPEN {
                self.forget_half();
            }
            self.open.insert(key(&told), begun);
            return None;
        }
        if told.header.flags != what::CLOSED {
            return Some(begun);
        }
        Some(match self.open.remove(&key(&told)) {
            Some(known) => Connected { last: told, is_over: true, ..known },
            // Its beginning is not held.
            None => Connected { is_start_seen: false, established_ns: start_ns, ..begun },
        })
    }

    /// Those that are not over, by when they began.
    #[must_use]
    pub fn end(self) -> Vec<Connected> {
        let mut open: Vec<_> = self.open.into_values().collect();
        open.sort_by_key(|connected| (connected.start_ns, connected.established_ns));
        open
    }

    /// How many are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// How many were forgotten while they were open.
    #[must_use]
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Forgets the older half of those that are open. Half of them at once, or each new one would look through all.
    pub fn forget_half(&mut self) {
        let before = self.open.len();
        let mut by_age: Vec<u64> = self.open.values().map(|connected| connected.established_ns).collect();
        by_age.sort_unstable();
        let middle = by_age.get(before / 2).copied().unwrap_or(u64::MAX);
        self.open.retain(|_, connected| connected.established_ns > middle);
        self.open.shrink_to_fit();
        self.forgotten += (before - self.open.len()) as u64;
    }
}

impl Connected {
    /// Which one it is.
    #[must_use]
    pub fn key(&self) -> Key {
        (local(&self.last), peer(&self.last), self.established_ns)
    }

    /// What it is called: by the end that the connect went to.
    #[must_use]
    pub fn name(&self) -> String {
        let (local, peer) = (local(&self.last), peer(&self.last));
        match direction_name(&self.last) {
            Some("out") => format!("TCP connect {peer}"),
            Some("in") => format!("TCP accept {local}"),
            _ => format!("TCP {peer}"),
        }
    }
}
