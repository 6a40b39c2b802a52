//! A descriptor that was open already when the recording began, or when the agent came to know the
//! container: not something that happens, but what calls on it are about.

use super::json::JsonLine;
use super::kind::{Context, EventKind, Timing, WithBlobs};
use crate::decode::descriptors::Tables;
use crate::escape::{self, Untrusted};
use crate::record::{Blobs, Bytes, TextSpan};
use rewind_common::call::{Blob, blob_flags};
use rewind_common::record::{self as wire, Kind, MAX_DESCRIPTOR_TEXT, RecordHeader};
use serde::Serialize;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;
use zerocopy::IntoBytes as _;

/// A descriptor that was open: of argument 0 what it stands for.
pub type Descriptor<'a> = WithBlobs<'a, wire::Descriptor>;

/// `O_CLOEXEC`.
const CLOEXEC: u32 = 0o2_000_000;

impl<'a> Descriptor<'a> {
    /// Appends the record of descriptor `fd` of process `tgid`, which stood for `what` at `time_ns`.
    pub fn write(out: &mut Vec<u8>, time_ns: u64, (tgid, fd): (u32, i32), open_flags: u32, what: &[u8]) {
        let kept = what.get(..MAX_DESCRIPTOR_TEXT).unwrap_or(what);
        let flags = if kept.len() < what.len() { blob_flags::CUT } else { 0 };
        let blob = Blob { place: 0, flags, len: kept.len() as u16 };
        let len = size_of::<wire::Descriptor>() + (size_of::<Blob>() + kept.len()).next_multiple_of(4);
        let header = RecordHeader { len: len as u16, kind: Kind::Descriptor as u8, flags: 0, tid: tgid };
        let end = out.len() + len;
        out.extend_from_slice(wire::Descriptor { header, time_ns, tgid, fd, open_flags }.as_bytes());
        out.extend_from_slice(blob.as_bytes());
        out.extend_from_slice(kept);
        out.resize(end, 0);
    }

    /// Takes note of it.
    pub fn open_in(&self, tables: &mut Tables) {
        tables.opened(self.fixed.tgid, self.fixed.fd, &escape::text_of(self.what()), self.is_closed_by_exec());
    }

    /// What it stands for.
    #[must_use]
    pub fn what(&self) -> Cow<'a, [u8]> {
        self.blobs.clone().next().map_or_else(Cow::default, |blob| blob.readable(blob.bytes))
    }

    /// Whether an exec closes it.
    #[must_use]
    pub const fn is_closed_by_exec(&self) -> bool {
        self.fixed.open_flags & CLOEXEC != 0
    }
}

#[derive(Serialize)]
struct Fields<'e> {
    fd: i32,
    what: Cow<'e, str>,
    close_on_exec: bool,
}

impl EventKind for Descriptor<'_> {
    fn name(&self) -> &'static str {
        "descriptor"
    }

    fn tid(&self) -> u32 {
        self.fixed.header.tid
    }

    fn tgid(&self) -> Option<u32> {
        Some(self.fixed.tgid)
    }

    fn end_ns(&self) -> u64 {
        self.fixed.time_ns
    }

    fn timing(&self) -> Timing {
        Timing::AnyMoment
    }

    fn write_text(&self, out: &mut String, _: &Context<'_>) {
        let _ = write!(out, "has {} open: {}", { self.fixed.fd }, Untrusted::new(&self.what()));
    }

    fn write_json(&self, line: JsonLine<'_>, _: &Context<'_>) -> io::Result<()> {
        let (fd, what) = (self.fixed.fd, escape::text_of(self.what()));
        line.with(&Fields { fd, what, close_on_exec: self.is_closed_by_exec() })
    }

    /// It is shown where calls are on it (`-y`).
    fn is_shown(&self) -> bool {
        false
    }

    fn blobs(&self) -> Option<Blobs<'_>> {
        Some(self.blobs)
    }

    fn text_of(&self, _: &Bytes<'_>) -> Option<TextSpan> {
        Some(TextSpan::WHOLE)
    }
}
