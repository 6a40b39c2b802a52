//! Failures that come again: who tries until it gives up, who got over it before, who lives with it.

use crate::facts::{Facts, Subject};
use crate::groups::Group;
use crate::last_words::{Complaint, tells_failure};
use crate::meaning::{LOCKED, Meaning, is_ended_by_peer, is_partial, status};
use crate::noise::{Noise, is_of_a_home};
use crate::text::has_name;
use crate::turn::can_be_had_over;
use crate::works::Works;
use rewind_recording::peer::EPHEMERAL;
use std::collections::{HashMap, HashSet};

/// So many files that are missed in one directory are one look after the other.
const MANY: usize = 10;
/// Statuses from this on are a server's own errors (RFC 9110, 15.6).
const ERRORS: u16 = 500;
/// What a server says of a file that is not there (RFC 9110, 15.5.5), so soon.
const NOT_FOUND: u16 = 404;
const ANSWERED_NS: u64 = 100_000_000;
/// So many times are again and again.
const REPEATED_TIMES: u64 = 3;
/// Over so long at least: who tries again waits.
const REPEATED_NS: u64 = 100_000_000;
/// Who waits for a peer tries it more often than who tells it something from time to time.
const OFTEN_NS: u64 = 5_000_000_000;
/// Who cannot do without a lock asks for it more often than who waits for its turn.
const URGENT_NS: u64 = 500_000_000;
/// A question that was given up so long ago is none of now.
const GIVEN_UP_NS: u64 = 5_000_000_000;
/// What a living container tried so long ago it has given up.
const STANDING_NS: u64 = 60_000_000_000;
/// So soon behind a failure it is complained of.
const SAID_NS: u64 = 1_000_000_000;

/// Directories in which [`MANY`] files were missed alike, each with the errno: the program got over these.
pub(super) struct Crowds<'g>(HashMap<(&'g str, u16), usize>);

impl<'g> Crowds<'g> {
    pub(super) fn of(groups: &'g [Group]) -> Self {
        let mut all = HashMap::new();
        groups.iter().filter_map(place).for_each(|place| *all.entry(place).or_default() += 1);
        Self(all)
    }

    /// Whether a failure is one of these.
    pub(super) fn have(&self, group: &Group) -> bool {
        place(group).and_then(|place| self.0.get(&place)).is_some_and(|count| *count >= MANY)
    }
}

/// Where a group missed something.
fn place(group: &Group) -> Option<(&str, u16)> {
    let Subject::Path(path) = &group.subject else { return None };
    path.rsplit_once('/').filter(|_| can_be_had_over(group)).map(|(dir, _)| (dir, group.errno))
}

/// Whether it is a peer that failed again and again.
pub(super) fn is_repeated(works: &Works, group: &Group) -> bool {
    let is_spread = group.last_ns.saturating_sub(group.first_ns) >= REPEATED_NS;
    group.count >= REPEATED_TIMES && is_spread && matches!(group.subject, Subject::Peer(_)) && is_of_one(works, group)
}

/// Whether one process had all of a group, as far as is known.
fn is_of_one(works: &Works, group: &Group) -> bool {
    group.earlier.iter().all(|(_, tid, _)| works.process_of(*tid).is_none_or(|tgid| tgid == group.tgid))
}

/// Whether another thing failed between two failures of a group in one process: the program got over the first, and did
/// not only try again.
pub(super) fn is_interleaved(works: &Works, group: &Group, groups: &[Group]) -> bool {
    let between = |at_ns: u64| group.own_first_ns < at_ns && at_ns < group.last_ns;
    let mut others = groups.iter().filter(|other| other.first != group.first && other.tgid == group.tgid);
    group.count > 1
        && can_be_had_over(group)
        && !is_repeated(works, group)
        && others.any(|other| other.noise == Noise::None && (between(other.own_first_ns) || between(other.last_ns)))
}

/// Processes that serve, and say nothing any more but an error.
pub(super) fn complaining(facts: &Facts<'_>) -> HashSet<u32> {
    let serving: HashSet<u32> = facts.served.iter().filter(|_| facts.is_living()).map(|served| served.tgid).collect();
    let complains = |tgid: &u32| {
        let process = facts.processes.get(tgid).filter(|process| process.end.is_none());
        process.is_some_and(|process| Complaint::of(process, facts.header.read_ns).is_some())
    };
    serving.into_iter().filter(complains).collect()
}

