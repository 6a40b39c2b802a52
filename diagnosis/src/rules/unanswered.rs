//! A living server that leaves requests without an answer: their clients have given up, or still wait, or it ends their
//! connections.
//!
//! A request that waits is odd only where such were answered sooner before: others are answered once there is something
//! to tell. It is odd as well where the thread that has read one waits for a lock ever since.

mod locked;
#[cfg(test)]
mod tests;

use crate::facts::{Facts, LONGER, PATIENCE_NS, Served, Unanswered};
use crate::finding::Finding;
use crate::groups::Group;
use crate::meaning::Meaning;
use crate::weight::UNANSWERED_REQUESTS;
use crate::words::{throttling, upstream};
use locked::Locked;
use rewind_recording::render::units::{duration, grouped};
use std::collections::BTreeMap;

/// Whose connection ends so long after a request got no answer.
const GIVEN_UP_NS: u64 = 1_000_000_000;
/// What was given up so long ago is another matter.
const RECENT_NS: u64 = 60_000_000_000;
/// So many are more than chance.
const LEAST: usize = 3;
/// One of so many requests is.
const SHARE: usize = 3;
/// A server upstream that fails begins to do so with the requests that wait for it.
const WITH_NS: u64 = 1_000_000_000;

/// What is known of the requests of one name.
#[derive(Default)]
struct Named<'f> {
    served: Vec<&'f Served>,
    unanswered: Vec<&'f Unanswered>,
    /// The thread that has read one of those, and waits for a lock since then.
    locked: Option<Locked>,
}

impl Named<'_> {
    fn count_since(&self, since_ns: u64) -> usize {
        let began = self.unanswered.iter().map(|it| it.began_ns).chain(self.served.iter().map(|it| it.began_ns));
        began.filter(|began_ns| *began_ns >= since_ns).count()
    }
}

pub(super) fn rule(facts: &Facts<'_>, groups: &[Group]) -> Vec<Finding> {
    if !facts.is_living() || facts.is_frozen() || facts.unanswered.len() < LEAST {
        return Vec::new();
    }
    let mut names = BTreeMap::<&str, Named<'_>>::new();
    facts.served.iter().for_each(|served| names.entry(&served.name).or_default().served.push(served));
    facts.unanswered.iter().for_each(|request| names.entry(&request.name).or_default().unanswered.push(request));
    for (name, locked) in locked::of(facts) {
        names.entry(name).or_default().locked.get_or_insert(locked);
    }
    let of_name = |(name, named): (&&str, &Named<'_>)| {
        of_name(facts, groups, name, named).or_else(|| cut_off(facts, name, named))
    };
    let of_names: Vec<_> = names.iter().filter_map(of_name).collect();
    if of_names.is_empty() { of_all(facts, groups, &names).into_iter().collect() } else { of_names }
}

/// Requests of one name.
fn of_name(facts: &Facts<'_>, groups: &[Group], name: &str, named: &Named<'_>) -> Option<Finding> {
    let left: Vec<_> = named.unanswered.iter().filter(|it| is_left(facts, it, named)).copied().collect();
    let (first, last) = (*left.first()?, *left.last()?);
    // Those that came last wait as those before them did.
    let waits = |it: &&&Unanswered| {
        it.began_ns >= first.began_ns && waited_ns(facts, it) >= GIVEN_UP_NS && is_slow(facts, it, named)
    };
    let waiting = named.unanswered.iter().filter(waits).count();
    let of = named.count_since(first.began_ns.min(since_ns(facts)));
    if left.len() < LEAST || waiting * SHARE < of {
        return None;
    }
    let count = grouped(waiting as u64);
    let text = format!("it has left {count} of the last {} requests for {name} without an answer", grouped(of as u64));
    Some(finding(facts, groups, text, &left, [first, last], named.locked))
}

/// Requests of one name whose connections the server ended itself.
fn cut_off(facts: &Facts<'_>, name: &str, named: &Named<'_>) -> Option<Finding> {
    let is_cut = |it: &&&Unanswered| it.is_cut && it.closed_ns >= Some(since_ns(facts));
    let cut: Vec<_> = named.unanswered.iter().filter(is_cut).collect();
    let (first, last) = (cut.first()?, cut.last()?);
    let of = named.count_since(first.began_ns.min(since_ns(facts)));
    // Who speaks another protocol answers no request at all.
    let answers = facts.served.iter().any(|served| served.tgid == last.tgid);
    if cut.len() < LEAST || cut.len() * SHARE < of || !answers {
        return None;
    }
    let (count, of) = (grouped(cut.len() as u64), grouped(of as u64));
    let text =
        format!("it has ended the connections of {count} of the last {of} requests for {name} without an answer");
    Some(Finding::new("unanswered", UNANSWERED_REQUESTS, text, [first.index, last.index]))
}

