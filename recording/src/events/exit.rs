//! A thread has ended.

use super::json::JsonLine;
use super::kind::{Context, EventKind, Notice, Timing};
use super::signal::signal_name;
use crate::decode::write_exit;
use crate::exit_status::ExitStatus;
use rewind_common::record::GROUP_DEAD;
use serde::Serialize;
use std::io;

pub use rewind_common::record::Exit;

#[derive(Serialize)]
struct Fields {
    exit_code: Option<u8>,
    killed_by: Option<String>,
    core_dumped: bool,
    last_thread: bool,
}

impl EventKind for Exit {
    fn name(&self) -> &'static str {
        "exit"
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

    /// The hook ends the call that the thread was in, before it writes this.
    fn timing(&self) -> Timing {
        Timing::BetweenCalls
    }

    fn write_text(&self, out: &mut String, _: &Context<'_>) {
        write_exit(out, self);
    }

    fn is_in_strace(&self) -> bool {
        true
    }

    fn notice(&self) -> Notice {
        if self.status == 0 { Notice::Plain } else { Notice::Bad }
    }

    fn write_json(&self, line: JsonLine<'_>, _: &Context<'_>) -> io::Result<()> {
        let status = ExitStatus::new(self.status);
        line.with(&Fields {
            exit_code: status.code(),
            killed_by: status.signal().map(|signal| signal_name(signal.into())),
            core_dumped: status.core_dumped(),
            last_thread: self.header.flags & GROUP_DEAD != 0,
        })
    }
}
