//! Lines of logs that have a level: JSON, logfmt, klog, and words for levels in front of a message.

use super::failure_words::tells_failure;
use super::lines::Line;
use super::rank::{Found, Rank};

/// Keys of a level, of a message and of an error, in JSON and logfmt.
const LEVELS: &[&str] = &["level", "severity", "lvl", "levelname", "log.level", "loglevel", "@l", "s"];
const MESSAGES: &[&str] = &["msg", "message", "@m", "event", "text"];
const ERRORS: &[&str] =
    &["error", "err", "exception", "error.message", "err.message", "exception.exc_value", "exc_info", "reason", "@x"];

/// A line of a log.
pub(super) enum Logged {
    /// It is one that states an error.
    Error(Found),
    /// It is one that states none.
    Other,
}

/// Whether a line is one of a log with levels, and by its level no error.
pub(super) fn is_no_error(line: &str) -> bool {
    matches!(of_line(line.trim(), 0), Some(Logged::Other))
}

/// Whether a line is one of a log with levels, and by its level an error.
pub(super) fn is_error(line: &str) -> bool {
    matches!(of_line(line.trim(), 0), Some(Logged::Error(_)))
}

/// What a line is, if it is one of a log with levels.
pub(super) fn logged(lines: &[Line], at: usize) -> Option<Logged> {
    of_line(lines.get(at)?.text.trim(), at)
}

/// What a line warns of, if it is one of a log with levels and that is its level: of attempts, say.
pub(super) fn warning(line: &str, at: usize) -> Option<Found> {
    let with_warnings = |level: &str| match rank(level)? {
        Rank::Plain if is_warning(level) => Some(Rank::Failure),
        rank => Some(rank),
    };
    match of_line_by(line.trim(), at, &with_warnings) {
        Some(Logged::Error(found)) => Some(found).filter(|found| found.rank == Rank::Failure),
        _ => None,
    }
}

fn of_line(line: &str, at: usize) -> Option<Logged> {
    of_line_by(line, at, &rank)
}

/// What gives a level its rank.
type RankOf<'r> = &'r dyn Fn(&str) -> Option<Rank>;

fn of_line_by(line: &str, at: usize, rank: RankOf<'_>) -> Option<Logged> {
    let fields = if line.starts_with('{') { json(line) } else { logfmt(line) };
    let has_level = fields.iter().any(|(key, _)| LEVELS.iter().any(|level| key.eq_ignore_ascii_case(level)));
    let with_fields = with_fields(&fields, at, rank);
    if has_level || with_fields.is_some() {
        return with_fields;
    }
    // Of one that is cut the level may be missing.
    let message = fields.iter().find(|(key, _)| MESSAGES.contains(&&**key)).map(|(_, message)| message);
    let is_cut = line.starts_with('{') && !line.ends_with('}');
    if let Some(message) = message.filter(|message| is_cut && tells_failure(message)) {
        return Some(Logged::Error(Found::line(Rank::Failure, at, message)));
    }
    klog(line, at, rank).or_else(|| with_words(line, at, rank))
}

/// Whether a level is that of a warning.
fn is_warning(level: &str) -> bool {
    let level = level.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase();
    ["warn", "warning", "wrn", "w", "40"].contains(&&*level)
}

/// The rank that a level gives; [`Rank::Plain`] for those that are no errors, `None` for what is no level.
fn rank(level: &str) -> Option<Rank> {
    let level = level.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase();
    Some(match &*level {
        "fatal" | "critical" | "crit" | "emerg" | "emergency" | "alert" | "panic" | "dpanic" | "ftl" | "f" | "60" => {
            Rank::Fatal
        }
        "error" | "err" | "eror" | "severe" | "e" | "50" => Rank::Error,
        "warn" | "warning" | "wrn" | "notice" | "note" | "info" | "inf" | "information" | "debug" | "dbg" | "trace"
        | "log" | "verbose" | "w" | "i" | "10" | "20" | "30" | "40" => Rank::Plain,
        _ => return None,
    })
}

