//! The line that says why: of those with the highest rank among the last the last one; of one write the first.

use super::failure_words::tells_failure;
use super::lines::Line;
use super::logs::{self, Logged};
use super::ordinary::{goes_on, is_banner, is_frame, is_mark, is_ordinary};
use super::rank::{Found, Rank};
use super::way_out::{is_of_tidying, is_orderly};
use super::{about, generic, runtimes, vague};
use std::collections::HashMap;
use std::ops::Range;

/// What was said so long before the last error is another matter.
pub(super) const SAME_NS: u64 = 1_000_000_000;
/// What belongs together is said within this time.
const AT_ONCE_NS: u64 = 5_000_000;
/// So often is again and again.
pub(super) const AGAIN: usize = 3;
/// The wait behind the last attempt may be so many times as long as those before.
pub(crate) const LONGER_WAIT: u64 = 4;
/// Who ends tidies up so soon.
const TIDYING_NS: u64 = 20_000_000;
/// What is so long, and has so many digits, is an id.
const ID_CHARS: usize = 8;
const ID_DIGITS: usize = 2;
/// So many words are a sentence.
const SENTENCE_WORDS: usize = 5;
/// A sentence's length.
const LONGEST: usize = 200;

/// What failed between two lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Between {
    Nothing,
    /// To remove something, as hooks do it that run at the end.
    Removal,
    /// For want of space, memory or descriptors, which few programs do without.
    Exhausted,
    Other,
}

