//! The screen of `rewind why`.
#![allow(clippy::unwrap_used)]

use super::write;
use crate::causes::Cause;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use rewind_diagnosis::scene::{Scene, denied};
use rewind_recording::render::{Format, Options};
use rewind_recording::stream::Recording;

fn recording(scene: &Scene) -> Recording {
    Recording { header: scene.header(), records: scene.records.clone(), complete: true }
}

fn shown(scene: &Scene, color: bool) -> String {
    let mut out = Vec::new();
    let options = Options { color, ..Options::default() };
    write(&mut out, &recording(scene), None, &[], &options).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_screen_is_eighty_columns_wide_and_starts_with_the_answer() {
    let screen = shown(&denied(), false);
    assert!(screen.starts_with("It exited with 1 after openat of /etc/passwd was denied (EACCES).\n"), "{screen}");
    for line in screen.lines() {
        assert!(line.chars().count() <= 80 && !line.ends_with(' '), "{line:?}");
    }
    assert!(!screen.contains('\x1b'));
    assert!(shown(&denied(), true).contains("\x1b["));
    assert!(screen.contains("\nConfidence: likely\n"), "{screen}");
    for heading in ["What that rests on", "Failed calls", "What it ran", "Last calls of the thread that ended it (700"]
    {
        assert!(screen.contains(heading), "{heading}: {screen}");
    }
}

#[test]
fn a_path_cannot_steer_the_terminal() {
    let mut scene = Scene::of("app");
    scene.open("/tmp/\x1b[2Jgone", -13);
    scene.say(2, "\x1b]0;title\x07 cannot open\n");
    scene.exit(700, 1 << 8);
    assert!(!shown(&scene, false).contains(['\x1b', '\x07']), "{}", shown(&scene, false));
}

#[test]
fn json_is_one_object() {
    let scene = denied();
    let mut out = Vec::new();
    let options = Options { format: Format::Json, ..Options::default() };
    write(&mut out, &recording(&scene), None, &[], &options).unwrap();
    let why: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(why["ended"]["exit_code"], 1);
    assert_eq!((why["confidence"].as_str(), why["last_words"]["is_error"].as_bool()), (Some("likely"), Some(true)));
    assert_eq!(why["findings"][0]["evidence"][0]["tid"], 700);
}

#[test]
fn how_it_differs_from_another_run_stands_below_the_answer() {
    let mut good = Scene::of("python3 app.py");
    good.open("/etc/passwd", 3);
    good.exit(700, 0);
    let mut out = Vec::new();
    write(&mut out, &recording(&denied()), Some(&recording(&good)), &[], &Options::default()).unwrap();
    let begin = "\
It exited with 1 after openat of /etc/passwd was denied (EACCES).

The other run opened /etc/passwd at this point; this one was denied (EACCES).

Container:";
    let screen = String::from_utf8(out).unwrap();
    assert!(screen.starts_with(begin), "{screen}");
}

#[test]
fn since_when_its_cause_is_known_is_said() {
    let told = |causes: &[Cause], format| {
        let mut out = Vec::new();
        let options = Options { format, zone: TimeZone::UTC, ..Options::default() };
        write(&mut out, &recording(&denied()), None, causes, &options).unwrap();
        String::from_utf8(out).unwrap()
    };
    let fingerprint = denied().why().fingerprint;
    let known = Cause { fingerprint, count: 42, containers: 40, ..Cause::default() };
    let screen = told(std::slice::from_ref(&known), Format::Table);
    let line = "\nCause:      first seen Thu 1970-01-01 00:00, 41 times since, in 40 containers\n";
    assert!(screen.contains(line), "{screen}");
    let why: serde_json::Value = serde_json::from_str(&told(std::slice::from_ref(&known), Format::Json)).unwrap();
    assert_eq!((&why["seen"]["count"], &why["seen"]["fingerprint"]), (&42.into(), &why["fingerprint"]));
    let other = Cause { fingerprint: Some("1-0".into()), ..known };
    assert!(!told(&[other], Format::Table).contains("Cause:"), "another cause");
}

proptest! {
    #[test]
    fn any_bytes_give_a_screen(bytes in proptest::collection::vec(any::<u8>(), 0..512), cut in 0_usize..400) {
        let scene = denied();
        let mut broken = recording(&scene);
        broken.records.truncate(cut);
        broken.records.extend(bytes);
        let mut out = Vec::new();
        write(&mut out, &broken, None, &[], &Options::default()).unwrap();
        prop_assert!(!out.is_empty());
    }
}
