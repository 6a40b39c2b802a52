//! Any other call that failed and is not ordinary.

use super::Finding;
use crate::facts::Facts;
use crate::groups::Class;
use crate::words::failure;

pub(super) fn rule(facts: &Facts<'_>) -> Vec<Finding> {
    failure::findings(facts, "call", Class::Other)
}
