//! The OOM killer chooses a process.

use super::json::{JsonLine, Process};
use super::kind::{Context, EventKind, Notice, Timing};
use super::process::write_process;
use crate::render::units::{bytes, grouped};
use serde::Serialize;
use std::fmt::Write as _;
use std::io;

pub use rewind_common::record::OomKill;

/// Whether a memory cgroup was at its limit: otherwise the host itself ran out of memory. The kernel
/// takes memory from a cgroup in batches on each CPU, so it is at its limit a little below it.
#[must_use]
pub fn met_limit(kill: &OomKill) -> bool {
    let room = kill.limit_bytes.saturating_sub(kill.usage_bytes);
    kill.limit_bytes != 0 && room <= (kill.limit_bytes / 16).max(4 << 20)
}

/// What the victim held.
#[must_use]
pub fn held(kill: &OomKill) -> String {
    let (anon, file, shmem) = (bytes(kill.anon_bytes), bytes(kill.file_bytes), bytes(kill.shmem_bytes));
    let mut text = format!("{anon} of its own, {file} of files, {shmem} shared");
    if kill.swap_bytes > 0 {
        let _ = write!(text, ", {} swapped out", bytes(kill.swap_bytes));
    }
    text
}

/// The limit that was met, or that none was.
#[must_use]
pub fn limit(kill: &OomKill) -> String {
    if !met_limit(kill) {
        return "no memory cgroup was at its limit, the host ran out".to_owned();
    }
    let whose = match kill.limit_above {
        0 => "its cgroup".to_owned(),
        1 => "the cgroup above its own".to_owned(),
        levels => format!("the cgroup {} levels above its own", grouped(u64::from(levels))),
    };
    format!("{whose} held {} of {} allowed", bytes(kill.usage_bytes), bytes(kill.limit_bytes))
}

/// Who brought it about.
#[must_use]
pub fn trigger(kill: &OomKill, context: &Context<'_>) -> String {
    if kill.trigger_tgid == kill.tgid {
        return "it asked for more itself".to_owned();
    }
    let mut text = String::new();
    let numbers = (kill.trigger_tgid, kill.trigger_ns_tgid);
    write_process(&mut text, &{ kill.trigger_comm }, numbers, kill.trigger_cgroup, context);
    text.push_str(" asked for more");
    text
}

#[derive(Serialize)]
struct Fields<'o> {
    anon_bytes: u64,
    file_bytes: u64,
    shmem_bytes: u64,
    swap_bytes: u64,
    page_table_bytes: u64,
    oom_score_adj: i32,
    /// Of the memory cgroup nearest to its limit; null if none has one.
    cgroup_usage_bytes: Option<u64>,
    cgroup_limit_bytes: Option<u64>,
    /// How many levels above its own that cgroup is.
    cgroup_levels_above: u32,
    /// Whether that limit was met; otherwise the host ran out.
    limit_met: bool,
    trigger: Process<'o>,
    text: String,
}

impl EventKind for OomKill {
    fn name(&self) -> &'static str {
        "oom_kill"
    }

    fn tid(&self) -> u32 {
        self.header.tid
    }

    fn tgid(&self) -> Option<u32> {
        Some(self.tgid)
    }

    fn end_ns(&self) -> u64 {
        self.time_ns
    }

    fn timing(&self) -> Timing {
        Timing::AnyMoment
    }

    fn write_text(&self, out: &mut String, context: &Context<'_>) {
        let _ = write!(out, "OOM kill: it held {}; {}; {}", held(self), limit(self), trigger(self, context));
    }

    fn notice(&self) -> Notice {
        Notice::Bad
    }

    fn other_cgroup(&self) -> Option<u64> {
        Some(self.trigger_cgroup)
    }

    fn write_json(&self, line: JsonLine<'_>, context: &Context<'_>) -> io::Result<()> {
        let numbers = (self.trigger_tgid, self.trigger_tid, self.trigger_ns_tgid);
        let limited = self.limit_bytes != 0;
        line.with(&Fields {
            anon_bytes: self.anon_bytes,
            file_bytes: self.file_bytes,
            shmem_bytes: self.shmem_bytes,
            swap_bytes: self.swap_bytes,
            page_table_bytes: self.page_table_bytes,
            oom_score_adj: self.oom_score_adj,
            cgroup_usage_bytes: limited.then_some(self.usage_bytes),
            cgroup_limit_bytes: limited.then_some(self.limit_bytes),
            cgroup_levels_above: self.limit_above,
            limit_met: met_limit(self),
            trigger: Process::new(numbers, &{ self.trigger_comm }, self.trigger_cgroup, context.origins),
            text: self.text(context),
        })
    }
}
