//! Memory (`cgroup-v2.rst`, "Memory"; `cgroup-v1/memory.rst`). Kinds overlap: `shmem` is in `file`, `sock` and slabs are
//! in `kernel`.

use crate::hierarchies::Controller;
use crate::reading::{Hierarchy, Reading, limit, number};
use crate::subject::Subject;
use rewind_host_metrics::text::named;
use rewind_otlp::metric::sheet::{Sheet, value, whole};
use std::collections::BTreeMap;

/// Kinds of memory as v2 names them, and what the same is in v1 with all that is below.
const KINDS: [(&str, Option<&str>); 14] = [
    ("anon", Some("total_rss")),
    ("file", Some("total_cache")),
    ("shmem", Some("total_shmem")),
    ("file_mapped", Some("total_mapped_file")),
    ("file_dirty", Some("total_dirty")),
    ("file_writeback", Some("total_writeback")),
    ("active_file", Some("total_active_file")),
    ("inactive_file", Some("total_inactive_file")),
    ("kernel", None),
    ("kernel_stack", None),
    ("pagetables", None),
    ("sock", None),
    ("slab_reclaimable", None),
    ("slab_unreclaimable", None),
];
/// Events that are counted.
const EVENTS: [&str; 4] = ["high", "max", "oom", "oom_kill"];

/// Memory in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// All that is charged.
    pub current: Option<u64>,
    /// The most that ever was; v2 has it since Linux 5.19.
    pub peak: Option<u64>,
    /// How much may be; `None`: as much as there is.
    pub limit: Option<u64>,
    /// What is in swap.
    pub swap: Option<u64>,
    /// By kind, as v2 names them.
    pub kinds: BTreeMap<&'static str, u64>,
    /// How often it went over `high`, met the limit (`max`), failed to get below it (`oom`), and how many processes were
    /// killed for that (`oom_kill`).
    pub events: BTreeMap<&'static str, u64>,
    /// Page faults.
    pub faults: Option<u64>,
    /// Those that waited for I/O.
    pub major_faults: Option<u64>,
}

impl Memory {
    /// What is used without what can be had back at once, as the kubelet reckons before it evicts.
    #[must_use]
    pub fn working_set(&self) -> Option<u64> {
        Some(self.current?.saturating_sub(*self.kinds.get("inactive_file")?))
    }

    /// How much of the limit is left.
    #[must_use]
    pub fn available(&self) -> Option<u64> {
        Some(self.limit?.saturating_sub(self.working_set()?))
    }

    /// `memory.stat`; `None`: nothing of it is there.
    fn stat(text: &str, is_v1: bool) -> Option<Self> {
        let named = named(text);
        let of = |name: &str| named.get(name).copied();
        let kinds = KINDS.iter().filter_map(|(kind, v1)| Some((*kind, of(if is_v1 { (*v1)? } else { kind })?)));
        let (faults, major) = if is_v1 { ("total_pgfault", "total_pgmajfault") } else { ("pgfault", "pgmajfault") };
        let swap = is_v1.then(|| of("total_swap")).flatten();
        let found =
            Self { kinds: kinds.collect(), faults: of(faults), major_faults: of(major), swap, ..Self::default() };
        (!found.kinds.is_empty()).then_some(found)
    }
}

/// `memory.events` of v2, and `memory.oom_control` of v1.
fn events(text: &str) -> Option<BTreeMap<&'static str, u64>> {
    let named = named(text);
    let found: BTreeMap<_, _> = EVENTS.iter().filter_map(|event| Some((*event, *named.get(event)?))).collect();
    (!found.is_empty()).then_some(found)
}

