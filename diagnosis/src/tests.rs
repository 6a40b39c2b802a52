//! The scenarios as built records: the right cause comes first.

use super::diagnose;
use super::scene::{MS, S, Scene, denied};
use proptest::prelude::*;
use rewind_common::call::part;
use rewind_recording::event::build;
use rewind_recording::header::Header;
use rewind_recording::render::Options;

#[test]
fn a_denied_file_is_the_cause() {
    let why = denied().why();
    assert_eq!(why.answer, "It exited with 1 after openat of /etc/passwd was denied (EACCES).");
    assert_eq!((why.findings[0].rule, why.failed[0].errno.as_str(), why.failed[0].count), ("file", "EACCES", 1));
    let evidence = &why.findings[0].evidence;
    assert!(evidence[0].call.contains("\"/etc/passwd\"") && evidence[0].call.contains("EACCES"), "{evidence:?}");
    assert_eq!((evidence[0].tid, evidence[1].call.as_str()), (700, "+++ exited with 1 +++"));
    assert!(why.said.last().unwrap().starts_with("PermissionError"));
    assert_eq!(why.last.last().unwrap().call, "+++ exited with 1 +++");
}

#[test]
fn what_the_runtime_fails_to_do_is_none_of_the_containers_affairs() {
    let mut scene = Scene { records: Vec::new(), now: 10 * S, main: 700 };
    build::task(&mut scene.records, scene.now, (690, 690), (690, 690), "runc:[1:CHILD]");
    scene.exit(690, 0);
    build::task(&mut scene.records, scene.now, (700, 700), (1, 1), "runc:[2:INIT]");
    scene.open("/etc/group", -2);
    scene.connect([10, 0, 0, 7], 5432, -111);
    scene.exec(700, "app");
    build::task(&mut scene.records, scene.now, (700, 700), (1, 1), "app");
    scene.open("/etc/passwd", -13);
    scene.exit(700, 1 << 8);
    let why = scene.why();
    assert_eq!(why.answer, "It exited with 1 after openat of /etc/passwd was denied (EACCES).");
    assert_eq!((why.failed.len(), why.findings.len(), why.ran.len()), (1, 1, 1), "{why:?}");
}

#[test]
fn the_runtime_is_known_before_it_says_so() {
    let mut scene = Scene { records: Vec::new(), now: 10 * S, main: 690 };
    build::task(&mut scene.records, scene.now, (690, 690), (690, 690), "runc");
    scene.call(690, 72).arg(3).arg(1033).arg(0).result(-22).end();
    let argv = b"/usr/sbin/runc\0init\0";
    scene.call(690, 59).string("/proc/self/exe").arg(0x7000).arg(0).blob(1, part::STRINGS, 0, argv).result(0).end();
    scene.open("/opt/nothing", -13);
    scene.exit(690, 0);
    scene.main = 700;
    build::task(&mut scene.records, scene.now, (700, 700), (1, 1), "app");
    scene.exec(700, "app");
    let why = scene.why();
    assert_eq!(why.answer, "It is running: nothing unusual found.");
    assert!(why.failed.is_empty() && why.ran.iter().all(|ran| ran.command == "app"), "{why:?}");
}

#[test]
fn what_is_known_of_a_permission_is_told() {
    let mut scene = Scene { records: Vec::new(), now: 10 * S, main: 700 };
    build::task(&mut scene.records, scene.now, (700, 700), (1, 1), "runc:[2:INIT]");
    scene.call(700, 105).arg(65534).result(0).end();
    build::task(&mut scene.records, scene.now, (700, 700), (1, 1), "app");
    scene.exec(700, "app");
    scene.open("/run/secrets/token", -13);
    let mut stat = [0_u8; 32];
    stat[..2].copy_from_slice(&0o100_400_u16.to_le_bytes());
    stat[4..8].copy_from_slice(&33_u32.to_le_bytes());
    scene.call(700, 262).arg(0xffff_ff9c).string("/run/secrets/token").pointed(&stat).arg(0).result(0).end();
    scene.exit(700, 1 << 8);
    let answer = "It exited with 1 after openat of /run/secrets/token was denied (EACCES); it ran as user 65534, \
                  and the file is user 33's with mode 0400.";
    assert_eq!(scene.answer(), answer);
}

