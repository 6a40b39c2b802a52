//! What a lane knows of each recording: who it is of, and its processes so far.

use crate::clock;
use crate::export::item::{Item, Messages};
use crate::feed::Happened;
use crate::recorder::Recorder;
use rewind_otlp::Live;
use rewind_recording::header::{Container, Header};
use std::collections::HashMap;
use std::sync::Arc;

/// Most recordings that are remembered; those of which nothing came for longest go first.
const MAX_RECORDINGS: usize = 2048;

/// One recording.
#[derive(Debug)]
struct Recording {
    header: Header,
    live: Live,
    /// The round in which something of it came last.
    round: u64,
}

/// All that a lane has seen.
#[derive(Debug)]
pub(crate) struct Recordings {
    known: HashMap<u64, Recording>,
    round: u64,
    /// What began later is known from its beginning on: the kernel side's clock.
    since_ns: u64,
}

impl Recordings {
    pub(crate) fn since(since_ns: u64) -> Self {
        Self { known: HashMap::new(), round: 0, since_ns }
    }

    /// Whether a clock may tell of something.
    pub(crate) fn are_asking(&self) -> bool {
        self.known.values().any(|known| known.live.is_asking())
    }

    /// Makes messages of what happened; `request_spans`: whether spans of requests are sent, of who does not say it. Copies rings the first time: not for an async thread.
    pub(crate) fn messages<I: Item>(
        &mut self,
        recorder: &Recorder,
        request_spans: bool,
        happened: &[Arc<Happened>],
    ) -> Vec<(I::Message, u64)> {
        self.round += 1;
        let mut messages = Messages::<I>::default();
        // One part for each recording, in the order in which they came.
        let mut made: Vec<(u64, Vec<I>)> = Vec::new();
        for happened in happened {
            let (recording, items) = (happened.recording, self.take::<I>(recorder, happened));
            match made.iter_mut().find(|(of, _)| *of == recording) {
                Some((_, all)) => all.extend(items),
                None => made.push((recording, items)),
            }
        }
        let now_ns = clock::now_ns();
        for (recording, known) in self.known.iter_mut().filter(|(_, known)| known.live.is_asking()) {
            // What has not had its time when its container ended is told by the end.
            let is_held = recorder.born_ns(*recording).is_some();
            let over_ns = if is_held { recorder.end_ns(*recording).unwrap_or(now_ns) } else { 0 };
            let items = I::expired(&mut known.live, &known.header, now_ns.min(over_ns));
            made.extend((!items.is_empty()).then_some((*recording, items)));
        }
        for (recording, items) in made {
            if let Some(known) = self.known.get(&recording) {
                let are_sent = recorder.wishes_request_spans(&known.header.container).unwrap_or(request_spans);
                let items = if are_sent { items } else { I::without_requests(items) };
                messages.put(&known.header, items);
            }
        }
        self.forget();
        messages.finish()
    }

    fn take<I: Item>(&mut self, recorder: &Recorder, happened: &Happened) -> Vec<I> {
        let timeline = happened.batch.timeline();
        let header = recorder.header_with(happened.recording, happened.batch.records()).ok();
        // It was recorded until it was known whose it is.
        let is_unwanted = match &header {
            Some(header) => recorder.is_unwanted(&header.container),
            None => {
                let mut container = Container::clone(&happened.container);
                recorder.complete(&mut container);
                recorder.is_unwanted(&container)
            }
        };
        if is_unwanted {
            return Vec::new();
        }
        let round = self.round;
        let since_ns = self.since_ns;
        let known = self.known.entry(happened.recording).or_insert_with(|| {
            let header = header.clone().unwrap_or_default();
            let first_ns = timeline.by_end().map(|event| event.end_ns).min().unwrap_or(u64::MAX);
            let is_new = header.born_ns >= since_ns;
            let before = (!is_new).then(|| recorder.recording(happened.recording).ok()).flatten();
            let live = before.map(|(header, records)| Live::after(&header, &records, first_ns));
            Recording { header, live: live.unwrap_or_default(), round }
        });
        known.round = round;
        match header {
            Some(header) => known.header = header,
            // It has made room for another: what was known of it holds.
            None if known.header.born_ns == 0 => known.header.container = Container::clone(&happened.container),
            None => {}
        }
        I::of(&mut known.live, &known.header, &timeline)
    }

    fn forget(&mut self) {
        if self.known.len() > MAX_RECORDINGS {
            let mut rounds: Vec<u64> = self.known.values().map(|known| known.round).collect();
            rounds.sort_unstable();
            let middle = rounds.get(rounds.len() / 2).copied().unwrap_or(0);
            self.known.retain(|_, known| known.round > middle);
        }
    }
}
