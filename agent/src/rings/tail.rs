//! What has come into a ring since the last look, without copying what was there before.
//!
//! A look costs a word a share, and one a CPU: how many chunks were claimed, and the commit word of the chunk
//! that each CPU fills. Where one of them has moved on, the words of the share's chunks are read, and those
//! copied that hold something new.
//!
//! What one CPU holds is read before what another one does, so a single reading may hold a record of a thread and
//! not the one before it, from a CPU that the thread was on before. But what a thread writes on one CPU is
//! committed before it can write on another: a second reading holds all that was before what the first has read.
//! What of the second is not before something of the same thread in the first waits for the next look.

use super::map::{Mapped, Position};
use rewind_common::chunk::{CHUNKS, HEADER_BYTES, word};
use rewind_common::record::RecordHeader;
use rewind_common::ring::{Ring, SHARES};
use rewind_recording::cut;
use std::collections::HashMap;
use zerocopy::FromBytes as _;

/// So many looks more after one in which a claimed chunk was not to be found: its CPU was about to take it.
const LOOK_AGAIN: u8 = 50;

/// Follows some shares of one recording's ring.
#[derive(Debug)]
pub(crate) struct Tail {
    index: u32,
    recording: u64,
    numbers: cut::Tail,
    shares: Vec<ShareTail>,
    /// Records of a second reading that may have others before them that it has not read.
    later: Records,
}

/// What a look has found.
#[derive(Clone, Debug, Default)]
pub(crate) struct News {
    /// What is new; of each thread all that there was before is in it, or was in an earlier look.
    pub new: Records,
    /// What is no news, but stands in chunks beside what is new.
    pub old: Records,
}

#[derive(Debug)]
struct ShareTail {
    share: usize,
    /// Chunks claimed, as far as they were looked at.
    claims: u64,
    /// Looks that are to be had though nothing seems to have moved.
    again: u8,
    current: Vec<Current>,
}

/// The newest chunk that was read of a CPU.
#[derive(Clone, Copy, Debug)]
struct Current {
    cpu: u16,
    segment: u32,
    chunk: usize,
    word: u64,
}

/// Records as they were read, in any order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records {
    bytes: Vec<u8>,
    list: Vec<RecordAt>,
    /// How many were overwritten before they could be read.
    pub missed: u64,
}

/// One of [`Records`].
#[derive(Clone, Copy, Debug)]
struct RecordAt {
    time_ns: u64,
    tid: u32,
    cpu: u16,
    share: u16,
    /// Its number among what that CPU has written to the share; `None`: it is no news.
    number: Option<u64>,
    at: usize,
    len: usize,
}

impl Records {
    fn push(&mut self, time_ns: u64, (cpu, share, number): (u16, u16, Option<u64>), record: &[u8]) {
        let tid = RecordHeader::read_from_prefix(record).map_or(0, |(header, _)| header.tid);
        self.list.push(RecordAt { time_ns, tid, cpu, share, number, at: self.bytes.len(), len: record.len() });
        self.bytes.extend_from_slice(record);
    }

    /// One record more, of others.
    fn add(&mut self, others: &Self, place: &RecordAt) {
        let at = self.bytes.len();
        self.bytes.extend_from_slice(others.bytes.get(place.at..place.at + place.len).unwrap_or_default());
        self.list.push(RecordAt { at, ..*place });
    }

    /// Whether there is none.
    #[must_use]
    pub(crate) const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// One behind the other, in the order of their times.
    #[must_use]
    pub(crate) fn sorted(&self) -> Vec<u8> {
        let mut list: Vec<&RecordAt> = self.list.iter().collect();
        list.sort_by_key(|place| place.time_ns);
        let bytes = list.iter().filter_map(|place| self.bytes.get(place.at..place.at + place.len));
        bytes.flatten().copied().collect()
    }
}

impl Tail {
    /// Follows `shares` of the ring with this index from its beginning on.
    #[must_use]
    pub(crate) fn new(index: u32, recording: u64, shares: &[usize]) -> Self {
        let share = |&share: &usize| ShareTail { share, claims: 0, again: LOOK_AGAIN, current: Vec::new() };
        let shares = shares.iter().filter(|&&share| share < SHARES).map(share).collect();
        Self { index, recording, numbers: cut::Tail::default(), shares, later: Records::default() }
    }

    /// What is before these is no news.
    pub(crate) fn go_on(&mut self, positions: &[Position]) {
        for &Position { cpu, share, number } in positions {
            self.numbers.go_on(cpu, share, number);
        }
    }

