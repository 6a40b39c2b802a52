//! What is missed because it could not be made before: `mkdir -p` goes on to the directory that it was not let make.

use crate::calls::{self, bits};
use crate::facts::Subject;
use crate::groups::Group;
use crate::meaning::Meaning;

/// Who misses the directory of what it makes tries to make that right behind.
const RIGHT_BEHIND_NS: u64 = 10_000_000;

/// What was to be made, and could not be.
pub(super) fn unmade(groups: &[Group]) -> Vec<&Group> {
    let makes = |group: &&Group| calls::has(&group.name, bits::MAKES_ENTRY);
    groups.iter().filter(|group| !matches!(group.meaning, Meaning::Answer(_))).filter(makes).collect()
}

/// Whether a group misses what its process failed to make before, or something in that.
pub(super) fn was_not_made(group: &Group, unmade: &[&Group]) -> bool {
    let Subject::Path(path) = &group.subject else { return false };
    let is_of = |made: &str| path.strip_prefix(made).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let failed = |other: &&Group| {
        let is_before = other.last_ns <= group.last_ns.saturating_add(RIGHT_BEHIND_NS);
        other.tgid == group.tgid && is_before && other.subject.text().is_some_and(is_of)
    };
    group.meaning == Meaning::Missing && unmade.iter().filter(|other| other.first != group.first).any(failed)
}

#[cfg(test)]
mod tests {
    use crate::scene::Scene;

    #[test]
    fn who_tries_the_file_first_and_then_makes_its_directory_failed_to_make_that() {
        let mut scene = Scene::of("tar -x");
        scene.open("release/run", -2);
        scene.call(700, 258).arg(4).string("release").arg(0o755).result(-13).end();
        scene.say(2, "tar: release: Cannot mkdir: Permission denied\n");
        scene.say(2, "tar: release/run: Cannot open: No such file or directory\n");
        scene.exit(700, 2 << 8);
        let answer = "It exited with 2 after mkdirat of release was denied (EACCES)";
        assert!(scene.answer().starts_with(answer), "{}", scene.answer());
    }

    #[test]
    fn the_line_that_says_why_says_which_of_two_failures_of_a_name_it_is() {
        let answer = |said: &str| {
            let mut scene = Scene::of("mirror");
            scene.call(700, 262).arg(0xffff_ff9c).string("/mirror/db.dump").arg(0x7000).arg(0).result(-2).end();
            scene.open("/mirror/db.dump", -2);
            scene.say(2, said);
            scene.exit(700, 11 << 8);
            scene.answer()
        };
        let missing = answer("mirror: /mirror/db.dump: No such file or directory\n");
        assert!(
            missing.starts_with("It exited with 11 after openat of /mirror/db.dump found no such file"),
            "{missing}"
        );
        let full = answer("mirror: write to /mirror/db.dump: No space left on device\n");
        assert!(full.contains("it said \"mirror: write to /mirror/db.dump: No space left"), "{full}");
        assert!(!full.contains("after openat"), "{full}");
    }

    #[test]
    fn a_directory_that_could_not_be_made_is_not_missing() {
        let mut scene = Scene::of("mkdir -p /var/lib/app");
        scene.call(700, 83).string("app").arg(0o777).result(-13).end();
        scene.call(700, 80).string("app").result(-2).end();
        scene.exit(700, 1 << 8);
        assert_eq!(scene.answer(), "It exited with 1 after mkdir of app was denied (EACCES).");
    }
}
