use crate::diagnose;
use crate::scene::{S, Scene};
use rewind_recording::event::build;
use rewind_recording::header::Header;
use rewind_recording::render::Options;

#[test]
fn the_call_that_a_filter_does_not_allow_is_named() {
    let killed = |siginfo: &[(usize, u32)]| {
        let mut scene = Scene::of("app");
        scene.connect([127, 0, 0, 1], 9125, -111);
        let mut words = [0; 12];
        (words[0], words[2], words[7]) = (31, 1, 0xc000_003e);
        siginfo.iter().for_each(|(at, word)| words[*at] = *word);
        build::signal(&mut scene.records, scene.now, 700, words);
        scene.exit(700, 31);
        scene.answer()
    };
    assert_eq!(killed(&[(6, 63)]), "It was killed by SIGSYS: a seccomp filter does not allow it uname.");
    let other = "It was killed by SIGSYS: a seccomp filter does not allow it system call 122.";
    assert_eq!(killed(&[(6, 122), (7, 0x4000_0003)]), other);
}

#[test]
fn a_timer_of_its_own_is_told_as_such() {
    let mut scene = Scene::of("app");
    scene.call(700, 37).arg(3).result(0).end();
    scene.later(3 * S);
    scene.exit(700, 14);
    assert_eq!(scene.answer(), "It was killed by SIGALRM: a timer of its own ran out (alarm, 3.00s before).");
}

#[test]
fn a_signal_of_a_limit_is_told_as_the_limit() {
    let mut scene = Scene::of("app");
    scene.signal(25, 0x80, [0, 0]);
    scene.exit(700, 25);
    let answer = "It was killed by SIGXFSZ: it wrote beyond the limit on the size of files (RLIMIT_FSIZE).";
    assert_eq!(scene.answer(), answer);
}

#[test]
fn an_abort_with_words_is_not_what_happened_to_fail_before_it() {
    let mut scene = Scene::of("app");
    scene.connect([127, 0, 0, 1], 9125, -111);
    scene.say(2, "app: app.c:2: main: Assertion `depth > 0' failed.\n");
    scene.call(700, 234).arg(1).arg(1).arg(6).result(0).end();
    scene.signal(6, -6, [1, 0]);
    scene.exit(700, 6);
    assert!(scene.answer().starts_with("It was killed by SIGABRT: it aborted itself; it said"), "{}", scene.answer());
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
    assert_eq!(why.confidence, crate::diagnosis::Confidence::None, "it ended well");
}

