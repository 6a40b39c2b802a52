//! Scenarios 1, 2 and 6: a file that is missing, or may not be used.

use crate::facts::Facts;
use crate::finding::Finding;
use crate::groups::{Class, Group};
use crate::words::failure;

pub(super) fn rule(facts: &Facts<'_>, groups: &[Group]) -> Vec<Finding> {
    let files = groups.iter().filter(|group| group.class == Class::File);
    let finding = |group| {
        let mut finding = failure::finding(facts, "file", group);
        finding.text += &failure::permission(facts, group);
        finding
    };
    files.map(finding).collect()
}

#[cfg(test)]
mod tests {
    use crate::scene::{S, Scene, denied};
    use rewind_recording::event::build;

    #[test]
    fn a_denied_file_is_the_cause() {
        let why = denied().why();
        assert_eq!(why.answer, "It exited with 1 after openat of /etc/passwd was denied (EACCES).");
        assert_eq!((why.findings[0].rule, why.failed[0].errno.as_str(), why.failed[0].count), ("file", "EACCES", 1));
        let evidence = &why.findings[0].evidence;
        assert!(evidence[0].call.contains("\"/etc/passwd\"") && evidence[0].call.contains("EACCES"), "{evidence:?}");
        assert_eq!((evidence[0].tid, evidence[1].call.as_str()), (700, "+++ exited with 1 +++"));
        assert!(why.said.last().unwrap().starts_with("PermissionError"));
        assert_eq!(why.last.last().unwrap().call, "+++ exited with 1 +++");
    }

    #[test]
    fn what_is_known_of_a_permission_is_told() {
        let mut scene = Scene { records: Vec::new(), now: 10 * S, main: 700 };
        build::task(&mut scene.records, scene.now, (700, 700), (1, 1), "runc:[2:INIT]");
        scene.call(700, 105).arg(65534).result(0).end();
        build::task(&mut scene.records, scene.now, (700, 700), (1, 1), "app");
        scene.exec(700, "app");
        scene.open("/run/secrets/token", -13);
        let mut stat = [0_u8; 32];
        stat[..2].copy_from_slice(&0o100_400_u16.to_le_bytes());
        stat[4..8].copy_from_slice(&33_u32.to_le_bytes());
        scene.call(700, 262).arg(0xffff_ff9c).string("/run/secrets/token").pointed(&stat).arg(0).result(0).end();
        scene.exit(700, 1 << 8);
        let answer = "It exited with 1 after openat of /run/secrets/token was denied (EACCES); it ran as user 65534, \
                      and the file is user 33's with mode 0400.";
        assert_eq!(scene.answer(), answer);
    }

    #[test]
    fn a_word_of_the_output_does_not_name_a_file_that_is_called_so() {
        let said = |text: &str, status: u32| {
            let mut scene = Scene::of("java -version");
            scene.open("/sys/devices/system/cpu/cpu0/microcode/version", -2);
            scene.say(2, text);
            scene.exit(700, status);
            scene.answer()
        };
        assert!(!said("openjdk version \"17.0.15\" 2025-04-15\n", 1 << 8).contains("microcode"));
        assert!(said("cannot read 'version'\n", 1 << 8).contains("microcode/version"));
        // Who ends well complains of nothing.
        assert_eq!(said("cannot read 'version'\n", 0), "It exited with 0: nothing unusual found.");
    }

    #[test]
    fn a_word_of_the_complaint_names_the_file_that_failed_right_before_it() {
        let mut scene = Scene::of("app");
        scene.open("/run/secrets/token", -13);
        scene.access("/run/secrets/token", 0);
        scene.say(2, "no usable token\n");
        scene.exit(700, 1 << 8);
        assert!(scene.answer().contains("/run/secrets/token was denied"), "{}", scene.answer());
    }

    #[test]
    fn a_missing_configuration_is_the_cause_even_where_nothing_is_said() {
        let mut scene = Scene::of("app");
        scene.access("/etc/ld.so.preload", -2);
        scene.open("/etc/app/config.yaml", -2);
        scene.exit(700, 1 << 8);
        assert_eq!(
            scene.answer(),
            "It exited with 1 after openat of /etc/app/config.yaml found no such file (ENOENT)."
        );
    }

    #[test]
    fn a_look_that_the_program_complains_of_is_the_cause() {
        let mut scene = Scene::of("app");
        scene.open("/etc/other.conf", -2);
        scene.later(20 * S);
        scene.access("/var/lib/app/data", -2);
        scene.say(2, "fatal: /var/lib/app/data does not exist\n");
        scene.exit(700, 1 << 8);
        assert!(scene.answer().contains("access of /var/lib/app/data found no such file"), "{}", scene.answer());
    }

    #[test]
    fn a_search_that_was_successful_in_the_end_is_none() {
        let mut scene = Scene::of("app");
        scene.open("/usr/local/share/app/rules.json", -2);
        scene.open("/usr/share/app/rules.json", 3);
        scene.open("/etc/app/token", -13);
        scene.exit(700, 2 << 8);
        assert!(scene.answer().contains("/etc/app/token was denied"), "{}", scene.answer());
    }

    #[test]
    fn to_ask_of_a_file_is_not_to_have_it() {
        let mut scene = Scene::of("app");
        scene.open("/etc/app/token", -13);
        scene.access("/etc/app/token", 0);
        scene.exit(700, 2 << 8);
        assert!(scene.answer().contains("/etc/app/token was denied"), "{}", scene.answer());
    }

    #[test]
    fn a_file_that_the_program_went_on_without_is_none() {
        let mut scene = Scene::of("app");
        scene.open("/etc/app/optional.conf", -13);
        scene.open("/srv/work", 3);
        scene.exit(700, 1 << 8);
        assert_eq!(scene.answer(), "It exited with 1; nothing unusual found before that.");
        // Long before the end it is none either.
        let mut scene = Scene::of("app");
        scene.open("/etc/app/optional.conf", -2);
        scene.later(6 * S);
        scene.exit(700, 1 << 8);
        assert_eq!(scene.answer(), "It exited with 1; nothing unusual found before that.");
        // Nor is it in a run that ended well.
        let mut scene = Scene::of("app");
        scene.open("/etc/app/optional.conf", -13);
        scene.exit(700, 0);
        assert_eq!(scene.answer(), "It exited with 0: nothing unusual found.");
    }
}
