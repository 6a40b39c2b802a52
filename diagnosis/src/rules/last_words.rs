//! What the program said itself: the cause where no call is it.

use crate::facts::Facts;
use crate::finding::{Finding, Relation};
use crate::last_words::LastWords;
use crate::weight::{ABORTED, SAID};

/// The error that was stated.
pub(super) fn rule(facts: &Facts<'_>, words: &LastWords) -> Option<Finding> {
    let LastWords { text, is_error: true, events, tgid, .. } = words else { return None };
    let end = facts.processes.get(tgid).and_then(|process| process.end).map(|end| end.index);
    let mut evidence: Vec<usize> = events.iter().copied().chain(end).collect();
    evidence.dedup();
    // That it aborted tells how it ended: the words stand beside that.
    let weight = if facts.own_abort().is_some() { ABORTED - 1 } else { SAID };
    Some(Finding {
        relation: Relation::Reason,
        reasons: vec!["what it wrote right before its end states an error"],
        ..Finding::new("words", weight, format!("it said \"{text}\""), evidence)
    })
}

#[cfg(test)]
mod tests {
    use crate::scene::{MS, S, Scene};

    #[test]
    fn where_no_call_explains_it_the_words_do() {
        let mut scene = Scene::of("python3 app.py");
        scene.open("/usr/lib/python3.11/os.py", 3);
        scene.say(2, "Traceback (most recent call last):\n  File \"app.py\", line 1, in <module>\n");
        scene.say(2, "KeyError: 'DATABASE_URL'\n");
        scene.exit(700, 1 << 8);
        let why = scene.why();
        assert_eq!(why.answer, "It exited with 1: it said \"KeyError: 'DATABASE_URL'\".");
        assert_eq!((why.findings[0].rule, why.findings[0].evidence.len()), ("words", 3));
    }

    #[test]
    fn a_probe_of_healthy_runs_is_no_cause_of_what_was_said() {
        // Node: what the processor offers, then the program, then an unhandled rejection.
        let node = |status: u32| {
            let mut scene = Scene::of("node app.js");
            scene.call(700, 330).arg(0).arg(2).result(-22).end();
            scene.open("/app/app.js", 17);
            if status != 0 {
                scene.say(2, "Error: no settings\n    at /app/app.js:1:16\n\nNode.js v20.20.2\n");
            }
            scene.exit(700, status << 8);
            scene.answer()
        };
        assert_eq!(node(1), "It exited with 1: it said \"Error: no settings\".");
        assert_eq!(node(0), "It exited with 0: nothing unusual found.");
        // Java.
        let java = |status: u32| {
            let mut scene = Scene::of("java Nope");
            scene.open("/sys/devices/system/cpu/cpu0/microcode/version", -2);
            scene.open("/usr/lib/jvm/lib/modules", 3);
            if status != 0 {
                scene.say(2, "Error: Could not find or load main class Nope\n");
                scene.say(2, "Caused by: java.lang.ClassNotFoundException: Nope\n");
            }
            scene.exit(700, status << 8);
            scene.answer()
        };
        assert_eq!(java(1), "It exited with 1: it said \"Error: Could not find or load main class Nope\".");
        assert_eq!(java(0), "It exited with 0: nothing unusual found.");
        // cat, of a directory, closes what it has not opened.
        let mut scene = Scene::of("cat /etc");
        scene.say(2, "cat: /etc: Is a directory\n");
        scene.call(700, 3).arg(7).result(-9).end();
        scene.exit(700, 1 << 8);
        assert_eq!(scene.answer(), "It exited with 1: it said \"cat: /etc: Is a directory\".");
    }

    #[test]
    fn words_and_a_call_that_agree_are_one_cause() {
        let mut scene = Scene::of("app");
        scene.open("/etc/app/key.pem", -13);
        scene.say(2, "fatal: no use without key.pem\n");
        scene.exit(700, 1 << 8);
        let answer = "It exited with 1 after openat of /etc/app/key.pem was denied (EACCES); it said \"fatal: no use without \
                      key.pem\".";
        assert_eq!(scene.answer(), answer);
        // What the words add is nothing.
        let mut scene = Scene::of("app");
        scene.open("/etc/app/key.pem", -13);
        scene.say(2, "open /etc/app/key.pem: Permission denied\n");
        scene.exit(700, 1 << 8);
        assert_eq!(scene.answer(), "It exited with 1 after openat of /etc/app/key.pem was denied (EACCES).");
    }

    #[test]
    fn words_and_a_call_that_do_not_agree_are_both_told() {
        let mut scene = Scene::of("app");
        scene.open("/etc/app/settings", -2);
        scene.say(2, "KeyError: 'DATABASE_URL'\n");
        scene.exit(700, 1 << 8);
        let answer = "It exited with 1: it said \"KeyError: 'DATABASE_URL'\"; right before that openat of /etc/app/settings \
                      found no such file (ENOENT).";
        assert_eq!(scene.answer(), answer);
        // The same error of another file is not what was told.
        let mut scene = Scene::of("app");
        scene.open("/etc/app/settings", -2);
        scene.open("/srv/work", 3);
        scene.say(2, "error: /srv/input: No such file or directory\n");
        scene.exit(700, 1 << 8);
        assert_eq!(scene.answer(), "It exited with 1: it said \"error: /srv/input: No such file or directory\".");
    }