/// The line that says why; what failed `between` two events.
pub(super) fn find(lines: &[Line], between: impl Fn(Range<usize>) -> Between) -> Option<Found> {
    let mut candidates = candidates(lines);
    let got_over = got_over(lines);
    candidates.retain(|found| {
        let word = lines.get(found.first).and_then(|line| subject(&line.text));
        let later = word.and_then(|word| got_over.get(word)).is_some_and(|at| *at > found.last);
        found.rank > Rank::Failure || !later
    });
    let last_of = |least: Rank| candidates.iter().rfind(|found| found.rank >= least);
    let anchor = last_of(Rank::Error).or_else(|| last_of(Rank::Failure)).or_else(|| last_of(Rank::Summary));
    let anchor = anchor.or_else(|| last_of(Rank::Tidying));
    let Some(anchor) = anchor else { return plain(lines, &candidates) };
    let time_ns = |found: &Found| lines.get(found.last).map_or(0, |line| line.since_ns);
    let until_ns = time_ns(anchor);
    let recent = candidates.iter().filter(|found| time_ns(found).saturating_add(SAME_NS) >= until_ns);
    // Of panics one behind the other the first is what it ended of: the others are met as it tidies up.
    let is_panic_again = lines.iter().any(|line| line.text == "panic in a destructor during cleanup");
    let first_crash = || recent.clone().find(|found| found.rank == Rank::Crash).filter(|_| is_panic_again);
    let surest = || recent.clone().max_by_key(|found| (found.rank, !vague::is_vague(&found.text)));
    let said = first_crash().or_else(surest)?;
    let event = |at: usize| lines.get(at).map_or(0, |line| line.last);
    // What is not of peers, and of what failed last, is more than a peer's failure that was said before.
    let since_said = |found: &Found| between(event(said.last)..event(found.first));
    let is_last = |found: &&Found| {
        let is_failure = found.rank >= Rank::Failure && !vague::is_vague(&found.text);
        let of_other = || matches!(since_said(found), Between::Other | Between::Exhausted);
        is_failure && found.last > said.last && !about::peers(&found.text) && of_other()
    };
    let is_failure = said.rank <= Rank::Failure;
    // Nor was what was said the reason where something ran out behind it, before it was said that it ends.
    let ends = |found: &&Found| {
        let ends = vague::is_vague(&found.text) || vague::is_bare(&found.text);
        found.last > said.last && ends && since_said(found) == Between::Exhausted
    };
    let is_peers = is_failure && about::peers(&said.text);
    let last = recent.clone().rfind(is_last).filter(|_| is_peers);
    if let Some(last) = last.or_else(|| recent.clone().rfind(ends).filter(|_| is_failure)) {
        return Some(Found { rank: Rank::Failure, ..last.clone() });
    }
    let failed_behind = |found: &Found| between(event(found.last)..event(said.first));
    let is_before_removal = |found: &&Found| {
        let is_right_before = found.last < said.first && time_ns(said).saturating_sub(time_ns(found)) < TIDYING_NS;
        let is_removal = || match failed_behind(found) {
            Between::Removal => true,
            // Who looks first does not try.
            Between::Nothing => said.rank == Rank::Tidying,
            Between::Other | Between::Exhausted => false,
        };
        is_right_before && is_own(lines, found) && is_removal()
    };
    if let Some(before) = candidates.iter().rfind(is_before_removal).filter(|_| said.rank <= Rank::Failure) {
        return Some(Found { rank: before.rank.max(Rank::Failure), ..before.clone() });
    }
    // What gives no reason gives way to the error right before it that gives one.
    let is_invalid = vague::is_invalid(&said.text);
    let has_reason = |found: &&Found| {
        let is_right_before = found.last < said.first && time_ns(said).saturating_sub(time_ns(found)) < AT_ONCE_NS;
        let gives_none = vague::is_bare(&found.text) && !is_invalid || vague::is_vague(&found.text);
        let is_far = is_invalid && found.last + 1 != said.first;
        let least = if is_invalid { Rank::Failure } else { said.rank.clamp(Rank::Failure, Rank::Error) };
        let is_error = found.rank >= least;
        is_error && is_right_before && !gives_none && !is_far && failed_behind(found) == Between::Nothing
    };
    let is_bare = said.rank < Rank::Crash && (vague::is_bare(&said.text) || said.rank == Rank::Summary);
    if let Some(reason) = recent.clone().rfind(has_reason).filter(|_| is_bare) {
        return Some(reason.clone());
    }
    // Standard error has no buffer: what is written there at once is one message, and begins with what it is about.
    let write = |found: &Found| lines.get(found.first).filter(|line| line.to_stderr).map(|line| line.first);
    let is_same = |found: &&Found| {
        said.rank <= Rank::Failure && found.rank == said.rank && write(found).is_some() && write(found) == write(said)
    };
    let said = recent.clone().find(is_same).unwrap_or(said);
    // Who called what failed says the same again, and no reason.
    let is_longer = |found: &&Found| {
        let (longer, shorter) = (without_quotes(&found.text), without_quotes(&said.text));
        found.last + 1 == said.first && longer.len() > shorter.len() && longer.starts_with(&shorter)
    };
    let said = recent.clone().find(is_longer).unwrap_or(said);
    // Who panics with words of its own, or only sums up, has said the reason before.
    let is_before = |found: &&Found| found.last < said.first && failed_behind(found) == Between::Nothing;
    let tells_none =
        said.text.starts_with("panic: ") && !tells_failure(&said.text) || vague::is_consequence(&said.text);
    let is_failure = |found: &&Found| {
        let end = found.text.rsplit(": ").next().unwrap_or_default();
        let gives_none = vague::is_vague(&found.text) || vague::is_vague(end) || vague::is_consequence(&found.text);
        let says = !gives_none && !found.text.ends_with(':');
        found.rank >= Rank::Failure && says && is_before(found)
    };
    if let Some(before) = recent.clone().rfind(is_failure).filter(|_| tells_none) {
        let text = format!("{}, then {}", before.text, said.text);
        return Some(Found { first: before.first, text, ..said.clone() });
    }
    let is_summed_up = said.rank == Rank::Summary && vague::is_vague(&said.text);
    let warning = || warned(lines, said.first, until_ns).filter(|found| is_before(&found));
    let reason = || warning().or_else(|| plain_above(lines, said));
    Some(reason().filter(|_| is_summed_up).unwrap_or_else(|| said.clone()))
}

/// The sentence right above a line that only says that it ends, with that, where no log's level says that it is no error.
fn plain_above(lines: &[Line], said: &Found) -> Option<Found> {
    let at = said.first.checked_sub(1)?;
    let (above, line) = (lines.get(at)?, lines.get(said.first)?);
    let is_at_once = line.since_ns.saturating_sub(above.since_ns) < AT_ONCE_NS && above.to_stderr == line.to_stderr;
    let is_sentence = above.text.split_whitespace().count() >= SENTENCE_WORDS;
    let is_plain = logs::logged(lines, at).is_none() && !is_ordinary(&above.text) && !is_frame(&above.text);
    let text = format!("{}, then {}", above.text.trim(), said.text);
    (is_at_once && is_sentence && is_plain).then(|| Found { first: at, text, ..said.clone() })
}

