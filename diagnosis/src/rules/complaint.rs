//! A living program that says nothing any more but the same error, again and again: not what a server says of what its
//! clients ask for.

use crate::clients::Clients;
use crate::facts::{Facts, Process};
use crate::finding::Finding;
use crate::groups::Group;
use crate::last_words::Complaint;
use crate::weight::COMPLAINS;
use rewind_recording::render::units::duration;

/// Shorter than that it may be about to have what it tries for.
const LONG_NS: u64 = 2_000_000_000;

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    if !facts.is_living() || facts.is_frozen() {
        return Vec::new();
    }
    let living = facts.processes.iter().filter(|(_, process)| process.end.is_none());
    let now_ns = facts.header.read_ns;
    let complaints = living.filter_map(|(tgid, process)| Some((*tgid, process, Complaint::of(process, now_ns)?)));
    let complaints: Vec<_> = complaints.filter(|(_, _, complaint)| complaint.span_ns() >= LONG_NS).collect();
    if complaints.is_empty() {
        return Vec::new();
    }
    let clients = Clients::of(facts);
    let own = complaints.into_iter().filter(|(_, _, complaint)| !clients.ask_for(&complaint.at_ns));
    own.map(|(tgid, process, complaint)| finding(now_ns, tgid, process, &complaint)).collect()
}

fn finding(now_ns: u64, tgid: u32, process: &Process, complaint: &Complaint) -> Finding {
    let who = if process.ns_tgid == 1 { "it".to_owned() } else { format!("{} (process {tgid})", process.comm) };
    let long = duration(now_ns.saturating_sub(complaint.began_ns()));
    let (text, times) = (&complaint.text, complaint.at_ns.len());
    let text = format!("all that {who} has said for {long} is \"{text}\", {times} times");
    Finding::new("complaint", COMPLAINS, text, complaint.events)
}

#[cfg(test)]
mod tests {
    use crate::scene::{MS, S, Scene};
    use rewind_common::record::Connection;
    use rewind_common::record::connection::{direction, what};
    use rewind_common::record::message::message_flags::RECEIVED;
    use rewind_recording::event::build;

    const NOTHING: &str = "It is running: nothing unusual found.";
    const ERROR: &str = "{\"level\":\"error\",\"msg\":\"poll failed\",\"err\":\"relation outbox does not exist\"}\n";

    /// It says so once a second, five times, and `other` in between.
    fn says(error: &str, other: &str) -> Scene {
        let mut scene = Scene::of("app");
        scene.say(1, "listening\n");
        for _ in 0..5 {
            scene.later(500 * MS);
            if !other.is_empty() {
                scene.say(1, other);
            }
            scene.later(500 * MS);
            scene.say(2, error);
        }
        scene
    }

    #[test]
    fn what_a_living_program_says_alone_again_and_again_is_told() {
        let told = "It is running; but all that it has said for 5.00s is \"poll failed: relation outbox does not exist\", 5 \
                    times.";
        assert_eq!(says(ERROR, "").answer(), told);
        // As Python's logging has it.
        let told = says("ERROR:consumer:failed to process message 7: KeyError 'sku'\n", "").answer();
        assert!(told.contains("is \"failed to process message 7: KeyError 'sku'\""), "{told}");
        // Who is killed for that by somebody outside.
        let mut scene = says(ERROR, "");
        build::sent(&mut scene.records, scene.now, (700, 700), 9, (9000, 0, "kubelet"));
        scene.exit(700, 9);
        assert!(scene.answer().contains("; until then all that it has said for"), "{}", scene.answer());
        // The numbers in it may be others each time, and more may belong to it.
        let mut scene = Scene::of("app");
        for attempt in 0..3 {
            scene.later(2 * S);
            scene.say(
                2,
                &format!("ERROR consumer: cannot log in ({attempt}/100)\nTrying again in {attempt} seconds...\n\n"),
            );
        }
        assert!(scene.answer().contains("is \"consumer: cannot log in (2/100)\", 3 times."), "{}", scene.answer());
    }

    #[test]
    fn who_says_something_else_is_past_it_or_warns_does_not_complain() {
        assert_eq!(says(ERROR, "job done\n").answer(), NOTHING);
        assert_eq!(says("WARN slow query\n", "").answer(), NOTHING);
        assert_eq!(says("ERROR no cache, continuing without it\n", "").answer(), NOTHING);
        let mut scene = says(ERROR, "");
        scene.later(60 * S);
        assert_eq!(scene.answer(), NOTHING);
        let mut scene = says(ERROR, "");
        scene.later(S);
        scene.say(1, "polled 3 rows\n");
        assert_eq!(scene.answer(), NOTHING);
        // A server whose clients connected before.
        let mut scene = Scene::of("postgres");
        let told = Connection { time_ns: scene.now, direction: direction::IN, ..Connection::default() };
        build::connection(&mut scene.records, (700, 700), what::ACCEPTED, told);
        for _ in 0..5 {
            scene.later(S);
            scene.say(2, ERROR);
        }
        assert_eq!(scene.answer(), NOTHING);
    }

    /// A server that says an error right behind each request, or half a second before.
    fn asked(is_behind: bool) -> String {
        let mut scene = Scene::of("app");
        let (mut received, mut sent) = (0, 0);
        for _ in 0..5 {
            scene.message([8080, 5000], RECEIVED, &mut received, b"GET /cart HTTP/1.1\r\nHost: app\r\n\r\n");
            scene.message([8080, 5000], 0, &mut sent, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            scene.later(if is_behind { MS } else { 900 * MS });
            scene.say(2, ERROR);
            scene.later(S);
        }
        scene.answer()
    }

    #[test]
    fn what_a_server_says_of_requests_is_none_of_its_own() {
        assert!(asked(true).contains("it logs an error at each of its last 5 answers to GET /cart"), "{}", asked(true));
        assert!(
            asked(false).contains("is \"poll failed: relation outbox does not exist\", 5 times"),
            "{}",
            asked(false)
        );
    }

    #[test]
    fn without_a_level_it_takes_more_times() {
        let says = |times: usize| {
            let mut scene = Scene::of("app");
            for attempt in 0..times {
                scene.later(3 * S);
                scene.say(1, &format!("connecting, attempt {attempt}\nrabbit: login refused (403) - retry in 3s\n"));
            }
            scene.answer()
        };
        assert!(says(5).contains("is \"rabbit: login refused (403) - retry in 3s\", 5 times"), "{}", says(5));
        assert_eq!(says(4), NOTHING);
    }

    #[test]
    fn of_an_exception_that_is_caught_the_line_above_it_is_told() {
        let mut scene = Scene::of("celery worker");
        for id in 0..3 {
            scene.later(2 * S);
            scene.say(2, &format!("[2026-11-30 13:27:51,{id}: ERROR/MainProcess] Received unregistered task 'jobs.send'\n\
                Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\n    f()\nKeyError: 'jobs.send'\n"));
        }
        assert!(scene.answer().contains("\"Received unregistered task 'jobs.send'\", 3 times"), "{}", scene.answer());
    }
}
