//! How a process' memory grew, and what was refused.

use crate::calls::{self, bits};
use crate::meaning::Meaning;
use rewind_recording::call::Call;

/// Of `mmap`'s flags.
const MAP_ANONYMOUS: u64 = 0x20;
/// Of `mmap`'s protection: no access.
const PROT_NONE: u64 = 0;

/// How a process' memory changed, as far as calls tell. Bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// First and last end of the heap.
    pub brk: Option<(u64, u64)>,
    /// Mapped without a file.
    pub mapped: u64,
    /// Unmapped.
    pub unmapped: u64,
    /// The largest mapping without a file: bytes and event.
    pub largest: Option<(u64, usize)>,
    /// The largest allocation that failed: bytes and event.
    pub refused: Option<(u64, usize)>,
    /// Allocations that failed.
    pub refusals: u64,
}

impl Memory {
    /// How much it grew, at most.
    #[must_use]
    pub fn growth(&self) -> u64 {
        let heap = self.brk.map_or(0, |(first, last)| last.saturating_sub(first));
        heap + self.mapped.saturating_sub(self.unmapped)
    }

    /// Takes a call of the process that has returned into account.
    pub(super) fn feed(&mut self, index: usize, name: &str, call: &Call<'_>) {
        let length = call.value(1).unwrap_or_default();
        let failed = call.errno().map(|errno| Meaning::of(name, errno));
        // Which argument tells the length, and what the result does, is each call's own.
        match (name, failed) {
            ("mmap", Some(Meaning::OutOfMemory)) => self.refuse(length, index),
            ("mremap", Some(Meaning::OutOfMemory)) => self.refuse(call.value(2).unwrap_or_default(), index),
            ("brk", None) => {
                let now = call.result.cast_unsigned();
                let first = self.brk.map_or(now, |(first, _)| first);
                let asked = call.value(0).unwrap_or_default();
                // The kernel does not fail brk: it leaves the end of the heap where it was.
                if asked > now {
                    self.refuse(asked - now, index);
                }
                self.brk = Some((first, now));
            }
            // Without access it is room that is only set aside.
            ("mmap", None)
                if call.value(3).unwrap_or_default() & MAP_ANONYMOUS != 0 && call.value(2) != Some(PROT_NONE) =>
            {
                self.mapped = self.mapped.saturating_add(length);
                self.largest = self.largest.max(Some((length, index)));
            }
            (name, None) if calls::has(name, bits::FREES) => self.unmapped = self.unmapped.saturating_add(length),
            (name, None) if calls::has(name, bits::RUNS) => *self = Self::default(),
            _ => {}
        }
    }

    fn refuse(&mut self, bytes: u64, index: usize) {
        self.refusals += 1;
        self.refused = self.refused.max(Some((bytes, index)));
    }
}
