//! What the program that the end goes back to said last: the one line that says it best.
//!
//! ```text
//! writes to standard error and output -> lines -> candidates with ranks -> one line, shortened
//!                                        lines    runtimes, logs, generic   statement
//! ```
//!
//! | module | what it does |
//! |---|---|
//! | [`lines`] | the writes right before the end, put together to lines |
//! | [`ordinary`] | lines that say nothing by themselves: stack frames, hints |
//! | [`rank`] | how sure a line states why it ended |
//! | [`runtimes`] | how the common runtimes say that they gave up |
//! | [`logs`] | lines of logs that have a level |
//! | [`generic`] | errors as any program may put them |
//! | [`failure_words`] | words that tell of a failure |
//! | [`about`] | what an error is about |
//! | [`vague`] | lines that say nothing of the reason |
//! | [`way_out`] | what is said behind that, as it ends |
//! | [`statement`] | the line that says it |
//! | [`complaint`] | what a living program says again and again |
//! | [`mod@mentioned`] | the error that a living program said last |

pub(crate) mod about;
mod complaint;
mod failure_words;
mod generic;
mod lines;
mod logs;
mod mentioned;
mod ordinary;
mod rank;
mod runtimes;
mod statement;
#[cfg(test)]
mod tests;
mod vague;
mod way_out;

use crate::facts::{Facts, Failure, Process};
use crate::meaning::Meaning;
use crate::noise::{Noise, noise};
use crate::works;
pub use complaint::Complaint;
pub(crate) use failure_words::tells_failure;
use lines::Line;
pub(crate) use mentioned::{Mentioned, mentioned};
use rank::{Found, Rank};
pub(crate) use statement::LONGER_WAIT;
use statement::{Between, Repeats};
use std::cmp::Reverse;
use std::ops::Range;

/// The line that says why it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastWords {
    /// The line, with those that belong to it, shortened.
    pub text: String,
    /// Whether it states an error; else it is only what was written last.
    pub is_error: bool,
    /// Whether a runtime says that it gives up because of it.
    pub(crate) is_crash: bool,
    /// When it was begun, with the stack or the header above it.
    pub since_ns: u64,
    /// Who wrote it.
    pub tgid: u32,
    /// The writes that it was made of, the first and the last.
    pub events: [usize; 2],
    /// How many lines stand behind the one that it is shown from, which has no long stack above it.
    behind: usize,
}

/// What a child said so long before the end is another matter.
const BEFORE_NS: u64 = 1_000_000_000;
/// What was said so long before is not what is summed up.
const SUMMED_UP_NS: u64 = 5_000_000_000;
/// Programs by which a shell says something.
const SAYS: [&str; 4] = ["cat", "echo", "printf", "tee"];
/// So long a program may take to end once it has said so.
const ENDING_NS: u64 = 10_000_000_000;
/// Lines above that many are not shown with those that say why.
const TOGETHER: usize = 4;

impl LastWords {
    /// Of a container that ended badly: the culprit's words, or those of a process that passed its failure on, where
    /// they state an error.
    #[must_use]
    pub fn of(facts: &Facts<'_>) -> Option<Self> {
        if !facts.ended_badly() {
            return None;
        }
        let own = facts.culprit().and_then(|(tgid, process)| Self::of_process(facts, tgid, process, facts.end_ns()));
        let own = own.filter(|own| !own.is_old(facts));
        if own.as_ref().is_some_and(|own| own.is_error) {
            return own;
        }
        let mut above = facts.chain.iter().rev().skip(1).filter_map(|tgid| {
            let process = facts.processes.get(tgid)?;
            // That what it ran had failed is known.
            let tells = |words: &Self| words.is_error && !generic::is_summary(&words.text);
            Self::of_process(facts, *tgid, process, process.end?.ending.at_ns).filter(tells)
        });
        let plain = || {
            let (tgid, process) = facts.chain.first().and_then(|tgid| Some((*tgid, facts.processes.get(tgid)?)))?;
            let words = Self::of_process(facts, tgid, process, process.end?.ending.at_ns)?;
            Some(Self { is_error: false, ..words }).filter(|words| !words.is_old(facts))
        };
        above.next().or(own).or_else(plain).or_else(|| Self::of_helper(facts)).or_else(|| Self::of_child(facts))
    }

