//! Scenarios 1, 2 and 6: a file that is missing, or may not be used.

use super::{Finding, phrase};
use crate::why::case::{Case, Subject};
use crate::why::groups::Group;

pub(super) fn rule(case: &Case<'_>) -> Vec<Finding> {
    phrase::findings(case, "file", is_mine)
}

/// All that failed on a path, but for want of memory or descriptors: that is not the file's fault.
fn is_mine(group: &Group) -> bool {
    matches!(group.subject, Subject::Path(_)) && !matches!(group.errno, 12 | 23 | 24) && group.name != "connect"
}
