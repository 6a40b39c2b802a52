//! Ends of containers: how each ended, read from its ring once, and what is decided of that.

use super::{Error, Recorder, lock};
use rewind_common::ring::Ring;
use rewind_recording::cut;
use rewind_recording::ending::Ending;
use rewind_recording::header::Origin;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

/// How long a living recording is not reported again for a process of it that failed.
const CHILD_REST: Duration = Duration::from_secs(60);

/// How long a ring whose container has ended waits to be read before it may make room.
const READ_WITHIN_NS: u64 = 5_000_000_000;

/// How a container ended.
#[derive(Clone, Debug, Default)]
pub(super) struct End {
    /// When: [`Ring::end_ns`].
    at_ns: u64,
    /// How its main process did, as far as is known.
    pub(super) ending: Option<Ending>,
    /// Whose the cgroups are that its records name, learnt then: they may be gone soon, too.
    origins: BTreeMap<u64, Origin>,
}

/// What the recorder knows of ends.
#[derive(Debug, Default)]
pub(super) struct Ends {
    /// Whether anybody decides on ends. If not, every dead ring may make room.
    is_judged: bool,
    /// Whether somebody reads all that is decisive, and what was read to its end: recordings, and when they ended.
    read: Option<HashMap<u64, u64>>,
    /// [`rewind_common::ring::Node::ends`] at the last look.
    seen: u64,
    /// By recording.
    known: HashMap<u64, End>,
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
    /// How the container of a ring ended; `None` while it lives. Its records are read the first time only: they
    /// do not change any more.
    pub(super) fn end_of(&self, index: u32, ring: &Ring) -> Result<Option<End>, Error> {
        let Some(at_ns) = ring.end_ns() else { return Ok(None) };
        let known = lock(&self.ends).known.get(&ring.recording).cloned();
        if let Some(known) = known.as_ref().filter(|end| end.at_ns == at_ns) {
            return Ok(Some(known.clone()));
        }
        let source = match self.snapshot(index, ring, Vec::new()) {
            Ok(source) => source,
            Err(Error::Gone(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut origins = known.map(|end| end.origins).unwrap_or_default();
        origins.extend(self.origins(&self.registry.container(ring), &cut::cut(&source).records));
        let end = End { at_ns, ending: cut::ends(&source).ending(), origins };
        lock(&self.ends).known.insert(ring.recording, end.clone());
        Ok(Some(end))
    }

    /// Whose the cgroups were that a recording names, as it was known when its container ended.
    pub(super) fn origins_at_end(&self, recording: u64) -> BTreeMap<u64, Origin> {
        lock(&self.ends).known.get(&recording).map(|end| end.origins.clone()).unwrap_or_default()
    }

    /// From now on no dead ring makes room before [`Recorder::set_judged`] or [`Recorder::set_waiting`], or each may.
    pub(crate) fn set_judged_at_all(&self, is_judged: bool) {
        lock(&self.ends).is_judged = is_judged;
    }

    /// From now on a ring does not make room before [`Recorder::set_read`], for a while at most; or not any more.
    pub(crate) fn begin_reading(&self, reads: bool) {
        lock(&self.ends).read = reads.then(HashMap::new);
    }

    /// All of a recording that ended at `end_ns` was read.
    pub(crate) fn set_read(&self, recording: u64, end_ns: u64) {
        if let Some(read) = &mut lock(&self.ends).read {
            read.insert(recording, end_ns);
        }
    }

    /// Whether some container's end has changed since the last look. Costs next to nothing.
    pub(crate) fn has_ends(&self) -> bool {
        let ends = self.mapped.node().ends;
        std::mem::replace(&mut lock(&self.ends).seen, ends) != ends
    }

    /// Recordings of containers that have ended and were not decided on, the first to end first.
    #[must_use]
    pub(crate) fn unjudged(&self) -> Vec<u64> {
        self.ended(false)
    }

    /// Recordings of containers that have ended and could not be written, the first to end first.
    #[must_use]
    pub(crate) fn waiting(&self) -> Vec<u64> {
        self.ended(true)
    }

    fn ended(&self, waits: bool) -> Vec<u64> {
        let ended = self.rings().filter_map(|(_, ring)| Some((ring.end_ns()?, ring)));
        let mut ended: Vec<_> = ended.filter(|(end_ns, ring)| ring.judged_ns != *end_ns).collect();
        let ends = lock(&self.ends);
        ended.retain(|(_, ring)| ends.is_waiting(ring) == waits);
        ended.sort_by_key(|(end_ns, _)| *end_ns);
        ended.into_iter().map(|(_, ring)| ring.recording).collect()
    }

    /// When the container of a recording ended; `None` if it lives, or the recording is gone.
    #[must_use]
    pub(crate) fn end_ns(&self, recording: u64) -> Option<u64> {
        self.find(recording).ok().and_then(|(_, ring)| ring.end_ns())
    }

    /// What had to be kept of a recording's end at `end_ns` is kept. It stands in the ring itself, so
    /// that the next agent knows.
    pub(crate) fn set_judged(&self, recording: u64, end_ns: u64) {
        // While it waits, its ring is not given to another recording.
        if let Ok((index, _)) = self.find(recording) {
            self.mapped.set_judged(index, end_ns);
        }
        lock(&self.ends).waiting.remove(&recording);
    }

    /// A recording could not be written.
    pub(crate) fn set_waiting(&self, recording: u64) {
        lock(&self.ends).waiting.insert(recording);
    }

    /// How many recordings wait to be written, and how many had to make room before.
    #[must_use]
    pub(crate) fn waiting_and_lost(&self) -> (u64, u64) {
        let ends = lock(&self.ends);
        (ends.waiting.len() as u64, ends.lost)
    }

    /// Living recordings with a process that ended with a status other than 0 since they were last
    /// named here, each at most once a minute.
    pub(crate) fn with_failed_children(&self) -> Vec<u64> {
        let failures = self.mapped.node().failures;
        let mut ends = lock(&self.ends);
        if std::mem::replace(&mut ends.failures_seen, failures) == failures && !ends.rests {
            return Vec::new();
        }
        ends.rests = false;
        let (rings, now): (Vec<_>, _) = (self.rings().map(|(_, ring)| ring).collect(), Instant::now());
        ends.failures.retain(|recording, _| rings.iter().any(|ring| ring.recording == *recording));
        let mut named = Vec::new();
        for ring in rings.iter().filter(|ring| ring.end_ns().is_none()) {
            match ends.failures.get(&ring.recording) {
                Some((seen, _)) if *seen == ring.failures => {}
                None if ring.failures == 0 => {}
                Some((_, at)) if now.duration_since(*at) < CHILD_REST => ends.rests = true,
                _ => {
                    ends.failures.insert(ring.recording, (ring.failures, now));
                    named.push(ring.recording);
                }
            }
        }
        named
    }
}

impl Ends {
    /// Whether it is still to be decided what is kept of a ring whose container has ended.
    pub(super) fn is_unjudged(&self, ring: &Ring) -> bool {
        let is_judged = !self.is_judged || ring.end_ns() == Some(ring.judged_ns);
        ring.end_ns().is_some() && !is_judged && !self.is_waiting(ring)
    }

    /// Whether it is still to be read by who reads all that is decisive.
    pub(super) fn is_unread(&self, ring: &Ring, now_ns: u64) -> bool {
        let Some((read, end_ns)) = self.read.as_ref().zip(ring.end_ns()) else { return false };
        read.get(&ring.recording) != Some(&end_ns) && now_ns.saturating_sub(end_ns) < READ_WITHIN_NS
    }

    /// Whether it could not be written.
    pub(super) fn is_waiting(&self, ring: &Ring) -> bool {
        self.waiting.contains(&ring.recording)
    }

    /// A recording has made room.
    pub(super) fn release(&mut self, recording: u64) {
        self.known.remove(&recording);
        if let Some(read) = &mut self.read {
            read.remove(&recording);
        }
        if self.waiting.remove(&recording) {
            self.lost += 1;
            tracing::warn!(recording, "a recording that could not be written had to make room");
        }
    }
}