    /// Of a shell that said nothing itself: the error that it had said by a program right before it ended (`cat >&2 <<EOF`),
    /// if nothing that it ran failed behind that.
    fn of_helper(facts: &Facts<'_>) -> Option<Self> {
        let (culprit, _) = facts.culprit().filter(|(_, process)| process.is_shell())?;
        let ended = facts.processes.iter().filter(|(_, process)| process.parent == culprit);
        let ended = ended.filter_map(|(tgid, process)| Some((*tgid, process, process.end?.ending)));
        let (tgid, process, end) = ended.max_by_key(|(.., end)| end.at_ns)?;
        let is_right_before = facts.end_ns().saturating_sub(end.at_ns) < BEFORE_NS;
        let says = SAYS.contains(&process.program()) && process.outputs.iter().all(|output| output.to_stderr);
        let words = Self::of_process(facts, tgid, process, end.at_ns).filter(|words| words.is_error);
        words.filter(|_| end.is_success() && is_right_before && says)
    }

    /// Where the culprit said nothing: what the child said that failed last right before. Whether it ended for that is
    /// not known.
    fn of_child(facts: &Facts<'_>) -> Option<Self> {
        let (culprit, end_ns) = (facts.culprit?, facts.end_ns());
        let ended = facts.processes.iter().filter_map(|(tgid, process)| Some((*tgid, process, process.end?.ending)));
        let failed = ended.filter(|(_, process, end)| {
            process.parent == culprit && !end.is_success() && end_ns.saturating_sub(end.at_ns) < BEFORE_NS
        });
        let (tgid, process, end) = failed.max_by_key(|(_, _, end)| end.at_ns)?;
        Self::of_process(facts, tgid, process, end.at_ns).map(|words| Self { is_error: false, ..words })
    }

    /// Of a container that ended badly without words on standard error: what it wrote last to its output.
    #[must_use]
    pub fn of_output(facts: &Facts<'_>) -> Option<Self> {
        let (tgid, process) = facts.culprit().filter(|_| facts.ended_badly())?;
        let lines = lines::last(process, facts.end_ns());
        let (behind, line) =
            lines.iter().rev().enumerate().find(|(_, line)| line.text.contains(char::is_alphanumeric))?;
        let (text, events) = (statement::shortened(line.text.trim()), [line.first, line.last]);
        Some(Self { text, is_error: false, is_crash: false, since_ns: line.since_ns, tgid, events, behind })
    }

    /// What a thread said right before it ended, and when, if a runtime says so of what ended it.
    #[must_use]
    pub fn of_thread(process: &Process, tid: u32, end_ns: u64) -> Option<(String, u64)> {
        let own = process.outputs.iter().filter(|output| output.tid == tid && output.at_ns <= end_ns);
        let lines = lines::of(own, end_ns);
        // What was caught is told with its stack as well.
        let at_ns = lines.iter().find(|line| ordinary::is_uncaught(&line.text))?.since_ns;
        let found = statement::find(&lines, |_| Between::Other).filter(|found| found.rank == Rank::Crash)?;
        Some((statement::shortened(&found.text), at_ns))
    }

    /// Whether it was said some time before the end, and the program did its work behind it: who says that it ends takes
    /// longer, to tidy up.
    fn is_old(&self, facts: &Facts<'_>) -> bool {
        let from = self.events[1];
        let at_ns = facts.timeline.event(from).map_or(0, |event| event.end_ns);
        let before_ns = if way_out::before_end(&self.text).is_some() { ENDING_NS } else { BEFORE_NS };
        facts.end_ns().saturating_sub(at_ns) > before_ns && works::any_behind(facts, self.tgid, from)
    }

