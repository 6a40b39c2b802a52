//! What is told of a container in which nothing unusual was found while it lived: whom it waits for, or the error that it said
//! last. Neither is called a cause: who has nothing to do waits as well, and an error that was said may be got over.

mod peers;
#[cfg(test)]
mod tests;

use crate::clients::Clients;
use crate::facts::{Facts, Process};
use crate::finding::Finding;
use crate::last_words::{Mentioned, mentioned};
use crate::rules::{BEFORE, SIGNAL, before};
use rewind_recording::render::units::duration;

/// What was said longer ago is another matter.
const RECENT_NS: u64 = 60_000_000_000;
/// So often is again.
const AGAIN: usize = 2;
/// From this status on it is the server's error (RFC 9110, 15.6).
const SERVER_ERRORS: u16 = 500;

/// One sentence, if there is something to tell: of what lives, or did so until somebody outside killed it.
pub(crate) fn notice(facts: &Facts<'_>, found: &[Finding]) -> Option<String> {
    if facts.is_living() {
        return if found.is_empty() { told(facts).map(|told| format!("Of note: {told}.")) } else { None };
    }
    let is_killed = facts.end().is_some_and(|end| end.signal.is_some());
    let is_alone = found.first().is_some_and(|first| first.rule == SIGNAL);
    let is_known = found.iter().any(|finding| finding.rule == BEFORE);
    let told = before(facts, told).flatten().filter(|_| is_killed && is_alone && !is_known)?;
    Some(format!("Of note, of the moment before: {told}."))
}

fn told(facts: &Facts<'_>) -> Option<String> {
    if facts.is_frozen() {
        return None;
    }
    let peer = peers::downloads(facts).or_else(|| peers::waits(facts));
    let told: Vec<_> = said(facts).into_iter().chain(peer).collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// Whether anybody was accepted, or waited for.
fn accepts_any(facts: &Facts<'_>) -> bool {
    facts.sums.keys().any(|name| name.starts_with("accept"))
}

/// The error that was said last, by a process of the container: not what a server logs of what its clients ask for.
fn said(facts: &Facts<'_>) -> Option<String> {
    let now_ns = facts.header.read_ns;
    let living = facts.threads();
    let (clients, accepts_any) = (Clients::of(facts), accepts_any(facts));
    // What a server fails at that answers most with errors, or not at all, is its own affair.
    let well = facts.served.iter().filter(|served| served.status < SERVER_ERRORS).count();
    let fails = facts.served.len() - well + facts.unanswered.len() > well;
    let is_own = |(tgid, process): &(&u32, &Process)| {
        // How some ended is not recorded.
        let has_failed = match process.end {
            Some(end) => !end.ending.is_success(),
            None => living.contains_key(*tgid),
        };
        facts.is_below_main(**tgid) && !process.is_setup() && has_failed
    };
    let own = facts.processes.iter().filter(is_own);
    let said = own.filter_map(|(tgid, process)| {
        let until_ns = process.end.map_or(now_ns, |end| end.ending.at_ns);
        let said = mentioned(process, until_ns)?;
        // Many warn once, of how they were begun; what was said before may be overwritten.
        let is_again = said.at_ns.len() >= AGAIN
            || facts.header.coverage.complete_from_ns > process.first_ns
            || process.end.is_some();
        let last_ns = *said.at_ns.last()?;
        // Of what clients asked before that, nothing is known.
        let known_ns = facts.header.coverage.traffic_from_ns.filter(|_| accepts_any).unwrap_or_default();
        let known: Vec<_> = said.at_ns.iter().copied().filter(|at_ns| *at_ns >= known_ns).collect();
        let is_of_clients = known.is_empty() || !fails && clients.ask_for(&known);
        let is_own = said.is_crash || is_again && !is_of_clients;
        is_own.then_some((*tgid, last_ns, said))
    });
    let (tgid, last_ns, Mentioned { text, at_ns, .. }) = said.max_by_key(|(_, last_ns, _)| *last_ns)?;
    let ago_ns = now_ns.saturating_sub(last_ns);
    let times = if at_ns.len() > 1 { format!("{} times, the last ", at_ns.len()) } else { String::new() };
    (ago_ns < RECENT_NS).then(|| format!("{} said \"{text}\" {times}{} ago", who(facts, tgid), duration(ago_ns)))
}

/// "it", "its child nc (process 7)".
fn who(facts: &Facts<'_>, tgid: u32) -> String {
    let child = facts.processes.get(&tgid).filter(|process: &&Process| process.ns_tgid != 1);
    child.map_or_else(|| "it".to_owned(), |child| format!("its child {} (process {tgid})", child.comm))
}
