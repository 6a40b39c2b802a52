//! Rules: from a case to findings. One file a rule; none knows of another, but for `before`, which asks them all of an
//! earlier moment.

use crate::facts::Facts;
use crate::finding::Finding;
use crate::groups::Group;
use crate::last_words::LastWords;
use crate::weight::WORTH_SAYING;

mod again;
mod before;
mod busy;
mod children;
mod client_errors;
mod complaint;
mod crashed;
mod deadlock;
mod descriptors;
mod dns;
mod each_answer;
mod file_lock;
mod files;
mod gave_up;
mod halted;
mod last_words;
mod memory;
mod network;
mod oom;
mod other;
mod pipe;
mod polling;
mod program;
mod question;
mod refused;
mod reload;
mod served;
mod setup;
mod signal;
mod slow;
mod stalled;
mod stuck;
mod thread;
mod throttled;
mod timeout;
mod turned_away;
mod unanswered;
mod untaken;

pub(crate) use before::{RULE as BEFORE, before};
pub(crate) use signal::RULE as SIGNAL;

type Rule = fn(&Facts<'_>, &[Group]) -> Vec<Finding>;

const RULES: [Rule; 37] = [
    setup::rule,
    oom::rule,
    signal::rule,
    before::rule,
    timeout::rule,
    program::rule,
    refused::rule,
    memory::rule,
    descriptors::rule,
    network::rule,
    dns::rule,
    files::rule,
    children::rule,
    again::rule,
    halted::rule,
    deadlock::rule,
    file_lock::rule,
    pipe::rule,
    polling::rule,
    stuck::rule,
    stalled::rule,
    question::rule,
    complaint::rule,
    gave_up::rule,
    reload::rule,
    thread::rule,
    crashed::rule,
    busy::rule,
    served::rule,
    client_errors::rule,
    each_answer::rule,
    turned_away::rule,
    unanswered::rule,
    untaken::rule,
    throttled::rule,
    slow::rule,
    other::rule,
];

/// What all rules find worth output, the likeliest cause first.
#[must_use]
pub fn findings(facts: &Facts<'_>, groups: &[Group], words: Option<&LastWords>) -> Vec<Finding> {
    let said = words.and_then(|words| last_words::rule(facts, words));
    let all = RULES.iter().flat_map(|rule| rule(facts, groups)).chain(said);
    let mut findings: Vec<_> = all.filter(|finding| finding.weight >= WORTH_SAYING).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse((finding.weight, finding.is_tied)));
    // Beside a cause they may be of interest; alone they would be taken for it.
    if findings.first().is_some_and(|first| !first.is_tied) {
        findings.retain(|finding| finding.is_tied);
    }
    findings
}
