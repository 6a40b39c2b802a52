//! The clock.

use aya_ebpf::helpers::bpf_ktime_get_ns;

/// Now: `CLOCK_MONOTONIC`, nanoseconds.
#[inline(always)]
pub fn now_ns() -> u64 {
    // SAFETY: the helper takes nothing and always gives a number.
    unsafe { bpf_ktime_get_ns() }
}
