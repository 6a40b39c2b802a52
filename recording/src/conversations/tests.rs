use super::*;
use crate::event::{Timeline, build, sorted};
use rewind_common::record::message::message_flags::{DNS, LENGTH, RECEIVED, UDP};
use rewind_common::record::{Connection as WireConnection, SocketMessage as WireMessage};
use rewind_protocols::dns::Outcome;

const MS: u64 = 1_000_000;
const WHO: (u32, u32) = (100, 99);

#[derive(Default)]
struct Built {
    records: Vec<u8>,
    at_ms: u64,
}

impl Built {
    /// A call a millisecond after the last one: `more` bytes stand behind those that are given.
    fn call(
        &mut self,
        flags: u8,
        (local_port, peer_port): (u16, u16),
        position: u32,
        bytes: &[u8],
        more: u32,
    ) -> &mut Self {
        self.at_ms += 1;
        let total = bytes.len() as u32 + more;
        let time_ns = self.at_ms * MS;
        let message = WireMessage {
            time_ns,
            since_ns: time_ns,
            local_port,
            peer_port,
            position,
            total,
            ..WireMessage::default()
        };
        build::socket_message(&mut self.records, WHO, flags, message, bytes);
        self
    }

    fn http(&mut self, flags: u8, position: u32, head: &str, more: u32) -> &mut Self {
        self.call(flags, (5000, 80), position, head.as_bytes(), more)
    }

    fn connection(&mut self, what: u8) -> &mut Self {
        self.at_ms += 1;
        let told =
            WireConnection { time_ns: self.at_ms * MS, local_port: 5000, peer_port: 80, ..WireConnection::default() };
        build::connection(&mut self.records, WHO, what, told);
        self
    }

    fn told(&self) -> Vec<Told> {
        let records = sorted(&self.records);
        Conversations::of(Timeline::new(&records).by_end(), 60_000 * MS)
    }

    /// Method, path, status, and how long it took, milliseconds.
    fn requests(&self) -> Vec<(String, u16, u64)> {
        let of = |told: Told| {
            let took = told.took_ns().unwrap_or_default() / MS;
            let Told::Request(_, exchange) = told else { panic!("{told:?}") };
            let request = exchange.request.map(|it| format!("{} {}", it.head.method, it.head.target.path));
            (request.unwrap_or_default(), exchange.response.map_or(0, |it| it.head.status), took)
        };
        self.told().into_iter().map(of).collect()
    }
}

fn request(name: &str, status: u16, took: u64) -> (String, u16, u64) {
    (name.to_owned(), status, took)
}

const GET_A: &str = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
const GET_B: &str = "GET /b HTTP/1.1\r\nHost: h\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";

#[test]
fn requests_over_a_kept_connection_are_joined_across_bodies_that_nobody_saw() {
    let mut built = Built::default();
    let (a, ok) = (GET_A.len() as u32, OK.len() as u32);
    built.connection(what::CONNECTED).http(0, 7, GET_A, 0).http(RECEIVED, 70, OK, 10);
    built.http(0, 7 + a, GET_B, 0).http(
        RECEIVED,
        70 + ok + 1000,
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        0,
    );
    assert_eq!(built.requests(), [request("GET /a", 200, 1), request("GET /b", 404, 1)]);
}

#[test]
fn positions_may_wrap() {
    let mut built = Built::default();
    let (a, ok) = (GET_A.len() as u32, OK.len() as u32);
    built.http(0, u32::MAX - 3, GET_A, 0).http(RECEIVED, u32::MAX - 50, OK, 0);
    built.http(0, (u32::MAX - 3).wrapping_add(a), GET_B, 0);
    built.http(RECEIVED, (u32::MAX - 50).wrapping_add(ok + 1000), OK, 0);
    assert_eq!(built.requests(), [request("GET /a", 200, 1), request("GET /b", 200, 1)]);
}

#[test]
fn a_response_that_was_cut_short_by_another_connection_joins_nothing() {
    let mut built = Built::default();
    built.http(0, 7, GET_A, 0).http(RECEIVED, 70, OK, 0).connection(what::CLOSED);
    built.connection(what::CONNECTED).http(0, 900, GET_B, 0).connection(what::CLOSED);
    assert_eq!(built.requests(), [request("GET /a", 200, 1), request("GET /b", 0, 0)]);
}

