//! Texts as programs print them, and the line that has to be found in them.

mod logs;
mod reasons;
mod runtimes;
mod summed;

use super::LastWords;
use crate::facts::Facts;
use crate::scene::{MS, S, Scene};
use rewind_common::call::{blob_flags, part};

/// What was said by a program that exited with 1 behind it.
fn words(scene: &mut Scene) -> Option<(String, bool)> {
    scene.exit(700, 1 << 8);
    let records = rewind_recording::event::sorted(&scene.records);
    let header = scene.header();
    LastWords::of(&Facts::new(&header, &records)).map(|words| (words.text, words.is_error))
}

/// The error that is found in a text, which is written line by line, and at once: the same.
fn error(text: &str) -> String {
    let mut at_once = Scene::of("app");
    at_once.say(2, text);
    let mut by_line = Scene::of("app");
    text.split_inclusive('\n').for_each(|line| by_line.say(2, line));
    let (at_once, by_line) = (words(&mut at_once), words(&mut by_line));
    assert_eq!(at_once, by_line, "{text}");
    at_once.filter(|(_, is_error)| *is_error).map(|(text, _)| text).unwrap_or_default()
}

#[test]
fn what_is_written_to_standard_error_by_another_descriptor_is_said_as_well() {
    let says = |flags: u8| {
        let mut scene = Scene::of("nginx -g 'daemon off;'");
        let text = b"2026/11/30 12:00:00 [emerg] 1#1: unknown directive \"gzip_lvl\" in /etc/nginx/nginx.conf:5\n";
        let call = scene.call(700, 1).arg(3).next_blob(part::WHOLE, flags, text);
        call.arg(text.len() as u64).result(text.len() as i64).end();
        scene.exit(700, 1 << 8);
        scene.answer()
    };
    let told = "It exited with 1: it said \"unknown directive \"gzip_lvl\" in /etc/nginx/nginx.conf:5\".";
    for flags in [blob_flags::TO_ERROR, blob_flags::TO_OUTPUT | blob_flags::AT_EXIT] {
        assert_eq!(says(flags), told);
    }
    // Whose bytes are recorded because all are.
    assert_eq!(says(0), "It exited with 1; nothing unusual found before that.");
}

#[test]
fn the_lines_of_one_message_stay_together() {
    let mut scene = Scene::of("app");
    scene.say(2, "Traceback (most recent call last):\n  File \"a.py\", line 4, in <module>\n");
    scene.say(2, "RuntimeError");
    scene.say(2, ": ");
    scene.say(2, "first line\nsecond line\n  third");
    scene.say(2, "\n");
    scene.say(2, "bye\n");
    assert_eq!(words(&mut scene), Some(("RuntimeError: first line second line third".to_owned(), true)));
}

#[test]
fn a_message_written_at_once_begins_with_what_it_is_about() {
    let mut scene = Scene::of("postgres");
    scene.say(2, "\"root\" execution of the server is not permitted.\nThe server must be started as another user.\n");
    assert_eq!(words(&mut scene), Some(("\"root\" execution of the server is not permitted".to_owned(), true)));
    // Output has a buffer: what is written at once may be of any time.
    let mut scene = Scene::of("app");
    scene.say(1, "step 1 failed\nstep 2 failed\n");
    assert_eq!(words(&mut scene), Some(("step 2 failed".to_owned(), true)));
}

#[test]
fn a_line_that_tells_of_no_error_does_not_take_the_next_one_with_it() {
    let said = error("a.c: In function 'main':\na.c:1:20: error: 'n' undeclared\n    1 | int main(){ return n; }\n");
    assert_eq!(said, "a.c:1:20: error: 'n' undeclared");
}

#[test]
fn what_was_written_from_several_places_is_what_these_hold() {
    let mut scene = Scene::of("app");
    let call = scene.call(700, 20).arg(2);
    let list = [0x58, 0x47, 0, 0, 0, 0, 0, 0, 33, 0, 0, 0, 0, 0, 0, 0];
    let call = call.blob(1, part::WHOLE, 0, &list).blob(1, part::BYTES, 0, b"double free or corruption (!prev)");
    call.arg(0x7000).arg(1).result(33).end();
    assert_eq!(words(&mut scene), Some(("double free or corruption (!prev)".to_owned(), true)));
}

