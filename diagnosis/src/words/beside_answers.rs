//! What a server says of the requests that it answers with errors.

use crate::facts::{Facts, Served};
use crate::last_words::{failures, is_same};

/// So soon behind an answer its error is logged.
const LOGGED_NS: u64 = 200_000_000;
/// What is said of so many of these is what they failed of: numerator and denominator.
const SHARE: [usize; 2] = [2, 3];
/// So many answers before the last one are looked at.
const LOOKED_AT: usize = 20;

/// What the server said was wrong with the last of the requests, if it said so of most.
pub(crate) fn said(facts: &Facts<'_>, errors: &[&Served]) -> Option<String> {
    // Many log what they failed of once they have answered.
    let until_ns = |served: &Served| {
        let next = facts.served.iter().filter(|next| next.tgid == served.tgid && next.began_ns > served.at_ns);
        let next_ns = next.map(|next| next.began_ns).min().unwrap_or(u64::MAX);
        served.at_ns.saturating_add(LOGGED_NS).min(next_ns)
    };
    let told = |served: &Served| match facts.processes.get(&served.tgid) {
        Some(process) => failures(process, served.began_ns..until_ns(served)),
        None => Vec::new(),
    };
    let [before @ .., last] = errors else { return None };
    // What was said of older ones may be overwritten.
    let recent: Vec<_> = before.iter().rev().take(LOOKED_AT).map(|served| told(served)).collect();
    let is_said = |text: &&String| {
        let has = |told: &Vec<String>| told.iter().any(|other| is_same(other, text));
        let times = recent.iter().filter(|told| has(told)).count();
        recent.first().is_some_and(has) || times > 0 && times * SHARE[1] >= recent.len() * SHARE[0]
    };
    told(last).iter().find(is_said).map(|text| format!("; it said \"{text}\""))
}
