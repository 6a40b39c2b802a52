//! What happens, to an OpenTelemetry backend: a subscriber of the feed for each signal, and the ends of containers.
//!
//! ```text
//! feed -> a subscription's queue -> batch -> rewind-otlp -> rewind-exporter     lane.rs, one of spans, one of log records
//! a container's end -> file beside the crash files -> message -> deleted         ends.rs
//! /proc, /sys, cgroups, events, the API, counts -> message, text for Prometheus  metrics.rs, prometheus.rs
//! ```
//!
//! # What always holds
//!
//! * Nothing waits for a backend but what is for it: a lane has its own queue at the feed, bounded in bytes. While the
//!   backend is away, what does not fit is counted, and no more memory is used.
//! * **At least once.** The feed's position stands behind what a backend has taken, and ends are on disk until one has.
//!   What comes twice has the same ids (`span_id`, `log.record.uid`), as they follow from the recording.
//! * A span comes once, when it has ended ([`rewind_otlp::Live`]); what a dump or `rewind export` of the same recording
//!   gives has the same ids.
//! * What is not sent is counted by its reason, and logged by the same call ([`telemetry`]).
//!
//! # What it costs
//!
//! `cargo xtask bench --only export`, spans of 16 containers, 8,000 a second, gzipped to a Collector of the same machine,
//! 2 CPUs, kernel 6.18, November 2026: 61,700 spans in a second of CPU time, 51,000 with the thread that reads rings,
//! none missing at the Collector and none lost before. `--only soak`, 38,500 short connections a second for ten minutes:
//! 105 MiB from the fifth minute on, and what was too much is counted.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it does |
//! |---|---|
//! | [`variables`] | where things are sent |
//! | [`telemetry`] | counts |
//! | [`item`] | spans and log records, and messages of them |
//! | [`recordings`] | what a lane knows of each recording |
//! | [`lane`] | one signal's way |
//! | [`spill`] | ends on disk: pure but for the disk |
//! | [`ends`] | ends of containers |
//! | [`metrics`] | metrics, group by group |
//! | [`prometheus`] | the same for who scrapes |

mod ends;
mod item;
mod lane;
mod metrics;
mod prometheus;
mod recordings;
mod spill;
mod telemetry;
mod variables;

pub(crate) use metrics::group::{Group, Groups, Setting};
pub(crate) use prometheus::Endpoint;
pub(crate) use variables::Variables;

use crate::clock;
use crate::feed::{Feed, Subscription};
use crate::recorder::Recorder;
use crate::workloads::Workloads;
use ends::Ends;
use metrics::agent::AgentSource;
use metrics::containers::ContainerSource;
use metrics::crashes::Crashes;
use metrics::host::{HostSource, Missing};
use metrics::latest::Latest;
use metrics::workloads::WorkloadSource;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use rewind_container_metrics::Limits;
use rewind_exporter::{Exporter, Signal, Tried};
use rewind_host_metrics::Roots;
use rewind_recording::api::ExportState;
use rewind_recording::header::Header;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use telemetry::{SIGNALS, Telemetry};
use tokio::sync::watch;

/// How often it is looked whether the last end was sent.
const DRAIN_LOOK: Duration = Duration::from_millis(20);
/// How often the agent's own figures may be sent.
const LEAST_INTERVAL: Duration = Duration::from_millis(100);
/// A lane that is not idle.
const BUSY: u64 = u64::MAX;

/// What is set of where things go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// What the variables say, by the file of settings before the environment.
    pub variables: Variables,
    /// Whether spans of requests are sent, of who does not say it.
    pub request_spans: bool,
    /// Which metrics are read, and how often.
    pub groups: Groups,
    /// Where metrics are told to who scrapes, if they are.
    pub prometheus: Option<Endpoint>,
}

impl Default for Settings {
    fn default() -> Self {
        let (variables, groups) = (Variables::default(), Groups::default());
        Self { variables, request_spans: true, groups, prometheus: None }
    }
}

/// What the lanes go by.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    exporters: [Option<Arc<Exporter>>; 3],
    variables: Variables,
    /// Whether spans of requests are sent, of who does not say it.
    request_spans: bool,
    /// Which metrics are read, and how often.
    groups: Groups,
    /// Where metrics are told to who scrapes, if they are.
    prometheus: Option<Endpoint>,
    /// Whether they have been read at all.
    is_set: bool,
    is_draining: bool,
}

