//! The kernel side's clock, as this process sees it.

use rustix::time::{ClockId, Timespec, clock_gettime};

/// `CLOCK_MONOTONIC` in nanoseconds: what `bpf_ktime_get_ns` gives.
#[must_use]
pub(crate) fn now_ns() -> u64 {
    u64::try_from(ns(clock_gettime(ClockId::Monotonic))).unwrap_or(0)
}

/// A time of [`now_ns`] in ticks since the host's start, as `/proc/TGID/stat` counts them (`CLOCK_BOOTTIME`):
/// where the host was suspended since, a little later.
#[must_use]
pub(crate) fn boot_ticks(ktime_ns: u64) -> u64 {
    let suspended_ns = ns(clock_gettime(ClockId::Boottime)) - ns(clock_gettime(ClockId::Monotonic));
    let ticks = (i128::from(ktime_ns) + suspended_ns) * i128::from(procfs::ticks_per_second()) / 1_000_000_000;
    u64::try_from(ticks).unwrap_or(0)
}

/// Nanoseconds to add to a time of [`now_ns`] to get Unix time, as of now.
#[must_use]
pub(crate) fn unix_offset_ns() -> i64 {
    let offset = ns(clock_gettime(ClockId::Realtime)) - ns(clock_gettime(ClockId::Monotonic));
    i64::try_from(offset).unwrap_or(0)
}

/// Unix time in nanoseconds.
#[must_use]
pub(crate) fn unix_ns() -> i64 {
    i64::try_from(ns(clock_gettime(ClockId::Realtime))).unwrap_or(i64::MAX)
}

/// Unix time in seconds.
#[must_use]
pub(crate) fn unix_s() -> u64 {
    u64::try_from(unix_ns() / 1_000_000_000).unwrap_or(0)
}

fn ns(time: Timespec) -> i128 {
    i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec)
}
