//! A thread makes a process or a thread.

use super::json::JsonLine;
use super::kind::{Context, EventKind, Timing};
use crate::task::Pids;
use rewind_common::record::NEW_THREAD;
use serde::Serialize;
use std::fmt::Write as _;
use std::io;

pub use rewind_common::record::Fork;

#[derive(Serialize)]
struct Fields {
    child_tid: u32,
    child_tgid: u32,
    child_ns_tid: u32,
    child_ns_tgid: u32,
    thread: bool,
    text: String,
}

fn is_thread(fork: &Fork) -> bool {
    fork.header.flags & NEW_THREAD != 0
}

impl EventKind for Fork {
    fn name(&self) -> &'static str {
        "fork"
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

    /// Within `clone`, which is also how strace shows it.
    fn timing(&self) -> Timing {
        Timing::WithinCalls
    }

    fn write_text(&self, out: &mut String, context: &Context<'_>) {
        let (tid, tgid) = match context.pids {
            Pids::Host => (self.child_tid, self.child_tgid),
            Pids::Container => (self.child_ns_tid, self.child_ns_tgid),
        };
        let _ = if is_thread(self) { write!(out, "new thread {tid}") } else { write!(out, "new process {tgid}") };
    }

    fn write_json(&self, line: JsonLine<'_>, context: &Context<'_>) -> io::Result<()> {
        line.with(&Fields {
            child_tid: self.child_tid,
            child_tgid: self.child_tgid,
            child_ns_tid: self.child_ns_tid,
            child_ns_tgid: self.child_ns_tgid,
            thread: is_thread(self),
            text: self.text(context),
        })
    }
}
