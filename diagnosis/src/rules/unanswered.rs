//! A living server that leaves requests without an answer: their clients have given up, or still wait, or it ends their
//! connections.
//!
//! A request that waits is odd only where such were answered sooner before: others are answered once there is something
//! to tell.

use crate::facts::{Facts, LONGER, PATIENCE_NS, Served, Unanswered};
use crate::finding::Finding;
use crate::groups::Group;
use crate::meaning::Meaning;
use crate::weight::UNANSWERED_REQUESTS;
use crate::words::upstream;
use rewind_recording::render::units::{duration, grouped};
use std::collections::BTreeMap;

/// Whose connection ends so long after a request got no answer.
const GIVEN_UP_NS: u64 = 1_000_000_000;
/// What was given up so long ago is another matter.
const RECENT_NS: u64 = 60_000_000_000;
/// So many are more than chance.
const LEAST: usize = 3;
/// One of so many requests is.
const SHARE: usize = 3;
/// A server upstream that fails begins to do so with the requests that wait for it.
const WITH_NS: u64 = 1_000_000_000;

/// What is known of the requests of one name.
#[derive(Default)]
struct Named<'f> {
    served: Vec<&'f Served>,
    unanswered: Vec<&'f Unanswered>,
}

impl Named<'_> {
    fn count_since(&self, since_ns: u64) -> usize {
        let began = self.unanswered.iter().map(|it| it.began_ns).chain(self.served.iter().map(|it| it.began_ns));
        began.filter(|began_ns| *began_ns >= since_ns).count()
    }
}

pub(super) fn rule(facts: &Facts<'_>, groups: &[Group]) -> Vec<Finding> {
    if !facts.is_living() || facts.is_frozen() || facts.unanswered.len() < LEAST {
        return Vec::new();
    }
    let mut names = BTreeMap::<&str, Named<'_>>::new();
    facts.served.iter().for_each(|served| names.entry(&served.name).or_default().served.push(served));
    facts.unanswered.iter().for_each(|request| names.entry(&request.name).or_default().unanswered.push(request));
    let of_name = |(name, named): (&&str, &Named<'_>)| {
        of_name(facts, groups, name, named).or_else(|| cut_off(facts, name, named))
    };
    let of_names: Vec<_> = names.iter().filter_map(of_name).collect();
    if of_names.is_empty() { of_all(facts, groups, &names).into_iter().collect() } else { of_names }
}

/// Requests of one name.
fn of_name(facts: &Facts<'_>, groups: &[Group], name: &str, named: &Named<'_>) -> Option<Finding> {
    let left: Vec<_> = named.unanswered.iter().filter(|it| is_left(facts, it, named)).copied().collect();
    let (first, last) = (*left.first()?, *left.last()?);
    // Those that came last wait as those before them did.
    let waits = |it: &&&Unanswered| {
        it.began_ns >= first.began_ns && waited_ns(facts, it) >= GIVEN_UP_NS && is_slow(facts, it, named)
    };
    let waiting = named.unanswered.iter().filter(waits).count();
    let of = named.count_since(first.began_ns.min(since_ns(facts)));
    if left.len() < LEAST || waiting * SHARE < of {
        return None;
    }
    let count = grouped(waiting as u64);
    let text = format!("it has left {count} of the last {} requests for {name} without an answer", grouped(of as u64));
    Some(finding(facts, groups, text, &left, [first, last]))
}

/// Requests of one name whose connections the server ended itself.
fn cut_off(facts: &Facts<'_>, name: &str, named: &Named<'_>) -> Option<Finding> {
    let is_cut = |it: &&&Unanswered| it.is_cut && it.closed_ns >= Some(since_ns(facts));
    let cut: Vec<_> = named.unanswered.iter().filter(is_cut).collect();
    let (first, last) = (cut.first()?, cut.last()?);
    let of = named.count_since(first.began_ns.min(since_ns(facts)));
    // Who speaks another protocol answers no request at all.
    let answers = facts.served.iter().any(|served| served.tgid == last.tgid);
    if cut.len() < LEAST || cut.len() * SHARE < of || !answers {
        return None;
    }
    let (count, of) = (grouped(cut.len() as u64), grouped(of as u64));
    let text =
        format!("it has ended the connections of {count} of the last {of} requests for {name} without an answer");
    Some(Finding::new("unanswered", UNANSWERED_REQUESTS, text, [first.index, last.index]))
}

