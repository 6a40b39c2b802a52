//! Somebody sends a thread a signal.

use super::json::{JsonLine, Process};
use super::kind::{Context, EventKind, Notice, Timing};
use super::process::write_process;
use super::signal::signal_name;
use rewind_common::record::sent_flags;
use serde::Serialize;
use std::io;

pub use rewind_common::record::SignalSent;

#[derive(Serialize)]
struct Fields<'o> {
    signal: String,
    si_code: i32,
    /// Who sent it; where the kernel did, what ran meanwhile.
    sender: Process<'o>,
    by_kernel: bool,
    to_process: bool,
    ignored: bool,
    text: String,
}

fn has(sent: &SignalSent, flag: u8) -> bool {
    sent.header.flags & flag != 0
}

/// Appends who sent a signal: `kill[1234] in container web`, `itself`, `the kernel`.
fn write_sender(out: &mut String, sent: &SignalSent, context: &Context<'_>) {
    if has(sent, sent_flags::KERNEL) {
        // What ran meanwhile may have nothing to do with it.
        out.push_str("the kernel");
    } else if sent.sender_tgid == sent.tgid {
        out.push_str("itself");
    } else {
        let numbers = (sent.sender_tgid, sent.sender_ns_tgid);
        write_process(out, &{ sent.sender_comm }, numbers, sent.sender_cgroup, context);
    }
}

impl EventKind for SignalSent {
    fn name(&self) -> &'static str {
        "signal_sent"
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
        out.push_str(&signal_name(self.signo));
        out.push_str(" sent by ");
        write_sender(out, self, context);
        if has(self, sent_flags::IGNORED) {
            out.push_str("; it is ignored");
        }
    }

    fn notice(&self) -> Notice {
        Notice::Notable
    }

    fn other_cgroup(&self) -> Option<u64> {
        Some(self.sender_cgroup)
    }

    fn write_json(&self, line: JsonLine<'_>, context: &Context<'_>) -> io::Result<()> {
        let numbers = (self.sender_tgid, self.sender_tid, self.sender_ns_tgid);
        line.with(&Fields {
            signal: signal_name(self.signo),
            si_code: self.code,
            sender: Process::new(numbers, &{ self.sender_comm }, self.sender_cgroup, context.origins),
            by_kernel: has(self, sent_flags::KERNEL),
            to_process: has(self, sent_flags::GROUP),
            ignored: has(self, sent_flags::IGNORED),
            text: self.text(context),
        })
    }
}
