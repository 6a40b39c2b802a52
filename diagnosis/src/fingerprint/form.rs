//! A sentence without what differs between two pods that fail by one cause: on top of the general form of paths, names
//! of its own, Internet addresses, numbers, figures.

use crate::facts::Facts;
use crate::general;
use regex::{Captures, Regex};
use rewind_recording::header::{Header, short_id};
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

/// An Internet address, as far as its looks tell.
static ADDRESS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|(?:[0-9a-fA-F]{1,4}|:)?(?::[0-9a-fA-F]{0,4}){2,7}").ok());

/// A number, or several with dots between.
static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\d+(?:[.,]\d+)*").ok());

/// What has no more than letters for its looks: an object's hash behind its class as Java shows it, the day of a log line.
static MARKED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(@)[0-9a-f]{5,16}\b|\b([IWEF])\d{4}( <time>)").ok());

/// How often, and how long it took, which rules add to a clause.
static FIGURES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?: after \d[\d.]*[a-zµ]+\d*s?)?(?:, [\d,]+ times(?: in \d[\d.]*[a-zµ]+\d*s?)?)?$|, and [\d,]+ more calls? after it$").ok()
});

/// How often a child was tried.
static ATTEMPTS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r", the last of [\d,]+ in \d[\d.]*[a-zµ]+").ok());

/// Words that make the number behind them a part of the cause: a code, a port, a mode.
const TELLING: [&str; 14] = [
    "exited with",
    "with status",
    "exit status",
    "exit code",
    "code",
    "status",
    "signal",
    "errno",
    "port",
    "http",
    "mode",
    "got",
    "error",
    "line",
];

/// Shorter names of pods and hosts stand in too many words.
const MIN_NAME_BYTES: usize = 4;

/// How the sentences of one run get their general form.
pub(super) struct Form {
    paths: general::Form,
    /// Names of this run and of where it ran, with what stands in their place; the longest first.
    own: Vec<(String, &'static str)>,
}

impl Form {
    pub(super) fn of(facts: &Facts<'_>) -> Self {
        Self { paths: general::Form::of_run(&facts.timeline, facts.arch), own: own(facts.header) }
    }

    pub(super) fn sentence(&self, text: &str) -> String {
        let mut text = ATTEMPTS.as_ref().map_or(Cow::Borrowed(text), |of| of.replace(text, "")).into_owned();
        for (name, instead) in &self.own {
            text = replaced(&text, name, instead);
        }
        let text = without_addresses(&text);
        let text = self.paths.text(&text);
        let text = MARKED.as_ref().map_or(Cow::Borrowed(&*text), |marked| marked.replace_all(&text, "$1$2<n>$3"));
        numbers(&text).into_owned()
    }
}

/// A clause without what a rule adds of this run alone: how often, how long, and details behind a semicolon.
pub(super) fn without_figures(clause: &str) -> String {
    let mut is_quoted = false;
    let end = clause.char_indices().find(|(at, c)| {
        is_quoted ^= *c == '"';
        !is_quoted && clause.get(*at..).is_some_and(|rest| rest.starts_with("; "))
    });
    let clause = clause.get(..end.map_or(clause.len(), |(at, _)| at)).unwrap_or(clause);
    FIGURES.as_ref().map_or(Cow::Borrowed(clause), |figures| figures.replace(clause, "")).into_owned()
}

fn own(header: &Header) -> Vec<(String, &'static str)> {
    let container = &header.container;
    let id = short_id(&container.id);
    let mut own = vec![(container.id.as_str().to_owned(), "<container>"), (id.as_str().to_owned(), "<container>")];
    if let Some(pod) = &container.pod {
        own.push((pod.name.as_str().to_owned(), "<pod>"));
        own.push((pod.node.as_str().to_owned(), "<node>"));
    }
    own.push((header.host.name.clone(), "<node>"));
    own.retain(|(name, _)| name.len() >= MIN_NAME_BYTES);
    own.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    own
}

/// A text with something else in place of a name, where that stands as a word.
fn replaced(text: &str, name: &str, instead: &str) -> String {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(name) {
        let is_word = !is_part(before.chars().next_back()) && !is_part(behind.chars().next());
        told.push_str(before);
        told.push_str(if is_word { instead } else { name });
        rest = behind;
    }
    told.push_str(rest);
    told
}

/// A text without Internet addresses but those that are the same everywhere: of the host itself, of all, of a link.
fn without_addresses(text: &str) -> Cow<'_, str> {
    let Some(pattern) = &*ADDRESS else { return Cow::Borrowed(text) };
    pattern.replace_all(text, |found: &Captures<'_>| {
        let Some(word) = found.get(0) else { return String::new() };
        let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '.' || c == ':');
        let before = text.get(..word.start()).and_then(|before| before.chars().next_back());
        let is_whole = !is_part(before.filter(|c| *c != ':'))
            && !text.get(word.end()..).and_then(|rest| rest.chars().next()).is_some_and(char::is_alphanumeric);
        match word.as_str().parse::<IpAddr>() {
            Ok(ip) if is_whole && !is_everywhere(ip) => "<ip>".to_owned(),
            _ => word.as_str().to_owned(),
        }
    })
}

fn is_everywhere(ip: IpAddr) -> bool {
    ip.is_loopback()
        || ip.is_unspecified()
        || matches!(ip, IpAddr::V4(v4) if v4.is_link_local() || v4 == Ipv4Addr::BROADCAST)
}