    #[test]
    fn an_error_that_has_nothing_to_do_with_peers_is_not_that_of_one_that_refused() {
        let said = |text: &str| {
            let mut scene = Scene::of("app");
            scene.connect([127, 0, 0, 1], 9125, -111);
            scene.say(2, text);
            scene.exit(700, 1 << 8);
            scene.answer()
        };
        let alone = "It exited with 1: it said \"TypeError: Cannot read properties of undefined\".";
        assert_eq!(said("TypeError: Cannot read properties of undefined\n"), alone);
        assert!(said("Error: no connection to the broker\n").contains("; right before that connect to 127.0.0.1:9125"));
        // Another error of another peer.
        assert!(!said("error: cache server: context deadline exceeded\n").contains("9125"));
    }

    #[test]
    fn what_states_no_error_is_told_as_what_it_is() {
        let mut scene = Scene::of("app");
        scene.say(2, "step 3 of 5\n");
        scene.exit(700, 1 << 8);
        assert_eq!(scene.answer(), "It exited with 1; the last that it wrote is \"step 3 of 5\".");
    }

    #[test]
    fn the_words_are_those_of_the_child_whose_failure_was_passed_on() {
        let mut scene = Scene::of("sh -c migrate");
        scene.child_says("migrate --all", "panic: no schema\n", 2);
        scene.exit(700, 2 << 8);
        let answer =
            "It exited with 2, its child migrate (process 701) having exited with 2: it said \"panic: no schema\".";
        assert_eq!(scene.answer(), answer);
        // What the shell says of a child that a signal killed is no more than that.
        let mut scene = Scene::of("sh -c migrate");
        scene.child(701, 700, "migrate --all");
        scene.exit(701, 9);
        scene.say(2, "Killed\n");
        scene.exit(700, 137 << 8);
        assert!(scene.answer().ends_with("who sent it is not among the records."), "{}", scene.answer());
    }

    #[test]
    fn a_run_that_ended_well_or_lives_is_not_quoted() {
        let mut scene = Scene::of("app");
        scene.say(2, "error: cannot read the cache, going on\n");
        assert_eq!(scene.answer(), "It is running: nothing unusual found.");
        scene.exit(700, 0);
        assert_eq!(scene.answer(), "It exited with 0: nothing unusual found.");
    }

    #[test]
    fn a_connection_that_was_tried_until_it_gave_up_is_told_by_the_call() {
        let mut scene = Scene::of("app");
        for _ in 0..3 {
            scene.connect([10, 0, 0, 5], 5432, -111);
            scene.later(S);
        }
        scene.say(
            2,
            "{\"level\":\"fatal\",\"msg\":\"db\",\"error\":\"dial tcp 10.0.0.5:5432: connect: connection refused\"}\n",
        );
        scene.later(MS);
        scene.exit(700, 1 << 8);
        let answer = "It exited with 1 after connect to 10.0.0.5:5432 was refused (ECONNREFUSED), 3 times.";
        assert_eq!(scene.answer(), answer);
    }

    #[test]
    fn what_nothing_ties_to_the_end_stands_beside_a_cause_alone() {
        let mut scene = Scene::of("app");
        scene.open("/run/secrets/token", -13);
        scene.open("/etc/app/config.yaml", 3);
        scene.say(2, "error: no settings\n");
        scene.exit(700, 1 << 8);
        let why = scene.why();
        assert_eq!(why.answer, "It exited with 1: it said \"error: no settings\".");
        assert_eq!(why.findings[1].text, "openat of /run/secrets/token was denied (EACCES)");
    }

    #[test]
    fn words_that_state_no_error_stand_beside_a_call() {
        let mut scene = Scene::of("app");
        scene.open("/etc/app/settings", -2);
        scene.say(2, "bye\n");
        scene.exit(700, 1 << 8);
        let answer = "It exited with 1 after openat of /etc/app/settings found no such file (ENOENT); the last that it wrote \
                      is \"bye\".";
        assert_eq!(scene.answer(), answer);
    }

    #[test]
    fn the_failed_part_of_a_pipeline_is_named_also_where_another_ended_last() {
        let mut scene = Scene::of("bash -c pipeline");
        scene.child(701, 700, "cat /etc");
        scene.child(702, 700, "cat");
        scene.main = 701;
        scene.open("/etc", 3);
        scene.call(701, 0).arg(3).arg(0x7000).arg(131_072).result(-21).end();
        for piece in ["cat: ", "/etc", ": Is a directory", "\n"] {
            scene.say(2, piece);
        }
        scene.exit(701, 1 << 8);
        scene.exit(702, 0);
        scene.call(700, 3).arg(3).result(-9).end();
        scene.exit(700, 1 << 8);
        let answer = "It exited with 1, its child cat (process 701) having exited with 1 after read of /etc met a directory \
                      where a file was expected (EISDIR).";
        assert_eq!(scene.answer(), answer);
    }
}
