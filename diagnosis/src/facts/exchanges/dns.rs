//! Names that a name server does not know, or could not look up, or did not answer for.
//!
//! Who asks for a name tries it with each domain of its search list, of which most do not know it (`resolv.conf(5)`).

use super::super::failure::Failure;
use super::super::patience::LEAST_NS;
use super::super::subject::Subject;
use super::Ended;
use crate::meaning::{GIVEN_UP, Meaning, of_rcode};
use rewind_protocols::dns::{Lookup, Outcome};
use rewind_recording::conversations::Party;
use std::collections::{HashMap, HashSet};

/// Who got no answer in this time asks another server, or once more (`resolv.conf(5)`: 5 s, and some wait for less).
const PATIENCE_NS: u64 = 2_000_000_000;

/// An answer of a name server.
#[derive(Debug)]
pub(super) struct Answer {
    party: Party,
    name: String,
    rcode: u16,
    has_address: bool,
    asked_ns: u64,
    at_ns: u64,
    /// The event that it came in.
    index: usize,
}

impl Answer {
    pub(super) fn of(lookup: Lookup<Party>, index: usize) -> Option<Self> {
        let Outcome::Answered(message) = lookup.outcome else { return None };
        Some(Self {
            party: lookup.owner,
            name: lookup.question.name.to_string(),
            rcode: message.rcode,
            has_address: message.addresses().next().is_some(),
            asked_ns: lookup.asked_ns,
            at_ns: lookup.ended_ns,
            index,
        })
    }

    /// The process that asked.
    pub(super) const fn tgid(&self) -> u32 {
        self.party.tgid
    }

    /// What it has in common with others of one name, as far as search lists go.
    fn label(&self) -> String {
        self.name.split('.').next().unwrap_or_default().to_ascii_lowercase()
    }
}

/// A question without an answer.
#[derive(Debug)]
pub(super) struct Unanswered {
    party: Party,
    name: String,
    asked_ns: u64,
    ended_ns: u64,
    /// How often it was asked.
    times: u32,
    index: usize,
}

impl Unanswered {
    pub(super) fn of(lookup: Lookup<Party>, index: usize) -> Self {
        let name = lookup.question.name.to_string();
        let times = lookup.times;
        Self { party: lookup.owner, name, asked_ns: lookup.asked_ns, ended_ns: lookup.ended_ns, times, index }
    }

    /// The process that asked.
    pub(super) const fn tgid(&self) -> u32 {
        self.party.tgid
    }
}

/// Adds questions of which the calls do not tell that no answer came: those around them may be overwritten.
pub(super) fn add_unanswered(
    unanswered: &[Unanswered],
    answers: &[Answer],
    ended: &Ended<'_, impl Fn(u32) -> (u64, bool)>,
    failures: &mut Vec<Failure>,
) {
    let told: HashSet<(u32, String)> = failures
        .iter()
        .filter(|failure| failure.meaning() == Meaning::NoAnswer)
        .filter_map(|failure| Some((failure.tgid, failure.subject.text()?.to_owned())))
        .collect();
    let mut answered_ns = HashMap::<(u32, &str), u64>::new();
    for answer in answers {
        let last_ns = answered_ns.entry((answer.tgid(), answer.name.as_str())).or_default();
        *last_ns = answer.at_ns.max(*last_ns);
    }
    // Both kinds of addresses are asked for at once.
    let mut seen = HashSet::new();
    for question in unanswered {
        let (tgid, peer) = (question.tgid(), question.party.peer.to_string());
        let at_ns = question.ended_ns.min((ended.process)(tgid).0);
        let duration_ns = at_ns.saturating_sub(question.asked_ns);
        // Who still waits for the first time may be answered yet.
        let lives = (ended.process)(tgid).1;
        let patience_ns = if lives && question.times < 2 { LEAST_NS } else { PATIENCE_NS };
        let is_known = question.asked_ns >= ended.traffic_ns && duration_ns >= patience_ns;
        if !is_known || told.contains(&(tgid, peer.clone())) || !seen.insert((question.party.tid, question.asked_ns)) {
            continue;
        }
        failures.push(Failure {
            index: question.index,
            at_ns,
            duration_ns,
            tgid,
            tid: question.party.tid,
            name: "sendto".into(),
            subject: Subject::Peer(peer),
            errno: GIVEN_UP,
            to: None,
            refused: None,
            is_look: false,
            recovered: answered_ns
                .get(&(tgid, question.name.as_str()))
                .is_some_and(|at_ns| *at_ns >= question.asked_ns),
        });
    }
}

/// Adds what failed.
pub(super) fn add_failures(answers: &[Answer], failures: &mut Vec<Failure>) {
    let mut found_ns = HashMap::<String, u64>::new();
    for answer in answers.iter().filter(|answer| answer.has_address) {
        let last_ns = found_ns.entry(answer.label()).or_default();
        *last_ns = answer.at_ns.max(*last_ns);
    }
    for answer in answers.iter().filter(|answer| answer.rcode != 0) {
        failures.push(Failure {
            index: answer.index,
            at_ns: answer.at_ns,
            duration_ns: answer.at_ns.saturating_sub(answer.asked_ns),
            tgid: answer.party.tgid,
            tid: answer.party.tid,
            name: format!("lookup {}", answer.name).into(),
            subject: Subject::Peer(answer.party.peer.to_string()),
            errno: of_rcode(answer.rcode),
            to: None,
            refused: None,
            is_look: false,
            recovered: found_ns.get(&answer.label()).is_some_and(|found_ns| *found_ns >= answer.asked_ns),
        });
    }
}
