//! Scenarios 1, 2 and 6: a file that is missing, or may not be used.

use super::Finding;
use crate::facts::Facts;
use crate::groups::Class;
use crate::words::failure;

pub(super) fn rule(facts: &Facts<'_>) -> Vec<Finding> {
    let files = facts.groups.iter().filter(|group| group.class == Class::File);
    let finding = |group| {
        let mut finding = failure::finding(facts, "file", group);
        finding.text += &failure::permission(facts, group);
        finding
    };
    files.map(finding).collect()
}
