//! How each container is doing: its cgroup's figures, and what the kernel side counts of its calls.
//!
//! A cgroup goes with its container, so that what it said last is what it said at the last look: young ones are looked at
//! every second, and what has ended is told at once, with that and with counts that are its last.

use super::group::Group;
use super::resource::with_told;
use super::{Asked, Source, Told};
use crate::export::Export;
use crate::recorder::{Counted, Recorder};
use crate::{blocking, clock};
use opentelemetry_proto::tonic::metrics::v1::{Metric, ResourceMetrics};
use opentelemetry_proto::tonic::resource::v1::Resource;
use rewind_common::capture::call_class;
use rewind_common::ring::ClassCount;
use rewind_container_metrics::{Figures, Hierarchies, Limits, Meter, ReadError, Subject, Unread};
use rewind_otlp::metric::{self, Points, sum};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often it is looked whether a container has ended, and how a young one is doing.
const LOOK: Duration = Duration::from_secs(1);
/// What a container's attributes begin with that are none of its pod's.
const OF_CONTAINER: [&str; 3] = ["container.", "k8s.container.", "service."];
/// Whose container is no older may have no other look before its end.
const YOUNG_NS: u64 = 30_000_000_000;

/// Looks at containers.
pub(crate) struct ContainerSource {
    export: Arc<Export>,
    containers: Arc<Mutex<Containers>>,
}

impl ContainerSource {
    pub(crate) fn new(export: Arc<Export>) -> Self {
        Self { export, containers: Arc::default() }
    }
}

impl Source for ContainerSource {
    const GROUP: Group = Group::Containers;

    async fn read(&mut self, asked: &Asked) -> Told {
        let (export, containers, when) = (Arc::clone(&self.export), Arc::clone(&self.containers), asked.clone());
        let read = blocking::run(move || {
            let mut containers = containers.lock().unwrap_or_else(PoisonError::into_inner);
            let (told, unread) = containers.read(&export, &when);
            export.unread().take(&unread);
            told
        });
        let mut told = read.await.unwrap_or_else(|error| {
            tracing::error!(%error, "containers could not be looked at");
            Told::default()
        });
        told.now.extend(self.export.crashes().told(asked).now);
        told
    }

    async fn ended(&mut self) {
        loop {
            tokio::time::sleep(LOOK).await;
            let (export, containers) = (Arc::clone(&self.export), Arc::clone(&self.containers));
            let look = blocking::run(move || {
                let mut containers = containers.lock().unwrap_or_else(PoisonError::into_inner);
                containers.look(export.recorder())
            });
            if look.await.unwrap_or_default() {
                return;
            }
        }
    }
}

/// All that are held, by recording.
#[derive(Default)]
struct Containers {
    hierarchies: Option<Hierarchies>,
    known: HashMap<u64, Known>,
    /// By their UIDs.
    pods: HashMap<String, Meter>,
}

/// One.
struct Known {
    meter: Meter,
    /// When it started, as it was reckoned first: by the host's clock of now, that moves a little, and a counter whose
    /// start moves has begun anew.
    start_unix_ns: u64,
    /// What its cgroup said at the last look, and when.
    last: Option<(Figures, u64)>,
    /// Whether its last figures were told.
    is_told: bool,
}

impl Containers {
    /// All of them, and those that have ended since.
    fn read(&mut self, export: &Export, asked: &Asked) -> (Told, Vec<Unread>) {
        let recorder = export.recorder();
        let (mut told, mut unread) = (Told::default(), Vec::new());
        let counted = self.counted(recorder);
        told.now.extend(self.of_pods(recorder, &counted, asked));
        self.known.retain(|recording, _| counted.iter().any(|of| of.header.recording == *recording));
        for counted in counted {
            let is_over = counted.header.died_ns.is_some();
            // One that was empty for a moment, and has processes again, is told of again.
            if is_over && self.known.get(&counted.header.recording).is_some_and(|known| known.is_told) {
                continue;
            }
            unread.extend(self.take(recorder, &counted));
            let Some(known) = self.known.get_mut(&counted.header.recording) else { continue };
            known.is_told = is_over;
            let pod = counted.header.container.pod.as_deref();
            let limits = pod.and_then(|pod| export.limits(pod.uid.as_str(), pod.container.as_str()));
            let part = known.told(&counted, &limits.unwrap_or_default(), asked);
            if is_over { told.ended.push(part) } else { told.now.push(part) }
        }
        (told, unread)
    }

