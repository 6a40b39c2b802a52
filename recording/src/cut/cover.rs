//! What chunks cover, and how much is missing: from the figures of each chunk, however they were come by.

use super::{Parsed, Source, header_of, parse, start};
use crate::header::Coverage;
use rewind_common::chunk::{ChunkHeader, word};
use rewind_common::ring::{MAIN, PROTECTED, SHARES, TRAFFIC};
use std::collections::HashMap;

/// The figures of one chunk.
pub(super) struct Held {
    header: ChunkHeader,
    /// What it holds; `None`: only its beginning was read.
    counted: Option<Counted>,
    /// When the first of its records that has a beginning was written, and when it began.
    oldest: Option<(u64, u64)>,
}

/// What a chunk holds.
#[derive(Clone, Copy, Default)]
pub(super) struct Counted {
    records: u64,
    calls: u64,
    /// When the last record was written; 0 where that was not read.
    newest_ns: u64,
}

impl From<&Parsed<'_>> for Held {
    fn from(chunk: &Parsed<'_>) -> Self {
        let records = &chunk.records;
        let counted = Counted {
            records: records.len() as u64,
            calls: chunk.calls,
            newest_ns: records.iter().map(|&(time_ns, _)| time_ns).max().unwrap_or(0),
        };
        Self {
            header: chunk.header,
            counted: Some(counted),
            oldest: records.iter().find_map(|&(time_ns, bytes)| Some((time_ns, start(bytes)?))),
        }
    }
}

impl Held {
    const fn claim(&self) -> u64 {
        word::claim(self.header.word)
    }

    const fn cpu(&self) -> (u16, u16) {
        (self.header.cpu, self.header.share)
    }

    fn count(&self) -> Counted {
        self.counted.unwrap_or_default()
    }
}

/// The figures of all chunks of a source that may hold the beginnings of chunks; see [`super::coverage`].
pub(super) fn counted(source: &Source, mut whole: impl FnMut(&ChunkHeader) -> Option<Vec<u8>>) -> Vec<Held> {
    let mut shares: [Vec<Held>; SHARES] = Default::default();
    for bytes in &source.chunks {
        let Some(header) = header_of(bytes, source.recording) else { continue };
        let Some(share) = shares.get_mut(usize::from(header.share)) else { continue };
        share.push(match parse(bytes, source.recording) {
            Some(chunk) if bytes.len() >= word::committed(header.word) => Held::from(&chunk),
            Some(chunk) => Held { counted: None, ..Held::from(&chunk) },
            // Spoiled: what it says of the chunk before it holds.
            None => Held { header, counted: None, oldest: None },
        });
    }
    let mut all = Vec::new();
    for mut chunks in shares {
        chunks.sort_by_key(Held::claim);
        // From the newest on: what the next chunk of the same CPU says had been written when it was claimed.
        let mut next: HashMap<u16, (usize, ChunkHeader)> = HashMap::new();
        let mut newest: HashMap<u16, ()> = HashMap::new();
        for at in (0..chunks.len()).rev() {
            let Some(chunk) = chunks.get_mut(at) else { continue };
            let header = chunk.header;
            let behind = next.insert(header.cpu, (at, header));
            if header.spoiled != 0 {
                continue;
            }
            let is_newest = newest.insert(header.cpu, ()).is_none();
            if chunk.counted.is_none() {
                chunk.counted = behind.filter(|_| !is_newest).and_then(|behind| between(at, &header, behind));
            }
            if chunk.counted.is_none() {
                let bytes = whole(&header);
                let parsed = bytes.as_deref().and_then(|bytes| parse(bytes, source.recording));
                if let Some(parsed) = parsed.filter(|parsed| word::claim(parsed.header.word) == chunk.claim()) {
                    *chunk = Held::from(&parsed);
                }
            }
        }
        all.extend(chunks.into_iter().filter(|chunk| chunk.counted.is_some()));
    }
    all
}

/// What a chunk holds by what the next one of its CPU says. `None`: that may not be the next one, since chunks
/// in between are not there.
fn between(at: usize, header: &ChunkHeader, (behind, next): (usize, ChunkHeader)) -> Option<Counted> {
    let is_next = word::claim(next.word) - word::claim(header.word) == (behind - at) as u64;
    is_next.then_some(Counted {
        records: next.first_record.saturating_sub(header.first_record),
        calls: next.first_call.saturating_sub(header.first_call),
        newest_ns: 0,
    })
}

/// What the chunks cover, and how much is missing.
pub(super) fn cover(source: &Source, mut chunks: Vec<Held>) -> Coverage {
    chunks.sort_by_key(Held::claim);
    let mut by_cpu: HashMap<(u16, u16), Vec<&Held>> = HashMap::new();
    for chunk in &chunks {
        by_cpu.entry(chunk.cpu()).or_default().push(chunk);
    }
    let mut coverage = Coverage {
        calls_held: chunks.iter().map(|chunk| chunk.count().calls).sum(),
        newest_ns: chunks.iter().map(|chunk| chunk.count().newest_ns).max().unwrap_or(0),
        oldest_ns: chunks.iter().filter_map(|chunk| chunk.oldest).min().map_or(0, |(_, start_ns)| start_ns),
        ..Coverage::default()
    };
    let mut complete_from = [source.born_ns; SHARES];
    let cpus = source.cursors.len().max(by_cpu.keys().map(|&(cpu, _)| usize::from(cpu) + 1).max().unwrap_or(0));
    for cpu in 0..cpus {
        for (share, complete) in complete_from.iter_mut().enumerate() {
            let held = by_cpu.get(&(cpu as u16, share as u16)).map_or(&[][..], Vec::as_slice);
            let cursor = source.cursors.get(cpu).filter(|cursors| cursors.recording == source.recording);
            let cursor = cursor.map(|cursors| cursors.shares[share]).unwrap_or_default();
            let newest = held.last().filter(|chunk| chunk.claim() >= cursor.claim);
            let made = newest.map_or(cursor.calls, |chunk| chunk.header.first_call.saturating_add(chunk.count().calls));
            coverage.calls_made = coverage.calls_made.saturating_add(made);
            let from = match newest {
                Some(_) => unbroken_from(held),
                None if cursor.records == 0 => None,
                None => Some(cursor.newest_ns.saturating_add(1)),
            };
            *complete = (*complete).max(from.unwrap_or(0));
        }
    }
    coverage.calls_made = coverage.calls_made.max(coverage.calls_held);
    coverage.calls_overwritten = coverage.calls_made.saturating_sub(coverage.calls_held);
    coverage.decisive_from_ns = complete_from[PROTECTED];
    coverage.traffic_from_ns = Some(complete_from[PROTECTED].max(complete_from[TRAFFIC]));
    coverage.complete_from_ns = complete_from[MAIN].max(complete_from[PROTECTED]);
    coverage
}

/// From when on one CPU's chunks (oldest first) hold everything it wrote; `None`: from the beginning.
fn unbroken_from(held: &[&Held]) -> Option<u64> {
    let mut first = held.last()?;
    for chunk in held.iter().rev().skip(1) {
        if chunk.header.first_record.saturating_add(chunk.count().records) != first.header.first_record {
            break;
        }
        first = chunk;
    }
    (first.header.first_record != 0).then(|| first.header.before_ns.saturating_add(1))
}
