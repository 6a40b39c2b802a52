//! A call that failed.

use super::seen::Seen;
use super::subject::Subject;
use crate::meaning::{Meaning, is_absent};
use rewind_recording::call::{Refusal, RefusedBy};
use rewind_recording::decode;
use std::borrow::Cow;

/// A call that failed. Indices are those of the timeline.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which event.
    pub index: usize,
    /// When it failed.
    pub at_ns: u64,
    /// How long that took; of a connection in the background, since it was begun.
    pub duration_ns: u64,
    /// Its process.
    pub tgid: u32,
    /// Its thread.
    pub tid: u32,
    /// The call; of a request of HTTP its method and path: `GET /config`.
    pub name: Cow<'static, str>,
    /// What it was about.
    pub subject: Subject,
    /// The second path, of calls with two: where a file was to be moved or linked to.
    pub to: Option<String>,
    /// Why it failed, or what [`meaning`](crate::meaning) has in place of an errno.
    pub errno: u16,
    /// Who answered it before the kernel began it, if somebody did.
    pub refused: Option<RefusedBy>,
    /// Whether it was only looked whether it is there.
    pub is_look: bool,
    /// Whether the same, or a file of the same name elsewhere, was had later.
    pub recovered: bool,
}

impl Failure {
    /// That a call failed; how long it took is what its event says.
    pub(super) fn of(seen: &Seen<'_, '_>, subject: Subject, errno: u16) -> Self {
        let event = seen.event;
        Self {
            index: seen.index,
            at_ns: event.end_ns,
            duration_ns: event.end_ns.saturating_sub(event.start_ns),
            tgid: seen.tgid,
            tid: event.tid,
            name: seen.name.clone(),
            subject,
            to: decode::paths(seen.invocation, seen.arch).nth(1).map(Cow::into_owned),
            errno,
            refused: seen.call().refusal.map(Refusal::by),
            is_look: seen.is_look(),
            recovered: false,
        }
    }

    /// Whether nothing is there by that name: what is found later was missing, not refused.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        is_absent(self.errno)
    }

    /// What it means that it failed so.
    #[must_use]
    pub fn meaning(&self) -> Meaning {
        match Meaning::of(&self.name, self.errno) {
            // What asks what the kernel offers is told so by a filter as well.
            Meaning::Answer(answer) => Meaning::Answer(answer),
            _ if self.refused.is_some() => Meaning::Filtered,
            meaning => meaning,
        }
    }
}