/// Requests of any name, where nothing is answered any more.
fn of_all(facts: &Facts<'_>, groups: &[Group], names: &BTreeMap<&str, Named<'_>>) -> Option<Finding> {
    let is_left = |it: &&Unanswered| {
        waited_ns(facts, it) >= GIVEN_UP_NS && names.get(&*it.name).is_some_and(|named| is_slow(facts, it, named))
    };
    let left: Vec<_> = facts.unanswered.iter().filter(is_left).collect();
    let is_long = |it: &&Unanswered| it.closed_ns.is_some() || waited_ns(facts, it) >= PATIENCE_NS;
    let (first, last) = (*left.first()?, *left.last()?);
    let (before, since): (Vec<_>, Vec<_>) = facts.served.iter().partition(|served| served.at_ns < first.began_ns);
    // Who has nothing to tell yet leaves all that ask for it waiting.
    let has_answered = !before.is_empty() || left.iter().any(|it| it.name != first.name);
    if left.len() < LEAST || !left.iter().any(is_long) || !since.is_empty() || !has_answered {
        return None;
    }
    let count = grouped(left.len() as u64);
    let text = format!("it has left all of the last {count} requests without an answer, {} first", first.name);
    Some(finding(facts, groups, text, &left, [first, last]))
}

fn since_ns(facts: &Facts<'_>) -> u64 {
    facts.header.read_ns.saturating_sub(RECENT_NS)
}

fn waited_ns(facts: &Facts<'_>, request: &Unanswered) -> u64 {
    request.closed_ns.unwrap_or(facts.header.read_ns).saturating_sub(request.began_ns)
}

/// Whether a request has got no answer for longer than those of its name wait.
fn is_slow(facts: &Facts<'_>, request: &Unanswered, named: &Named<'_>) -> bool {
    let took_ns = named.served.iter().map(|served| served.at_ns.saturating_sub(served.began_ns));
    waited_ns(facts, request) >= took_ns.max().unwrap_or_default().saturating_mul(LONGER)
}

/// Whether a request was left without an answer: its client has given up, or waits though others did not have to.
fn is_left(facts: &Facts<'_>, request: &Unanswered, named: &Named<'_>) -> bool {
    let waited_ns = waited_ns(facts, request);
    let is_long = match request.closed_ns {
        Some(closed_ns) => waited_ns >= GIVEN_UP_NS && closed_ns >= since_ns(facts),
        None => waited_ns >= PATIENCE_NS && !named.served.is_empty(),
    };
    is_long && is_slow(facts, request, named)
}

fn finding(
    facts: &Facts<'_>,
    groups: &[Group],
    text: String,
    left: &[&Unanswered],
    [first, last]: [&Unanswered; 2],
) -> Finding {
    let longest_ns = left.iter().map(|it| waited_ns(facts, it)).max().unwrap_or_default();
    let served_well = facts.served.iter().any(|served| served.tgid == last.tgid && served.at_ns >= first.began_ns);
    // What failed all along while others were answered is something else.
    let is_it = |group: &Group| {
        let began_ns = group.first_ns.saturating_sub(group.longest_ns);
        let is_with = began_ns.saturating_add(WITH_NS) >= first.began_ns;
        is_with && group.meaning == Meaning::NoAnswer || !served_well && began_ns <= last.began_ns
    };
    let reason = upstream::meanwhile(facts, groups, last.tgid, is_it).unwrap_or_default();
    let text = format!("{text}, for up to {}{reason}", duration(longest_ns));
    Finding::new("unanswered", UNANSWERED_REQUESTS, text, [first.index, last.index])
}

#[cfg(test)]
mod tests {
    use crate::scene::{MS, S, Scene};
    use rewind_common::record::message::message_flags::RECEIVED;
    use rewind_common::record::{Connection, connection::what};
    use rewind_recording::event::build;

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
        let answer = "It is running; but it has left 3 of the last 3 requests for GET /report without an answer, for up to 2.00s.";
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
        let answer = "It is running; but it has left all of the last 3 requests without an answer, GET /a first, for up to 19.0s.";
        assert_eq!(server.scene.answer(), answer);
        server.asked("/");
        server.answers_after(MS);
        assert_eq!(server.scene.answer(), QUIET);
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
}
