//! What requests and lookups that went badly are to an answer.

use crate::scene::{MS, S, Scene};
use rewind_common::record::message::message_flags::{DNS, RECEIVED, UDP};
use rewind_common::record::{Connection, connection::what};
use rewind_recording::event::build;

const MAIN: (u32, u32) = (700, 700);

/// Messages of one connection to 127.0.0.1:80.
struct Talk {
    scene: Scene,
    sent: u32,
    received: u32,
}

impl Talk {
    fn new() -> Self {
        let mut talk = Self { scene: Scene::of("app"), sent: 0, received: 0 };
        talk.connection(what::CONNECTED);
        talk
    }

    fn connection(&mut self, what: u8) {
        let scene = &mut self.scene;
        scene.now += 1_000;
        let told = Connection { time_ns: scene.now, local_port: 5000, peer_port: 80, ..Connection::default() };
        build::connection(&mut scene.records, MAIN, what, told);
    }

    fn message(&mut self, flags: u8, head: &str) {
        let position = if flags & RECEIVED == 0 { &mut self.sent } else { &mut self.received };
        self.scene.message([5000, 80], flags, position, head.as_bytes());
    }

    fn asks(&mut self, path: &str) {
        self.message(0, &format!("GET {path}?token=1 HTTP/1.1\r\nHost: config\r\n\r\n"));
    }

    /// An answer whose head says that it has so many bytes.
    fn begins_to_answer(&mut self, bytes: u64) {
        self.message(RECEIVED, &format!("HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n"));
    }

    fn answers(&mut self, status: u16) {
        self.message(RECEIVED, &format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n"));
    }

    /// A question of DNS, and its answer.
    fn looks_up(&mut self, name: &str, rcode: u8, address: bool) {
        self.carries([6000, 53], [DNS | UDP, DNS | UDP | RECEIVED], name, rcode, address);
    }

    /// The same, of who is asked.
    fn is_asked(&mut self, name: &str, rcode: u8) {
        self.carries([53, 6001], [DNS | UDP | RECEIVED, DNS | UDP], name, rcode, false);
    }

    fn carries(&mut self, ports: [u16; 2], flags: [u8; 2], name: &str, rcode: u8, address: bool) {
        let labels: Vec<u8> =
            name.split('.').flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat()).collect();
        let asked = [&labels[..], &[0, 0, 1, 0, 1]].concat();
        let header = |flags: [u8; 2], answers: u8| [&[0, 7][..], &flags, &[0, 1, 0, answers, 0, 0, 0, 0]].concat();
        let answer: &[u8] = if address { &[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 10, 0, 0, 9] } else { &[] };
        let question = [header([1, 0], 0), asked.clone()].concat();
        let response = [header([0x81, 0x80 | rcode], address.into()), asked, answer.to_vec()].concat();
        for (flags, bytes) in flags.into_iter().zip([question, response]) {
            self.scene.message(ports, flags, &mut 0, &bytes);
        }
    }

    fn exits(mut self) -> String {
        self.scene.exit(700, 1 << 8);
        self.scene.answer()
    }
}

const SILENT: &str = "It exited with 1; nothing unusual found before that.";
const QUIET: &str = "It is running: nothing unusual found.";

#[test]
fn a_response_that_is_an_error_is_the_cause_where_the_program_did_nothing_else_behind_it() {
    let mut talk = Talk::new();
    talk.asks("/config");
    talk.answers(503);
    assert_eq!(
        talk.exits(),
        "It exited with 1 after GET /config of 127.0.0.1:80 was answered with an error (HTTP 503)."
    );
    let mut talk = Talk::new();
    talk.asks("/config");
    talk.answers(503);
    talk.scene.open("/srv/work", 3);
    assert_eq!(talk.exits(), SILENT);
}

#[test]
fn an_error_behind_which_the_same_request_went_well_is_none() {
    let mut talk = Talk::new();
    for status in [401, 200] {
        talk.asks("/token");
        talk.answers(status);
    }
    assert_eq!(talk.exits(), SILENT);
}

#[test]
fn words_that_say_nothing_of_the_reason_stand_beside_what_failed_right_before() {
    let said = |words: &str| {
        let mut talk = Talk::new();
        talk.asks("/config");
        talk.answers(404);
        talk.scene.say(2, words);
        talk.exits()
    };
    let answer = "It exited with 1: it said \"startup failed\"; right before that GET /config of 127.0.0.1:80 was answered with \
                  an error (HTTP 404).";
    assert_eq!(said("2026/11/29 15:27:46 startup failed\n"), answer);
    // They tell of it.
    assert!(said("error: config service returned status 404\n").starts_with("It exited with 1 after GET /config"));
    // They tell of something else.
    assert_eq!(said("TypeError: x is undefined\n"), "It exited with 1: it said \"TypeError: x is undefined\".");
}

