use crate::scene::{MS, S, Scene};
use rewind_common::record::Connection;
use rewind_common::record::connection::{direction, what};
use rewind_recording::event::build;

const NOTHING: &str = "It is running: nothing unusual found.";

#[test]
fn a_child_that_its_client_left_has_not_failed_and_one_that_connected_itself_has() {
    let answer = |is_client: bool| {
        let mut scene = Scene::of("server");
        for tgid in 701..705 {
            scene.child(tgid, 700, "session -R");
            let [high, low] = 50_051_u16.to_be_bytes();
            let address = [2, 0, high, low, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
            if is_client {
                let peer = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1];
                let told = Connection {
                    time_ns: scene.now,
                    peer,
                    peer_port: 50_051,
                    direction: direction::OUT,
                    ..Connection::default()
                };
                build::connection(&mut scene.records, (tgid, tgid), what::CONNECTED, told);
            }
            scene.call(tgid, 44).arg(3).arg(0x7000).arg(34).arg(0).pointed(&address).arg(16).result(-32).end();
            scene.exit(tgid, 255 << 8);
            scene.later(S);
        }
        scene.answer()
    };
    assert!(!answer(false).contains("fails again"), "{}", answer(false));
    assert!(answer(true).contains("its child session fails again and again"), "{}", answer(true));
}

/// A run of a service that does not find its configuration.
fn fails(scene: &mut Scene, tgid: u32) {
    scene.child(tgid, 700, "shop --all");
    scene.main = tgid;
    scene.open("/etc/shop.conf", -2);
    scene.say(2, "shop: /etc/shop.conf: No such file or directory\n");
    scene.exit(tgid, 3 << 8);
    scene.later(S);
}

/// Process 700 waits in a `poll` without descriptors.
fn waits(scene: &mut Scene) {
    build::call(&mut scene.records, 700, 7).at(scene.now, 0).enter().arg(0).arg(0).arg(1000).end();
}

#[test]
fn what_is_run_again_behind_its_failure_is_told_with_why_it_fails() {
    let mut scene = Scene::of("supervisor");
    fails(&mut scene, 701);
    assert_eq!(scene.answer(), NOTHING);
    scene.child(702, 700, "clean-up");
    scene.exit(702, 0);
    fails(&mut scene, 703);
    let why = scene.why();
    let answer = "It is running, but its child shop fails again and again: the last of 2 in 1.01s (process 703) exited \
                  with 3 after openat of /etc/shop.conf found no such file (ENOENT), 2 times.";
    assert_eq!((why.answer.as_str(), why.unusual), (answer, true));
    // It came up.
    scene.child(704, 700, "shop --all");
    assert!(scene.answer().starts_with("It is running, but its child shop"), "{}", scene.answer());
    scene.later(5 * S);
    assert_eq!(scene.answer(), NOTHING);
}

#[test]
fn what_is_killed_again_and_again_is_told_with_the_signal() {
    let mut scene = Scene::of("supervisor");
    for tgid in [701, 702, 703] {
        scene.child(tgid, 700, "shop");
        scene.exit(tgid, 11);
    }
    let why = scene.why();
    let answer = "It is running, but its child shop fails again and again: the last of 3 in";
    assert!(why.answer.starts_with(answer) && why.answer.contains("was killed by SIGSEGV"), "{}", why.answer);
    assert!(why.findings.iter().all(|finding| finding.rule != "child"), "{:?}", why.findings);
}

#[test]
fn what_is_begun_from_outside_is_no_supervisor() {
    let mut scene = Scene::of("server");
    scene.child(650, 640, "sh");
    for tgid in [701, 702] {
        scene.child(tgid, 650, "cat /nope");
        scene.main = tgid;
        scene.open("/nope", -2);
        scene.exit(tgid, 1 << 8);
    }
    assert_eq!(scene.answer(), NOTHING);
}

#[test]
fn who_ends_as_it_is_told_does_not_fail() {
    let mut scene = Scene::of("supervisor");
    for tgid in [701, 702, 703] {
        scene.child(tgid, 700, "shop");
        build::sent(&mut scene.records, scene.now, (tgid, tgid), 15, (700, 8, "supervisor"));
        scene.exit(tgid, 15);
    }
    assert_eq!(scene.answer(), NOTHING);
}

#[test]
fn a_shell_that_does_something_else_in_between_got_over_it() {
    let mut scene = Scene::of("sh -c loop");
    for tgid in [701, 703, 705] {
        fails(&mut scene, tgid);
        scene.child(tgid + 1, 700, "work");
        scene.exit(tgid + 1, 0);
    }
    assert_eq!(scene.answer(), NOTHING);
    // One that only sleeps waits for it.
    let mut scene = Scene::of("sh -c loop");
    for tgid in [701, 703] {
        fails(&mut scene, tgid);
        scene.child(tgid + 1, 700, "sleep 1");
        scene.exit(tgid + 1, 0);
    }
    assert!(scene.answer().contains("shop fails again and again"), "{}", scene.answer());
}

