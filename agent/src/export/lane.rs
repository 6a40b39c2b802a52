//! One signal's way from the feed to the backend: what happens waits in the subscription's queue, which is bounded, and
//! is made into messages when it is their turn.
//!
//! What was taken from the queue is held until the backend has taken it, so that the feed's position stands before it:
//! what an agent that is killed has not sent, the next one gets again, and makes the same ids of it.

use crate::export::item::Item;
use crate::export::recordings::Recordings;
use crate::export::telemetry::Reason;
use crate::export::{Export, State};
use crate::feed::{Feed, Happened, Subscription};
use crate::{blocking, clock};
use rewind_exporter::{ExportError, Exporter, Message as _, Rejected};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Most bytes of records that are made into messages at once. Spans take thirty times as much.
const MAX_BATCH_BYTES: usize = 256 << 10;
/// How long the first event of a batch waits for others, if `OTEL_BLRP_SCHEDULE_DELAY` says nothing.
const MAX_AGE: Duration = Duration::from_secs(1);
/// How long what happened waits for the container's name.
const NAMES_WITHIN: Duration = Duration::from_secs(3);
/// How often it is looked whether a name has come.
const NAMES_LOOK: Duration = Duration::from_millis(200);
/// How often it is looked whether something has got no answer in time.
const CLOCK: Duration = Duration::from_secs(1);
/// How often it is told what waits while a message is on its way.
const TELL: Duration = Duration::from_secs(1);
/// Most bytes that wait for names.
const MAX_UNNAMED_BYTES: usize = 1 << 20;

/// A lane.
pub(crate) struct Lane {
    export: Arc<Export>,
    state: watch::Receiver<State>,
    recordings: Recordings,
    /// What waits for its container's name, and since when.
    unnamed: VecDeque<(Instant, Arc<Happened>)>,
    unnamed_bytes: usize,
}

/// Sends what happens, for as long as there is a feed; subscribes while there is an exporter. `first` is what it
/// subscribed to before the feed began, when all subscribers of then get what the agent before had not sent.
pub(crate) async fn run<I: Item>(export: Arc<Export>, feed: &Feed, mut first: Option<Subscription>) {
    let mut state = export.state();
    let began_ns = clock::now_ns();
    loop {
        let is_on = |state: &State| state.exporter(I::Message::SIGNAL).is_some();
        if state.wait_for(is_on).await.is_err() {
            return;
        }
        let since_ns = if first.is_some() { began_ns } else { clock::now_ns() };
        let mut subscription = first.take().unwrap_or_else(|| feed.subscribe(I::Message::SIGNAL.variable()));
        let mut lane = Lane {
            export: Arc::clone(&export),
            state: state.clone(),
            recordings: Recordings::since(since_ns),
            unnamed: VecDeque::new(),
            unnamed_bytes: 0,
        };
        let is_over = lane.serve::<I>(&mut subscription).await;
        drop(subscription);
        export.idle(I::Message::SIGNAL, true);
        if is_over {
            return;
        }
    }
}

impl Lane {
    /// Sends until there is no exporter any more (`false`), or no feed (`true`).
    async fn serve<I: Item>(&mut self, subscription: &mut Subscription) -> bool {
        let (signal, export) = (I::Message::SIGNAL, Arc::clone(&self.export));
        let of = export.telemetry().of(signal);
        loop {
            if self.exporter::<I>().is_none() {
                return false;
            }
            let mut batch = self.named();
            if batch.is_empty() {
                of.queue_bytes.store(subscription.bytes() as u64, Ordering::Relaxed);
                export.idle(signal, self.unnamed.is_empty());
                let happened = tokio::select! {
                    happened = subscription.next() => happened,
                    () = tokio::time::sleep(NAMES_LOOK), if !self.unnamed.is_empty() => continue,
                    () = tokio::time::sleep(CLOCK), if self.recordings.are_asking() => {
                        self.send::<I>(Vec::new()).await;
                        continue;
                    }
                    _ = self.state.changed() => continue,
                };
                let Some(happened) = happened else { return true };
                export.idle(signal, false);
                self.sort(happened, &mut batch);
                if batch.is_empty() {
                    continue;
                }
            }
            self.fill(subscription, &mut batch).await;
            let bytes: usize = batch.iter().map(|happened| happened.batch.bytes()).sum();
            let seen = batch.iter().map(|happened| happened.batch.len() as u64).sum();
            of.seen.fetch_add(seen, Ordering::Relaxed);
            let tell = |held: usize| {
                of.queue_bytes.store((subscription.bytes() + held) as u64, Ordering::Relaxed);
                export.telemetry().missed(signal, subscription.missed());
            };
            let unnamed_bytes = self.unnamed_bytes;
            let sending = self.send_all::<I>(batch);
            tokio::pin!(sending);
            // It may take as long as the backend is away.
            while tokio::time::timeout(TELL, &mut sending).await.is_err() {
                tell(bytes + unnamed_bytes);
            }
            tell(unnamed_bytes);
        }
    }

