//! What stands beside the cause: what it said as well, and what failed right before, or meanwhile.

use super::{past, writer};
use crate::facts::{Facts, Failure, Process, SIGPIPE};
use crate::finding::{Finding, Relation};
use crate::groups::Agreement;
use crate::last_words::{LastWords, about, has_no_reason, has_own_reason, is_vague};
use crate::meaning::Meaning;
use crate::rules;
use crate::weight::{ABORTED, AGAIN, is_of_silence};
use std::ops::Range;

/// So soon behind a child that failed a shell runs what it does for that: a trap, say.
const TRAP_NS: u64 = 100_000_000;
/// And so soon it says so.
const SAID_NS: u64 = 1_000_000_000;
/// Who tries again and again waits no longer for the next time.
const LAST_TRY_NS: u64 = 5_000_000_000;

/// What the words add to the first finding; to the words, what failed right before them.
pub(super) fn more(facts: &Facts<'_>, first: &Finding, found: &[Finding], words: Option<&LastWords>) -> String {
    if first.rule == "words" {
        let said = words.map_or("", |words| &words.text);
        let beside = right_before(said, found.get(1)) + &outlived(said, found);
        let meanwhile = || words.and_then(|words| meanwhile(facts, words, found)).unwrap_or_default();
        let beside = if beside.is_empty() { meanwhile() } else { beside };
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
    if first.rule == "signal" && facts.end().and_then(|end| end.signal).map(u32::from) == Some(SIGPIPE) {
        return reader(facts).map_or_else(String::new, |reader| format!("; right before that {reader}"));
    }
    // Who is not given memory, and does not look, follows a null pointer.
    let refused = found.iter().find(|finding| finding.meaning == Some(Meaning::OutOfMemory));
    if let Some(refused) = refused.filter(|_| first.rule == "signal" && first.text.contains("null pointer")) {
        return format!("; right before that {}", refused.text);
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

/// The other child of a shell that failed right before what the end goes back to, and said why.
pub(super) fn child_before(facts: &Facts<'_>) -> Option<String> {
    let (culprit, process) = facts.culprit().filter(|_| facts.ending.is_some() && facts.chain.len() > 1)?;
    let is_other = |tgid: u32, other: &Process| tgid != culprit && other.command() != process.command();
    facts.processes.get(&process.parent).filter(|shell| shell.is_shell())?;
    failed_child(facts, process.parent, process.first_ns.checked_sub(TRAP_NS)?..process.first_ns, is_other)
}

/// The child that failed right before who wrote to it was killed for that.
fn reader(facts: &Facts<'_>) -> Option<String> {
    let (tgid, end_ns) = (facts.culprit?, facts.end_ns());
    failed_child(facts, tgid, end_ns.checked_sub(SAID_NS)?..end_ns, |_, _| true)
}

/// The child that failed right before its parent said that something had, and no reason, or crashed.
fn child_before_words(facts: &Facts<'_>, words: &LastWords) -> Option<String> {
    let (tgid, process) = facts.culprit().filter(|(tgid, _)| *tgid == words.tgid)?;
    let from_ns = words.since_ns.checked_sub(SAID_NS)?;
    let has_no_reason = has_no_reason(&words.text);
    // An exception may go back to what a program said that it had run, unless it said something between.
    let spoke = |since_ns: u64| process.outputs.iter().any(|output| (since_ns..words.since_ns).contains(&output.at_ns));
    let is_it = |_, child: &Process| {
        let end_ns = child.end.map_or(0, |end| end.ending.at_ns);
        has_no_reason || words.is_crash && !process.is_shell() && !spoke(end_ns)
    };
    failed_child(facts, tgid, from_ns..words.since_ns, is_it)
}

/// The last child that failed in a time, and said why.
fn failed_child(
    facts: &Facts<'_>,
    parent: u32,
    time: Range<u64>,
    is_it: impl Fn(u32, &Process) -> bool,
) -> Option<String> {
    let failed = facts.processes.iter().filter_map(|(tgid, child)| {
        let end = child.end.filter(|end| !end.ending.is_success() && time.contains(&end.ending.at_ns))?.ending;
        (child.parent == parent && is_it(*tgid, child)).then_some((end.at_ns, tgid, child, end))
    });
    let (_, tgid, ..) = failed.max_by_key(|(at_ns, ..)| *at_ns)?;
    let (own, tgid) = (*tgid, facts.source_of(*tgid));
    let child = facts.processes.get(&tgid)?;
    let end = child.end?.ending;
    let said = LastWords::of_process(facts, tgid, child, end.at_ns)?;
    let how = if said.is_error { "it said" } else { "the last that it wrote is" };
    let below = facts.processes.get(&own).filter(|_| own != tgid);
    let below = below.map_or_else(String::new, |own_child| format!("{} (process {own}) ran ", own_child.comm));
    let which = if below.is_empty() { "" } else { ", which" };
    Some(format!("its child {below}{} (process {tgid}){which} {}: {how} \"{}\"", child.comm, past(&end), said.text))
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

/// A peer that refused until then, again and again, and that the program named, where it says that something took too
/// long and not what: clients that try in the background give no other reason.
fn meanwhile(facts: &Facts<'_>, words: &LastWords, found: &[Finding]) -> Option<String> {
    let lower = words.text.to_lowercase();
    // One peer that refused alone is that which a connection was not made to in time.
    let refusing = found.iter().filter(|finding| finding.rule == "network" && finding.reasons.contains(&AGAIN));
    let says_connect = lower.split(|c: char| !c.is_alphabetic()).any(|word| word.starts_with("connect"));
    let is_alone = says_connect && !has_port(&lower) && refusing.count() == 1;
    if !is_of_silence(&lower) || about::peers(&words.text) && !is_alone {
        return None;
    }
    let process = facts.processes.get(&words.tgid)?;
    let is_named = |failure: &Failure, first_ns: u64| {
        let port = failure.subject.text().and_then(|peer| peer.rsplit_once(':')).map(|(_, port)| format!(":{port}"));
        let mut said = process.outputs.iter().filter(|output| output.at_ns >= first_ns);
        let address = failure.subject.text().unwrap_or_default();
        // `:25` of a time of day is no port.
        let is_in = |text: &str, port: &str| {
            text.match_indices(port).any(|(at, _)| {
                let (before, behind) = text.split_at_checked(at + port.len()).unwrap_or_default();
                let is_host = before.ends_with(address) || before.strip_suffix(port).is_some_and(is_a_name);
                is_host && !behind.starts_with(|c: char| c.is_ascii_digit())
            })
        };
        port.is_some_and(|port| said.any(|output| is_in(&output.text, &port)))
    };
    let is_it = |finding: &&Finding| {
        let of = facts.failures.iter().filter(|failure| finding.evidence.contains(&failure.index));
        let of: Vec<_> = of.filter(|failure| failure.tgid == words.tgid).collect();
        let (Some(first), Some(last)) = (of.first(), of.last()) else { return false };
        finding.rule == "network"
            && finding.reasons.contains(&AGAIN)
            && words.since_ns.saturating_sub(last.at_ns) < LAST_TRY_NS
            && (is_alone || is_named(last, first.at_ns))
    };
    found.iter().find(is_it).map(|finding| format!("; meanwhile {}", finding.text))
}

/// Whether a text names a port: `redis:6379`.
fn has_port(text: &str) -> bool {
    let is_port = |behind: &str| behind.starts_with(|c: char| c.is_ascii_digit());
    text.match_indices(':')
        .any(|(at, _)| is_a_name(text.get(..at).unwrap_or_default()) && is_port(text.get(at + 1..).unwrap_or_default()))
}

/// Whether a text ends in the name of a host.
fn is_a_name(text: &str) -> bool {
    text.ends_with(|c: char| c.is_alphabetic() || c == ']')
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
