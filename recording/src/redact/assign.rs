//! What stands behind a name: `--password=…`, `PASSWORD=…`, `"password": "…"`, `?token=…`,
//! `--password …`.

use super::Text;
use super::name::{self, Name};
use std::ops::Range;

/// The last word of names that may be secrets', and what stands between name and value: a sign, or
/// space behind an option.
pub(super) const CANDIDATE: &str = concat!(
    r#"(?i-u)(?:pass(?:word|wd|phrase|code|in|out)?|pwd|pw|masterauth|secret|token|key|credentials?|cookie|jwt|sess(?:ion)?id)"#,
    r#"(?:\\*["'\]]*[ \t]{0,8}(?:=>|=|:|%3[ad])[ \t]{0,8}|[ \t]+)"#
);
/// Most bytes of a name; longer ones are looked at from their end.
const MAX_NAME: usize = 64;
/// A value behind a word that also stands in sentences must be so long, and hold a digit.
const MIN_BYTES: usize = 8;

/// What is a setting, and no secret, whatever its name.
const SETTINGS: &[&str] = &["true", "false", "null", "none", "nil", "undefined", "yes", "no"];

/// What shells say of a variable that has no value (bash's `variables.c` and `subst.c`, dash's `var.c`), and programs of
/// a setting, as all of a line behind its name.
const UNSET: &[&str] = &[
    "unbound variable",
    "parameter not set",
    "parameter null or not set",
    "not set",
    "is not set",
    "not found",
    "missing",
    "is missing",
    "required",
    "is required",
];

/// The value behind `candidate`, a match of [`CANDIDATE`] in `string`, if it is a secret.
pub(super) fn value(string: &[u8], candidate: Range<usize>, text: Text) -> Option<Range<usize>> {
    let word_end =
        candidate.start + string.get(candidate.clone())?.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let head = string.get(..candidate.start)?;
    let name_len = head.iter().rev().take(MAX_NAME).take_while(|byte| is_of_name(**byte)).count();
    let whole = string.get(candidate.start - name_len..word_end)?;
    let dashes = whole.iter().take_while(|byte| **byte == b'-').count();
    let start = candidate.start - name_len + dashes;
    let (before, name) = (string.get(..start)?, string.get(start..word_end)?);
    let between = string.get(word_end..candidate.end)?;
    let kind = name::of(name);
    let value = string.get(candidate.end..)?;
    let (assigns, says) = (between.iter().any(|byte| matches!(byte, b'=' | b'%')), between.contains(&b':'));
    let is_directory = name.eq_ignore_ascii_case(b"pwd") && value.starts_with(b"/");
    // The last part of a path, or of a name with colons: `/etc/passwd: Permission denied`, `Token::new`.
    let is_part = says && (before.ends_with(b"/") || value.starts_with(b":"));
    if kind == Name::Plain || is_directory || is_part || says && is_unset(value, text) {
        return None;
    }
    let is_option = dashes > 0 && before.iter().rev().nth(dashes).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    if !assigns && !says && (!is_option || is_option_at(string, candidate.end)) {
        return None;
    }
    let is_quoted = matches!(value.first(), Some(b'"' | b'\'' | b'\\'));
    let holds_all = text.is_element && holds_all(before, between, is_quoted);
    let found = if holds_all {
        candidate.end..string.len()
    } else {
        match before.last().copied().filter(|byte| matches!(byte, b'"' | b'\'') && !between.contains(byte)) {
            // `"password=correct horse"`: the quotes hold all of it.
            Some(quote) => candidate.end..quoted_end(string, candidate.end, quote),
            None => word(string, candidate.end, before),
        }
    };
    let bytes = string.get(found.clone())?;
    // Of one that is cut nobody knows how it goes on.
    let is_open = text.is_cut && found.end == string.len();
    // MySQL says whether it was given one: `(using password: YES)`.
    let of_mysql = bytes.strip_suffix(b")").filter(|_| before.ends_with(b"(using "));
    let word = of_mysql.unwrap_or(bytes);
    if !is_open && SETTINGS.iter().any(|setting| word.eq_ignore_ascii_case(setting.as_bytes())) {
        return None;
    }
    let is_random = bytes.len() >= MIN_BYTES && bytes.iter().any(u8::is_ascii_digit) || is_open;
    let is_sentence = kind == Name::Vague && says && !holds_all && !is_quoted && !between.contains(&b'"') && !is_random;
    (!is_sentence && !found.is_empty()).then_some(found)
}

