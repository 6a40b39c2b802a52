//! Whether the course of a program changed with a failure: whether it did nothing else behind it until it complained,
//! or ended.
//!
//! A probe that fails in healthy runs as well is followed by the ordinary work of its thread ([`crate::works`]).

use crate::calls::{self, bits};
use crate::facts::{Facts, Subject};
use crate::groups::Group;
use crate::meaning::{self, Meaning, status};
use crate::works::{Kind, Works};

/// No longer before it than this, but for the time that the thread slept.
const CLOSE_NS: u64 = 5_000_000_000;
/// So long before the last time a failure must have come for the first time to be of no account.
const LONG_BEFORE_NS: u64 = 10_000_000_000;
/// So many times it must have come.
const TIMES: u64 = 3;
/// A peer that was tried more often may have been tried until the program gave up.
const TWICE: u64 = 2;

/// Whether what failed last in a group is where the course changed, `until_ns` being when it complained or ended.
pub(crate) fn is_turn(works: &Works, group: &Group, until_ns: u64) -> bool {
    // The rest of a response that is an error is read as well.
    let least = if status(group.errno).is_some() { Kind::Own } else { Kind::Any };
    can_end(group) && is_last(works, (group.tid, group.last_ns), until_ns, least)
}

/// Whether it tells something that a program goes on behind a failure of that kind.
pub(crate) fn can_be_had_over(group: &Group) -> bool {
    let is_peer = matches!(group.subject, Subject::Peer(_));
    matches!(group.meaning, Meaning::Missing | Meaning::Busy | Meaning::Other) || is_peer
}

/// Whether a group failed so before, and its program did its work behind each: long ago and again and again, or once,
/// and it ran another program. Who tries until it gives up does nothing else in between.
pub(crate) fn went_on(facts: &Facts<'_>, works: &Works, group: &Group) -> bool {
    let is_peer = matches!(group.subject, Subject::Peer(_));
    // Whose connections are all ended by the peer makes each anew: that is no work of its own.
    let is_retried =
        is_peer && group.count > TWICE && (facts.ending.is_some() || meaning::is_ended_by_peer(group.errno));
    if !can_be_had_over(group) || group.count < 2 || is_retried {
        return false;
    }
    let is_long = group.count > TIMES && group.last_ns.saturating_sub(group.first_ns) >= LONG_BEFORE_NS;
    let least = if is_long { Kind::Any } else { Kind::Starts };
    // What each run of a program fails for, and ends, none has got over.
    let ended_of_it = |tid: u32| {
        let process =
            works.process_of(tid).filter(|tgid| *tgid != group.tgid).and_then(|tgid| facts.processes.get(&tgid));
        process.and_then(|process| process.end).is_some_and(|end| !end.ending.is_success())
    };
    if group.earlier.iter().any(|(_, tid, _)| ended_of_it(*tid)) {
        return false;
    }
    let mut between = group.earlier.iter().zip(group.earlier.iter().skip(1));
    between.all(|((_, tid, since_ns), (_, _, until_ns))| works.any(*tid, *since_ns..*until_ns, least))
}

/// Whether a thread did nothing else behind what ended at `since_ns`.
pub(crate) fn is_last(works: &Works, (tid, since_ns): (u32, u64), until_ns: u64, least: Kind) -> bool {
    let behind = || since_ns..until_ns;
    !works.any(tid, behind(), least)
        && until_ns.saturating_sub(since_ns).saturating_sub(works.slept_ns(tid, behind())) < CLOSE_NS
}

