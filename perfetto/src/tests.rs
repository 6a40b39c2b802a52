//! A container whose main process makes a child that fails, and hangs; and several at once.

use crate::wire::{
    DebugAnnotation, INSTANT, MONOTONIC, REALTIME, SLICE_BEGIN, SLICE_END, Trace, TracePacket, TrackDescriptor,
    TrackEvent,
};
use crate::write;
use prost::Message as _;
use rewind_recording::event::build;
use rewind_recording::filter::Filter;
use rewind_recording::header::{Container, Ending, Header, Host};
use rewind_recording::render::{Options, Part, Summary};

pub(crate) const MS: u64 = 1_000_000;
const OFFSET: i64 = 1_000_000 * MS as i64;

pub(crate) fn header(host: &str) -> Header {
    Header {
        host: Host { name: host.into(), arch: "x86_64".into(), unix_offset_ns: OFFSET, ..Host::default() },
        container: Container { id: "abc".into(), name: "web".into(), ..Container::default() },
        born_ns: MS,
        read_ns: 30 * MS,
        ..Header::default()
    }
}

fn dead() -> Header {
    let ending = Ending { at_ns: 19 * MS, tgid: 700, exit_code: Some(1), ..Ending::default() };
    Header { died_ns: Some(20 * MS), ending: Some(ending), ..header("node-1") }
}

fn records() -> Vec<u8> {
    let mut out = Vec::new();
    build::task(&mut out, 2 * MS, (700, 700), (1, 1), "sh");
    build::exec(&mut out, 3 * MS, (700, 700), "/bin/sh", &["sh", "-c", "cat /x"]);
    build::fork(&mut out, 4 * MS, (700, 700), 701);
    build::task(&mut out, 5 * MS, (701, 701), (7, 7), "sh");
    build::exec(&mut out, 6 * MS, (701, 701), "/bin/cat", &["cat", "/x"]);
    build::task(&mut out, 7 * MS, (701, 701), (7, 7), "cat");
    build::call(&mut out, 701, 257).at(8 * MS, 1_000).arg(0xffff_ff9c).string("/x").arg(0).arg(0).result(-2).end();
    build::exit(&mut out, 9 * MS, (701, 701), 1 << 8, true);
    build::call(&mut out, 700, 61).at(10 * MS, 0).arg(0xffff_ffff).arg(0).arg(0).arg(0).enter().end();
    out
}

