//! Scenario 5: a name server that does not answer, or cannot be asked.

use super::Finding;
use crate::facts::Facts;
use crate::groups::Class;
use crate::words::failure;

pub(super) fn rule(facts: &Facts<'_>) -> Vec<Finding> {
    failure::findings(facts, "dns", Class::NameServer)
}
