//! A TCP socket listens.

use super::connection::address;
use super::json::JsonLine;
use super::kind::{Context, EventKind, Timing};
use serde::Serialize;
use std::fmt::Write as _;
use std::io;
use std::net::{IpAddr, SocketAddr};

pub use rewind_common::record::Listen;

/// Where it listens. Port 0: one that the kernel chose after that.
#[must_use]
pub(crate) fn local(listen: &Listen) -> SocketAddr {
    address(listen.local, listen.local_port)
}

#[derive(Serialize)]
struct Fields {
    address: IpAddr,
    port: u16,
    backlog: u32,
    text: String,
}

impl EventKind for Listen {
    fn name(&self) -> &'static str {
        "listen"
    }

    fn tid(&self) -> u32 {
        self.header.tid
    }

    fn tgid(&self) -> Option<u32> {
        (self.tgid != 0).then_some(self.tgid)
    }

    fn end_ns(&self) -> u64 {
        self.time_ns
    }

    /// Within `listen`.
    fn timing(&self) -> Timing {
        Timing::WithinCalls
    }

    fn write_text(&self, out: &mut String, _: &Context<'_>) {
        let _ = write!(out, "listens on {}, backlog {}", local(self), { self.backlog });
    }

    fn write_json(&self, line: JsonLine<'_>, context: &Context<'_>) -> io::Result<()> {
        let local = local(self);
        line.with(&Fields { address: local.ip(), port: local.port(), backlog: self.backlog, text: self.text(context) })
    }
}
