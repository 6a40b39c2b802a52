//! The scenarios as built records: the right cause comes first.

mod stable;

use super::diagnose;
use super::diagnosis::Confidence;
use super::scene::{S, Scene, denied};
use proptest::prelude::*;
use rewind_recording::event::build;
use rewind_recording::header::Header;
use rewind_recording::render::Options;

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
fn how_sure_the_answer_is_stands_beside_it() {
    let confidence = |scene: &Scene| scene.why().confidence;
    let mut scene = Scene::of("app");
    assert_eq!(confidence(&scene), Confidence::None);
    scene.exit(700, 1 << 8);
    assert_eq!(confidence(&scene), Confidence::None);
    assert_eq!(confidence(&denied()), Confidence::Likely);
    let mut scene = Scene::of("app");
    scene.say(2, "error: no settings\n");
    scene.exit(700, 1 << 8);
    assert_eq!(confidence(&scene), Confidence::Likely);
    let mut scene = Scene::of("app");
    scene.signal(11, 1, [8, 0]);
    scene.exit(700, 11);
    assert_eq!(confidence(&scene), Confidence::Certain);
    // What stands beside the end does not explain it.
    let mut scene = Scene::of("app");
    scene.child(702, 700, "worker");
    scene.exit(702, 11);
    scene.later(S);
    scene.exit(700, 3 << 8);
    assert_eq!(confidence(&scene), Confidence::None);
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
