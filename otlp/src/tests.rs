//! A container whose main process makes a child that fails, and fails itself.

use super::{end, events, logs, traces, write_json};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, LogsData, SeverityNumber};
use opentelemetry_proto::tonic::trace::v1::{Span, TracesData};
use rewind_recording::event::build;
use rewind_recording::header::{Container, Diagnosed, Ending, Header, Host, Pod};
use rewind_recording::render::Options;

pub(crate) const MS: u64 = 1_000_000;
const OFFSET: i64 = 1_000_000 * MS as i64;

pub(crate) fn header() -> Header {
    let pod = Pod {
        namespace: "shop".into(),
        name: "web-1".into(),
        container: "web".into(),
        image: "reg:5000/web:1.2".into(),
        restart: Some(3),
        ..Pod::default()
    };
    Header {
        host: Host { name: "node-1".into(), arch: "x86_64".into(), unix_offset_ns: OFFSET, ..Host::default() },
        container: Container {
            id: "abc".into(),
            name: "shop/web-1/web".into(),
            runtime: "containerd".into(),
            cgroup_id: 77,
            pod: Some(Box::new(pod)),
            ..Container::default()
        },
        born_ns: MS,
        died_ns: Some(20 * MS),
        read_ns: 30 * MS,
        ending: Some(Ending { at_ns: 19 * MS, tgid: 700, exit_code: Some(1), ..Ending::default() }),
        ..Header::default()
    }
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
    build::fork(&mut out, 10 * MS, (700, 700), 702);
    build::exit(&mut out, 12 * MS, (702, 702), 11, true);
    build::exit(&mut out, 19 * MS, (700, 700), 1 << 8, true);
    out
}

pub(crate) fn spans(data: Vec<TracesData>) -> Vec<Span> {
    data.into_iter()
        .flat_map(|data| data.resource_spans)
        .flat_map(|of| of.scope_spans)
        .flat_map(|of| of.spans)
        .collect()
}

fn log_records(data: LogsData) -> Vec<LogRecord> {
    data.resource_logs.into_iter().flat_map(|of| of.scope_logs).flat_map(|of| of.log_records).collect()
}

pub(crate) fn get<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    attributes.iter().find(|attribute| attribute.key == key)?.value.as_ref()?.value.as_ref()
}

pub(crate) fn text(attributes: &[KeyValue], key: &str) -> String {
    match get(attributes, key) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_run_is_a_trace_with_its_processes_below_it() {
    let all = spans(traces(&header(), &records(), 2));
    let names: Vec<&str> = all.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["shop/web-1/web", "sh", "cat", "sh"]);
    let [run, shell, cat, copy] = &all[..] else { panic!("{all:?}") };
    assert!(run.parent_span_id.is_empty());
    assert_eq!((run.start_time_unix_nano, run.end_time_unix_nano), (1_000_001_000_000, 1_000_020_000_000));
    assert_eq!(shell.parent_span_id, run.span_id);
    assert_eq!((&cat.parent_span_id, &copy.parent_span_id), (&shell.span_id, &shell.span_id));
    assert_eq!((cat.start_time_unix_nano, cat.end_time_unix_nano), (1_000_006_000_000, 1_000_009_000_000));
    assert_eq!(text(&cat.attributes, "process.executable.path"), "/bin/cat");
    assert_eq!(
        (text(&cat.attributes, "process.pid"), text(&cat.attributes, "process.vpid")),
        ("701".into(), "7".into())
    );
    assert_eq!(
        (text(&cat.attributes, "process.exit.code"), text(&cat.attributes, "error.type")),
        ("1".into(), "1".into())
    );
    // One that a signal ended has no exit code of its own.
    assert_eq!(text(&copy.attributes, "process.exit.code"), "139");
    assert_eq!(text(&copy.attributes, "error.type"), "SIGSEGV");
    assert!(
        all.iter()
            .all(|span| span.trace_id == run.trace_id && span.status.as_ref().is_some_and(|status| status.code == 2))
    );
}

