//! `rewind-agent run`, from start to drain: the only place that starts tasks.

use crate::cluster::Cluster;
use crate::config::{Settings, Typed, Watched};
use crate::counts::Counts;
use crate::crash::{Keeper, Listener};
use crate::event_log;
use crate::export::Export;
use crate::feed::{Feed, Subscription};
use crate::identity::kubernetes::annotations::Annotations;
use crate::identity::kubernetes::{Pods, watch};
use crate::identity::peers::Peers;
use crate::identity::pod::pod_of;
use crate::publish::{self, Events, Publisher};
use crate::recorder::{Recorder, Wish};
use crate::serve::{self, Gate, Parts, Places, Port, Shared, SocketPath};
use crate::upload::{self, Upload};
use crate::usage::Usage;
use crate::workloads::Workloads;
use anyhow::Context as _;
use rewind_host_metrics::Roots;
use rewind_recording::redact::Redactor;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, UnixListener};
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use url::Url;

/// How often it is looked whether a recording has begun, which is one word of mapped memory.
const LOOK: Duration = Duration::from_millis(50);
/// How many looks may pass until room is made all the same.
const RECONCILE: u32 = 20;
/// How often it is looked for ends that could not be dealt with at once, and for failed children.
const KEEP: Duration = Duration::from_secs(1);
/// How long it is waited for what was not sent when the agent ends: a part of the half minute that Kubernetes gives.
const SEND: Duration = Duration::from_secs(5);
/// How long the last crash files may take when the agent ends.
const WRITE: Duration = Duration::from_secs(10);
/// How often the file of settings is looked at.
const CONFIGURE: Duration = Duration::from_secs(3);
/// How long after a connection could not be accepted it is tried again.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// What is wanted besides recording.
pub(crate) struct Wanted {
    /// Files of events.
    pub event_logs: Vec<PathBuf>,
    /// The cluster, if this host is a node of one.
    pub node: Option<Node>,
    /// Where crash files are sent to, and what the cluster is called there.
    pub upload: Option<(Url, String)>,
    /// Where ends are kept that a backend has not taken.
    pub spill: PathBuf,
    /// Where the host's files are.
    pub host: Roots,
    /// Where the port is.
    pub listen: SocketAddr,
    /// The file of settings.
    pub settings: Option<Watched>,
    /// What it goes before.
    pub typed: Typed,
}

/// What tells the cluster.
#[derive(Clone)]
struct Told {
    publisher: Arc<Publisher>,
    events: Arc<Events>,
}

