#![allow(clippy::unwrap_used)]
use super::*;
use crate::event::{Timeline, build};
use crate::header::Host;

const SECOND: u64 = 1_000_000_000;

fn header() -> Header {
    // Read at 2026-11-21T13:03:41Z.
    let host = Host { arch: "x86_64".into(), unix_offset_ns: 1_795_266_121 * SECOND as i64, ..Host::default() };
    Header { host, read_ns: 100 * SECOND, ..Header::default() }
}

fn shown(filter: &Filter) -> Vec<u64> {
    let mut records = Vec::new();
    build::task(&mut records, 0, (11, 10), (2, 1), "nginx");
    build::task(&mut records, 0, (20, 20), (7, 7), "sh");
    build::call(&mut records, 11, 257).at(10 * SECOND, 1).arg(0).string("/etc/nginx.conf").arg(0).result(3).end();
    build::call(&mut records, 11, 257).at(20 * SECOND, 1).arg(0).string("/etc/passwd").arg(0).result(-13).end();
    build::call(&mut records, 20, 42).at(30 * SECOND, 1).arg(3).result(-111).end();
    build::call(&mut records, 20, 34).at(40 * SECOND, SECOND).result(-514).end();
    build::call(&mut records, 30, 202).at(95 * SECOND, 1).end();
    let matcher = filter.matcher(&header(), &TimeZone::UTC);
    let timeline = Timeline::new(&records);
    timeline.by_end().filter(|event| matcher.matches(event)).map(|event| event.start_ns / SECOND).collect()
}

fn calls(text: &str) -> Filter {
    Filter { calls: text.parse().unwrap(), ..Filter::default() }
}

#[test]
fn without_a_filter_all_is_shown() {
    assert_eq!(shown(&Filter::default()), [10, 20, 30, 40, 95]);
    assert!(!Filter::default().chooses());
}

#[test]
fn calls_are_chosen_by_name_class_and_negation() {
    assert_eq!(shown(&calls("openat")), [10, 20]);
    assert_eq!(shown(&calls("%network,futex")), [30, 95]);
    assert_eq!(shown(&calls("!openat,%network")), [40, 95]);
    let several = Calls::all_of(["%file".parse().unwrap(), "connect".parse().unwrap(), "!openat".parse().unwrap()]);
    assert_eq!(shown(&Filter { calls: several, ..Filter::default() }), [30]);
}

#[test]
fn interrupted_calls_have_not_failed() {
    assert_eq!(shown(&Filter { failed: true, ..Filter::default() }), [20, 30]);
}

#[test]
fn processes_threads_and_names_are_chosen() {
    assert_eq!(shown(&Filter { pids: vec![10], ..Filter::default() }), [10, 20]);
    assert_eq!(shown(&Filter { tids: vec![30], ..Filter::default() }), [95]);
    assert_eq!(shown(&Filter { pids: vec![7], numbers: Pids::Container, ..Filter::default() }), [30, 40]);
    assert_eq!(shown(&Filter { comms: vec!["ng*".into(), "x".into()], ..Filter::default() }), [10, 20]);
    assert_eq!(shown(&Filter { comms: vec!["ngin".into()], ..Filter::default() }), [0; 0]);
}

#[test]
fn paths_are_chosen_by_a_part_or_a_glob() {
    assert_eq!(shown(&Filter { paths: vec!["nginx".into()], ..Filter::default() }), [10]);
    assert_eq!(shown(&Filter { paths: vec!["/etc/*".into()], ..Filter::default() }), [10, 20]);
    assert_eq!(shown(&Filter { paths: vec!["etc/*".into()], ..Filter::default() }), [0; 0]);
}

#[test]
fn times_are_chosen_in_every_form() {
    let since = |text: &str| shown(&Filter { since: Some(text.parse().unwrap()), ..Filter::default() });
    assert_eq!(since("1m"), [40, 95]);
    assert_eq!(since("0h1m10s"), [30, 40, 95]);
    assert_eq!(since("2026-11-21T13:02:32Z"), [40, 95]);
    assert_eq!(since("2026-11-21T14:02:32+01:00"), [40, 95]);
    assert_eq!(since("13:03:30"), [95]);
    assert_eq!(since("2026-11-21 13:03:30"), [95]);
    // Later than the reading: yesterday is meant.
    assert_eq!(since("23:00"), [10, 20, 30, 40, 95]);
    let until = Filter { until: Some("1m".parse().unwrap()), ..Filter::default() };
    assert_eq!(shown(&until), [10, 20, 30, 40]);
}

#[test]
fn a_malformed_filter_is_named_with_what_is_accepted() {
    let message = |error: FilterError| error.to_string();
    assert_eq!(message("opnat".parse::<Calls>().unwrap_err()), "\"opnat\" is not a system call: did you mean openat?");
    assert_eq!(message("qqqq".parse::<Calls>().unwrap_err()), "\"qqqq\" is not a system call");
    assert!(message("%fil".parse::<Calls>().unwrap_err()).contains("there are %file"));
    assert!(message("!".parse::<Calls>().unwrap_err()).contains("openat,%network"));
    assert!(message("5 parsecs".parse::<When>().unwrap_err()).starts_with("\"5 parsecs\" is not a time: give"));
    assert!("-5m".parse::<When>().is_err());
}
