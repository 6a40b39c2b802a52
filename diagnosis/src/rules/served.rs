//! A living server most of whose answers are errors of its own: statuses from 500 on.

use crate::facts::{Facts, Served, Subject};
use crate::finding::Finding;
use crate::groups::Group;
use crate::weight::SERVES_ERRORS;
use crate::words::failure;
use rewind_recording::render::units::grouped;

/// Errors of the server (RFC 9110, 15.6).
const ERRORS: u16 = 500;
/// So long ago is another matter.
const RECENT_NS: u64 = 60_000_000_000;
/// So many are more than chance.
const LEAST: usize = 3;
/// What failed so long before an answer may be the reason for it.
const RIGHT_BEFORE_NS: u64 = 1_000_000_000;

pub(super) fn rule(facts: &Facts<'_>, groups: &[Group]) -> Vec<Finding> {
    if !facts.is_living() {
        return Vec::new();
    }
    let since_ns = facts.header.read_ns.saturating_sub(RECENT_NS);
    let recent: Vec<_> = facts.served.iter().filter(|served| served.at_ns >= since_ns).collect();
    let errors: Vec<_> = recent.iter().filter(|served| served.status >= ERRORS).copied().collect();
    let (Some(first), Some(last)) = (errors.first(), errors.last()) else { return Vec::new() };
    if errors.len() < LEAST || errors.len() * 2 < recent.len() {
        return Vec::new();
    }
    let (count, of) = (grouped(errors.len() as u64), grouped(recent.len() as u64));
    let reason =
        reason(groups, last, errors.len()).map_or_else(String::new, |reason| format!("; right before that {reason}"));
    let text = format!(
        "it answered {count} of its last {of} requests with an error, {} with HTTP {}{reason}",
        last.name, last.status
    );
    vec![Finding::new("served", SERVES_ERRORS, text, [first.index, last.index])]
}

/// A peer that failed its process about as often, the last time right before the last of the answers.
fn reason(groups: &[Group], last: &Served, errors: usize) -> Option<String> {
    let is_it = |group: &&Group| {
        let is_before = group.last_ns <= last.at_ns && last.at_ns - group.last_ns < RIGHT_BEFORE_NS;
        group.tgid == last.tgid
            && matches!(group.subject, Subject::Peer(_))
            && is_before
            && group.count * 2 >= errors as u64
    };
    groups.iter().filter(is_it).max_by_key(|group| group.last_ns).map(failure::clause)
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
