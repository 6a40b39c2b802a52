//! A signal is delivered to a thread.

use super::json::JsonLine;
use super::kind::{Context, EventKind, Notice, Timing};
use crate::decode;
use serde::Serialize;
use std::io;

pub use rewind_common::record::Signal;

const SIGKILL: u32 = 9;

#[derive(Serialize)]
struct Fields {
    signal: String,
    text: String,
}

/// The name of a signal, or its number.
pub(super) fn signal_name(signal: u32) -> String {
    decode::signal_name(signal).unwrap_or_else(|| signal.to_string())
}

/// Whether it is a `SIGKILL`.
pub(crate) const fn is_kill(signal: &Signal) -> bool {
    signal.siginfo[0] == SIGKILL
}

impl EventKind for Signal {
    fn name(&self) -> &'static str {
        "signal"
    }

    fn tid(&self) -> u32 {
        self.header.tid
    }

    fn tgid(&self) -> Option<u32> {
        None
    }

    fn end_ns(&self) -> u64 {
        self.time_ns
    }

    /// It is delivered before the kernel restarts the call that it interrupted.
    fn timing(&self) -> Timing {
        Timing::WithinCalls
    }

    fn write_text(&self, out: &mut String, _: &Context<'_>) {
        decode::write_signal(out, self);
    }

    /// strace sees a `SIGKILL` by the end of the thread alone.
    fn is_in_strace(&self) -> bool {
        !is_kill(self)
    }

    fn notice(&self) -> Notice {
        Notice::Notable
    }

    fn write_json(&self, line: JsonLine<'_>, context: &Context<'_>) -> io::Result<()> {
        line.with(&Fields { signal: signal_name(self.siginfo[0]), text: self.text(context) })
    }
}
