//! A living server that answers well, and logs an error at each answer: an exporter, say, that cannot ask what it is to tell
//! of.

use crate::facts::{Facts, Served};
use crate::finding::Finding;
use crate::groups::Group;
use crate::last_words::logs_errors;
use crate::weight::CLIENT_ERRORS;
use crate::words::beside_answers;
use rewind_recording::render::units::grouped;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

/// Statuses of answers to requests that were wrong, or failed, begin here (RFC 9110, 15.5).
const ERRORS: u16 = 400;
/// So long ago is another matter.
const RECENT_NS: u64 = 60_000_000_000;
/// So many are more than chance.
const LEAST: usize = 5;
/// So many things that are asked for are looked at.
const LOOKED_AT: usize = 4;

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    if !facts.is_living() || facts.is_frozen() {
        return Vec::new();
    }
    let since_ns = facts.header.read_ns.saturating_sub(RECENT_NS);
    let mut asked = BTreeMap::<(u32, &str), Vec<&Served>>::new();
    for served in facts.served.iter().filter(|served| served.at_ns >= since_ns) {
        asked.entry((served.tgid, &served.name)).or_default().push(served);
    }
    let logging = facts.processes.iter().filter(|(_, process)| logs_errors(process)).map(|(tgid, _)| *tgid);
    let logging: HashSet<u32> = logging.collect();
    let mut asked: Vec<_> = asked.into_iter().filter(|((tgid, _), _)| logging.contains(tgid)).collect();
    // What is asked most tells the most.
    asked.sort_by_key(|(_, answers)| Reverse(answers.len()));
    asked.iter().take(LOOKED_AT).find_map(|(_, answers)| finding(facts, answers)).into_iter().collect()
}

fn finding(facts: &Facts<'_>, answers: &[&Served]) -> Option<Finding> {
    let (first, last) = (answers.first()?, answers.last()?);
    if answers.len() < LEAST || answers.iter().any(|served| served.status >= ERRORS) {
        return None;
    }
    let said = beside_answers::logged(facts, answers)?;
    let of = grouped(answers.len() as u64);
    let text = format!("it logs an error at each of its last {of} answers to {}: it said \"{said}\"", last.name);
    Some(Finding::new("each-answer", CLIENT_ERRORS, text, [first.index, last.index]))
}

#[cfg(test)]
mod tests {
    use crate::scene::{MS, S, Scene};
    use rewind_common::record::message::message_flags::RECEIVED;

    const ERROR: &str =
        "time=\"2026-11-30T21:04:39Z\" level=error msg=\"Redis INFO err: NOAUTH Authentication required.\"\n";

    /// A server that says something at each of its answers, the last of which has a status.
    fn answering(status: u16, says: impl Fn(usize) -> &'static str) -> String {
        let mut scene = Scene::of("exporter");
        let (mut received, mut sent) = (0, 0);
        for i in 0..6 {
            scene.message([8080, 5000], RECEIVED, &mut received, b"GET /metrics HTTP/1.1\r\nHost: app\r\n\r\n");
            scene.later(5 * MS);
            if !says(i).is_empty() {
                scene.say(2, says(i));
            }
            let status = if i == 5 { status } else { 200 };
            let response = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
            scene.message([8080, 5000], 0, &mut sent, response.as_bytes());
            scene.later(2 * S);
        }
        scene.answer()
    }

    #[test]
    fn who_logs_an_error_at_each_answer_is_told() {
        let told = "It is running; but it logs an error at each of its last 6 answers to GET /metrics: it said \"Redis INFO \
                    err: NOAUTH Authentication required\".";
        assert_eq!(answering(200, |_| ERROR), told);
    }

    #[test]
    fn one_error_is_not_of_all_requests_that_wait_meanwhile() {
        let mut scene = Scene::of("exporter");
        for port in 5000..5006 {
            scene.message([8080, port], RECEIVED, &mut 0, b"GET /events HTTP/1.1\r\nHost: app\r\n\r\n");
        }
        scene.say(2, ERROR);
        for port in 5000..5006 {
            scene.message([8080, port], 0, &mut 0, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
        scene.later(S);
        assert_eq!(scene.answer(), "It is running: nothing unusual found.");
    }

    #[test]
    fn who_does_so_now_and_then_or_only_warns_is_well() {
        let nothing = "It is running: nothing unusual found.";
        assert_eq!(answering(200, |i| if i % 2 == 0 { ERROR } else { "" }), nothing);
        assert_eq!(answering(200, |_| "level=warning msg=\"cache is not there\"\n"), nothing);
        assert_eq!(answering(404, |_| ERROR), nothing);
    }
}