/// Whether programs end for a failure of that kind.
fn can_end(group: &Group) -> bool {
    match group.meaning {
        Meaning::Answer(_) => false,
        Meaning::Missing | Meaning::Busy | Meaning::Other => {
            matches!(group.subject, Subject::Path(_) | Subject::Peer(_)) || calls::has(&group.name, bits::RUNS)
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use crate::scene::{S, Scene};

    const NONE: &str = "It exited with 1; nothing unusual found before that.";

    /// A program that misses a file, does something, and exits in silence.
    fn answer(then: impl Fn(&mut Scene)) -> String {
        let mut scene = Scene::of("app");
        scene.open("/etc/app/settings", -2);
        then(&mut scene);
        scene.exit(700, 1 << 8);
        scene.answer()
    }

    #[test]
    fn ordinary_work_behind_a_failure_shows_that_it_was_none() {
        assert!(answer(|_| ()).contains("settings found no such file"));
        assert_eq!(answer(|scene| scene.open("/srv/work", 3)), NONE);
        assert_eq!(answer(|scene| scene.connect([10, 0, 0, 5], 5432, 0)), NONE);
        let clone = |scene: &mut Scene| {
            scene.call(700, 56).arg(0).result(701).end();
        };
        assert_eq!(answer(clone), NONE);
    }

    #[test]
    fn of_what_failed_behind_the_last_work_the_newest_is_where_the_course_changed() {
        let mut scene = Scene::of("app");
        scene.connect([127, 0, 0, 1], 9125, -111);
        scene.open("/run/secrets/token", -13);
        scene.connect([127, 0, 0, 1], 9125, -111);
        scene.exit(700, 7 << 8);
        assert!(scene.answer().contains("after openat of /run/secrets/token was denied"), "{}", scene.answer());
        // A peer that was tried again and again, before one that was not.
        let mut scene = Scene::of("app");
        for _ in 0..4 {
            scene.connect([10, 0, 0, 5], 5432, -111);
            scene.later(S);
        }
        scene.connect([127, 0, 0, 1], 9125, -111);
        scene.exit(700, 1 << 8);
        assert!(scene.answer().contains("after connect to 10.0.0.5:5432 was refused"), "{}", scene.answer());
    }

    #[test]
    fn what_programs_do_not_go_on_behind_comes_before_a_peer_that_was_tried_again_and_again() {
        let mut scene = Scene::of("app");
        for _ in 0..4 {
            scene.connect([10, 0, 0, 5], 5432, -111);
            scene.later(S);
        }
        scene.call(700, 1).arg(4).arg(0x7000).arg(40).result(-28).end();
        scene.exit(700, 1 << 8);
        assert!(scene.answer().contains("no space left (ENOSPC)"), "{}", scene.answer());
    }

    #[test]
    fn what_a_thread_in_the_background_tries_again_and_again_is_not_why_another_ended_it() {
        let tried = |tid: u32| {
            let mut scene = Scene::of("app");
            rewind_recording::event::build::task(&mut scene.records, scene.now, (701, 700), (2, 1), "exporter");
            scene.main = tid;
            for _ in 0..4 {
                scene.connect([127, 0, 0, 1], 4317, -111);
                scene.later(S);
            }
            scene.exit(700, 1 << 8);
            scene.answer()
        };
        assert_eq!(tried(701), NONE);
        assert!(tried(700).contains("127.0.0.1:4317 was refused (ECONNREFUSED), 4 times"));
    }

    #[test]
    fn who_ran_a_program_between_two_failures_of_a_peer_does_without_it() {
        let mut scene = Scene::of("app");
        scene.connect([127, 0, 0, 1], 9125, -111);
        scene.call(700, 56).arg(0).result(701).end();
        scene.connect([127, 0, 0, 1], 9125, -111);
        scene.exit(700, 5 << 8);
        assert_eq!(scene.answer(), "It exited with 5; nothing unusual found before that.");
    }

    #[test]
    fn who_met_two_things_in_turn_got_over_both() {
        let mut scene = Scene::of("app");
        for _ in 0..2 {
            scene.open("/etc/app/extra.ini", -2);
            scene.connect([127, 0, 0, 1], 9125, -111);
        }
        scene.exit(700, 33 << 8);
        assert_eq!(scene.answer(), "It exited with 33; nothing unusual found before that.");
    }

    #[test]
    fn who_lives_on_got_over_what_failed_unless_it_tries_again_and_again() {
        let mut scene = Scene::of("app");
        scene.connect([127, 0, 0, 1], 9125, -111);
        scene.open("/run/secrets/token", -13);
        assert_eq!(scene.answer(), "It is running: nothing unusual found.");
        for _ in 0..3 {
            scene.later(S);
            scene.connect([127, 0, 0, 1], 9125, -111);
        }
        assert!(scene.answer().contains("connect to 127.0.0.1:9125 was refused"), "{}", scene.answer());
        scene.later(120 * S);
        assert_eq!(scene.answer(), "It is running: nothing unusual found.");
    }

    #[test]
    fn one_more_of_many_files_of_a_directory_is_where_nothing_changed() {
        let mut scene = Scene::of("app");
        for i in 0..20 {
            scene.open(&format!("/srv/plugins/{i}.conf"), -2);
        }
        scene.exit(700, 4 << 8);
        assert_eq!(scene.answer(), "It exited with 4; nothing unusual found before that.");
    }

    #[test]
    fn a_server_that_seldom_reaches_a_peer_works() {
        let mut scene = Scene::of("server");
        scene.call(700, 50).arg(3).arg(128).result(0).end();
        for _ in 0..4 {
            scene.connect([127, 0, 0, 1], 9125, -111);
            scene.later(10 * S);
        }
        assert_eq!(scene.answer(), "It is running: nothing unusual found.");
    }

    #[test]
    fn what_is_done_to_complain_is_no_work() {
        let answer = answer(|scene| {
            scene.open("/proc/self/maps", 3);
            scene.open("/usr/share/locale/de/LC_MESSAGES/app.mo", 3);
            scene.open("/usr/lib/python3/traceback.py", 3);
            let listed = scene.call(700, 257).arg(0xffff_ff9c).string("/usr/lib/python3").arg(0o200_000).arg(0);
            listed.result(3).end();
        });
        assert!(answer.contains("settings found no such file"), "{answer}");
    }

    #[test]
    fn the_work_of_another_thread_is_not_what_followed() {
        let mut scene = Scene::of("app");
        rewind_recording::event::build::task(&mut scene.records, scene.now, (701, 700), (2, 1), "worker");
        scene.open("/etc/app/settings", -2);
        scene.main = 701;
        scene.open("/srv/work", 3);
        scene.exit(700, 1 << 8);
        assert!(scene.answer().contains("settings found no such file"), "{}", scene.answer());
    }

    #[test]
    fn a_look_at_what_the_kernel_offers_ends_nothing() {
        for (nr, errno) in [(330, -22), (330, -28), (330, -38), (334, -22), (324, -1), (425, -1), (157, -22), (3, -9)] {
            let mut scene = Scene::of("app");
            scene.call(700, nr).arg(0).arg(2).result(errno).end();
            scene.exit(700, 1 << 8);
            assert_eq!(scene.answer(), NONE, "{nr} {errno}");
        }
        let mut scene = Scene::of("java");
        scene.open("/sys/devices/system/cpu/cpu0/microcode/version", -2);
        scene.exit(700, 1 << 8);
        assert_eq!(scene.answer(), NONE);
    }
}
