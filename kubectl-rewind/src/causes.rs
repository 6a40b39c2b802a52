//! Ends by one cause as one line: how many, since when, and when last. From crash files on a host, from `Recording`s in a
//! cluster.

use crate::crashes;
use jiff::Timestamp;
use rewind_recording::crash::{Crash, Crashes};
use rewind_resources::recording::Recording;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

mod table;

pub(crate) use table::{footer, since, write};

/// One end that is kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct End {
    /// What tells its cause from others; `None`: no cause was found, or the agent was too old to say.
    fingerprint: Option<String>,
    /// The cause in general form.
    general: String,
    /// The class of the cause, where that is told.
    class: Option<String>,
    /// How it ended: `exited (1)`.
    ending: String,
    /// The namespace, on a host none.
    namespace: Option<String>,
    /// What stays the same from one run of a container to the next.
    container: (String, String),
    ended: Timestamp,
    /// When the container first ended by this, and how often it has by now; the files of most may have made room.
    counted: Option<(Timestamp, u64)>,
    /// What `why` takes.
    target: String,
}

/// All ends by one cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Cause {
    /// What tells it from others; `None`: no cause was found. Then these are ends alike.
    pub fingerprint: Option<String>,
    /// One sentence, without what differs from run to run.
    pub cause: String,
    /// Its class, of a closed list; `None` where the agent was too old to say.
    pub class: Option<String>,
    /// How often.
    pub count: u64,
    /// How many containers ended by it.
    pub containers: u64,
    /// Of these namespaces; on a host none.
    pub namespaces: BTreeSet<String>,
    /// When first, as far as is kept.
    pub first_seen: Timestamp,
    /// When last.
    pub last_seen: Timestamp,
    /// The newest, as `why` takes it.
    pub newest: String,
}

/// The ends that crash files tell of.
#[must_use]
pub(crate) fn of_files(crashes: &Crashes) -> Vec<End> {
    crashes.crashes.iter().map(of_file).collect()
}

fn of_file(crash: &Crash) -> End {
    let header = &crash.header;
    let (pod, name) = header.container.identity();
    let diagnosed = header.diagnosed.as_deref().cloned().unwrap_or_default();
    End {
        fingerprint: told(diagnosed.fingerprint.as_str()),
        general: diagnosed.general.as_str().to_owned(),
        class: told(diagnosed.class.as_str()),
        ending: crashes::how(header),
        namespace: header.container.pod.as_ref().and_then(|pod| told(pod.namespace.as_str())),
        container: (pod.as_str().to_owned(), name.as_str().to_owned()),
        ended: time(header.over_unix_ns()),
        counted: Some((time(diagnosed.first_unix_ns), diagnosed.times)).filter(|(_, times)| *times > 0),
        target: format!("@{}", crash.crash),
    }
}

/// The ends that `Recording`s tell of.
#[must_use]
pub(crate) fn of_recordings(recordings: &[Recording]) -> Vec<End> {
    recordings.iter().filter_map(of_recording).collect()
}

fn of_recording(recording: &Recording) -> Option<End> {
    let (metadata, spec) = (&recording.metadata, &recording.spec);
    let ended = spec.ended.as_ref().or(spec.started.as_ref())?.0;
    let times = spec.times.and_then(|times| u64::try_from(times).ok()).filter(|times| *times > 0);
    Some(End {
        fingerprint: spec.fingerprint.as_deref().and_then(told),
        general: spec.general_cause.clone().unwrap_or_default(),
        class: spec.cause_class.as_deref().and_then(told),
        ending: spec.ending.clone(),
        namespace: metadata.namespace.clone(),
        container: (spec.pod_uid.clone(), spec.container.clone()),
        ended,
        counted: spec.first_seen.as_ref().map(|first| first.0).zip(times),
        target: format!("rec/{}", metadata.name.as_deref().unwrap_or_default()),
    })
}

fn told(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

fn time(unix_ns: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(unix_ns)).unwrap_or_default()
}

/// One for each cause, that which was seen last first. Where none was found, one for each end and class.
#[must_use]
pub(crate) fn by_cause(ends: Vec<End>) -> Vec<Cause> {
    let mut groups = BTreeMap::<_, Vec<End>>::new();
    for end in ends {
        let unknown = end.fingerprint.is_none().then(|| (end.ending.clone(), end.class.clone()));
        groups.entry((end.fingerprint.clone(), unknown)).or_default().push(end);
    }
    let mut causes: Vec<_> = groups.into_values().filter_map(cause).collect();
    causes.sort_by(|a, b| (b.last_seen, b.count, &a.cause).cmp(&(a.last_seen, a.count, &b.cause)));
    causes
}

fn cause(mut ends: Vec<End>) -> Option<Cause> {
    ends.sort_by_key(|end| end.ended);
    let newest = ends.last()?;
    let first = ends.iter().flat_map(|end| [Some(end.ended), end.counted.map(|(first, _)| first)]).flatten().min()?;
    // Of each container: what is kept, and what its files say of those that are not.
    let mut containers = BTreeMap::<&(String, String), (u64, u64)>::new();
    for end in &ends {
        let (kept, counted) = containers.entry(&end.container).or_default();
        *kept += 1;
        *counted = end.counted.map_or(0, |(_, times)| times).max(*counted);
    }
    Some(Cause {
        fingerprint: newest.fingerprint.clone(),
        cause: match newest.fingerprint {
            Some(_) => newest.general.clone(),
            None => format!("no cause found: {}", newest.ending),
        },
        class: newest.class.clone(),
        count: containers.values().fold(0, |sum, (kept, counted)| sum.saturating_add(*kept.max(counted))),
        containers: containers.len() as u64,
        namespaces: ends.iter().filter_map(|end| end.namespace.clone()).collect(),
        first_seen: first,
        last_seen: newest.ended,
        newest: newest.target.clone(),
    })
}

/// What is known of a cause, if any end that is kept is by it.
#[must_use]
pub(crate) fn known<'c>(causes: &'c [Cause], fingerprints: &[&str]) -> Option<&'c Cause> {
    let is_it = |cause: &&Cause| cause.fingerprint.as_deref().is_some_and(|of| fingerprints.contains(&of));
    causes.iter().find(is_it)
}

#[cfg(test)]
mod tests;
