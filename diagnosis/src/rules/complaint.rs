//! A living program that says nothing any more but the same error, again and again: not a server, which may complain of
//! what its clients ask for.

use crate::facts::{Facts, Process};
use crate::finding::Finding;
use crate::groups::Group;
use crate::last_words::Complaint;
use crate::weight::COMPLAINS;
use rewind_common::record::connection::direction;
use rewind_recording::event::What;
use rewind_recording::render::units::duration;

/// Shorter than that it may be about to have what it tries for.
const LONG_NS: u64 = 2_000_000_000;

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    if !facts.is_living() || facts.is_frozen() {
        return Vec::new();
    }
    let living = facts.processes.iter().filter(|(_, process)| process.end.is_none());
    living.filter_map(|(tgid, process)| finding(facts, *tgid, process)).collect()
}

fn finding(facts: &Facts<'_>, tgid: u32, process: &Process) -> Option<Finding> {
    let now_ns = facts.header.read_ns;
    let Complaint { text, times, began_ns, last_ns, events } = Complaint::of(process, now_ns)?;
    if is_server(facts) || last_ns.saturating_sub(began_ns) < LONG_NS {
        return None;
    }
    let who = if process.ns_tgid == 1 { "it".to_owned() } else { format!("{} (process {tgid})", process.comm) };
    let long = duration(now_ns.saturating_sub(began_ns));
    let text = format!("all that {who} has said for {long} is \"{text}\", {times} times");
    Some(Finding::new("complaint", COMPLAINS, text, events))
}

/// Whether somebody of the container listens, or has been connected to or asked.
fn is_server(facts: &Facts<'_>) -> bool {
    let serves = |what: &What<'_>| match what {
        What::Connection(told) => told.direction == direction::IN,
        What::Listen(_) => true,
        _ => false,
    };
    let mut events = (0..facts.timeline.len()).filter_map(|index| facts.timeline.event(index));
    !facts.served.is_empty() || events.any(|event| serves(&event.what))
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
        // A server that gives its clients what they ask for, or not.
        let mut scene = says(ERROR, "");
        scene.message([8080, 5000], RECEIVED, &mut 0, b"GET /cart HTTP/1.1\r\nHost: app\r\n\r\n");
        scene.message([8080, 5000], 0, &mut 0, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(scene.answer(), NOTHING);
    }
}
