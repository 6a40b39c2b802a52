//! A living server that takes connections no more: they are established, and wait.

use crate::facts::{Facts, LONGER, PATIENCE_NS, Process, Taker, Untaken};
use crate::finding::Finding;
use crate::groups::Group;
use crate::weight::UNANSWERED_REQUESTS;
use rewind_recording::render::units::{duration, grouped};

/// So many are more than chance; behind a request without an answer fewer are.
const LEAST: usize = 3;
const LEAST_BEHIND: usize = 2;
/// So much of a command is told.
const MAX_CHARS: usize = 100;

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    let Some((taker, untaken)) = facts.untaken.as_ref().filter(|_| facts.is_living() && !facts.is_frozen()) else {
        return Vec::new();
    };
    finding(facts, taker, untaken).into_iter().collect()
}

fn finding(facts: &Facts<'_>, taker: &Taker, untaken: &[Untaken]) -> Option<Finding> {
    let tgid = taker.tgid;
    facts.processes.get(&tgid).filter(|process| process.end.is_none())?;
    let (first, last) = (untaken.first()?, untaken.last()?);
    let request = facts.unanswered.iter().rfind(|it| it.tgid == tgid && it.closed_ns.is_none());
    let least = if request.is_some() { LEAST_BEHIND } else { LEAST };
    let answers = facts.served.iter().filter(|served| served.tgid == tgid);
    let slowest_ns = answers.map(|served| served.at_ns.saturating_sub(served.began_ns)).max().unwrap_or_default();
    let long_ns = facts.header.read_ns.saturating_sub(first.at_ns);
    if untaken.len() < least || long_ns < PATIENCE_NS.max(slowest_ns.saturating_mul(LONGER)) {
        return None;
    }
    let (count, long) = (grouped(untaken.len() as u64), duration(long_ns));
    let behind = request.map_or_else(String::new, |request| {
        let long = duration(facts.header.read_ns.saturating_sub(request.began_ns));
        format!("; it has left {} before them without an answer for {long}", request.name)
    });
    let child = child(facts, taker).unwrap_or_default();
    let text = format!(
        "it has taken none of the last {count} connections to {}, for up to {long}{behind}{child}",
        first.local
    );
    let evidence = request.map(|request| request.index).into_iter().chain([first.index, last.index]);
    Some(Finding::new("untaken", UNANSWERED_REQUESTS, text, evidence))
}

/// What it has run since it took its last one, and may wait for.
fn child(facts: &Facts<'_>, taker: &Taker) -> Option<String> {
    let is_of_it = |child: &Process| child.parent == taker.tgid && child.first_ns >= taker.at_ns && child.end.is_none();
    let (tgid, child) = facts.processes.iter().find(|(_, child)| is_of_it(child))?;
    let command: String = child.command().chars().take(MAX_CHARS).collect();
    Some(format!(", while its child {command} (process {tgid}) goes on"))
}

#[cfg(test)]
mod tests {
    use crate::scene::{S, Scene};
    use rewind_common::record::message::message_flags::RECEIVED;
    use rewind_common::record::{Connection, connection::what};
    use rewind_recording::event::build;

    const QUIET: &str = "It is running: nothing unusual found.";

    fn comes(scene: &mut Scene, peer_port: u16) {
        scene.later(S);
        let told = Connection { time_ns: scene.now, local_port: 8080, peer_port, ..Connection::default() };
        build::connection(&mut scene.records, (0, 0), what::ACCEPTED, told);
    }

    fn takes(scene: &mut Scene) {
        scene.call(700, 288).arg(3).arg(0).arg(0).arg(0).result(4).end();
    }

    /// A server that takes a connection, and works at its request, or has none.
    fn serving(asked: bool) -> Scene {
        let mut scene = Scene::of("node shop.js");
        comes(&mut scene, 5000);
        takes(&mut scene);
        if asked {
            scene.message([8080, 5000], RECEIVED, &mut 0, b"GET /backup HTTP/1.1\r\nHost: shop\r\n\r\n");
            scene.call(700, 0).arg(4).result(40).end();
        }
        scene
    }

    #[test]
    fn connections_that_wait_behind_a_request_are_told_with_it_and_its_child() {
        let mut scene = serving(true);
        scene.message([8080, 5000], 0, &mut 0, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        comes(&mut scene, 5001);
        takes(&mut scene);
        scene.message([8080, 5001], RECEIVED, &mut 0, b"GET /backup HTTP/1.1\r\nHost: shop\r\n\r\n");
        scene.child(701, 700, "sleep 1000");
        for port in 5002..5004 {
            comes(&mut scene, port);
        }
        scene.later(8 * S);
        let answer = "It is running; but it has taken none of the last 2 connections to 127.0.0.1:8080, for up to 10.0s; it has \
                      left GET /backup before them without an answer for 11.0s, while its child sleep 1000 (process 701) goes \
                      on.";
        assert_eq!(scene.answer(), answer);
        takes(&mut scene);
        assert_eq!(scene.answer(), QUIET);
    }

    #[test]
    fn many_that_wait_are_told_and_a_few_are_not_without_a_request() {
        let mut scene = serving(false);
        for port in 5001..5003 {
            comes(&mut scene, port);
        }
        scene.later(8 * S);
        assert_eq!(scene.answer(), QUIET);
        comes(&mut scene, 5003);
        assert!(scene.answer().contains("none of the last 3 connections"), "{}", scene.answer());
    }

    #[test]
    fn what_somebody_reads_or_has_ended_does_not_wait() {
        let mut scene = serving(false);
        for port in 5001..5005 {
            comes(&mut scene, port);
        }
        scene.message([8080, 5001], RECEIVED, &mut 0, b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
        let told = Connection { time_ns: scene.now, local_port: 8080, peer_port: 5002, ..Connection::default() };
        build::connection(&mut scene.records, (700, 700), what::CLOSED, told);
        scene.later(8 * S);
        assert_eq!(scene.answer(), QUIET);
    }
}
