//! What a program says on its way out: that it ends in order, and what failed of that. It failed before.

use super::ordinary::{is_log_header, is_mark};

/// How words begin by which a program says that it ends.
const ENDS: &[&str] = &["bye", "done", "exit", "finish", "goodbye", "stop", "terminat"];

/// How those begin that tell what it does then: it tidies up, and tells others.
const TIDIES: &[&str] = &[
    "bugsnag",
    "clean",
    "clos",
    "delet",
    "deregist",
    "disconnect",
    "drain",
    "export",
    "flush",
    "hprof",
    "mail",
    "notif",
    "otlp",
    "pidfile",
    "pushgateway",
    "releas",
    "remov",
    "report",
    "rollback",
    "rollbar",
    "sentry",
    "shut",
    "spans",
    "statsd",
    "telemetry",
    "traces",
    "unregist",
];

/// Whether a line says that a program ends in order, or nothing.
pub(super) fn is_orderly(line: &str) -> bool {
    is_mark(line) || is_log_header(line) || has_any(line, ENDS) || has_any(line, TIDIES)
}

/// Whether an error is one of what a program does as it ends; that it ends of it is none.
pub(super) fn is_of_tidying(text: &str) -> bool {
    let said = before_end(text);
    // Where in the source, as Ruby has it, says nothing.
    let text = text.split_once("': ").filter(|(place, _)| place.contains(":in ")).map_or(text, |(_, said)| said);
    let lower = text.to_lowercase();
    has_any(said.unwrap_or(text), TIDIES) || lower.contains("pid file") || lower.contains(".hprof")
}

/// What an error says before it says, behind a comma or in a sentence of its own, that the program ends of it.
pub(super) fn before_end(text: &str) -> Option<&str> {
    let parts = [", ", ". "].map(|mark| text.rsplit_once(mark)).into_iter().flatten();
    let ends = parts.filter(|(_, end)| has_any(end, ENDS) || has_any(end, TIDIES));
    ends.map(|(said, _)| said).min_by_key(|said| said.len())
}

/// Whether a word of a text begins so; paths have no words.
fn has_any(text: &str, starts: &[&str]) -> bool {
    let lower = text.to_lowercase();
    let parts = lower.split_whitespace().filter(|part| !part.contains('/'));
    let words = parts.flat_map(|part| part.split(|c: char| !c.is_alphanumeric()));
    let mut before = "";
    // "before a closing tag" is of no closing.
    let mut words = words.filter(|word| !["a", "an", "the"].contains(&std::mem::replace(&mut before, word)));
    // What is "unregistered" never was.
    words.any(|word| word != "unregistered" && starts.iter().any(|start| word.starts_with(start)))
}

#[cfg(test)]
mod tests {
    use crate::scene::{MS, S, Scene};

    /// A program that misses a file and says so, and then another, which it says as well.
    fn said(first: &str, last: &str) -> String {
        let mut scene = Scene::of("app");
        scene.open("/etc/app/routes", -2);
        scene.say(2, first);
        scene.later(MS);
        scene.connect([127, 0, 0, 1], 4318, -111);
        scene.say(2, last);
        scene.exit(700, 1 << 8);
        scene.answer()
    }

    #[test]
    fn what_fails_on_the_way_out_is_not_why_it_ends() {
        let cause = "It exited with 1: it said \"startup failed\"; right before that openat of /etc/app/routes found no such file \
                     (ENOENT).";
        let refused = "dial tcp 127.0.0.1:4318: connect: connection refused\n";
        assert_eq!(said("ERROR startup failed\n", &format!("ERROR failed to upload traces: {refused}")), cause);
        assert!(said("ERROR shard 3 has no owner, stopping\n", "ERROR deregistration failed\n").contains("shard 3"));
        // Alone, it is what is known.
        let mut scene = Scene::of("app");
        scene.say(2, "ERROR cannot flush the journal\n");
        scene.exit(700, 1 << 8);
        assert!(scene.answer().contains("cannot flush the journal"));
    }

    #[test]
    fn who_says_that_it_ends_may_take_its_time() {
        let answer_of = |said: &str| {
            let mut scene = Scene::of("celery");
            scene.connect([127, 0, 0, 1], 6390, -111);
            scene.say(2, said);
            scene.later(2 * S);
            scene.open("/tmp/pymp", 4);
            scene.exit(700, 1 << 8);
            scene.answer()
        };
        let said =
            "[2026-11-30 00:19:30,264: CRITICAL/MainProcess] Retrying the connection to the broker has been disabled";
        let cause = "It exited with 1: it said \"Retrying the connection to the broker has been disabled. Shutting \
                     down...\"; right before that connect to 127.0.0.1:6390 was refused (ECONNREFUSED).";
        assert_eq!(answer_of(&format!("{said}. Shutting down...\n")), cause);
        assert!(answer_of(&format!("{said}\n")).starts_with("It exited with 1; the last that it wrote is"));
    }

    #[test]
    fn an_orderly_end_is_behind_the_complaint() {
        let mut scene = Scene::of("app");
        scene.open("/etc/app/routes", -2);
        scene.say(2, "ERROR migrations not applied\n");
        scene.say(2, "INFO stopping components\n");
        scene.later(S);
        scene.say(2, "INFO stopped\n");
        scene.exit(700, 1 << 8);
        assert!(
            scene
                .answer()
                .starts_with("It exited with 1: it said \"migrations not applied\"; right before that openat")
        );
    }

    #[test]
    fn what_a_program_went_on_behind_is_not_its_last_word() {
        let mut scene = Scene::of("app");
        scene.connect([127, 0, 0, 1], 5432, -111);
        scene.say(2, "ERROR primary is not reachable\n");
        scene.later(2 * S);
        scene.open("/srv/work", 3);
        scene.exit(700, 4 << 8);
        let answer = "It exited with 4; the last that it wrote is \"ERROR primary is not reachable\".";
        assert_eq!(scene.answer(), answer);
    }
}
