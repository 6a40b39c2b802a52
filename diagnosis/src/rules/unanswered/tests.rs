use crate::diagnose;
use crate::scene::{MS, S, Scene};
use rewind_common::record::message::message_flags::RECEIVED;
use rewind_common::record::{Connection, connection::what};
use rewind_recording::event::build;
use rewind_recording::header::{CpuLimit, Header, Living};

const QUIET: &str = "It is running: nothing unusual found.";
/// States in which the peer, or this end, has closed first.
const LAST_ACK: u8 = 9;
const FIN_WAIT2: u8 = 5;

/// A server at port 8080, with clients at ports from 5000 on.
struct Server {
    scene: Scene,
    client: u16,
}

impl Server {
    fn new() -> Self {
        Self { scene: Scene::of("shop"), client: 5000 }
    }

    /// A request of a new connection.
    fn asked(&mut self, path: &str) {
        self.client += 1;
        self.connection(what::ACCEPTED, 0, 0);
        let head = format!("GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n");
        self.scene.message([8080, self.client], RECEIVED, &mut 0, head.as_bytes());
    }

    fn answers_after(&mut self, ns: u64) {
        self.scene.later(ns);
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        self.scene.message([8080, self.client], 0, &mut 0, head);
    }

    fn closed_after(&mut self, ns: u64, bytes_sent: u64) {
        self.scene.later(ns);
        self.connection(what::CLOSED, bytes_sent, LAST_ACK);
    }

    fn ends_it(&mut self) {
        self.connection(what::CLOSED, 0, FIN_WAIT2);
    }

    fn connection(&mut self, what: u8, bytes_sent: u64, state: u8) {
        self.scene.now += 1_000;
        let (time_ns, peer_port) = (self.scene.now, self.client);
        let told = Connection { time_ns, local_port: 8080, peer_port, bytes_sent, state, ..Connection::default() };
        build::connection(&mut self.scene.records, (700, 700), what, told);
    }

    /// `answered` requests of a path that take so long, then as many that get no answer, a second apart.
    fn waits(answered: usize, took_ns: u64, unanswered: usize) -> Self {
        let mut server = Self::new();
        for _ in 0..answered {
            server.asked("/cart");
            server.answers_after(took_ns);
        }
        for _ in 0..unanswered {
            server.scene.later(S);
            server.asked("/cart");
            server.asked("/health");
            server.answers_after(MS);
        }
        server
    }
}

#[test]
fn requests_that_wait_while_others_are_answered_are_told() {
    let mut server = Server::waits(2, MS, 6);
    assert_eq!(server.scene.answer(), QUIET);
    server.scene.later(2 * S);
    let answer =
        "It is running; but it has left 6 of the last 8 requests for GET /cart without an answer, for up to 8.00s.";
    assert_eq!(server.scene.answer(), answer);
}

#[test]
fn who_waited_long_before_waits_long_again() {
    let mut server = Server::waits(2, 10 * S, 4);
    server.scene.later(10 * S);
    assert_eq!(server.scene.answer(), QUIET);
    server.scene.later(21 * S);
    assert!(server.scene.answer().contains("4 of the last 6 requests"), "{}", server.scene.answer());
}

#[test]
fn what_was_never_answered_has_nothing_to_tell_yet_unless_its_clients_gave_up() {
    let mut server = Server::waits(0, 0, 4);
    server.scene.later(30 * S);
    assert_eq!(server.scene.answer(), QUIET);
    let closed = |ns: u64, bytes_sent: u64| {
        let mut server = Server::new();
        for _ in 0..3 {
            server.asked("/report");
            server.closed_after(ns, bytes_sent);
        }
        server.scene.answer()
    };
    let answer =
        "It is running; but it has left 3 of the last 3 requests for GET /report without an answer, for up to 2.00s.";
    assert_eq!(closed(2 * S, 0), answer);
    // Who goes away at once wanted none; bytes that were sent were the answer.
    assert_eq!([closed(10 * MS, 0), closed(2 * S, 90)], [QUIET, QUIET]);
}

#[test]
fn a_server_that_answers_nothing_any_more_is_told_whatever_it_is_asked_for() {
    let mut server = Server::new();
    server.asked("/");
    server.answers_after(MS);
    for path in ["/a", "/b", "/c"] {
        server.asked(path);
        server.scene.later(6 * S);
    }
    let answer =
        "It is running; but it has left all of the last 3 requests without an answer, GET /a first, for up to 19.0s.";
    assert_eq!(server.scene.answer(), answer);
    server.asked("/");
    server.answers_after(MS);
    assert_eq!(server.scene.answer(), QUIET);
}