fn with_fields(fields: &[(String, String)], at: usize, rank_of: RankOf<'_>) -> Option<Logged> {
    let of = |keys: &[&str]| {
        let found = keys.iter().find_map(|key| fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)));
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    };
    let (message, error) = (of(MESSAGES), of(ERRORS));
    let rank = match of(LEVELS) {
        Some(level) => rank_of(level)?,
        None => Rank::Error,
    };
    if rank == Rank::Plain {
        return Some(Logged::Other);
    }
    let text = match (message, error) {
        (Some(message), Some(error)) if !message.contains(error) => format!("{message}: {error}"),
        (Some(message), _) if of(LEVELS).is_some() => message.to_owned(),
        (_, Some(error)) => error.to_owned(),
        _ => return None,
    };
    Some(Logged::Error(Found::line(rank, at, text)))
}

/// `F1129 12:00:00.000000  1 main.go:7] message`.
fn klog(line: &str, at: usize, rank_of: RankOf<'_>) -> Option<Logged> {
    let (head, message) = line.split_once("] ")?;
    let level = head.chars().next().filter(|level| "FEWI".contains(*level))?;
    let is_klog = head.get(1..5)?.bytes().all(|byte| byte.is_ascii_digit()) && head.get(5..6) == Some(" ");
    let rank = rank_of(&level.to_string())?;
    is_klog.then(|| if rank == Rank::Plain { Logged::Other } else { Logged::Error(Found::line(rank, at, message)) })
}

/// `2026-11-29 12:00:00 UTC [1] FATAL:  message`, `nginx: [emerg] message`, `ERROR main: message`.
fn with_words(line: &str, at: usize, rank_of: RankOf<'_>) -> Option<Logged> {
    // `INFO:root:message`, of Python.
    if let Some((level, said)) = line.split_once(':').filter(|(level, _)| level.bytes().all(|b| b.is_ascii_uppercase()))
    {
        match rank_of(level) {
            Some(Rank::Plain) => return Some(Logged::Other),
            Some(rank) => {
                let is_name = |name: &str| !name.is_empty() && !name.contains(char::is_whitespace);
                if let Some((_, message)) = said.split_once(':').filter(|(logger, _)| is_name(logger)) {
                    return Some(Logged::Error(Found::line(rank, at, message.trim_start())));
                }
            }
            None => {}
        }
    }
    if let Some((level, message)) = of_apache(line)
        && let Some(rank) = rank_of(level)
    {
        return Some(if rank == Rank::Plain { Logged::Other } else { Logged::Error(Found::line(rank, at, message)) });
    }
    let mut rest = line;
    for _ in 0..7 {
        let (word, after) = rest.split_once(char::is_whitespace)?;
        // `[2026-11-29 12:00:00,264: CRITICAL/MainProcess] message`, of Celery.
        let word = word.split_once('/').map_or(word, |(level, _)| level);
        // Other words are those of a sentence.
        let is_marked = word.starts_with('[') || !word.bytes().any(|byte| byte.is_ascii_lowercase());
        // A number is a process, as in `[30] [ERROR] message`: levels are numbers in fields alone.
        let is_marked = is_marked && word.bytes().any(|byte| byte.is_ascii_alphabetic());
        match rank_of(word).filter(|_| is_marked && word.len() > 2) {
            // PostgreSQL says to who runs it what is wrong.
            Some(_) if word == "LOG:" && tells_failure(after) => {
                return Some(Logged::Error(Found::line(Rank::Failure, at, after.trim())));
            }
            Some(Rank::Plain) => return Some(Logged::Other),
            Some(rank) => return Some(Logged::Error(Found::line(rank, at, without_target(after)))),
            None => {}
        }
        rest = after.trim_start();
    }
    None
}

/// What stands behind a mark, `[mark] text`.
fn behind_mark(text: &str) -> Option<&str> {
    text.strip_prefix('[')?.split_once("] ").map(|(_, rest)| rest)
}

