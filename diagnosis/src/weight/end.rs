//! The end that failures are weighed against.

use super::again::{Crowds, is_interleaved, is_repeated};
use super::missed::{unmade, was_not_made};
use crate::facts::{Facts, Failure, Subject};
use crate::groups::Group;
use crate::last_words::{LONGER_WAIT, LastWords, about, continued, has_no_reason, telling, without};
use crate::meaning::status;
use crate::noise::{Noise, noise};
use crate::text::has_name;
use crate::turn::{can_be_had_over, is_turn, went_on};
use crate::works::{Kind, Works};
use std::collections::HashSet;

/// Who gives up after a last attempt does so at once, after a sleep of the same thread, or, as it says itself, after a
/// last wait ([`LONGER_WAIT`]).
const RIGHT_BEHIND_NS: u64 = 50_000_000;

/// What is said so soon behind what failed may be of that.
const AT_ONCE_NS: u64 = 1_000_000_000;

/// What is known of the end that failures are weighed against.
#[derive(Clone, Debug, Default)]
pub struct EndContext {
    /// Whether it has ended.
    pub is_over: bool,
    /// Whether it ended badly.
    pub bad: bool,
    /// The process that the end goes back to, and the parts of its script ([`Facts::is_of_culprit`]).
    pub parts: HashSet<u32>,
    /// When that began to run its last program: what was before is another program's.
    pub since_ns: u64,
    /// When it ended.
    pub end_ns: u64,
    /// Whether it aborted itself.
    pub aborted: bool,
    /// Whether the last words tell something, and not of peers.
    pub is_of_another: bool,
    /// Whether they tell that something was not done, and no reason.
    pub has_no_reason: bool,
    /// The threads that ended it, and that spoke last.
    pub threads: Vec<u32>,
    /// When it began to complain; `None` if it did not.
    pub complained_ns: Option<u64>,
    /// What it said last, on standard output or error, in lower case, without stack frames.
    pub words: String,
    /// What it said that it does without, in lower case.
    pub without: String,
    /// When it said that it goes on without what failed.
    pub continued_ns: Vec<u64>,
    /// The error that it stated, in lower case; empty if it did not.
    pub error: String,
}

impl EndContext {
    /// The end that a recording tells of.
    #[must_use]
    pub fn of(facts: &Facts<'_>, words: Option<&LastWords>) -> Self {
        let end_ns = facts.end_ns();
        let error = words.filter(|words| words.is_error);
        // What is said by who ends well, as of what a part of it met, is no complaint.
        let spoke_in = words.and_then(|words| facts.timeline.event(words.events[1])).map(|event| event.tid);
        let spoke = facts.culprit().filter(|_| facts.ended_badly());
        Self {
            is_over: facts.ending.is_some(),
            bad: facts.ended_badly(),
            parts: facts.processes.keys().copied().filter(|tgid| facts.is_of_culprit(*tgid)).collect(),
            since_ns: facts.culprit().map_or(0, |(_, process)| process.since_ns()),
            end_ns,
            aborted: facts.own_abort().is_some(),
            is_of_another: words.is_some_and(|words| !has_no_reason(&words.text) && !about::peers(&words.text)),
            has_no_reason: words.is_some_and(|words| words.is_error && has_no_reason(&words.text)),
            threads: facts.ending_thread().into_iter().chain(spoke_in).collect(),
            complained_ns: words.filter(|words| facts.chain.contains(&words.tgid)).map(|words| words.since_ns),
            words: spoke
                .map(|(tgid, process)| telling(process, said_from(facts, tgid, error), end_ns))
                .unwrap_or_default(),
            without: spoke.map(|(_, process)| without(process, end_ns)).unwrap_or_default(),
            continued_ns: spoke.map(|(_, process)| continued(process, end_ns)).unwrap_or_default(),
            error: error.map(|words| words.text.to_lowercase()).unwrap_or_default(),
        }
    }

    /// Whether the program said that it does without what failed: it names that, or says so right behind it.
    pub(super) fn does_without(&self, group: &Group) -> bool {
        let is_right_behind = |at_ns: &u64| at_ns.checked_sub(group.last_ns).is_some_and(|ns| ns < RIGHT_BEHIND_NS);
        if self.continued_ns.iter().any(is_right_behind) {
            return true;
        }
        let text = group.subject.text().filter(|_| !self.without.is_empty()).map(str::to_lowercase);
        text.is_some_and(|text| {
            let last = text.rsplit('/').next().unwrap_or(&text);
            last.len() > 3 && has_name(&self.without, last)
        })
    }

    /// Whether the program that ended it is the one that a group failed in.
    pub(super) fn is_own(&self, group: &Group) -> bool {
        self.parts.contains(&group.tgid) && group.last_ns >= self.since_ns
    }

