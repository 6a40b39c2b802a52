//! Sums of calls by name.

use super::seen::Seen;
use super::subject::Subject;
use crate::text;
use rewind_recording::event::Outcome;
use rewind_recording::filter::failed;
use rewind_recording::origin::Origins;

/// A call that took less is no example of slowness.
const SLOW_NS: u64 = 1_000_000;

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
    /// Adds a call, before the table of descriptors takes it into account.
    pub(super) fn add(&mut self, seen: &Seen<'_, '_>, subject: &Subject) {
        let ns = took_ns(seen);
        self.calls += 1;
        self.total_ns = self.total_ns.saturating_add(ns);
        if seen.has_returned() && failed(seen.call()) {
            self.errors += 1;
        }
        if (ns, seen.index) > self.longest || self.calls == 1 {
            self.longest = (ns, seen.index);
            self.subject = subject.clone();
            let table = seen.table.filter(|_| ns >= SLOW_NS);
            let example = |table| text::event(seen.event, seen.arch, &Origins::default(), Some(table));
            self.example = table.map(example).unwrap_or_default();
        }
    }
}

/// How long a call took, as far as that is known.
fn took_ns(seen: &Seen<'_, '_>) -> u64 {
    match seen.outcome {
        Outcome::Returned | Outcome::Died => seen.call().duration_ns,
        Outcome::InFlight => seen.until_ns.saturating_sub(seen.event.start_ns),
        Outcome::InProgress | Outcome::Lost => 0,
    }
}
