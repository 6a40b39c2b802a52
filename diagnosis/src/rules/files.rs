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
