//! The cluster is told of ends: a `Recording` in the pod's namespace, and an Event on the pod.
//!
//! ```text
//! crash file N -> queue -> its header and records, read again -> diagnosis -> Recording, if there is none -> Event
//! ```
//!
//! It begins where the crash file is written, and keeps nobody: what waits is numbers of files. What is told was
//! redacted when it was read from its ring. Each step may be done anew: a run's `Recording` has one name.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it does |
//! |---|---|
//! | [`queue`] | what waits: so much and no more |
//! | [`recording`] | from a crash file to its `Recording`: pure |
//! | [`events`] | Events on pods |
//! | [`sweep`] | deletes what has expired |

mod events;
mod queue;
mod recording;
pub(crate) mod sweep;

pub(crate) use events::{Events, Note};

use crate::blocking;
use crate::bucket::Bucket;
use crate::cluster::Cluster;
use crate::counts::Counts;
use crate::crash::Keeper;
use crate::identity::kubernetes::Pods;
use crate::identity::pod::PodContainer;
use crate::identity::source::Source as _;
use crate::retry::{retried, status_code};
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use queue::Queue;
use recording::Held;
use rewind_recording::api::counter::Counter;
use rewind_recording::file;
use rewind_recording::header::{Container, Diagnosed, Header};
use rewind_resources::recording::Recording;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Most ends that wait.
const MAX_WAITING: usize = 256;
/// How often a `Recording` may be made, and how many at once.
const RATE: (Duration, u32) = (Duration::from_secs(1), 30);
/// Most `Recording`s of one container; a crash loop's older ones go.
const PER_CONTAINER: usize = 5;
/// How often, and after what pauses, a `Recording` is looked for that is to say where its file is.
const URL_TRIES: u32 = 3;
const URL_PAUSE: Duration = Duration::from_secs(2);
/// How often, and after what pauses, it is asked who it was.
const COMPLETE_TRIES: usize = 8;
const COMPLETE: Duration = Duration::from_millis(200);
/// So many ends may wait meanwhile.
const MAX_WAITING_COMPLETE: usize = 4;
/// How old an end may be that the agent before did not come to tell.
pub(crate) const RECENT_S: u64 = 900;

/// Tells of ends.
pub(crate) struct Publisher {
    cluster: Arc<Cluster>,
    keeper: Arc<Keeper>,
    pods: Arc<Pods>,
    events: Arc<Events>,
    counts: Arc<Counts>,
    waiting: Queue<u64>,
    /// What the agent before may not have told: what is new goes first.
    earlier: Queue<u64>,
    /// Files that were sent away, and where to.
    sent: Queue<(Header, String)>,
    is_on: AtomicBool,
}

/// An end that is to be told.
struct End {
    header: Header,
    cause: Diagnosed,
    crash: u64,
}

impl Publisher {
    pub(crate) fn new(
        cluster: Arc<Cluster>,
        keeper: Arc<Keeper>,
        pods: Arc<Pods>,
        events: Arc<Events>,
        counts: Arc<Counts>,
    ) -> Self {
        let waiting = Queue::new("recordings", MAX_WAITING, Arc::clone(&counts), Counter::RecordingsDropped);
        let earlier = Queue::new("earlier recordings", MAX_WAITING, Arc::clone(&counts), Counter::RecordingsDropped);
        let sent = Queue::new("URLs of recordings", MAX_WAITING, Arc::clone(&counts), Counter::UrlsDropped);
        Self { cluster, keeper, pods, events, counts, waiting, earlier, sent, is_on: AtomicBool::new(true) }
    }

    /// Switches `Recording`s on or off. Events go on.
    pub(crate) fn set_on(&self, is_on: bool) {
        self.is_on.store(is_on, Ordering::Relaxed);
    }

    /// Crash files have been written.
    pub(crate) fn tell(&self, crashes: impl IntoIterator<Item = u64>) {
        crashes.into_iter().for_each(|crash| self.waiting.offer(crash));
    }

    /// What the agent before may not have come to tell: what it has told has its `Recording`.
    pub(crate) fn tell_again(&self, crashes: impl IntoIterator<Item = u64>) {
        if self.is_on.load(Ordering::Relaxed) {
            crashes.into_iter().for_each(|crash| self.earlier.offer(crash));
        }
    }

    /// Tells what is to be told, for ever.
    pub(crate) async fn run(&self) {
        let mut bucket = Bucket::new(RATE.0, RATE.1, Instant::now());
        loop {
            let crash = tokio::select! {
                biased;
                crash = self.waiting.next() => crash,
                crash = self.earlier.next() => crash,
            };
            tokio::time::sleep(bucket.wait(Instant::now())).await;
            bucket.take(Instant::now());
            let keeper = Arc::clone(&self.keeper);
            match blocking::run(move || diagnosed(&keeper, crash)).await {
                Ok(Some(mut end)) => {
                    self.complete(&mut end.header.container).await;
                    self.tell_of(&end).await;
                }
                Ok(None) => {}
                Err(error) => tracing::error!(%error, crash, "the diagnosis of a crash file failed"),
            }
        }
    }

    /// Asks once more who it was. A container that ended at once was gone before the API knew which of the pod's runs
    /// it is; where more ends wait, nobody waits for that.
    async fn complete(&self, container: &mut Container) {
        for _ in 0..COMPLETE_TRIES {
            let known = self.pods.known(container).and_then(|known| known.pod);
            if let (Some(pod), Some(known)) = (&mut container.pod, known) {
                pod.complete(known);
            }
            let is_known = container.pod.as_ref().is_none_or(|pod| pod.restart.is_some());
            if is_known || self.waiting.len() >= MAX_WAITING_COMPLETE {
                return;
            }
            tokio::time::sleep(COMPLETE).await;
        }
    }

