//! Takes segments from a ring that lives: its oldest, which go back to the pool. No hook calls this: the
//! agent runs it, as it runs `release`, and for the same reason.
//!
//! Kernel programs read a share's layout without a lock, so one that began before the layout changed may
//! still claim a chunk of a segment that is to go. So it is done in three steps, and the agent waits
//! between them until no program runs any more that ran before (an RCU grace period: programs on
//! tracepoints run with preemption disabled):
//!
//! 1. the new layout is written, the segments that go behind those that stay. Whatever mixture of old and
//!    new a program sees leads to a segment that is still the ring's;
//! 2. the commit words of those that go are emptied, so that a writer whose chunk lies there finds it gone;
//! 3. no writer is left in them: they go to the pool. What they held counts as overwritten.
//!
//! While it lasts `growing` is held and `leaving` says how many go, so an agent that was killed in between
//! leaves something that the next one can finish.

use crate::maps::{self, LAYOUT};
use crate::ring::empty;
use crate::{atomic, probe};
use aya_ebpf::{macros::raw_tracepoint, programs::RawTracePointContext};
use rewind_common::ring::{MAX_SEGMENTS, Share, shrink_step as step};

/// One step ([`step`]) for a share of the ring whose index and recording are the first two arguments.
/// 0, or it is not done: the ring is another's, or grows, or has come further than the new layout allows for.
#[raw_tracepoint]
pub fn shrink(ctx: RawTracePointContext) -> i32 {
    let (index, recording, share) = (ctx.arg::<u64>(0) as u32, ctx.arg::<u64>(1), ctx.arg::<u64>(2));
    // What other programs change of it meanwhile are single words.
    let Some(ring) = maps::ring(index) else { return 1 };
    if recording == 0 || ring.recording != recording {
        return 1;
    }
    let Some(share) = ring.shares.get_mut(share as usize) else { return 1 };
    match ctx.arg::<u64>(3) {
        step::LAY_OUT => lay_out(share, ctx.arg(4)),
        step::EMPTY => {
            for i in 0..MAX_SEGMENTS {
                if is_leaving(share, i) {
                    empty(share.segments[i]);
                }
            }
            0
        }
        _ => {
            let mut failed = 0;
            for i in 0..MAX_SEGMENTS {
                if is_leaving(share, i) {
                    failed += i32::from(maps::give_segment(share.segments[i]));
                }
            }
            share.leaving = 0;
            share.growing = 0;
            failed
        }
    }
}

#[inline(always)]
fn is_leaving(share: &Share, i: usize) -> bool {
    i >= share.len as usize && i < (share.len + share.leaving) as usize
}

/// Takes the layout in [`LAYOUT`], unless the share has claimed more than `claims`.
#[inline(always)]
fn lay_out(share: &mut Share, claims: u64) -> i32 {
    let Some(layout) = LAYOUT.get(0) else { return 1 };
    if !atomic::swap_u32(&mut share.growing, 0, 1) {
        return 1;
    }
    if share.claims > claims {
        share.growing = 0;
        return 1;
    }
    probe::copy(&mut share.segments, &layout.segments);
    share.base = layout.base;
    share.leaving = layout.leaving;
    share.len = layout.len;
    share.limit = layout.limit;
    0
}
