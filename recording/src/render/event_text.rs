//! What happens between calls and is none of strace's lines, in words: signals sent, OOM kills, forks,
//! execs.

use super::units::{bytes, grouped};
use super::words::signal_name;
use crate::escape::Untrusted;
use crate::event::What;
use crate::filter::{Pids, comm};
use crate::origin::Origins;
use crate::record::{Exec, Limits as _};
use rewind_common::record::{Fork, NEW_THREAD, OomKill, SignalSent, sent_flags};
use std::fmt::Write as _;

/// An event in words; `None` for calls, deliveries and ends, which strace has lines for.
#[must_use]
pub fn text(what: &What<'_>, origins: &Origins, pids: Pids) -> Option<String> {
    Some(match what {
        What::SignalSent(sent) => self::sent(sent, origins, pids),
        What::OomKill(kill) => oom_kill(kill, origins, pids),
        What::Fork(fork) => self::fork(fork, pids),
        What::Exec(exec) => self::exec(exec),
        What::Call { .. } | What::Signal(_) | What::Exit(_) => return None,
    })
}

fn sent(sent: &SignalSent, origins: &Origins, pids: Pids) -> String {
    let mut text = format!("{} sent by {}", signal_name(sent.signo), sender(sent, origins, pids));
    if sent.header.flags & sent_flags::IGNORED != 0 {
        text.push_str("; it is ignored");
    }
    text
}

/// Who sent a signal: `kill[1234] in container web`, `itself`, `the kernel`.
#[must_use]
pub fn sender(sent: &SignalSent, origins: &Origins, pids: Pids) -> String {
    if sent.header.flags & sent_flags::KERNEL != 0 {
        // What ran meanwhile may have nothing to do with it.
        return "the kernel".to_owned();
    }
    if sent.sender_tgid == sent.tgid {
        return "itself".to_owned();
    }
    process(&sent.sender_comm, (sent.sender_tgid, sent.sender_ns_tgid), sent.sender_cgroup, origins, pids)
}

/// A process by name, number (the host's, and the container's or 0) and place.
fn process(name: &[u8; 16], (tgid, ns_tgid): (u32, u32), cgroup_id: u64, origins: &Origins, pids: Pids) -> String {
    let number = if pids == Pids::Container && ns_tgid != 0 { ns_tgid } else { tgid };
    let mut text = format!("{}[{number}]", comm(name));
    if let Some(place) = origins.place(cgroup_id).words() {
        let _ = write!(text, " {place}");
    }
    text
}

fn oom_kill(kill: &OomKill, origins: &Origins, pids: Pids) -> String {
    format!("OOM kill: it held {}; {}; {}", held(kill), limit(kill), trigger(kill, origins, pids))
}

/// What the victim of an OOM kill held.
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
    if !kill.met_limit() {
        return "no memory cgroup was at its limit, the host ran out".to_owned();
    }
    let whose = match kill.limit_above {
        0 => "its cgroup".to_owned(),
        1 => "the cgroup above its own".to_owned(),
        levels => format!("the cgroup {} levels above its own", grouped(u64::from(levels))),
    };
    format!("{whose} held {} of {} allowed", bytes(kill.usage_bytes), bytes(kill.limit_bytes))
}

/// Who brought an OOM kill about.
#[must_use]
pub fn trigger(kill: &OomKill, origins: &Origins, pids: Pids) -> String {
    if kill.trigger_tgid == kill.tgid {
        return "it asked for more itself".to_owned();
    }
    let numbers = (kill.trigger_tgid, kill.trigger_ns_tgid);
    let trigger = process(&kill.trigger_comm, numbers, kill.trigger_cgroup, origins, pids);
    format!("{trigger} asked for more")
}

fn fork(fork: &Fork, pids: Pids) -> String {
    let (tid, tgid) = match pids {
        Pids::Host => (fork.child_tid, fork.child_tgid),
        Pids::Container => (fork.child_ns_tid, fork.child_ns_tgid),
    };
    match fork.header.flags & NEW_THREAD {
        0 => format!("new process {tgid}"),
        _ => format!("new thread {tid}"),
    }
}

fn exec(exec: &Exec<'_>) -> String {
    let mut text = "runs ".to_owned();
    let _ = write!(text, "{}", Untrusted::new(&exec.path()));
    for argument in exec.argv().skip(1) {
        let _ = write!(text, " {}", Untrusted::new(&argument));
    }
    if exec.is_cut() {
        text.push_str(" ...");
    }
    text
}