#[test]
fn what_a_runtime_makes_is_below_the_run() {
    let mut out = Vec::new();
    build::task(&mut out, 2 * MS, (690, 690), (690, 690), "runc:[1:CHILD]");
    build::fork(&mut out, 3 * MS, (690, 690), 700);
    build::exit(&mut out, 4 * MS, (690, 690), 0, true);
    build::exec(&mut out, 5 * MS, (700, 700), "/bin/web", &["web"]);
    build::exit(&mut out, 19 * MS, (700, 700), 1 << 8, true);
    let all = spans(traces(&header(), &out, 10));
    let [run, stage, web] = &all[..] else { panic!("{all:?}") };
    assert_eq!((stage.name.as_str(), web.name.as_str()), ("runc:[1:CHILD]", "web"));
    assert_eq!((&stage.parent_span_id, &web.parent_span_id), (&run.span_id, &run.span_id));
}

#[test]
fn what_lives_on_ends_when_it_was_read_and_says_so() {
    let header = Header { died_ns: None, ending: None, ..header() };
    let mut out = Vec::new();
    build::task(&mut out, 2 * MS, (700, 700), (1, 1), "sleep");
    build::call(&mut out, 700, 35).at(3 * MS, 1_000).arg(0).arg(0).result(0).end();
    let all = spans(traces(&header, &out, 10));
    let [run, sleep] = &all[..] else { panic!("{all:?}") };
    for span in [run, sleep] {
        assert_eq!(span.end_time_unix_nano, 1_000_030_000_000);
        assert_eq!(get(&span.attributes, "rewind.unfinished"), Some(&Value::BoolValue(true)));
        assert_eq!(span.status, None);
    }
    assert_eq!(get(&sleep.attributes, "rewind.process.start_seen"), Some(&Value::BoolValue(false)));
    assert_eq!(sleep.name, "sleep");
}

#[test]
fn a_process_whose_end_is_gone_ends_with_its_container() {
    let mut out = Vec::new();
    build::task(&mut out, 2 * MS, (700, 700), (1, 1), "web");
    build::exit(&mut out, 3 * MS, (701, 700), 0, false);
    let all = spans(traces(&header(), &out, 10));
    assert_eq!(all[1].end_time_unix_nano, all[0].end_time_unix_nano);
    assert_eq!(get(&all[1].attributes, "rewind.process.end_seen"), Some(&Value::BoolValue(false)));
    assert_eq!(get(&all[1].attributes, "rewind.unfinished"), None);
    // A thread has ended, which is no exit code of the process.
    let told = log_records(events(&header(), &out));
    let exit = told.iter().find(|record| record.event_name == "rewind.process.exit").expect("an exit");
    assert_eq!(get(&exit.attributes, "process.exit.code"), None);
}

#[test]
fn a_call_older_than_the_recording_makes_no_second_process_of_one_that_has_ended() {
    let mut records = Vec::new();
    build::task(&mut records, 2 * MS, (700, 700), (1, 1), "sh");
    build::call(&mut records, 700, 0).at(3 * MS, 0).before().arg(0).end();
    build::exit(&mut records, 9 * MS, (700, 700), 0, true);
    let all = spans(traces(&header(), &records, 10));
    assert_eq!(all.iter().map(|span| span.name.as_str()).collect::<Vec<_>>(), ["shop/web-1/web", "sh"]);
    let end = end(&header(), &records);
    assert_eq!([end.spans.len(), end.earlier_spans.len()], [1, 1]);
}

#[test]
fn a_crash_says_by_which_cause_as_its_file_does() {
    let fingerprint = |header: &Header| {
        let told = log_records(events(header, &records()));
        let crash = told.into_iter().find(|record| record.event_name == "rewind.process.crash").expect("a crash");
        let of = crash.attributes.into_iter().find(|attribute| attribute.key == "rewind.cause.fingerprint");
        of.and_then(|of| of.value?.value)
    };
    let found = rewind_diagnosis::diagnosed(&header(), &records()).fingerprint;
    let text = |text: &str| Some(Value::StringValue(text.to_owned()));
    assert_eq!(fingerprint(&header()), text(found.as_str()).filter(|_| !found.is_empty()));
    let kept = Diagnosed { fingerprint: "1-4f2a".into(), ..Diagnosed::default() };
    assert_eq!(fingerprint(&Header { diagnosed: Some(Box::new(kept)), ..header() }), text("1-4f2a"));
    let none = Some(Box::default());
    assert_eq!(fingerprint(&Header { diagnosed: none, ..header() }), None);
}

