//! Crash files: what ended badly is written to disk before its memory is used again.
//!
//! ```text
//! a cgroup loses its last process -> Ring.ended_ns -> the ring is cut -> trigger.rs: kept? -> store.rs
//! ```
//!
//! A ring of which this has not been decided is never given to another container. One that cannot be
//! written (the disk is full) stays in memory while there is room, and is tried again.

mod limits;
mod name;
mod store;
mod trigger;

pub(crate) use limits::Limits;
pub(crate) use store::{Error, Store};
pub(crate) use trigger::{When, reason};

use crate::clock;
use crate::healthy::Healthy;
use crate::recorder::{self, Recorder};
use rewind_recording::crash::{Crashes, Reason};
use rewind_recording::ending::Ending;
use rewind_recording::header::{ContainerKind, Header};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long after a failure recordings that wait are tried again.
const RETRY: Duration = Duration::from_secs(10);
/// How often it is looked for files that have become too old.
const EXPIRE: Duration = Duration::from_secs(60);

/// Who is told of each end, with all that is recorded of it.
pub(crate) type Listener = Arc<dyn Fn(&Header, &[u8]) + Send + Sync>;

/// What is kept, and where.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    /// Which ends.
    pub when: When,
    /// Whether a process that fails in a container that lives on is kept too.
    pub on_child: bool,
    /// The directory.
    pub dir: PathBuf,
    /// How much of it.
    pub limits: Limits,
}

/// Decides on each end, and keeps what is to be kept.
pub(crate) struct Keeper {
    triggers: Mutex<Triggers>,
    store: Store,
    healthy: Healthy,
    again: Mutex<Again>,
    listener: Mutex<Option<Listener>>,
}

/// Which ends are kept.
#[derive(Clone, Copy, Debug)]
struct Triggers {
    when: When,
    on_child: bool,
}

/// What came of a look at ends.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// Whether there were any.
    pub is_any: bool,
    /// Numbers of the crash files that were written.
    pub written: Vec<u64>,
}

/// When what is not done at once is done next.
#[derive(Debug)]
struct Again {
    retry: Instant,
    expire: Instant,
}

impl Keeper {
    /// Opens the directory.
    ///
    /// # Errors
    /// [`Error::Taken`].
    pub(crate) fn new(policy: &Policy) -> Result<Self, Error> {
        let store = match policy.when {
            When::Never => Store::unused(&policy.dir, policy.limits),
            _ => Store::open(&policy.dir, policy.limits, clock::unix_s())?,
        };
        let healthy = Healthy::open((policy.when != When::Never).then_some(&policy.dir));
        let now = Instant::now();
        let again = Mutex::new(Again { retry: now, expire: now + EXPIRE });
        let triggers = Mutex::new(Triggers { when: policy.when, on_child: policy.on_child });
        Ok(Self { triggers, store, healthy, again, listener: Mutex::default() })
    }

    /// What fails in runs that end well.
    #[must_use]
    pub(crate) const fn healthy(&self) -> &Healthy {
        &self.healthy
    }

    /// Whether anything is kept at all.
    #[must_use]
    pub(crate) fn is_on(&self) -> bool {
        self.triggers().when != When::Never
    }

    /// From now on these ends are kept.
    pub(crate) fn set_triggers(&self, when: When, on_child: bool, recorder: &Recorder) {
        *self.triggers() = Triggers { when, on_child };
        self.judge_from_now_on(recorder);
    }

    /// From now on this one is told of ends, whichever are kept; or nobody.
    pub(crate) fn set_listener(&self, listener: Option<Listener>, recorder: &Recorder) {
        *self.listener.lock().unwrap_or_else(PoisonError::into_inner) = listener;
        self.judge_from_now_on(recorder);
    }

    /// Whether ends matter to anybody: no ring of one makes room before.
    fn judge_from_now_on(&self, recorder: &Recorder) {
        recorder.set_judged_at_all(self.is_on() || self.listener().is_some());
    }

