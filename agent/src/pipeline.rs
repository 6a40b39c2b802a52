//! `rewind-agent run`, from start to drain: the only place that starts tasks.

use crate::cluster::Cluster;
use crate::crash::Keeper;
use crate::event_log;
use crate::feed::{Feed, Subscription};
use crate::identity::kubernetes::{Pods, watch};
use crate::identity::peers::Peers;
use crate::recorder::Recorder;
use crate::serve::{self, Shared, SocketPath};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixListener;
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// How often it is looked whether a recording has begun, which is one word of mapped memory.
const LOOK: Duration = Duration::from_millis(50);
/// How many looks may pass until room is made all the same.
const RECONCILE: u32 = 20;
/// How often it is looked for ends that could not be dealt with at once, and for failed children.
const KEEP: Duration = Duration::from_secs(1);
/// How long the last crash files may take when the agent ends.
const DRAIN: Duration = Duration::from_secs(10);
/// Most connections at a time; more wait.
const CONNECTIONS: usize = 64;

/// This host as a node of a cluster.
pub(crate) struct Node {
    /// The cluster.
    pub cluster: Arc<Cluster>,
    /// This node's pods, as the recorder asks for them.
    pub pods: Arc<Pods>,
    /// Names of addresses, as the recorder asks for them.
    pub peers: Arc<Peers>,
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// If a signal handler or the socket cannot be had.
pub(crate) async fn run(
    recorder: Recorder,
    keeper: Keeper,
    place: SocketPath,
    event_logs: &[PathBuf],
    node: Option<Node>,
) -> anyhow::Result<()> {
    // Before it answers: who has seen it answer may end it.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let bound = place.listen()?;
    let listener = UnixListener::from_std(bound.listener.try_clone()?)?;
    if keeper.is_on() {
        recorder.begin_judging();
    }
    let (shared, keeper, ended) = (Arc::new(recorder), Arc::new(keeper), Arc::new(Notify::new()));
    let feed = Arc::new(Feed::new(Arc::clone(&shared)));
    for path in event_logs {
        log_events(feed.subscribe("event log"), path.clone())?;
    }
    // A thread of its own: a reader that is slow holds up neither it nor what it looks at.
    let feeding = std::thread::Builder::new().name("feed".to_owned());
    let feeding = feeding.spawn({
        let feed = Arc::clone(&feed);
        move || feed.run()
    })?;
    let reconciling = tokio::spawn(reconcile(Arc::clone(&shared), Arc::clone(&ended)));
    let watching = node.map(|node| tokio::spawn(learn(node)));
    let keeping = tokio::spawn(keep(Arc::clone(&shared), Arc::clone(&keeper), ended));
    tracing::info!(socket = %bound.path().display(), "recording");
    tokio::select! {
        () = accept(&listener, &shared, &feed, &keeper) => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    // Before subscribers go: what they leave is for the next agent's.
    feed.stop();
    if feeding.join().is_err() {
        tracing::error!("the feed failed");
    }
    reconciling.abort();
    keeping.abort();
    watching.inspect(JoinHandle::abort);
    let last = tokio::task::spawn_blocking(move || keeper.judge(&shared));
    if tokio::time::timeout(DRAIN, last).await.is_err() {
        tracing::warn!("the disk is too slow for the last crash files");
    }
    tracing::info!("stopped");
    Ok(())
}

/// Learns from the cluster's API whose containers these are, and whom they speak to.
async fn learn(Node { cluster, pods, peers }: Node) {
    tokio::join!(watch::run(&cluster, &pods), peers.watch_services(&cluster), peers.watch_slices(&cluster));
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

async fn accept(listener: &UnixListener, shared: &Shared, feed: &Arc<Feed>, keeper: &Arc<Keeper>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, most likely: whoever waits may try again in a moment.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (shared, feed, keeper) = (Arc::clone(shared), Arc::clone(feed), Arc::clone(keeper));
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                serve::answer(Arc::clone(&shared), Arc::clone(&feed), Arc::clone(&keeper), request)
            });
            if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
                tracing::debug!(%error, "a reader has gone");
            }
            drop(place);
        });
    }
}

/// Writes crash files, where nobody waits for the disk.
async fn keep(shared: Shared, keeper: Arc<Keeper>, ended: Arc<Notify>) {
    let mut ticks = tokio::time::interval(KEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let is_tick = tokio::select! {
            () = ended.notified() => false,
            _ = ticks.tick() => true,
        };
        let (shared, keeper) = (Arc::clone(&shared), Arc::clone(&keeper));
        let done = tokio::task::spawn_blocking(move || {
            // What was kept may make room for the next container, which may be here already.
            if keeper.judge(&shared)
                && let Err(error) = shared.reconcile()
            {
                tracing::error!(%error, "cannot make room for new recordings");
            }
            if is_tick {
                keeper.judge_children(&shared);
            }
        });
        if let Err(error) = done.await {
            tracing::error!(%error, "the keeper of crash files failed");
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
        match tokio::task::spawn_blocking(move || shared.reconcile()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "cannot make room for new recordings"),
            Err(error) => tracing::error!(%error, "what makes room for new recordings failed"),
        }
    }
}