impl State {
    fn exporter(&self, signal: Signal) -> Option<Arc<Exporter>> {
        let at = SIGNALS.iter().position(|of| *of == signal)?;
        self.exporters.get(at)?.clone()
    }

    /// Whether a group of metrics is read: it is on, and there is somebody whom it goes to.
    fn wants(&self, group: Group) -> bool {
        let is_wanted = self.exporter(Signal::Metrics).is_some() || self.prometheus.is_some();
        // Others may have the Lease at once.
        let is_late = group == Group::Workloads && self.is_draining;
        self.groups.of(group).is_on && is_wanted && !is_late
    }
}

/// Exports what one recorder sees.
pub(crate) struct Export {
    recorder: Arc<Recorder>,
    /// What the cluster calls this host, if it is a node of one.
    node: Option<String>,
    /// Where the host's files are.
    host: Roots,
    workloads: Option<Arc<Workloads>>,
    wants_workloads: watch::Sender<bool>,
    telemetry: Arc<Telemetry>,
    unread: Missing,
    latest: Latest,
    crashes: Crashes,
    ends: Ends,
    state: watch::Sender<State>,
    /// Since when the lanes of spans and of log records have nothing to do; [`BUSY`]: they have.
    idle_since_ns: [AtomicU64; 2],
}

/// What the lanes have subscribed to before the feed began.
pub(crate) type First = [Option<Subscription>; 2];

impl Export {
    /// Nothing is sent before [`Export::set`]. `dir` is for ends that were not sent.
    pub(crate) fn new(
        recorder: Arc<Recorder>,
        node: Option<String>,
        workloads: Option<Arc<Workloads>>,
        dir: &Path,
        host: Roots,
    ) -> Self {
        Self {
            recorder,
            node,
            host,
            workloads,
            wants_workloads: watch::Sender::default(),
            telemetry: Arc::default(),
            unread: Missing::default(),
            latest: Latest::default(),
            crashes: Crashes::default(),
            ends: Ends::open(dir),
            state: watch::Sender::default(),
            idle_since_ns: [AtomicU64::new(0), AtomicU64::new(0)],
        }
    }

    /// From now on things go where these say.
    pub(crate) fn set(&self, settings: &Settings) {
        let Settings { variables, request_spans, mut groups, prometheus } = settings.clone();
        if let Some(interval) = variables.millis("OTEL_METRIC_EXPORT_INTERVAL") {
            groups.set(Group::Agent, Setting { is_on: true, interval: interval.max(LEAST_INTERVAL) });
        }
        self.state.send_if_modified(|state| {
            let after = (request_spans, groups, prometheus);
            let before = (state.request_spans, state.groups, state.prometheus.take());
            let is_other = before != after;
            (state.request_spans, state.groups, state.prometheus) = after;
            is_other
        });
        let is_same = |state: &State| state.is_set && state.variables == variables;
        if is_same(&self.state.borrow()) {
            return;
        }
        let exporters = SIGNALS.map(|signal| match variables.exporter(signal) {
            Ok(None) => {
                self.telemetry.goes_nowhere(signal);
                None
            }
            Ok(Some(exporter)) => {
                let telemetry = Arc::clone(&self.telemetry);
                telemetry.goes_to(signal, &exporter.destination().shown());
                Some(Arc::new(exporter.watched(Arc::new(move |tried| match tried {
                    Tried::Taken(bytes) => telemetry.taken(signal, bytes),
                    Tried::Again(why) => telemetry.again(signal, why),
                }))))
            }
            Err(error) => {
                self.telemetry.goes_nowhere(signal);
                self.telemetry.unusable(signal, &error);
                None
            }
        });
        self.state.send_modify(|state| {
            (state.exporters, state.variables, state.is_set) = (exporters, variables, true);
        });
    }

    /// What lanes subscribe to before the feed begins: what the agent before has not sent is for all of them.
    pub(crate) fn subscribe(&self, feed: &Feed) -> First {
        let state = self.state.borrow();
        [Signal::Traces, Signal::Logs].map(|signal| state.exporter(signal).map(|_| feed.subscribe(signal.variable())))
    }

