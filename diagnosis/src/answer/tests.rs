use crate::scene::{MS, S, Scene};
use rewind_recording::event::build;

#[test]
fn what_a_child_said_is_told_where_it_is_not_known_to_be_why() {
    let mut scene = Scene::of("sh -c 'cat /nope; exit 3'");
    scene.child_says("cat /nope", "cat: /nope: No such file or directory\n", 1);
    scene.exit(700, 3 << 8);
    let answer = "It exited with 3; the last that its child cat (process 701) wrote is \"cat: /nope: No such file or \
                  directory\".";
    assert_eq!(scene.answer(), answer);
}

#[test]
fn what_failed_before_a_trap_of_the_shell_is_the_cause_or_told_with_that() {
    let answer = |trap: &str, code: u32| {
        let mut scene = Scene::of("bash -e run");
        scene.child_says("import", "import: tenant 9: unknown currency\n", 1);
        scene.child(702, 700, trap);
        scene.exit(702, code << 8);
        scene.exit(700, 1 << 8);
        scene.answer()
    };
    let cause = "It exited with 1, its child import (process 701) having exited with 1: it said \"import: tenant 9: \
                 unknown currency\".";
    // What tidies up, or leaves another code, is the trap's.
    assert_eq!(answer("rm /tmp/lock", 1), cause);
    assert_eq!(answer("curl -s hook", 7), cause);
    let mut scene = Scene::of("bash -e run");
    scene.child_says("tar", "tar: /backup/u.tar: Wrote only 8192 of 10240 bytes\n", 2);
    scene.child(702, 700, "rm /app/lock");
    scene.main = 702;
    scene.say(2, "rm: cannot remove '/app/lock': Permission denied\n");
    scene.exit(702, 1 << 8);
    scene.exit(700, 1 << 8);
    assert!(scene.answer().contains("its child tar (process 701) having exited with 2"), "{}", scene.answer());
    let either = "It exited with 1, its child hook (process 702) having exited with 1; right before that its child import \
                  (process 701) exited with 1: it said \"import: tenant 9: unknown currency\".";
    assert_eq!(answer("hook", 1), either);
}

#[test]
fn the_child_that_failed_before_a_shell_said_so_is_told_with_that() {
    let mut scene = Scene::of("bash restore");
    scene.child_says("cp", "cp: error writing '/data/a': No space left on device\n", 1);
    scene.main = 700;
    scene.say(2, "restore failed\n");
    scene.exit(700, 9 << 8);
    let answer = "It exited with 9: it said \"restore failed\"; right before that its child cp (process 701) exited with 1: \
                  it said \"cp: error writing '/data/a': No space left on device\".";
    assert_eq!(scene.answer(), answer);
}

#[test]
fn the_child_whose_failure_was_passed_on_is_named() {
    let mut scene = Scene::of("sh -c migrate");
    scene.child(701, 700, "migrate --all");
    scene.main = 701;
    scene.open("/etc/migrate.toml", -2);
    scene.say(2, "migrate: /etc/migrate.toml: No such file or directory\n");
    scene.exit(701, 4 << 8);
    scene.exit(700, 1 << 8);
    let why = scene.why();
    let answer = "It exited with 1, its child migrate (process 701) having exited with 4 after openat of \
                  /etc/migrate.toml found no such file (ENOENT).";
    assert_eq!(why.answer, answer);
    let ran: Vec<_> = why.ran.iter().map(|ran| (ran.depth, ran.command.as_str())).collect();
    assert_eq!(ran, [(0, "sh -c migrate"), (1, "migrate --all")]);
}

#[test]
fn what_parts_of_a_script_were_refused_by_is_told_with_words_that_give_no_reason() {
    let mut scene = Scene::of("bash /app/wait.sh");
    for round in 0..4 {
        scene.now += MS;
        build::child(&mut scene.records, scene.now, 710 + 2 * round, 700, "bash");
        scene.main = 710 + 2 * round;
        scene.connect([127, 0, 0, 1], 5599, -111);
        scene.exit(710 + 2 * round, 1 << 8);
        scene.call(700, 56).arg(0).result(711 + i64::from(round)).end();
        scene.child(711 + 2 * round, 700, "sleep 1");
        scene.later(S);
        scene.exit(711 + 2 * round, 0);
    }
    scene.main = 700;
    scene.say(1, "database not ready, giving up\n");
    scene.exit(700, 1 << 8);
    assert!(
        scene.answer().contains("connect to 127.0.0.1:5599 was refused (ECONNREFUSED), 4 times"),
        "{}",
        scene.answer()
    );
}

#[test]
fn a_client_that_says_that_it_waited_too_long_is_told_with_the_peer_that_refused_it_meanwhile() {
    let answer_of = |warning: &str| {
        let mut scene = Scene::of("java");
        rewind_recording::event::build::task(&mut scene.records, scene.now, (701, 700), (2, 1), "network-thread");
        for _ in 0..5 {
            scene.main = 701;
            scene.connect([127, 0, 0, 1], 9092, -111);
            scene.say(1, warning);
            scene.later(S);
        }
        scene.main = 700;
        scene.open("/usr/share/zoneinfo/UTC", 4);
        scene.say(2, "TimeoutException: Topic orders not present in metadata after 5000 ms.\n");
        scene.exit(700, 1 << 8);
        scene.answer()
    };
    let answer = answer_of("WARN Connection to node -1 (localhost/127.0.0.1:9092) could not be established.\n");
    let behind = "; meanwhile connect to 127.0.0.1:9092 was refused (ECONNREFUSED), 5 times in 4.00s.";
    assert!(answer.ends_with(behind), "{answer}");
    assert!(!answer_of("INFO 12:34:09092 ready\n").contains("meanwhile"));
    // What it does not speak of, as of an exporter, it may do without.
    let answer = answer_of("INFO 90 rows\n");
    assert!(answer.ends_with("after 5000 ms\"."), "{answer}");
}
