use super::*;
use crate::event::{build, sorted};
use crate::events::kinds;
use crate::filter::Filter;
use crate::header::Header;
use crate::peer::named;
use crate::render::{Format, Options, write};
use crate::syscalls::Arch;
use std::net::Ipv4Addr;

const MS: u64 = 1_000_000;

fn v4(last: u8) -> [u8; 16] {
    Ipv4Addr::new(10, 0, 0, last).to_ipv6_mapped().octets()
}

/// What the other end did to a connection of process 99.
fn told(what: u8, error: u16, state: u8) -> Connection {
    let mut records = Vec::new();
    let event = Connection {
        time_ns: 9 * MS,
        since_ns: 4 * MS,
        peer: v4(7),
        local_port: 5000,
        peer_port: 80,
        error,
        state,
        direction: direction::OUT,
        ..Connection::default()
    };
    build::connection(&mut records, (100, 99), what, event);
    let crate::record::Record::Connection(event) = crate::record::all(&records).next().unwrap().unwrap() else {
        panic!("{records:?}")
    };
    event
}

#[test]
fn who_ended_a_connection_follows_from_its_last_state_and_error() {
    for (state, error, words) in [
        (4, 0, "closed by us"),
        (5, 0, "closed by us"),
        (CLOSING, 0, "closed by both"),
        (LAST_ACK, 0, "closed by peer"),
        (ESTABLISHED, 0, "reset by us"),
        (CLOSE_WAIT, 0, "reset by us"),
        (ESTABLISHED, 103, "reset by us"),
        (ESTABLISHED, 104, "reset by peer"),
        (CLOSE_WAIT, 32, "reset by peer"),
        (LAST_ACK, 104, "reset by peer"),
        (ESTABLISHED, 110, "timed out"),
        (ESTABLISHED, 113, "unreachable"),
        (ESTABLISHED, 71, "EPROTO"),
    ] {
        assert_eq!(result(&told(what::CLOSED, error, state)), words, "{state} {error}");
    }
}

#[test]
fn why_a_connect_failed_follows_from_its_error() {
    for (what, error, words) in [
        (what::FAILED, 111, "refused"),
        (what::FAILED, 110, "timed out"),
        (what::FAILED, 101, "unreachable"),
        (what::FAILED, 104, "reset"),
        (what::FAILED, 13, "EACCES"),
        (what::FAILED, 0, "failed"),
        (what::FAILED, 9999, "9999"),
        (what::GIVEN_UP, 0, "given up"),
        (what::CONNECTED, 0, "established"),
    ] {
        assert_eq!(result(&told(what, error, 2)), words, "{what} {error}");
    }
}

#[test]
fn an_ipv4_address_reads_as_one_and_an_ipv6_address_as_one() {
    let event = told(what::CONNECTED, 0, 2);
    assert_eq!((peer(&event).to_string(), local(&event).to_string()), ("10.0.0.7:80".into(), "127.0.0.1:5000".into()));
    let v6 = Connection { peer: Ipv6Addr::LOCALHOST.octets(), ..event };
    assert_eq!(peer(&v6).to_string(), "[::1]:80");
}

/// A process that connects, is refused elsewhere, and has its connection closed; and one that nobody is known to own.
fn life() -> Vec<u8> {
    let mut out = Vec::new();
    build::task(&mut out, 0, (100, 99), (2, 1), "client");
    let open = Connection { peer: v4(7), local_port: 5000, peer_port: 80, ..Connection::default() };
    let from_here = Connection { direction: direction::OUT, ..open };
    let (since_ns, time_ns) = (MS, 3 * MS);
    build::connection(
        &mut out,
        (100, 99),
        what::CONNECTED,
        Connection { since_ns, time_ns, srtt_us: 1500, ..from_here },
    );
    let refused = Connection { peer_port: 81, error: 111, since_ns: 4 * MS, time_ns: 5 * MS, ..from_here };
    build::connection(&mut out, (100, 99), what::FAILED, refused);
    let accepted = Connection { time_ns: 6 * MS, since_ns: 6 * MS, direction: direction::IN, ..open };
    build::connection(&mut out, (0, 0), what::ACCEPTED, accepted);
    let closed = Connection { since_ns: 3 * MS, time_ns: 8 * MS, state: LAST_ACK, retransmits: 3, ..from_here };
    let closed = Connection { bytes_sent: 1536, bytes_received: 7, ..closed };
    build::connection(&mut out, (100, 99), what::CLOSED, closed);
    out
}

fn shown(format: Format, kinds: &[&'static str], header: &Header) -> String {
    let mut out = Vec::new();
    let filter = Filter { kinds: kinds.to_vec(), ..Filter::default() };
    write(&mut out, header, &sorted(&life()), &Options { format, filter, ..Options::default() }).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_table_of_connections_has_its_own_columns() {
    let header = Header { peers: [("10.0.0.7:80".to_owned(), "db.shop:80".into())].into(), ..Header::default() };
    let text = shown(Format::Table, kinds::TCP, &header);
    let lines: Vec<Vec<&str>> = text
        .lines()
        .skip_while(|line| !line.starts_with("TIME"))
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).skip(1).collect())
        .collect();
    assert_eq!(lines[1], ["client[99]", "connect", "127.0.0.1:5000", "db.shop:80", "established", "2.00ms", "1.50ms"]);
    assert_eq!(lines[2], ["client[99]", "connect", "127.0.0.1:5000", "10.0.0.7:81", "refused", "1.00ms"]);
    assert_eq!(lines[3], ["?", "accept", "127.0.0.1:5000", "db.shop:80", "established"]);
    let closed = ["client[99]", "close", "127.0.0.1:5000", "db.shop:80", "closed by peer", "5.00ms"];
    assert_eq!(lines[4], [&closed[..], &["1.5 KiB", "7 B", "3"]].concat());
    assert_eq!(lines.len(), 5, "{text}");
}

#[test]
fn json_has_the_figures_and_a_dump_has_them_in_words() {
    let json = shown(Format::Json, &["connection"], &Header::default());
    let lines: Vec<serde_json::Value> = json.lines().skip(1).map(|line| line.parse().unwrap()).collect();
    assert_eq!((&lines[0]["what"], &lines[0]["took_ns"]), (&"connect".into(), &(2 * MS).into()));
    assert_eq!((&lines[1]["result"], &lines[1]["errno"]), (&"refused".into(), &"ECONNREFUSED".into()));
    assert_eq!((&lines[2]["tgid"], &lines[2]["direction"]), (&serde_json::Value::Null, &"in".into()));
    assert_eq!((&lines[3]["closed_by"], &lines[3]["bytes_sent"]), (&"peer".into(), &1536.into()));
    assert_eq!((&lines[3]["peer"]["address"], &lines[3]["peer"]["port"]), (&"10.0.0.7".into(), &80.into()));
    let text = shown(Format::Table, &[], &Header::default());
    let words = "connection to 10.0.0.7:80 closed by peer after 5.00ms: 1.5 KiB sent, 7 B received, 3 segments sent";
    assert!(text.contains(words), "{text}");
    assert!(!shown(Format::Strace, &[], &Header::default()).contains("10.0.0.7"));
    assert!(shown(Format::Table, kinds::EXEC, &Header::default()).lines().last().unwrap().starts_with("TIME"));
}

#[test]
fn peers_of_connections_are_among_those_that_are_to_be_named() {
    assert_eq!(named(&life(), Arch::X86_64).into_iter().collect::<Vec<_>>(), ["10.0.0.7:80", "10.0.0.7:81"]);
}