/// A text without numbers but those that are a part of the cause.
fn numbers(text: &str) -> Cow<'_, str> {
    let Some(pattern) = &*NUMBER else { return Cow::Borrowed(text) };
    pattern.replace_all(text, |found: &Captures<'_>| {
        let Some(number) = found.get(0) else { return String::new() };
        let before = text.get(..number.start()).unwrap_or_default();
        let is_kept = is_telling(before, number.as_str());
        if is_kept { number.as_str().to_owned() } else { "<n>".to_owned() }
    })
}

/// Whether a number is a part of the cause, by what stands before it.
fn is_telling(before: &str, number: &str) -> bool {
    // `python3.11`, `sha256`, `x86_64`, and versions: `5.15.2`, `libssl.so.1.1`.
    let is_word =
        !is_in_duration(before) && before.ends_with(|c: char| c.is_alphabetic() || c == '_' && is_in_word(before));
    let is_version = number.matches('.').count() > 1 || before.ends_with(".so.") || before.ends_with("HTTP/");
    // A port of a host, a line of a file.
    let is_place =
        before.strip_suffix(':').is_some_and(|host| host.ends_with(|c: char| c.is_alphanumeric() || "]>".contains(c)));
    let words = before.trim_end_matches(['(', '[', '=', ':', ' ']).to_lowercase();
    let is_behind = |word: &str| {
        let rest = words.strip_suffix(word);
        rest.is_some_and(|rest| words.len() < before.len() && !rest.ends_with(char::is_alphanumeric))
    };
    is_word || is_version || is_place || TELLING.iter().any(|word| is_behind(word))
}

/// Whether an underscore at the end joins what is a word already: of `x86_`, not of `job_`.
fn is_in_word(before: &str) -> bool {
    before.trim_end_matches('_').ends_with(|c: char| c.is_ascii_digit())
}

/// Whether more of a duration is to come: of `1m30s`, behind the m.
fn is_in_duration(before: &str) -> bool {
    let rest = before.strip_suffix(['d', 'h', 'm', 's']);
    let Some(rest) = rest.filter(|rest| rest.ends_with(|c: char| c.is_ascii_digit())) else { return false };
    let of_number = rest.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    !of_number.ends_with(char::is_alphabetic) || is_in_duration(of_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> String {
        Form { paths: general::Form::default(), own: Vec::new() }.sentence(text)
    }

    #[test]
    fn what_differs_between_pods_is_left_out() {
        for (text, in_general) in [
            ("connect to 10.0.0.5:5432 was refused", "connect to <ip>:5432 was refused"),
            ("connect to [fd00::c]:80 was refused", "connect to [<ip>]:80 was refused"),
            ("openat of /run/app-17.lock was denied", "openat of /run/app-<n>.lock was denied"),
            ("openat of /data/job_7/in found no such file", "openat of /data/job_<n>/in found no such file"),
            (
                "its child migrate (process 701) having exited with 4",
                "its child migrate (process <n>) having exited with 4",
            ),
            (
                "it said \"[pid 12] worker 3: lost 5 of 12.5 MiB\"",
                "it said \"[pid <n>] worker <n>: lost <n> of <n> MiB\"",
            ),
            ("it said \"no answer in 1h02m30.5s\"", "it said \"no answer in <n>h<n>m<n>s\""),
            ("it said \"com.shop.Order@7852e92 is closed\"", "it said \"com.shop.Order@<n> is closed\""),
            ("it said \"E1129 12:00:07.1 main.go:12] no\"", "it said \"E<n> <time> main.go:12] no\""),
            ("it used memory at 0x7ffc01 that is not mapped", "it used memory at <address> that is not mapped"),
        ] {
            assert_eq!(form(text), in_general);
        }
    }

    #[test]
    fn what_tells_one_cause_from_another_stays() {
        for text in [
            "it exited with 1 after connect to 127.0.0.1:5432 was refused",
            "openat of /usr/lib/libssl.so.3 found no such file (ENOENT)",
            "openat of /usr/lib/python3.11/x86_64-linux-gnu/_ssl.so found no such file",
            "it said \"HTTP 503 from upstream, exit status 2, app.js:12\"",
            "it said \"[Errno 13] Permission denied\"",
            "it said \"std::bad_alloc\"",
            "it said \"needs 5.15.2\"",
        ] {
            assert_eq!(form(text), text);
        }
    }

    #[test]
    fn figures_of_one_run_are_no_part_of_the_cause() {
        for (clause, without) in [
            ("connect to a:1 was refused (ECONNREFUSED), 1,014 times", "connect to a:1 was refused (ECONNREFUSED)"),
            ("connect to a:1 timed out (ETIMEDOUT) after 2m07s, 3 times", "connect to a:1 timed out (ETIMEDOUT)"),
            ("brk was refused (ENOMEM) after 12.3µs; it asked for 4 KiB", "brk was refused (ENOMEM)"),
            ("it said \"a; b after 5s\"", "it said \"a; b after 5s\""),
            ("socket found no descriptor (EMFILE), and 1 more call after it", "socket found no descriptor (EMFILE)"),
        ] {
            assert_eq!(without_figures(clause), without);
        }
    }

    #[test]
    fn names_of_its_own_are_left_out_as_words() {
        assert_eq!(replaced("host web-0: no web-01", "web-0", "<pod>"), "host <pod>: no web-01");
    }
}
