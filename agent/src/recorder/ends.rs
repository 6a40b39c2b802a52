//! Ends of containers, until it is decided what is kept of each.

use super::Recorder;
use rewind_common::ring::Ring;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// How long a living recording is not reported again for a process of it that failed.
const CHILD_REST: Duration = Duration::from_secs(60);

/// What the recorder knows of ends.
#[derive(Debug, Default)]
pub(super) struct Ends {
    /// Whether anybody decides on ends. If not, every dead ring may make room.
    is_judged: bool,
    /// [`rewind_common::ring::Node::ends`] at the last look.
    seen: u64,
    /// Recordings that could not be written.
    waiting: HashSet<u64>,
    /// Those of them that had to make room.
    lost: u64,
    /// Of living recordings: failures at the last report, and when that was.
    failures: HashMap<u64, (u64, Instant)>,
    /// [`rewind_common::ring::Node::failures`] at the last look.
    failures_seen: u64,
    /// Whether some failure was not reported because its recording rests.
    rests: bool,
}

impl Recorder {
    /// From now on no dead ring makes room before [`Recorder::set_judged`] or [`Recorder::set_waiting`].
    pub fn begin_judging(&mut self) {
        self.ends.is_judged = true;
    }

    /// Whether some container's end has changed since the last look. Costs next to nothing.
    pub fn has_ends(&mut self) -> bool {
        let ends = self.mapped.node().ends;
        std::mem::replace(&mut self.ends.seen, ends) != ends
    }

    /// Recordings of containers that have ended and were not decided on, the first to end first.
    #[must_use]
    pub fn unjudged(&self) -> Vec<u64> {
        self.ended(|ring| !self.ends.waiting.contains(&ring.recording))
    }

    /// Recordings of containers that have ended and could not be written, the first to end first.
    #[must_use]
    pub fn waiting(&self) -> Vec<u64> {
        self.ended(|ring| self.ends.waiting.contains(&ring.recording))
    }

    fn ended(&self, which: impl Fn(&Ring) -> bool) -> Vec<u64> {
        let ended = self.rings().filter_map(|(_, ring)| Some((ring.end_ns()?, ring)));
        let mut ended: Vec<_> = ended.filter(|(end_ns, ring)| ring.judged_ns != *end_ns && which(ring)).collect();
        ended.sort_by_key(|(end_ns, _)| *end_ns);
        ended.into_iter().map(|(_, ring)| ring.recording).collect()
    }

    /// When the container of a recording ended; `None` if it lives, or the recording is gone.
    #[must_use]
    pub fn end_ns(&self, recording: u64) -> Option<u64> {
        self.find(recording).ok().and_then(|(_, ring)| ring.end_ns())
    }

    /// What had to be kept of a recording's end at `end_ns` is kept. It stands in the ring itself, so
    /// that the next agent knows.
    pub fn set_judged(&mut self, recording: u64, end_ns: u64) {
        self.ends.waiting.remove(&recording);
        if let Ok((index, _)) = self.find(recording) {
            self.mapped.set_judged(index, end_ns);
        }
    }

    /// A recording could not be written.
    pub fn set_waiting(&mut self, recording: u64) {
        self.ends.waiting.insert(recording);
    }

    /// How many recordings wait to be written, and how many had to make room before.
    #[must_use]
    pub fn waiting_and_lost(&self) -> (u64, u64) {
        (self.ends.waiting.len() as u64, self.ends.lost)
    }

    /// Living recordings with a process that ended with a status other than 0 since they were last
    /// named here, each at most once a minute.
    pub fn with_failed_children(&mut self) -> Vec<u64> {
        let failures = self.mapped.node().failures;
        if std::mem::replace(&mut self.ends.failures_seen, failures) == failures && !self.ends.rests {
            return Vec::new();
        }
        self.ends.rests = false;
        let (rings, now): (Vec<_>, _) = (self.rings().map(|(_, ring)| ring).collect(), Instant::now());
        self.ends.failures.retain(|recording, _| rings.iter().any(|ring| ring.recording == *recording));
        let mut named = Vec::new();
        for ring in rings.iter().filter(|ring| ring.end_ns().is_none()) {
            match self.ends.failures.get(&ring.recording) {
                Some((seen, _)) if *seen == ring.failures => {}
                None if ring.failures == 0 => {}
                Some((_, at)) if now.duration_since(*at) < CHILD_REST => self.ends.rests = true,
                _ => {
                    self.ends.failures.insert(ring.recording, (ring.failures, now));
                    named.push(ring.recording);
                }
            }
        }
        named
    }

    /// Whether it is still to be decided what is kept of a ring whose container has ended.
    pub(super) fn is_unjudged(&self, ring: &Ring) -> bool {
        let is_judged = !self.ends.is_judged || ring.end_ns() == Some(ring.judged_ns);
        ring.end_ns().is_some() && !is_judged && !self.is_waiting(ring)
    }

    /// Whether it could not be written.
    pub(super) fn is_waiting(&self, ring: &Ring) -> bool {
        self.ends.waiting.contains(&ring.recording)
    }

    /// A recording has made room.
    pub(super) fn release_end(&mut self, recording: u64) {
        if self.ends.waiting.remove(&recording) {
            self.ends.lost += 1;
            tracing::warn!(recording, "a recording that could not be written had to make room");
        }
    }

    /// A container that was too short for its name to be there in time is asked about once more.
    pub(super) fn name_at_end(&mut self, ring: &Ring) {
        self.container(ring);
        if let Some(container) = self.known.get_mut(&ring.recording).filter(|container| container.name.is_empty()) {
            self.names.fill(container);
        }
    }
}
