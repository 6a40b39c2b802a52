//! A model of the ring beside the real thing: CPUs that claim chunks and write numbered calls, in any
//! order, until the ring has come round many times. What `cut` says must add up exactly.

use super::*;
use proptest::prelude::*;
use rewind_common::ring::{Cursor, MAIN, PROTECTED};

const RECORDING: u64 = 7;
const CPUS: usize = 3;
const CHUNKS: [u64; SHARES] = [4, 2, 2];
/// Calls that fit into a chunk of the model; far fewer than into a real one.
const ROOM: usize = 5;

/// A ring as the kernel side keeps it, but with small chunks.
struct Model {
    /// Each share's chunks: bytes as a reader copies them.
    chunks: [Vec<Vec<u8>>; SHARES],
    claims: [u64; SHARES],
    cursors: [Cursors; CPUS],
    /// Every call that was made: when it ended.
    made: Vec<u64>,
    now_ns: u64,
}

impl Model {
    fn new() -> Self {
        let chunks = CHUNKS.map(|n| vec![Vec::new(); n as usize]);
        let cursors = [Cursors { recording: RECORDING, ..Cursors::default() }; CPUS];
        Self { chunks, claims: [0; SHARES], cursors, made: Vec::new(), now_ns: 100 }
    }

    /// CPU `cpu` writes one call into `share`.
    fn call(&mut self, cpu: usize, share: usize) {
        let cursor = self.cursors[cpu].shares[share];
        let slot = |claim: u64| ((claim - 1) % CHUNKS[share]) as usize;
        let is_mine = cursor.claim != 0 && self.claim_in(share, slot(cursor.claim)) == cursor.claim;
        if !is_mine || self.records_in(share, slot(cursor.claim)) == ROOM {
            self.claims[share] += 1;
            let claim = self.claims[share];
            let header = ChunkHeader {
                word: word::pack(claim, HEADER_BYTES as u64),
                recording: RECORDING,
                first_record: cursor.records,
                first_call: cursor.calls,
                before_ns: cursor.newest_ns,
                cpu: cpu as u16,
                share: share as u16,
                spoiled: 0,
            };
            self.chunks[share][slot(claim)] = header.as_bytes().to_vec();
            self.cursors[cpu].shares[share] = Cursor { claim, ..cursor };
        }
        self.now_ns += 10;
        let cursor = &mut self.cursors[cpu].shares[share];
        let chunk = &mut self.chunks[share][slot(cursor.claim)];
        chunk.extend_from_slice(&getppid(self.now_ns));
        let committed = word::pack(cursor.claim, chunk.len() as u64);
        chunk[..8].copy_from_slice(&committed.to_ne_bytes());
        cursor.records += 1;
        cursor.calls += 1;
        cursor.newest_ns = self.now_ns;
        self.made.push(self.now_ns);
    }

    fn claim_in(&self, share: usize, slot: usize) -> u64 {
        ChunkHeader::read_from_prefix(&self.chunks[share][slot]).map_or(0, |(header, _)| word::claim(header.word))
    }

    fn records_in(&self, share: usize, slot: usize) -> usize {
        self.chunks[share][slot].len().saturating_sub(HEADER_BYTES) / size_of::<call::Call>()
    }

    fn source(&self) -> Source {
        Source {
            recording: RECORDING,
            chunks: self.chunks.iter().flatten().cloned().collect(),
            cursors: self.cursors.to_vec(),
            in_flight: Vec::new(),
            born_ns: 100,
            read_ns: self.now_ns + 1,
            end_ns: None,
            main: None,
        }
    }
}

