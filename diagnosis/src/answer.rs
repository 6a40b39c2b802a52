//! The answer in one sentence.

mod beside;
#[cfg(test)]
mod tests;

use crate::facts::{Facts, Process};
use crate::finding::{Finding, Relation};
use crate::last_words::LastWords;
use crate::rules;
use crate::weight::{AGAIN, weighed_groups};
use crate::words::exit_code;
use beside::{child_before, more};
use rewind_recording::ending::Ending;
use rewind_recording::peer;
use rewind_recording::render::units::{duration, grouped};

/// What the answer is made of.
pub(crate) struct Answered<'f> {
    facts: &'f Facts<'f>,
    pub(crate) words: Option<LastWords>,
    pub(crate) found: Vec<Finding>,
}

impl<'f> Answered<'f> {
    pub(crate) fn of(facts: &'f Facts<'f>) -> Self {
        let words = LastWords::of(facts);
        let found = rules::findings(facts, &weighed_groups(facts, words.as_ref()), words.as_ref());
        Self { facts, words, found }
    }

    /// The answer.
    pub(crate) fn sentence(&self) -> String {
        peer::beside(&answer(self.facts, &self.found, self.words.as_ref()), &self.facts.header.peers)
    }

    /// The class of the cause, of a closed list, for where causes are counted: the rule that found it; `signal` or
    /// `exit` where none did.
    pub(crate) fn class(&self) -> &'static str {
        class(self.facts, &self.found)
    }
}

/// See [`Answered::class`].
pub(crate) fn class(facts: &Facts<'_>, found: &[Finding]) -> &'static str {
    let is_killed = facts.ending.is_some_and(|ending| ending.exit_code.is_none());
    let end = if is_killed { "signal" } else { "exit" };
    found.first().filter(|first| first.relation != Relation::Beside).map_or(end, |first| first.rule)
}

/// The first line.
pub(crate) fn answer(facts: &Facts<'_>, found: &[Finding], words: Option<&LastWords>) -> String {
    let end = end(facts, found.first());
    let Some(first) = found.first() else {
        let is_unusual = is_unusual(facts, found, words);
        return match words.filter(|_| is_unusual) {
            Some(words) => format!("{end}; the last that {} wrote is \"{}\".", writer(facts, words), words.text),
            None if is_unusual => match LastWords::of_output(facts) {
                Some(words) => format!("{end}; the last that it wrote is \"{}\".", words.text),
                None => match child_before(facts) {
                    Some(child) => format!("{end}; right before that {child}."),
                    None => format!("{end}; nothing unusual found before that."),
                },
            },
            None if facts.ending.is_none() => format!("{}: nothing unusual found.", life(facts)),
            None => format!("{end}: nothing unusual found."),
        };
    };
    let text = &first.text;
    let more = more(facts, first, found, words);
    match first.relation {
        Relation::After => {
            let child = child_before(facts).map_or_else(String::new, |child| format!("; right before that {child}"));
            format!("{end} after {text}{more}{child}.")
        }
        Relation::Whole => format!("{}.", capitalized(text)),
        Relation::Reason => format!("{end}: {text}{more}."),
        Relation::Beside if facts.ending.is_some() => format!("{end}; before that {text}."),
        Relation::Beside => format!("{end}; but {text}."),
    }
}

/// Whether there is something to tell. In a living container, what exits with 1 in silence says no, what a shell runs may
/// do so with any code, and what failed once in any words.
pub(crate) fn is_unusual(facts: &Facts<'_>, found: &[Finding], words: Option<&LastWords>) -> bool {
    let says_no = || {
        let head = facts.chain.first().and_then(|tgid| Some((tgid, facts.processes.get(tgid)?)));
        head.is_some_and(|(tgid, head)| {
            let parent = facts.processes.get(&head.parent);
            let is_no = head.end.is_some_and(|end| end.ending.exit_code == Some(1));
            let is_quiet = words.is_none() && (is_no || parent.is_some_and(|parent| parent.is_shell()));
            facts.ending.is_none() && (is_quiet || attempts(facts, *tgid).is_none())
        })
    };
    !found.is_empty() || facts.ended_badly() && !says_no()
}

/// Who wrote the last words: it, or a child whose failure it may have passed on or not.
fn writer(facts: &Facts<'_>, words: &LastWords) -> String {
    let child = facts.processes.get(&words.tgid).filter(|_| !facts.chain.contains(&words.tgid));
    child.map_or_else(|| "it".to_owned(), |child| format!("its child {} (process {})", child.comm, words.tgid))
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect()
}

/// "It exited with 1", "It exited with 139, its child x having been killed by SIGSEGV".
pub(crate) fn end(facts: &Facts<'_>, first: Option<&Finding>) -> String {
    let own = match facts.ending {
        None => match failing(facts).filter(|_| first.is_none_or(|first| first.relation != Relation::Beside)) {
            Some(failing) => format!("{}, but {failing}", life(facts)),
            None => return life(facts).to_owned(),
        },
        Some(main) => {
            let told = first.is_some_and(|first| first.tells_end());
            let code = exit_code::words(facts).filter(|_| !told).map_or_else(String::new, |code| format!(" ({code})"));
            format!("It {}{code}", past(&main))
        }
    };
    match (facts.culprit(), facts.end()) {
        (Some((tgid, process)), Some(end)) if facts.chain.len() > 1 && !is_part_of(facts, process, &end) => {
            let having = match end.words() {
                words if words.starts_with("killed") => format!("having been {words}"),
                words => format!("having {words}"),
            };
            let attempts = attempts(facts, tgid).map_or_else(String::new, |attempts| format!(", {attempts}"));
            format!("{own}, its child {} (process {tgid}{attempts}) {having}", process.comm)
        }
        _ => own,
    }
}

/// What is known of one whose end is not among the records.
fn life(facts: &Facts<'_>) -> &'static str {
    if facts.header.died_ns.is_some() { "It has ended, how is not recorded" } else { "It is running" }
}

/// "its child x fails again and again: the last of 4 in 6.1s (process 7) exited with 1".
fn failing(facts: &Facts<'_>) -> Option<String> {
    let tgid = *facts.chain.first()?;
    let process = facts.processes.get(&tgid)?;
    let (comm, end) = (&process.comm, past(&process.end?.ending));
    Some(match attempts(facts, tgid) {
        Some(attempts) => format!("its child {comm} fails {AGAIN}: {attempts} (process {tgid}) {end}"),
        None => format!("its child {comm} (process {tgid}) has not been run again: it {end}"),
    })
}

/// "exited with 1", "was killed by SIGSEGV".
fn past(end: &Ending) -> String {
    let words = end.words();
    if words.starts_with("killed") { format!("was {words}") } else { words }
}

/// "the last of 4 in 6.1s", if it was run again.
fn attempts(facts: &Facts<'_>, tgid: u32) -> Option<String> {
    let attempts = facts.attempts(tgid).filter(|attempts| attempts.count > 1)?;
    Some(format!("the last of {} in {}", grouped(attempts.count), duration(attempts.span_ns)))
}

/// Whether a process is a fork of the main one that ran nothing else and ended alike: a part of it.
fn is_part_of(facts: &Facts<'_>, process: &Process, end: &Ending) -> bool {
    let main = facts.ending.and_then(|main| Some((main, facts.processes.get(&main.tgid)?)));
    main.is_some_and(|(main, of)| {
        process.is_fork_of(of)
            && process.parent == main.tgid
            && facts.chain.len() == 2
            && end.exit_code == main.exit_code
    })
}
