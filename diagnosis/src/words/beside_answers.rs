//! What a server says of the requests that it answers with errors.

use crate::facts::{Facts, Process, Served};
use crate::last_words::{failures, is_same, logged_errors, times_said};
use std::ops::Range;

/// So soon behind an answer its error is logged.
const LOGGED_NS: u64 = 200_000_000;
/// What is said of so many of these is what they failed of: numerator and denominator.
const SHARE: [usize; 2] = [2, 3];
/// And of what is logged at nearly all.
const NEARLY_ALL: [usize; 2] = [9, 10];
/// What is said no oftener than so for one answer may be of it.
const SEVERAL: usize = 3;
/// So many answers before the last one are looked at.
const LOOKED_AT: usize = 20;

/// What the server said was wrong with the last of the requests, if it said so of most.
pub(crate) fn said(facts: &Facts<'_>, errors: &[&Served]) -> Option<String> {
    let told = |served: &Served| at(facts, served, failures);
    let [before @ .., last] = errors else { return None };
    // What was said of older ones may be overwritten.
    let recent: Vec<_> = before.iter().rev().take(LOOKED_AT).map(|served| told(served)).collect();
    let is_said = |text: &String| {
        let times = recent.iter().filter(|told| has(told, text)).count();
        recent.first().is_some_and(|told| has(told, text)) || times > 0 && times * SHARE[1] >= recent.len() * SHARE[0]
    };
    told(last).into_iter().find(is_said)
}

/// What the server logged as an error at the last of its answers, if it did so at nearly all.
pub(crate) fn logged(facts: &Facts<'_>, answers: &[&Served]) -> Option<String> {
    let [before @ .., last] = answers else { return None };
    let told: Vec<_> = before.iter().rev().take(LOOKED_AT).map(|served| at(facts, served, logged_errors)).collect();
    let is_logged = |text: &String| {
        let times = told.iter().filter(|told| has(told, text)).count();
        times * NEARLY_ALL[1] >= told.len() * NEARLY_ALL[0]
    };
    // Each line is of one answer; and what is said of other things as well is of these.
    let looked_at = told.len() + 1;
    let first = answers.get(answers.len() - looked_at)?;
    let process = facts.processes.get(&last.tgid)?;
    let is_of_each = |text: &String| {
        let times = times_said(process, text, first.began_ns..until_ns(facts, last));
        times * NEARLY_ALL[1] >= looked_at * NEARLY_ALL[0] && times <= looked_at * SEVERAL
    };
    at(facts, last, logged_errors).into_iter().filter(is_logged).find(is_of_each)
}

/// What was said of a request until the next one came; many log what one failed of once they have answered.
fn at(facts: &Facts<'_>, served: &Served, said: impl Fn(&Process, Range<u64>) -> Vec<String>) -> Vec<String> {
    let process = facts.processes.get(&served.tgid);
    process.map_or_else(Vec::new, |process| said(process, served.began_ns..until_ns(facts, served)))
}

/// Until when what is said may be of a request.
fn until_ns(facts: &Facts<'_>, served: &Served) -> u64 {
    let next = facts.served.iter().filter(|next| next.tgid == served.tgid && next.began_ns > served.at_ns);
    let next_ns = next.map(|next| next.began_ns).min().unwrap_or(u64::MAX);
    served.at_ns.saturating_add(LOGGED_NS).min(next_ns)
}

fn has(told: &[String], text: &str) -> bool {
    told.iter().any(|other| is_same(other, text))
}
