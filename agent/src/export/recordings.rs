//! What a lane knows of each recording: who it is of, and its processes so far.

use crate::clock;
use crate::export::item::{Item, Messages};
use crate::feed::Happened;
use crate::recorder::Recorder;
use rewind_otlp::Live;
use rewind_recording::header::{Container, Header};
use rewind_recording::peer::MAX_PEERS;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Most recordings that are remembered; those of which nothing came for longest go first.
const MAX_RECORDINGS: usize = 2048;
/// So many rounds lie between two looks for recordings that are not held any more.
const TIDY: u64 = 64;
/// Most bytes that are held of what is not over in all of them: who has most gives half of it. One proxy with all that a
/// recording may have open takes less.
const MAX_HELD_BYTES: usize = 16 << 20;

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
    /// How many beginnings were forgotten in recordings that are not known any more.
    forgotten_before: u64,
}

impl Recordings {
    pub(crate) fn since(since_ns: u64) -> Self {
        Self { known: HashMap::new(), round: 0, since_ns, forgotten_before: 0 }
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
        let mut messages = Messages::<I>::default();
        for (header, items) in self.items::<I>(recorder, happened) {
            let are_sent = recorder.wishes_request_spans(&header.container).unwrap_or(request_spans);
            let items = if are_sent { items } else { I::without_requests(items) };
            messages.put(header, items);
        }
        self.tidy(recorder);
        messages.finish()
    }

    /// What has happened makes, by recording. Copies rings the first time: not for an async thread.
    pub(crate) fn items<I: Item>(&mut self, recorder: &Recorder, happened: &[Arc<Happened>]) -> Vec<(&Header, Vec<I>)> {
        self.round += 1;
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
        made.extend(self.shed::<I>(now_ns));
        let of = |(recording, items)| Some((&self.known.get(&recording)?.header, items));
        made.into_iter().filter_map(of).collect()
    }

    /// Forgets recordings that are not held any more, now and then, and those beyond [`MAX_RECORDINGS`].
    pub(crate) fn tidy(&mut self, recorder: &Recorder) {
        if self.round.is_multiple_of(TIDY) {
            // Nothing comes any more of who has made room for others.
            let before = self.forgotten();
            let held: HashSet<u64> = recorder.rings().map(|(_, ring)| ring.recording).collect();
            self.known.retain(|of, _| held.contains(of));
            self.forgotten_before += before - self.forgotten();
        }
        self.forget();
    }

    /// How many processes and connections were forgotten before they were over.
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten_before + self.known.values().map(|known| known.live.forgotten()).sum::<u64>()
    }

    /// Holds all of them to [`MAX_HELD_BYTES`].
    fn shed<I: Item>(&mut self, now_ns: u64) -> Vec<(u64, Vec<I>)> {
        let mut bytes: usize = self.known.values().map(|known| known.live.bytes()).sum();
        let mut made = Vec::new();
        while bytes > MAX_HELD_BYTES {
            let most = self.known.iter_mut().max_by_key(|(_, known)| known.live.bytes());
            let Some((recording, known)) = most else { break };
            let before = known.live.bytes();
            made.push((*recording, I::shed(&mut known.live, &known.header, now_ns)));
            let less = before - known.live.bytes().min(before);
            bytes -= less;
            if less == 0 {
                break;
            }
        }
        made
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
            match before {
                Some((header, records)) => Recording { live: Live::after(&header, &records, first_ns), header, round },
                None => Recording { header, live: Live::default(), round },
            }
        });
        known.round = round;
        match header {
            Some(header) => renew(&mut known.header, header),
            // It has made room for another: what was known of it holds.
            None if known.header.born_ns == 0 => known.header.container = Container::clone(&happened.container),
            None => {}
        }
        I::of(&mut known.live, &known.header, &timeline)
    }

    fn forget(&mut self) {
        if self.known.len() > MAX_RECORDINGS {
            let mut rounds: Vec<(u64, u64)> = self.known.iter().map(|(of, known)| (known.round, *of)).collect();
            rounds.sort_unstable();
            let middle = rounds.get(rounds.len() / 2).copied().unwrap_or_default();
            let is_kept = |of: u64, known: &Recording| (known.round, of) >= middle;
            let gone = self.known.iter().filter(|(of, known)| !is_kept(**of, known)).map(|(_, known)| &known.live);
            self.forgotten_before += gone.map(|live| live.forgotten() + live.open() as u64).sum::<u64>();
            self.known.retain(|of, known| is_kept(*of, known));
        }
    }
}

