//! Scenario 4: descriptors run out.

use crate::facts::{Facts, kinds};
use crate::finding::Finding;
use crate::groups::{Class, Group, Weighed};
use crate::words::failure;
use rewind_recording::render::units::{counted, grouped};

/// One finding for all calls that met the limit, told by the one that met it first: what fails
/// behind it, while the program looks for the words of its message, is no cause.
pub(super) fn rule(facts: &Facts<'_>, groups: &[Group]) -> Vec<Finding> {
    let groups = || groups.iter().filter(|group| group.class == Class::Descriptors);
    let heaviest = groups().map(|group| &group.weighed).max_by_key(|weighed| (weighed.is_tied, weighed.weight));
    let own = |tgid| facts.culprit.is_none_or(|culprit| culprit == tgid);
    let Some(first) = groups().min_by_key(|group| (!own(group.tgid), group.first_ns)) else { return Vec::new() };
    let mut finding = failure::finding(facts, "descriptors", first);
    // What ties one of them to the end ties the limit to it.
    if let Some(Weighed { weight, is_tied, agreement, reasons }) = heaviest.cloned() {
        finding = Finding { weight, is_tied, agreement, reasons, ..finding };
    }
    let others: u64 = groups().filter(|group| group.first != first.first).map(|group| group.count).sum();
    if others > 0 {
        finding.text += &format!(", and {} after it", counted(others, "more call"));
    }
    if let Some((what, count)) = most(facts, first.tgid).filter(|(_, count)| *count > 1) {
        finding.text += &format!("; {} of those open are {what}", grouped(count));
    }
    vec![finding]
}

/// What most of the known descriptors of a process are.
fn most(facts: &Facts<'_>, tgid: u32) -> Option<(String, u64)> {
    kinds(facts.descriptors(tgid)?).into_iter().next()
}

#[cfg(test)]
mod tests {
    use crate::scene::Scene;

    #[test]
    fn the_limit_is_the_cause_also_where_the_last_to_meet_it_is_what_ties_it_to_the_end() {
        let mut scene = Scene::of("app");
        scene.open("/var/log/app.log", -24);
        scene.open("/etc/app/extra.ini", -24);
        scene.exit(700, 1 << 8);
        let answer = "It exited with 1 after openat of /var/log/app.log found all descriptors of the process in use (EMFILE), \
                      and 1 more call after it.";
        assert_eq!(scene.answer(), answer);
    }

    #[test]
    fn the_call_that_met_the_limit_on_descriptors_first_is_told_and_what_is_open() {
        let mut scene = Scene::of("app");
        for fd in 3..63 {
            scene.open("/var/log/app.log", fd);
        }
        scene.open("/var/log/app.log", -24);
        scene.open("/usr/lib/python3/app.py", -24);
        scene.say(2, "OSError: [Errno 24] Too many open files: '/var/log/app.log'\n");
        scene.exit(700, 1 << 8);
        let why = scene.why();
        let answer = "It exited with 1 after openat of /var/log/app.log found all descriptors of the process in use (EMFILE), \
                      and 1 more call after it; 60 of those open are /var/log/app.log.";
        assert_eq!(why.answer, answer);
        assert_eq!(why.descriptors.unwrap().kinds, [("/var/log/app.log".to_owned(), 60)]);
    }

    #[test]
    fn of_several_files_of_a_directory_their_number_is_told() {
        let mut scene = Scene::of("app");
        for fd in 3..23 {
            scene.open(&format!("/tmp/tiles/{fd}.bin"), fd);
        }
        scene.open("/tmp/tiles/23.bin", -24);
        scene.exit(700, 1 << 8);
        assert!(scene.answer().ends_with("; 20 of those open are files of /tmp/tiles."), "{}", scene.answer());
    }
}
