//! A thread that waits for a lock on a file, and who holds that.
//!
//! Servers of several processes let one of them accept at a time, by a lock: those that wait in line have nothing to do.

use crate::calls::bits;
use crate::facts::{Facts, FileLock, LockRequest, Thread, Wait};
use crate::finding::Finding;
use crate::groups::Group;
use crate::text::descriptor;
use crate::weight::{DEADLOCKED, STUCK};
use crate::words::waiting;
use rewind_recording::event::What;
use rewind_recording::render::units::duration;

/// Shorter waits are usual.
const LONG_NS: u64 = 3_000_000_000;

/// A wait for a lock.
struct Waiter<'t> {
    thread: &'t Thread,
    wait: &'t Wait,
    path: String,
    fd: i32,
    is_flock: bool,
}

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    if facts.is_frozen() {
        return Vec::new();
    }
    let threads: Vec<Thread> = facts.threads().into_values().flatten().collect();
    let waiters: Vec<_> = threads.iter().filter_map(|thread| waiter(facts, thread)).collect();
    let long = waiters.iter().filter(|waiter| waiter.wait.ns > LONG_NS);
    let mut findings: Vec<_> = long.filter_map(|waiter| finding(facts, waiter, &waiters, &threads)).collect();
    findings.truncate(3);
    findings
}

fn waiter<'t>(facts: &Facts<'_>, thread: &'t Thread) -> Option<Waiter<'t>> {
    let wait = thread.wait.as_ref().filter(|wait| wait.bits & bits::WAITS_FILE_LOCK != 0)?;
    let event = facts.timeline.event(wait.index)?;
    let What::Call { call, .. } = event.what else { return None };
    let is_flock = LockRequest::of(&call, facts.arch)?.is_flock;
    let path = facts.subject(&event).text().unwrap_or_default().to_owned();
    Some(Waiter { thread, wait, path, fd: descriptor(&call), is_flock })
}

fn finding(facts: &Facts<'_>, waiter: &Waiter<'_>, all: &[Waiter<'_>], threads: &[Thread]) -> Option<Finding> {
    let holder = holder(facts, waiter);
    let is_idle = |tgid: Option<u32>| {
        threads.iter().any(|thread| {
            let is_it = tgid.is_none_or(|tgid| thread.tgid == tgid) && thread.tgid != waiter.thread.tgid;
            is_it && thread.wait.as_ref().is_some_and(|wait| wait.bits & bits::WAITS_WORK != 0)
        })
    };
    let is_in_line = is_idle(holder.map(|holder| holder.tgid));
    if is_in_line {
        return None;
    }
    let Waiter { wait, path, .. } = waiter;
    let file = if path.is_empty() { "a file that is not known" } else { path };
    let since = if wait.is_before { "since before the recording began, " } else { "" };
    let ago = if wait.is_before { " ago," } else { "" };
    let mut text = format!("it has waited {since}{}{ago} for a lock on {file}", duration(wait.ns));
    let (more, is_circle) = match holder {
        None => (", and who holds that is not among the records".to_owned(), false),
        Some(lock) => held(facts, waiter, lock, all, threads),
    };
    text += &more;
    let evidence = holder.map(|lock| lock.index).into_iter().chain([wait.index]);
    Some(Finding::new("lock", if is_circle { DEADLOCKED } else { STUCK }, text, evidence))
}

/// Who has a lock that is in the way: by `flock` it may be the waiter itself, by another descriptor.
fn holder<'f>(facts: &'f Facts<'_>, waiter: &Waiter<'_>) -> Option<&'f FileLock> {
    let is_in_way = |lock: &&FileLock| {
        let is_own = lock.tgid == waiter.thread.tgid && (!lock.is_flock || lock.fd == waiter.fd);
        lock.is_on(&waiter.path) && lock.is_flock == waiter.is_flock && !is_own
    };
    facts.file_locks.iter().find(is_in_way)
}