    async fn tell_of(&self, end: &End) {
        let Some(of) = PodContainer::of(&end.header.container) else { return };
        if self.is_on.load(Ordering::Relaxed) {
            match self.record(of, end).await {
                Ok(true) => {}
                // The agent before has told it.
                Ok(false) => return,
                Err(error) => {
                    // Its namespace goes, or the definition is gone.
                    self.counts.add(Counter::RecordingsRefused);
                    tracing::info!(%error, crash = end.crash, pod = of.pod, namespace = of.namespace, "a Recording was refused");
                }
            }
        }
        if recording::is_bad(end.header.reason) {
            self.events.say(note(of, &end.cause));
        }
    }

    /// A crash file was sent there, which its `Recording` is to say. Nobody waits for that.
    pub(crate) fn tell_url(&self, header: Header, url: String) {
        self.sent.offer((header, url));
    }

    /// Says where crash files were sent to, for ever.
    pub(crate) async fn run_urls(&self) {
        loop {
            let (header, url) = self.sent.next().await;
            self.say_url(&header, &url).await;
        }
    }

    /// Says it in its `Recording` if there is one. One that is being made now is looked for again: what is made later
    /// says it by itself.
    async fn say_url(&self, header: &Header, url: &str) {
        let Some(of) = PodContainer::of(&header.container).filter(|_| self.is_on.load(Ordering::Relaxed)) else {
            return;
        };
        let api: Api<Recording> = Api::namespaced(self.cluster.client().await, of.namespace);
        let name = recording::name(of, header.container.id.as_str());
        let (how, patch) = (PatchParams::default(), Patch::Merge(serde_json::json!({ "spec": { "url": url } })));
        for _ in 0..URL_TRIES {
            match retried("a Recording's URL", || api.patch(&name, &how, &patch)).await {
                Ok(_) => return,
                Err(error) if status_code(&error) == Some(404) => tokio::time::sleep(URL_PAUSE).await,
                Err(error) => {
                    self.counts.add(Counter::UrlsDropped);
                    tracing::warn!(%error, pod = of.pod, namespace = of.namespace, "a Recording does not say where its file was sent");
                    return;
                }
            }
        }
    }

    /// Makes the `Recording`; whether there was none.
    async fn record(&self, of: PodContainer<'_>, end: &End) -> kube::Result<bool> {
        let (max_age_s, url) = (self.keeper.max_age_s(), self.keeper.url(end.crash));
        let held = Held { node: self.cluster.node(), crash: end.crash, max_age_s, url: &url };
        let made = recording::recording(of, &end.header, &end.cause, held);
        let api: Api<Recording> = Api::namespaced(self.cluster.client().await, of.namespace);
        let how = PostParams::default();
        match retried("a Recording", || api.create(&how, &made)).await {
            Ok(_) => {}
            Err(error) if status_code(&error) == Some(409) => return Ok(false),
            Err(error) => return Err(error),
        }
        tracing::info!(
            crash = end.crash,
            pod = of.pod,
            namespace = of.namespace,
            container = of.container,
            "told the cluster of an end"
        );
        if let Err(error) = limit(&api, of).await {
            tracing::warn!(%error, pod = of.pod, namespace = of.namespace, "cannot delete older Recordings of a container");
        }
        Ok(true)
    }
}

/// Deletes what a container has too many of.
async fn limit(api: &Api<Recording>, of: PodContainer<'_>) -> kube::Result<()> {
    let all = ListParams::default().labels(&recording::selector(of));
    let found = retried("Recordings", || api.list(&all)).await?;
    let how = DeleteParams::default();
    for name in recording::too_many(found.items, PER_CONTAINER) {
        match retried("a Recording", || api.delete(&name, &how)).await {
            Ok(_) => {}
            Err(error) if status_code(&error) == Some(404) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads a crash file again and says why that container ended; `None`: nobody is to be told.
fn diagnosed(keeper: &Keeper, crash: u64) -> Option<End> {
    let path = keeper.path(crash)?;
    let found = file::open(&path);
    let found = found.inspect_err(|error| tracing::warn!(%error, crash, "a crash file cannot be read")).ok()?;
    let is_told = recording::is_end(found.header.reason) && PodContainer::of(&found.header.container).is_some();
    is_told.then(|| {
        let known = found.header.diagnosed.as_deref().cloned();
        let cause = known.unwrap_or_else(|| rewind_diagnosis::diagnosed(&found.header, &found.records));
        End { header: found.header, cause, crash }
    })
}

/// The sentence on the pod.
fn note(of: PodContainer<'_>, cause: &Diagnosed) -> Note {
    let PodContainer { namespace, pod, container, .. } = of;
    let more = format!("kubectl rewind why pod/{pod} -n {namespace} -c {container}");
    let answer = rewind_recording::escape::visible(cause.answer.as_str());
    let most = MAX_CAUSE_BYTES.saturating_sub(more.len());
    let cut = answer.get(..answer.floor_char_boundary(most)).unwrap_or_default();
    // The cause is a sentence, unless it was cut.
    let end = if cut.ends_with('.') { "" } else { "." };
    Note::new(of, "ContainerDiagnosed", &format!("{cut}{end} More: {more}"))
        .warning()
        .of_cause(cause.fingerprint.as_str())
}

/// Most bytes of cause and command in an Event.
const MAX_CAUSE_BYTES: usize = 1000;
