//! Chunks of a ring -> the records of a recording, in order of time, and what they cover.
//!
//! Every figure comes from the sequence numbers in the chunks: a chunk says how many records its CPU
//! had written to the share before it, so what is missing is known exactly, and on which side of which
//! record.

use crate::ending::Finder;
use crate::header::Coverage;
use crate::record::{self, Record};
use rewind_common::{
    call::{self, args, flags},
    chunk::{CHUNK_BYTES, ChunkHeader, HEADER_BYTES, word},
    record::{Kind, RecordHeader, Task},
    ring::{Cursors, InFlight, MainProcess, SHARES, UNSEEN},
};
use std::collections::{HashMap, HashSet};
use zerocopy::{FromBytes, IntoBytes};

mod cover;
#[cfg(test)]
mod tests;

use cover::{Held, cover};

/// What was read from a ring.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// The recording's number; chunks and cursors of others are left out of the account.
    pub recording: u64,
    /// Copies of the ring's chunks, cut at their committed length; in any order.
    pub chunks: Vec<Vec<u8>>,
    /// Where each CPU stood *before* the chunks were copied, by number of the CPU.
    pub cursors: Vec<Cursors>,
    /// Calls in flight *before* the chunks were copied; with [`UNSEEN`] those that began before the recording.
    pub in_flight: Vec<InFlight>,
    /// When the recording began, and when it was read.
    pub born_ns: u64,
    /// When it was read.
    pub read_ns: u64,
    /// When its container ended, if it has.
    pub end_ns: Option<u64>,
    /// What the kernel side knew of the main process; `None`: nothing was asked.
    pub main: Option<MainProcess>,
}

/// The records of a recording, in order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// Records as the ring held them, one behind the other; calls in flight come last.
    pub records: Vec<u8>,
    /// What they cover.
    pub coverage: Coverage,
    /// Chunks that could not be trusted and were left out.
    pub spoiled: u64,
}

/// One chunk, parsed.
struct Parsed<'a> {
    header: ChunkHeader,
    records: Vec<(u64, &'a [u8])>,
    calls: u64,
}

/// Cuts a recording.
#[must_use]
pub fn cut(source: &Source) -> Cut {
    let mut spoiled = 0;
    let mut chunks = Vec::with_capacity(source.chunks.len());
    for bytes in &source.chunks {
        match parse(bytes, source.recording) {
            Some(chunk) => chunks.push(chunk),
            None => spoiled += u64::from(is_spoiled(bytes, source.recording)),
        }
    }
    let coverage = cover(source, chunks.iter().map(Held::from).collect());
    let mut records: Vec<_> = chunks.iter().flat_map(|chunk| chunk.records.iter().copied()).collect();
    records.sort_by_key(|&(time_ns, _)| time_ns);
    let mut cut = Cut { records: Vec::new(), coverage, spoiled };
    for &(_, bytes) in &records {
        cut.records.extend_from_slice(bytes);
    }
    append_in_flight(&mut cut.records, source, &records);
    cut
}

/// What a recording covers, where of most chunks only the beginning was copied: the header, and the first
/// record that is no [`Kind::Task`]. A chunk holds what its CPU had written when it claimed the next one, less
/// what it had written before, so their headers tell what lies between. The newest chunk of each CPU in each
/// share should be there as a whole; what else is needed as a whole is asked of `whole`, which is seldom.
/// Chunks that are gone by then have been overwritten.
#[must_use]
pub fn coverage(source: &Source, whole: impl FnMut(&ChunkHeader) -> Option<Vec<u8>>) -> Coverage {
    cover(source, cover::counted(source, whole))
}

/// What a ring tells of how the main process of its recording ended.
#[must_use]
pub fn ends(source: &Source) -> Finder {
    let with_main = |main| Finder::with_main(main, source.end_ns, source.read_ns);
    let mut finder = source.main.map_or_else(Finder::default, with_main);
    let chunks = source.chunks.iter().filter_map(|bytes| parse(bytes, source.recording));
    for (_, bytes) in chunks.flat_map(|chunk| chunk.records) {
        if let Ok((record, _)) = record::first(bytes) {
            finder.add(&record);
        }
    }
    finder
}