/// As whoever reads no more than it must copies the chunks: of most the beginning.
fn outlined(source: &Source) -> Source {
    let header = |bytes: &Vec<u8>| ChunkHeader::read_from_prefix(bytes).map(|(header, _)| header).ok();
    let mut chunks: Vec<_> = source.chunks.iter().filter_map(|bytes| Some((header(bytes)?, bytes.clone()))).collect();
    chunks.sort_by_key(|(header, _)| std::cmp::Reverse(word::claim(header.word)));
    let mut seen = HashSet::new();
    for (header, bytes) in &mut chunks {
        if !seen.insert((header.cpu, header.share)) {
            bytes.truncate(HEADER_BYTES + size_of::<call::Call>());
        }
    }
    Source { chunks: chunks.into_iter().map(|(_, bytes)| bytes).collect(), ..source.clone() }
}

/// A call without arguments that ended at `end_ns`.
fn getppid(end_ns: u64) -> Vec<u8> {
    let header = RecordHeader { len: size_of::<call::Call>() as u16, kind: Kind::Call as u8, flags: 0, tid: 1 };
    let record = call::Call { header, nr: 110, start_ns: end_ns - 3, duration_ns: 3, ..call::Call::default() };
    record.as_bytes().to_vec()
}

fn ends(records: &[u8]) -> Vec<u64> {
    record::all(records).filter_map(Result::ok).map(|record| time(&record)).collect()
}

proptest! {
    #[test]
    fn made_is_held_plus_overwritten_and_nothing_is_missing_after_complete_from(
        calls in prop::collection::vec((0..CPUS, prop::bool::weighted(0.8)), 0..400),
    ) {
        let mut model = Model::new();
        for (cpu, is_main) in calls {
            model.call(cpu, if is_main { MAIN } else { PROTECTED });
        }
        let cut = cut(&model.source());
        let shown = ends(&cut.records);
        let coverage = &cut.coverage;
        prop_assert_eq!(coverage.calls_made, model.made.len() as u64);
        prop_assert_eq!(coverage.calls_held, shown.len() as u64);
        prop_assert_eq!(coverage.calls_made, coverage.calls_held + coverage.calls_overwritten);
        prop_assert!(shown.is_sorted());
        for end_ns in model.made.iter().filter(|&&end_ns| end_ns >= coverage.complete_from_ns) {
            prop_assert!(shown.contains(end_ns), "{} is missing after {}", end_ns, coverage.complete_from_ns);
        }
        // And no later than that: right before it one is missing, unless it is complete.
        let before_ns = coverage.complete_from_ns - 1;
        prop_assert!(before_ns < 100 || model.made.contains(&before_ns) && !shown.contains(&before_ns));
    }

    #[test]
    fn the_figures_of_the_headers_are_those_of_all_records(
        calls in prop::collection::vec((0..CPUS, prop::bool::weighted(0.8)), 0..400),
        gone in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        spoiled in prop::collection::vec(any::<prop::sample::Index>(), 0..2),
    ) {
        let mut model = Model::new();
        for (cpu, is_main) in calls {
            model.call(cpu, if is_main { MAIN } else { PROTECTED });
        }
        let mut source = model.source();
        for at in spoiled {
            let at = at.index(source.chunks.len());
            if let Some(spoiled) = source.chunks[at].get_mut(std::mem::offset_of!(ChunkHeader, spoiled)) {
                *spoiled = 1;
            }
        }
        // Some that were overwritten while others were copied.
        for at in gone {
            source.chunks.remove(at.index(source.chunks.len()));
        }
        let whole = |wanted: &ChunkHeader| {
            let claim = |bytes: &Vec<u8>| header_of(bytes, RECORDING).filter(|header| header.share == wanted.share);
            source.chunks.iter().find(|bytes| claim(bytes).is_some_and(|header| header.word == wanted.word)).cloned()
        };
        prop_assert_eq!(coverage(&outlined(&source), whole), cut(&source).coverage);
    }

    #[test]
    fn a_tail_shows_each_call_once_and_counts_the_others(
        looks in prop::collection::vec(prop::collection::vec((0..CPUS, prop::bool::weighted(0.8)), 0..60), 1..8),
    ) {
        let (mut model, mut tail) = (Model::new(), Tail::default());
        let (mut shown, mut missed) = (Vec::new(), 0);
        for calls in looks {
            for (cpu, is_main) in calls {
                model.call(cpu, if is_main { MAIN } else { PROTECTED });
            }
            let (records, lost) = tail.advance(RECORDING, &model.source().chunks);
            shown.extend(ends(&records));
            missed += lost;
        }
        let mut once = shown.clone();
        once.sort_unstable();
        once.dedup();
        prop_assert_eq!(once.len(), shown.len());
        // What a CPU lost at the very end shows only when it writes again.
        prop_assert!(shown.len() as u64 + missed <= model.made.len() as u64);
        prop_assert!(shown.iter().all(|end_ns| model.made.contains(end_ns)));
    }

    #[test]
    fn any_bytes_are_cut_without_a_panic(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..6),
        word in any::<u64>(),
    ) {
        let mut chunks = chunks;
        for chunk in &mut chunks {
            if chunk.len() >= 16 {
                chunk[..8].copy_from_slice(&word.to_ne_bytes());
                chunk[8..16].copy_from_slice(&RECORDING.to_ne_bytes());
            }
        }
        let source = Source { recording: RECORDING, chunks, ..Source::default() };
        let cut = cut(&source);
        prop_assert!(cut.coverage.calls_held <= cut.coverage.calls_made);
    }
}

