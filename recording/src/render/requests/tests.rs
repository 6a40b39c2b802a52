#![allow(clippy::unwrap_used)]
use crate::event::{build, sorted};
use crate::filter::Filter;
use crate::header::{Header, Host};
use crate::render::{Format, Live, Options, write};
use rewind_common::record::SocketMessage;
use rewind_common::record::message::message_flags::{DNS, RECEIVED, UDP};

const MS: u64 = 1_000_000;

/// A message about the addresses of `a.b`; an answer to it has none of them.
fn dns(id: u8, rcode: Option<u8>) -> Vec<u8> {
    let flags = rcode.map_or([1, 0], |rcode| [0x81, 0x80 | rcode]);
    [&[0, id, flags[0], flags[1], 0, 1, 0, 0, 0, 0, 0, 0][..], b"\x01a\x01b\x00", &[0, 1, 0, 1]].concat()
}

fn call(out: &mut Vec<u8>, at_ms: u64, flags: u8, bytes: &[u8]) {
    let (time_ns, total) = (at_ms * MS, bytes.len() as u32);
    let message = SocketMessage { time_ns, since_ns: time_ns, local_port: 4000, total, ..SocketMessage::default() };
    build::socket_message(out, (7, 7), DNS | UDP | flags, SocketMessage { peer_port: 53, ..message }, bytes);
}

/// The lines of a lookup that took 2 ms, and of an answer whose question is not held.
fn lines(format: Format) -> Vec<String> {
    let mut records = Vec::new();
    build::task(&mut records, 0, (7, 7), (1, 1), "web");
    call(&mut records, 1, RECEIVED, &dns(1, Some(3)));
    call(&mut records, 2, 0, &dns(2, None));
    call(&mut records, 4, RECEIVED, &dns(2, Some(0)));
    let header = Header { host: Host { arch: "x86_64".into(), ..Host::default() }, ..Header::default() };
    let filter = Filter { kinds: vec!["dns"], ..Filter::default() };
    let mut out = Vec::new();
    let summary = write(&mut out, &header, &sorted(&records), &Options { format, filter, ..Options::default() });
    assert_eq!(summary.unwrap().events, 2);
    let text = String::from_utf8(out).unwrap();
    text.lines().filter(|line| line.contains("a.b")).map(str::to_owned).collect()
}

#[test]
fn of_an_answer_without_its_question_the_table_says_that_nobody_knows_how_long_it_took() {
    let [unasked, lookup] = lines(Format::Table).try_into().unwrap();
    let words = |line: &str| line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>().join(" ");
    assert!(words(&unasked).starts_with("web[7] out NXDOMAIN ? "), "{unasked}");
    assert!(unasked.ends_with("A a.b  (its question was not seen)"), "{unasked}");
    assert!(words(&lookup).starts_with("web[7] out NOERROR 2.00ms "), "{lookup}");
}

#[test]
fn of_an_answer_without_its_question_json_has_what_it_says_and_no_times() {
    let [unasked, lookup] = lines(Format::Json).try_into().unwrap();
    let of = |line: &str, keys: &[&str]| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        keys.iter().map(|key| line[key].to_string()).collect::<Vec<_>>().join(" ")
    };
    let keys = ["kind", "direction", "question", "type", "rcode", "times", "took_ns", "waited_ns"];
    assert_eq!(of(&unasked, &keys), r#""lookup" "out" "a.b" "A" "NXDOMAIN" 0 null null"#);
    assert_eq!(of(&lookup, &keys), r#""lookup" "out" "a.b" "A" "NOERROR" 1 2000000 2000000"#);
}

#[test]
fn a_question_that_waits_in_vain_is_told_once_by_the_clock() {
    let mut records = Vec::new();
    call(&mut records, 1_000, 0, &dns(1, None));
    let (header, filter) = (Header::default(), Filter { kinds: vec!["dns"], ..Filter::default() });
    let options = Options { format: Format::Json, filter, ..Options::default() };
    let mut live = Live::new(&mut Vec::new(), &header, &options).unwrap();
    let lines = |write: &mut dyn FnMut(&mut Vec<u8>)| {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap().matches("\"question\":\"a.b\"").count()
    };
    assert_eq!(lines(&mut |out| live.push(out, &sorted(&records)).unwrap()), 0);
    // Ten seconds after it, and one for what is read late.
    assert_eq!(lines(&mut |out| live.tick(out, 11_999 * MS).unwrap()), 0);
    assert_eq!(lines(&mut |out| live.tick(out, 12_000 * MS).unwrap()), 1);
    assert_eq!(lines(&mut |out| live.tick(out, 60_000 * MS).unwrap()), 0);
    let mut end = Vec::new();
    assert_eq!((live.finish(&mut end, 60_000 * MS).unwrap().events, end.len()), (1, 0));
}