    /// Takes more, up to a batch's size and age.
    async fn fill(&mut self, subscription: &mut Subscription, batch: &mut Vec<Arc<Happened>>) {
        let is_draining = self.state.borrow().is_draining;
        let until = tokio::time::Instant::now() + if is_draining { Duration::ZERO } else { self.export.max_age() };
        let mut bytes: usize = batch.iter().map(|happened| happened.batch.bytes()).sum();
        while bytes < MAX_BATCH_BYTES {
            let next = match subscription.try_next() {
                Some(next) => Some(next),
                None => tokio::select! {
                    next = subscription.next() => next,
                    () = tokio::time::sleep_until(until) => None,
                    _ = self.state.changed() => None,
                },
            };
            let Some(next) = next else { return };
            bytes += next.batch.bytes();
            self.sort(next, batch);
        }
    }

    /// Into the batch, or to those that wait for a name.
    fn sort(&mut self, happened: Arc<Happened>, batch: &mut Vec<Arc<Happened>>) {
        let waits = self.unnamed.iter().any(|(_, of)| of.recording == happened.recording);
        let is_named = self.export.recorder().is_named(happened.recording);
        let has_room = self.unnamed_bytes < MAX_UNNAMED_BYTES;
        if has_room && (waits || !is_named && self.is_young(&happened)) {
            self.unnamed_bytes += happened.batch.bytes();
            self.unnamed.push_back((Instant::now(), happened));
            return;
        }
        // What came before of the same recording goes first.
        if waits {
            let recording = happened.recording;
            batch.extend(self.take_unnamed(|of| of == recording));
        }
        batch.push(happened);
    }

    /// Those of some recordings that wait, in the order in which they came.
    fn take_unnamed(&mut self, is_taken: impl Fn(u64) -> bool) -> Vec<Arc<Happened>> {
        let (go, stay): (Vec<_>, Vec<_>) =
            self.unnamed.drain(..).partition(|(_, happened)| is_taken(happened.recording));
        self.unnamed = stay.into();
        let go: Vec<_> = go.into_iter().map(|(_, happened)| happened).collect();
        self.unnamed_bytes -= go.iter().map(|happened| happened.batch.bytes()).sum::<usize>();
        go
    }

    /// Whether its recording began so lately that its name may still come.
    fn is_young(&self, happened: &Happened) -> bool {
        let born_ns = self.export.recorder().born_ns(happened.recording);
        let within = u64::try_from(NAMES_WITHIN.as_nanos()).unwrap_or(u64::MAX);
        born_ns.is_some_and(|born_ns| clock::now_ns().saturating_sub(born_ns) < within)
    }

    /// What has waited for a name that is there, or for long enough.
    fn named(&mut self) -> Vec<Arc<Happened>> {
        let (recorder, now) = (Arc::clone(self.export.recorder()), Instant::now());
        let is_draining = self.state.borrow().is_draining;
        let is_due = |since: Instant, happened: &Happened| {
            is_draining
                || now.duration_since(since) >= NAMES_WITHIN
                || recorder.is_named(happened.recording)
                || recorder.born_ns(happened.recording).is_none()
        };
        // With the first of a recording its others go: they came later, and the order stays.
        let due: Vec<u64> = self
            .unnamed
            .iter()
            .filter(|(since, happened)| is_due(*since, happened))
            .map(|(_, happened)| happened.recording)
            .collect();
        self.take_unnamed(|recording| due.contains(&recording))
    }

