//! The screen of `rewind diff`.
#![allow(clippy::unwrap_used)]

use super::write;
use rewind_diagnosis::diff::{Diff, diff};
use rewind_diagnosis::scene::Scene;
use rewind_recording::event::sorted;
use rewind_recording::render::{Format, Options};

fn run(config: &str, result: i64) -> Scene {
    let mut scene = Scene::of("app");
    scene.open("/lib/libc.so.6", 3);
    scene.open(config, result);
    scene.exit(700, if result < 0 { 1 << 8 } else { 0 });
    scene
}

fn compared(a: &Scene, b: &Scene) -> Diff {
    diff((&a.header(), &sorted(&a.records)), (&b.header(), &sorted(&b.records)))
}

fn shown(diff: &Diff, options: &Options) -> String {
    let mut out = Vec::new();
    write(&mut out, diff, options).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_screen_starts_with_the_answer_and_is_eighty_columns_wide() {
    let told = compared(&run("/etc/app.yaml", 3), &run("/etc/app.yaml", -2));
    let screen = shown(&told, &Options::default());
    let begin = "\
The other run opened /etc/app.yaml at this point; this one found no such file
(ENOENT).

A:          web (docker), exited with 0 after 3.99ms, 0 calls held
B:          web (docker), exited with 1 after 3.99ms, 0 calls held

Where they part (app)
  both  openat of /lib/libc.so.6
  A     openat of /etc/app.yaml
  B     openat of /etc/app.yaml found no such file (ENOENT)

Failed in one, went well in the other
  IN       A       B  WHAT
  B        1       1  openat of /etc/app.yaml found no such file (ENOENT)
";
    assert!(screen.starts_with(begin), "{screen}");
    for line in screen.lines() {
        assert!(line.chars().count() <= 80 && !line.ends_with(' '), "{line:?}");
    }
    assert!(!screen.contains('\x1b'));
    assert!(shown(&told, &Options { color: true, ..Options::default() }).contains("\x1b["));
}

#[test]
fn what_may_only_not_be_held_has_a_mark_that_is_explained() {
    let (a, b) = (run("/etc/more.yaml", 3), run("/etc/app.yaml", 3));
    let mut short = b.header();
    (short.coverage.calls_overwritten, short.coverage.decisive_from_ns) = (9, short.born_ns + 1);
    let told = diff((&a.header(), &sorted(&a.records)), (&short, &sorted(&b.records)));
    let screen = shown(&told, &Options::default());
    assert!(screen.contains("  A?       1       -  opened /etc/more.yaml\n"), "{screen}");
    assert!(screen.contains("  B        -       1  opened /etc/app.yaml\n"), "{screen}");
    assert!(screen.contains("\n?: the other may have done so as well"), "{screen}");
}

#[test]
fn a_path_cannot_steer_the_terminal() {
    let told = compared(&run("/tmp/\x1b[2Jgone", 3), &run("/tmp/\x1b]0;title\x07", -2));
    assert!(told.differs);
    assert!(!shown(&told, &Options::default()).contains(['\x1b', '\x07']));
}

#[test]
fn json_is_one_object() {
    let told = compared(&run("/etc/app.yaml", 3), &run("/etc/app.yaml", -2));
    let json = shown(&told, &Options { format: Format::Json, ..Options::default() });
    let told: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&told["differs"], &told["failed"]), (&true.into(), &"b".into()));
    assert_eq!(told["differences"][0]["kind"], "outcome");
}

#[test]
fn environments_are_shown_by_their_bytes_and_an_empty_one_as_0() {
    let run = |env_bytes| {
        let mut scene = Scene::given("app", Some(env_bytes));
        scene.exit(700, 0);
        scene
    };
    let screen = shown(&compared(&run(0), &run(1_204)), &Options::default());
    let table = "
Bytes of the environment, where one's is far larger
  IN       A       B  WHAT
  B        0   1,204  ran app with a far larger environment
";
    assert!(screen.contains(table), "{screen}");
}