/// This host as a node of a cluster.
pub(crate) struct Node {
    /// The cluster.
    pub cluster: Arc<Cluster>,
    /// This node's pods, as the recorder asks for them.
    pub pods: Arc<Pods>,
    /// Names of addresses, as the recorder asks for them.
    pub peers: Arc<Peers>,
    /// How workloads are.
    pub workloads: Arc<Workloads>,
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// If a signal handler or the socket cannot be had.
pub(crate) async fn run(recorder: Recorder, keeper: Keeper, place: SocketPath, wanted: Wanted) -> anyhow::Result<()> {
    // Before it answers: who has seen it answer may end it.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    if keeper.is_on() {
        recorder.set_judged_at_all(true);
    }
    let (shared, keeper, ended) = (Arc::new(recorder), Arc::new(keeper), Arc::new(Notify::new()));
    let counts = Arc::new(Counts::default());
    keeper.healthy().set_counts(Arc::clone(&counts));
    // Before there is a socket: who waits for it takes it for a start that went well.
    let upload = match &wanted.upload {
        Some((url, cluster)) => Some(Arc::new(Upload::new(url, cluster, Arc::clone(&keeper), Arc::clone(&counts))?)),
        None => None,
    };
    let bound = place.listen()?;
    let listener = UnixListener::from_std(bound.listener.try_clone()?)?;
    let feed = Arc::new(Feed::new(Arc::clone(&shared)));
    for path in &wanted.event_logs {
        log_events(feed.subscribe("event log"), path.clone())?;
    }
    let settings = wanted.settings.as_ref().map(|watched| watched.good().clone()).unwrap_or_default();
    let node = wanted.node.as_ref().map(|node| node.cluster.node().to_owned());
    let workloads = wanted.node.as_ref().map(|node| Arc::clone(&node.workloads));
    let export =
        Arc::new(Export::new(Arc::clone(&shared), node, workloads.clone(), &wanted.spill, wanted.host.clone()));
    export.set(&settings.export);
    if export.is_on() {
        shared.set_judged_at_all(true);
    }
    let first = export.subscribe(&feed);
    // A thread of its own: a reader that is slow holds up neither it nor what it looks at.
    let feeding = std::thread::Builder::new().name("feed".to_owned());
    let (ends, fed) = oneshot::channel::<()>();
    let feeding = feeding.spawn({
        let feed = Arc::clone(&feed);
        move || {
            feed.run();
            drop(ends);
        }
    })?;
    let pods = wanted.node.as_ref().map(|node| Arc::clone(&node.pods)).unwrap_or_default();
    let parts = Parts {
        recorder: Arc::clone(&shared),
        feed: Arc::clone(&feed),
        keeper: Arc::clone(&keeper),
        annotations: Arc::new(Annotations::of(pods)),
        counts: Arc::clone(&counts),
        export: Arc::clone(&export),
        usage: Arc::new(Usage::new(wanted.host)),
    };
    let mut tasks = JoinSet::new();
    let told = match wanted.node {
        Some(node) => Some(join_cluster(node, wanted.listen, &parts, &mut tasks).await?),
        None => None,
    };
    apply(&settings, &wanted.typed, &parts, told.as_ref());
    if let Some(watched) = wanted.settings {
        tasks.spawn(configure(watched, wanted.typed, parts.clone(), told.clone()));
    }
    tasks.spawn(Arc::clone(&export).run(Arc::clone(&feed), first));
    tasks.spawn(reconcile(Arc::clone(&shared), Arc::clone(&ended)));
    if let Some(upload) = upload.clone() {
        for _ in 0..upload::LANES {
            let (upload, publisher) = (Arc::clone(&upload), told.as_ref().map(|told| Arc::clone(&told.publisher)));
            tasks.spawn(async move { upload.run(publisher.as_deref()).await });
        }
    }
    tasks.spawn(keep(Arc::clone(&shared), Arc::clone(&keeper), ended, told, upload));
    tracing::info!(socket = %bound.path().display(), "recording");
    tokio::select! {
        () = accept(&listener, &parts) => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    export.set_draining();
    feed.stop();
    let drained = async {
        // It is dropped, not sent.
        let _ = fed.await;
        export.ends_sent().await;
        if let Some(workloads) = workloads {
            workloads.released().await;
        }
    };
    if tokio::time::timeout(SEND, drained).await.is_err() {
        tracing::warn!("what the backend has not taken is left to the next agent");
    }
    // Before subscribers go: what they have not dealt with is noted.
    feed.leave();
    if feeding.join().is_err() {
        tracing::error!("the feed failed");
    }
    tasks.abort_all();
    let last = tokio::task::spawn_blocking(move || {
        keeper.judge(&shared);
        keeper.healthy().save(true);
    });
    if tokio::time::timeout(WRITE, last).await.is_err() {
        tracing::warn!("the disk is too slow for the last crash files");
    }
    tracing::info!("stopped");
    Ok(())
}

/// Waits for SIGTERM or SIGINT.
///
/// # Errors
/// If a signal handler cannot be had.
pub(crate) async fn told_to_end() -> std::io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Starts all that speaks to the API server, or is asked through it. It need not answer now.
async fn join_cluster(node: Node, listen: SocketAddr, parts: &Parts, tasks: &mut JoinSet<()>) -> anyhow::Result<Told> {
    let cluster = Arc::clone(&node.cluster);
    let events = Arc::new(Events::new(Arc::clone(&parts.counts)));
    let publisher = Publisher::new(
        Arc::clone(&cluster),
        Arc::clone(&parts.keeper),
        Arc::clone(&node.pods),
        Arc::clone(&events),
        Arc::clone(&parts.counts),
    );
    let told = Told { publisher: Arc::new(publisher), events };
    let port = Port {
        parts: parts.clone(),
        gate: Arc::new(Gate::new(Arc::clone(&cluster), Arc::clone(&parts.counts))),
        places: Places::new(),
        events: Arc::clone(&told.events),
    };
    let listener = TcpListener::bind(listen).await;
    let listener =
        listener.with_context(|| format!("cannot listen on {listen}; give another address with --listen"))?;
    tracing::info!(%listen, node = cluster.node(), "answers who shows a RecordingRequest");
    tasks.spawn({
        let (workloads, cluster) = (Arc::clone(&node.workloads), Arc::clone(&cluster));
        let is_wanted = parts.export.wants_workloads();
        async move { workloads.run(&cluster, is_wanted).await }
    });
    tasks.spawn(learn(node, Arc::clone(&parts.annotations)));
    tasks.spawn(accept_at_port(listener, port));
    tasks.spawn({
        let (told, cluster) = (told.clone(), Arc::clone(&cluster));
        async move { told.events.run(&cluster).await }
    });
    tasks.spawn({
        let told = told.clone();
        async move { told.publisher.run().await }
    });
    tasks.spawn({
        let told = told.clone();
        async move { told.publisher.run_urls().await }
    });
    tasks.spawn(async move { publish::sweep::run(&cluster).await });
    // What the agent before may have written and not told of.
    told.publisher.tell_again(parts.keeper.recent(publish::RECENT_S));
    Ok(told)
}

/// Heeds the file of settings when it changes.
async fn configure(mut watched: Watched, typed: Typed, parts: Parts, told: Option<Told>) {
    let mut ticks = tokio::time::interval(CONFIGURE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let before = watched.good().clone();
        if watched.look() {
            if let Some(later) = watched.good().later(&before) {
                tracing::warn!("{later}");
            }
            apply(watched.good(), &typed, &parts, told.as_ref());
        }
    }
}

/// What can change while the agent runs.
fn apply(settings: &Settings, typed: &Typed, parts: &Parts, told: Option<&Told>) {
    let (when, on_child) = (settings.when.unwrap_or(typed.when), settings.on_child.unwrap_or(typed.on_child));
    parts.keeper.set_triggers(when, on_child, &parts.recorder);
    match Redactor::new(&[typed.redact.as_slice(), &settings.redact].concat()) {
        Ok(redactor) => parts.recorder.set_redactor(redactor),
        Err(error) => tracing::error!(%error, "what is hidden stays as it was"),
    }
    let (of, annotations) = (settings.clone(), Arc::clone(&parts.annotations));
    parts.recorder.set_wishes(Arc::new(move |container| match pod_of(container) {
        Some((namespace, uid)) => of.wish(namespace, annotations.asked(namespace, uid)),
        None => Wish::default(),
    }));
    parts.export.set(&settings.export);
    let listener = parts.export.is_on().then(|| {
        let export = Arc::clone(&parts.export);
        let listener: Listener = Arc::new(move |header, records| export.ended(header, records));
        listener
    });
    parts.keeper.set_listener(listener, &parts.recorder);
    if let Some(told) = told {
        told.publisher.set_on(settings.recordings);
        told.events.set_on(settings.events);
    }
}

/// Learns from the cluster's API whose containers these are, and whom they speak to.
async fn learn(Node { cluster, pods, peers, workloads }: Node, annotations: Arc<Annotations>) {
    let peers = async { tokio::join!(peers.watch_services(&cluster), peers.watch_slices(&cluster)) };
    let pods = watch::run(&cluster, &pods, |event| workloads.take_pod(event));
    tokio::join!(pods, annotations.run(&cluster), peers);
}

/// A thread that may wait for its file as long as it takes; the agent ends without it.
fn log_events(subscription: Subscription, path: PathBuf) -> std::io::Result<()> {
    let runtime = Handle::current();
    let log = move || {
        if let Err(error) = event_log::run(&runtime, subscription, &path) {
            tracing::error!(%error, path = %path.display(), "no more events are logged");
        }
    };
    std::thread::Builder::new().name("events".to_owned()).spawn(log).map(drop)
}

async fn accept(listener: &UnixListener, parts: &Parts) {
    let places = Places::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(serve::serve_owner(parts.clone(), places.clone(), stream))),
            Err(error) => {
                // Out of descriptors, most likely: whoever waits may try again in a moment.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

async fn accept_at_port(listener: TcpListener, port: Port) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => drop(tokio::spawn(serve::serve(port.clone(), stream, peer.ip()))),
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection at the port");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

/// Writes crash files, where nobody waits for the disk.
async fn keep(
    shared: Shared,
    keeper: Arc<Keeper>,
    ended: Arc<Notify>,
    told: Option<Told>,
    upload: Option<Arc<Upload>>,
) {
    let mut ticks = tokio::time::interval(KEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let is_tick = tokio::select! {
            () = ended.notified() => false,
            _ = ticks.tick() => true,
        };
        let (shared, keeper) = (Arc::clone(&shared), Arc::clone(&keeper));
        let done = tokio::task::spawn_blocking(move || {
            let judged = keeper.judge(&shared);
            // What was kept may make room for the next container, which may be here already.
            if judged.is_any
                && let Err(error) = shared.reconcile()
            {
                tracing::error!(%error, "cannot make room for new recordings");
            }
            if is_tick {
                keeper.judge_children(&shared);
            }
            judged.written
        });
        let written = match done.await {
            Ok(written) => written,
            Err(error) => {
                tracing::error!(%error, "the keeper of crash files failed");
                continue;
            }
        };
        if let Some(upload) = upload.as_ref().filter(|_| !written.is_empty()) {
            upload.look();
        }
        if let Some(told) = &told {
            told.publisher.tell(written);
        }
    }
}

/// Names a recording as soon as it has begun, since what tells its name may be gone with the
/// container, and makes room every second.
async fn reconcile(shared: Shared, ended: Arc<Notify>) {
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut waited = 0;
    loop {
        ticks.tick().await;
        if shared.has_ends() {
            ended.notify_one();
        }
        if waited < RECONCILE && !shared.is_due() {
            waited += 1;
            continue;
        }
        waited = 0;
        // Taking segments from living rings waits for the kernel.
        let shared = Arc::clone(&shared);
        match tokio::task::spawn_blocking(move || shared.reconcile().and_then(|()| shared.heed_wishes())).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "cannot make room for new recordings"),
            Err(error) => tracing::error!(%error, "what makes room for new recordings failed"),
        }
    }
}