#[test]
fn what_happened_is_told_below_the_span_of_its_process() {
    let all = spans(traces(&header(), &records(), 2));
    let told = log_records(events(&header(), &records()));
    let crash = told.iter().find(|record| record.event_name == "rewind.process.crash").expect("a crash");
    assert_eq!(crash.severity_number, i32::from(SeverityNumber::Fatal));
    assert_eq!(crash.time_unix_nano, 1_000_019_000_000);
    let body = crash.body.as_ref().and_then(|body| body.value.clone());
    assert!(matches!(&body, Some(Value::StringValue(body)) if body.starts_with("It exited with 1")), "{body:?}");
    assert_eq!((&crash.trace_id, &crash.span_id), (&all[1].trace_id, &all[1].span_id));
    let of_cat = told.iter().filter(|record| record.span_id == all[2].span_id);
    assert_eq!(
        of_cat.map(|record| record.event_name.as_str()).collect::<Vec<_>>(),
        ["rewind.process.exec", "rewind.process.exit"]
    );
}

#[test]
fn a_dump_is_a_header_and_a_record_a_call() {
    let mut all = Vec::new();
    logs(&header(), &records(), &Options::default(), 2, |data| {
        assert!(data.resource_logs[0].scope_logs[0].log_records.len() <= 3);
        all.extend(log_records(data));
        Ok(())
    })
    .unwrap();
    assert_eq!(all[0].event_name, "rewind.flight_recorder.dump");
    let calls: Vec<&LogRecord> = all.iter().filter(|record| record.event_name == "rewind.syscall").collect();
    let [call] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!(text(&call.attributes, "rewind.syscall.name"), "openat");
    assert_eq!(text(&call.attributes, "rewind.syscall.return_value"), "-2");
    assert_eq!(text(&call.attributes, "error.type"), "ENOENT");
    assert_eq!(text(&call.attributes, "process.executable.name"), "cat");
    assert_eq!(text(&call.attributes, "rewind.dump.id"), text(&all[0].attributes, "rewind.dump.id"));
    let uids: std::collections::HashSet<String> =
        all.iter().map(|record| text(&record.attributes, "log.record.uid")).collect();
    assert_eq!(uids.len(), all.len(), "each has a uid of its own");
}

#[test]
fn the_same_recording_is_the_same_trace_and_another_run_is_another() {
    let ids = |header: &Header| {
        spans(traces(header, &records(), 1)).iter().map(|span| span.span_id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&header()), ids(&Header { read_ns: 40 * MS, ..header() }));
    let again = Header { born_ns: 2 * MS, ..header() };
    assert!(ids(&header()).iter().all(|id| !ids(&again).contains(id)));
}