#[test]
fn the_paths_that_were_tried_stand_in_their_order() {
    let mut scene = Scene::of("app");
    scene.access("/etc/ld.so.preload", -2);
    scene.open("/lib/libc.so.6", 3);
    scene.open("/etc/app/token", -2);
    scene.open("/etc/app/token", -2);
    scene.open("/run/secrets/token", -13);
    scene.open("/srv/token", 3);
    scene.open("/srv/other", 3);
    scene.exit(700, 1 << 8);
    let why = scene.why();
    let tried: Vec<_> =
        why.tried.iter().map(|tried| (tried.path.as_str(), tried.result.as_str(), tried.count)).collect();
    assert_eq!(tried, [("/etc/app/token", "ENOENT", 2), ("/run/secrets/token", "EACCES", 1), ("/srv/token", "ok", 1)]);
    // One path alone is told by the failed calls.
    assert!(denied().why().tried.iter().all(|tried| tried.path != "/etc/ld.so.preload"));
}

#[test]
fn an_entry_point_that_is_not_there_is_the_containers_affair() {
    let mut scene = Scene { records: Vec::new(), now: 10 * S, main: 700 };
    build::task(&mut scene.records, scene.now, (700, 700), (1, 1), "runc:[2:INIT]");
    scene.call(700, 59).string("/app/server").arg(0x7000).arg(0x8000).result(-2).end();
    scene.exit(700, 1 << 8);
    assert!(scene.answer().contains("/app/server"), "{}", scene.answer());
}

#[test]
fn a_missing_configuration_is_the_cause_even_where_nothing_is_said() {
    let mut scene = Scene::of("app");
    scene.access("/etc/ld.so.preload", -2);
    scene.open("/etc/app/config.yaml", -2);
    scene.exit(700, 1 << 8);
    assert_eq!(scene.answer(), "It exited with 1 after openat of /etc/app/config.yaml found no such file (ENOENT).");
}

#[test]
fn a_look_that_the_program_complains_of_is_the_cause() {
    let mut scene = Scene::of("app");
    scene.open("/etc/other.conf", -2);
    scene.later(20 * S);
    scene.access("/var/lib/app/data", -2);
    scene.say(2, "fatal: /var/lib/app/data does not exist\n");
    scene.exit(700, 1 << 8);
    assert!(scene.answer().contains("access of /var/lib/app/data found no such file"), "{}", scene.answer());
}

#[test]
fn a_search_that_was_successful_in_the_end_is_none() {
    let mut scene = Scene::of("app");
    scene.open("/etc/app/token", -13);
    scene.open("/usr/local/share/app/rules.json", -2);
    scene.open("/usr/share/app/rules.json", 3);
    scene.exit(700, 2 << 8);
    assert!(scene.answer().contains("/etc/app/token was denied"), "{}", scene.answer());
}

#[test]
fn to_ask_of_a_file_is_not_to_have_it() {
    let mut scene = Scene::of("app");
    scene.open("/etc/app/token", -13);
    scene.access("/etc/app/token", 0);
    scene.exit(700, 2 << 8);
    assert!(scene.answer().contains("/etc/app/token was denied"), "{}", scene.answer());
}

#[test]
fn a_refused_connection_is_the_cause_and_tells_how_often() {
    let mut scene = Scene::of("app");
    for _ in 0..3 {
        scene.connect([10, 0, 0, 5], 5432, -111);
        scene.later(S);
    }
    scene.say(2, "could not connect to server: Connection refused\n");
    scene.exit(700, 1 << 8);
    let why = scene.why();
    assert_eq!(why.answer, "It exited with 1 after connect to 10.0.0.5:5432 was refused (ECONNREFUSED), 3 times.");
    assert_eq!((why.findings[0].rule, why.failed[0].what.as_deref()), ("network", Some("10.0.0.5:5432")));
}