    /// What a process wrote until it ended.
    pub(crate) fn of_process(facts: &Facts<'_>, tgid: u32, process: &Process, end_ns: u64) -> Option<Self> {
        let find = |lines: &[Line]| {
            let failed = Failed::of(facts, tgid, lines.first().map_or(usize::MAX, |line| line.first));
            statement::find(lines, |events| failed.between(&events))
        };
        let lines = lines::last(process, end_ns);
        let found = find(&lines)?;
        let attempts = lines::with_attempts(process, end_ns);
        // Who only sums up has said the reason before, if some time before: pytest tidies up between.
        let at_ns = |lines: &[Line], found: &Found| lines.get(found.last).map_or(0, |line| line.since_ns);
        let until_ns = at_ns(&lines, &found);
        let gives_reason = |found: &Found| {
            let is_near = until_ns.saturating_sub(at_ns(&attempts, found)) < SUMMED_UP_NS;
            is_near && found.rank >= Rank::Failure && !has_no_reason(&found.text)
        };
        let before = if found.rank == Rank::Summary { find(&attempts).filter(gives_reason) } else { None };
        let (found, lines) = match before {
            Some(before) => (before, attempts.clone()),
            None => (found, lines),
        };
        let repeats = Repeats::of(&lines, &attempts);
        let text = lines.get(found.first).map_or("", |line| &line.text);
        let other = Some(&found).filter(|found| found.rank == Rank::Failure);
        let found = other.and_then(|found| repeats.behind(found.last, text)).unwrap_or(found);
        // Who gives up says of each attempt why it failed.
        let gives_up = found.rank < Rank::Crash && vague::gives_up(&found.text);
        let (found, lines) = match statement::again(&attempts, end_ns).filter(|_| gives_up) {
            Some(failed) => (failed, attempts),
            None => (found, lines),
        };
        let (first, last) = (lines.get(found.first)?, lines.get(found.last)?);
        Some(Self {
            text: statement::shortened(&found.text),
            is_error: found.rank > Rank::Plain,
            is_crash: found.rank == Rank::Crash,
            since_ns: first.since_ns,
            tgid,
            events: [first.first, last.last],
            behind: lines.len() - 1 - if found.last - found.first < TOGETHER { found.first } else { found.last },
        })
    }
}

/// What failed of a process from an event on, and is worth a look: events, in their order.
struct Failed {
    removals: Vec<usize>,
    exhausted: Vec<usize>,
    others: Vec<usize>,
}

impl Failed {
    fn of(facts: &Facts<'_>, tgid: u32, from: usize) -> Self {
        let is_removal = |failure: &Failure| ["rmdir", "unlink", "unlinkat"].contains(&&*failure.name);
        let is_odd = |failure: &Failure| noise(&failure.name, &failure.subject, failure.errno) == Noise::None;
        let own = facts.failures.iter().filter(|failure| failure.tgid == tgid && failure.index >= from);
        let (removals, others): (Vec<&Failure>, Vec<_>) = own.partition(|failure| is_removal(failure));
        let is_exhausted = |failure: &&Failure| {
            let ran_out = [Meaning::OutOfSpace, Meaning::OutOfMemory, Meaning::OutOfDescriptors];
            ran_out.contains(&failure.meaning()) && is_odd(failure)
        };
        let exhausted = others.iter().copied().filter(is_exhausted).collect();
        let sorted = |failures: Vec<&Failure>| {
            let mut events: Vec<usize> = failures.into_iter().map(|failure| failure.index).collect();
            events.sort_unstable();
            events
        };
        let others = others.into_iter().filter(|failure: &&Failure| is_odd(failure)).collect();
        Self { removals: sorted(removals), exhausted: sorted(exhausted), others: sorted(others) }
    }

    fn between(&self, events: &Range<usize>) -> Between {
        let any = |of: &[usize]| of.get(of.partition_point(|at| *at < events.start)).is_some_and(|at| *at < events.end);
        match (any(&self.others), any(&self.removals)) {
            _ if any(&self.exhausted) => Between::Exhausted,
            (true, _) => Between::Other,
            (false, true) => Between::Removal,
            (false, false) => Between::Nothing,
        }
    }
}