/// Whether a failure of a living container is one of now: a question without an answer, or what was tried again and
/// again, and not long ago.
pub(super) fn is_standing(facts: &Facts<'_>, works: &Works, group: &Group, complaining: &HashSet<u32>) -> bool {
    let read_ns = facts.end_ns();
    let is_spread = group.last_ns.saturating_sub(group.first_ns) >= REPEATED_NS;
    // Each program may have it at its start.
    let is_peer = matches!(group.subject, Subject::Peer(_));
    let is_tried = group.count >= REPEATED_TIMES
        && (is_peer || is_run_out(group) || is_of_one(works, group))
        && is_spread
        && read_ns.saturating_sub(group.last_ns) < longest_pause_ns(group);
    let is_within = |ns: u64| group.last_ns.saturating_sub(group.first_ns) <= ns.saturating_mul(group.count);
    let is_often = is_within(OFTEN_NS);
    // Who asks for what is not there, and goes on, reckons with it.
    let is_reckoned_with = group.meaning == Meaning::Other && status(group.errno).is_some();
    // A server that answers well does without it, unless an error is all that it says, or what it writes is lost.
    let serves_well = || {
        let mut served =
            facts.served.iter().filter(|served| served.tgid == group.tgid && served.at_ns > group.first_ns);
        let is_lost = group.meaning == Meaning::OutOfSpace;
        served.any(|served| served.status < ERRORS) && !is_lost && !(is_peer && complaining.contains(&group.tgid))
    };
    // Who serves reckons with clients that go away.
    let is_client = || match &group.subject {
        Subject::Peer(peer) => port(peer).is_some_and(|port| port >= EPHEMERAL),
        Subject::Descriptor(_) | Subject::Nothing => true,
        Subject::Path(_) => false,
    };
    let is_gone = is_ended_by_peer(group.errno) && works.serves(group.tgid) && is_client();
    let is_in_line = group.errno == LOCKED && !is_within(URGENT_NS);
    let is_reckoned_with =
        is_reckoned_with || is_gone || is_in_line || serves_well() || is_served_as_missing(facts, group);
    // Who gave a question up some time ago, and lives on, got over it.
    let is_open = group.meaning == Meaning::NoAnswer
        && !is_partial(group.errno)
        && read_ns.saturating_sub(group.last_ns) < GIVEN_UP_NS;
    is_open || is_tried && !is_reckoned_with && (is_often || !works.serves(group.tgid))
}

/// Whether something ran out, for whoever needs it.
fn is_run_out(group: &Group) -> bool {
    matches!(group.meaning, Meaning::OutOfSpace | Meaning::OutOfDescriptors)
}

/// The port of a peer.
fn port(peer: &str) -> Option<u16> {
    peer.rsplit_once(':').and_then(|(_, port)| port.parse().ok())
}

/// How long who tries it again and again may wait for the next time: the waits of many double each time.
fn longest_pause_ns(group: &Group) -> u64 {
    let span_ns = group.last_ns.saturating_sub(group.first_ns);
    span_ns.saturating_mul(2).clamp(OFTEN_NS, STANDING_NS)
}

/// Whether a server told who asked for it that a file is not there.
fn is_served_as_missing(facts: &Facts<'_>, group: &Group) -> bool {
    let mut behind = facts.served.iter().filter(|served| served.tgid == group.tgid && served.at_ns >= group.last_ns);
    let answer = behind.next().filter(|served| served.at_ns - group.last_ns < ANSWERED_NS);
    group.meaning == Meaning::Missing && answer.is_some_and(|served| served.status == NOT_FOUND)
}

/// Whether a living program has said nothing since a peer failed it first but that something fails: each time, right
/// behind it.
fn is_all_that_is_said(facts: &Facts<'_>, group: &Group) -> bool {
    let is_tried = matches!(group.subject, Subject::Peer(_)) && group.count >= REPEATED_TIMES && facts.is_living();
    let Some(process) = facts.processes.get(&group.tgid).filter(|_| is_tried) else { return false };
    let said: Vec<_> = process.outputs.iter().filter(|output| output.at_ns >= group.first_ns).collect();
    let tells = |text: &str| text.lines().all(|line| line.trim().is_empty() || tells_failure(line));
    let is_behind = |at_ns: u64| {
        said.iter().any(|output| output.at_ns.checked_sub(at_ns).is_some_and(|behind_ns| behind_ns < SAID_NS))
    };
    // A server is told by what it answers.
    let serves = facts.served.iter().any(|served| served.tgid == group.tgid);
    !serves
        && said.len() as u64 >= group.count / 2
        && said.iter().all(|output| tells(&output.text))
        && group.earlier.iter().all(|(_, _, at_ns)| is_behind(*at_ns))
}

/// Whether a living program complains again and again that it does not get something, in whatever words.
pub(super) fn is_complained_of(facts: &Facts<'_>, group: &Group) -> bool {
    if is_all_that_is_said(facts, group) {
        return true;
    }
    // Of a lookup, the name that was asked for.
    let asked = group.name.strip_prefix("lookup ");
    let path = if let Subject::Path(path) = &group.subject { Some(path.as_str()) } else { None };
    // A plain word may stand for anything.
    let path = path.filter(|path| !path.chars().all(char::is_alphabetic));
    let (Some(name), Some(process)) = (asked.or(path), facts.processes.get(&group.tgid)) else { return false };
    let names = |text: &str| name.len() > 1 && has_name(&text.to_lowercase(), &name.to_lowercase());
    let mut said = process.outputs.iter().filter(|output| output.at_ns >= group.first_ns && names(&output.text));
    let first_ns = said.next().map_or(u64::MAX, |output| output.at_ns);
    let is_now = |last_ns: u64| last_ns.saturating_sub(first_ns) >= REPEATED_NS && last_ns >= group.last_ns;
    facts.is_living()
        && !path.is_some_and(is_of_a_home)
        && !is_served_as_missing(facts, group)
        && !group.recovered
        && group.count > 1
        && said.next_back().is_some_and(|last| is_now(last.at_ns))
}
