//! A living server that has answered nothing but client errors (RFC 9110, 15.5): clients may ask for the wrong thing all the
//! time, or it was set up wrong, which its calls do not tell apart. So it counts less than whatever else is found.

use crate::facts::Facts;
use crate::finding::Finding;
use crate::groups::Group;
use crate::weight::CLIENT_ERRORS;
use crate::words::beside_answers;
use rewind_recording::render::units::grouped;
use std::ops::Range;

/// Statuses of those.
const STATUSES: Range<u16> = 400..500;
/// What is not there, not by that method, or not by that protocol (RFC 9110, 15.5.5, 15.5.6, 15.5.22).
const NOT_THERE: [u16; 3] = [404, 405, 426];
/// So many are more than a client that has not logged in yet.
const LEAST: usize = 10;

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    let errors: Vec<_> = facts.served.iter().filter(|served| STATUSES.contains(&served.status)).collect();
    let (Some(first), Some(last)) = (errors.first(), errors.last()) else { return Vec::new() };
    let is_well = facts.served.iter().any(|served| served.status < STATUSES.start);
    if !facts.is_living() || is_well || errors.len() < LEAST || errors.len() * 2 < facts.served.len() {
        return Vec::new();
    }
    let said = beside_answers::said(facts, &errors);
    // Who asks for one thing alone that is not there may have the wrong address.
    let is_one = facts.served.iter().all(|served| served.name == last.name);
    if is_one && said.is_none() && NOT_THERE.contains(&last.status) {
        return Vec::new();
    }
    let said = said.map_or_else(String::new, |said| format!("; it said \"{said}\""));
    let of = grouped(facts.served.len() as u64);
    let text =
        format!("it answered none of its last {of} requests well, {} with HTTP {}{said}", last.name, last.status);
    vec![Finding::new("client-errors", CLIENT_ERRORS, text, [first.index, last.index])]
}

#[cfg(test)]
mod tests {
    use crate::scene::{S, Scene};
    use rewind_common::record::message::message_flags::RECEIVED;

    fn answering(statuses: impl IntoIterator<Item = u16>, says: &str) -> String {
        let mut scene = Scene::of("nginx");
        let (mut received, mut sent) = (0, 0);
        for status in statuses {
            scene.message([8080, 5000], RECEIVED, &mut received, b"GET /cart HTTP/1.1\r\nHost: shop\r\n\r\n");
            if !says.is_empty() {
                scene.say(2, says);
            }
            let response = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
            scene.message([8080, 5000], 0, &mut sent, response.as_bytes());
            scene.later(S);
        }
        scene.answer()
    }

    #[test]
    fn a_server_that_answers_nothing_well_is_told_with_what_it_says() {
        let answer = "It is running; but it answered none of its last 10 requests well, GET /cart with HTTP 403; it said \
                      \"AH01630: client denied by server configuration: /srv/www/\".";
        let says = "[Mon Nov 30 13:27:02 2026] [authz_core:error] [pid 6] AH01630: client denied by server configuration: \
                    /srv/www/\n";
        assert_eq!(answering([403; 10], says), answer);
        assert!(answering([403; 12], "").ends_with("of its last 12 requests well, GET /cart with HTTP 403."));
    }

    #[test]
    fn a_server_that_answers_some_well_is_well() {
        let quiet = "It is running: nothing unusual found.";
        assert_eq!(answering([401; 9], ""), quiet);
        assert_eq!(answering([404; 12], ""), quiet);
        assert_eq!(answering([200].into_iter().chain([404; 20]), ""), quiet);
    }
}
