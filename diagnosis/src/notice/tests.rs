use crate::scene::{MS, S, Scene};
use rewind_common::record::Connection;
use rewind_common::record::connection::{direction, what};
use rewind_common::record::message::message_flags::RECEIVED;
use rewind_recording::event::build;

const ERROR: &str = "ERROR poll failed: relation outbox does not exist\n";

fn notice(scene: &Scene) -> Option<String> {
    let why = scene.why();
    assert!(why.answer.starts_with("It is running: nothing unusual found.") || why.ended.is_some(), "{}", why.answer);
    why.notice
}

/// A worker that was answered by its broker, has asked for work, and reads for 20 s: until it is killed, or still.
fn worker(is_killed: bool) -> Scene {
    let mut scene = Scene::of("worker");
    scene.call(700, 41).arg(2).arg(1).arg(0).result(3).end();
    scene.connect([10, 0, 0, 5], 6379, 0);
    for answer in [Some(5), None] {
        scene.call(700, 1).arg(3).arg(0x7000).arg(40).result(40).end();
        if let Some(bytes) = answer {
            scene.call(700, 0).arg(3).arg(0x7000).arg(40).result(bytes).end();
        }
    }
    let since_ns = scene.now + MS;
    let read = build::call(&mut scene.records, 700, 0).arg(3).arg(0x7000).arg(40);
    match is_killed {
        true => read.at(since_ns, 20 * S).flags(1 << 4).end(),
        false => read.at(since_ns, 0).enter().end(),
    }
    scene.later(20 * S);
    scene
}

#[test]
fn whom_a_container_waits_for_is_no_cause_and_told() {
    let told = "Of note: it has waited 20.9s for 10.0.0.5:6379 (read).";
    assert_eq!(notice(&worker(false)).as_deref(), Some(told));
    // Who serves waits for whoever asks.
    let mut scene = worker(false);
    build::call(&mut scene.records, 701, 43).at(scene.now, 0).enter().arg(4).arg(0).arg(0).end();
    assert_eq!(notice(&scene), None);
}

#[test]
fn who_looks_for_an_answer_again_and_again_waits_since_the_last_bytes() {
    let mut scene = Scene::of("worker");
    scene.call(700, 41).arg(2).arg(1).arg(0).result(3).end();
    scene.connect([10, 0, 0, 5], 6379, 0);
    scene.call(700, 1).arg(3).arg(0x7000).arg(40).result(40).end();
    scene.call(700, 0).arg(3).arg(0x7000).arg(40).result(5).end();
    let poll = [3, 0, 0, 0, 1, 0, 0, 0];
    for _ in 0..12 {
        let at = scene.now;
        build::call(&mut scene.records, 700, 7).at(at, S).pointed(&poll).arg(1).arg(1000).result(0).end();
        scene.later(S);
    }
    build::call(&mut scene.records, 700, 7).at(scene.now, 0).enter().pointed(&poll).arg(1).arg(1000).end();
    let told = "Of note: it has waited 12.9s for 10.0.0.5:6379 (poll).";
    assert_eq!(notice(&scene).as_deref(), Some(told));
}

#[test]
fn what_a_container_waited_for_that_somebody_killed_is_told_beside_who_did() {
    let mut scene = worker(true);
    build::sent(&mut scene.records, scene.now, (700, 700), 9, (9000, 0, "kubelet"));
    scene.exit(700, 9);
    let told = "Of note, of the moment before: it has waited 19.9s for 10.0.0.5:6379 (read).";
    assert_eq!(notice(&scene).as_deref(), Some(told));
}

#[test]
fn an_answer_that_still_comes_is_told_with_its_size() {
    let mut scene = Scene::of("curl http://store/model.bin");
    scene.call(700, 41).arg(2).arg(1).arg(0).result(3).end();
    scene.connect([127, 0, 0, 1], 80, 0);
    let (mut sent, mut received) = (0, 0);
    scene.message([5000, 80], 0, &mut sent, b"GET /model.bin HTTP/1.1\r\nHost: store\r\n\r\n");
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n";
    scene.message([5000, 80], RECEIVED, &mut received, head);
    scene.call(700, 0).arg(3).arg(0x7000).arg(4096).result(head.len() as i64).end();
    for _ in 0..12 {
        scene.later(S);
        scene.call(700, 0).arg(3).arg(0x7000).arg(4096).result(1024).end();
    }
    let told = notice(&scene).unwrap_or_default();
    let text = "Of note: it has got 12 KiB of 1 MiB of the answer to GET /model.bin of 127.0.0.1:80 in 13.0s.";
    assert_eq!(told, text);
}

/// It says something each second, so often, and lives on.
fn says(text: &str, times: usize) -> Scene {
    let mut scene = Scene::of("app");
    for _ in 0..times {
        scene.say(1, "polls\n");
        scene.later(S / 2);
        scene.say(2, text);
        scene.later(S / 2);
    }
    scene.say(1, "polled 3 rows\n");
    scene
}

#[test]
fn the_error_that_was_said_last_is_no_cause_and_told() {
    let told = "Of note: it said \"poll failed: relation outbox does not exist\" 3 times, the last 1.50s ago.";
    assert_eq!(notice(&says(ERROR, 3)).as_deref(), Some(told));
    // Many warn once of how they were begun.
    assert_eq!(notice(&says(ERROR, 1)), None);
    assert_eq!(notice(&says("INFO 0 errors, 3 retries\n", 3)), None);
    let exception =
        "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\n    f()\nKeyError: 'sku'\n";
    let told = "Of note: it said \"KeyError: 'sku'\" 1.50s ago.";
    assert_eq!(notice(&says(exception, 1)).as_deref(), Some(told));
    let mut long_ago = says(ERROR, 3);
    long_ago.later(70 * S);
    assert_eq!(notice(&long_ago), None);
}

#[test]
fn what_a_child_said_that_failed_is_told_with_its_name() {
    let ends = |code: u32| {
        let mut scene = Scene::of("bash /app/run.sh");
        scene.child_says("cat /data/jobs.json", "cat: /data/jobs.json: No such file or directory\n", code);
        scene.later(3 * S);
        notice(&scene)
    };
    let told = ends(1).unwrap_or_default();
    assert!(
        told.starts_with("Of note: its child cat (process ") && told.contains("said \"cat: /data/jobs.json: No"),
        "{told}"
    );
    assert_eq!(ends(0), None);
}

#[test]
fn what_a_server_says_of_its_clients_is_theirs() {
    let mut scene = says(ERROR, 3);
    let told = Connection { time_ns: scene.now - 5 * S, direction: direction::IN, ..Connection::default() };
    build::connection(&mut scene.records, (700, 700), what::ACCEPTED, told);
    assert_eq!(notice(&scene), None);
}
