//! A living server most of whose answers are errors of its own: statuses from 500 on, and 403 for files that it may not
//! read.

use crate::calls::{self, bits};
use crate::facts::{Facts, Failure, Served, Subject};
use crate::finding::Finding;
use crate::groups::Group;
use crate::last_words::has_no_reason;
use crate::meaning::Meaning;
use crate::noise::{Noise, noise};
use crate::weight::SERVES_ERRORS;
use crate::words::uncaught::{self, Uncaught};
use crate::words::{beside_answers, failure, upstream};
use rewind_recording::render::units::grouped;
use std::ops::RangeInclusive;

/// Errors of the server (RFC 9110, 15.6).
const ERRORS: u16 = 500;
/// What who may not read a file answers with (RFC 9110, 15.5.4).
const FORBIDDEN: u16 = 403;
/// Statuses of who passes requests on, or has nobody to pass them on to (RFC 9110, 15.6.3 to 15.6.5).
const OF_GATEWAYS: RangeInclusive<u16> = 502..=504;
/// So long ago is another matter.
const RECENT_NS: u64 = 60_000_000_000;
/// So many are more than chance.
const LEAST: usize = 3;

pub(super) fn rule(facts: &Facts<'_>, groups: &[Group]) -> Vec<Finding> {
    if !facts.is_living() {
        return Vec::new();
    }
    let since_ns = facts.header.read_ns.saturating_sub(RECENT_NS);
    let recent: Vec<_> = facts.served.iter().filter(|served| served.at_ns >= since_ns).collect();
    let denied = Denied::since(facts, since_ns);
    let is_error = |served: &&&Served| served.status >= ERRORS || denied.before(served).is_some();
    let errors: Vec<_> = recent.iter().filter(is_error).copied().collect();
    let (Some(first), Some(last)) = (errors.first(), errors.last()) else { return Vec::new() };
    if errors.len() < LEAST || errors.len() * 2 < recent.len() {
        return Vec::new();
    }
    let (count, of) = (grouped(errors.len() as u64), grouped(recent.len() as u64));
    let of_file = || denied.before(last).and_then(|failure| told(groups, failure));
    let least = (errors.len() as u64).div_ceil(2);
    let said = beside_answers::said(facts, &errors);
    let clause = |said: String| format!("; it said \"{said}\"");
    let reason = of_file()
        // A peer that failed it about as often, the last time right before the last of the answers.
        .or_else(|| upstream::right_before(groups, (last.tgid, last.at_ns), least))
        .or_else(|| said.clone().filter(|said| !has_no_reason(said)).map(clause))
        .or_else(|| match (said.map(clause), checked(facts, groups, last)) {
            (Some(said), checked) => Some(said + &checked.unwrap_or_default()),
            (None, checked) => checked,
        });
    let reason = reason.or_else(|| denied.meanwhile(last).and_then(|failure| told(groups, failure)));
    let reason = reason.or_else(|| died(facts, first)).unwrap_or_default();
    let text = format!(
        "it answered {count} of its last {of} requests with an error, {} with HTTP {}{reason}",
        last.name, last.status
    );
    vec![Finding::new("served", SERVES_ERRORS, text, [first.index, last.index])]
}

/// The files that processes may not have, in the order of time.
struct Denied<'f>(Vec<&'f Failure>);

impl<'f> Denied<'f> {
    fn since(facts: &'f Facts<'_>, since_ns: u64) -> Self {
        let is_it = |failure: &&Failure| {
            failure.at_ns >= since_ns
                && failure.meaning() == Meaning::Denied
                && matches!(failure.subject, Subject::Path(_))
                // What is only asked for, programs reckon with.
                && calls::has(&failure.name, bits::OPENS)
                && !failure.is_look
                && noise(&failure.name, &failure.subject, failure.errno) == Noise::None
        };
        let mut denied: Vec<_> = facts.failures.iter().filter(is_it).collect();
        denied.sort_by_key(|failure| failure.at_ns);
        Self(denied)
    }

    /// The last that the server met before it answered a request with 403.
    fn before(&self, served: &Served) -> Option<&'f Failure> {
        if served.status == FORBIDDEN { self.meanwhile(served) } else { None }
    }

    /// The last that the server met between a request and its answer.
    fn meanwhile(&self, served: &Served) -> Option<&'f Failure> {
        let until = self.0.partition_point(|failure| failure.at_ns <= served.at_ns);
        let meanwhile = self.0.iter().take(until).rev().take_while(|failure| failure.at_ns >= served.began_ns);
        meanwhile.copied().find(|failure| failure.tgid == served.tgid)
    }
}

