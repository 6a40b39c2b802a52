//! Scenario 5: a name server that does not answer, or cannot be asked.

use crate::facts::Facts;
use crate::finding::Finding;
use crate::groups::{Class, Group};
use crate::words::failure;

pub(super) fn rule(facts: &Facts<'_>, groups: &[Group]) -> Vec<Finding> {
    failure::findings(facts, groups, "dns", Class::NameServer)
}
