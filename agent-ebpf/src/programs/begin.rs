//! Begins the recording of a cgroup whose tasks make no call. No hook calls this: the agent runs it
//! (`BPF_PROG_TEST_RUN` on a raw tracepoint's program, since 5.10) for those that it finds blocked.
//!
//! It is done here because a task that makes its first call at this moment takes a ring for the same
//! cgroup, and both must agree on one.

use crate::filter;
use aya_ebpf::{macros::raw_tracepoint, programs::RawTracePointContext};

/// Begins the recording of the cgroup that is the first argument, if it is to be recorded and is not yet.
#[raw_tracepoint]
pub fn begin(ctx: RawTracePointContext) -> i32 {
    i32::from(filter::ring_of(ctx.arg::<u64>(0), core::ptr::null()).is_some())
}
