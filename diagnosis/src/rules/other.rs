//! Any other call that failed and is not ordinary.

use crate::facts::Facts;
use crate::finding::Finding;
use crate::groups::{Class, Group};
use crate::words::failure;

pub(super) fn rule(facts: &Facts<'_>, groups: &[Group]) -> Vec<Finding> {
    failure::findings(facts, groups, "call", Class::Other)
}