/// Since when somebody holds it, and what that does meanwhile; whether that waits for the waiter in turn.
fn held(
    facts: &Facts<'_>,
    waiter: &Waiter<'_>,
    lock: &FileLock,
    all: &[Waiter<'_>],
    threads: &[Thread],
) -> (String, bool) {
    let since = duration(facts.header.read_ns.saturating_sub(lock.since_ns));
    if lock.tgid == waiter.thread.tgid {
        return (format!(", which it has held itself for {since}, by descriptor {}: it cannot go on", lock.fd), true);
    }
    let comm = facts.processes.get(&lock.tgid).map_or("", |process| &process.comm);
    let mut text = format!(", which {comm} (process {}) has held for {since}", lock.tgid);
    let in_turn = all.iter().find(|other| {
        other.thread.tgid == lock.tgid && holder(facts, other).is_some_and(|lock| lock.tgid == waiter.thread.tgid)
    });
    if let Some(other) = in_turn {
        text += &format!("; that waits for the lock on {}, which this one holds: neither can go on", other.path);
        return (text, true);
    }
    let main = threads.iter().find(|thread| thread.tid == lock.tgid).and_then(|thread| thread.wait.as_ref());
    if let Some((wait, event)) = main.and_then(|wait| Some((wait, facts.timeline.event(wait.index)?))) {
        text += &format!("; that is in {} for {}", waiting::call(facts, &event), duration(wait.ns));
    }
    (text, false)
}

#[cfg(test)]
mod tests {
    use crate::scene::{MS, S, Scene};
    use rewind_recording::event::build;

    const EXCLUSIVE: u64 = 2;
    const UNLOCK: u64 = 8;

    fn open_as(scene: &mut Scene, tgid: u32, path: &str, fd: i64) {
        scene.main = tgid;
        scene.open(path, fd);
    }

    fn locks(scene: &mut Scene, tgid: u32, fd: u64, operation: u64) {
        scene.call(tgid, 73).arg(fd).arg(operation).result(0).end();
    }

    fn waits(scene: &mut Scene, tgid: u32, fd: u64) {
        scene.now += MS;
        build::call(&mut scene.records, tgid, 73).at(scene.now, 0).enter().arg(fd).arg(EXCLUSIVE).end();
    }

    /// Process 701 has locked a file that 700 waits for.
    fn held() -> Scene {
        let mut scene = Scene::of("app");
        scene.child(701, 700, "backup --all");
        open_as(&mut scene, 701, "/run/app.lock", 3);
        locks(&mut scene, 701, 3, EXCLUSIVE);
        open_as(&mut scene, 700, "/run/app.lock", 4);
        scene
    }

    #[test]
    fn who_holds_the_lock_is_named_with_what_that_does() {
        let mut scene = held();
        waits(&mut scene, 700, 4);
        build::call(&mut scene.records, 701, 230).at(scene.now, 0).enter().arg(0).arg(0).arg(0).arg(0).end();
        scene.later(40 * S);
        let told = "It is running; but it has waited 41.0s for a lock on /run/app.lock, which backup (process 701) has held \
                    for 41.0s; that is in clock_nanosleep for 41.0s.";
        assert_eq!(scene.answer(), told);
    }

    #[test]
    fn a_lock_that_was_given_up_is_not_held_by_who_had_it() {
        for (nr, second) in [(73, UNLOCK), (3, 0)] {
            let mut scene = held();
            scene.call(701, nr).arg(3).arg(second).result(0).end();
            waits(&mut scene, 700, 4);
            scene.later(40 * S);
            assert!(scene.answer().ends_with("and who holds that is not among the records."), "{}", scene.answer());
        }
    }

    #[test]
    fn a_process_that_locks_a_file_twice_holds_it_itself() {
        let mut scene = Scene::of("app");
        for fd in [3, 4] {
            open_as(&mut scene, 700, "/run/app.lock", fd);
        }
        locks(&mut scene, 700, 3, EXCLUSIVE);
        waits(&mut scene, 700, 4);
        scene.later(40 * S);
        assert!(
            scene.answer().contains("held itself for 41.0s, by descriptor 3: it cannot go on"),
            "{}",
            scene.answer()
        );
    }

    #[test]
    fn two_that_hold_what_the_other_waits_for_are_told_as_such() {
        let mut scene = held();
        open_as(&mut scene, 700, "/run/b.lock", 5);
        locks(&mut scene, 700, 5, EXCLUSIVE);
        open_as(&mut scene, 701, "/run/b.lock", 6);
        waits(&mut scene, 700, 4);
        waits(&mut scene, 701, 6);
        scene.later(40 * S);
        assert!(scene.answer().contains("neither can go on"), "{}", scene.answer());
    }

    #[test]
    fn a_shell_that_had_its_own_descriptor_locked_holds_it() {
        let mut scene = Scene::of("sh -c script");
        open_as(&mut scene, 700, "/run/app.lock", 9);
        scene.child(701, 700, "flock 9");
        locks(&mut scene, 701, 9, EXCLUSIVE);
        scene.exit(701, 0);
        scene.child(702, 1, "app");
        open_as(&mut scene, 702, "/run/app.lock", 3);
        waits(&mut scene, 702, 3);
        scene.later(40 * S);
        assert!(scene.answer().contains("which sh (process 700) has held for"), "{}", scene.answer());
    }

    #[test]
    fn who_waits_for_his_turn_to_accept_has_nothing_to_do() {
        let mut scene = held();
        waits(&mut scene, 700, 4);
        build::call(&mut scene.records, 701, 43).at(scene.now, 0).enter().arg(5).arg(0).arg(0).end();
        scene.later(40 * S);
        assert!(!scene.answer().contains("lock"), "{}", scene.answer());
    }
}
