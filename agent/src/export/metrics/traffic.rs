//! What containers do, measured: a subscriber of the feed of its own, so that no backend that is slow takes anything
//! from it.

use super::containers::resource;
use super::group::Group;
use super::{Asked, Source, Told};
use crate::blocking;
use crate::clock;
use crate::export::Export;
use crate::export::recordings::Recordings;
use crate::feed::{Feed, Happened, Subscription};
use opentelemetry_proto::tonic::metrics::v1::ResourceMetrics;
use opentelemetry_proto::tonic::trace::v1::Span;
use rewind_otlp::measures::Measures;
use rewind_otlp::metric::{self, Points};
use rewind_recording::header::Header;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Most series of all recordings.
const MAX_SERIES: usize = 10_000;
/// How long the first event of a batch waits for others.
const MAX_AGE: Duration = Duration::from_millis(500);
/// Most bytes of records that are looked at at once.
const MAX_BATCH_BYTES: usize = 256 << 10;

/// Measures what happens, and tells of it.
pub(crate) async fn run(export: Arc<Export>, feed: &Feed) {
    let all = Arc::<Mutex<All>>::default();
    let source = TrafficSource { export: Arc::clone(&export), all: Arc::clone(&all) };
    tokio::join!(super::run(Arc::clone(&export), source), follow(&export, feed, &all));
}

/// What is measured in all recordings.
#[derive(Default)]
struct All {
    known: HashMap<u64, Known>,
    /// Events that did not come here.
    missed: u64,
    /// What went under `other`.
    beyond: u64,
}

/// In one.
struct Known {
    header: Header,
    measures: Measures,
    began_unix_ns: u64,
}

impl All {
    fn take(&mut self, header: &Header, happened: &[Arc<Happened>], spans: &[Span]) {
        let series: usize = self.known.values().map(|known| known.measures.series()).sum();
        let mut room = MAX_SERIES.saturating_sub(series);
        let known = self.known.entry(header.recording).or_insert_with(|| Known {
            header: header.clone(),
            measures: Measures::default(),
            began_unix_ns: clock::unix_ns().cast_unsigned(),
        });
        known.header = header.clone();
        let beyond = known.measures.beyond();
        for happened in happened.iter().filter(|of| of.recording == header.recording) {
            known.measures.take(header, &happened.batch.timeline(), &mut room);
        }
        known.measures.take_spans(header, spans, &mut room);
        self.beyond += known.measures.beyond() - beyond;
    }
}

/// Takes what happens, while the group is wanted and there is a feed.
async fn follow(export: &Arc<Export>, feed: &Feed, all: &Arc<Mutex<All>>) {
    let mut state = export.state();
    while state.wait_for(|state| state.wants(Group::Traffic)).await.is_ok() {
        let mut subscription = feed.subscribe("traffic metrics");
        // A subscription counts from its own beginning on.
        let before = lock(all).missed;
        let mut recordings = Recordings::since(clock::now_ns());
        loop {
            let first = tokio::select! {
                first = subscription.next() => first,
                other = state.wait_for(|state| !state.wants(Group::Traffic)) => match other {
                    Ok(_) => break,
                    Err(_) => return,
                },
            };
            let Some(first) = first else { return };
            let batch = fill(&mut subscription, first).await;
            let missed = subscription.missed();
            lock(all).missed = before + missed.queue_full + missed.overwritten + missed.lost;
            let (export, all) = (Arc::clone(export), Arc::clone(all));
            let measured = blocking::run(move || {
                for (header, spans) in recordings.items::<Span>(export.recorder(), &batch) {
                    lock(&all).take(header, &batch, &spans);
                }
                recordings.tidy(export.recorder());
                recordings
            });
            match measured.await {
                Ok(same) => recordings = same,
                Err(error) => {
                    tracing::error!(%error, "what happened could not be measured");
                    recordings = Recordings::since(clock::now_ns());
                }
            }
        }
        lock(all).known.clear();
    }
}

/// Waits a little for what comes next.
async fn fill(subscription: &mut Subscription, first: Arc<Happened>) -> Vec<Arc<Happened>> {
    let until = Instant::now() + MAX_AGE;
    let (mut bytes, mut batch) = (first.batch.bytes(), vec![first]);
    while bytes < MAX_BATCH_BYTES {
        let next = tokio::select! {
            next = subscription.next() => next,
            () = sleep_until(until) => None,
        };
        let Some(next) = next else { break };
        bytes += next.batch.bytes();
        batch.push(next);
    }
    batch
}

/// Tells what was measured.
struct TrafficSource {
    export: Arc<Export>,
    all: Arc<Mutex<All>>,
}

impl Source for TrafficSource {
    const GROUP: Group = Group::Traffic;

    async fn read(&mut self, asked: &Asked) -> Told {
        let (recorder, mut told) = (self.export.recorder(), Told::default());
        let mut all = lock(&self.all);
        self.export.telemetry().measured(all.missed, all.beyond);
        all.known.retain(|recording, known| {
            // Its last events may come a look after its end, which is told of later than that.
            let is_over = recorder.born_ns(*recording).is_none() || recorder.end_ns(*recording).is_some_and(is_past);
            let part = known.told(asked);
            if is_over {
                told.ended.push(part)
            } else {
                told.now.push(part)
            }
            !is_over
        });
        told
    }
}

/// Whether all that came by then was measured.
fn is_past(end_ns: u64) -> bool {
    clock::now_ns().saturating_sub(end_ns) > 4 * MAX_AGE.as_nanos() as u64
}

impl Known {
    fn told(&mut self, asked: &Asked) -> ResourceMetrics {
        let points = Points { began_unix_ns: self.began_unix_ns, now_unix_ns: asked.now_unix_ns };
        metric::of_resource(resource(&self.header, &asked.attributes), self.measures.metrics(points))
    }
}

fn lock(all: &Mutex<All>) -> MutexGuard<'_, All> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}