/// Whether the rest of a line says that there is no value.
fn is_unset(value: &[u8], text: Text) -> bool {
    let line = value.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_whole = line.len() < value.len() || !text.is_cut;
    is_whole && UNSET.iter().any(|unset| line.trim_ascii_end().eq_ignore_ascii_case(unset.as_bytes()))
}

/// Whether the value is all the rest of an argument: of an option or a variable, not of a query or a
/// command.
fn holds_all(before: &[u8], between: &[u8], is_quoted: bool) -> bool {
    let is_first = before.iter().all(|byte| *byte == b'-');
    let is_one_word = !before.iter().any(|byte| byte.is_ascii_whitespace() || matches!(byte, b'?' | b'&' | b'{'));
    between == b"=" && (is_first || is_one_word && !is_quoted) || between == b":" && before.is_empty()
}

/// Whether the argument behind this one is a secret: `--password`.
pub(super) fn announces_secret(argument: &[u8]) -> bool {
    let Some(name) = argument.strip_prefix(b"--").or_else(|| argument.strip_prefix(b"-")) else { return false };
    name.len() <= MAX_NAME && name.iter().all(|byte| is_of_name(*byte)) && name::of(name) != Name::Plain
}

/// Whether an argument is an option, and no value of the one before it.
pub(super) fn is_option(argument: &[u8]) -> bool {
    match argument {
        [b'-', b'-', first, ..] => first.is_ascii_lowercase(),
        [b'-', letter] => letter.is_ascii_alphabetic(),
        _ => false,
    }
}

fn is_option_at(string: &[u8], at: usize) -> bool {
    let word = string.get(at..).unwrap_or_default().split(u8::is_ascii_whitespace).next();
    word.is_some_and(is_option)
}

const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// The word at `from`: in quotes, or as far as a shell or a query has it. `before` is what stands in
/// front of the name.
fn word(string: &[u8], from: usize, before: &[u8]) -> Range<usize> {
    let byte = |at: usize| string.get(at).copied();
    // Quotes may be escaped: text within a string within a text.
    let slashes = string.get(from..).unwrap_or_default().iter().take_while(|byte| **byte == b'\\').count();
    if let Some(quote @ (b'"' | b'\'')) = byte(from + slashes) {
        let start = from + slashes + 1;
        if slashes == 0 {
            return start..quoted_end(string, start, quote);
        }
        let rest = string.get(start..).unwrap_or_default();
        let len = rest.iter().position(|byte| *byte == quote).unwrap_or(rest.len());
        let slashes = rest.get(..len).unwrap_or_default().iter().rev().take_while(|byte| **byte == b'\\').count();
        return start..start + len - slashes;
    }
    let mut at = from;
    while let Some(next) = byte(at) {
        at += match next {
            b'\\' => 2,
            b'&' | b';' => break,
            b',' if byte(at + 1).is_none_or(|next| next.is_ascii_whitespace() || matches!(next, b'"' | b'\'')) => break,
            // Quotes that were opened before the name end here; others are part of the word.
            b'"' | b'\'' if before.iter().filter(|byte| **byte == next).count() % 2 == 1 => break,
            b'"' | b'\'' => quoted_end(string, at + 1, next) + 1 - at,
            next if next.is_ascii_whitespace() => break,
            _ => 1,
        };
    }
    from..at.min(string.len())
}

/// Where what stands in quotes ends: at the quote, or where the text does.
fn quoted_end(string: &[u8], from: usize, quote: u8) -> usize {
    let mut at = from;
    while let Some(next) = string.get(at).copied() {
        match next {
            b'\\' => at += 2,
            next if next == quote => return at,
            _ => at += 1,
        }
    }
    string.len()
}