/// A text without the marks around names, which one line may have and the next not.
fn without_quotes(text: &str) -> String {
    text.chars().filter(|c| !"\"'`:".contains(*c)).collect()
}

/// What was warned of last before a line, not long before a time.
fn warned(lines: &[Line], before: usize, until_ns: u64) -> Option<Found> {
    let recent = lines.iter().enumerate().take(before).rev();
    let recent = recent.take_while(|(_, line)| line.since_ns.saturating_add(SAME_NS) >= until_ns);
    let mut warnings = recent.filter_map(|(at, line)| logs::warning(&line.text, at));
    warnings.find(|found| tells_failure(&found.text)).map(|found| Found { rank: Rank::Failure, ..found })
}

/// How lines end that say that something is well now.
const WELL: [&str; 6] = [" ok", " ready", " up", " connected", " available", " recovered"];

/// The last line that says that something is well, by the word that it begins with: "source ok" behind "source not ready".
fn got_over(lines: &[Line]) -> HashMap<&str, usize> {
    let is_well = |line: &str| {
        let lower = line.trim_end_matches(['.', '!']).to_lowercase();
        WELL.iter().any(|well| lower.ends_with(well)) && !tells_failure(&lower)
    };
    let well = lines.iter().enumerate().filter(|(_, line)| is_well(&line.text));
    well.filter_map(|(at, line)| Some((subject(&line.text)?, at))).collect()
}

/// The word that a line begins with, if that is one.
fn subject(line: &str) -> Option<&str> {
    line.split_whitespace().next().filter(|word| word.len() > 2 && word.chars().all(char::is_alphabetic))
}

/// What was said again and again, the last time not long before the end, and tells of a failure: of attempts, say.
pub(super) fn again(lines: &[Line], end_ns: u64) -> Option<Found> {
    let at_ns = |found: &Found| lines.get(found.last).map_or(0, |line| line.since_ns);
    // What is warned of is told where it gives a reason.
    let tells = |found: &Found| tells_failure(found.text.rsplit(": ").next().unwrap_or_default());
    let warnings = lines.iter().enumerate().filter_map(|(at, line)| logs::warning(&line.text, at).filter(tells));
    let told = candidates(lines).into_iter().chain(warnings);
    let told = told
        .filter(|found| found.rank >= Rank::Failure && !vague::is_vague(&found.text) && !vague::gives_up(&found.text));
    let mut told: Vec<_> = told.collect();
    told.sort_by_key(|found| found.last);
    let last = told.last()?;
    let before = told.iter().rev().skip(1).find(|found| form(&found.text) == form(&last.text))?;
    let period_ns = at_ns(last).saturating_sub(at_ns(before));
    (end_ns.saturating_sub(at_ns(last)) <= period_ns.saturating_mul(LONGER_WAIT)).then(|| last.clone())
}

/// Whether a line of standard error says something of its own, in whatever words.
fn is_own(lines: &[Line], found: &Found) -> bool {
    let is_empty = is_orderly(&found.text) || vague::is_vague(&found.text) || vague::is_bare(&found.text);
    !is_empty && lines.get(found.first).is_some_and(|line| line.to_stderr)
}

/// Lines that were said again and again, and what was said behind them: those are no last words.
pub(super) struct Repeats {
    /// How often each line was said, but for the numbers in it.
    times: HashMap<String, usize>,
    /// The last line that says something of its own, and the last one before it that says something else.
    last: [Option<Found>; 2],
}

impl Repeats {
    /// Of the last lines, and of all that tell of attempts.
    pub(super) fn of(lines: &[Line], attempts: &[Line]) -> Self {
        let mut times = HashMap::new();
        attempts.iter().for_each(|line| *times.entry(form(&line.text)).or_default() += 1);
        let is_own = |found: &Found| matches!(found.rank, Rank::Plain | Rank::Failure) && is_own(lines, found);
        let own: Vec<Found> = candidates(lines).into_iter().filter(is_own).collect();
        let last = own.last().cloned();
        let is_other = |found: &&Found| last.as_ref().is_some_and(|last| form(&last.text) != form(&found.text));
        let other = own.iter().rfind(is_other).cloned();
        Self { times, last: [last, other] }
    }

    /// What was said behind a line, at a place, if that was said again and again.
    pub(super) fn behind(&self, at: usize, said: &str) -> Option<Found> {
        let said = form(said);
        let is_it = |found: &&Found| found.first > at && form(&found.text) != said;
        let other = self.last.iter().flatten().find(is_it)?;
        let is_again = self.times.get(&said).is_some_and(|times| *times >= AGAIN);
        is_again.then(|| Found { rank: Rank::Failure, ..other.clone() })
    }
}