#[test]
fn a_warning_is_no_error_and_how_to_run_it_is_better_than_nothing() {
    for text in ["app.py:3: UserWarning: no such file, using defaults\n", "warning: cannot reach the cache\n"] {
        let mut scene = Scene::of("app");
        scene.say(2, text);
        assert_eq!(words(&mut scene), Some((text.trim().to_owned(), false)));
    }
    let mut scene = Scene::of("sh run.sh");
    scene.say(2, "usage: run.sh MODE=prod|dev\n");
    assert_eq!(words(&mut scene), Some(("usage: run.sh MODE=prod|dev".to_owned(), false)));
}

#[test]
fn what_a_shell_says_to_standard_error_by_its_output_is_a_complaint() {
    let mut scene = Scene::of("sh run.sh");
    scene.call(700, 33).arg(2).arg(1).result(1).end();
    scene.say(1, "no tenant, stopping\n");
    scene.call(700, 33).arg(10).arg(1).result(1).end();
    scene.say(1, "done\n");
    assert_eq!(words(&mut scene), Some(("no tenant, stopping".to_owned(), false)));
}

#[test]
fn what_goes_to_dev_null_is_said_to_nobody() {
    let mut scene = Scene::of("cat /nope");
    scene.open("/dev/null", 5);
    scene.call(700, 33).arg(5).arg(2).result(2).end();
    scene.say(2, "cat: /nope: No such file or directory\n");
    assert_eq!(words(&mut scene), None);
}

#[test]
fn what_is_no_error_is_told_apart() {
    let mut scene = Scene::of("app");
    scene.say(2, "INFO starting without errors\n");
    scene.say(2, "oops\n");
    assert_eq!(words(&mut scene), Some(("oops".to_owned(), false)));
    // Output is no complaint, unless it says that it is.
    let mut scene = Scene::of("app");
    scene.say(1, "step 3 of 5\n");
    assert_eq!(words(&mut scene), None);
    let mut scene = Scene::of("app");
    scene.say(1, "\u{1b}[31mERROR\u{1b}[0m no database\n");
    assert_eq!(words(&mut scene), Some(("no database".to_owned(), true)));
}

#[test]
fn what_is_not_from_the_end_is_not_quoted() {
    let mut scene = Scene::of("app");
    scene.say(2, "error: the cache is cold\n");
    scene.later(6 * S);
    assert_eq!(words(&mut scene), None);
    let mut scene = Scene::of("app");
    scene.say(2, "error: the cache is cold\n");
    scene.later(4 * S);
    scene.say(2, "exit now\n");
    assert_eq!(words(&mut scene), Some(("exit now".to_owned(), false)));
}

#[test]
fn what_is_missing_is_marked_and_nothing_is_glued() {
    let mut scene = Scene::of("app");
    let text = "panic: a very long thing";
    let call = scene.call(700, 1).arg(2).next_blob(part::WHOLE, blob_flags::CUT, text.as_bytes()).arg(900);
    call.result(900).end();
    scene.say(2, "goroutine 1 [running]:\n");
    assert_eq!(words(&mut scene), Some(("panic: a very long thing…".to_owned(), true)));
    let said = error(&format!("error: begins {} the cause\n", "x".repeat(400)));
    assert_eq!(said.chars().count(), 201);
    assert!(said.starts_with("error: begins x") && said.contains("x…x") && said.ends_with("x the cause"), "{said}");
}

#[test]
fn both_parts_of_a_long_write_are_read_and_the_gap_joins_nothing() {
    let said = |first: &str, last: &str| {
        let mut scene = Scene::of("app");
        let call = scene.call(700, 1).arg(2).next_blob(part::WHOLE, blob_flags::CUT, first.as_bytes());
        call.blob(1, part::WHOLE, blob_flags::LAST, last.as_bytes()).arg(3000).result(3000).end();
        words(&mut scene)
    };
    let first = "ERROR:root:cannot load\nTraceback (most recent call last):\n  File \"a.py\", line 4, in <mod";
    let last = "in load\n    open(path)\nRuntimeError: no such table: users\n";
    assert_eq!(said(first, last), Some(("RuntimeError: no such table: users".to_owned(), true)));
    let frames = "onnect (app.js:3:9)\n    at main (app.js:7:1)\n";
    assert_eq!(
        said("app.js:1\n  throw e;\n  ^\n\nError: no database\n    at c", frames),
        Some(("Error: no database".to_owned(), true))
    );
    // What is behind the gap may be the rest of any line.
    let glued = said("progress: 3\nstill pa", "nic: it was nothing\nbye\n");
    assert_eq!(glued, Some(("bye".to_owned(), false)));
}

