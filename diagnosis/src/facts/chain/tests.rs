//! Whose failure a container ended of.

use crate::scene::{MS, S, Scene};
use rewind_recording::event::build;

const NONE: &str = "It exited with 1; nothing unusual found before that.";

#[test]
fn a_sleep_that_was_killed_is_what_a_shell_passes_on() {
    let mut scene = Scene::of("sh -c sleep 100; exit $?");
    scene.child(701, 700, "sleep 100");
    scene.main = 701;
    scene.exit(701, 9);
    scene.exit(700, 137 << 8);
    assert!(
        scene.answer().contains("its child sleep (process 701) having been killed by SIGKILL"),
        "{}",
        scene.answer()
    );
}

/// `cat /nope`, which fails, as a child of 700; its parent is told so.
fn failing_cat(scene: &mut Scene, tgid: u32) {
    scene.child(tgid, 700, "cat /nope");
    scene.main = tgid;
    scene.open("/nope", -2);
    scene.exit(tgid, 1 << 8);
    scene.call(700, 61).arg(u64::from(u32::MAX)).arg(0x7000).arg(0).arg(0).result(tgid.into()).end();
}

fn ran(scene: &mut Scene, tgid: u32, command: &str, ns: u64) {
    scene.child(tgid, 700, command);
    scene.later(ns);
    scene.exit(tgid, 0);
}

#[test]
fn a_failure_that_the_parent_got_over_is_not_passed_on() {
    let mut scene = Scene::of("sh -c 'cat /nope || true; ls; test -e /x'");
    failing_cat(&mut scene, 701);
    ran(&mut scene, 702, "ls", 0);
    scene.exit(700, 1 << 8);
    assert_eq!(scene.answer(), NONE);
    // It had a rest, and went on.
    let mut scene = Scene::of("sh -c 'cat /nope; sleep 2; exit 1'");
    failing_cat(&mut scene, 701);
    ran(&mut scene, 702, "sleep 2", 2 * S);
    scene.exit(700, 1 << 8);
    assert_eq!(scene.answer(), NONE);
}

#[test]
fn the_child_whose_code_its_parent_tells_is_what_failed() {
    let told = |by: &str| {
        let mut scene = Scene::of("node server.js");
        scene.child_says("engine", "engine: error while loading shared libraries: libssl.so.1.1\n", 127);
        scene.later(S);
        scene.main = 700;
        scene.say(2, by);
        scene.exit(700, 1 << 8);
        scene.answer().contains("its child engine (process 701) having exited with 127")
    };
    assert!(told("Error: query engine exited with code 127\n"));
    assert!(told("engine failed: exit status 127\n"));
    assert!(!told("127 rows, exit\n"));
    assert!(!told("shop 3.0.0-rc.127 ready\n"));
}

#[test]
fn what_a_shell_says_without_a_reason_is_told_with_the_grandchild_that_said_one() {
    let mut scene = Scene::of("sh -c './export.sh || { echo backup failed >&2; exit 4; }'");
    scene.child(701, 700, "sh ./export.sh");
    scene.child(702, 701, "python3 export.py");
    scene.main = 702;
    scene.say(2, "ValueError: bad checksum of part 7\n");
    scene.exit(702, 1 << 8);
    scene.exit(701, 1 << 8);
    scene.main = 700;
    scene.say(2, "backup failed\n");
    scene.exit(700, 4 << 8);
    let behind = "right before that its child sh (process 701) ran python3 (process 702), which exited with 1: it said \"ValueError: bad checksum of part 7\".";
    assert!(scene.answer().ends_with(behind), "{}", scene.answer());
}

#[test]
fn who_ends_with_a_code_of_its_own_had_a_reason_of_its_own() {
    let mut scene = Scene::of("sh -c 'cat /nope; exit 3'");
    failing_cat(&mut scene, 701);
    scene.exit(700, 3 << 8);
    assert_eq!(scene.answer(), "It exited with 3; nothing unusual found before that.");
    // A common code says no more than that something failed.
    let mut scene = Scene::of("sh -c 'cat /nope || exit 2'");
    failing_cat(&mut scene, 701);
    scene.exit(700, 2 << 8);
    assert!(scene.answer().contains("its child cat"), "{}", scene.answer());
}

#[test]
fn the_error_of_a_script_is_not_its_last_childs() {
    let mut scene = Scene::of("bash -uc 'cat /nope; echo $CHANNEL'");
    failing_cat(&mut scene, 701);
    scene.main = 700;
    scene.say(2, "bash: line 1: CHANNEL: unbound variable\n");
    scene.exit(700, 2 << 8);
    let answer = "It exited with 2; the last that it wrote is \"bash: line 1: CHANNEL: unbound variable\".";
    assert_eq!(scene.answer(), answer);
}

