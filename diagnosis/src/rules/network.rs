//! Scenarios 1 and 5: a peer that refuses, does not answer, or goes away.

use crate::facts::Facts;
use crate::finding::Finding;
use crate::groups::{Class, Group};
use crate::words::failure;

pub(super) fn rule(facts: &Facts<'_>, groups: &[Group]) -> Vec<Finding> {
    failure::findings(facts, groups, "network", Class::Peer)
}

#[cfg(test)]
mod tests;
