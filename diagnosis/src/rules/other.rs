//! Any other call that failed and is not ordinary.

use crate::facts::Facts;
use crate::finding::Finding;
use crate::groups::{Class, Group};
use crate::words::failure;

pub(super) fn rule(facts: &Facts<'_>, groups: &[Group]) -> Vec<Finding> {
    failure::findings(facts, groups, "call", Class::Other)
}

#[cfg(test)]
mod tests {
    use crate::scene::Scene;

    #[test]
    fn a_call_that_was_denied_is_told_whatever_it_is() {
        let mut scene = Scene::of("app");
        scene.call(700, 151).arg(3).result(-1).end();
        scene.exit(700, 1 << 8);
        let why = scene.why();
        let answer = "It exited with 1 after mlockall was denied (EPERM).";
        assert_eq!((why.answer.as_str(), why.findings[0].rule), (answer, "call"));
    }
}