#[test]
fn a_server_that_its_cpu_limit_holds_up_is_told_with_that() {
    let mut server = Server::waits(2, MS, 6);
    server.scene.later(2 * S);
    let cpu_limit = CpuLimit { millicpus: 50, periods: 100, throttled_periods: 98, throttled_ns: 9 * S };
    let living = Living { cpu_limit: Some(cpu_limit), ..Living::default() };
    let header = Header { living: Some(living), ..server.scene.header() };
    let why = diagnose(&header, &rewind_recording::event::sorted(&server.scene.records), &Default::default());
    let answer = "It is running; but it has left 6 of the last 8 requests for GET /cart without an answer, for up to 8.00s; \
                  its CPU limit (0.05 CPUs) has stopped it in 98% of all periods that it ran in, for 9.00s together \
                  (cpu.stat).";
    assert_eq!(why.answer, answer);
}

#[test]
fn a_server_that_ends_the_connections_of_requests_is_told() {
    let ends = |answers: usize| {
        let mut server = Server::waits(answers, MS, 0);
        for _ in 0..3 {
            server.asked("/report");
            server.ends_it();
        }
        server.scene.answer()
    };
    let answer = "It is running; but it has ended the connections of 3 of the last 3 requests for GET /report without an \
                  answer.";
    // Who answers none may speak another protocol.
    assert_eq!([ends(1), ends(0)], [answer, QUIET]);
}

#[test]
fn the_peer_that_a_server_waits_for_itself_is_told() {
    let mut server = Server::waits(2, MS, 3);
    let mut sent = 0;
    server.scene.message([6000, 5432], 0, &mut sent, b"GET /stock HTTP/1.1\r\nHost: db\r\n\r\n");
    server.scene.later(20 * S);
    let why = server.scene.why();
    assert!(why.answer.contains("GET /stock of 127.0.0.1:5432 got no answer after"), "{}", why.answer);
    let found: Vec<_> = why.findings.iter().map(|finding| (finding.rule, finding.text.as_str())).collect();
    assert!(found.iter().any(|(rule, text)| *rule == "unanswered" && text.contains("; meanwhile GET /stock of")));
}

/// Thread 701 of a JVM reads a request, and waits so often on one word until the limit, milliseconds; others of its name
/// come behind it, and none was ever answered.
fn read_and_waits(limits_ms: &[u64], jvm: &str) -> String {
    let mut server = Server::new();
    for (tid, name) in [(701, "worker-1"), (750, jvm), (751, "Reference Handl")] {
        build::task(&mut server.scene.records, server.scene.now, (tid, 700), (tid - 699, 1), name);
        server.scene.call(tid, 39).result(1).end();
    }
    server.scene.main = 701;
    server.asked("/move");
    server.scene.main = 700;
    let mut now = server.scene.now + MS;
    for ns in limits_ms.iter().map(|ms| ms * MS + 70_000) {
        let call = build::call(&mut server.scene.records, 701, 202).at(now, ns);
        call.arg(0x4000).arg(137).arg(0).arg(0x7000).arg(0).arg(u64::from(u32::MAX)).result(-110).end();
        now += ns + 2_000;
    }
    let call = build::call(&mut server.scene.records, 701, 202).at(now, 0).enter();
    call.arg(0x4000).arg(137).arg(0).arg(0x7000).arg(0).arg(u64::from(u32::MAX)).end();
    for _ in 0..4 {
        server.scene.later(S);
        server.asked("/move");
        server.asked("/health");
        server.answers_after(MS);
    }
    server.scene.later(8 * S);
    server.scene.answer()
}

#[test]
fn what_was_never_answered_waits_for_a_lock_where_the_thread_that_has_read_it_does() {
    let limits = [1, 8, 64, 512, 1000, 1000];
    let told = "It is running; but it has left 5 of the last 5 requests for GET /move without an answer, for up to \
                13.0s; its thread 701 (worker-1), which has read one, has waited for 13.0s to enter a monitor \
                (synchronized).";
    assert_eq!(read_and_waits(&limits, "VM Thread"), told);
    // No monitor: it polls. No JVM: such limits mean nothing there.
    assert_eq!(read_and_waits(&[1000; 6], "VM Thread"), QUIET);
    assert_eq!(read_and_waits(&limits, "worker-2"), QUIET);
}
