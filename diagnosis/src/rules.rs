//! Rules: from a case to findings. One file a rule; none knows of another.

use crate::facts::Facts;
use crate::weight::WORTH_SAYING;

mod children;
mod descriptors;
mod dns;
mod files;
mod memory;
mod network;
mod oom;
mod other;
mod signal;
mod slow;
mod stuck;

/// How a finding goes with the words on the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// "It exited with 1 after ...".
    After,
    /// "It was killed by SIGTERM: ...".
    Reason,
    /// It has nothing to do with the end: it stands for itself.
    Beside,
}

/// What a rule has found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which rule.
    pub rule: &'static str,
    /// See [`super::weight`].
    pub weight: i32,
    /// How it goes on from "It exited with 1".
    pub relation: Relation,
    /// A clause without a full stop.
    pub text: String,
    /// Why it weighs what it weighs.
    pub reasons: Vec<&'static str>,
    /// The events that it rests on, in order of time.
    pub evidence: Vec<usize>,
}

type Rule = fn(&Facts<'_>) -> Vec<Finding>;

const RULES: [Rule; 11] = [
    oom::rule,
    signal::rule,
    memory::rule,
    descriptors::rule,
    network::rule,
    dns::rule,
    files::rule,
    children::rule,
    stuck::rule,
    slow::rule,
    other::rule,
];

/// What all rules find worth output, the likeliest cause first.
#[must_use]
pub fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let all = RULES.iter().flat_map(|rule| rule(facts));
    let mut findings: Vec<_> = all.filter(|finding| finding.weight >= WORTH_SAYING).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.weight));
    findings
}
