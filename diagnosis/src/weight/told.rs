//! Whether the last words name what failed, or tell the error.

use super::CLOSE_NS;
use super::end::EndContext;
use crate::facts::Subject;
use crate::groups::Group;
use crate::meaning::{Meaning, is_refused, rcode, status};
use crate::noise::Noise;
use crate::text::has_name;
use rewind_recording::decode::{errno_name, errno_text};

/// Whether words, in lower case, name what failed; `turned` if the course changed with it: a plain word is its name then.
pub(super) fn names(words: &str, group: &Group, turned: bool) -> bool {
    // Java looks for each class in all of its class path, and names those in stacks that it found.
    let is_class = group.subject.text().is_some_and(|path| path.ends_with(".class"));
    if is_class && !NO_CLASS.iter().any(|words_of| words.contains(words_of)) {
        return false;
    }
    // Node looks for what is imported, which may be called as anything.
    let is_module = group.subject.text().is_some_and(|path| path.contains("/node_modules/"));
    if is_module && group.noise != Noise::None && !NO_MODULE.iter().any(|words_of| words.contains(words_of)) {
        return false;
    }
    let mut subjects = group.subject.text().into_iter().chain(group.to.as_deref());
    subjects.any(|subject| names_subject(words, group, turned, &subject.to_lowercase()))
}

/// Whether the line that says why names what failed, and tells another error: what it tells of failed otherwise.
pub(super) fn contradicts(end: &EndContext, group: &Group, turned: bool) -> bool {
    let is_told =
        |errno: u16| errno_text(errno).is_some_and(|text| end.error.contains(&format!(": {}", text.to_lowercase())));
    // What is missing in the end may not have been made before, for any other reason.
    let is_weak = matches!(group.meaning, Meaning::Missing | Meaning::Busy | Meaning::Other);
    let is_errno = (1..=LAST_ERRNO).contains(&group.errno);
    is_weak && is_errno && !is_told(group.errno) && (1..=LAST_ERRNO).any(is_told) && names(&end.error, group, turned)
}

/// Whether the line that says why names what failed, and tells that error.
pub(super) fn states(end: &EndContext, group: &Group, turned: bool) -> bool {
    let is_told = || errno_text(group.errno).is_some_and(|text| end.error.contains(&text.to_lowercase()));
    names(&end.error, group, turned) && is_told()
}

fn names_subject(words: &str, group: &Group, turned: bool, text: &str) -> bool {
    let last = text.rsplit('/').next().unwrap_or(text);
    // What was asked for: a path, or a name.
    let asked = group.name.rsplit_once(' ').map(|(_, asked)| asked.to_lowercase());
    let is_asked = asked.is_some_and(|asked| asked.len() > 3 && has_name(words, &asked));
    // What is only looked for by a word, as a program's own name, is seldom what that word means.
    let is_path = text.contains('/') || is_no_word(text) || group.noise == Noise::None;
    // What a probe looked for may be the directory of what is told of.
    let is_above = || group.noise != Noise::None && !has_name(&words.replace(&format!("{text}/"), ""), text);
    let whole =
        is_asked || text.len() > 3 && (has_name(words, text) && is_path && !is_above() || is_quoted(words, text));
    let is_told = || (turned || is_no_word(last)) && has_name(words, last) || is_quoted(words, last);
    // Of a probe the last part alone may be a part of another path.
    let is_told = || if group.noise == Noise::None { is_told() } else { is_quoted(words, last) };
    whole || matches!(group.subject, Subject::Path(_)) && last.len() > 4 && is_told()
}

/// Whether a name is more than a word that a text has by chance: `version`, `config`.
fn is_no_word(name: &str) -> bool {
    !name.chars().all(char::is_alphabetic)
}

/// Whether a text has a name between quotes, or as a path's last part.
fn is_quoted(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let behind = text.get(at + name.len()..).unwrap_or_default();
        // `index` is no name of `index.js`; a dot may end a sentence.
        let has_ending = behind.strip_prefix('.').is_some_and(|rest| rest.starts_with(char::is_alphanumeric));
        let behind = behind.chars().next();
        let is_quote = |c: Option<char>| c.is_some_and(|c| "'\"`\u{2018}\u{2019}\u{201c}\u{201d}".contains(c));
        let goes_on = |c: char| c.is_alphanumeric() || "-_/".contains(c);
        before == Some('/') && !has_ending && !behind.is_some_and(goes_on) || is_quote(before) && is_quote(behind)
    })
}

/// `EHWPOISON`, the last that the C library has words for.
const LAST_ERRNO: u16 = 133;