#[test]
fn json_is_what_the_protocols_own_types_read() {
    let mut out = Vec::new();
    write_json(&mut out, &header(), &records(), &Options::default()).unwrap();
    let out = String::from_utf8(out).unwrap();
    let mut lines = out.lines();
    let first: TracesData = serde_json::from_str(lines.next().unwrap()).unwrap();
    assert_eq!(vec![first], traces(&header(), &records(), 100));
    let rest: Vec<LogsData> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!rest.is_empty());
    // Of the protocol's JSON: ids in hex, times as strings, kinds as numbers.
    assert!(out.contains(r#""startTimeUnixNano":"1000001000000""#) && out.contains(r#""kind":1"#), "{out}");
}

#[test]
fn the_container_is_the_resource() {
    let resource = super::resource(&header());
    for (key, value) in [
        ("host.name", "node-1"),
        ("host.arch", "amd64"),
        ("container.id", "abc"),
        ("container.image.name", "reg:5000/web"),
        ("k8s.namespace.name", "shop"),
        ("k8s.pod.name", "web-1"),
        ("k8s.container.name", "web"),
        ("k8s.container.restart_count", "3"),
    ] {
        assert_eq!(text(&resource.attributes, key), value, "{key}");
    }
}

/// The records as a feed gives them: batch by batch.
pub(crate) fn batches(records: &[u8]) -> Vec<rewind_recording::join::Batch> {
    let (mut joiner, mut rest, mut batches) = (rewind_recording::join::Joiner::default(), records, Vec::new());
    while !rest.is_empty() {
        let len = usize::from(u16::from_le_bytes([rest[0], rest[1]]));
        let (one, behind) = rest.split_at(len);
        batches.push(joiner.push(one));
        rest = behind;
    }
    batches
}

fn uids(logs: &[LogRecord]) -> std::collections::BTreeSet<String> {
    logs.iter().map(|log| text(&log.attributes, "log.record.uid")).collect()
}

#[test]
fn what_is_told_as_it_happens_and_at_the_end_is_what_the_whole_recording_tells() {
    let (header, records) = (header(), records());
    let (mut to_spans, mut to_logs) = (super::Live::default(), super::Live::default());
    let (mut live_spans, mut live_logs) = (Vec::new(), Vec::new());
    for batch in batches(&records) {
        live_spans.extend(to_spans.spans(&header, &batch.timeline()));
        live_logs.extend(to_logs.logs(&header, &batch.timeline()));
    }
    let whole = spans(traces(&header, &records, 1_000));
    let end = super::end(&header, &records);
    assert_eq!((end.spans.len(), live_spans.len()), (1, whole.len() - 1));
    let by_id = |spans: &[Span]| -> std::collections::BTreeMap<Vec<u8>, Span> {
        spans.iter().map(|span| (span.span_id.clone(), span.clone())).collect()
    };
    assert_eq!(by_id(&[&live_spans[..], &end.spans[..]].concat()), by_id(&whole));
    assert_eq!(by_id(&end.earlier_spans), by_id(&live_spans));
    let all = uids(&log_records(events(&header, &records)));
    live_logs.extend(end.crash);
    assert_eq!(uids(&live_logs), all);
    assert!(live_logs.iter().all(|log| whole.iter().any(|span| span.span_id == log.span_id)), "{live_logs:?}");
}

#[test]
fn who_begins_in_the_middle_makes_the_same_of_the_rest() {
    let (header, records) = (header(), records());
    let whole = spans(traces(&header, &records, 1_000));
    for cut in 0..batches(&records).len() {
        let rest = &batches(&records)[cut..];
        let first =
            rest.iter().flat_map(|batch| batch.timeline().by_end().map(|event| event.end_ns).collect::<Vec<_>>());
        let mut live = super::Live::after(&header, &records, first.min().unwrap_or(u64::MAX));
        let made: Vec<Span> = rest.iter().flat_map(|batch| live.spans(&header, &batch.timeline())).collect();
        assert!(made.iter().all(|span| whole.contains(span)), "from {cut} on: {made:?}");
        assert!(!made.is_empty(), "from {cut} on nothing ends");
    }
}

#[test]
fn a_long_life_of_short_processes_is_remembered_as_far_as_it_goes_on() {
    let header = header();
    let mut live = super::Live::default();
    let mut made = Vec::new();
    let mut first = Vec::new();
    build::task(&mut first, 2 * MS, (700, 700), (1, 1), "sh");
    build::exec(&mut first, 3 * MS, (700, 700), "/bin/sh", &["sh"]);
    made.extend(live.spans(&header, &rewind_recording::event::Timeline::new(&first)));
    for child in 0..20_000_u32 {
        let (tgid, at_ns) = (1_000 + child % 5_000, 4 * MS + u64::from(child) * 10 * MS);
        let mut records = Vec::new();
        build::fork(&mut records, at_ns, (700, 700), tgid);
        build::exit(&mut records, at_ns + MS, (tgid, tgid), 0, true);
        made.extend(live.spans(&header, &rewind_recording::event::Timeline::new(&records)));
    }
    assert_eq!(made.len(), 20_000);
    assert!(live.processes() < 5_000, "{} are remembered", live.processes());
    let parents: std::collections::BTreeSet<_> = made.iter().map(|span| span.parent_span_id.clone()).collect();
    assert_eq!(parents.len(), 1, "the shell was forgotten");
}