    /// Where the next records stand that no look has given yet.
    #[must_use]
    pub(crate) fn positions(&self) -> Vec<Position> {
        let of = |share: &ShareTail| {
            let cpus = share.current.iter().map(|current| current.cpu);
            cpus.map(|cpu| (cpu, share.share as u16)).collect::<Vec<_>>()
        };
        let next = |(cpu, share)| {
            let later = self.later.list.iter().filter(|place| (place.cpu, place.share) == (cpu, share));
            let first = later.filter_map(|place| place.number).min();
            Position { cpu, share, number: first.unwrap_or_else(|| self.numbers.next(cpu, share)) }
        };
        self.shares.iter().flat_map(of).map(next).collect()
    }

    /// Whether something has come, as far as a few words tell.
    #[must_use]
    pub(crate) fn has_news(&self, mapped: &Mapped) -> bool {
        let moved = |current: &Current| mapped.word(current.segment, current.chunk) != current.word;
        self.is_waiting()
            || self.shares.iter().any(|share| {
                share.again > 0
                    || mapped.claims(self.index, share.share) != share.claims
                    || share.current.iter().any(moved)
            })
    }

    /// Whether something was read already that the next look will give.
    #[must_use]
    pub(crate) const fn is_waiting(&self) -> bool {
        !self.later.is_empty()
    }

    /// What is new. `None`: the ring is another recording's.
    pub(crate) fn look(&mut self, mapped: &Mapped) -> Option<News> {
        let mut news = News { new: std::mem::take(&mut self.later), old: Records::default() };
        let mut second = Records::default();
        self.read(mapped, &mut news.old, &mut news.new)?;
        self.read(mapped, &mut news.old, &mut second)?;
        let mut newest: HashMap<u32, u64> = HashMap::new();
        for place in &news.new.list {
            let time_ns = newest.entry(place.tid).or_default();
            *time_ns = place.time_ns.max(*time_ns);
        }
        news.new.missed += second.missed;
        for place in &second.list {
            let is_before = newest.get(&place.tid).is_some_and(|newest| place.time_ns <= *newest);
            let to = if is_before { &mut news.new } else { &mut self.later };
            to.add(&second, place);
        }
        Some(news)
    }

    fn read(&mut self, mapped: &Mapped, old: &mut Records, new: &mut Records) -> Option<()> {
        let ring = mapped.ring(self.index).filter(|ring| ring.recording == self.recording)?;
        for share in &mut self.shares {
            let places = share.moved(mapped, &ring);
            for (claim, segment, chunk) in places {
                let Some(bytes) = mapped.chunk(segment, chunk, self.recording, claim) else { continue };
                let Some(followed) = self.numbers.take(self.recording, &bytes) else { continue };
                if usize::from(followed.share) != share.share {
                    continue;
                }
                let (cpu, of, word) = (followed.cpu, followed.share, followed.word);
                share.set_current(Current { cpu, segment, chunk, word });
                new.missed += followed.missed;
                followed.old.iter().for_each(|(time_ns, record)| old.push(*time_ns, (cpu, of, None), record));
                for (number, (time_ns, record)) in (followed.number..).zip(&followed.new) {
                    new.push(*time_ns, (cpu, of, Some(number)), record);
                }
            }
        }
        Some(())
    }
}

impl ShareTail {
    fn current(&self, cpu: u16) -> Option<&Current> {
        self.current.iter().find(|current| current.cpu == cpu)
    }

    fn set_current(&mut self, new: Current) {
        match self.current.iter_mut().find(|current| current.cpu == new.cpu) {
            Some(current) => *current = new,
            None => self.current.push(new),
        }
    }

    /// Where the chunks lie that hold something new, the oldest claim first: all of them had been claimed before
    /// the first of them is copied, so that of each CPU those before its last are whole.
    fn moved(&mut self, mapped: &Mapped, ring: &Ring) -> Vec<(u64, u32, usize)> {
        let Some(of_ring) = ring.shares.get(self.share) else { return Vec::new() };
        let mut moved = Vec::new();
        let mut found = 0;
        for &segment in of_ring.segments.iter().take(of_ring.len as usize) {
            for chunk in 0..CHUNKS {
                let now = mapped.word(segment, chunk);
                let claim = word::claim(now);
                // One in which nothing is committed yet does not say whose it is.
                if !(1..=of_ring.claims).contains(&claim) || word::committed(now) <= HEADER_BYTES {
                    continue;
                }
                found += u64::from(claim > self.claims);
                let seen = self.current(mapped.cpu(segment, chunk)).map_or(0, |current| current.word);
                // A greater word is a later claim, or more of the same one.
                if now > seen {
                    moved.push((claim, segment, chunk));
                }
            }
        }
        moved.sort_unstable();
        let expected = (of_ring.claims - self.claims.min(of_ring.claims)).min(u64::from(of_ring.len) * CHUNKS as u64);
        self.again = if found < expected { LOOK_AGAIN } else { self.again.saturating_sub(1) };
        self.claims = of_ring.claims;
        moved
    }
}

#[cfg(test)]
mod tests;