/// The header of a copied chunk that belongs to `recording`.
fn header_of(bytes: &[u8], recording: u64) -> Option<ChunkHeader> {
    let (header, _) = ChunkHeader::read_from_prefix(bytes).ok()?;
    (header.recording == recording && word::claim(header.word) != 0).then_some(header)
}

fn is_spoiled(bytes: &[u8], recording: u64) -> bool {
    header_of(bytes, recording).is_some_and(|header| header.spoiled != 0)
}

/// All records of a trustworthy chunk with their times. A malformed rest is left out; the account
/// shows it as missing.
fn parse(bytes: &[u8], recording: u64) -> Option<Parsed<'_>> {
    let header = header_of(bytes, recording)?;
    let committed = word::committed(header.word);
    if header.spoiled != 0 || usize::from(header.share) >= SHARES || committed > CHUNK_BYTES {
        return None;
    }
    let mut rest = bytes.get(HEADER_BYTES..committed.min(bytes.len()))?;
    let mut chunk = Parsed { header, records: Vec::new(), calls: 0 };
    while let Ok((record, behind)) = record::first(rest) {
        chunk.calls += u64::from(matches!(record, Record::Call(_)));
        chunk.records.push((time(&record), &rest[..rest.len() - behind.len()]));
        rest = behind;
    }
    Some(chunk)
}

/// When a record was written.
#[must_use]
pub fn time(record: &Record<'_>) -> u64 {
    record.time_ns()
}

/// When what a record tells of began, for those that belong to a time of their own.
fn start(bytes: &[u8]) -> Option<u64> {
    match record::first(bytes).ok()?.0 {
        Record::Call(call) | Record::Enter(call) => Some(call.start_ns),
        Record::InProgress(_) => None,
        record => record.as_event().map(|event| event.start_ns()),
    }
}

/// Calls in flight, as records of their start, with who their threads are.
fn append_in_flight(out: &mut Vec<u8>, source: &Source, records: &[(u64, &[u8])]) {
    let mut known = HashSet::new();
    let mut seen = HashSet::new();
    if source.in_flight.iter().any(|call| call.recording == source.recording) {
        for &(_, bytes) in records {
            if let Ok((Record::Call(call) | Record::Enter(call), _)) = record::first(bytes) {
                known.insert((call.tid, call.start_ns));
                seen.insert(call.tid);
            }
        }
    }
    let in_flight = source.in_flight.iter().filter(|call| call.recording == source.recording);
    for call in in_flight.filter(|call| call.start_ns != 0) {
        out.extend_from_slice(task(call, source.read_ns).as_bytes());
        if !known.contains(&(call.tid, call.start_ns)) {
            enter(out, call, Kind::Enter, call.start_ns);
        }
    }
    // A thread with a call of its own in the ring has left the one that it was in.
    let unseen: Vec<_> = source.in_flight.iter().filter(|call| !seen.contains(&call.tid)).copied().collect();
    out.extend(before(&unseen, source.recording, source.born_ns));
}

/// Of calls in flight, those that threads of a recording were in when it began at `born_ns`, as records.
#[must_use]
pub fn before(in_flight: &[InFlight], recording: u64, born_ns: u64) -> Vec<u8> {
    let mut out = Vec::new();
    for call in in_flight.iter().filter(|call| call.recording == recording && call.flags & UNSEEN != 0) {
        out.extend_from_slice(task(call, born_ns).as_bytes());
        enter(&mut out, call, Kind::InProgress, born_ns);
    }
    out
}

fn task(call: &InFlight, time_ns: u64) -> Task {
    Task {
        header: RecordHeader { len: size_of::<Task>() as u16, kind: Kind::Task as u8, flags: 0, tid: call.tid },
        time_ns,
        tgid: call.tgid,
        parent_tgid: 0,
        ns_tid: call.ns_tid,
        ns_tgid: call.ns_tgid,
        comm: call.comm,
    }
}