pub(crate) fn trace(parts: &[Part<'_>], options: &Options) -> (Vec<TracePacket>, Summary) {
    let mut out = Vec::new();
    let summary = write(&mut out, parts, options).unwrap();
    (Trace::decode(out.as_slice()).unwrap().packet, summary)
}

fn one(header: &Header, options: &Options) -> (Vec<TracePacket>, Summary) {
    trace(&[Part { label: "", header, records: &records() }], options)
}

fn tracks(packets: &[TracePacket]) -> Vec<&TrackDescriptor> {
    packets.iter().filter_map(|packet| packet.track_descriptor.as_ref()).collect()
}

/// Events of the track of a thread.
fn events(packets: &[TracePacket], tid: i32) -> Vec<(u64, &TrackEvent)> {
    let is = |track: &&&TrackDescriptor| track.thread.as_ref().is_some_and(|thread| thread.tid == Some(tid));
    let uuid = tracks(packets).iter().find(is).unwrap().uuid;
    let events = packets.iter().filter_map(|packet| Some((packet.timestamp?, packet.track_event.as_ref()?)));
    events.filter(|(_, event)| event.track_uuid == uuid).collect()
}

fn text(event: &TrackEvent, key: &str) -> Option<String> {
    let is = |annotation: &&DebugAnnotation| annotation.name.as_deref() == Some(key);
    event.debug_annotations.iter().find(is)?.string_value.clone()
}

#[test]
fn processes_and_threads_are_tracks() {
    let (packets, _) = one(&header("node-1"), &Options::default());
    let all = tracks(&packets);
    let processes: Vec<_> = all.iter().filter_map(|track| Some((track.uuid?, track.process.as_ref()?))).collect();
    let told: Vec<_> = processes.iter().map(|(_, of)| (of.pid, of.process_name.as_deref(), of.cmdline.len())).collect();
    assert_eq!(told, [(Some(700), Some("sh"), 3), (Some(701), Some("cat"), 2)]);
    assert_eq!(processes[0].1.process_labels, ["web"]);
    for track in all.iter().filter(|track| track.thread.is_some()) {
        let thread = track.thread.as_ref().unwrap();
        let process = processes.iter().find(|(_, process)| process.pid == thread.pid).unwrap();
        assert_eq!((track.parent_uuid, thread.tid), (Some(process.0), thread.pid));
    }
    let names: Vec<_> = all.iter().filter_map(|track| track.thread.as_ref()?.thread_name.as_deref()).collect();
    assert_eq!(names, ["sh", "cat"]);
}

#[test]
fn a_call_is_a_slice_with_its_arguments_and_its_result() {
    let (packets, summary) = one(&header("node-1"), &Options::default());
    let events = events(&packets, 701);
    let at = events.iter().position(|(_, event)| event.name.as_deref() == Some("openat")).unwrap();
    let ((begun_ns, begin), (ended_ns, end)) = (events[at], events[at + 1]);
    assert_eq!((begun_ns, begin.r#type), (8 * MS, Some(SLICE_BEGIN)));
    assert_eq!((ended_ns, end.r#type), (8 * MS + 1_000, Some(SLICE_END)));
    assert_eq!(begin.categories, ["syscall", "failed"]);
    for (key, value) in [
        ("arg0", "AT_FDCWD"),
        ("arg1", "\"/x\""),
        ("arg2", "O_RDONLY"),
        ("result", "-1 ENOENT (No such file or directory)"),
        ("errno", "ENOENT"),
        ("outcome", "returned"),
    ] {
        assert_eq!(text(begin, key).as_deref(), Some(value), "{key}");
    }
    assert_eq!((summary.calls, summary.shown, summary.failed), (2, 2, 1));
}

#[test]
fn a_call_that_has_not_returned_has_no_end() {
    let (packets, _) = one(&header("node-1"), &Options::default());
    let events = events(&packets, 700);
    let (at_ns, last) = events.last().unwrap();
    assert_eq!((*at_ns, last.r#type, last.name.as_deref()), (10 * MS, Some(SLICE_BEGIN), Some("wait4")));
    assert_eq!(text(last, "outcome").as_deref(), Some("in_flight"));
}

#[test]
fn what_happens_besides_calls_is_an_instant() {
    let (packets, _) = one(&header("node-1"), &Options::default());
    let of = |tid| {
        let instants = events(&packets, tid).into_iter().filter(|(_, event)| event.r#type == Some(INSTANT));
        instants.map(|(at_ns, event)| (at_ns / MS, event.name.clone().unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(of(700), [(3, "exec".to_owned()), (4, "fork".to_owned())]);
    assert_eq!(of(701), [(6, "exec".to_owned()), (9, "exit".to_owned())]);
    let exit = events(&packets, 701).into_iter().find(|(_, event)| event.name.as_deref() == Some("exit")).unwrap().1;
    assert_eq!(text(exit, "text").as_deref(), Some("+++ exited with 1 +++"));
}

#[test]
fn times_are_the_kernels_and_a_snapshot_says_what_they_are_in_unix_time() {
    let (packets, _) = one(&header("node-1"), &Options::default());
    let snapshot = packets[0].clock_snapshot.as_ref().unwrap();
    assert_eq!(snapshot.primary_trace_clock, Some(MONOTONIC));
    let clocks: Vec<_> = snapshot.clocks.iter().map(|clock| (clock.clock_id, clock.timestamp)).collect();
    assert_eq!(clocks, [(Some(MONOTONIC), Some(30 * MS)), (Some(REALTIME), Some(30 * MS + OFFSET as u64))]);
    let timed = packets.iter().filter(|packet| packet.timestamp.is_some());
    assert!(timed.into_iter().all(|packet| packet.timestamp_clock_id == Some(MONOTONIC)));
}

#[test]
fn the_container_has_a_track_which_tells_why_it_died() {
    let (packets, _) = one(&dead(), &Options::default());
    let root = tracks(&packets)[0];
    assert_eq!((root.name.as_deref(), root.process.as_ref()), (Some("web"), None));
    let events = packets.iter().filter_map(|packet| Some((packet.timestamp?, packet.track_event.as_ref()?)));
    let of_root: Vec<_> = events.filter(|(_, event)| event.track_uuid == root.uuid).collect();
    let told: Vec<_> =
        of_root.iter().map(|(at_ns, event)| (at_ns / MS, event.name.as_deref().unwrap_or("-"))).collect();
    assert_eq!(told, [(1, "recorded"), (19, "crash"), (20, "-")]);
    assert!(text(of_root[1].1, "cause").unwrap().contains("exited with 1"), "{:?}", of_root[1]);
}

#[test]
fn of_the_calls_those_that_are_chosen_are_written() {
    let options = Options { filter: Filter { failed: true, ..Filter::default() }, ..Options::default() };
    let (packets, summary) = one(&header("node-1"), &options);
    let names: Vec<_> = packets.iter().filter_map(|packet| packet.track_event.as_ref()?.name.as_deref()).collect();
    assert_eq!((names, summary.shown), (vec!["recorded", "exec", "fork", "exec", "openat", "exit"], 1));
}

#[test]
fn recordings_of_one_host_share_its_time_and_those_of_several_have_unix_time() {
    let (one, same, other) = (header("node-1"), header("node-1"), header("node-2"));
    let records = records();
    let part = |header| Part { label: "l", header, records: &records };
    let (packets, summary) = trace(&[part(&one), part(&same)], &Options::default());
    assert_eq!(summary.shown, 4);
    assert!(packets.iter().all(|packet| packet.timestamp_clock_id.is_none_or(|clock| clock == MONOTONIC)));
    let mut numbers: Vec<_> = tracks(&packets).iter().map(|track| track.uuid.unwrap()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), tracks(&packets).len());
    let (packets, _) = trace(&[part(&one), part(&other)], &Options::default());
    assert!(packets.iter().all(|packet| packet.timestamp_clock_id.is_none_or(|clock| clock == REALTIME)));
    assert!(packets.iter().filter_map(|packet| packet.timestamp).all(|at_ns| at_ns > OFFSET as u64));
    let of = tracks(&packets);
    assert!(of.iter().all(|track| track.process.is_none() && track.thread.is_none()));
    let names: Vec<_> = of.iter().filter_map(|track| track.name.as_deref()).collect();
    assert_eq!(names[..5], ["l", "sh 700", "sh 700", "cat 701", "cat 701"]);
    assert_eq!((of[1].parent_uuid, of[2].parent_uuid), (of[0].uuid, of[1].uuid));
}