/// What failed with a file, as often as it did.
fn told(groups: &[Group], failure: &Failure) -> Option<String> {
    let is_it = |group: &&Group| group.subject == failure.subject && group.errno == failure.errno;
    Some(format!("; right before that {}", failure::clause(groups.iter().find(is_it)?)))
}

/// Of who passes requests on, peers that fail it all the time, as those whose health it checks.
fn checked(facts: &Facts<'_>, groups: &[Group], last: &Served) -> Option<String> {
    OF_GATEWAYS
        .contains(&last.status)
        .then(|| upstream::meanwhile(facts, groups, (last.tgid, last.at_ns), |group| group.first_ns <= last.at_ns))?
}

/// The thread of the server that ended of an exception before the first of the errors, if it answered none well since.
fn died(facts: &Facts<'_>, first: &Served) -> Option<String> {
    let mut threads = uncaught::all(facts).into_iter();
    let Uncaught { tid, at_ns, said, .. } =
        threads.rfind(|thread| thread.tgid == first.tgid && thread.at_ns < first.at_ns)?;
    let is_well = |served: &Served| served.status < ERRORS && (at_ns..first.at_ns).contains(&served.at_ns);
    if facts.served.iter().any(|served| served.tgid == first.tgid && is_well(served)) {
        return None;
    }
    Some(format!("; before that its thread {tid} ended: it said \"{said}\""))
}

#[cfg(test)]
mod tests {
    use crate::scene::{S, Scene};
    use rewind_common::record::message::message_flags::RECEIVED;

    /// A server that answers requests with these statuses, a second apart, an upstream having refused it before each.
    fn answering(statuses: &[u16], refused: bool) -> String {
        let mut scene = Scene::of("nginx");
        let (mut received, mut sent) = (0, 0);
        for status in statuses {
            let ports = [8080, 5000];
            scene.message(ports, RECEIVED, &mut received, b"GET /cart HTTP/1.1\r\nHost: shop\r\n\r\n");
            if refused {
                scene.connect([10, 0, 0, 5], 5432, -111);
            }
            let response = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
            scene.message(ports, 0, &mut sent, response.as_bytes());
            scene.later(S);
        }
        scene.answer()
    }

    /// A gateway that answers with this status, and connects to a backend each second.
    fn checking(status: u16, backend: impl Fn(&mut Scene)) -> String {
        let mut scene = Scene::of("haproxy");
        let (mut received, mut sent) = (0, 0);
        for _ in 0..6 {
            backend(&mut scene);
            scene.later(2 * S);
            let ports = [8080, 5000];
            scene.message(ports, RECEIVED, &mut received, b"GET /cart HTTP/1.1\r\nHost: shop\r\n\r\n");
            let response = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
            scene.message(ports, 0, &mut sent, response.as_bytes());
        }
        scene.answer()
    }

    #[test]
    fn a_gateway_that_has_nobody_to_pass_requests_on_to_is_told_with_those_that_refuse_its_checks() {
        let refuses = |scene: &mut Scene| scene.connect([10, 0, 0, 5], 8080, -111);
        let answer = "It is running; but it answered 6 of its last 6 requests with an error, GET /cart with HTTP 503; \
                      meanwhile connect to 10.0.0.5:8080 was refused (ECONNREFUSED), 6 times in 10.0s.";
        assert_eq!(checking(503, refuses), answer);
        // An error of its own has nothing to do with a peer that it tells something from time to time.
        assert!(checking(500, refuses).ends_with("GET /cart with HTTP 500."), "{}", checking(500, refuses));
        // Who was there at last is not what fails.
        let mut attempts = std::cell::Cell::new(0);
        let recovers = |scene: &mut Scene| {
            attempts.set(attempts.get() + 1);
            scene.connect([10, 0, 0, 5], 8080, if attempts.get() == 6 { 0 } else { -111 });
        };
        assert!(checking(503, recovers).ends_with("GET /cart with HTTP 503."));
        assert_eq!(*attempts.get_mut(), 6);
    }

    #[test]
    fn what_it_says_of_each_request_comes_before_what_fails_meanwhile_unless_it_gives_no_reason() {
        let answer = |says: &str| {
            let mut scene = Scene::of("app");
            let (mut received, mut sent) = (0, 0);
            for _ in 0..6 {
                // As it sends its figures, each two seconds.
                scene.connect([10, 0, 0, 5], 8125, -111);
                scene.later(2 * S);
                scene.message([8080, 5000], RECEIVED, &mut received, b"GET /ready HTTP/1.1\r\nHost: shop\r\n\r\n");
                scene.say(2, says);
                scene.message([8080, 5000], 0, &mut sent, b"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n");
            }
            scene.answer()
        };
        let missing = answer("not ready: stat /data/CURRENT: no such file or directory\n");
        assert!(
            missing.ends_with("it said \"not ready: stat /data/CURRENT: no such file or directory\"."),
            "{missing}"
        );
        let bare = answer("AH01079: failed to make connection to backend: localhost\n");
        assert!(bare.contains("meanwhile connect to 10.0.0.5:8125 was refused"), "{bare}");
    }