/// A header as of now keeps the names of peers of those before it, as far as there is room: whom a request goes to was
/// told when its connection came to be.
fn renew(known: &mut Header, now: Header) {
    let before = std::mem::replace(known, now).peers;
    for (peer, name) in before {
        if known.peers.len() < MAX_PEERS {
            known.peers.entry(peer).or_insert(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::logs::v1::LogRecord;
    use opentelemetry_proto::tonic::trace::v1::Span;
    use rewind_common::record::Connection;
    use rewind_common::record::connection::what;
    use rewind_recording::event::{Timeline, build};

    fn names(peers: impl IntoIterator<Item = (usize, &'static str)>) -> Header {
        let named = peers.into_iter().map(|(port, name)| (format!("10.96.0.12:{port}"), name.into()));
        Header { peers: named.collect(), ..Header::default() }
    }

    #[test]
    fn a_peer_keeps_its_name_when_later_records_do_not_tell_of_it() {
        let mut known = names([(80, "db.shop:80"), (81, "old.shop:81")]);
        renew(&mut known, names([]));
        renew(&mut known, names([(81, "web.shop:81")]));
        assert_eq!(known, names([(80, "db.shop:80"), (81, "web.shop:81")]));
    }

    #[test]
    fn names_of_peers_are_bounded_and_the_latest_stay() {
        let mut known = names((0..MAX_PEERS).map(|port| (port, "old")));
        renew(&mut known, names((1000..1010).map(|port| (port, "new"))));
        let of = |name: &str| known.peers.values().filter(|of| of.as_str() == name).count();
        assert_eq!((of("new"), of("old")), (10, MAX_PEERS - 10));
    }

    impl Recordings {
        /// Opens so many connections in a recording, and ends none.
        fn open<I: Item>(&mut self, recording: u64, connections: u64) {
            let mut records = Vec::new();
            for at in 1..=connections {
                let port = 1024 + (at % 60_000) as u16;
                let told = Connection { time_ns: at, local_port: port, peer_port: 80, ..Connection::default() };
                build::connection(&mut records, (7, 7), what::CONNECTED, told);
            }
            let known = self.known.entry(recording).or_insert_with(|| Recording {
                header: Header { recording, ..Header::default() },
                live: Live::default(),
                round: 0,
            });
            I::of(&mut known.live, &known.header, &Timeline::new(&records));
        }

        fn bytes(&self, recordings: std::ops::Range<u64>) -> usize {
            recordings.filter_map(|of| self.known.get(&of)).map(|known| known.live.bytes()).sum()
        }
    }

    #[test]
    fn what_all_of_them_hold_is_bounded_and_who_has_most_gives_first() {
        let mut recordings = Recordings::since(0);
        (1..=20).for_each(|busy| recordings.open::<Span>(busy, 10_000));
        (21..=1_000).for_each(|quiet| recordings.open::<Span>(quiet, 2));
        let (busy, quiet) = (recordings.bytes(1..21), recordings.bytes(21..1_001));
        assert!(busy > 2 * MAX_HELD_BYTES, "{busy}");
        drop(recordings.shed::<Span>(1 << 40));
        let held = recordings.bytes(1..1_001);
        assert!((MAX_HELD_BYTES / 2..=MAX_HELD_BYTES).contains(&held), "{held}");
        assert_eq!(recordings.bytes(21..1_001), quiet, "they had little");
        let forgotten = recordings.forgotten();
        assert!((50_000..200_000).contains(&forgotten), "{forgotten}");
        // And of those that are no longer known, what was not over.
        (1_001..=2_100).for_each(|later| recordings.open::<Span>(later, 1));
        recordings.known.values_mut().filter(|of| of.header.recording > 1_000).for_each(|of| of.round = 1);
        let open = |of: &Recordings| of.known.values().map(|known| known.live.open() as u64).sum::<u64>();
        let before = open(&recordings);
        recordings.forget();
        assert_eq!(recordings.known.len(), 1_050);
        assert_eq!(recordings.forgotten(), forgotten + before - open(&recordings));
    }

    #[test]
    fn processes_that_never_end_are_bounded_as_well() {
        let mut recordings = Recordings::since(0);
        for recording in 0..10 {
            let mut records = Vec::new();
            for child in 1..4_000_u32 {
                build::fork(&mut records, u64::from(child), (700, 700), 700 + child);
                let long = "x".repeat(900);
                build::exec(&mut records, u64::from(child), (700 + child, 700 + child), "/bin/a", &[&long]);
            }
            recordings.open::<LogRecord>(recording, 0);
            let known = recordings.known.get_mut(&recording).unwrap();
            LogRecord::of(&mut known.live, &known.header, &Timeline::new(&records));
        }
        assert!(recordings.bytes(0..10) > MAX_HELD_BYTES);
        assert!(recordings.shed::<LogRecord>(1 << 40).iter().all(|(_, items)| items.is_empty()));
        assert!(recordings.bytes(0..10) <= MAX_HELD_BYTES && recordings.forgotten() > 1_000);
    }
}
