//! Errors as any program may put them.

use super::failure_words::tells_failure;
use super::lines::Line;
use super::ordinary::{goes_on, is_option, is_ordinary, is_source};
use super::rank::{Found, Rank};
use super::runtimes::message;

/// Words for an error, before a colon.
const ERRORS: &[(&str, Rank)] = &[
    ("fatal:", Rank::Fatal),
    ("fatal error:", Rank::Fatal),
    ("# fatal", Rank::Fatal),
    ("panic:", Rank::Fatal),
    ("critical:", Rank::Fatal),
    ("error:", Rank::Error),
    ("err!", Rank::Failure),
];

/// Lines that only say that there was an error.
const SUMMARIES: &[&str] = &[
    "could not create the java virtual machine",
    "a fatal exception has occurred",
    "begin failed--compilation aborted",
    "compilation failed in require",
    "aborting",
    "make: ***",
    "a complete log of this run",
    "test failed",
    "giving up",
    "terminating, ",
    "rsync error:",
    "exiting",
    "exited with",
    "exit code",
];

/// How the end is told behind its reason.
const ENDS: [&str; 2] = ["aborting", "exiting"];
/// So many words are a reason.
const REASON_WORDS: usize = 3;

/// Those that say it whatever level they are said at.
const BARE: &[&str] = &[
    "errors found in configuration",
    "error found in configuration",
    "errors in configuration",
    "contains errors",
    "please correct these errors",
    "failed to post process the configuration",
];

/// What a line says.
pub(super) fn found(lines: &[Line], at: usize) -> Option<Found> {
    let whole = lines.get(at)?.text.as_str();
    // npm marks each of its lines, also those that only help.
    let line = ["npm error", "npm ERR!"].iter().find_map(|mark| whole.strip_prefix(mark)).map_or(whole, str::trim);
    let above = at.checked_sub(1).and_then(|above| lines.get(above)).map_or("", |line| line.text.as_str());
    if is_ordinary(line) || is_option(line) || is_source(above, whole) {
        return None;
    }
    let lower = line.to_lowercase();
    // "because of OS error: ..." is said within a sentence.
    let level = lower.replace("os error:", "os error");
    let named = ERRORS.iter().find(|(word, _)| starts_word(&level, word)).map(|(_, rank)| *rank);
    let has_words = || is_perl(&lower) || tells_failure(&lower);
    let is_indented = line.starts_with([' ', '\t']);
    let rank = match named {
        Some(_) if is_openssl(&lower) => Rank::Summary,
        Some(rank) => rank,
        // As curl says it; what it says behind that only helps.
        None if line.starts_with("curl: (") => Rank::Error,
        None if is_warning(&lower) || goes_on(line) => Rank::Plain,
        None if has_words() && is_indented => Rank::Summary,
        None if has_words() => Rank::Failure,
        // Logs have such places as well: an error that says so comes before it.
        None if is_of_a_place(line) => Rank::Summary,
        None => Rank::Plain,
    };
    let line = without_time(line);
    // The next line speaks for itself where this one tells of no error, as the place that a compiler names.
    let (text, last) = if rank == Rank::Plain { (line.to_owned(), at) } else { message(lines, at, line, false) };
    Some(Found { rank, first: at, last, text })
}

/// Whether a line tells what is wrong at a place of a file, as compilers and readers of configurations do: `app.conf:2:
/// expected ...`.
fn is_of_a_place(line: &str) -> bool {
    let mut parts = line.splitn(3, ':');
    let (file, number, said) = (parts.next(), parts.next(), parts.next());
    let is_file = |file: &str| {
        let name = file.rsplit('/').next().unwrap_or(file);
        !file.contains(char::is_whitespace)
            && name.rsplit_once('.').is_some_and(|(stem, end)| {
                !stem.is_empty() && end.chars().all(char::is_alphanumeric) && !end.is_empty()
            })
    };
    let is_number = |number: &str| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let tells = |said: &str| said.starts_with(' ') && !said.trim_start().is_empty();
    file.is_some_and(is_file) && number.is_some_and(is_number) && said.is_some_and(tells)
}