    #[test]
    fn who_serves_well_and_has_no_space_for_its_log_is_told() {
        let mut scene = Scene::of("nginx");
        let (mut received, mut sent) = (0, 0);
        for _ in 0..6 {
            scene.message([8080, 5000], RECEIVED, &mut received, b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
            scene.message([8080, 5000], 0, &mut sent, b"HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n");
            scene.open("/logs/access.log", -28);
            scene.later(S);
        }
        let told = "It is running; but openat of /logs/access.log found no space left (ENOSPC), 6 times.";
        assert_eq!(scene.answer(), told);
    }

    #[test]
    fn a_server_that_answers_with_errors_is_told_with_the_file_that_it_cannot_write_each_time() {
        let mut scene = Scene::of("app");
        let (mut received, mut sent) = (0, 0);
        for _ in 0..4 {
            let ports = [8080, 5000];
            scene.message(ports, RECEIVED, &mut received, b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
            scene.open("/data/log/app.log", -28);
            scene.message(ports, 0, &mut sent, b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n");
            scene.later(S);
        }
        let reason =
            "GET / with HTTP 500; right before that openat of /data/log/app.log found no space left (ENOSPC), 4 times.";
        assert!(scene.answer().ends_with(reason), "{}", scene.answer());
    }

    #[test]
    fn a_server_that_may_not_read_what_it_is_asked_for_is_told_with_the_file() {
        let answer_of = |errno: i64, status: u16| {
            let mut scene = Scene::of("nginx");
            let (mut received, mut sent) = (0, 0);
            for _ in 0..4 {
                let ports = [8080, 5000];
                scene.message(ports, RECEIVED, &mut received, b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
                scene.open("/srv/www/index.html", errno);
                let response = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
                scene.message(ports, 0, &mut sent, response.as_bytes());
                scene.later(S);
            }
            scene.answer()
        };
        let reason =
            "GET / with HTTP 403; right before that openat of /srv/www/index.html was denied (EACCES), 4 times.";
        assert!(answer_of(-13, 403).ends_with(reason), "{}", answer_of(-13, 403));
        assert!(answer_of(-13, 500).ends_with("index.html was denied (EACCES), 4 times."), "{}", answer_of(-13, 500));
        // Who is told that he may not come in, or that nothing is there, is told the truth.
        assert_eq!(answer_of(3, 403), "It is running: nothing unusual found.");
        assert_eq!(answer_of(-2, 404), "It is running: nothing unusual found.");
        // What is only looked for has nothing to do with that.
        let mut scene = Scene::of("gunicorn");
        let (mut received, mut sent) = (0, 0);
        for _ in 0..4 {
            scene.message([8080, 5000], RECEIVED, &mut received, b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
            scene.access("/root/_netrc", -13);
            scene.message([8080, 5000], 0, &mut sent, b"HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n");
            scene.later(S);
        }
        assert_eq!(scene.answer(), "It is running: nothing unusual found.");
    }

    #[test]
    fn a_server_that_answers_with_errors_is_told_with_what_it_says_of_each() {
        let answer_of = |of: [&str; 3]| {
            let mut scene = Scene::of("app");
            let (mut received, mut sent) = (0, 0);
            for error in of {
                let ports = [8080, 5000];
                scene.message(ports, RECEIVED, &mut received, b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
                scene.say(2, &format!("ERROR app: {error}\n"));
                scene.message(ports, 0, &mut sent, b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n");
                scene.later(S);
            }
            scene.answer()
        };
        let table = "relation \"invoices\" does not exist";
        let told = answer_of([table; 3]);
        assert!(
            told.ends_with("GET / with HTTP 500; it said \"app: relation \"invoices\" does not exist\"."),
            "{told}"
        );
        assert!(answer_of([table, table, "bad date"]).ends_with("GET / with HTTP 500."));
    }

    #[test]
    fn a_server_that_answers_with_errors_is_told_with_the_peer_that_fails_it() {
        let answer = "It is running; but it answered 4 of its last 4 requests with an error, GET /cart with HTTP 502; right \
                      before that connect to 10.0.0.5:5432 was refused (ECONNREFUSED), 4 times.";
        assert_eq!(answering(&[502; 4], true), answer);
        assert!(answering(&[200, 500, 500, 500], false).contains("3 of its last 4 requests"));
        for few in [&[200, 500, 500][..], &[200, 200, 200, 200, 500, 500, 500], &[404; 9]] {
            assert_eq!(answering(few, false), "It is running: nothing unusual found.", "{few:?}");
        }
    }
}
