//! The OOM killer chooses a process: `mark_victim(struct task_struct *task, uid_t uid)` since 6.9, and
//! in older kernels that have taken that over (Debian's 6.1.192); before that `mark_victim(int pid)`. A
//! typed raw tracepoint since 5.5.
//!
//! Where only the number is passed, the task is the one that the kernel has just sent `SIGKILL` to on this
//! CPU (`hooks/sent.rs` keeps it): both happen under the victim's `task_lock`, so nothing comes between.
//! Or it is the current one, which was about to end anyway.
//!
//! It fires in `mark_oom_victim` (`mm/oom_kill.c`) in the task whose allocation brought it about, right
//! behind the victim's `SIGKILL`, with the victim's `mm` still there.

use crate::globals::{given_mut, global, offset};
use crate::probe::field;
use crate::{clock, maps, other, task};
use aya_ebpf::{helpers::bpf_get_current_comm, macros::btf_tracepoint, programs::BtfTracePointContext};
use core::ffi::c_void;
use rewind_common::record::{Kind, OomKill, RecordHeader};

/// `MM_FILEPAGES` to `MM_SHMEMPAGES` (`include/linux/mm_types_task.h`).
const FILE: usize = 0;
const ANON: usize = 1;
const SWAP: usize = 2;
const SHMEM: usize = 3;
/// How many levels of memory cgroups are looked at.
const LEVELS: u32 = 8;
/// Where no limit is set (`PAGE_COUNTER_MAX`, `include/linux/page_counter.h`), for any size of pages.
const UNLIMITED: u64 = (i64::MAX as u64) / 65536;

/// A victim is chosen.
#[btf_tracepoint(function = "mark_victim")]
pub fn mark_victim(ctx: BtfTracePointContext) {
    let Some(victim) = victim(ctx.arg(0)) else { return };
    let Some(ring) = other::ring(victim) else { return };
    let now_ns = clock::now_ns();
    let trigger = task::current();
    let mm: *const c_void = field(victim, offset!(task_mm));
    let len = size_of::<OomKill>() as u16;
    let mut record = OomKill {
        header: RecordHeader { len, kind: Kind::OomKill as u8, flags: 0, tid: task::any::tid(victim) },
        time_ns: now_ns,
        tgid: task::any::tgid(victim),
        oom_score_adj: score_adjustment(victim),
        anon_bytes: resident(mm, ANON),
        file_bytes: resident(mm, FILE),
        shmem_bytes: resident(mm, SHMEM),
        swap_bytes: resident(mm, SWAP),
        page_table_bytes: field(mm, offset!(mm_pgtables_bytes)),
        trigger_tgid: task::tgid(trigger),
        trigger_tid: task::tid(trigger),
        trigger_ns_tgid: task::number_in_namespace_of(victim, task::leader(trigger)),
        trigger_cgroup: task::cgroup_id(trigger),
        trigger_comm: bpf_get_current_comm().unwrap_or([0; 16]),
        ..OomKill::default()
    };
    if offset!(css_set_memory) != 0 {
        let css_set: *const c_void = field(victim, offset!(task_cgroups));
        find_limit(field(css_set, offset!(css_set_memory)), &raw mut record);
    }
    other::event(victim, ring, other::Hook::Oom, now_ns, &record);
}

/// The victim's task. Verifier: a plain number to it, which only the helper reads from.
#[inline(always)]
fn victim(argument: u64) -> Option<*const c_void> {
    if offset!(victim_is_task) != 0 {
        return Some(argument as *const c_void);
    }
    let number = argument as u32;
    let current = task::current();
    if number == task::tid(current) {
        return Some(current);
    }
    let killed = *maps::killed()? as *const c_void;
    (task::any::tid(killed) == number).then_some(killed)
}

/// The kernel sends `SIGKILL` to a task.
#[inline(always)]
pub fn remember(task: *const c_void) {
    if let Some(killed) = maps::killed() {
        *killed = task as u64;
    }
}

#[inline(always)]
fn score_adjustment(task: *const c_void) -> i32 {
    let signal: *const c_void = field(task, offset!(task_signal));
    i32::from(field::<u32>(signal, offset!(signal_oom_score_adj)) as i16)
}

/// One figure of `mm->rss_stat`, in bytes. It may be a little below zero.
#[inline(always)]
fn resident(mm: *const c_void, which: usize) -> u64 {
    let pages: u64 = field(mm, offset!(mm_rss_stat) + which * offset!(rss_stride));
    if pages.cast_signed() < 0 { 0 } else { pages * offset!(page_bytes) as u64 }
}

global! {
    /// The memory cgroup, of the one at `css` and those above it, that is nearest to its limit.
    ///
    /// Verifier: a global function, so that the ways through the loop are walked by themselves, and not each
    /// with all that follows: in line, 6.1 walks 600,000 instructions of this hook, so 35,000.
    fn find_limit(css: u64, record: *mut OomKill) -> u64 {
        let Some(record) = given_mut(record) else { return 0 };
        let mut css = css as *const c_void;
        let mut least = u64::MAX;
        for above in 0..LEVELS {
            if css.is_null() {
                break;
            }
            let (usage, max): (u64, u64) = (field(css, offset!(memcg_usage)), field(css, offset!(memcg_max)));
            let room = max.saturating_sub(usage);
            if max < UNLIMITED && room < least {
                least = room;
                record.usage_bytes = usage * offset!(page_bytes) as u64;
                record.limit_bytes = max * offset!(page_bytes) as u64;
                record.limit_above = above;
            }
            css = field(css, offset!(css_parent));
        }
        0
    }
}