/// Whether a text only says that there was an error.
pub(super) fn is_summary(text: &str) -> bool {
    let lower = text.to_lowercase();
    // `make[1]: *** [Makefile:2: all] Error 1`
    let is_make = lower.starts_with("make") && lower.contains(": *** [");
    // "lease lost, aborting"
    let (reason, ends) = lower.rsplit_once([',', ';']).unwrap_or(("", &lower));
    let is_any = |text: &str| SUMMARIES.iter().any(|summary| text.contains(summary));
    let gives_reason = || {
        let is_sentence = reason.split_whitespace().count() >= REASON_WORDS && !is_any(reason);
        is_sentence
            && ENDS.iter().any(|word| ends.trim().starts_with(word))
            && ends.split_whitespace().count() < REASON_WORDS
    };
    is_make || is_any(&lower) && !lower.contains(" because ") && !gives_reason()
}

/// Whether a text says nothing else, even where it is said to be fatal.
pub(super) fn is_bare_summary(text: &str) -> bool {
    let lower = text.to_lowercase().replace("(s)", "s");
    BARE.iter().any(|summary| lower.contains(summary))
}

/// Whether a text has `word`, and no letter before it.
fn starts_word(text: &str, word: &str) -> bool {
    let ends_before = |at: usize| !text.get(..at).is_some_and(|before| before.ends_with(|c: char| c.is_alphanumeric()));
    text.match_indices(word).any(|(at, _)| ends_before(at))
}

/// Whether a line warns of what the program goes on behind: `app.py:3: UserWarning: ...`.
fn is_warning(line: &str) -> bool {
    let ends = ["warning:", "warn:", "warn "];
    line.split_once(": ").is_some_and(|(_, rest)| rest.split(' ').next().is_some_and(|word| word.ends_with("warning:")))
        || ends.iter().any(|end| line.starts_with(end))
}

/// One of OpenSSL's errors, `405770F5BB7F0000:error:1608010C:STORE routines:...`: what was not done is said before them.
fn is_openssl(line: &str) -> bool {
    line.split_once(":error:").is_some_and(|(id, _)| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// `... at app.pl line 7.`
fn is_perl(line: &str) -> bool {
    line.rsplit_once(" line ").is_some_and(|(before, number)| {
        let number = number.trim_end_matches('.');
        before.contains(" at ") && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// The message of a line of Redis: `1:M 30 Nov 2026 12:24:36.384 # message`.
fn of_redis(line: &str) -> Option<&str> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (who, rest) = line.split_once(' ')?;
    who.split_once(':').filter(|(pid, role)| is_number(pid) && ["M", "S", "C", "X"].contains(role))?;
    let mut words = rest.splitn(6, ' ');
    let [day, _month, year, time, level, message] = std::array::from_fn(|_| words.next().unwrap_or_default());
    let is_head = is_number(day) && is_number(year) && time.contains(':') && ["#", "*", "-", "."].contains(&level);
    (is_head && !message.is_empty()).then_some(message)
}

/// So many digits have the seconds from 1970 to a time between 2001 and 2286.
const SECONDS: usize = 10;

/// The line without the date and time that it begins with.
fn without_time(line: &str) -> &str {
    if let Some(message) = of_redis(line) {
        return message;
    }
    // As mosquitto has it, in seconds since 1970.
    let is_seconds = |time: &str| time.len() == SECONDS && time.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((_, message)) = line.split_once(": ").filter(|(time, _)| is_seconds(time)) {
        return message;
    }
    let is_of_time = |c: char| c.is_ascii_digit() || "-/:.,TZ+[ ".contains(c);
    let end = line.find(|c: char| !is_of_time(c)).unwrap_or(line.len());
    let time = line.get(..end).unwrap_or_default();
    // 12:34:56 is in it.
    let has_time = time.as_bytes().windows(8).any(|part| {
        part.iter().enumerate().all(|(i, byte)| if i % 3 == 2 { *byte == b':' } else { byte.is_ascii_digit() })
    });
    let rest = line.get(end..).unwrap_or_default().trim_start_matches([']', ' ', '-', ':']);
    if has_time && !rest.is_empty() { rest } else { line }
}