#[test]
fn what_says_no_in_silence_has_not_failed() {
    let silent = |parent: &str, code: u32| {
        let mut scene = Scene::of(parent);
        for tgid in [701, 702, 703] {
            scene.child(tgid, 700, "grep -q ready /tmp/state");
            scene.exit(tgid, code << 8);
        }
        let why = scene.why();
        (why.answer, why.unusual)
    };
    assert_eq!(silent("sh -c loop", 2), (NOTHING.to_owned(), false));
    assert_eq!(silent("server", 1), (NOTHING.to_owned(), false));
    let (answer, unusual) = silent("supervisor", 78);
    assert!(answer.ends_with("exited with 78; nothing unusual found before that.") && unusual, "{answer}");
}

#[test]
fn a_supervisor_that_waits_behind_its_only_failure_has_given_up() {
    let mut scene = Scene::of("supervisor");
    fails(&mut scene, 701);
    waits(&mut scene);
    scene.later(5 * S);
    let answer = "It is running, but its child shop (process 701) has not been run again: it exited with 3 after openat of \
                  /etc/shop.conf found no such file (ENOENT)";
    assert!(scene.answer().starts_with(answer), "{}", scene.answer());
    // One that has another child, or a peer, has more to do.
    let mut scene = Scene::of("server");
    fails(&mut scene, 701);
    scene.main = 700;
    scene.call(700, 41).arg(2).arg(1).arg(0).result(3).end();
    scene.connect([10, 0, 0, 5], 5432, 0);
    waits(&mut scene);
    scene.later(5 * S);
    assert_eq!(scene.answer(), NOTHING);
    let mut scene = Scene::of("server");
    fails(&mut scene, 701);
    scene.child(702, 700, "worker");
    waits(&mut scene);
    scene.later(5 * S);
    assert_eq!(scene.answer(), NOTHING);
}

#[test]
fn what_a_living_program_complains_of_again_and_again_is_told() {
    let lives = |said: &str| {
        let mut scene = Scene::of("supervisor");
        for _ in 0..2 {
            scene.call(700, 4).string("/opt/shop/bin/shop").arg(0x7000).result(-2).end();
            scene.say(2, said);
            scene.later(S + MS);
        }
        scene.answer()
    };
    let answer = "It is running; but stat of /opt/shop/bin/shop found no such file (ENOENT), 2 times.";
    assert_eq!(lives("can't find command '/opt/shop/bin/shop'\n"), answer);
    assert_eq!(lives("ready\n"), NOTHING);
}

#[test]
fn who_throws_away_what_a_look_for_a_file_complains_of_waits_for_the_file() {
    let answer = |redirects: bool, result: i64| {
        let mut scene = Scene::of("bash loop.sh");
        for tgid in 701..707 {
            scene.child(tgid, 700, "cat /run/ready");
            if redirects {
                scene.call(tgid, 257).arg(0).string("/dev/null").arg(0o1).result(3).end();
                scene.call(tgid, 33).arg(3).arg(2).result(2).end();
            }
            scene.main = tgid;
            scene.open("/run/ready", result);
            scene.say(2, "cat: /run/ready: no\n");
            scene.exit(tgid, 1 << 8);
            scene.later(S);
        }
        scene.answer()
    };
    assert_eq!(answer(true, -2), NOTHING);
    assert!(answer(false, -2).contains("its child cat fails again and again"), "{}", answer(false, -2));
    assert!(answer(true, -13).contains("its child cat fails again and again"), "{}", answer(true, -13));
}

#[test]
fn who_serves_a_client_and_blames_it_does_not_fail() {
    let serves = |says: &str| {
        let mut scene = Scene::of("sshd -D");
        for tgid in [701, 702, 703] {
            scene.call(700, 288).arg(3).arg(0).arg(0).arg(0).result(5).end();
            scene.child(tgid, 700, "sshd -R");
            scene.main = tgid;
            scene.say(2, says);
            scene.exit(tgid, 255 << 8);
            scene.main = 700;
            scene.later(S);
        }
        scene.answer()
    };
    let blames = "banner exchange: Connection from 10.0.0.9 port 5000: invalid format\n";
    assert_eq!(serves(blames), "It is running: nothing unusual found.");
    let fails = serves("fatal: Missing privilege separation directory: /run/sshd\n");
    assert!(fails.contains("its child sshd fails again and again"), "{fails}");
}