#[test]
fn who_serves_has_the_same_the_other_way_round() {
    let mut built = Built::default();
    built.http(RECEIVED, 7, GET_A, 0).http(0, 70, "HTTP/1.1 500 Oh\r\nContent-Length: 3\r\n\r\n", 3);
    let told = built.told();
    let [Told::Request(party, exchange)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((exchange.way, party.tgid), (Some(Way::Received), 99));
    assert_eq!(built.requests(), [request("GET /a", 500, 1)]);
}

#[test]
fn a_response_whose_end_nobody_can_see_is_told_when_it_begins() {
    let mut built = Built::default();
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    built.http(0, 7, GET_A, 0).http(RECEIVED, 70, chunked, 4000);
    built.http(0, 7 + GET_A.len() as u32, GET_B, 0).http(RECEIVED, 9000, chunked, 10);
    assert_eq!(built.requests(), [request("GET /a", 200, 1), request("GET /b", 200, 1)]);
}

#[test]
fn of_more_connections_than_are_followed_each_request_is_told_once() {
    let (mut conversations, mut told) = (Conversations::default(), 0);
    for port in 1..=u16::MAX {
        let mut built = Built::default();
        built.call(0, (port, 80), 1, GET_A.as_bytes(), 0);
        let records = sorted(&built.records);
        told += Timeline::new(&records).by_end().map(|event| conversations.take(&event).len()).sum::<usize>();
        assert!(conversations.connections.len() <= MAX_CONNECTIONS);
    }
    assert_eq!(told + conversations.end(0).len(), usize::from(u16::MAX));
}

/// A message of DNS with one question for the addresses of `a.b`; an answer has no records.
fn dns(id: u8, response: Option<u8>) -> Vec<u8> {
    let flags = response.map_or([1, 0], |rcode| [0x81, 0x80 | rcode]);
    let header = [0, id, flags[0], flags[1], 0, 1, 0, 0, 0, 0, 0, 0];
    [&header[..], b"\x01a\x01b\x00", &[0, 1, 0, 1]].concat()
}

fn lookups(built: &Built) -> Vec<(Way, u16, u64, Option<u16>)> {
    let of = |told: Told| {
        let Told::Lookup(way, lookup) = told else { panic!("{told:?}") };
        let rcode = if let Outcome::Answered(answer) = &lookup.outcome { Some(answer.rcode) } else { None };
        (way, lookup.id, (lookup.ended_ns - lookup.asked_ns) / MS, rcode)
    };
    built.told().into_iter().map(of).collect()
}

#[test]
fn an_answer_is_its_questions_and_one_that_does_not_come_is_told_as_missing() {
    let mut built = Built::default();
    built.call(DNS | UDP, (4000, 53), 0, &dns(1, None), 0).call(DNS | UDP, (4000, 53), 0, &dns(2, None), 0);
    built.call(DNS | UDP | RECEIVED, (4000, 53), 0, &dns(1, Some(3)), 0);
    assert_eq!(lookups(&built), [(Way::Sent, 1, 2, Some(3)), (Way::Sent, 2, 10_000, None)]);
    built.at_ms = 59_000;
    built.call(DNS | UDP, (4001, 53), 0, &dns(3, None), 0);
    assert_eq!(lookups(&built)[1..], [(Way::Sent, 2, 10_000, None), (Way::Sent, 3, 999, None)]);
}

#[test]
fn an_answer_whose_question_is_not_held_is_told_as_it_says_itself() {
    let mut built = Built::default();
    built.call(DNS | UDP, (4000, 53), 0, &dns(1, None), 0);
    built.call(DNS | UDP | RECEIVED, (4000, 53), 0, &dns(1, Some(0)), 0);
    built.call(DNS | UDP | RECEIVED, (4000, 53), 0, &dns(2, Some(3)), 0);
    let told = built.told();
    let [Told::Lookup(..), Told::Unasked(Way::Sent, unasked)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((unasked.message.id, unasked.message.rcode, unasked.at_ns), (2, 3, 3 * MS));
    assert_eq!(unasked.message.questions[0].name, "a.b");
    assert_eq!((told[0].took_ns(), told[1].took_ns()), (Some(MS), None));
}

#[test]
fn what_a_full_table_gives_up_is_told_and_so_is_the_answer_that_comes_later() {
    let (mut built, asked) = (Built::default(), MAX_QUESTIONS as u16 + 1);
    for port in 0..asked {
        built.call(DNS | UDP, (4000 + port, 53), 0, &dns(1, None), 0);
    }
    for port in 0..asked {
        built.call(DNS | UDP | RECEIVED, (4000 + port, 53), 0, &dns(1, Some(0)), 0);
    }
    let told = built.told();
    let count = |is: &dyn Fn(&Told) -> bool| told.iter().filter(|told| is(told)).count();
    assert_eq!(count(&|told| matches!(told, Told::Lookup(_, it) if it.outcome == Outcome::GivenUp)), 1);
    assert_eq!(count(&|told| matches!(told, Told::Unasked(..))), 1);
    assert_eq!(count(&|told| told.took_ns().is_some()), MAX_QUESTIONS);
}

#[test]
fn a_response_whose_request_was_not_seen_took_nobody_knows_how_long() {
    let mut built = Built::default();
    built.http(RECEIVED, 70, OK, 0);
    let told = built.told();
    assert_eq!((told.len(), told[0].took_ns(), told[0].is_begin_unseen()), (1, None, true));
}

#[test]
fn a_sender_that_the_call_does_not_name_is_the_server_that_was_asked() {
    let mut built = Built::default();
    built.call(DNS | UDP, (4000, 53), 0, &dns(1, None), 0).call(
        DNS | UDP | RECEIVED,
        (4000, 0),
        0,
        &dns(1, Some(0)),
        0,
    );
    assert_eq!(lookups(&built), [(Way::Sent, 1, 1, Some(0))]);
}

#[test]
fn a_servers_questions_are_not_its_own() {
    let mut built = Built::default();
    built.call(DNS | UDP | RECEIVED, (53, 4000), 0, &dns(1, None), 0).call(
        DNS | UDP,
        (53, 4000),
        0,
        &dns(1, Some(0)),
        0,
    );
    assert_eq!(lookups(&built), [(Way::Received, 1, 1, Some(0))]);
}

#[test]
fn messages_of_one_call_over_tcp_are_each_told() {
    let mut built = Built::default();
    let framed = |message: Vec<u8>| [&(message.len() as u16).to_be_bytes()[..], &message].concat();
    let two = |rcode: Option<u8>| [framed(dns(1, rcode)), framed(dns(2, rcode))].concat();
    built.call(DNS | LENGTH, (4000, 53), 0, &two(None), 0).call(
        DNS | LENGTH | RECEIVED,
        (4000, 53),
        0,
        &two(Some(0)),
        0,
    );
    assert_eq!(lookups(&built), [(Way::Sent, 1, 1, Some(0)), (Way::Sent, 2, 1, Some(0))]);
}

#[test]
fn what_came_before_the_end_of_a_connection_may_be_read_after_it() {
    let mut built = Built::default();
    built.connection(what::CONNECTED).http(0, 7, GET_A, 0).connection(what::CLOSED).http(RECEIVED, 70, OK, 1000);
    assert_eq!(built.requests(), [request("GET /a", 200, 2)]);
}

#[test]
fn of_a_body_that_ends_with_its_connection_no_length_is_told() {
    let mut built = Built::default();
    built.connection(what::CONNECTED).http(0, 7, GET_A, 0).http(RECEIVED, 70, "HTTP/1.0 200 OK\r\n\r\n", 10);
    built.connection(what::CLOSED);
    let told = built.told();
    let [Told::Request(_, exchange)] = told.as_slice() else { panic!("{told:?}") };
    let response = exchange.response.as_ref().unwrap();
    assert_eq!(body_bytes(response, response.head.fields.length), None);
}

#[test]
fn a_request_that_waits_when_all_was_read_has_lost_nothing() {
    let mut built = Built::default();
    built.connection(what::CONNECTED).http(0, 7, GET_A, 0);
    let told = built.told();
    let [Told::Request(_, exchange)] = told.as_slice() else { panic!("{told:?}") };
    assert!(exchange.response.is_none() && exchange.doubts.is_empty(), "{exchange:?}");
}

#[test]
fn an_answer_over_tcp_that_is_kept_in_part_is_an_answer() {
    let mut answer = dns(1, Some(0));
    // One record, of which nothing more is there.
    answer[7] = 1;
    let prefixed = [&2000_u16.to_be_bytes()[..], &answer].concat();
    for (flags, bytes) in [(DNS | LENGTH, &prefixed), (DNS, &answer)] {
        let mut built = Built::default();
        built.call(DNS, (4000, 53), 0, &dns(1, None), 0).call(flags | RECEIVED, (4000, 53), 0, bytes, 1980);
        assert_eq!(lookups(&built), [(Way::Sent, 1, 1, Some(0))]);
    }
}

#[test]
fn what_comes_after_an_end_is_told_as_well() {
    let mut built = Built::default();
    let last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    built.http(0, 7, GET_A, 0).http(RECEIVED, 70, last, 0).http(0, 900, GET_B, 0).http(RECEIVED, 950, OK, 0);
    assert_eq!(built.requests(), [request("GET /a", 200, 1), request("GET /b", 200, 1)]);
}

#[test]
fn of_more_requests_than_may_wait_each_is_told() {
    let mut built = Built::default();
    for number in 0..100 {
        built.http(0, 7 + number * GET_A.len() as u32, GET_A, 0);
    }
    assert_eq!(built.requests().len(), 100);
}

#[test]
fn a_request_whose_connection_was_closed_is_told_by_the_clock() {
    let mut built = Built::default();
    built.connection(what::CONNECTED);
    built.http(0, 7, GET_A, 0).connection(what::CLOSED);
    let records = sorted(&built.records);
    let mut conversations = Conversations::default();
    let told = Timeline::new(&records).by_end().map(|event| conversations.take(&event).len()).sum::<usize>();
    assert_eq!((told, conversations.is_asking()), (0, true));
    let closed_ns = Timeline::new(&records).by_end().last().unwrap().end_ns;
    assert!(conversations.expire(closed_ns + READ_NS - 1).is_empty());
    let [Told::Request(_, exchange)] = &conversations.expire(closed_ns + READ_NS)[..] else { panic!() };
    assert!(exchange.response.is_none() && !conversations.is_asking());
    assert!(conversations.end(u64::MAX).is_empty());
}