#[test]
fn a_request_without_an_answer_is_told_of_a_living_process_whatever_its_threads_do() {
    let mut talk = Talk::new();
    talk.asks("/config");
    talk.scene.later(3 * S);
    assert_eq!(talk.scene.answer(), QUIET);
    talk.scene.later(22 * S);
    assert_eq!(talk.scene.answer(), "It is running; but GET /config of 127.0.0.1:80 got no answer after 26.0s.");
    talk.answers(200);
    assert_eq!(talk.scene.answer(), QUIET);
}

#[test]
fn a_request_is_named_also_where_another_thread_looked_for_its_answer() {
    let mut talk = Talk::new();
    talk.scene.connect([127, 0, 0, 1], 80, 0);
    talk.asks("/config");
    talk.scene.call(700, 0).arg(3).arg(0x7000).arg(4096).result(-11).end();
    talk.scene.later(22 * S);
    assert!(talk.scene.answer().contains("; but GET /config of 127.0.0.1:80 got no answer"), "{}", talk.scene.answer());
}

#[test]
fn a_request_takes_as_long_as_such_took_before() {
    let mut talk = Talk::new();
    talk.asks("/poll");
    talk.scene.later(20 * S);
    talk.answers(204);
    talk.asks("/poll");
    talk.scene.later(30 * S);
    assert_eq!(talk.scene.answer(), QUIET);
    talk.scene.later(60 * S);
    assert!(talk.scene.answer().contains("GET /poll of 127.0.0.1:80 got no answer"), "{}", talk.scene.answer());
}

#[test]
fn who_waits_for_a_peer_that_was_given_up_before_need_not_wait_as_long() {
    let mut talk = Talk::new();
    talk.asks("/price");
    talk.scene.later(4 * S);
    talk.connection(what::CLOSED);
    talk.connection(what::CONNECTED);
    (talk.sent, talk.received) = (0, 0);
    talk.asks("/price");
    talk.scene.later(2 * S);
    let answer = talk.scene.answer();
    assert_eq!(answer, "It is running; but GET /price of 127.0.0.1:80 got no answer after 4.00s, 2 times.");
}

#[test]
fn a_peer_that_has_answered_since_is_waited_for_as_long_as_ever() {
    let mut talk = Talk::new();
    talk.asks("/price");
    talk.scene.later(4 * S);
    for answers in [true, false] {
        talk.connection(what::CLOSED);
        talk.connection(what::CONNECTED);
        (talk.sent, talk.received) = (0, 0);
        talk.asks("/stock");
        if answers {
            talk.answers(200);
        }
    }
    talk.scene.later(2 * S);
    assert!(!talk.scene.answer().contains("/stock"), "{}", talk.scene.answer());
}

#[test]
fn who_lives_and_gets_other_answers_of_a_peer_looks_how_it_is() {
    let mut talk = Talk::new();
    for _ in 0..5 {
        talk.asks("/broken");
        talk.answers(500);
        talk.scene.later(S);
    }
    assert!(talk.scene.answer().contains("GET /broken of 127.0.0.1:80 was answered with an error (HTTP 500), 5 times"));
    talk.asks("/fine");
    talk.answers(200);
    assert_eq!(talk.scene.answer(), QUIET);
}

#[test]
fn who_closes_right_behind_a_request_only_told_something() {
    let closed = |ns: u64| {
        let mut talk = Talk::new();
        talk.asks("/hook");
        talk.scene.later(ns);
        talk.connection(what::CLOSED);
        talk.exits()
    };
    assert_eq!(closed(1_000), SILENT);
    assert_eq!(closed(4 * S), "It exited with 1 after GET /hook of 127.0.0.1:80 got no answer after 4.00s.");
}

#[test]
fn a_name_that_no_server_knows_is_told_unless_a_domain_of_the_search_list_had_it() {
    let mut talk = Talk::new();
    talk.looks_up("db.shop.svc", 3, false);
    talk.looks_up("db", 3, false);
    let answer = "It exited with 1 after the lookup of db at the name server 127.0.0.1:53 found no such name (NXDOMAIN), 2 times.";
    assert_eq!(talk.exits(), answer);
    let mut talk = Talk::new();
    talk.looks_up("db.shop.svc", 3, false);
    talk.looks_up("db.svc", 0, true);
    assert_eq!(talk.exits(), SILENT);
    let mut talk = Talk::new();
    talk.looks_up("db", 2, false);
    assert!(talk.exits().contains("the lookup of db at the name server 127.0.0.1:53 failed (SERVFAIL)"));
}

#[test]
fn a_name_that_a_name_server_passes_on_is_its_clients() {
    let answer = |is_asked: bool| {
        let mut talk = Talk::new();
        for _ in 0..12 {
            talk.looks_up("db.nowhere", 3, false);
            if is_asked {
                talk.is_asked("db.nowhere", 3);
            }
            talk.scene.later(S);
        }
        talk.scene.answer()
    };
    assert!(answer(false).contains("the lookup of db.nowhere"), "{}", answer(false));
    assert_eq!(answer(true), QUIET);
}