/// The start of a call, from what the kernel side keeps of it: all six registers, no bytes.
fn enter(out: &mut Vec<u8>, in_flight: &InFlight, kind: Kind, start_ns: u64) {
    const ARGUMENTS: u16 = 6;
    let all_wide = 0x3f << args::WIDE_SHIFT;
    let record = call::Call {
        header: RecordHeader {
            len: (size_of::<call::Call>() + 8 * usize::from(ARGUMENTS)) as u16,
            kind: kind as u8,
            flags: in_flight.flags as u8 & (flags::COMPAT | flags::X32),
            tid: in_flight.tid,
        },
        nr: in_flight.nr as u16,
        args: ARGUMENTS | all_wide,
        duration_ns: 0,
        start_ns,
        result: 0,
    };
    out.extend_from_slice(record.as_bytes());
    out.extend_from_slice(in_flight.args.as_bytes());
}

/// Follows a ring: what is new since the last look, and how much was missed.
#[derive(Clone, Debug, Default)]
pub struct Tail {
    /// The next record of each CPU in each share.
    next: HashMap<(u16, u16), u64>,
}

/// What one chunk holds, for who follows its ring.
#[derive(Clone, Debug)]
pub struct Followed<'a> {
    /// The CPU that fills it.
    pub cpu: u16,
    /// The share that it belongs to.
    pub share: u16,
    /// Its commit word when it was copied.
    pub word: u64,
    /// Records that are no news, with their times.
    pub old: Vec<(u64, &'a [u8])>,
    /// The number of the first that is new: each CPU numbers what it writes to a share.
    pub number: u64,
    /// Those that are new.
    pub new: Vec<(u64, &'a [u8])>,
    /// How many there were in between, overwritten before they could be read.
    pub missed: u64,
}

impl Tail {
    /// Records that have come since the last look, in order of time, and how many were overwritten
    /// before they could be read.
    pub fn advance(&mut self, recording: u64, chunks: &[Vec<u8>]) -> (Vec<u8>, u64) {
        let mut chunks: Vec<_> =
            chunks.iter().filter_map(|bytes| Some((header_of(bytes, recording)?, bytes))).collect();
        chunks.sort_by_key(|(header, _)| word::claim(header.word));
        let (mut fresh, mut missed) = (Vec::new(), 0_u64);
        for (_, bytes) in chunks {
            let Some(chunk) = self.take(recording, bytes) else { continue };
            missed = missed.saturating_add(chunk.missed);
            fresh.extend(chunk.new);
        }
        fresh.sort_by_key(|&(time_ns, _)| time_ns);
        (fresh.iter().flat_map(|&(_, bytes)| bytes.iter().copied()).collect(), missed)
    }

    /// What is new in one chunk; of each CPU and share they come in the order of claims. `None`: it cannot be
    /// trusted, or is not that recording's.
    pub fn take<'a>(&mut self, recording: u64, chunk: &'a [u8]) -> Option<Followed<'a>> {
        let chunk = parse(chunk, recording)?;
        let ChunkHeader { cpu, share, word, first_record: first, .. } = chunk.header;
        let next = self.next.entry((cpu, share)).or_insert(0);
        let missed = first.saturating_sub(*next);
        let number = first.max(*next);
        *next = number.max(first.saturating_add(chunk.records.len() as u64));
        let mut old = chunk.records;
        let new = old.split_off(old.len().min(usize::try_from(number - first).unwrap_or(usize::MAX)));
        Some(Followed { cpu, share, word, old, number, new, missed })
    }

    /// The number of the record that comes next from a CPU in a share.
    #[must_use]
    pub fn next(&self, cpu: u16, share: u16) -> u64 {
        self.next.get(&(cpu, share)).copied().unwrap_or(0)
    }

    /// All before that number is no news.
    pub fn go_on(&mut self, cpu: u16, share: u16, number: u64) {
        self.next.insert((cpu, share), number);
    }
}