/// How programs and libraries put it that a peer, or a name server, did not answer.
const LATE: &[&str] =
    &["timed out", "time-out", "timeout", "timed-out", "deadline exceeded", "has elapsed", "no answer", "no response"];
const UNNAMED: &[&str] = &[
    "name resolution",
    "resolve",
    "getaddrinfo",
    "eai_again",
    "no such host",
    "unknown host",
    "name or service",
    LOOKUP,
];
const LOOKUP: &str = "lookup ";
/// How they put it that they got no memory.
const NO_MEMORY: &[&str] = &["memoryerror", "out of memory", "outofmemory", "bad_alloc", "cannot allocate memory"];

/// That a file is not there, in other words than the C library's.
const NO_FILE: &[&str] = &["file not found", "filenotfound", "file does not exist"];

/// That there is no such module.
const NO_MODULE: &[&str] = &["module", "package", "resolve", "cannot find", "not found", "no such file", "enoent"];

/// That there is no such class.
const NO_CLASS: &[&str] = &["classnotfound", "noclassdeffound", "could not find or load"];

/// That no connection came to be, whoever of.
const UNCONNECTED: &[&str] = &[
    "failed to connect",
    "could not connect",
    "couldn't connect",
    "cannot connect",
    "can't connect",
    "unable to connect",
    "not connected",
    "connection failed",
    "connection error",
];

/// By what they say that a number is the status of a response.
const OF_A_RESPONSE: &[&str] = &["http", "status", "response", "returned", "request", "server"];

/// What statuses are called (RFC 9110, 15; RFC 6585), in lower case.
const PHRASES: &[(u16, &str)] = &[
    (400, "bad request"),
    (401, "unauthorized"),
    (403, "forbidden"),
    (404, "not found"),
    (429, "too many requests"),
    (500, "internal server error"),
    (502, "bad gateway"),
    (503, "service unavailable"),
    (504, "gateway timeout"),
];

/// Whether words, in lower case, tell of a peer or a name server that did not answer.
pub(crate) fn is_of_silence(words: &str) -> bool {
    // "geo lookup failed" may be of anything.
    LATE.iter().chain(UNNAMED).any(|of| *of != LOOKUP && words.contains(of))
}

/// Whether the last words tell this error; `turned` if the course changed with it.
pub(super) fn says(end: &EndContext, group: &Group, turned: bool) -> bool {
    let any = |words: &[&str]| words.iter().any(|words| end.words.contains(words));
    if group.meaning == Meaning::NoAnswer {
        return any(LATE) || group.subject.is_name_server() && any(UNNAMED);
    }
    if group.meaning == Meaning::OutOfMemory && turned && any(NO_MEMORY) {
        return true;
    }
    let errno = group.errno;
    if is_refused(errno) && end.has_no_reason && is_right_before(end, group) && any(UNCONNECTED) {
        return true;
    }
    if rcode(errno).is_some() {
        return any(UNNAMED);
    }
    if let Some(status) = status(errno) {
        let phrase = PHRASES.iter().find(|(of, _)| *of == status).map(|(_, phrase)| *phrase);
        let is_response = any(OF_A_RESPONSE) || phrase.is_some_and(|phrase| end.words.contains(phrase));
        return has_name(&end.words, &status.to_string()) && is_response;
    }
    let has = |text: &str| !text.is_empty() && has_name(&end.words, &text.to_lowercase());
    // As names of classes have it: `SequelizeConnectionRefusedError`.
    let is_in_a_name = |text: &str| text.contains(' ') && end.words.contains(&text.to_lowercase().replace(' ', ""));
    if group.meaning == Meaning::Missing && turned && any(NO_FILE) && !names_another(end, group, turned) {
        return true;
    }
    let is_told = errno_name(errno).is_some_and(has) || errno_text(errno).is_some_and(|text| has(text) || is_in_a_name(text)) || has(&format!("errno {errno}]"))
        // Rust's `Os { code: 98, kind: AddrInUse, .. }`.
        || has(&format!("code: {errno},"));
    is_told && !names_another(end, group, turned)
}

/// Whether it failed right before it was complained of something.
fn is_right_before(end: &EndContext, group: &Group) -> bool {
    end.complained_ns.is_some_and(|ns| ns.checked_sub(group.last_ns).is_some_and(|ns| ns < CLOSE_NS))
}

/// Whether the error that was stated is another path's.
fn names_another(end: &EndContext, group: &Group, turned: bool) -> bool {
    let Subject::Path(_) = &group.subject else { return false };
    let paths = end.error.split(|c: char| c.is_whitespace() || "'\"`,:;()[]=".contains(c));
    !names(&end.words, group, turned) && paths.into_iter().any(|word| word.starts_with('/') && word.len() > 1)
}