    /// The pods of those that live: their cgroups are those above.
    fn of_pods(&mut self, recorder: &Recorder, counted: &[Counted], asked: &Asked) -> Vec<ResourceMetrics> {
        let hierarchies = self.hierarchies.get_or_insert_with(|| recorder.hierarchies());
        let living = counted.iter().filter(|of| of.header.died_ns.is_none());
        let pods: BTreeMap<_, _> =
            living.filter_map(|of| Some((of.header.container.pod.as_ref()?.uid.as_str(), of))).collect();
        self.pods.retain(|uid, _| pods.contains_key(uid.as_str()));
        let mut told = Vec::new();
        for (uid, counted) in pods {
            let above = counted.cgroup.parent().map(|above| Figures::read(hierarchies, above));
            let Some(Ok((figures, _))) = above else { continue };
            let start_unix_ns = unix_ns(&counted.header, counted.header.born_ns);
            let meter = self.pods.entry(uid.to_owned()).or_insert_with(|| Meter::new(Subject::Pod, start_unix_ns));
            let metrics = meter.metrics(&figures, &Limits::default(), asked.now_unix_ns);
            let mut resource = resource(&counted.header, &asked.attributes);
            resource.attributes.retain(|of| !OF_CONTAINER.iter().any(|prefix| of.key.starts_with(prefix)));
            told.push(metric::of_resource(resource, metrics));
        }
        told
    }

    /// Looks at young ones; whether one has ended that was not told of.
    fn look(&mut self, recorder: &Recorder) -> bool {
        let now_ns = clock::now_ns();
        let mut is_any_over = false;
        for counted in self.counted(recorder) {
            let known = self.known.get(&counted.header.recording);
            if counted.header.died_ns.is_some() {
                is_any_over |= known.is_none_or(|known| !known.is_told);
            } else if now_ns.saturating_sub(counted.header.born_ns) < YOUNG_NS {
                // What could not be read is told of by the next reading.
                drop(self.take(recorder, &counted));
            }
        }
        is_any_over
    }

    fn counted(&mut self, recorder: &Recorder) -> Vec<Counted> {
        let mut counted = recorder.counted().unwrap_or_else(|error| {
            tracing::error!(%error, "the counts of recordings could not be read");
            Vec::new()
        });
        counted.retain(|of| !recorder.is_unwanted(&of.header.container));
        counted
    }

    /// Looks at one's cgroup; what of it could not be read.
    fn take(&mut self, recorder: &Recorder, counted: &Counted) -> Vec<Unread> {
        let hierarchies = self.hierarchies.get_or_insert_with(|| recorder.hierarchies());
        let known = self.known.entry(counted.header.recording).or_insert_with(|| {
            let start_unix_ns = unix_ns(&counted.header, counted.header.born_ns);
            Known { meter: Meter::new(Subject::Container, start_unix_ns), start_unix_ns, last: None, is_told: false }
        });
        match Figures::read(hierarchies, &counted.cgroup) {
            Ok((figures, unread)) => {
                known.last = Some((figures, clock::unix_ns().cast_unsigned()));
                unread
            }
            Err(ReadError::Gone) => Vec::new(),
            Err(error) => vec![Unread { what: "cgroup".to_owned(), why: error.to_string() }],
        }
    }
}

impl Known {
    /// All that is known of it.
    fn told(&mut self, counted: &Counted, limits: &Limits, asked: &Asked) -> ResourceMetrics {
        let mut metrics = Vec::new();
        if let Some((figures, at_unix_ns)) = &self.last {
            metrics.extend(self.meter.metrics(figures, limits, *at_unix_ns));
        }
        metrics.extend(of_calls(counted, Points { began_unix_ns: self.start_unix_ns, now_unix_ns: asked.now_unix_ns }));
        metric::of_resource(resource(&counted.header, &asked.attributes), metrics)
    }
}

/// What the kernel side counts.
fn of_calls(counted: &Counted, points: Points) -> Vec<Metric> {
    let by_class = |of: fn(&ClassCount) -> metric::Number| {
        let named = counted.classes.iter().zip(call_class::NAMES).filter(|(count, _)| count.calls > 0);
        named.map(|(count, class)| points.of(of(count), &[("rewind.call.class", class)])).collect::<Vec<_>>()
    };
    let calls = by_class(|count| count.calls.into());
    if calls.is_empty() {
        return Vec::new();
    }
    let errors = by_class(|count| count.errors.into());
    let seconds = by_class(|count| (count.time_ns as f64 / 1e9).into());
    let failures = vec![points.of(counted.failures, &[])];
    vec![
        sum("rewind.container.calls", "{call}", "System calls by class", calls),
        sum("rewind.container.call.errors", "{call}", "Those that failed, but for ordinary waiting", errors),
        sum("rewind.container.call.time", "s", "Time in system calls by class", seconds),
        sum(
            "rewind.container.process.failures",
            "{process}",
            "Processes that ended with another status than 0",
            failures,
        ),
    ]
}

/// The container that is observed, and what was told of all.
pub(super) fn resource(header: &rewind_recording::header::Header, told: &[(String, String)]) -> Resource {
    with_told(rewind_otlp::resource(header).attributes, told)
}

fn unix_ns(header: &rewind_recording::header::Header, ktime_ns: u64) -> u64 {
    ktime_ns.saturating_add_signed(header.host.unix_offset_ns)
}