#[test]
fn a_crash_of_a_child_is_passed_on_with_any_code() {
    let mut scene = Scene::of("server");
    scene.child(701, 700, "worker");
    scene.exit(701, 11);
    scene.exit(700, 70 << 8);
    let answer = "It exited with 70, its child worker (process 701) having been killed by SIGSEGV";
    assert!(scene.answer().starts_with(answer), "{}", scene.answer());
}

#[test]
fn what_had_failed_before_and_was_got_over_is_not_passed_on() {
    let mut scene = Scene::of("sh run.sh");
    failing_cat(&mut scene, 701);
    ran(&mut scene, 702, "perl", 0);
    failing_cat(&mut scene, 703);
    scene.exit(700, 1 << 8);
    assert_eq!(scene.answer(), NONE);
}

#[test]
fn a_child_that_another_child_killed_is_not_what_ended_it() {
    let mut scene = Scene::of("python3 app.py");
    scene.child(701, 700, "worker");
    scene.child(702, 700, "kill -9 701");
    scene.call(702, 62).arg(701).arg(9).result(0).end();
    build::signal(&mut scene.records, scene.now, 701, {
        let mut info = [0; 12];
        info[0] = 9;
        info
    });
    scene.exit(701, 9);
    scene.exit(702, 0);
    scene.exit(700, 1 << 8);
    assert!(!scene.answer().contains("having been killed"), "{}", scene.answer());
}

#[test]
fn a_code_of_its_own_tells_that_it_was_passed_on_behind_a_cleanup() {
    let mut scene = Scene::of("sh -e run.sh");
    scene.child(701, 700, "migrate");
    scene.exit(701, 17 << 8);
    scene.call(700, 61).arg(u64::from(u32::MAX)).arg(0x7000).arg(0).arg(0).result(701).end();
    ran(&mut scene, 702, "rm -f lock", 0);
    scene.exit(700, 17 << 8);
    assert!(scene.answer().contains("its child migrate (process 701) having exited with 17"), "{}", scene.answer());
}

#[test]
fn the_parts_of_a_pipeline_began_before_one_of_them_was_known_to_have_failed() {
    let mut scene = Scene::of("bash -o pipefail -c pipeline");
    for child in [701, 702] {
        build::fork(&mut scene.records, scene.now, (700, 700), child);
    }
    failing_cat(&mut scene, 701);
    ran(&mut scene, 702, "sort", 300 * MS);
    scene.exit(700, 1 << 8);
    let answer = scene.answer();
    assert!(answer.contains("its child cat (process 701) having exited with 1 after openat of /nope"), "{answer}");
}

#[test]
fn a_loop_that_gave_up_is_told_with_what_it_tried_and_how_often() {
    let mut scene = Scene::of("sh -c wait-for-db");
    for attempt in 0..14_u32 {
        let tgid = 701 + 2 * attempt;
        scene.child(tgid, 700, "pg_isready -h db");
        scene.main = tgid;
        scene.connect([10, 0, 0, 5], 5432, -111);
        scene.exit(tgid, 2 << 8);
        scene.call(700, 61).arg(u64::from(u32::MAX)).arg(0x7000).arg(0).arg(0).result(tgid.into()).end();
        ran(&mut scene, tgid + 1, "sleep 2", 2 * S);
    }
    scene.exit(700, 1 << 8);
    let answer = "It exited with 1, its child pg_isready (process 727, the last of 14 in 26.1s) having exited with 2 after \
                  connect to 10.0.0.5:5432 was refused (ECONNREFUSED), 14 times in 26.1s.";
    assert_eq!(scene.answer(), answer);
}

#[test]
fn xargs_says_in_a_code_of_its_own_that_one_of_its_children_failed() {
    let mut scene = Scene::of("xargs -n1 cat");
    failing_cat(&mut scene, 701);
    ran(&mut scene, 702, "cat /etc/passwd", 0);
    scene.exit(700, 123 << 8);
    let answer = "It exited with 123 (xargs: what it ran exited with 1 to 125), its child cat (process 701) having exited \
                  with 1 after openat of /nope found no such file (ENOENT).";
    assert_eq!(scene.answer(), answer);
}

#[test]
fn a_shell_that_ends_with_the_code_of_the_one_before_its_trap_failed_of_that() {
    let mut scene = Scene::of("bash /app/backup.sh");
    scene.child(701, 700, "tar -czf /tmp/b.tgz data");
    scene.main = 701;
    scene.say(2, "tar: data: Cannot stat: No such file or directory\n");
    scene.exit(701, 2 << 8);
    scene.child(702, 700, "curl http://127.0.0.1/finished");
    scene.main = 702;
    scene.say(2, "curl: (7) Failed to connect to 127.0.0.1 port 80\n");
    scene.exit(702, 7 << 8);
    scene.main = 700;
    scene.exit(700, 2 << 8);
    let answer = scene.answer();
    assert!(
        answer.starts_with("It exited with 2, its child tar (process 701) having exited with 2: it said"),
        "{answer}"
    );
}
