//! Texts nobody has seen.

use super::files::{Files, V1, V1_MOUNTS, V2, write};
use super::{NOW, START, number, points, read, v2};
use crate::{Figures, Hierarchies, Limits, Meter, Subject};
use proptest::prelude::*;
use std::fs;
use std::path::Path;

/// A file of a container's, changed here and there.
fn changed(files: Files<'static>) -> impl Strategy<Value = (usize, String)> {
    let piece =
        prop_oneof!["\\PC{0,8}", Just("\n".to_owned()), Just(" ".to_owned()), "-?[0-9]{1,25}", Just("é=:".to_owned())];
    let edits = prop::collection::vec((any::<prop::sample::Index>(), 0..6_usize, piece), 0..6);
    (0..files.len(), edits).prop_map(move |(file, edits)| {
        let text = edits.iter().fold(files[file].1.to_owned(), |text, (at, cut, piece)| {
            let at = text.floor_char_boundary(at.index(text.len() + 1));
            let end = text.ceil_char_boundary((at + cut).min(text.len()));
            format!("{}{piece}{}", &text[..at], &text[end..])
        });
        (file, text)
    })
}

fn all_finite(figures: &[&Figures]) -> bool {
    let mut meter = Meter::new(Subject::Container, START);
    let limits = Limits { cpu_limit: Some(f64::MIN_POSITIVE), memory_limit: Some(1), ..Limits::default() };
    let moments = figures.iter().zip(NOW..).flat_map(|(figures, now)| meter.metrics(figures, &limits, now));
    let mut points = moments.flat_map(|metric| points(&metric).to_vec());
    points.all(|point| number(&point).is_finite())
}

proptest! {
    #[test]
    fn lines_nobody_has_seen_cost_no_more_than_their_file((file, text) in changed(V2), (file_v1, text_v1) in changed(V1)) {
        let (dir, hierarchies) = v2(V2);
        let before = read(&hierarchies).0;
        fs::write(dir.path().join("c").join(V2[file].0), text).unwrap();
        let (figures, unread) = read(&hierarchies);
        prop_assert!(unread.len() <= 1, "{unread:?}");
        prop_assert!(all_finite(&[&before, &figures]), "{figures:?}");
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), V1);
        fs::write(dir.path().join(V1[file_v1].0), text_v1).unwrap();
        let (figures, unread) = read(&Hierarchies::read(V1_MOUNTS, dir.path()));
        prop_assert!(unread.len() <= 1, "{unread:?}");
        prop_assert!(all_finite(&[&figures]), "{figures:?}");
    }

    #[test]
    fn bytes_that_are_no_text_cost_no_more_than_their_file(
        file in 0..V2.len(),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let (dir, hierarchies) = v2(V2);
        fs::write(dir.path().join("c").join(V2[file].0), &bytes).unwrap();
        let (figures, unread) = read(&hierarchies);
        prop_assert!(unread.len() <= 1 && all_finite(&[&figures]), "{unread:?}");
    }

    #[test]
    fn any_mounts_and_any_path_stay_below_the_root(text in any::<String>(), lines in "([0-9] |/|\\.\\.|\\\\[0-7]{3}|a| - |cgroup2? |rw,cpu|\n){0,40}", path in "(/|\\.|a|\\PC){0,9}") {
        let dir = tempfile::tempdir().unwrap();
        for mountinfo in [text, lines.clone(), format!("1 1 0:1 {path} {path} rw - cgroup2 c rw\n{lines}")] {
            let found = Hierarchies::read(&mountinfo, dir.path());
            for mount in found.unified.iter().chain(found.v1.values()) {
                let inside = crate::hierarchies::inside(Path::new(&path)).and_then(|path| mount.at(path));
                prop_assert!(inside.is_none_or(|at| at.starts_with(dir.path()) && !at.components().any(|part| part.as_os_str() == "..")));
            }
            let _ = Figures::read(&found, Path::new(&path));
        }
    }
}
