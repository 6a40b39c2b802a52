//! Children that run no program and fail again and again of the same failed call: redis saves in one, say.
//!
//! That a child ends with a code says little: many are ended so to be replaced. Three in a row that could not do the same
//! right before, or that said so, fail; two where they may not write a file, or have no space for it.

use super::runs::{Run, has_failed};
use crate::calls::{self, bits};
use crate::facts::process::Process;
use crate::facts::{Facts, Failure, Subject};
use crate::meaning::Meaning;
use crate::text::{has_name, last_part};
use std::collections::BTreeMap;

/// From so many on they do not end so by chance.
const LEAST: usize = 3;
/// From so many on, where it is a file that cannot be written.
const LEAST_UNWRITABLE: usize = 2;
/// Who ends so soon behind a failure ends of it.
const RIGHT_BEHIND_NS: u64 = 50_000_000;
/// Who says what failed may take so long to end.
const SPEAKING_NS: u64 = 5_000_000_000;

/// What failed: the call, the errno, and of a path its directory, of a peer all.
type Reason<'f> = (&'f str, u16, &'f str);

impl Facts<'_> {
    /// Processes that were begun in the time that is held and have run no program, by parent and name.
    pub(super) fn forks(&self) -> BTreeMap<(u32, &str), Vec<Run<'_>>> {
        let complete_ns = self.header.coverage.complete_from_ns;
        // What a shell begins without a program is a part of its script.
        let is_fork = |process: &Process| {
            let is_own = process.programs.is_empty() && !process.is_setup() && process.first_ns >= complete_ns;
            let parent = self.processes.get(&process.parent);
            is_own && parent.is_some_and(|parent| !parent.is_shell() && parent.first_ns < process.first_ns)
        };
        let mut forks = BTreeMap::<(u32, &str), Vec<Run<'_>>>::new();
        for (tgid, process) in self.processes.iter().filter(|(_, process)| is_fork(process)) {
            forks.entry((process.parent, process.command())).or_default().push((*tgid, process));
        }
        forks
    }

    /// The failed call that a process ended of, if it ended badly.
    pub(super) fn ended_of(&self, (tgid, process): Run<'_>) -> Option<Reason<'_>> {
        let end_ns = process.end.filter(has_failed)?.ending.at_ns;
        let own = self.failures.iter().filter(|failure| failure.tgid == tgid && failure.at_ns <= end_ns);
        let ties = |failure: &&Failure| {
            let until_ns = end_ns - failure.at_ns;
            until_ns < RIGHT_BEHIND_NS && is_refusal(failure) || until_ns < SPEAKING_NS && is_named(process, failure)
        };
        own.filter(ties).max_by_key(|failure| failure.at_ns).map(reason)
    }
}

/// From how many on that fail for a reason they do not by chance.
pub(super) fn least((call, errno, _): Reason<'_>) -> usize {
    match Meaning::of(call, errno) {
        Meaning::Denied | Meaning::ReadOnly | Meaning::OutOfSpace if calls::has(call, bits::FILE | bits::SENDS) => {
            LEAST_UNWRITABLE
        }
        _ => LEAST,
    }
}

fn reason(failure: &Failure) -> Reason<'_> {
    let subject = match &failure.subject {
        Subject::Path(path) => path.rsplit_once('/').map_or("", |(dir, _)| dir),
        Subject::Peer(peer) => peer,
        Subject::Descriptor(_) | Subject::Nothing => "",
    };
    (&failure.name, failure.errno, subject)
}

/// Whether programs seldom reckon with a failure.
fn is_refusal(failure: &Failure) -> bool {
    let is_file = matches!(failure.subject, Subject::Path(_));
    match failure.meaning() {
        Meaning::OutOfMemory | Meaning::OutOfDescriptors | Meaning::OutOfSpace | Meaning::Limit | Meaning::Broken => {
            true
        }
        Meaning::Denied | Meaning::ReadOnly | Meaning::Filtered => is_file,
        Meaning::Peer | Meaning::NoAnswer => calls::has(&failure.name, bits::CONNECTS),
        Meaning::AddressInUse => true,
        Meaning::Answer(_) | Meaning::Missing | Meaning::Busy | Meaning::Other => false,
    }
}