#[test]
fn a_connection_in_the_background_is_told_with_its_peer() {
    let mut scene = Scene::of("app");
    scene.call(700, 41).arg(2).arg(1).arg(0).result(3).end();
    scene.connect([10, 0, 0, 5], 6379, -115);
    scene.later(3 * S);
    let asked = scene.call(700, 55).arg(3).arg(1).arg(4).pointed(&110_u32.to_le_bytes());
    asked.pointed(&4_u32.to_le_bytes()).result(0).end();
    scene.exit(700, 1 << 8);
    let answer = scene.answer();
    assert!(
        answer.starts_with("It exited with 1 after connect to 10.0.0.5:6379 timed out (ETIMEDOUT) after 3.00s"),
        "{answer}"
    );
}

#[test]
fn a_peer_that_was_reached_later_is_no_cause() {
    let mut scene = Scene::of("app");
    scene.connect([10, 0, 0, 5], 5432, -111);
    scene.connect([10, 0, 0, 5], 5432, 0);
    scene.open("/etc/app/token", -13);
    scene.exit(700, 1 << 8);
    let why = scene.why();
    assert!(why.answer.contains("/etc/app/token"), "{}", why.answer);
}

#[test]
fn a_name_server_that_is_silent_is_found() {
    let mut scene = Scene::of("app");
    scene.call(700, 41).arg(2).arg(2).arg(0).result(4).end();
    let server = [2, 0, 0, 53, 10, 96, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0];
    scene.call(700, 42).arg(4).pointed(&server).arg(16).result(0).end();
    scene.call(700, 44).arg(4).arg(0x7000).arg(40).arg(0).arg(0).arg(0).result(40).end();
    scene.later(5 * S);
    scene.call(700, 3).arg(4).result(0).end();
    scene.exit(700, 1 << 8);
    let answer = scene.answer();
    assert!(answer.contains("a question to the name server 10.96.0.10:53 got no answer after 5.00s"), "{answer}");
}

/// A socket that asks 10.0.0.5:6379 to be connected, and waits for it.
fn asked(scene: &mut Scene, answer: i64) {
    scene.call(700, 41).arg(2).arg(1).arg(0).result(3).end();
    scene.connect([10, 0, 0, 5], 6379, answer);
}

/// A `poll` of descriptor 3 that times out.
fn waited(scene: &mut Scene, ns: u64) {
    let at = scene.now;
    let call = build::call(&mut scene.records, 700, 7).at(at, ns).pointed(&[3, 0, 0, 0, 1, 0, 0, 0]);
    call.arg(1).arg(ns / MS).result(0).end();
    scene.later(ns);
}

#[test]
fn a_connection_that_was_given_up_is_the_cause() {
    let mut scene = Scene::of("app");
    scene.open("/etc/app/optional", -2);
    for _ in 0..2 {
        asked(&mut scene, -115);
        waited(&mut scene, 3 * S);
        scene.call(700, 3).arg(3).result(0).end();
    }
    scene.say(2, "redis: i/o timeout\n");
    scene.exit(700, 1 << 8);
    let why = scene.why();
    assert_eq!(why.answer, "It exited with 1 after connect to 10.0.0.5:6379 got no answer after 3.00s, 2 times.");
    assert_eq!((why.findings[0].rule, why.failed[0].errno.as_str()), ("network", "no answer"));
    assert!(why.findings[0].evidence[0].call.ends_with("EINPROGRESS (Operation now in progress)"));
}

