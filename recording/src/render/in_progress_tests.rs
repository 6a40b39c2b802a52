#![allow(clippy::unwrap_used)]
use super::*;
use crate::event::build;
use crate::header::Host;

const SECOND: u64 = 1_000_000_000;

/// A thread that is in a `read` since before the recording began at 10 s, beside one that works.
fn records() -> Vec<u8> {
    let mut records = Vec::new();
    let out = &mut records;
    build::task(out, 10 * SECOND, (5, 5), (1, 1), "main");
    build::task(out, 10 * SECOND, (6, 5), (2, 1), "worker");
    build::call(out, 6, 39).at(20 * SECOND, 9).result(5).end();
    build::call(out, 5, 0).at(10 * SECOND, 0).before().arg(3).arg(0x7fff_0000_1000).arg(64).arg(1).arg(2).arg(3).end();
    records
}

fn header() -> Header {
    let host = Host { arch: "x86_64".into(), ..Host::default() };
    Header { host, born_ns: 10 * SECOND, read_ns: 100 * SECOND, ..Header::default() }
}

fn shown(format: Format) -> (String, Summary) {
    let mut out = Vec::new();
    let options = Options { format, ..Options::default() };
    let summary = write(&mut out, &header(), &records(), &options).unwrap();
    (String::from_utf8(out).unwrap(), summary)
}

#[test]
fn the_table_says_that_a_call_began_before_the_recording() {
    let (text, summary) = shown(Format::Table);
    let lines: Vec<_> = text.lines().collect();
    let line = lines.iter().position(|line| line.contains("read(3, 0x7fff00001000, 64)")).unwrap();
    assert!(lines[line].starts_with("<00:00:10.00000  5 "), "{text}");
    assert!(lines[line].contains(" >1m30s ") && lines[line].ends_with("  in it since before"), "{text}");
    // Its columns are those of the others.
    let column = |line: &str, word: &str| line.find(word).unwrap();
    assert_eq!(column(lines[line], "read("), column(lines[line + 1], "getpid("), "{text}");
    assert_eq!((summary.calls, summary.shown, summary.failed), (2, 2, 0));
}

#[test]
fn strace_shows_all_its_registers_and_no_end() {
    let line = "5     read(3, 0x7fff00001000, 64 <unfinished ...>\n";
    assert_eq!(shown(Format::Strace).0, format!("{line}6     getpid()                          = 5\n"));
}

#[test]
fn json_has_no_time_for_it() {
    let (text, _) = shown(Format::Json);
    let line: serde_json::Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    for field in ["time", "ktime_ns", "duration_ns", "result"] {
        assert!(line[field].is_null(), "{field}: {line}");
    }
    assert_eq!((&line["outcome"], &line["unfinished"]), (&"in_flight".into(), &true.into()));
    assert_eq!(line["began_before"], "1970-01-01T00:00:10.000000000+00:00");
    let other: serde_json::Value = serde_json::from_str(text.lines().nth(2).unwrap()).unwrap();
    assert!(other.get("began_before").is_none() && other["ktime_ns"] == 20 * SECOND, "{other}");
}

#[test]
fn a_trace_shows_it_at_once_and_once() {
    let options = Options { format: Format::Strace, ..Options::default() };
    let mut out = Vec::new();
    let mut live = Live::new(&mut out, &header(), &options).unwrap();
    live.push(&mut out, &records()).unwrap();
    let first = String::from_utf8(out.clone()).unwrap();
    assert!(first.contains("read(3, 0x7fff00001000, 64 <unfinished ...>\n"), "{first}");
    live.push(&mut out, &[]).unwrap();
    assert_eq!(live.finish(&mut out, 100 * SECOND).unwrap().calls, 2);
    assert_eq!(String::from_utf8(out).unwrap(), first);
}

#[test]
fn a_start_of_the_same_thread_is_still_in_flight_beside_it() {
    let mut records = records();
    build::call(&mut records, 6, 34).at(30 * SECOND, 0).enter().end();
    build::call(&mut records, 6, 34).at(10 * SECOND, 0).before().end();
    let timeline = Timeline::new(&records);
    let open = |event: &Event<'_>| matches!(event.what, What::Call { outcome: Outcome::InFlight, .. });
    assert_eq!(timeline.by_end().filter(open).count(), 1);
}