pub(crate) fn read(reading: &mut Reading<'_>) -> Memory {
    match reading.home(Controller::Memory) {
        v2 @ Hierarchy::V2 => Memory {
            current: reading.file(v2, "memory.current", number),
            peak: reading.maybe(v2, "memory.peak", number),
            limit: reading.maybe(v2, "memory.max", limit).flatten(),
            swap: reading.maybe(v2, "memory.swap.current", number),
            events: reading.maybe(v2, "memory.events", events).unwrap_or_default(),
            ..reading.file(v2, "memory.stat", |text| Memory::stat(text, false)).unwrap_or_default()
        },
        v1 => {
            let mut memory = reading.file(v1, "memory.stat", |text| Memory::stat(text, true)).unwrap_or_default();
            memory.current = reading.file(v1, "memory.usage_in_bytes", number);
            memory.peak = reading.maybe(v1, "memory.max_usage_in_bytes", number);
            memory.limit = reading.maybe(v1, "memory.limit_in_bytes", limit).flatten();
            // Before Linux 4.13 kills are not counted there.
            memory.events = reading
                .maybe(v1, "memory.oom_control", |text| Some(events(text).unwrap_or_default()))
                .unwrap_or_default();
            memory.events.extend(reading.maybe(v1, "memory.failcnt", number).map(|met| ("max", met)));
            let kernel = reading.maybe(v1, "memory.kmem.usage_in_bytes", number);
            memory.kinds.extend(kernel.map(|bytes| ("kernel", bytes)));
            memory
        }
    }
}

pub(crate) fn metrics(memory: &Memory, of: Subject, sheet: &mut Sheet<'_>) {
    let (known, own) = (of.known(), of.own());
    let anon = memory.kinds.get("anon").copied();
    for (name, unit, description, number) in [
        ("memory.usage", "By", "Memory that is charged", memory.current),
        ("memory.working_set", "By", "Memory in use without inactive page cache", memory.working_set()),
        ("memory.rss", "By", "Anonymous memory", anon),
        ("memory.available", "By", "What the working set leaves of the limit", memory.available()),
        ("memory.page_faults", "1", "Page faults since the start", memory.faults),
        ("memory.major_page_faults", "1", "Page faults since the start that waited for I/O", memory.major_faults),
    ] {
        sheet.gauge(&format!("{known}.{name}"), unit, description, number.map(whole).unwrap_or_default());
    }
    for (name, description, number) in [
        ("memory.limit", "Memory that may be used", memory.limit),
        ("memory.peak", "The most memory that ever was charged", memory.peak),
        ("memory.swap", "Memory in swap", memory.swap),
    ] {
        sheet.gauge(&format!("{own}.{name}"), "By", description, number.map(whole).unwrap_or_default());
    }
    let kinds = memory.kinds.iter().map(|(kind, bytes)| value(*bytes, &[("kind", kind)])).collect();
    sheet.gauge(&format!("{own}.memory.usage"), "By", "Memory by kind; kinds overlap", kinds);
    let events = memory.events.iter().map(|(event, times)| value(*times, &[("event", event)])).collect();
    let description = "How often the limits of memory were met, and who was killed for that";
    sheet.counter(&format!("{own}.memory.events"), "{event}", description, events);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_working_set_is_never_below_zero_and_needs_both_its_figures() {
        let of = |current, inactive: Option<u64>| Memory {
            current,
            limit: Some(100),
            kinds: inactive.map(|bytes| ("inactive_file", bytes)).into_iter().collect(),
            ..Memory::default()
        };
        let both = |memory: Memory| (memory.working_set(), memory.available());
        assert_eq!(both(of(Some(70), Some(30))), (Some(40), Some(60)));
        assert_eq!(both(of(Some(20), Some(30))), (Some(0), Some(100)));
        assert_eq!(both(of(Some(170), Some(30))), (Some(140), Some(0)));
        assert_eq!((both(of(None, Some(1))), both(of(Some(1), None))), ((None, None), (None, None)));
    }

    #[test]
    fn v1_has_its_own_names_and_counts_what_is_below() {
        let text =
            "cache 1\nrss 2\ntotal_cache 30\ntotal_rss 40\ntotal_swap 5\ntotal_pgfault 6\ntotal_inactive_file 7\n";
        let memory = Memory::stat(text, true).unwrap();
        assert_eq!(memory.kinds, [("anon", 40), ("file", 30), ("inactive_file", 7)].into());
        assert_eq!((memory.swap, memory.faults, memory.major_faults), (Some(5), Some(6), None));
        assert_eq!(Memory::stat(text, false), None);
    }
}
