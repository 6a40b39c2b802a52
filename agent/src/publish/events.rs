//! Events of Kubernetes on pods: what stands in `kubectl describe pod`.
//!
//! What happens again and again to one container for one reason is one Event with a count, as everywhere in a
//! cluster; it shows the last sentence. They are of `core/v1`: the newer API cannot change the sentence.

use super::queue::Queue;
use crate::bucket::Bucket;
use crate::cluster::Cluster;
use crate::counts::Counts;
use crate::identity::pod::PodContainer;
use crate::retry::{retried, status_code};
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use rewind_recording::api::counter::Counter;
use rewind_resources::group::annotations;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Who says it.
const COMPONENT: &str = "rewind-agent";
/// Most that wait.
const MAX_WAITING: usize = 256;
/// How often an Event may be written, and how many at once.
const RATE: (Duration, u32) = (Duration::from_millis(500), 50);
/// Most series that are remembered, and for how long after the last of each.
const SERIES: (usize, Duration) = (1024, Duration::from_secs(600));
/// Most bytes of a sentence: what the API server takes.
const MAX_MESSAGE_BYTES: usize = 1024;
/// Most bytes of an Event's name in front of its number.
const MAX_NAME_BYTES: usize = 200;

/// What is to be said on a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// The pod's namespace.
    namespace: String,
    pod: String,
    uid: String,
    container: String,
    /// In one word.
    reason: &'static str,
    /// What makes two of them one Event, besides pod, container and reason.
    key: String,
    message: String,
    is_warning: bool,
    /// What tells its cause from others; empty: none was found.
    fingerprint: String,
}

impl Note {
    /// On a pod, about one of its containers.
    pub(crate) fn new(on: PodContainer<'_>, reason: &'static str, message: &str) -> Self {
        Self {
            namespace: on.namespace.to_owned(),
            pod: on.pod.to_owned(),
            uid: on.uid.to_owned(),
            container: on.container.to_owned(),
            reason,
            key: String::new(),
            message: cut(message, MAX_MESSAGE_BYTES).to_owned(),
            is_warning: false,
            fingerprint: String::new(),
        }
    }

    /// Something is wrong.
    #[must_use]
    pub(crate) fn warning(self) -> Self {
        Self { is_warning: true, ..self }
    }

    /// One Event for each key.
    #[must_use]
    pub(crate) fn keyed(self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self }
    }

    /// Of a cause: one Event for each, which says the fingerprint.
    #[must_use]
    pub(crate) fn of_cause(self, fingerprint: &str) -> Self {
        Self { key: fingerprint.to_owned(), fingerprint: fingerprint.to_owned(), ..self }
    }

    fn series_key(&self) -> [String; 4] {
        [self.uid.clone(), self.container.clone(), self.reason.to_owned(), self.key.clone()]
    }

    fn event(&self, node: &str, now: Timestamp) -> Event {
        let time = Some(Time(now));
        let fingerprint = Some(&self.fingerprint).filter(|fingerprint| !fingerprint.is_empty());
        Event {
            metadata: ObjectMeta {
                name: Some(format!(
                    "{}.{:x}",
                    cut(&self.pod, MAX_NAME_BYTES).trim_end_matches(['.', '-']),
                    now.as_nanosecond()
                )),
                namespace: Some(self.namespace.clone()),
                annotations: fingerprint.map(|of| [(annotations::FINGERPRINT.to_owned(), of.clone())].into()),
                ..ObjectMeta::default()
            },
            involved_object: ObjectReference {
                api_version: Some("v1".to_owned()),
                kind: Some("Pod".to_owned()),
                namespace: Some(self.namespace.clone()),
                name: Some(self.pod.clone()),
                uid: Some(self.uid.clone()),
                field_path: Some(format!("spec.containers{{{}}}", self.container)),
                resource_version: None,
            },
            reason: Some(self.reason.to_owned()),
            message: Some(self.message.clone()),
            type_: Some(if self.is_warning { "Warning" } else { "Normal" }.to_owned()),
            source: Some(EventSource { component: Some(COMPONENT.to_owned()), host: Some(node.to_owned()) }),
            reporting_component: Some(COMPONENT.to_owned()),
            reporting_instance: Some(node.to_owned()),
            first_timestamp: time.clone(),
            last_timestamp: time,
            count: Some(1),
            ..Event::default()
        }
    }
}

/// As much of a text as fits.
fn cut(text: &str, most_bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(most_bytes)).unwrap_or(text)
}

/// Writes Events, one after the other.
#[derive(Debug)]
pub(crate) struct Events {
    waiting: Queue<Note>,
    counts: Arc<Counts>,
    is_on: AtomicBool,
}

/// An Event that may be counted up.
struct Series {
    name: String,
    count: i32,
    last: Instant,
}

