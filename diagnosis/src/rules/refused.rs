//! A call that the kernel never began: a seccomp filter, or a tracer, refused it.

use crate::facts::Facts;
use crate::finding::Finding;
use crate::groups::{Class, Group};
use crate::words::failure;

pub(super) fn rule(facts: &Facts<'_>, groups: &[Group]) -> Vec<Finding> {
    failure::findings(facts, groups, "refused", Class::Filtered)
}

#[cfg(test)]
mod tests {
    use crate::scene::Scene;
    use rewind_common::call::{flags, refused};

    const MOUNT: u16 = 165;
    const CLONE3: u16 = 435;

    fn mount(scene: &mut Scene, by: u32, result: i64) {
        scene.later(1_000_000);
        let at = scene.now;
        let call = rewind_recording::event::build::call(&mut scene.records, 700, MOUNT).at(at, by.into());
        call.flags(flags::REFUSED).string("/dev/sdb").string("/data").arg(0).arg(0).arg(0).result(result).end();
        scene.later(1_000_000);
    }

    #[test]
    fn a_filter_that_refused_is_named() {
        let mut scene = Scene::of("app");
        mount(&mut scene, refused::SECCOMP, -1);
        scene.exit(700, 1 << 8);
        let why = scene.why();
        let answer = "It exited with 1 after a seccomp filter refused mount of /dev/sdb on /data (EPERM).";
        assert_eq!((why.answer.as_str(), why.findings[0].rule), (answer, "refused"));
        // The kernel's own refusal is none of a filter's.
        let mut scene = Scene::of("app");
        scene.call(700, MOUNT).string("/dev/sdb").string("/data").arg(0).arg(0).arg(0).result(-1).end();
        scene.exit(700, 1 << 8);
        assert_eq!(scene.answer(), "It exited with 1 after mount of /dev/sdb on /data was denied (EPERM).");
    }

    #[test]
    fn what_is_not_sure_is_not_said() {
        let mut scene = Scene::of("app");
        mount(&mut scene, refused::SECCOMP | refused::TRACER, -1);
        scene.exit(700, 1 << 8);
        assert!(scene.answer().contains("a seccomp filter or a tracer refused mount"), "{}", scene.answer());
    }

    #[test]
    fn a_filter_that_signals_is_told_with_the_signal() {
        let mut scene = Scene::of("app");
        mount(&mut scene, refused::SECCOMP | refused::SIGSYS, 0);
        scene.exit(700, 1 << 8);
        let answer = "It exited with 1 after a seccomp filter refused mount of /dev/sdb on /data (SIGSYS).";
        assert_eq!(scene.answer(), answer);
    }

    #[test]
    fn a_call_that_is_answered_as_not_offered_is_ordinary() {
        let mut scene = Scene::of("app");
        let at = scene.now;
        let call = rewind_recording::event::build::call(&mut scene.records, 700, CLONE3).at(at, 1);
        call.flags(flags::REFUSED).arg(0x7000).arg(88).result(-38).end();
        scene.exit(700, 1 << 8);
        assert_eq!(scene.answer(), "It exited with 1; nothing unusual found before that.");
    }
}
