//! A descriptor that was open already when the recording began, or when the agent came to know the
//! container: not something that happens, but what calls on it are about.

use super::json::JsonLine;
use super::kind::{Context, EventKind, Timing, WithBlobs};
use crate::blobs::{Blobs, Bytes, TextSpan};
use crate::decode::descriptors::Tables;
use crate::escape::{self, Untrusted};
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
        let of = (self.fixed.tgid, self.fixed.fd);
        tables.opened(self.fixed.time_ns, of, &escape::text_of(self.what()), self.is_closed_by_exec());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{build, sorted};
    use crate::header::Header;
    use crate::redact::Redactor;
    use crate::render::{Format, Options, write};
    use crate::syscalls::Arch;

    const MS: u64 = 1_000_000;

    /// Reads from descriptor 3 every other millisecond.
    fn records(opened_ms: &[(u64, &[u8], u32)]) -> Vec<u8> {
        let mut records = Vec::new();
        build::task(&mut records, 0, (7, 7), (1, 1), "main");
        for (at_ms, what, flags) in opened_ms {
            Descriptor::write(&mut records, at_ms * MS, (7, 3), *flags, what);
        }
        for at_ms in [1, 3, 5] {
            build::call(&mut records, 7, 0).at(at_ms * MS, 9).arg(3).arg(0).arg(9).result(-5).end();
        }
        records
    }

    fn shown(records: &[u8], format: Format) -> String {
        let mut out = Vec::new();
        let options = Options { format, descriptors: true, ..Options::default() };
        write(&mut out, &Header::default(), &sorted(records), &options).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn reads(records: &[u8]) -> Vec<String> {
        let text = shown(records, Format::Strace);
        text.lines().filter_map(|line| Some(line.split_once("read(")?.1.split(',').next()?.to_owned())).collect()
    }

    #[test]
    fn a_descriptor_is_known_from_the_time_on_at_which_it_was_seen() {
        assert_eq!(reads(&records(&[(2, b"/a\x1b<b>", 0)])), ["3", r"3</a\33\74b\76>", r"3</a\33\74b\76>"]);
    }

    #[test]
    fn what_calls_do_to_it_later_goes_before() {
        let mut records = records(&[(0, b"/old", 0)]);
        build::call(&mut records, 7, 3).at(2 * MS, 9).arg(3).result(0).end();
        let path = b"/new\0";
        build::call(&mut records, 7, 2).at(4 * MS, 9).pointed(path).arg(0).arg(0).result(3).end();
        assert_eq!(reads(&records), ["3</old>", "3", "3</new>"]);
    }

    #[test]
    fn an_exec_closes_what_is_marked_so() {
        for (flags, after) in [(CLOEXEC, "3"), (0, "3<pipe:[9]>")] {
            let mut records = records(&[(0, b"pipe:[9]", flags)]);
            build::call(&mut records, 7, 59).at(2 * MS, 9).string("/bin/x").arg(0).arg(0).result(0).end();
            assert_eq!(reads(&records), ["3<pipe:[9]>", after, after]);
        }
    }

    #[test]
    fn it_is_no_line_of_its_own() {
        let records = records(&[(0, b"/old", 0)]);
        for format in [Format::Table, Format::Json, Format::Strace] {
            let text = shown(&records, format);
            assert!(!text.contains("has 3 open") && !text.contains("\"descriptor\""), "{text}");
        }
    }

    #[test]
    fn secrets_in_what_it_stands_for_are_hidden() {
        let mut records = records(&[(0, b"/run/password=hunter2", 0)]);
        assert_eq!(Redactor::new(&[]).unwrap().redact(&mut records, Arch::X86_64), 1);
        assert!(reads(&records)[0].contains("[redacted]") && !shown(&records, Format::Strace).contains("hunter2"));
    }

    #[test]
    fn what_is_too_long_is_cut() {
        let mut records = Vec::new();
        Descriptor::write(&mut records, 1, (7, 3), 0, &[b'x'; 2 * MAX_DESCRIPTOR_TEXT]);
        let record = crate::record::all(&records).next().unwrap().unwrap();
        let crate::record::Record::Descriptor(open) = record else { panic!("{record:?}") };
        assert_eq!(open.what().len(), MAX_DESCRIPTOR_TEXT);
        assert!(open.blobs.into_iter().all(|blob| blob.is_cut()));
    }
}
