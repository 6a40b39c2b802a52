//! Scenario 5: a name server that does not answer, or cannot be asked.

use crate::facts::Facts;
use crate::finding::Finding;
use crate::groups::{Class, Group};
use crate::words::failure;

pub(super) fn rule(facts: &Facts<'_>, groups: &[Group]) -> Vec<Finding> {
    failure::findings(facts, groups, "dns", Class::NameServer)
}

#[cfg(test)]
mod tests {
    use crate::scene::{S, Scene};

    #[test]
    fn a_name_server_that_is_silent_is_found() {
        let mut scene = Scene::of("app");
        scene.call(700, 41).arg(2).arg(2).arg(0).result(4).end();
        let server = [2, 0, 0, 53, 10, 96, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0];
        scene.call(700, 42).arg(4).pointed(&server).arg(16).result(0).end();
        scene.call(700, 44).arg(4).arg(0x7000).arg(40).arg(0).arg(0).arg(0).result(40).end();
        scene.later(5 * S);
        scene.call(700, 3).arg(4).result(0).end();
        scene.exit(700, 1 << 8);
        let answer = scene.answer();
        assert!(answer.contains("a question to the name server 10.96.0.10:53 got no answer after 5.00s"), "{answer}");
    }

    #[test]
    fn an_error_that_a_poll_brought_to_light_is_told() {
        let server = [2, 0, 0, 53, 10, 96, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0];
        let ask = |scene: &mut Scene| {
            scene.call(700, 41).arg(2).arg(2).arg(0).result(4).end();
            scene.call(700, 42).arg(4).pointed(&server).arg(16).result(0).end();
            scene.call(700, 44).arg(4).arg(0x7000).arg(40).arg(0).arg(0).arg(0).result(40).end();
        };
        let mut scene = Scene::of("app");
        ask(&mut scene);
        scene.call(700, 7).pointed(&[4, 0, 0, 0, 1, 0, 8, 0]).arg(1).arg(5000).result(1).end();
        scene.call(700, 3).arg(4).result(0).end();
        scene.exit(700, 1 << 8);
        let answer = "It exited with 1 after a question to the name server 10.96.0.10:53 got an error in place of an answer \
                      (POLLERR).";
        assert_eq!(scene.answer(), answer);
        // Who receives is told which.
        let mut scene = Scene::of("app");
        ask(&mut scene);
        scene.call(700, 45).arg(4).arg(0x7000).arg(40).arg(0).arg(0).arg(0).result(-111).end();
        scene.call(700, 3).arg(4).result(0).end();
        scene.exit(700, 1 << 8);
        let answer = "It exited with 1 after a question to the name server 10.96.0.10:53 was refused (ECONNREFUSED).";
        assert_eq!(scene.answer(), answer);
    }
}
