//! Scenarios 1 and 5: a peer that refuses, does not answer, or goes away.

use super::Finding;
use crate::facts::Facts;
use crate::groups::Class;
use crate::words::failure;

pub(super) fn rule(facts: &Facts<'_>) -> Vec<Finding> {
    failure::findings(facts, "network", Class::Peer)
}
