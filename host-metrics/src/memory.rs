//! Memory (`proc_meminfo(5)`).
//!
//! States overlap: `used` is what is not available, and page cache is both `cached` and, for the most part, available.
//! `cached` includes what of slabs can be reclaimed. Both as the Collector has it.

use crate::reading::Reading;
use crate::text::named;
use rewind_otlp::metric::sheet::{Sheet, value, whole};

/// Memory in bytes. What this kernel does not tell is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// All of it.
    pub total: u64,
    /// What could be had without swapping; since Linux 3.14.
    pub available: Option<u64>,
    /// What nobody uses.
    pub free: Option<u64>,
    /// Buffers of block devices.
    pub buffers: Option<u64>,
    /// Page cache.
    pub cached: Option<u64>,
    /// What of slabs can be reclaimed.
    pub slab_reclaimable: Option<u64>,
    /// What of slabs cannot.
    pub slab_unreclaimable: Option<u64>,
    /// What waits to be written.
    pub dirty: Option<u64>,
}

impl Memory {
    /// Reads it; `None`: it does not say how much there is.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let named = named(text);
        let of = |name| named.get(name).copied();
        Some(Self {
            total: of("MemTotal").filter(|total| *total > 0)?,
            available: of("MemAvailable"),
            free: of("MemFree"),
            buffers: of("Buffers"),
            cached: of("Cached"),
            slab_reclaimable: of("SReclaimable"),
            slab_unreclaimable: of("SUnreclaim"),
            dirty: of("Dirty"),
        })
    }

    /// Bytes by state.
    fn states(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let used = self.available.map(|available| self.total.saturating_sub(available));
        let cached = self.cached.map(|cached| cached.saturating_add(self.slab_reclaimable.unwrap_or(0)));
        let states = [
            ("used", used),
            ("free", self.free),
            ("buffered", self.buffers),
            ("cached", cached),
            ("slab_reclaimable", self.slab_reclaimable),
            ("slab_unreclaimable", self.slab_unreclaimable),
        ];
        states.into_iter().filter_map(|(state, bytes)| Some((state, bytes?)))
    }
}

pub(crate) fn read(reading: &mut Reading<'_>) -> Option<Memory> {
    reading.proc("meminfo", Memory::parse)
}

pub(crate) fn metrics(memory: &Memory, sheet: &mut Sheet<'_>) {
    let usage = memory.states().map(|(state, bytes)| value(bytes, &[("state", state)])).collect();
    sheet.up_down("system.memory.usage", "By", "Memory by state; states overlap", usage);
    let part = |bytes| bytes as f64 / memory.total as f64;
    let parts = memory.states().map(|(state, bytes)| value(part(bytes), &[("state", state)])).collect();
    sheet.gauge("system.memory.utilization", "1", "Part of all memory by state", parts);
    sheet.up_down("system.memory.limit", "By", "All memory", whole(memory.total));
    for (name, description, bytes) in [
        ("system.linux.memory.available", "Memory that could be had without swapping", memory.available),
        ("system.linux.memory.dirty", "Memory that waits to be written", memory.dirty),
    ] {
        sheet.up_down(name, "By", description, bytes.map(whole).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn used_is_what_is_not_available_and_cached_includes_slabs() {
        let text = "MemTotal:  1000 kB\nMemFree: 100 kB\nMemAvailable:  400 kB\nBuffers: 10 kB\nCached: 200 kB\n\
                    SReclaimable: 50 kB\nSUnreclaim: 20 kB\nDirty: 1 kB\nNew(é): 3 kB\nHugePages_Total:   0\n";
        let memory = Memory::parse(text).unwrap();
        let states: Vec<_> = memory.states().collect();
        let kib = [
            ("used", 600),
            ("free", 100),
            ("buffered", 10),
            ("cached", 250),
            ("slab_reclaimable", 50),
            ("slab_unreclaimable", 20),
        ];
        assert_eq!(states, kib.map(|(state, kib)| (state, kib << 10)));
    }

    #[test]
    fn what_the_kernel_does_not_tell_is_no_zero() {
        let memory = Memory::parse("MemTotal: 1000 kB\n").unwrap();
        assert_eq!(memory.states().count(), 0);
        assert_eq!(Memory::parse("MemFree: 1000 kB\n"), None);
        assert_eq!(Memory::parse("MemTotal: 0 kB\n"), None);
    }
}
