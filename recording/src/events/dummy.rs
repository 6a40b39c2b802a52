//! A kind of events that is there for the tests alone. It has all that a kind can have: it takes time, has
//! text of variable length behind its shape, and names another process's cgroup. No file but this one and
//! the list knows of it.
#![allow(clippy::unwrap_used)]

use super::json::JsonLine;
use super::kind::{Context, EventKind, Notice, Timing, WithBlobs};
use crate::blobs::{Blobs, Bytes, TextSpan};
use crate::escape::Untrusted;
use crate::event::{Timeline, build, sorted};
use crate::filter::Filter;
use crate::header::Header;
use crate::origin::named;
use crate::record::{Record, all};
use crate::redact::Redactor;
use crate::render::{Format, Options, write};
use crate::syscalls::Arch;
use rewind_common::call::Blob;
use rewind_common::record::{EventRecord, RecordHeader};
use serde::Serialize;
use std::fmt::Write as _;
use std::io;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, packed(4))]
pub struct Shape {
    header: RecordHeader,
    time_ns: u64,
    start_ns: u64,
    peer_cgroup: u64,
    tgid: u32,
}

impl EventRecord for Shape {
    const KIND: u8 = 250;
}

pub(super) type Dummy<'a> = WithBlobs<'a, Shape>;

#[derive(Serialize)]
struct Fields {
    duration_ns: u64,
    text: String,
}

impl EventKind for Dummy<'_> {
    fn name(&self) -> &'static str {
        "dummy"
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

    fn start_ns(&self) -> u64 {
        self.fixed.start_ns
    }

    fn timing(&self) -> Timing {
        Timing::WithinCalls
    }

    fn write_text(&self, out: &mut String, _: &Context<'_>) {
        out.push_str("asks ");
        for blob in self.blobs {
            let _ = write!(out, "{}", Untrusted::new(&blob.readable(blob.bytes)));
        }
    }

    fn is_in_strace(&self) -> bool {
        self.fixed.header.flags == 1
    }

    fn notice(&self) -> Notice {
        Notice::Bad
    }

    fn other_cgroup(&self) -> Option<u64> {
        Some(self.fixed.peer_cgroup)
    }

    fn blobs(&self) -> Option<Blobs<'_>> {
        Some(self.blobs)
    }

    fn text_of(&self, _: &Bytes<'_>) -> Option<TextSpan> {
        Some(TextSpan::WHOLE)
    }

    fn write_json(&self, line: JsonLine<'_>, context: &Context<'_>) -> io::Result<()> {
        line.with(&Fields { duration_ns: self.fixed.time_ns - self.fixed.start_ns, text: self.text(context) })
    }
}

const MS: u64 = 1_000_000;

fn dummy(flags: u8, text: &[u8]) -> Vec<u8> {
    let blob = Blob { place: 0, flags: 0, len: text.len() as u16 };
    let len = (size_of::<Shape>() + size_of::<Blob>() + text.len()) as u16;
    let header = RecordHeader { len, kind: Shape::KIND, flags, tid: 100 };
    let shape = Shape { header, time_ns: 9 * MS, start_ns: 4 * MS, peer_cgroup: 8, tgid: 99 };
    [shape.as_bytes(), blob.as_bytes(), text].concat()
}

/// A thread that sleeps, and to which the dummy happens meanwhile.
fn records(flags: u8) -> Vec<u8> {
    let mut records = Vec::new();
    build::task(&mut records, 0, (100, 99), (2, 1), "main");
    build::call(&mut records, 100, 34).at(2 * MS, 0).enter().end();
    build::call(&mut records, 101, 39).at(3 * MS, MS).result(5).end();
    records.extend(dummy(flags, b"name"));
    sorted(&records)
}

fn shown(format: Format, flags: u8, filter: Filter) -> String {
    let mut out = Vec::new();
    let header = Header { read_ns: 20 * MS, ..Header::default() };
    write(&mut out, &header, &records(flags), &Options { format, filter, color: true, ..Options::default() }).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_kind_of_one_file_and_one_line_is_parsed_and_joined() {
    let records = records(0);
    let record = all(&records).map(Result::unwrap).find(|record| matches!(record, Record::Dummy(_))).unwrap();
    assert_eq!(record.time_ns(), 9 * MS);
    let timeline = Timeline::new(&records);
    assert_eq!((timeline.unknown(), timeline.malformed()), (0, None));
    let of_it = |event: &crate::event::Event<'_>| event.what.as_event().is_some();
    let event = timeline.by_end().find(of_it).unwrap();
    assert_eq!((event.start_ns, event.end_ns, event.tid, event.tgid()), (4 * MS, 9 * MS, 100, Some(99)));
    assert_eq!(event.task.unwrap().ns_tgid, 1);
    // It happened within a call, so the call goes on.
    assert_eq!(timeline.event(timeline.len() - 1).unwrap().end_ns, u64::MAX);
}

#[test]
fn a_kind_of_one_file_and_one_line_is_shown_in_every_format() {
    let all = Filter::default;
    let table = shown(Format::Table, 0, all());
    let line = table.lines().find(|line| line.contains("asks")).unwrap();
    assert!(line.contains("5.00ms") && line.contains("asks name") && line.starts_with("\x1b[31m"), "{line}");
    let json = shown(Format::Json, 0, all());
    let line: serde_json::Value = json.lines().find(|line| line.contains("dummy")).unwrap().parse().unwrap();
    assert_eq!((&line["kind"], &line["tgid"], &line["comm"]), (&"dummy".into(), &99.into(), &"main".into()));
    assert_eq!((&line["duration_ns"], &line["text"]), (&(5 * MS).into(), &"asks name".into()));
    assert!(!shown(Format::Strace, 0, all()).contains("asks"));
    assert!(shown(Format::Strace, 1, all()).contains("100   asks name\n"));
}

#[test]
fn a_kind_of_one_file_and_one_line_is_filtered_as_an_event() {
    let lines = |filter| shown(Format::Json, 0, filter).lines().filter(|line| line.contains("dummy")).count();
    let events = || Filter { events: true, ..Filter::default() };
    assert_eq!(lines(events()), 1);
    assert_eq!(lines(Filter { pids: vec![99], ..events() }), 1);
    assert_eq!(lines(Filter { pids: vec![100], ..events() }), 0);
    assert_eq!(lines(Filter { comms: vec!["other".into()], ..events() }), 0);
}

#[test]
fn of_a_kind_of_one_file_and_one_line_secrets_are_hidden_and_cgroups_explained() {
    let mut record = dummy(0, b"password=hunter2");
    assert_eq!(named(&record, 7).into_iter().collect::<Vec<_>>(), [8]);
    assert_eq!(Redactor::new(&[]).unwrap().redact(&mut record, Arch::X86_64), 1);
    assert!(!record.windows(7).any(|bytes| bytes == b"hunter2"));
}

#[test]
fn a_record_shorter_than_its_shape_is_malformed() {
    let mut record = dummy(0, b"");
    record.truncate(size_of::<RecordHeader>());
    record[0] = size_of::<RecordHeader>() as u8;
    assert!(all(&record).next().unwrap().is_err());
}
