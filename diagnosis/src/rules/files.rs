//! Scenarios 1, 2 and 6: a file that is missing, or may not be used.

use super::{Finding, phrase};
use crate::case::{Case, Subject};
use crate::groups::Group;
use crate::permission;

pub(super) fn rule(case: &Case<'_>) -> Vec<Finding> {
    let mine = case.groups.iter().filter(|group| is_mine(group));
    let finding = |group| {
        let mut finding = phrase::finding(case, "file", group);
        finding.text += &permission::words(case, group);
        finding
    };
    mine.map(finding).collect()
}

/// All that failed on a path, but for want of memory or descriptors: that is not the file's fault.
fn is_mine(group: &Group) -> bool {
    matches!(group.subject, Subject::Path(_)) && !matches!(group.errno, 12 | 23 | 24) && group.name != "connect"
}