/// Requests of any name, where nothing is answered any more.
fn of_all(facts: &Facts<'_>, groups: &[Group], names: &BTreeMap<&str, Named<'_>>) -> Option<Finding> {
    let is_left = |it: &&Unanswered| {
        waited_ns(facts, it) >= GIVEN_UP_NS && names.get(&*it.name).is_some_and(|named| is_slow(facts, it, named))
    };
    let left: Vec<_> = facts.unanswered.iter().filter(is_left).collect();
    let is_long = |it: &&Unanswered| it.closed_ns.is_some() || waited_ns(facts, it) >= PATIENCE_NS;
    let (first, last) = (*left.first()?, *left.last()?);
    let (before, since): (Vec<_>, Vec<_>) = facts.served.iter().partition(|served| served.at_ns < first.began_ns);
    // Who has nothing to tell yet leaves all that ask for it waiting.
    let has_answered = !before.is_empty() || left.iter().any(|it| it.name != first.name);
    if left.len() < LEAST || !left.iter().any(is_long) || !since.is_empty() || !has_answered {
        return None;
    }
    let count = grouped(left.len() as u64);
    let text = format!("it has left all of the last {count} requests without an answer, {} first", first.name);
    Some(finding(facts, groups, text, &left, [first, last], None))
}

fn since_ns(facts: &Facts<'_>) -> u64 {
    facts.header.read_ns.saturating_sub(RECENT_NS)
}

fn waited_ns(facts: &Facts<'_>, request: &Unanswered) -> u64 {
    request.closed_ns.unwrap_or(facts.header.read_ns).saturating_sub(request.began_ns)
}

/// Whether a request has got no answer for longer than those of its name wait.
fn is_slow(facts: &Facts<'_>, request: &Unanswered, named: &Named<'_>) -> bool {
    let took_ns = named.served.iter().map(|served| served.at_ns.saturating_sub(served.began_ns));
    waited_ns(facts, request) >= took_ns.max().unwrap_or_default().saturating_mul(LONGER)
}

/// Whether a request was left without an answer: its client has given up, or waits though others did not have to.
fn is_left(facts: &Facts<'_>, request: &Unanswered, named: &Named<'_>) -> bool {
    let waited_ns = waited_ns(facts, request);
    let is_long = match request.closed_ns {
        Some(closed_ns) => waited_ns >= GIVEN_UP_NS && closed_ns >= since_ns(facts),
        None => waited_ns >= PATIENCE_NS && (!named.served.is_empty() || named.locked.is_some()),
    };
    is_long && is_slow(facts, request, named)
}

fn finding(
    facts: &Facts<'_>,
    groups: &[Group],
    text: String,
    left: &[&Unanswered],
    [first, last]: [&Unanswered; 2],
    locked: Option<Locked>,
) -> Finding {
    let longest_ns = left.iter().map(|it| waited_ns(facts, it)).max().unwrap_or_default();
    let served_well = facts.served.iter().any(|served| served.tgid == last.tgid && served.at_ns >= first.began_ns);
    // What failed all along while others were answered is something else.
    let is_it = |group: &Group| {
        let began_ns = group.first_ns.saturating_sub(group.longest_ns);
        let is_with = began_ns.saturating_add(WITH_NS) >= first.began_ns;
        is_with && group.meaning == Meaning::NoAnswer || !served_well && began_ns <= last.began_ns
    };
    let meanwhile = upstream::meanwhile(facts, groups, (last.tgid, facts.header.read_ns), is_it);
    let reason = meanwhile.or_else(|| locked.map(|locked| locked.words(facts)));
    let reason = reason.unwrap_or_else(|| throttling::beside(facts));
    let text = format!("{text}, for up to {}{reason}", duration(longest_ns));
    Finding::new("unanswered", UNANSWERED_REQUESTS, text, [first.index, last.index])
}