#[test]
fn a_request_without_an_answer_is_the_cause_where_the_process_waited_for_it() {
    let send = |scene: &mut Scene| {
        asked(scene, 0);
        scene.call(700, 44).arg(3).arg(0x7000).arg(40).arg(0).arg(0).arg(0).result(40).end();
    };
    let receive =
        |scene: &mut Scene| scene.call(700, 45).arg(3).arg(0x7000).arg(40).arg(0).arg(0).arg(0).result(9).end();
    let end = |scene: &mut Scene| {
        scene.later(3 * S);
        scene.call(700, 3).arg(3).result(0).end();
        scene.exit(700, 1 << 8);
        scene.answer()
    };
    let mut scene = Scene::of("app");
    send(&mut scene);
    waited(&mut scene, 5 * S);
    assert_eq!(end(&mut scene), "It exited with 1 after what it sent to 10.0.0.5:6379 got no answer after 5.00s.");
    // It was answered.
    let mut scene = Scene::of("app");
    send(&mut scene);
    waited(&mut scene, 5 * S);
    receive(&mut scene);
    assert!(end(&mut scene).ends_with("nothing unusual found before that."));
    // It only told something.
    let mut scene = Scene::of("app");
    send(&mut scene);
    assert!(end(&mut scene).ends_with("nothing unusual found before that."));
    // The next attempt was answered.
    let mut scene = Scene::of("app");
    send(&mut scene);
    waited(&mut scene, 5 * S);
    scene.call(700, 3).arg(3).result(0).end();
    send(&mut scene);
    receive(&mut scene);
    assert!(end(&mut scene).ends_with("nothing unusual found before that."));
}

#[test]
fn an_error_that_a_poll_brought_to_light_is_told() {
    let server = [2, 0, 0, 53, 10, 96, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0];
    let ask = |scene: &mut Scene| {
        scene.call(700, 41).arg(2).arg(2).arg(0).result(4).end();
        scene.call(700, 42).arg(4).pointed(&server).arg(16).result(0).end();
        scene.call(700, 44).arg(4).arg(0x7000).arg(40).arg(0).arg(0).arg(0).result(40).end();
    };
    let mut scene = Scene::of("app");
    ask(&mut scene);
    scene.call(700, 7).pointed(&[4, 0, 0, 0, 1, 0, 8, 0]).arg(1).arg(5000).result(1).end();
    scene.call(700, 3).arg(4).result(0).end();
    scene.exit(700, 1 << 8);
    let answer = "It exited with 1 after a question to the name server 10.96.0.10:53 got an error in place of an answer \
                  (POLLERR).";
    assert_eq!(scene.answer(), answer);
    // Who receives is told which.
    let mut scene = Scene::of("app");
    ask(&mut scene);
    scene.call(700, 45).arg(4).arg(0x7000).arg(40).arg(0).arg(0).arg(0).result(-111).end();
    scene.call(700, 3).arg(4).result(0).end();
    scene.exit(700, 1 << 8);
    let answer = "It exited with 1 after a question to the name server 10.96.0.10:53 was refused (ECONNREFUSED).";
    assert_eq!(scene.answer(), answer);
}

#[test]
fn a_thread_that_waits_for_an_answer_is_found() {
    let mut scene = Scene::of("app");
    asked(&mut scene, 0);
    scene.call(700, 44).arg(3).arg(0x7000).arg(40).arg(0).arg(0).arg(0).result(40).end();
    build::call(&mut scene.records, 700, 45).at(scene.now + MS, 0).enter().arg(3).arg(0x7000).arg(40).end();
    scene.later(9 * S);
    let why = scene.why();
    let answer = "It is running; but what it sent to 10.0.0.5:6379 got no answer after 10.0s.";
    assert_eq!(why.answer, answer);
    assert!(why.blocked[0].call.starts_with("recvfrom(3<TCP:[->10.0.0.5:6379]>"), "{:?}", why.blocked);
}

#[test]
fn the_call_that_met_the_limit_on_descriptors_first_is_told_and_what_is_open() {
    let mut scene = Scene::of("app");
    for fd in 3..63 {
        scene.open("/var/log/app.log", fd);
    }
    scene.open("/var/log/app.log", -24);
    scene.open("/usr/lib/python3/app.py", -24);
    scene.say(2, "OSError: [Errno 24] Too many open files: '/var/log/app.log'\n");
    scene.exit(700, 1 << 8);
    let why = scene.why();
    let answer = "It exited with 1 after openat of /var/log/app.log found all descriptors of the process in use (EMFILE), \
                  and 1 more call after it; 60 of those open are /var/log/app.log.";
    assert_eq!(why.answer, answer);
    assert_eq!(why.descriptors.unwrap().kinds, [("/var/log/app.log".to_owned(), 60)]);
}