    /// Sends what a batch makes, part by part: of names that come many may have waited. A part is held until then.
    async fn send_all<I: Item>(&mut self, batch: Vec<Arc<Happened>>) {
        let (mut part, mut bytes) = (Vec::new(), 0);
        for happened in batch {
            bytes += happened.batch.bytes();
            part.push(happened);
            if bytes >= MAX_BATCH_BYTES {
                self.send::<I>(std::mem::take(&mut part)).await;
                bytes = 0;
            }
        }
        if !part.is_empty() {
            self.send::<I>(part).await;
        }
    }

    /// Sends what a batch makes. It is held until then.
    async fn send<I: Item>(&mut self, batch: Vec<Arc<Happened>>) {
        let recorder = Arc::clone(self.export.recorder());
        let request_spans = self.state.borrow().request_spans;
        let seen = batch.iter().map(|happened| happened.batch.len() as u64).sum();
        let mut recordings = std::mem::replace(&mut self.recordings, Recordings::since(0));
        let forgotten = recordings.forgotten();
        let made = blocking::run(move || {
            let messages = recordings.messages::<I>(&recorder, request_spans, &batch);
            (recordings, messages, batch)
        });
        let (recordings, messages, batch) = match made.await {
            Ok(made) => made,
            Err(error) => {
                self.export.telemetry().lost(I::Message::SIGNAL, Reason::Unmade, seen, &error.to_string());
                return;
            }
        };
        self.recordings = recordings;
        let forgotten = self.recordings.forgotten() - forgotten;
        self.export.telemetry().forgotten(I::Message::SIGNAL, forgotten);
        for (message, count) in messages {
            deliver(&self.export, &mut self.state, message, count).await;
        }
        drop(batch);
    }

    fn exporter<I: Item>(&self) -> Option<Arc<Exporter>> {
        self.state.borrow().exporter(I::Message::SIGNAL)
    }
}

/// Sends a message of `count` items until it was taken or is given up, to wherever the settings say meanwhile; whether
/// it was taken.
pub(crate) async fn deliver<M: rewind_exporter::Message + 'static>(
    export: &Export,
    state: &mut watch::Receiver<State>,
    message: M,
    count: u64,
) -> bool {
    let (telemetry, message) = (export.telemetry(), Arc::new(message));
    loop {
        let Some(exporter) = state.borrow_and_update().exporter(M::SIGNAL) else {
            telemetry.lost(M::SIGNAL, Reason::SwitchedOff, count, "exporting was switched off");
            return false;
        };
        let sending = async {
            let (encoder, of) = (Arc::clone(&exporter), Arc::clone(&message));
            // Compression takes a while.
            let encoded = blocking::run(move || encoder.encode(&*of)).await;
            match encoded {
                Ok(Ok(encoded)) => exporter.send_encoded(M::SIGNAL, &encoded).await,
                Ok(Err(error)) => Err(error),
                Err(error) => Err(ExportError::Client { url: exporter.destination().shown(), why: error.to_string() }),
            }
        };
        let sent = tokio::select! {
            sent = sending => sent,
            () = elsewhere(state, M::SIGNAL, &exporter) => continue,
        };
        let why = match sent {
            Ok(Rejected { count: rejected, message }) => {
                telemetry.sent(M::SIGNAL, count.saturating_sub(rejected));
                telemetry.lost(M::SIGNAL, Reason::Rejected, rejected.min(count), &message);
                return true;
            }
            Err(error) => error,
        };
        let reason = if matches!(why, ExportError::GivenUp { .. }) { Reason::GivenUp } else { Reason::Refused };
        telemetry.lost(M::SIGNAL, reason, count, &why.to_string());
        return false;
    }
}

/// Returns when the settings name another exporter than this.
async fn elsewhere(state: &mut watch::Receiver<State>, signal: rewind_exporter::Signal, now: &Arc<Exporter>) {
    let is_other = |state: &State| state.exporter(signal).is_none_or(|next| !Arc::ptr_eq(&next, now));
    if state.wait_for(is_other).await.is_err() {
        // The agent ends.
        std::future::pending::<()>().await;
    }
}

/// How long a batch waits, as the variables have it.
pub(crate) const fn max_age(told: Option<Duration>) -> Duration {
    match told {
        Some(told) => told,
        None => MAX_AGE,
    }
}
