//! Any other call that failed and is not ordinary.

use super::{Finding, phrase};
use crate::case::{Case, Subject};
use crate::groups::Group;

pub(super) fn rule(case: &Case<'_>) -> Vec<Finding> {
    phrase::findings(case, "call", is_mine)
}

/// What no other rule takes.
fn is_mine(group: &Group) -> bool {
    matches!(group.subject, Subject::Nothing | Subject::Descriptor(_))
        && !matches!(group.errno, 12 | 23 | 24)
        && !matches!(&*group.name, "connect" | "bind" | "listen" | "socket")
}
