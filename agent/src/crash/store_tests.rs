use super::*;
use crate::crash::limits::Limits;
use rewind_recording::header::{Container, Diagnosed, Host};
use std::os::unix::fs::PermissionsExt as _;

const WIDE: Limits = Limits { bytes: u64::MAX, age_s: u64::MAX, per_container: 100 };
const NOW_S: u64 = 1_795_000_000;

/// A directory of this test's own, removed at its end.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("rewind-store-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        Self(dir)
    }

    fn open(&self, limits: Limits) -> Store {
        Store::open(&self.0, limits, NOW_S).unwrap()
    }

    fn files(&self) -> Vec<String> {
        let found = fs::read_dir(&self.0).unwrap().map(|found| found.unwrap().file_name().into_string().unwrap());
        let mut files: Vec<_> = found.collect();
        files.sort();
        files
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Run `run` of a container, which ended at `over_s`.
fn header(name: &str, run: u64, over_s: u64) -> Header {
    let container = Container { id: format!("{name}-{run}").into(), name: name.into(), ..Container::default() };
    let host = Host { unix_offset_ns: i64::try_from(over_s).unwrap() * 1_000_000_000, ..Host::default() };
    Header { recording: run, container, host, born_ns: run, died_ns: Some(run + 1), ..Header::default() }
}

#[test]
fn a_file_is_private_and_reads_as_what_was_saved() {
    let dir = Dir::new("private");
    let store = dir.open(WIDE);
    store.save(&header("web", 7, NOW_S), &[1, 2, 3, 4], NOW_S).unwrap();
    let path = store.path(1).unwrap();
    assert_eq!(path.file_name().unwrap(), "1795000000-000001-web-7-7.rewind");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&dir.0).unwrap().permissions().mode() & 0o777, 0o700);
    let read = file::open(&path).unwrap();
    assert_eq!((read.header, read.records), (header("web", 7, NOW_S), vec![1, 2, 3, 4]));
}

