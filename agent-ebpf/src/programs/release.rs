//! Gives a ring and its segments back to the pool. No hook calls this: the agent runs it
//! (`BPF_PROG_TEST_RUN` on a raw tracepoint's program, since 5.10).
//!
//! It is done here, not by the agent, because a program is never left half done. Done by the agent,
//! each push would be a system call of its own, and an agent killed between two of them would leave
//! segments that are in no ring and not in the pool; looking for those afterwards means to compare
//! all rings with the pool while other CPUs take from it. `SIGKILL` acts on a task on its way back to
//! user space, so here a ring is either still the recording's, or free with all that it had.

use crate::maps::{self, FREE_RINGS};
use crate::ring;
use aya_ebpf::{macros::raw_tracepoint, programs::RawTracePointContext};
use rewind_common::ring::{MAX_SEGMENTS, SHARES};

/// Frees the ring whose index is the first argument, if the second is its recording. Gives how many
/// pushes failed: none, as both queues have room for all there is.
#[raw_tracepoint]
pub fn release(ctx: RawTracePointContext) -> i32 {
    let (index, recording) = (ctx.arg::<u64>(0) as u32, ctx.arg::<u64>(1));
    // Nobody else writes to a ring whose cgroup is gone.
    let Some(ring) = maps::ring(index) else { return 0 };
    if recording == 0 || ring.recording != recording {
        return 0;
    }
    ring.recording = 0;
    let mut failed = 0;
    // Verifier: one loop with a constant end; nested ones over `len` are more than it follows.
    for i in 0..SHARES * MAX_SEGMENTS {
        let share = &ring.shares[i / MAX_SEGMENTS];
        let at = i % MAX_SEGMENTS;
        if at < (share.len + share.leaving) as usize {
            ring::empty(share.segments[at]);
            failed += i32::from(maps::give_segment(share.segments[at]));
        }
    }
    failed + i32::from(FREE_RINGS.push(&index, 0).is_err())
}