impl Events {
    pub(crate) fn new(counts: Arc<Counts>) -> Self {
        let waiting = Queue::new("events", MAX_WAITING, Arc::clone(&counts), Counter::EventsDropped);
        Self { waiting, counts, is_on: AtomicBool::new(true) }
    }

    /// Switches them on or off.
    pub(crate) fn set_on(&self, is_on: bool) {
        self.is_on.store(is_on, Ordering::Relaxed);
    }

    /// Is to be said; nobody waits for it.
    pub(crate) fn say(&self, note: Note) {
        if self.is_on.load(Ordering::Relaxed) {
            self.waiting.offer(note);
        }
    }

    /// Says what is to be said, for ever.
    pub(crate) async fn run(&self, cluster: &Cluster) {
        let mut bucket = Bucket::new(RATE.0, RATE.1, Instant::now());
        let mut series = HashMap::new();
        loop {
            let note = self.waiting.next().await;
            tokio::time::sleep(bucket.wait(Instant::now())).await;
            bucket.take(Instant::now());
            if let Err(error) = write(cluster, &note, &mut series).await {
                self.counts.add(Counter::EventsRefused);
                // A namespace that goes takes no Events any more, most likely.
                tracing::info!(%error, pod = %note.pod, namespace = %note.namespace, reason = note.reason, "an Event was refused");
            }
        }
    }
}

async fn write(cluster: &Cluster, note: &Note, series: &mut HashMap<[String; 4], Series>) -> kube::Result<()> {
    let now = Instant::now();
    series.retain(|_, known| now.duration_since(known.last) < SERIES.1);
    let api: Api<Event> = Api::namespaced(cluster.client().await, &note.namespace);
    let key = note.series_key();
    if let Some(known) = series.get_mut(&key) {
        let (count, stamp) = (known.count.saturating_add(1), Time(Timestamp::now()));
        let changed = serde_json::json!({ "count": count, "lastTimestamp": stamp, "message": note.message });
        let (name, patch, how) = (known.name.clone(), Patch::Merge(&changed), PatchParams::default());
        match retried("an Event", || api.patch(&name, &how, &patch)).await {
            Ok(_) => {
                (known.count, known.last) = (count, now);
                return Ok(());
            }
            // It has expired.
            Err(error) if status_code(&error) == Some(404) => {}
            Err(error) => return Err(error),
        }
    }
    let event = note.event(cluster.node(), Timestamp::now());
    let how = PostParams::default();
    match retried("an Event", || api.create(&how, &event)).await {
        Ok(_) => {}
        // It was written, but its answer was lost.
        Err(error) if status_code(&error) == Some(409) => {}
        Err(error) => return Err(error),
    }
    if series.len() >= SERIES.0 {
        let oldest = series.iter().min_by_key(|(_, known)| known.last).map(|(key, _)| key.clone());
        oldest.map(|oldest| series.remove(&oldest));
    }
    series.insert(key, Series { name: event.metadata.name.unwrap_or_default(), count: 1, last: now });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEB: PodContainer<'_> = PodContainer { namespace: "shop", pod: "web-1", uid: "u1", container: "app" };

    #[test]
    fn an_event_is_on_the_pod_and_names_the_container() {
        let note = Note::new(WEB, "ContainerDiagnosed", "it could not open /etc/app.yaml").warning();
        let event = note.event("node-a", Timestamp::from_second(1_795_000_000).unwrap());
        let on = &event.involved_object;
        assert_eq!(
            (on.kind.as_deref(), on.name.as_deref(), on.uid.as_deref()),
            (Some("Pod"), Some("web-1"), Some("u1"))
        );
        assert_eq!(on.field_path.as_deref(), Some("spec.containers{app}"));
        assert_eq!((on.namespace.as_deref(), event.metadata.namespace.as_deref()), (Some("shop"), Some("shop")));
        assert_eq!((event.type_.as_deref(), event.count), (Some("Warning"), Some(1)));
        assert!(event.metadata.name.unwrap().starts_with("web-1."));
    }

    #[test]
    fn a_sentence_and_a_name_are_no_longer_than_the_api_server_takes() {
        let name = "a".repeat(253);
        let note = Note::new(PodContainer { pod: &name, ..WEB }, "ContainerDiagnosed", &"\u{e4}".repeat(5000));
        let event = note.event("n", Timestamp::now());
        assert_eq!(event.message.unwrap().len(), MAX_MESSAGE_BYTES);
        assert!(event.metadata.name.unwrap().len() <= 253);
    }

    #[test]
    fn readings_of_two_people_are_two_events_and_those_of_one_are_counted() {
        let by = |user: &str, message| Note::new(WEB, "RecordingRead", message).keyed(user).series_key();
        assert_eq!(by("anna", "1 KiB"), by("anna", "2 KiB"));
        assert_ne!(by("anna", ""), by("ben", ""));
        let other = PodContainer { uid: "u2", ..WEB };
        assert_ne!(Note::new(other, "RecordingRead", "").keyed("anna").series_key(), by("anna", ""));
    }
}
