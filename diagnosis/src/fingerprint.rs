//! What tells one cause from another: the same for all pods, runs and nodes that fail by it.
//!
//! ```text
//! first finding -> its clause in general form -> the end and that as one sentence -> a hash, behind a version
//!                  form
//! ```

mod form;

use crate::answer::{self, Answered};
use crate::facts::Facts;
use crate::finding::{Finding, Relation};
use crate::groups::Agreement;
use crate::last_words::LastWords;
use form::Form;
use rewind_recording::header::{Diagnosed, Header};
use rewind_recording::peer::beside;

/// Which rules and which general form made a fingerprint. To be raised with each change by which a cause gets another
/// sentence, so that fingerprints of agents of two versions are never taken for one.
pub const VERSION: u32 = 2;

/// Most characters of the answer.
const MAX_ANSWER_CHARS: usize = 1024;
/// Most characters of the cause in general form.
const MAX_GENERAL_CHARS: usize = 400;

/// What an agent keeps of the diagnosis of an end.
#[must_use]
pub fn diagnosed(header: &Header, records: &[u8]) -> Diagnosed {
    let facts = Facts::new(header, records);
    let answered = Answered::of(&facts);
    let general = general(&facts, answered.found.first(), answered.words.as_ref());
    Diagnosed {
        answer: shortened(&answered.sentence(), MAX_ANSWER_CHARS).as_str().into(),
        class: answered.class().into(),
        fingerprint: general.as_deref().map(fingerprint).unwrap_or_default().as_str().into(),
        general: general.unwrap_or_default().as_str().into(),
        ..Diagnosed::default()
    }
}

/// The cause in one sentence without what differs from run to run; `None`: no cause was found.
pub(crate) fn general(facts: &Facts<'_>, first: Option<&Finding>, words: Option<&LastWords>) -> Option<String> {
    let first = first.filter(|first| first.relation != Relation::Beside || facts.ending.is_none())?;
    let named = |text: &str| beside(text, &facts.header.peers);
    let mut clause = form::without_figures(&named(&first.text));
    if first.rule == "oom" && first.relation == Relation::Reason {
        // Whose it is, where all else is figures.
        let program = facts.culprit().map_or("", |(_, process)| process.comm.as_str());
        clause = format!("{program} met a limit on memory");
    }
    // Of a program that aborts or faults, the calls do not tell why.
    if let Some(words) = words.filter(|words| words.is_error && first.agreement == Agreement::More) {
        clause += &format!("; it said \"{}\"", words.text);
    }
    let end = answer::end(facts, Some(first));
    let sentence = match first.relation {
        Relation::After => format!("{end} after {clause}"),
        Relation::Whole => clause,
        Relation::Reason => format!("{end}: {clause}"),
        Relation::Beside => format!("{end}; but {clause}"),
    };
    Some(shortened(&Form::of(facts).sentence(&sentence), MAX_GENERAL_CHARS))
}

/// The fingerprint of a cause in general form: `2-4f2a0c1b9d3e5f60`.
#[must_use]
pub(crate) fn fingerprint(general: &str) -> String {
    // FNV-1a: it is the same on each machine, for all time.
    let hash = general
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{VERSION}-{hash:016x}")
}

fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most - 1).chain(['\u{2026}']).collect(),
    }
}

#[cfg(test)]
mod tests;