#[test]
fn an_answer_of_which_only_a_part_came_is_told() {
    let cut = |came: u64, closes_ns: u64| {
        let mut talk = Talk::new();
        talk.asks("/dump");
        talk.begins_to_answer(5000);
        talk.scene.later(closes_ns);
        let told = Connection {
            time_ns: talk.scene.now,
            local_port: 5000,
            peer_port: 80,
            // `TCP_ESTABLISHED`: this end closes it.
            state: 1,
            bytes_received: came,
            ..Connection::default()
        };
        build::connection(&mut talk.scene.records, MAIN, what::CLOSED, told);
        talk.scene.say(2, "TimeoutError\n");
        talk.exits()
    };
    let answer = "It exited with 1 after GET /dump of 127.0.0.1:80 got only a part of its answer after 5.00s.";
    assert_eq!(cut(700, 5 * S), answer);
    // All of it came; or the program ended it at once.
    for (came, closes_ns) in [(6000, 5 * S), (700, MS)] {
        assert_eq!(cut(came, closes_ns), "It exited with 1: it said \"TimeoutError\".");
    }
}

#[test]
fn a_connection_is_given_up_when_its_socket_is_closed_and_not_when_its_peer_closes_it_as_well() {
    let mut talk = Talk::new();
    let scene = &mut talk.scene;
    scene.call(700, 41).arg(2).arg(1).arg(0).result(4).end();
    let sockaddr = [2, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    scene.call(700, 42).arg(4).pointed(&sockaddr).arg(16).result(0).end();
    talk.asks("/dump");
    talk.begins_to_answer(5000);
    let scene = &mut talk.scene;
    scene.later(5 * S);
    scene.say(2, "TimeoutError\n");
    scene.call(700, 3).arg(4).result(0).end();
    let time_ns = scene.now + 9 * MS;
    scene.exit(700, 1 << 8);
    let told =
        Connection { time_ns, local_port: 5000, peer_port: 80, state: 1, bytes_received: 700, ..Connection::default() };
    build::connection(&mut scene.records, MAIN, what::CLOSED, told);
    let answer = "It exited with 1 after GET /dump of 127.0.0.1:80 got only a part of its answer after 5.01s.";
    assert_eq!(scene.answer(), answer);
}

#[test]
fn who_waits_for_the_rest_of_an_answer_is_told() {
    let waits = |bytes: u64, call: fn(&mut Scene)| {
        let mut talk = Talk::new();
        let scene = &mut talk.scene;
        scene.call(700, 41).arg(2).arg(1).arg(0).result(4).end();
        scene
            .call(700, 42)
            .arg(4)
            .pointed(&[2, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
            .arg(16)
            .result(0)
            .end();
        talk.asks("/r.tgz");
        if bytes > 0 {
            talk.begins_to_answer(bytes);
        } else {
            talk.message(RECEIVED, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        }
        let scene = &mut talk.scene;
        scene.call(700, 45).arg(4).arg(0x7000).arg(4096).arg(0).arg(0).arg(0).result(90).end();
        talk.scene.now += 1_000;
        call(&mut talk.scene);
        talk.scene.later(30 * S);
        talk.scene.answer()
    };
    let answer =
        "It is running; but GET /r.tgz of 127.0.0.1:80 got only a part of its answer, and nothing more for 31.0s.";
    let reads = |scene: &mut Scene| {
        build::call(&mut scene.records, 700, 45).at(scene.now, 0).enter().arg(4).arg(0x7000).arg(4096).end();
    };
    let selects = |scene: &mut Scene| {
        let set = [&5_u32.to_le_bytes()[..], &[1 << 4, 0, 0, 0, 0, 0, 0, 0]].concat();
        let call = build::call(&mut scene.records, 700, 270).at(scene.now, 0).enter();
        call.pointed(&set).arg(0x7000).arg(0).arg(0).arg(0).arg(0).end();
    };
    assert_eq!(waits(5000, reads), answer);
    assert_eq!(waits(5000, selects), answer);
    // What has no length may have no end.
    assert_eq!(waits(0, reads), "It is running: nothing unusual found.");
}

#[test]
fn a_question_without_an_answer_is_told_though_the_calls_around_it_are_gone() {
    let asked = |answer: bool, waits_ns: u64| {
        let mut scene = Scene::of("app");
        let name = [&[2][..], b"db", &[0, 0, 1, 0, 1]].concat();
        let message = |flags: [u8; 2]| [&[0, 7][..], &flags, &[0, 1, 0, 0, 0, 0, 0, 0], &name].concat();
        scene.message([6000, 53], DNS | UDP, &mut 0, &message([1, 0]));
        scene.later(waits_ns);
        if answer {
            scene.message([6000, 53], DNS | UDP | RECEIVED, &mut 0, &message([0x81, 0x80]));
        }
        scene.answer()
    };
    let told = asked(false, 6 * S);
    assert!(told.contains("but a question to the name server 127.0.0.1:53 got no answer after "), "{told}");
    for (answer, waits_ns) in [(true, 6 * S), (false, 900 * MS)] {
        assert_eq!(asked(answer, waits_ns), "It is running: nothing unusual found.");
    }
}