/// The error that a process stated in a time.
pub(crate) fn stated(process: &Process, time: Range<u64>) -> Option<String> {
    let found = statement::find(&said(process, time), |_| Between::Other)?;
    (found.rank >= Rank::Error).then(|| statement::shortened(&found.text))
}

/// All that a process said in a time that tells of a failure, the surest first, and what failed as it tidied up last.
pub(crate) fn failures(process: &Process, time: Range<u64>) -> Vec<String> {
    let lines = said(process, time);
    let mut found: Vec<_> = statement::find(&lines, |_| Between::Other).into_iter().collect();
    found.extend(statement::candidates(&lines));
    found.retain(|found| found.rank >= Rank::Failure || found.rank == Rank::Tidying && tells_failure(&found.text));
    found.sort_by_key(|found| Reverse(found.rank));
    found.into_iter().map(|found| statement::shortened(&found.text)).collect()
}

/// Whether a process logs errors at all.
pub(crate) fn logs_errors(process: &Process) -> bool {
    process.outputs.iter().any(|output| output.text.lines().any(logs::is_error))
}

/// How often a process said the same in a time.
pub(crate) fn times_said(process: &Process, text: &str, time: Range<u64>) -> usize {
    let lines = lines::all(process, time.end);
    let is_it = |found: &&Found| {
        let is_then = lines.get(found.first).is_some_and(|line| time.contains(&line.since_ns));
        is_then && is_same(&statement::shortened(&found.text), text)
    };
    statement::candidates(&lines).iter().filter(is_it).count()
}

/// All that a process logged in a time at the level of an error.
pub(crate) fn logged_errors(process: &Process, time: Range<u64>) -> Vec<String> {
    let lines = said(process, time);
    let is_logged = |found: &Found| lines.get(found.first).is_some_and(|line| logs::is_error(&line.text));
    let found = statement::candidates(&lines).into_iter().filter(is_logged);
    found.map(|found| statement::shortened(&found.text)).collect()
}

fn said(process: &Process, time: Range<u64>) -> Vec<Line> {
    lines::of(process.outputs.iter().filter(|output| time.contains(&output.at_ns)), time.end)
}

/// Whether two lines are one but for the numbers in them.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    statement::form(one) == statement::form(other)
}

/// Whether words tell of nothing but that it did not start, or will end.
pub(crate) fn is_vague(text: &str) -> bool {
    vague::is_vague(text) || vague::is_unbegun(text)
}

/// Whether words tell that something was not done, or will not be, and no reason.
pub(crate) fn has_no_reason(text: &str) -> bool {
    is_vague(text) || vague::is_bare(text) && !about::code(text)
}

/// Whether words tell a reason which no file that is not there can be.
pub(crate) fn has_own_reason(text: &str) -> bool {
    vague::has_own_reason(text)
}

/// What a process said at its end that it does without, in lower case.
#[must_use]
pub(crate) fn without(process: &Process, end_ns: u64) -> String {
    let lines = lines::last(process, end_ns);
    let more = says_more_at(&lines);
    in_lower_case(lines.iter().enumerate().filter(|(at, line)| is_done_without(line, *at < more)).map(|(_, line)| line))
}

/// When a process said at its end that it goes on without what failed.
pub(crate) fn continued(process: &Process, end_ns: u64) -> Vec<u64> {
    let lines = lines::last(process, end_ns);
    lines.iter().filter(|line| ordinary::continues(&line.text)).map(|line| line.since_ns).collect()
}

/// Whether a line says what the program does without: it says so, or it warns that it failed to tidy up, and more is said
/// behind that.
fn is_done_without(line: &Line, says_more: bool) -> bool {
    let is_of_tidying = || way_out::is_of_tidying(&line.text) && logs::is_no_error(&line.text);
    ordinary::goes_on(&line.text) || says_more && is_of_tidying()
}

/// The last of the lines that says something else than that it tidies up; 0: none does.
fn says_more_at(lines: &[Line]) -> usize {
    let says_more = |line: &Line| {
        let is_other = !way_out::is_orderly(&line.text) && !way_out::is_of_tidying(&line.text);
        is_other && line.to_stderr && !ordinary::is_frame(&line.text) && !has_no_reason(&line.text)
    };
    lines.iter().rposition(says_more).unwrap_or_default()
}