#[test]
fn the_same_end_is_written_once_even_by_the_next_agent() {
    let dir = Dir::new("once");
    let store = dir.open(WIDE);
    store.save(&header("web", 7, NOW_S), &[], NOW_S).unwrap();
    drop(store);
    let next = dir.open(WIDE);
    next.save(&header("web", 7, NOW_S), &[], NOW_S).unwrap();
    assert_eq!((dir.files().len(), next.list().totals.written), (1, 0));
    next.save(&header("web", 8, NOW_S), &[], NOW_S).unwrap();
    assert_eq!(next.list().crashes.iter().map(|crash| crash.crash).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_crash_loop_keeps_its_last_runs_and_each_eviction_is_counted() {
    let dir = Dir::new("loop");
    let store = dir.open(Limits { per_container: 5, ..WIDE });
    store.save(&header("web", 1, NOW_S), &[], NOW_S).unwrap();
    for run in 0..30 {
        store.save(&header("loop", run, NOW_S), &[], NOW_S).unwrap();
    }
    let list = store.list();
    let runs: Vec<_> = list.crashes.iter().map(|crash| crash.header.container.id.clone()).collect();
    assert_eq!(runs, ["web-1", "loop-25", "loop-26", "loop-27", "loop-28", "loop-29"]);
    assert_eq!(list.totals.evicted, [("container".to_owned(), 25)].into());
    assert_eq!((list.totals.written, list.totals.files, dir.files().len()), (31, 6, 6));
}

#[test]
fn a_crash_loop_says_since_when_and_how_often_it_ended_by_a_cause_though_its_first_files_are_gone() {
    let dir = Dir::new("causes");
    let of = |run: u64, fingerprint: &str| {
        let mut header = header("loop", run, NOW_S + run);
        header.container.pod_uid = "u1".into();
        header.diagnosed = Some(Box::new(Diagnosed { fingerprint: fingerprint.into(), ..Diagnosed::default() }));
        header
    };
    let limits = Limits { per_container: 3, ..WIDE };
    let store = dir.open(limits);
    store.save(&of(0, "1-b"), &[], NOW_S).unwrap();
    for run in 1..10 {
        store.save(&of(run, "1-a"), &[], NOW_S).unwrap();
    }
    drop(store);
    let store = dir.open(limits);
    store.save(&of(10, "1-a"), &[], NOW_S).unwrap();
    store.save(&of(11, "1-b"), &[], NOW_S).unwrap();
    let seen: Vec<_> = store.list().crashes.into_iter().map(|crash| *crash.header.diagnosed.unwrap()).collect();
    let first_s = |of: &Diagnosed| u64::try_from(of.first_unix_ns).unwrap() / 1_000_000_000;
    assert_eq!(seen.iter().map(|of| of.times).collect::<Vec<_>>(), [9, 10, 1]);
    assert_eq!(seen.iter().map(first_s).collect::<Vec<_>>(), [NOW_S + 1, NOW_S + 1, NOW_S + 11]);
}

#[test]
fn the_limits_hold_for_what_an_earlier_agent_left() {
    let dir = Dir::new("older");
    let store = dir.open(WIDE);
    for run in 0..4 {
        store.save(&header("web", run, NOW_S - 1000 * run), &[], NOW_S).unwrap();
    }
    drop(store);
    let list = dir.open(Limits { age_s: 1500, per_container: 1, ..WIDE }).list();
    assert_eq!(list.totals.evicted, [("age".to_owned(), 2), ("container".to_owned(), 1)].into());
    // Run 1 ended before run 0, by a clock that was set back, but was written after it.
    assert_eq!(list.crashes.iter().map(|crash| crash.header.recording).collect::<Vec<_>>(), [1]);
}

#[test]
fn torn_files_are_removed_and_counted_and_what_cannot_be_read_is_reported_and_stays() {
    let dir = Dir::new("torn");
    let store = dir.open(WIDE);
    store.save(&header("web", 1, NOW_S), &[], NOW_S).unwrap();
    drop(store);
    fs::write(dir.0.join(".1795000000-000002-web-2.rewind.4711.tmp"), "half").unwrap();
    fs::write(dir.0.join("1795000000-000009-web-9.rewind"), "not a recording").unwrap();
    fs::write(dir.0.join("notes.txt"), "somebody's own").unwrap();
    let store = dir.open(WIDE);
    let list = store.list();
    assert_eq!((list.totals.torn, list.crashes.len(), list.unreadable.len()), (1, 1, 1));
    assert!(list.unreadable[0].error.contains("decompressed"), "{list:?}");
    // Its number is not used again.
    store.save(&header("web", 2, NOW_S), &[], NOW_S).unwrap();
    assert_eq!(
        dir.files(),
        [
            "1795000000-000001-web-1-1.rewind",
            "1795000000-000009-web-9.rewind",
            "1795000000-000010-web-2-2.rewind",
            "notes.txt"
        ]
    );
}

#[test]
fn two_agents_do_not_share_a_directory() {
    let dir = Dir::new("shared");
    let first = dir.open(WIDE);
    let error = Store::open(&dir.0, WIDE, NOW_S).unwrap_err();
    assert!(error.to_string().contains("--crash-dir"), "{error}");
    drop(first);
    dir.open(WIDE);
}

#[test]
fn a_directory_that_cannot_be_made_is_counted_and_tried_again() {
    let dir = Dir::new("blocked");
    fs::write(&dir.0, "a file is in the way").unwrap();
    let store = dir.open(WIDE);
    store.save(&header("web", 1, NOW_S), &[], NOW_S).unwrap_err();
    let totals = store.list().totals;
    assert_eq!(totals.failed_writes, 2);
    assert!(totals.last_error.contains("cannot keep crash files in"), "{totals:?}");
    fs::remove_file(&dir.0).unwrap();
    store.save(&header("web", 1, NOW_S), &[], NOW_S).unwrap();
    assert_eq!((store.list().crashes.len(), store.list().totals.last_error), (1, String::new()));
    // Removed under its feet, it is made again.
    fs::remove_dir_all(&dir.0).unwrap();
    store.save(&header("web", 2, NOW_S), &[], NOW_S).unwrap_err();
    store.save(&header("web", 2, NOW_S), &[], NOW_S).unwrap();
    assert_eq!(dir.files().len(), 1);
}
