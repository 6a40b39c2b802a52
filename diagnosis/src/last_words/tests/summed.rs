//! Lines that sum up, or lead to another: what they are of is told.

use super::error;
use crate::scene::{S, Scene};

#[test]
fn who_sums_up_has_said_the_reason_before() {
    for (said, told) in [
        (
            "Options error: --ca fails with '/ca.crt': No such file\nOptions error: Please correct these errors.\n",
            "Options error: --ca fails with '/ca.crt': No such file",
        ),
        (
            "ER_CFG: Incorrect value for option 'memory'\nfatal error, exiting the event loop\n",
            "ER_CFG: Incorrect value for option 'memory'",
        ),
        (
            "No (valid) server name configured!\nngIRCd exiting due to fatal errors!\n",
            "No (valid) server name configured!",
        ),
        (
            "\u{2718} [ERROR] Unexpected end of file before a closing \"div\" tag\n\n    src/a.jsx:5:0:\n\n1 error\n",
            "Unexpected end of file before a closing \"div\" tag",
        ),
        (
            "  3:10  error  'total' is not defined  no-undef\n\n\u{2716} 2 problems (2 errors, 0 warnings)\n",
            "3:10 error 'total' is not defined no-undef",
        ),
        (
            "Failed asserting that 90 is identical to 95.\n\nTests: 2, Assertions: 2, Failures: 1.\n",
            "Failed asserting that 90 is identical to 95",
        ),
        (
            "WARNING -  Doc file 'a.md' contains a link 'b.md', but the target is not found.\n\nAborted with 1 warnings in strict mode!\n",
            "Doc file 'a.md' contains a link 'b.md', but the target is not found",
        ),
        (
            "mqtt: not Authorized\npanic: no broker, no telemetry\n",
            "mqtt: not Authorized, then panic: no broker, no telemetry",
        ),
    ] {
        assert_eq!(error(said), told);
    }
}

#[test]
fn a_line_that_leads_to_the_next_is_told_with_it() {
    let said =
        "12:00:09  Encountered an error:\nCompilation Error\n  Model 'revenue' depends on a node that was not found\n";
    assert_eq!(
        error(said),
        "Encountered an error: Compilation Error Model 'revenue' depends on a node that was not found"
    );
    let said = "ERROR: In procedure vector-ref:\nValue out of range: 5\n";
    assert_eq!(error(said), "In procedure vector-ref: Value out of range: 5");
    let said = "E       fixture 'db' not found\n>       available fixtures: cache, capfd\n\n/app/test_api.py:2\n\
                === short test summary info ===\nERROR test_api.py::test_list\n";
    assert_eq!(error(said), "fixture 'db' not found");
}

#[test]
fn what_is_done_without_and_hints_are_no_errors() {
    let said = "remote config not available, using file\nslot: parsing time \"24:30\": hour out of range\n";
    assert_eq!(error(said), "slot: parsing time \"24:30\": hour out of range");
    let said =
        "Key 'epoch' is not in struct\n\nSet the environment variable FULL_ERROR=1 for a complete stack trace.\n";
    assert_eq!(error(said), "Key 'epoch' is not in struct");
}

#[test]
fn the_c_librarys_word_for_an_argument_gives_way_to_the_line_above_it() {
    let said = "1:M 30 Nov 2026 21:08:20.746 # Can't handle RDB format version 12\n\
                1:M 30 Nov 2026 21:08:20.747 # Fatal error loading the DB: Invalid argument. Exiting.\n";
    assert_eq!(error(said), "Can't handle RDB format version 12");
}

#[test]
fn that_a_connection_is_closed_is_told_with_the_error_that_it_was_closed_for() {
    let said = "[redis] Unhandled error event: ReplyError: MISCONF cannot persist on disk\n\n\
                Error: Connection is closed.\n    at close (/app/redis.js:233:28)\n\nNode.js v20.20.2\n";
    let told =
        "[redis] Unhandled error event: ReplyError: MISCONF cannot persist on disk, then Error: Connection is closed";
    assert_eq!(error(said), told);
}

#[test]
fn what_rake_says_first_wraps_the_causes_below_it() {
    let said = "rails aborted!\nActiveRecord::NoDatabaseError: database \"shop\" does not exist\n/app/bin/rails:3:in \
                `<main>'\n\nCaused by:\nPG::ConnectionBad: database \"shop\" does not exist\n/app/bin/rails:3:in `<main>'\n\n\
                Caused by:\nLoadError: cannot load such file -- rails/commands\n/app/bin/rails:3:in `<main>'\n\
                Tasks: TOP => db:migrate\n";
    assert_eq!(error(said), "ActiveRecord::NoDatabaseError: database \"shop\" does not exist");
}

#[test]
fn who_only_sums_up_has_said_the_reason_before_if_longer() {
    let reason = "E       fixture 'db' not found\n";
    let after = |ns: u64, said: &str| {
        let mut scene = Scene::of("pytest");
        scene.say(1, reason);
        scene.later(ns);
        scene.say(1, said);
        scene.exit(700, 1 << 8);
        let why = scene.why();
        (why.last_words.map(|words| words.text), why.said)
    };
    let (told, said) = after(S, "ERROR test_api.py::test_list\n");
    assert_eq!(told.as_deref(), Some("fixture 'db' not found"));
    assert_eq!(said, [reason.trim_end(), "ERROR test_api.py::test_list"]);
    // Who states a reason has no need of it.
    let (told, _) = after(S, "KeyError: 'total'\n");
    assert_eq!(told.as_deref(), Some("KeyError: 'total'"));
    // Of an attempt so long ago it says nothing.
    let (told, _) = after(20 * S, "ERROR test_api.py::test_list\n");
    assert_eq!(told.as_deref(), Some("test_api.py::test_list"));
}
