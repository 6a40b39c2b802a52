//! From a crash file to the `Recording` that tells the cluster of it: pure.

use crate::identity::pod::PodContainer;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use rewind_recording::crash::Reason;
use rewind_recording::escape::visible;
use rewind_recording::header::{self, Diagnosed, Header};
use rewind_resources::group::labels;
use rewind_resources::recording::{Coverage, Owner, Recording, RecordingSpec};
use std::collections::BTreeMap;

/// Most characters of the cause.
const MAX_CAUSE_CHARS: usize = 1024;
/// Most bytes of an object's name.
const MAX_NAME_BYTES: usize = 253;
/// Most bytes of a label's value.
const MAX_LABEL_BYTES: usize = 63;

/// Where a crash file lies, and how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held<'a> {
    /// The node.
    pub(super) node: &'a str,
    /// Its number there.
    pub(super) crash: u64,
    /// How old it may get.
    pub(super) max_age_s: u64,
    /// Where it was sent to; empty: nowhere yet.
    pub(super) url: &'a str,
}

/// The `Recording` of a pod's container that has ended.
#[must_use]
pub(super) fn recording(of: PodContainer<'_>, header: &Header, cause: &Diagnosed, held: Held<'_>) -> Recording {
    let over = time(header.over_unix_ns());
    let pod = header.container.pod.as_deref();
    let id = header.container.id.as_str();
    let keeps = i64::try_from(held.max_age_s).unwrap_or(i64::MAX);
    let expires = over.and_then(|over| over.checked_add(SignedDuration::from_secs(keeps)).ok());
    let found = Some(cause).filter(|cause| !cause.fingerprint.is_empty());
    let counted = found.filter(|cause| cause.times > 0);
    let spec = RecordingSpec {
        pod: of.pod.to_owned(),
        pod_uid: of.uid.to_owned(),
        container: of.container.to_owned(),
        container_id: chars(&visible(id), 256),
        restart: pod.and_then(|pod| i32::try_from(pod.restart?).ok()),
        owner: pod.and_then(|pod| pod.owner.as_ref()).map(owner),
        node: held.node.to_owned(),
        started: time(unix_ns(header, header.born_ns)).map(Time),
        ended: over.map(Time),
        ending: header.ending.map_or_else(|| "dead".to_owned(), |ending| ending.short()),
        cause: chars(&visible(cause.answer.as_str()), MAX_CAUSE_CHARS),
        general_cause: found.map(|found| chars(&visible(found.general.as_str()), MAX_CAUSE_CHARS)),
        fingerprint: found.map(|found| chars(&visible(found.fingerprint.as_str()), MAX_LABEL_BYTES)),
        cause_class: Some(chars(&visible(cause.class.as_str()), MAX_LABEL_BYTES)),
        first_seen: counted.and_then(|found| time(found.first_unix_ns)).map(Time),
        times: counted.map(|found| signed(found.times)),
        coverage: Coverage {
            calls_held: signed(header.coverage.calls_held),
            calls_overwritten: signed(header.coverage.calls_overwritten),
            lost: signed(header.losses.values().sum()),
        },
        crash: Some(signed(held.crash)),
        url: Some(held.url.to_owned()).filter(|url| !url.is_empty()),
        expires: expires.map(Time),
    };
    let metadata = ObjectMeta {
        name: Some(name(of, id)),
        namespace: Some(of.namespace.to_owned()),
        labels: Some(all_labels(of, held.node)),
        ..ObjectMeta::default()
    };
    Recording { metadata, spec }
}

fn owner(of: &header::Owner) -> Owner {
    Owner { kind: chars(&visible(of.kind.as_str()), 63), name: chars(&visible(of.name.as_str()), MAX_NAME_BYTES) }
}

/// Whether the container ended badly, which the pod is to be told of.
#[must_use]
pub(super) const fn is_bad(reason: Option<Reason>) -> bool {
    matches!(reason, Some(Reason::ExitCode | Reason::Signal | Reason::Oom | Reason::UnknownEnd))
}

/// Whether it is of a container that has ended.
#[must_use]
pub(super) const fn is_end(reason: Option<Reason>) -> bool {
    is_bad(reason) || matches!(reason, Some(Reason::Always))
}

/// Selects all `Recording`s of a pod's container.
#[must_use]
pub(super) fn selector(of: PodContainer<'_>) -> String {
    format!("{}={},{}={}", labels::POD_UID, of.uid, labels::CONTAINER, of.container)
}

/// Names of those that are too many, the oldest first.
#[must_use]
pub(super) fn too_many(mut recordings: Vec<Recording>, most: usize) -> Vec<String> {
    recordings.sort_by(|a, b| (&a.spec.ended, &a.metadata.name).cmp(&(&b.spec.ended, &b.metadata.name)));
    let count = recordings.len().saturating_sub(most);
    recordings.into_iter().take(count).filter_map(|recording| recording.metadata.name).collect()
}

/// The same for the same run of a container, whichever agent asks.
pub(super) fn name(of: PodContainer<'_>, container_id: &str) -> String {
    let hash = format!("{:016x}", fnv1a(&format!("{}/{container_id}", of.uid)));
    let mut plain = format!("{}-{}", of.pod, of.container);
    plain.truncate(plain.floor_char_boundary(MAX_NAME_BYTES - hash.len() - 1));
    format!("{}-{hash}", plain.trim_end_matches(['.', '-']))
}

fn all_labels(of: PodContainer<'_>, node: &str) -> BTreeMap<String, String> {
    let all =
        [(labels::POD, of.pod), (labels::POD_UID, of.uid), (labels::CONTAINER, of.container), (labels::NODE, node)];
    let fitting = all.into_iter().filter(|(_, value)| value.len() <= MAX_LABEL_BYTES);
    fitting.map(|(label, value)| (label.to_owned(), value.to_owned())).collect()
}

fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// At most so many characters; that there were more can be seen.
fn chars(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most - 1).chain(['\u{2026}']).collect(),
    }
}

fn unix_ns(header: &Header, ktime_ns: u64) -> i64 {
    ktime_ns.cast_signed().saturating_add(header.host.unix_offset_ns)
}

fn time(unix_ns: i64) -> Option<Timestamp> {
    Timestamp::from_nanosecond(i128::from(unix_ns)).ok()
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[path = "recording_tests.rs"]
mod tests;