/// Whether a process named what failed behind it.
fn is_named(process: &Process, failure: &Failure) -> bool {
    let Some(name) = failure.subject.text().and_then(|text| last_part(text).or(Some(text))) else { return false };
    let name = name.to_lowercase();
    let names = |text: &str| name.len() > 1 && has_name(&text.to_lowercase(), &name);
    process.outputs.iter().any(|output| output.at_ns >= failure.at_ns && names(&output.text))
}

#[cfg(test)]
mod tests {
    use crate::scene::{S, Scene};
    use rewind_recording::event::build;

    const NOTHING: &str = "It is running: nothing unusual found.";

    /// A child of 700 that runs nothing, does `work` and ends with a status.
    fn fork(scene: &mut Scene, tgid: u32, status: u32, work: impl Fn(&mut Scene)) {
        scene.later(2 * S);
        build::fork(&mut scene.records, scene.now, (700, 700), tgid);
        build::task(&mut scene.records, scene.now, (tgid, tgid), (tgid, tgid), "redis-server");
        build::child(&mut scene.records, scene.now, tgid, 700, "redis-server");
        scene.main = tgid;
        work(scene);
        scene.exit(tgid, status);
    }

    /// So many children in a row that do the same.
    fn forks(count: u32, status: u32, work: impl Fn(&mut Scene)) -> Scene {
        let mut scene = Scene::of("redis-server");
        (1..=count).for_each(|number| fork(&mut scene, 700 + number, status, &work));
        scene
    }

    fn saves(scene: &mut Scene) {
        let path = format!("temp-{}.rdb", scene.main);
        scene.open(&path, -13);
        scene.say(1, "Failed opening the temp RDB file for saving: Permission denied\n");
    }

    #[test]
    fn children_that_cannot_do_the_same_are_told_with_what_that_is() {
        let answer = "It is running, but its child redis-server fails again and again: the last of 3 in 4.01s (process 703) \
                      exited with 1 after openat of temp-703.rdb was denied (EACCES)";
        let told = forks(3, 1 << 8, saves).answer();
        assert!(told.starts_with(answer), "{told}");
        assert!(forks(2, 1 << 8, saves).answer().contains("the last of 2 in"));
        assert_eq!(forks(1, 1 << 8, saves).answer(), NOTHING);
        let connects = |scene: &mut Scene| scene.connect([10, 0, 0, 5], 6379, -111);
        assert_eq!(forks(2, 1 << 8, connects).answer(), NOTHING);
    }

    #[test]
    fn one_that_went_well_begins_anew() {
        let mut scene = forks(1, 1 << 8, saves);
        fork(&mut scene, 710, 0, |_| ());
        fork(&mut scene, 711, 1 << 8, saves);
        assert_eq!(scene.answer(), NOTHING);
    }

    #[test]
    fn workers_that_are_ended_to_be_replaced_do_not_fail() {
        assert_eq!(forks(5, 1 << 8, |_| ()).answer(), NOTHING);
        // They look for the same at their start, which is not there.
        let looks = |scene: &mut Scene| {
            scene.open("/etc/app/local.conf", -2);
            scene.say(2, "worker: done\n");
        };
        assert_eq!(forks(5, 3 << 8, looks).answer(), NOTHING);
        let early = |scene: &mut Scene| {
            scene.open("/etc/app/secret.conf", -13);
            scene.later(S);
        };
        assert_eq!(forks(5, 3 << 8, early).answer(), NOTHING);
    }

    #[test]
    fn what_is_not_there_is_why_they_fail_where_they_say_so() {
        let reads = |scene: &mut Scene| {
            scene.open("/data/in.csv", -2);
            scene.say(2, "FileNotFoundError: [Errno 2] No such file or directory: '/data/in.csv'\n");
            scene.open("<string>", -2);
        };
        let told = forks(4, 1 << 8, reads).answer();
        assert!(told.contains("the last of 4 in") && told.contains("/data/in.csv"), "{told}");
    }
}