    /// Sends all that there is to send, until the feed is over.
    pub(crate) async fn run(self: Arc<Self>, feed: Arc<Feed>, [traces, logs]: First) {
        tokio::join!(
            lane::run::<Span>(Arc::clone(&self), &feed, traces),
            lane::run::<LogRecord>(Arc::clone(&self), &feed, logs),
            ends::run(Arc::clone(&self)),
            metrics::run(Arc::clone(&self), HostSource::new(Arc::clone(&self))),
            metrics::run(Arc::clone(&self), ContainerSource::new(Arc::clone(&self))),
            metrics::traffic::run(Arc::clone(&self), &feed),
            metrics::run(Arc::clone(&self), WorkloadSource::new(Arc::clone(&self))),
            metrics::run(Arc::clone(&self), AgentSource::new(Arc::clone(&self))),
            prometheus::run(&self),
        );
    }

    /// A container has ended. Writes a file, and is not for an async thread.
    pub(crate) fn ended(&self, header: &Header, records: &[u8]) {
        if self.sends_ends() {
            self.ends.take(self, header, records);
        }
        if self.state.borrow().wants(Group::Containers) {
            self.crashes.take(header, records, clock::unix_ns().cast_unsigned());
        }
    }

    /// Whether ends of containers matter: to who is sent spans or log records, or counts of them.
    pub(crate) fn is_on(&self) -> bool {
        self.sends_ends() || self.state.borrow().wants(Group::Containers)
    }

    fn sends_ends(&self) -> bool {
        let state = self.state.borrow();
        [Signal::Traces, Signal::Logs].iter().any(|signal| state.exporter(*signal).is_some())
    }

    /// What became of what was to be exported; `None`: nothing was.
    pub(crate) fn told(&self) -> Option<ExportState> {
        self.telemetry.state()
    }

    /// Whether somebody wants to know how workloads are.
    pub(crate) fn wants_workloads(&self) -> watch::Receiver<bool> {
        self.wants_workloads.subscribe()
    }

    /// From now on nothing waits for names, or for others to be sent with.
    pub(crate) fn set_draining(&self) {
        self.state.send_modify(|state| state.is_draining = true);
        self.wants_workloads.send_replace(false);
    }

    /// Waits until the ends of containers were sent.
    pub(crate) async fn ends_sent(&self) {
        while self.sends_ends() && !self.ends.is_empty() {
            tokio::time::sleep(DRAIN_LOOK).await;
        }
    }

    fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// What a container may use, where a cluster says so.
    fn limits(&self, pod_uid: &str, container: &str) -> Option<Limits> {
        self.workloads.as_ref()?.limits(pod_uid, container)
    }

    /// What of the host could not be read.
    const fn unread(&self) -> &Missing {
        &self.unread
    }

    /// What groups of metrics said last.
    const fn latest(&self) -> &Latest {
        &self.latest
    }

    /// Which containers failed.
    const fn crashes(&self) -> &Crashes {
        &self.crashes
    }

    fn node(&self) -> Option<&str> {
        self.node.as_deref()
    }

    const fn recorder(&self) -> &Arc<Recorder> {
        &self.recorder
    }

    const fn ends(&self) -> &Ends {
        &self.ends
    }

    fn state(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    fn max_age(&self) -> Duration {
        lane::max_age(self.state.borrow().variables.millis("OTEL_BLRP_SCHEDULE_DELAY"))
    }

    /// A lane has nothing to do, or something.
    fn idle(&self, signal: Signal, is_idle: bool) {
        let [traces, logs] = &self.idle_since_ns;
        let of = if signal == Signal::Traces { traces } else { logs };
        if !is_idle {
            of.store(BUSY, Ordering::Relaxed);
        } else if of.load(Ordering::Relaxed) == BUSY {
            of.store(clock::now_ns(), Ordering::Relaxed);
        }
    }

    /// Whether each lane has sent all that had come at some time of the kernel side's clock.
    fn has_sent_since(&self, at_ns: u64) -> bool {
        clock::now_ns() > at_ns && self.idle_since_ns.iter().all(|since| since.load(Ordering::Relaxed) != BUSY)
    }
}