/// All that a process said at its end behind an event, without stack frames and what it did without, in lower case: to
/// look for names in it.
#[must_use]
pub fn telling(process: &Process, behind: usize, end_ns: u64) -> String {
    let mut lines = lines::last(process, end_ns);
    lines.retain(|line| line.last >= behind);
    // What was met as an exception was handled is not what the program ended of, nor is what it had loaded.
    let is_end = |line: &Line| [runtimes::HANDLING, runtimes::DUMP].iter().any(|head| line.text.starts_with(head));
    let handling = lines.iter().position(is_end);
    lines.truncate(handling.unwrap_or(lines.len()));
    let repeats = Repeats::of(&lines, &lines::with_attempts(process, end_ns));
    let more = says_more_at(&lines);
    let above = |at: usize| at.checked_sub(1).and_then(|at| lines.get(at)).map_or("", |line| line.text.as_str());
    let is_again = |at: usize, line: &Line| {
        let is_it = |found: Found| found.rank == Rank::Failure && found.text == line.text;
        repeats.behind(at, &line.text).is_some() && generic::found(&lines, at).is_some_and(is_it)
    };
    let says = |at: usize, line: &Line| {
        !ordinary::is_frame(&line.text)
            && !ordinary::is_of_logging(&line.text)
            && !is_done_without(line, at < more)
            && !ordinary::is_source(above(at), &line.text)
            && !is_again(at, line)
    };
    let told: Vec<_> = lines.iter().enumerate().filter(|(at, line)| says(*at, line)).map(|(_, line)| line).collect();
    // What failed on the way out, and what a log's level says is no error, name nothing that it ended of, unless that is
    // all there is.
    let is_beside = |line: &&&Line| way_out::is_of_tidying(&line.text) || logs::is_no_error(&line.text);
    let tells = |line: &&Line| failure_words::tells_failure(&line.text) || logs::is_error(&line.text);
    let others = || told.iter().filter(|line| !is_beside(line)).copied();
    if others().any(|line| tells(&line)) { in_lower_case(others()) } else { in_lower_case(told.into_iter()) }
}

fn in_lower_case<'l>(lines: impl Iterator<Item = &'l Line>) -> String {
    lines.fold(String::new(), |text, line| text + &line.text.to_lowercase() + "\n")
}

/// The last lines that a process wrote, of standard error if it wrote there; from its last words on, where these stand
/// above. At most `most`.
#[must_use]
pub fn shown(facts: &Facts<'_>, tgid: u32, words: Option<&LastWords>, most: usize) -> Vec<String> {
    let Some(process) = facts.processes.get(&words.map_or(tgid, |words| words.tgid)) else { return Vec::new() };
    let end_ns = process.end.map_or_else(|| facts.end_ns(), |end| end.ending.at_ns);
    let mut lines = lines::last(process, end_ns);
    if words.is_some_and(|words| words.behind >= lines.len()) {
        lines = lines::with_attempts(process, end_ns);
    }
    let said = words.and_then(|words| lines.len().checked_sub(words.behind + 1));
    let to_stderr = match said.and_then(|at| lines.get(at)) {
        Some(said) => said.to_stderr,
        None => lines.iter().any(|line| line.to_stderr),
    };
    // Python underlines the place of an error.
    let tells = |line: &Line| !line.text.trim_matches([' ', '^', '~']).is_empty();
    let told: Vec<_> =
        lines.iter().enumerate().filter(|(_, line)| line.to_stderr == to_stderr && tells(line)).collect();
    let said = said.and_then(|said| told.iter().position(|(at, _)| *at >= said));
    let from = told.len().saturating_sub(most).min(said.unwrap_or(usize::MAX));
    let plain = |line: &Line| line.text.trim_end().replace('\t', "    ");
    told.into_iter().skip(from).take(most).map(|(_, line)| plain(line)).collect()
}