#[test]
fn refused_memory_is_told_with_its_size() {
    let mut scene = Scene::of("app");
    scene.call(700, 9).arg(0).arg(1 << 30).arg(3).arg(0x22).arg(0xffff_ffff).arg(0).result(-12).end();
    scene.say(2, "MemoryError\n");
    scene.exit(700, 1 << 8);
    let why = scene.why();
    assert_eq!(why.answer, "It exited with 1 after mmap got no memory (ENOMEM); it asked for 1 GiB.");
    assert_eq!(why.memory.unwrap().refusals, 1);
}

#[test]
fn a_heap_that_did_not_grow_is_seen() {
    let mut scene = Scene::of("app");
    scene.call(700, 12).arg(0).result(0x1000_0000).end();
    scene.call(700, 12).arg(0x1400_0000).result(0x1000_0000).end();
    scene.exit(700, 1 << 8);
    let answer = scene.answer();
    assert!(answer.contains("the heap could not grow by 64 MiB"), "{answer}");
}

#[test]
fn who_killed_it_is_told_as_far_as_it_is_known() {
    let killed = |code, union| {
        let mut scene = Scene::of("app");
        scene.open("/opt/optional.conf", -2);
        scene.signal(15, code, union);
        scene.exit(700, 15);
        scene.answer()
    };
    assert_eq!(killed(0, [0, 0]), "It was killed by SIGTERM: sent by a process outside the container.");
    assert_eq!(killed(0, [77, 33]), "It was killed by SIGTERM: sent by process 77 of user 33.");
    assert_eq!(killed(0x80, [0, 0]), "It was killed by SIGTERM: sent by the kernel.");
    // The kernel hands out SIGKILL without its sender.
    let mut scene = Scene::of("app");
    scene.signal(9, 0, [0, 0]);
    scene.exit(700, 9);
    assert_eq!(scene.answer(), "It was killed by SIGKILL: who sent it is not recorded.");
}

#[test]
fn a_kill_among_the_records_names_the_sender() {
    let mut scene = Scene::of("app");
    scene.child(701, 700, "watchdog --strict");
    scene.call(701, 62).arg(1).arg(9).result(0).end();
    scene.exit(700, 9);
    let why = scene.why();
    assert_eq!(why.answer, "It was killed by SIGKILL: sent by watchdog (process 701).");
    assert_eq!(why.findings[0].evidence[0].call, "kill(1, SIGKILL) = 0");
}

#[test]
fn a_handled_signal_is_the_cause_of_the_end_that_follows() {
    let mut scene = Scene::of("app");
    scene.signal(15, 0, [0, 0]);
    scene.exit(700, 0);
    let why = scene.why();
    assert_eq!(why.answer, "It exited with 0 after SIGTERM, sent by a process outside the container.");
}

#[test]
fn a_fault_tells_where() {
    let mut scene = Scene::of("app");
    scene.signal(11, 1, [8, 0]);
    scene.exit(700, 11 | 0x80);
    let answer = "It was killed by SIGSEGV (core dumped): it followed a null pointer (address 0x8).";
    assert_eq!(scene.answer(), answer);
}

