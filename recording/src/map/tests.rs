use super::*;
use crate::event::{build, sorted};
use rewind_common::record::connection::direction;
use rewind_common::record::message::message_flags::{DNS, RECEIVED, UDP};
use rewind_common::record::{Connection, SocketMessage};

const MS: u64 = 1_000_000;

/// From whom to whom, what, how often, how often in vain, and the median in milliseconds.
type Shown = (String, String, &'static str, u64, u64, Option<u64>);

fn v4(last: u8) -> [u8; 16] {
    std::net::Ipv4Addr::new(10, 0, 0, last).to_ipv6_mapped().octets()
}

/// A request of `web` (10.0.0.1) over a Service (10.0.0.9) that `shop` (10.0.0.2) serves, as `web` has seen it, or `shop`.
fn records(of_client: bool, status: u16) -> Vec<u8> {
    let mut out = Vec::new();
    let (local, peer, ports) = if of_client { (v4(1), v4(9), (5000, 80)) } else { (v4(2), v4(1), (80, 5000)) };
    let direction = if of_client { direction::OUT } else { direction::IN };
    let told = Connection { time_ns: 4 * MS, since_ns: 2 * MS, local, peer, direction, ..Connection::default() };
    let told = Connection { local_port: ports.0, peer_port: ports.1, ..told };
    build::connection(&mut out, (7, 7), if of_client { what::CONNECTED } else { what::ACCEPTED }, told);
    let response = format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n");
    let answers = [(5, "GET / HTTP/1.1\r\n\r\n", !of_client), (8, &*response, of_client)];
    for (at, head, received) in answers {
        let flags = if received { RECEIVED } else { 0 };
        let message = SocketMessage { time_ns: at * MS, since_ns: at * MS, local, peer, ..SocketMessage::default() };
        let message = SocketMessage { local_port: ports.0, peer_port: ports.1, total: head.len() as u32, ..message };
        build::socket_message(&mut out, (7, 7), flags, message, head.as_bytes());
    }
    sorted(&out)
}

fn header(peer: &str, name: &str) -> Header {
    Header { read_ns: 20 * MS, peers: [(peer.to_owned(), name.into())].into(), ..Header::default() }
}

fn edges(of: &[(&str, Header, Vec<u8>)]) -> Vec<Shown> {
    let mut map = Map::default();
    of.iter().for_each(|(whose, header, records)| map.add(whose, header, records));
    let told = |edge: Edge| {
        let median = edge.percentile(50).map(|ns| ns / MS);
        (edge.from, edge.to, edge.kind.name(), edge.count, edge.failed, median)
    };
    map.edges().into_iter().map(told).collect()
}

fn edge(from: &str, to: &str, kind: &'static str, failed: u64, ms: Option<u64>) -> Shown {
    (from.to_owned(), to.to_owned(), kind, 1, failed, ms)
}

#[test]
fn of_one_end_alone_the_other_has_its_name_or_its_address() {
    let named = header("10.0.0.9:80", "svc/shop");
    let web = ("web", named, records(true, 503));
    assert_eq!(
        edges(&[web]),
        [edge("web", "svc/shop", "tcp", 0, Some(2)), edge("web", "svc/shop", "http", 1, Some(3))]
    );
    let shop = ("shop", Header::default(), records(false, 200));
    assert_eq!(
        edges(&[shop]),
        [edge("10.0.0.1", "shop", "tcp", 0, None), edge("10.0.0.1", "shop", "http", 0, Some(3))]
    );
}

#[test]
fn of_both_ends_it_is_told_once_between_the_two() {
    let web = ("web", header("10.0.0.9:80", "svc/shop"), records(true, 200));
    let shop = ("shop", Header::default(), records(false, 200));
    assert_eq!(edges(&[web, shop]), [edge("web", "shop", "tcp", 0, Some(2)), edge("web", "shop", "http", 0, Some(3))]);
}

#[test]
fn a_lookup_without_an_answer_has_failed() {
    let question = [&[0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], b"\x04shop\x00\x00\x01\x00\x01"].concat();
    let mut out = Vec::new();
    let message =
        SocketMessage { time_ns: MS, local: v4(1), peer: v4(3), local_port: 4000, ..SocketMessage::default() };
    let message = SocketMessage { peer_port: 53, total: question.len() as u32, ..message };
    build::socket_message(&mut out, (7, 7), DNS | UDP, message, &question);
    let web = ("web", Header::default(), sorted(&out));
    assert_eq!(edges(&[web]), [edge("web", "10.0.0.3:53", "dns", 1, None)]);
}

#[test]
fn percentiles_are_those_of_the_nearest_rank() {
    let of = |took_ns: &[u64]| Edge {
        from: String::new(),
        to: String::new(),
        kind: Kind::Tcp,
        count: 0,
        failed: 0,
        took_ns: took_ns.to_vec(),
    };
    let hundred: Vec<u64> = (1..=100).collect();
    assert_eq!([50, 99, 100].map(|p| of(&hundred).percentile(p)), [Some(50), Some(99), Some(100)]);
    assert_eq!((of(&[7]).percentile(99), of(&[]).percentile(50)), (Some(7), None));
}
