//! When clients of a container asked it for something: what a server says then may be of what they ask.

use crate::facts::Facts;
use rewind_common::record::connection::{direction, what};
use rewind_recording::event::What;
use rewind_recording::events::connection;
use std::collections::{HashMap, HashSet};

/// What is said so soon behind what a client asked may be of that.
const ASKED_NS: u64 = 500_000_000;
/// One of so many may be chance.
const SHARE: usize = 3;

/// When clients may have asked for something: from when until when.
pub(crate) struct Clients(Vec<(u64, u64)>);

impl Clients {
    pub(crate) fn of(facts: &Facts<'_>) -> Self {
        let served = facts.served.iter().map(|served| (served.began_ns, served.at_ns));
        let waiting = facts.unanswered.iter().map(|request| (request.began_ns, request.closed_ns.unwrap_or(u64::MAX)));
        let mut asked: Vec<_> = served.chain(waiting).collect();
        // What is asked by a connection while it is open is not known, but for single requests.
        let (mut open, mut own) = (HashMap::new(), HashSet::new());
        for event in (0..facts.timeline.len()).filter_map(|index| facts.timeline.event(index)) {
            match event.what {
                // It asks itself, as Prometheus does for its own metrics.
                What::Connection(told) if told.direction == direction::OUT => {
                    own.insert(connection::local(&told));
                }
                What::Connection(told) if told.direction == direction::IN => {
                    let ends = (connection::local(&told), connection::peer(&told));
                    let (since_ns, _) = *open.entry(ends).or_insert((told.time_ns, u64::MAX));
                    if told.header.flags == what::CLOSED {
                        open.insert(ends, (since_ns.min(told.since_ns), told.time_ns));
                    }
                }
                _ => {}
            }
        }
        asked.extend(open.into_iter().filter(|((_, peer), _)| !own.contains(peer)).map(|(_, time)| time));
        Self(asked)
    }

    /// Whether most of what was said at these times may be of what they ask for.
    pub(crate) fn ask_for(&self, at_ns: &[u64]) -> bool {
        let is_asked = |at_ns: &&u64| {
            self.0.iter().any(|(from_ns, until_ns)| (*from_ns..=until_ns.saturating_add(ASKED_NS)).contains(at_ns))
        };
        at_ns.iter().filter(is_asked).count() * SHARE > at_ns.len()
    }
}
