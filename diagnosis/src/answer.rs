//! The answer in one sentence.

use crate::facts::Facts;
use crate::finding::{Finding, Relation};

/// The first line.
pub(crate) fn answer(facts: &Facts<'_>, found: &[Finding]) -> String {
    let end = end(facts);
    let Some(first) = found.first() else {
        return if facts.ended_badly() {
            format!("{end}; nothing unusual found before that.")
        } else {
            format!("{end}: nothing unusual found.")
        };
    };
    let text = &first.text;
    match first.relation {
        Relation::After => format!("{end} after {text}."),
        Relation::Reason => format!("{end}: {text}."),
        Relation::Beside if facts.ending.is_some() => format!("{end}; before that {text}."),
        Relation::Beside => format!("{end}; but {text}."),
    }
}

/// "It exited with 1", "Its child x was killed by SIGSEGV, and it exited with 139".
fn end(facts: &Facts<'_>) -> String {
    let Some(main) = facts.ending else {
        return if facts.header.died_ns.is_some() { "It has ended, how is not recorded" } else { "It is running" }
            .to_owned();
    };
    let sentence = |words: String| if words.starts_with("killed") { format!("was {words}") } else { words };
    match (facts.culprit(), facts.end()) {
        (Some((tgid, process)), Some(end)) if tgid != main.tgid => {
            let having = match end.words() {
                words if words.starts_with("killed") => format!("having been {words}"),
                words => format!("having {words}"),
            };
            format!("It {}, its child {} (process {tgid}) {having}", sentence(main.words()), process.comm)
        }
        _ => format!("It {}", sentence(main.words())),
    }
}
