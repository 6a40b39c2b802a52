//! Names that a name server does not know, or could not look up.
//!
//! Who asks for a name tries it with each domain of its search list, of which most do not know it (`resolv.conf(5)`).

use super::super::failure::Failure;
use super::super::subject::Subject;
use crate::meaning::of_rcode;
use rewind_protocols::dns::{Lookup, Outcome};
use rewind_recording::conversations::Party;
use std::collections::HashMap;

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