#[test]
fn a_spoiled_chunk_is_left_out_and_counted() {
    let mut model = Model::new();
    for _ in 0..3 {
        model.call(0, MAIN);
    }
    let at = std::mem::offset_of!(ChunkHeader, spoiled);
    model.chunks[MAIN][0][at] = 1;
    let cut = cut(&model.source());
    assert_eq!((cut.spoiled, cut.coverage.calls_held, cut.coverage.calls_made), (1, 0, 3));
}

#[test]
fn chunks_of_another_recording_are_left_out() {
    let mut model = Model::new();
    model.call(0, MAIN);
    let source = Source { recording: RECORDING + 1, ..model.source() };
    assert_eq!(cut(&source).coverage.calls_held, 0);
}

#[test]
fn a_call_in_flight_comes_last_with_who_is_in_it() {
    let mut model = Model::new();
    model.call(0, MAIN);
    let in_flight = InFlight { recording: RECORDING, start_ns: 50, nr: 0, tid: 9, tgid: 8, ..InFlight::default() };
    let cut = cut(&Source { in_flight: vec![in_flight], ..model.source() });
    let records: Vec<_> = record::all(&cut.records).filter_map(Result::ok).collect();
    assert!(matches!(records[1], Record::Task(task) if task.tgid == 8));
    assert!(matches!(&records[2], Record::Enter(call) if call.tid == 9 && call.start_ns == 50));
}

#[test]
fn a_call_older_than_the_recording_starts_with_it_unless_the_ring_shows_its_thread_elsewhere() {
    let mut model = Model::new();
    model.call(0, MAIN);
    let flags = UNSEEN | u32::from(flags::COMPAT);
    let unseen = InFlight { recording: RECORDING, nr: 3, args: [7; 6], tid: 9, tgid: 8, flags, ..InFlight::default() };
    // The model's calls are of thread 1.
    let elsewhere = InFlight { tid: 1, ..unseen };
    let of_another = InFlight { recording: RECORDING + 1, ..unseen };
    let cut = cut(&Source { in_flight: vec![elsewhere, unseen, of_another], ..model.source() });
    let records: Vec<_> = record::all(&cut.records).filter_map(Result::ok).collect();
    assert_eq!(records.len(), 3);
    assert!(matches!(records[1], Record::Task(task) if task.header.tid == 9 && task.tgid == 8));
    let Record::InProgress(call) = records[2] else { panic!("{:?}", records[2]) };
    assert_eq!((call.tid, call.nr, call.start_ns, call.values), (9, 3, 100, [7; 6]));
    assert!(call.is_compat());
    assert_eq!((cut.coverage.calls_made, cut.coverage.oldest_ns), (1, cut.coverage.newest_ns - 3));
}