/// `[Mon Nov 30 13:27:02.205209 2026] [authz_core:error] [pid 6:tid 69] [client 127.0.0.1:47670] message`, of Apache: the
/// level and the message.
fn of_apache(line: &str) -> Option<(&str, &str)> {
    let rest = behind_mark(line)?;
    let (module_level, _) = rest.strip_prefix('[')?.split_once(']')?;
    let (_, level) = module_level.split_once(':').filter(|(module, _)| !module.contains(' '))?;
    let mut message = rest;
    while let Some(rest) = behind_mark(message) {
        message = rest;
    }
    Some((level, message))
}

/// The message behind a level; without what ends a mark that the level stands in, `[ERROR app] message` or `[FATAL tini
/// (7)] message`, and without nginx' process, thread and connection: `1#1: *4 message`.
fn without_target(text: &str) -> &str {
    let text = text.trim_start_matches([' ', ':', '-']);
    let text = match text.split_once("] ") {
        Some((target, message)) if !target.contains('[') && (!target.contains(' ') || target.ends_with(')')) => message,
        _ => text,
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let of_nginx = text.split_once(": ").filter(|(who, _)| {
        who.split_once('#').is_some_and(|(process, thread)| is_number(process) && is_number(thread))
    });
    let Some((_, message)) = of_nginx else { return text };
    let connection =
        message.strip_prefix('*').and_then(|rest| rest.split_once(' ')).filter(|(number, _)| is_number(number));
    connection.map_or(message, |(_, message)| message)
}

/// The fields of a line of JSON, also one that was cut: texts and numbers of it and of the objects in it, theirs, and those
/// of the objects of a list, as `outer.inner`.
fn json(line: &str) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let mut chars = line.chars().peekable();
    let (mut outer, mut depth) = (String::new(), 0_usize);
    let mut key: Option<String> = None;
    while let Some(c) = chars.next() {
        match c {
            '{' => {
                depth += 1;
                if depth == 2 {
                    // What is in a list is the list's.
                    outer = key.take().unwrap_or(outer);
                }
            }
            '[' => outer = key.take().unwrap_or(outer),
            '}' => depth = depth.saturating_sub(1),
            ',' => key = None,
            '"' => {
                let text = string(&mut chars);
                let is_key = key.is_none() && chars.peek().is_none_or(|next| *next == ':');
                match key.take() {
                    Some(key) => add(&mut fields, depth, &outer, key, text),
                    None if is_key => key = Some(text),
                    None => {}
                }
            }
            c if c.is_ascii_alphanumeric() => {
                let mut value = c.to_string();
                while let Some(next) = chars.next_if(|next| next.is_ascii_alphanumeric() || "+-.".contains(*next)) {
                    value.push(next);
                }
                if let Some(key) = key.take().filter(|_| !matches!(&*value, "null" | "false" | "true")) {
                    add(&mut fields, depth, &outer, key, value);
                }
            }
            _ => {}
        }
    }
    fields
}

fn add(fields: &mut Vec<(String, String)>, depth: usize, outer: &str, key: String, value: String) {
    match depth {
        1 => fields.push((key, value)),
        2 => fields.push((format!("{outer}.{key}"), value)),
        _ => {}
    }
}

/// A string of JSON behind its quote, until the next one, or the end of what is there.
fn string(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => match chars.next() {
                Some('n' | 'r' | 't') => text.push(' '),
                Some('u') => {
                    let digits: String = chars.by_ref().take(4).collect();
                    text.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
                }
                other => text.extend(other),
            },
            c => text.push(c),
        }
    }
    text
}

/// The fields of a line of logfmt; none where it has no level.
fn logfmt(line: &str) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('=') {
        let key = before.rsplit(char::is_whitespace).next().unwrap_or_default();
        let value = match after.strip_prefix('"') {
            Some(quoted) => {
                let mut chars = quoted.chars().peekable();
                let value = string(&mut chars);
                rest = after.get(after.len() - chars.collect::<String>().len()..).unwrap_or_default();
                value
            }
            None => {
                let (value, more) = after.split_once(char::is_whitespace).unwrap_or((after, ""));
                rest = more;
                value.to_owned()
            }
        };
        fields.push((key.to_owned(), value));
    }
    let has_level = fields.iter().any(|(key, value)| LEVELS.contains(&&**key) && rank(value).is_some());
    if has_level { fields } else { Vec::new() }
}
