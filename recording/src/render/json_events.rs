//! The fields of events that are neither calls nor strace's.

use super::event_text;
use super::words::{Words, signal_name};
use crate::escape;
use crate::event::{Event, What};
use crate::filter::comm;
use crate::origin::{Origin, Origins, Whereabouts};
use crate::record::{Exec, Limits as _};
use rewind_common::record::{Fork, NEW_THREAD, OomKill, SignalSent, sent_flags};
use serde::Serialize;
use std::borrow::Cow;

/// What an event says, beyond when and who.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Body<'w> {
    Sent(Sent<'w>),
    OomKill(Kill<'w>),
    Fork(Child),
    Exec(Program<'w>),
}

/// Another process. Numbers are the host's, but for `ns_tgid`: null if the container's numbering has
/// none for it.
#[derive(Serialize)]
pub(super) struct Process<'w> {
    tgid: u32,
    tid: u32,
    ns_tgid: Option<u32>,
    comm: String,
    cgroup_id: u64,
    /// Whether it is in the same container.
    same_container: bool,
    /// Where it is, if it is elsewhere and that is known.
    container: Option<&'w Origin>,
}

#[derive(Serialize)]
pub(super) struct Sent<'w> {
    signal: String,
    si_code: i32,
    /// Who sent it; where the kernel did, what ran meanwhile.
    sender: Process<'w>,
    by_kernel: bool,
    to_process: bool,
    ignored: bool,
    text: String,
}

#[derive(Serialize)]
pub(super) struct Kill<'w> {
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
    trigger: Process<'w>,
    text: String,
}

#[derive(Serialize)]
pub(super) struct Child {
    child_tid: u32,
    child_tgid: u32,
    child_ns_tid: u32,
    child_ns_tgid: u32,
    thread: bool,
    text: String,
}

#[derive(Serialize)]
pub(super) struct Program<'w> {
    path: Cow<'w, str>,
    argv: Vec<Cow<'w, str>>,
    argv_cut: bool,
    redacted: bool,
    interpreted: bool,
    text: String,
}

impl<'w> Body<'w> {
    /// What `event` says; `None` if it is of another kind.
    pub(super) fn of(event: &Event<'w>, words: &'w Words<'_>) -> Option<Self> {
        let around = &words.origins;
        let text = event_text::text(&event.what, around, words.options.pids)?;
        Some(match event.what {
            What::SignalSent(sent) => Self::Sent(Sent::new(&sent, around, text)),
            What::OomKill(kill) => Self::OomKill(Kill::new(&kill, around, text)),
            What::Fork(fork) => Self::Fork(Child::new(&fork, text)),
            What::Exec(exec) => Self::Exec(Program::new(&exec, text)),
            What::Call { .. } | What::Signal(_) | What::Exit(_) => return None,
        })
    }

    /// The line's `kind`.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Sent(_) => "signal_sent",
            Self::OomKill(_) => "oom_kill",
            Self::Fork(_) => "fork",
            Self::Exec(_) => "exec",
        }
    }
}

impl<'w> Process<'w> {
    fn new((tgid, tid, ns_tgid): (u32, u32, u32), name: &[u8; 16], cgroup_id: u64, around: &'w Origins) -> Self {
        let place = around.place(cgroup_id);
        Self {
            tgid,
            tid,
            ns_tgid: (ns_tgid != 0).then_some(ns_tgid),
            comm: comm(name).text().into_owned(),
            cgroup_id,
            same_container: place == Whereabouts::Own,
            container: if let Whereabouts::Known(origin) = place { Some(origin) } else { None },
        }
    }
}

impl<'w> Sent<'w> {
    fn new(sent: &SignalSent, around: &'w Origins, text: String) -> Self {
        let has = |flag| sent.header.flags & flag != 0;
        let numbers = (sent.sender_tgid, sent.sender_tid, sent.sender_ns_tgid);
        Self {
            signal: signal_name(sent.signo),
            si_code: sent.code,
            sender: Process::new(numbers, &{ sent.sender_comm }, sent.sender_cgroup, around),
            by_kernel: has(sent_flags::KERNEL),
            to_process: has(sent_flags::GROUP),
            ignored: has(sent_flags::IGNORED),
            text,
        }
    }
}

impl<'w> Kill<'w> {
    fn new(kill: &OomKill, around: &'w Origins, text: String) -> Self {
        let numbers = (kill.trigger_tgid, kill.trigger_tid, kill.trigger_ns_tgid);
        let limited = kill.limit_bytes != 0;
        Self {
            anon_bytes: kill.anon_bytes,
            file_bytes: kill.file_bytes,
            shmem_bytes: kill.shmem_bytes,
            swap_bytes: kill.swap_bytes,
            page_table_bytes: kill.page_table_bytes,
            oom_score_adj: kill.oom_score_adj,
            cgroup_usage_bytes: limited.then_some(kill.usage_bytes),
            cgroup_limit_bytes: limited.then_some(kill.limit_bytes),
            cgroup_levels_above: kill.limit_above,
            limit_met: kill.met_limit(),
            trigger: Process::new(numbers, &{ kill.trigger_comm }, kill.trigger_cgroup, around),
            text,
        }
    }
}

impl Child {
    fn new(fork: &Fork, text: String) -> Self {
        Self {
            child_tid: fork.child_tid,
            child_tgid: fork.child_tgid,
            child_ns_tid: fork.child_ns_tid,
            child_ns_tgid: fork.child_ns_tgid,
            thread: fork.header.flags & NEW_THREAD != 0,
            text,
        }
    }
}

impl<'w> Program<'w> {
    fn new(exec: &Exec<'w>, text: String) -> Self {
        Self {
            path: escape::text_of(exec.path()),
            argv: exec.argv().map(escape::text_of).collect(),
            argv_cut: exec.is_cut(),
            redacted: exec.is_redacted(),
            interpreted: exec.is_interpreted(),
            text,
        }
    }
}
