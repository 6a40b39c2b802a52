//! The answer in one sentence.

#[cfg(test)]
mod tests;

use crate::facts::{Facts, Process, is_shell};
use crate::finding::{Finding, Relation};
use crate::groups::Agreement;
use crate::last_words::{LastWords, about, has_no_reason, has_own_reason, is_vague};
use crate::meaning::Meaning;
use crate::rules;
use crate::weight::{ABORTED, AGAIN, is_of_silence, weighed_groups};
use crate::words::exit_code;
use rewind_recording::ending::Ending;
use rewind_recording::peer::beside;
use rewind_recording::render::units::{duration, grouped};
use std::ops::Range;

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
        beside(&answer(self.facts, &self.found, self.words.as_ref()), &self.facts.header.peers)
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
            let is_quiet = words.is_none() && (is_no || parent.is_some_and(|parent| is_shell(parent.program())));
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

/// What the words add to the first finding; to the words, what failed right before them.
fn more(facts: &Facts<'_>, first: &Finding, found: &[Finding], words: Option<&LastWords>) -> String {
    if first.rule == "words" {
        let said = words.map_or("", |words| &words.text);
        let beside = right_before(said, found.get(1)) + &outlived(said, found);
        let child = || words.and_then(|words| child_before_words(facts, words));
        return match beside.is_empty().then(child).flatten() {
            Some(child) => format!("; right before that {child}"),
            None => beside,
        };
    }
    if first.rule == "signal"
        && let Some(before) = found.iter().find(|finding| finding.rule == rules::BEFORE)
    {
        return format!("; until then {}", before.text);
    }
    let is_abort = first.weight == ABORTED && first.rule == "signal";
    match words {
        _ if first.agreement == Agreement::Same => String::new(),
        Some(said) if said.is_error && is_abort => {
            let failed = found.iter().find(|finding| finding.rule != "words" && finding.rule != first.rule);
            format!("; it said \"{}\"{}", said.text, right_before(&said.text, failed))
        }
        Some(words) if words.is_error => format!("; it said \"{}\"", words.text),
        // Who aborts itself says why before, in whatever words.
        Some(words) if first.agreement == Agreement::Other && first.relation == Relation::After || is_abort => {
            format!("; the last that {} wrote is \"{}\"", writer(facts, words), words.text)
        }
        _ => String::new(),
    }
}

/// So soon behind a child that failed a shell runs what it does for that: a trap, say.
const TRAP_NS: u64 = 100_000_000;
/// And so soon it says so.
const SAID_NS: u64 = 1_000_000_000;

/// The other child of a shell that failed right before what the end goes back to, and said why.
fn child_before(facts: &Facts<'_>) -> Option<String> {
    let (culprit, process) = facts.culprit().filter(|_| facts.ending.is_some() && facts.chain.len() > 1)?;
    let is_other = |tgid: u32, other: &Process| tgid != culprit && other.command() != process.command();
    failed_child(facts, process.parent, process.first_ns.checked_sub(TRAP_NS)?..process.first_ns, is_other)
}

/// The child that failed right before a shell said that something had, and no reason.
fn child_before_words(facts: &Facts<'_>, words: &LastWords) -> Option<String> {
    let tgid = facts.culprit.filter(|tgid| *tgid == words.tgid && has_no_reason(&words.text))?;
    failed_child(facts, tgid, words.since_ns.checked_sub(SAID_NS)?..words.since_ns, |_, _| true)
}

/// The last child of a shell that failed in a time, and said why.
fn failed_child(
    facts: &Facts<'_>,
    shell: u32,
    time: Range<u64>,
    is_it: impl Fn(u32, &Process) -> bool,
) -> Option<String> {
    facts.processes.get(&shell).filter(|shell| is_shell(shell.program()))?;
    let failed = facts.processes.iter().filter_map(|(tgid, child)| {
        let end = child.end.filter(|end| !end.ending.is_success() && time.contains(&end.ending.at_ns))?.ending;
        (child.parent == shell && is_it(*tgid, child)).then_some((end.at_ns, tgid, child, end))
    });
    let (_, tgid, ..) = failed.max_by_key(|(at_ns, ..)| *at_ns)?;
    let tgid = facts.source_of(*tgid);
    let child = facts.processes.get(&tgid)?;
    let end = child.end?.ending;
    let said = LastWords::of_process(facts, tgid, child, end.at_ns)?;
    let how = if said.is_error { "it said" } else { "the last that it wrote is" };
    Some(format!("its child {} (process {tgid}) {}: {how} \"{}\"", child.comm, past(&end), said.text))
}

/// What failed right before the words.
fn right_before(said: &str, failed: Option<&Finding>) -> String {
    let failed = failed.filter(|failed| {
        let is_other = failed.is_tied && failed.agreement == Agreement::Other;
        is_other && failed.relation == Relation::After && is_kin(said, failed)
    });
    failed.map_or_else(String::new, |failed| format!("; right before that {}", failed.text))
}

/// The end of a child that the container lived on behind, where the words give no reason.
fn outlived(said: &str, found: &[Finding]) -> String {
    let killed = found.iter().find(|finding| finding.rule == "oom").filter(|_| has_no_reason(said));
    killed.map_or_else(String::new, |killed| format!("; before that {}", killed.text))
}

/// Whether what a program said can be of the kind of what failed right before, or says nothing: an error that has
/// nothing to do with peers is not that of a peer that refused, which programs do without.
fn is_kin(said: &str, failed: &Finding) -> bool {
    if is_vague(said) {
        return true;
    }
    // Who waits for a peer to be there asks again and again, whatever that answers.
    let lower = said.to_lowercase();
    let is_silence = is_of_silence(&lower) && !lower.contains("waiting for");
    let has_no_reason = has_no_reason(said) && !about::code(said);
    match failed.rule {
        "network" | "dns" => (about::peers(said) || has_no_reason) && !is_silence,
        // Who met a full disk seldom goes on; who misses a file, or may not have it, may.
        "file" => {
            let is_had_over = matches!(failed.meaning, Some(Meaning::Missing | Meaning::Denied));
            let is_of_files = about::files(said) && !(is_had_over && has_own_reason(said));
            is_of_files || has_no_reason || !is_had_over && !about::code(said)
        }
        _ => true,
    }
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
    facts.ending.is_some_and(|main| {
        process.programs.is_empty()
            && process.parent == main.tgid
            && facts.chain.len() == 2
            && end.exit_code == main.exit_code
    })
}