#[test]
fn what_the_elements_of_a_vector_say_is_one_text() {
    let mut scene = Scene::of("app");
    let vector = [7_u64, 7, 7, 15].map(u64::to_le_bytes).concat();
    let call = scene.call(700, 20).arg(2).pointed(&vector).blob(1, part::BYTES, 0, b"error: ");
    call.blob(1, part::BYTES + 1, 0, b"no such table\n").arg(2).result(21).end();
    assert_eq!(words(&mut scene), Some(("error: no such table".to_owned(), true)));
}

#[test]
fn the_lines_of_two_threads_are_not_mixed() {
    let mut scene = Scene::of("app");
    rewind_recording::event::build::task(&mut scene.records, scene.now, (701, 700), (2, 1), "worker");
    scene.say(2, "error: no ");
    scene.main = 701;
    scene.say(2, "progress: 3\n");
    scene.main = 700;
    scene.say(2, "database\n");
    scene.later(MS);
    assert_eq!(words(&mut scene), Some(("error: no database".to_owned(), true)));
}

#[test]
fn what_is_shown_has_the_line_that_says_it() {
    let mut scene = Scene::of("node app.js");
    let stack = "    at require (node:internal/modules/helpers:182:18)\n".repeat(8);
    scene.say(
        2,
        &format!("node:internal:1\n  throw err;\n  ^\n\nError: Cannot find module 'x'\n{stack}\nNode.js v20\n"),
    );
    scene.exit(700, 1 << 8);
    let why = scene.why();
    assert_eq!((why.said.len(), why.said[0].as_str()), (4, "Error: Cannot find module 'x'"));
    let said = why.last_words.unwrap();
    assert_eq!((said.text.as_str(), said.is_error, said.tgid), ("Error: Cannot find module 'x'", true, 700));
    assert!(said.evidence[0].call.starts_with("write(2"), "{:?}", said.evidence);
}

#[test]
fn what_a_shell_has_said_by_a_program_is_its_word() {
    let answer = |program: &str, later: u64| {
        let mut scene = Scene::of("sh entrypoint.sh");
        scene.child_says(program, "Error: superuser password is not specified.\n", 0);
        scene.main = 700;
        scene.later(later);
        scene.exit(700, 1 << 8);
        scene.answer()
    };
    assert_eq!(answer("cat", MS), "It exited with 1: it said \"Error: superuser password is not specified\".");
    for quiet in [answer("cat", 20 * S), answer("migrate", MS)] {
        assert!(!quiet.contains("superuser"), "{quiet}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_taken(parts in proptest::collection::vec((0_usize..PARTS.len(), ".{0,12}"), 0..24)) {
        let mut scene = Scene::of("app");
        for (part, any) in &parts {
            scene.say(2, &format!("{}{any}", PARTS[*part]));
        }
        let found = words(&mut scene);
        proptest::prop_assert!(found.is_none_or(|(text, _)| !text.is_empty() && text.chars().count() <= 201));
    }
}

/// What has a meaning at the beginning of a line, and lines' ends.
const PARTS: &[&str] = &[
    "\n",
    "\n",
    "Traceback (most recent call last):\n",
    "  File \"",
    "Error: ",
    "    at ",
    "Caused by: ",
    "\tat ",
    "panic: ",
    "\t",
    "thread 'main' panicked at ",
    "terminate called ",
    "{\"level\":\"error\",\"msg\":\"",
    "level=error msg=\"",
    "F1129 ",
    "] ",
    "[emerg] ",
    "\u{1b}[3",
    "Description:\n",
    "*** FATAL CONFIG FILE ERROR\n",
    ":in `': ",
    "^\n",
    "(Use `node ",
    "Error [",
    "é: ",
];