#[test]
fn before_an_abort_comes_what_the_program_complains_of() {
    let mut scene = Scene::of("app");
    scene.open("/etc/app/key.pem", -13);
    scene.say(2, "terminate: cannot read /etc/app/key.pem\n");
    scene.call(700, 234).arg(1).arg(1).arg(6).result(0).end();
    scene.signal(6, -6, [1, 0]);
    scene.exit(700, 6);
    assert!(scene.answer().contains("/etc/app/key.pem was denied"), "{}", scene.answer());
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
fn a_slow_disk_is_found_where_nothing_fails() {
    let mut scene = Scene::of("app");
    for _ in 0..10 {
        build::call(&mut scene.records, 700, 74).at(scene.now, 400 * MS).arg(5).result(0).end();
        scene.later(S);
    }
    let why = scene.why();
    assert!(
        why.answer.starts_with("It is running; but it waited 4.00s for the disk: 10 calls in fsync"),
        "{}",
        why.answer
    );
    assert_eq!((why.slow[0].call.as_str(), why.slow[0].calls), ("fsync", 10));
}

#[test]
fn a_thread_that_does_not_get_on_is_found() {
    let mut scene = Scene::of("app");
    scene.now += MS;
    let sockaddr = [2, 0, 0x15, 0x38, 10, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0];
    build::call(&mut scene.records, 700, 42).at(scene.now, 0).enter().arg(3).pointed(&sockaddr).arg(16).end();
    scene.later(30 * S);
    let why = scene.why();
    assert!(why.answer.starts_with("It is running; but it has waited 31.0s for a peer"), "{}", why.answer);
    assert!(why.blocked[0].living && why.blocked[0].call.starts_with("connect(3, {sa_family=AF_INET"));
}

/// A container whose main thread is in call `nr` since before the recording began, half a minute ago.
fn hung(nr: u16) -> Scene {
    let mut scene = Scene { records: Vec::new(), now: 10 * S, main: 700 };
    build::task(&mut scene.records, scene.now, (700, 700), (1, 1), "app");
    build::call(&mut scene.records, 700, nr).at(scene.now, 0).before().arg(0x4000).arg(0x80).arg(2).arg(0).end();
    scene.later(30 * S);
    scene
}

#[test]
fn a_process_that_hung_before_the_recording_began_is_found() {
    let why = hung(202).why();
    let answer = "It is running; but process 700 has made no call since the recording began 31.0s ago: it is in \
                  futex(0x4000, FUTEX_WAIT_PRIVATE, 2, NULL).";
    assert_eq!(why.answer, answer);
    assert!(why.blocked[0].before && why.blocked[0].living, "{:?}", why.blocked);
    // What it takes is not known, and is no part of what has been slow.
    assert!(why.slow.is_empty(), "{:?}", why.slow);
    let why = hung(74).why();
    let answer = "It is running; but it has waited since before the recording began, 31.0s ago, for the disk: fsync(";
    assert!(why.answer.starts_with(answer), "{}", why.answer);
}

#[test]
fn one_that_sleeps_or_whose_other_threads_work_has_not_hung() {
    assert_eq!(hung(230).answer(), "It is running: nothing unusual found.");
    let mut scene = hung(202);
    build::task(&mut scene.records, scene.now, (701, 700), (2, 1), "worker");
    scene.call(701, 39).result(1).end();
    assert_eq!(scene.answer(), "It is running: nothing unusual found.");
}

#[test]
fn nothing_unusual_is_said_to_be_so() {
    let mut scene = Scene::of("ls");
    scene.access("/etc/ld.so.preload", -2);
    scene.open("/usr/lib/locale/locale-archive", -2);
    assert_eq!(scene.answer(), "It is running: nothing unusual found.");
    scene.exit(700, 0);
    let why = scene.why();
    assert_eq!((why.answer.as_str(), why.unusual), ("It exited with 0: nothing unusual found.", false));
    let mut scene = Scene::of("false");
    scene.exit(700, 1 << 8);
    assert_eq!(scene.answer(), "It exited with 1; nothing unusual found before that.");
}

#[test]
fn a_thread_that_a_signal_interrupted_was_blocked() {
    let mut scene = Scene::of("app");
    let at = scene.now;
    build::call(&mut scene.records, 700, 34).at(at, 9 * S).result(-514).end();
    scene.later(9 * S);
    scene.exit(700, 15);
    let why = scene.why();
    assert_eq!((why.blocked[0].call.starts_with("pause("), why.blocked[0].duration_ns), (true, Some(9 * S)));
    assert_eq!(why.answer, "It was killed by SIGTERM: who sent it is not among the records.");
}

#[test]
fn without_records_the_end_is_told_all_the_same() {
    let header = Header { died_ns: Some(5), ..Header::default() };
    let why = diagnose(&header, &[], &Options::default());
    assert_eq!(why.answer, "It has ended, how is not recorded: nothing unusual found.");
    assert_eq!(why.caveats, ["the recording holds no records"]);
}

proptest! {
    #[test]
    fn any_bytes_give_a_diagnosis(bytes in proptest::collection::vec(any::<u8>(), 0..512), cut in 0_usize..400) {
        let scene = denied();
        let mut records = scene.records[..cut.min(scene.records.len())].to_vec();
        records.extend(bytes);
        prop_assert!(!diagnose(&scene.header(), &records, &Options::default()).answer.is_empty());
    }
}

#[test]
fn a_sender_is_named_with_its_container() {
    let mut scene = Scene::of("sleep 100");
    scene.later(S);
    build::sent(&mut scene.records, scene.now, (700, 700), 9, (42, 8, "kill"));
    scene.signal(9, 0, [0, 0]);
    scene.exit(700, 9);
    let mut header = scene.header();
    let records = rewind_recording::event::sorted(&scene.records);
    let answer = |header: &Header| diagnose(header, &records, &Options::default()).answer;
    assert_eq!(
        answer(&header),
        "It was killed by SIGKILL: sent by kill (process 42) in a cgroup that is gone or not known (id 8)."
    );
    let mut origin = rewind_recording::origin::Origin::default();
    (origin.container.runtime, origin.container.name) = ("docker".into(), "chaos".into());
    header.origins.insert(8, origin.clone());
    assert_eq!(answer(&header), "It was killed by SIGKILL: sent by kill (process 42) in container chaos.");
    (origin.container.runtime, origin.container.cgroup_path) = ("systemd".into(), "/system.slice/ssh.service".into());
    header.origins.insert(8, origin);
    assert!(answer(&header).ends_with("kill (process 42) on the host (/system.slice/ssh.service)."));
}

#[test]
fn a_request_that_was_ignored_is_told_with_the_kill_that_followed() {
    let mut scene = Scene::of("app");
    scene.later(S);
    build::sent(&mut scene.records, scene.now, (700, 700), 15, (42, 0, "kubelet"));
    let at = scene.records.len() - size_of::<rewind_common::record::SignalSent>();
    scene.records[at + 3] = rewind_common::record::sent_flags::IGNORED;
    scene.later(30 * S);
    build::sent(&mut scene.records, scene.now, (700, 700), 9, (42, 0, "kubelet"));
    scene.exit(700, 9);
    let answer = scene.answer();
    assert!(answer.contains("killed by SIGKILL: sent by kubelet (process 42)"), "{answer}");
    assert!(answer.ends_with("it ignores SIGTERM, which it was sent 30.0s before."), "{answer}");
}

#[test]
fn the_oom_killer_comes_before_all_else() {
    let mut scene = Scene::of("app");
    scene.open("/etc/passwd", -13);
    scene.say(2, "cannot open /etc/passwd\n");
    let kill = rewind_common::record::OomKill {
        anon_bytes: 30 << 20,
        usage_bytes: 32 << 20,
        limit_bytes: 32 << 20,
        trigger_tgid: 700,
        ..Default::default()
    };
    build::oom_kill(&mut scene.records, scene.now + MS, (700, 700), "app", kill);
    scene.later(2 * MS);
    scene.exit(700, 9);
    let why = scene.why();
    assert_eq!(
        why.answer,
        "It was killed by the OOM killer: it held 30 MiB of its own, 0 B of files, 0 B shared; its cgroup held 32 MiB of 32 MiB allowed; it asked for more itself."
    );
    assert_eq!(why.findings[0].rule, "oom");
}