#[test]
fn who_aborts_itself_has_said_why_in_whatever_words() {
    let mut scene = Scene::of("app");
    scene.say(2, "app: the journal is torn\n");
    scene.call(700, 234).arg(1).arg(1).arg(6).result(0).end();
    scene.signal(6, -6, [1, 0]);
    scene.exit(700, 6);
    let answer = "It was killed by SIGABRT: it aborted itself; the last that it wrote is \"app: the journal is torn\".";
    assert_eq!(scene.answer(), answer);
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
fn an_init_that_passed_a_signal_on_is_told_with_who_had_sent_it() {
    let mut scene = Scene::of("tini -- app");
    scene.child(701, 700, "app");
    scene.later(S);
    build::sent(&mut scene.records, scene.now, (700, 700), 15, (42, 0, "runc"));
    scene.later(1_000_000);
    build::sent(&mut scene.records, scene.now, (701, 701), 15, (700, 0, "tini"));
    scene.exit(701, 15);
    scene.exit(700, 143 << 8);
    let answer = scene.answer();
    assert!(answer.contains("sent by tini (process 700), which was sent it by runc (process 42)"), "{answer}");
}

#[test]
fn the_call_that_a_filter_killed_for_is_named() {
    let mut scene = Scene::of("app");
    scene.later(1_000_000);
    let at = scene.now;
    let by = rewind_common::call::refused::SECCOMP | rewind_common::call::refused::SIGSYS;
    let call = build::call(&mut scene.records, 700, 83).at(at, by.into());
    call.flags(rewind_common::call::flags::REFUSED).string("/data").arg(0o777).result(0).end();
    scene.exit(700, 31);
    let why = scene.why();
    assert_eq!(why.answer, "It was killed by SIGSYS: a seccomp filter refused mkdir of /data.");
    assert!(why.findings[0].evidence.iter().any(|event| event.call.contains("mkdir")), "{:?}", why.findings);
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
    let answer = |ns_tgid: u32| {
        let mut scene = Scene::of("app");
        build::task(&mut scene.records, scene.now + 1, (700, 700), (ns_tgid, ns_tgid), "app");
        scene.later(S);
        build::sent(&mut scene.records, scene.now, (700, 700), 15, (42, 0, "kubelet"));
        let at = scene.records.len() - size_of::<rewind_common::record::SignalSent>();
        scene.records[at + 3] = rewind_common::record::sent_flags::IGNORED;
        scene.later(30 * S);
        build::sent(&mut scene.records, scene.now, (700, 700), 9, (42, 0, "kubelet"));
        scene.exit(700, 9);
        scene.answer()
    };
    let killed = "It was killed by SIGKILL: sent by kubelet (process 42); ";
    let first = "process 1 takes no SIGTERM without a handler, and was sent one 30.0s before.";
    assert_eq!(answer(1), format!("{killed}{first}"));
    assert_eq!(answer(7), format!("{killed}it ignores SIGTERM, which it was sent 30.0s before."));
}

#[test]
fn an_abort_of_process_1_is_told_as_that_whatever_signal_it_came_to() {
    let mut scene = Scene::of("app");
    scene.say(2, "double free or corruption (out)\n");
    for _ in 0..2 {
        scene.call(700, 234).arg(1).arg(1).arg(6).result(0).end();
    }
    scene.signal(11, 0x80, [0, 0]);
    scene.exit(700, 11 | 0x80);
    let why = scene.why();
    let answer = "It was killed by SIGSEGV (core dumped): it aborted itself (process 1 takes no SIGABRT, so that abort() \
                  went on to SIGSEGV); it said \"double free or corruption (out)\".";
    assert_eq!((why.answer.as_str(), why.findings[0].rule), (answer, "signal"));
    assert!(why.findings[0].evidence[0].call.contains("SIGABRT"), "{:?}", why.findings[0].evidence);
    // A fault of its own is none.
    let mut scene = Scene::of("app");
    scene.call(700, 234).arg(1).arg(1).arg(6).result(0).end();
    scene.later(S);
    scene.signal(11, 1, [8, 0]);
    scene.exit(700, 11);
    assert!(scene.answer().contains("null pointer"), "{}", scene.answer());
}

#[test]
fn the_words_stand_beside_an_abort_and_a_fault() {
    let mut scene = Scene::of("app");
    scene.say(2, "app: a.c:5: main: Assertion `c == 7' failed.\n");
    scene.call(700, 234).arg(1).arg(1).arg(6).result(0).end();
    scene.signal(6, -6, [1, 0]);
    scene.exit(700, 6);
    let answer =
        "It was killed by SIGABRT: it aborted itself; it said \"app: a.c:5: main: Assertion `c == 7' failed\".";
    assert_eq!(scene.answer(), answer);
    // Who is killed by another has said nothing of that.
    let mut scene = Scene::of("app");
    scene.say(2, "error: no backend, trying again\n");
    scene.signal(9, 0, [0, 0]);
    scene.exit(700, 9);
    assert_eq!(scene.answer(), "It was killed by SIGKILL: who sent it is not recorded.");
}

#[test]
fn a_reader_that_was_gone_is_told_where_sigpipe_ended_a_pipeline() {
    let mut scene = Scene::of("sh -c pipeline");
    scene.child(701, 700, "yes");
    scene.call(701, 3).arg(9).result(-9).end();
    scene.exit(701, 13);
    scene.exit(700, 141 << 8);
    let answer = "It exited with 141, its child yes (process 701) having been killed by SIGPIPE: it wrote to a pipe or a \
                  socket whose reader was gone.";
    assert_eq!(scene.answer(), answer);
}

#[test]
fn who_hands_a_signal_on_to_itself_had_it_from_another() {
    let mut scene = Scene::of("tini -- node server.js");
    scene.child(701, 700, "node server.js");
    build::sent(&mut scene.records, scene.now, (700, 700), 15, (9000, 0, "runc"));
    build::sent(&mut scene.records, scene.now + 1_000, (701, 701), 15, (700, 0, "tini"));
    build::sent(&mut scene.records, scene.now + 2_000, (701, 701), 15, (701, 0, "node"));
    scene.exit(701, 15);
    scene.exit(700, 143 << 8);
    let answer = scene.answer();
    assert!(answer.contains("killed by SIGTERM: sent by tini (process 700), which was sent it by runc"), "{answer}");
}

#[test]
fn beside_a_broken_pipe_stands_the_child_that_was_to_read_it() {
    let mut scene = Scene::of("dump");
    scene.child_says("sh -c gzip2", "sh: 1: gzip2: not found\n", 127);
    scene.main = 700;
    scene.signal(13, 0, [1, 0]);
    scene.exit(700, 13);
    let answer = scene.answer();
    let told = "it wrote to a pipe or a socket whose reader was gone; right before that its child sh (process ";
    assert!(answer.contains(told) && answer.contains("gzip2: not found"), "{answer}");
}

#[test]
fn beside_a_null_pointer_stands_the_memory_that_was_refused() {
    let mut scene = Scene::of("app");
    scene.call(700, 9).arg(0).arg(3 << 30).arg(3).arg(0x22).arg(u64::MAX).arg(0).result(-12).end();
    scene.signal(11, 1, [0x40, 0]);
    scene.exit(700, 11);
    let answer = scene.answer();
    assert!(answer.contains("null pointer (address 0x40); right before that mmap got no memory (ENOMEM)"), "{answer}");
}