    fn listener(&self) -> Option<Listener> {
        self.listener.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn triggers(&self) -> MutexGuard<'_, Triggers> {
        self.triggers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides on all ends since the last time. Writes and syncs files: not for an async thread.
    pub(crate) fn judge(&self, recorder: &Recorder) -> Judged {
        let mut judged = Judged::default();
        if !self.is_on() && self.listener().is_none() {
            return judged;
        }
        // Held to the end: two at a time would write the same end twice.
        let mut again = self.again.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = recorder.unjudged();
        judged.is_any = !ends.is_empty();
        let mut writes = judged.is_any;
        for recording in ends {
            writes &= self.judge_one(recorder, recording, &mut judged.written);
        }
        let now = Instant::now();
        if writes || now >= again.retry {
            let waiting = recorder.waiting();
            // The first that fails says enough of the others.
            let all = waiting.into_iter().all(|recording| self.judge_one(recorder, recording, &mut judged.written));
            again.retry = if all { now } else { now + RETRY };
        }
        if self.is_on() && now >= again.expire {
            again.expire = now + EXPIRE;
            self.store.expire(clock::unix_s());
        }
        self.healthy.save(false);
        judged
    }

    /// Keeps the recordings of containers that live on though a process of theirs failed.
    pub(crate) fn judge_children(&self, recorder: &Recorder) {
        let Triggers { when, on_child } = *self.triggers();
        if !on_child || when == When::Never {
            return;
        }
        let failed = recorder.with_failed_children();
        for recording in failed {
            let cut = recorder.recording(recording);
            // The main process' own end is decided on when the container has ended.
            if let Ok((header, records)) = cut
                && header.died_ns.is_none()
                && header.ending.is_none()
            {
                let mut header = Header { reason: Some(Reason::Child), ..header };
                self.healthy.tell(&mut header, &records);
                // A failure is counted and shown; the recording goes on, and so does its ring.
                let _ = self.store.save(&header, &records, clock::unix_s());
            }
        }
    }

    /// Whether all is done that had to be: `false` if a file could not be written.
    fn judge_one(&self, recorder: &Recorder, recording: u64, written: &mut Vec<u64>) -> bool {
        let cut = recorder.recording(recording);
        let (mut header, records) = match cut {
            Ok(cut) => cut,
            Err(recorder::Error::Gone(_)) => return true,
            Err(error) => {
                tracing::error!(%error, recording, "cannot read the ring of a container that has ended");
                recorder.set_waiting(recording);
                return false;
            }
        };
        // If it has processes again there will be another end. A cgroup is empty for a moment, too, while
        // a runtime moves its first processes about.
        let Some(died_ns) = header.died_ns.filter(|_| recorder.end_ns(recording) == header.died_ns) else {
            return true;
        };
        // Nobody asks how the container ended that holds a pod's namespaces: it goes when the pod does.
        let holds_pod = header.container.pod.as_ref().is_some_and(|pod| pod.kind == ContainerKind::Sandbox);
        let is_unwanted = holds_pod || recorder.is_unwanted(&header.container);
        if !is_unwanted {
            self.compare(recorder, &mut header, &records);
        }
        let when = if is_unwanted { When::Never } else { self.triggers().when };
        let (listener, reason) = (self.listener().filter(|_| !is_unwanted), reason(when, header.ending.as_ref()));
        let header = if listener.is_some() || reason.is_some() { diagnosed(header, &records) } else { header };
        if let Some(listener) = listener {
            listener(&header, &records);
        }
        let is_done = match reason {
            None => {
                tracing::debug!(recording, ending = ?header.ending, calls = header.coverage.calls_held, "not kept");
                true
            }
            Some(reason) => {
                let header = Header { reason: Some(reason), ..header };
                let saved = self.store.save(&header, &records, clock::unix_s());
                written.extend(saved.as_ref().ok().copied().flatten());
                saved.is_ok()
            }
        };
        if is_done {
            recorder.set_judged(recording, died_ns)
        } else {
            recorder.set_waiting(recording)
        }
        is_done
    }

    /// Learns from a run that ended well; of another it is told what healthy runs have had of its failures.
    fn compare(&self, recorder: &Recorder, header: &mut Header, records: &[u8]) {
        if header.ending.is_some_and(|ending| ending.is_success()) {
            self.healthy.learn(header, records);
        } else {
            self.healthy.learn_from_siblings(recorder, header);
        }
        self.healthy.tell(header, records);
    }

    /// Numbers of all files.
    #[must_use]
    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.store.since(0)
    }

    /// Where a file was sent to; empty: nowhere that is known.
    #[must_use]
    pub(crate) fn url(&self, number: u64) -> String {
        self.store.url(number)
    }

    /// A file was sent to where `url` says.
    pub(crate) fn set_sent(&self, number: u64, url: &url::Url) {
        self.store.set_sent(number, url.as_str());
    }

    /// A file could not be sent.
    pub(crate) fn set_not_sent(&self, error: &str) {
        self.store.set_not_sent(error);
    }

    /// Keeps a recording whose ring the next agent cannot use; `false`: nothing is kept at all.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(crate) fn drain(&self, header: Header, records: &[u8]) -> Result<bool, Error> {
        if self.is_on() {
            let header = Header { reason: Some(Reason::Drained), ..header };
            self.store.save(&header, records, clock::unix_s())?;
        }
        Ok(self.is_on())
    }

    /// All crash files.
    #[must_use]
    pub(crate) fn list(&self, recorder: &Recorder) -> Crashes {
        let mut crashes = self.store.list();
        crashes.now_unix_ns = clock::unix_ns();
        crashes.totals.when = self.triggers().when.name().to_owned();
        crashes.host = recorder.host();
        (crashes.totals.waiting, crashes.totals.lost) = recorder.waiting_and_lost();
        crashes
    }

    /// How old a crash file may get, seconds.
    #[must_use]
    pub(crate) const fn max_age_s(&self) -> u64 {
        self.store.limits().age_s
    }

    /// Numbers of crash files of ends within the last `seconds`, the first first.
    #[must_use]
    pub(crate) fn recent(&self, seconds: u64) -> Vec<u64> {
        self.store.since(clock::unix_s().saturating_sub(seconds))
    }

    /// Where crash `number` lies.
    #[must_use]
    pub(crate) fn path(&self, number: u64) -> Option<PathBuf> {
        self.store.path(number)
    }
}

/// With what the diagnosis says of an end that was no good one: once for all who are told.
fn diagnosed(header: Header, records: &[u8]) -> Header {
    if header.ending.as_ref().is_some_and(Ending::is_success) {
        return header;
    }
    let diagnosed = Some(Box::new(rewind_diagnosis::diagnosed(&header, records)));
    Header { diagnosed, ..header }
}