/// A line without the numbers in it, nor what is made of numbers and letters, as ids are.
pub(super) fn form(text: &str) -> String {
    let digits = |word: &str| word.bytes().filter(u8::is_ascii_digit).count();
    let is_id = |word: &str| word.len() >= ID_CHARS && digits(word) >= ID_DIGITS;
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let mut form = String::with_capacity(text.len());
    for part in text.split_inclusive(|c: char| !is_of_word(c)) {
        let word = part.trim_end_matches(|c: char| !is_of_word(c));
        let kept = if is_id(word) { part.get(word.len()..).unwrap_or_default() } else { part };
        form.extend(kept.chars().filter(|c| !c.is_ascii_digit()));
    }
    form
}

/// What each line says, with those that belong to it.
pub(super) fn candidates(lines: &[Line]) -> Vec<Found> {
    let mut candidates = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if lines.get(at).is_some_and(|line| is_banner(&line.text)) {
            at += 1;
            continue;
        }
        let mut found = match (runtimes::found(lines, at), logs::logged(lines, at)) {
            (Some(found), _) => Some(found),
            (None, Some(Logged::Error(found))) => Some(with_next(lines, found)),
            (None, Some(Logged::Other)) => None,
            (None, None) => generic::found(lines, at),
        };
        let is_summary = |found: &Found| {
            found.rank < Rank::Fatal && generic::is_summary(&found.text)
                || generic::is_bare_summary(&found.text)
                || is_test(&found.text)
                || found.rank < Rank::Crash && (vague::is_vague(&found.text) || vague::is_unbegun(&found.text))
        };
        if let Some(found) = found.as_mut().filter(|found| is_summary(found)) {
            found.rank = found.rank.min(Rank::Summary);
        }
        if let Some(found) = found.as_mut().filter(|found| found.rank < Rank::Crash && is_of_tidying(&found.text)) {
            found.rank = found.rank.min(Rank::Tidying);
        }
        at = found.as_ref().map_or(at, |found| found.last) + 1;
        let is_any = |found: &Found| !(is_mark(&found.text) || found.rank < Rank::Fatal && goes_on(&found.text));
        candidates.extend(found.filter(is_any));
    }
    candidates
}

/// Whether a text is but the name of a test, or of a file of those, as pytest lists those that failed:
/// `tests/test_api.py::test_list`.
fn is_test(text: &str) -> bool {
    let file = text.rsplit('/').next().unwrap_or_default();
    let is_file = file.ends_with("_test.py") || file.starts_with("test_") && file.ends_with(".py");
    (text.contains(".py::") || is_file) && !text.contains(char::is_whitespace)
}

/// A line of a log with the next line, where it leads to that.
fn with_next(lines: &[Line], found: Found) -> Found {
    if found.first != found.last || !found.text.ends_with(':') {
        return found;
    }
    let (text, last) = runtimes::message(lines, found.last, &found.text, false);
    Found { text, last, ..found }
}

/// Without an error, what was written last to standard error.
fn plain(lines: &[Line], candidates: &[Found]) -> Option<Found> {
    let of_stderr =
        |found: &&Found| lines.get(found.first).is_some_and(|line| line.to_stderr && !is_ordinary(&line.text));
    // Who only says how it is to be run says by that what was wrong.
    let hint = |line: &Line| line.to_stderr && !is_mark(&line.text) && !is_frame(&line.text);
    let only = || lines.iter().position(hint).zip(lines.iter().find(|line| hint(line)));
    let only = || only().map(|(at, line)| Found::line(Rank::Plain, at, line.text.trim()));
    candidates.iter().rfind(of_stderr).cloned().or_else(only)
}

/// The text as a part of a sentence: of a long one how it begins, and how it ends, where chains of causes have the first.
pub(super) fn shortened(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.strip_suffix('.').filter(|text| !text.ends_with('.')).unwrap_or(&text);
    let chars = text.chars().count();
    if chars <= LONGEST {
        return text.to_owned();
    }
    let byte = |at: usize| text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte);
    let (begin, end) = text.split_at(byte(chars - LONGEST / 2));
    let begin = begin.get(..byte(LONGEST / 2)).unwrap_or(begin);
    format!("{}…{}", begin.trim_end(), end.trim_start())
}