    /// The last event of the group that the course changed with, before the complaint or the end: of those that nothing
    /// was done behind, a peer that was tried again and again, else what failed for the first time last. What had
    /// failed before as well did not change it then.
    pub(super) fn decisive(&self, facts: &Facts<'_>, works: &Works, groups: &[Group]) -> Option<usize> {
        let until_ns = self.complained_ns.unwrap_or(self.end_ns);
        let odd = groups.iter().filter(|group| group.noise == Noise::None && !group.recovered);
        let crowds = Crowds::of(groups);
        let unmade = unmade(groups);
        let is_new = |group: &&Group| {
            !self.does_without(group)
                && !was_not_made(group, &unmade)
                && !went_on(facts, works, group)
                && !is_interleaved(works, group, groups)
                && !crowds.have(group)
        };
        let odd = odd.filter(|group| group.healthy.is_none()).filter(is_new);
        let own = odd.filter(|group| self.bad && self.is_own(group) && group.began_ns() <= until_ns);
        // What is tried again and again goes on until the end, whatever that is for: so where the last words are of
        // something else, or where a thread in the background tries it.
        let is_beside = |group: &Group| {
            let period_ns = group.last_ns.saturating_sub(group.first_ns) / group.count.saturating_sub(1).max(1);
            let wait_ns = if self.has_no_reason { LONGER_WAIT.saturating_mul(period_ns) } else { 0 };
            let is_behind = until_ns.saturating_sub(group.last_ns) < wait_ns.max(RIGHT_BEHIND_NS);
            is_repeated(works, group) && (self.is_of_another || !is_behind && !self.threads.contains(&group.tid))
        };
        // Of another thread, what the threads did that ended it.
        let went_on = |group: &Group| {
            let behind = || group.last_ns..until_ns;
            let mut others = self.threads.iter().filter(|tid| **tid != group.tid);
            // Who has a part of its script do something may wait by another.
            let goes_on = |tid: &u32| match works.process_of(*tid) {
                Some(tgid) if tgid != group.tgid => works.has_more_than_starts(tgid, behind()),
                _ => works.any(*tid, behind(), Kind::Own),
            };
            can_be_had_over(group) && others.any(goes_on)
        };
        let turns = own.filter(|group| is_turn(works, group, until_ns) && !is_beside(group) && !went_on(group));
        let turns: Vec<_> = turns.collect();
        // What programs do not go on behind, and met last, comes before a peer that they did go on behind.
        let is_outdone =
            |group: &Group| turns.iter().any(|other| !can_be_had_over(other) && other.own_first_ns > group.last_ns);
        // Who was answered got to the peer: that it asked again says nothing.
        let is_tried = |group: &Group| is_repeated(works, group) && status(group.errno).is_none();
        // What went on until it was said, before what failed some time ago; not before what failed right then.
        let nearness = |group: &Group| match () {
            () if group.own_first_ns > until_ns => 1,
            () if is_tried(group) || until_ns.saturating_sub(group.last_ns) < RIGHT_BEHIND_NS => 2,
            () => 0,
        };
        let order = |group: &&Group| {
            let is_first = is_tried(group) && !is_outdone(group);
            (nearness(group), is_first, group.own_first_ns, group.last_ns.min(until_ns))
        };
        turns.iter().copied().max_by_key(order).map(|group| group.last)
    }
}

/// From which event on what a process said is of the error that it stated: one that gives its reason needs no more.
fn said_from(facts: &Facts<'_>, tgid: u32, error: Option<&LastWords>) -> usize {
    match error.filter(|error| error.tgid == tgid && !has_no_reason(&error.text)) {
        Some(error) => error.events[0],
        None => last_failed(facts, tgid, error),
    }
}

/// What failed last before the error that a process stated, for the first time, and is more than something missing, or a
/// peer, which may be told of the error: what was said before that is of what failed before. 0: nothing did.
fn last_failed(facts: &Facts<'_>, tgid: u32, error: Option<&LastWords>) -> usize {
    let Some(error) = error.filter(|error| error.tgid == tgid) else { return 0 };
    let is_odd = |failure: &&Failure| {
        failure.tgid == tgid
            && failure.index < error.events[0]
            && !failure.is_absent()
            && !matches!(failure.subject, Subject::Peer(_))
            && noise(&failure.name, &failure.subject, failure.errno) == Noise::None
    };
    let odd = || facts.failures.iter().filter(is_odd);
    let Some(last) = odd().max_by_key(|failure| failure.index) else { return 0 };
    let is_soon = error.since_ns.saturating_sub(last.at_ns) < AT_ONCE_NS;
    let is_same = |failure: &Failure| failure.errno == last.errno && failure.index != last.index;
    if is_soon && !odd().any(is_same) { last.index } else { 0 }
}
