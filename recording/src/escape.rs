//! Text that somebody else controls: a container, a runtime, a label, a file, a peer. On a terminal
//! it could move the cursor, retitle the window or write to the clipboard, hide text or turn it
//! around. All of it passes here before a person sees it:
//!
//! | what | how it is made harmless |
//! |---|---|
//! | a name inside a sentence or a column | it is an [`Untrusted`] or [`UntrustedString`]: `{}` escapes it |
//! | a finished line, whatever it is made of | [`visible`], where it is written |
//! | JSON | [`json`](mod@json) writes it |
//! | a call as strace writes it | strace's own escapes: only ASCII comes out |
//!
//! Shown as escapes: `\n`, `\r`, `\t`, `\x1b` (C0, DEL, bytes that are no UTF-8), `\u{202e}` (C1, what
//! turns text around, all that takes no room of its own but combining marks, private use). Names double
//! the backslash, so that no two names look the same. The rest of UTF-8 stays as it is.
//!
//! **Kept text**: bytes that are no UTF-8 live in a `String` as U+EF00 + byte (U+EF80 to U+EFFF, private
//! use, the convention of MirBSD's OPTU-8), and so do the bytes of a character of that range itself:
//! nothing is lost, no two byte strings become one, and JSON has a place for it.

use std::borrow::Cow;
use std::fmt;

pub mod json;
mod owned;
#[cfg(test)]
mod tests;

pub use owned::UntrustedString;

/// Where bytes that are no UTF-8 are kept: at this plus the byte.
const KEPT: u32 = 0xef00;

/// Bytes that somebody else controls, to be shown as text: `{}` escapes them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Untrusted<'a>(&'a [u8]);

impl<'a> Untrusted<'a> {
    /// Whatever these bytes are.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The kept text (see the module): to compare, to match and to put in JSON, not to show.
    #[must_use]
    pub fn text(self) -> Cow<'a, str> {
        text(self.0)
    }

    /// The bytes as they are.
    #[must_use]
    pub const fn bytes(self) -> &'a [u8] {
        self.0
    }
}

impl fmt::Display for Untrusted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_name(f, &self.text())
    }
}

impl fmt::Debug for Untrusted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// The kept text of some bytes.
#[must_use]
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(is_kept) => Cow::Borrowed(text),
        _ => Cow::Owned(keep(bytes)),
    }
}

/// As [`text`], of bytes that may be owned.
#[must_use]
pub fn text_of(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => text(bytes),
        Cow::Owned(bytes) => Cow::Owned(text(&bytes).into_owned()),
    }
}

fn keep(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    let byte = |byte: &u8| char::from_u32(KEPT + u32::from(*byte)).unwrap_or(char::REPLACEMENT_CHARACTER);
    for chunk in bytes.utf8_chunks() {
        for char in chunk.valid().chars() {
            if is_kept(char) {
                text.extend(char.encode_utf8(&mut [0; 4]).as_bytes().iter().map(byte));
            } else {
                text.push(char);
            }
        }
        text.extend(chunk.invalid().iter().map(byte));
    }
    text
}

/// The bytes of a kept text.
#[must_use]
pub fn bytes(text: &str) -> Cow<'_, [u8]> {
    if !text.chars().any(is_kept) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    for char in text.chars() {
        match kept(char) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(bytes)
}

/// Whether a character stands for a byte that is no UTF-8.
fn is_kept(char: char) -> bool {
    kept(char).is_some()
}

/// The byte that a character stands for, if it does.
fn kept(char: char) -> Option<u8> {
    u32::from(char).checked_sub(KEPT).and_then(|byte| u8::try_from(byte).ok()).filter(|byte| *byte >= 0x80)
}

/// A finished line for a person: whatever is in it stays in it. Backslashes are left alone, for names in
/// it are escaped already.
#[must_use]
pub fn visible(line: &str) -> Cow<'_, str> {
    if is_harmless(line) {
        return Cow::Borrowed(line);
    }
    let mut shown = String::with_capacity(line.len() + 16);
    for char in line.chars() {
        let _ = write_char(&mut shown, char);
    }
    Cow::Owned(shown)
}

/// Lines for a person: as [`visible`], but the ends of lines stay.
#[must_use]
pub fn visible_lines(lines: &str) -> String {
    lines.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

/// How many columns of a terminal a text takes that is [`visible`].
#[must_use]
pub fn width(text: &str) -> usize {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.len();
    }
    unicode_width::UnicodeWidthStr::width(text)
}

/// The beginning of a text that takes `columns` at most.
#[must_use]
pub fn front(text: &str, columns: usize) -> &str {
    let ends = text.char_indices().map(|(at, char)| at + char.len_utf8());
    let end = ends.take_while(|end| text.get(..*end).is_some_and(|front| width(front) <= columns)).last();
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

/// The end of a text that takes `columns` at most.
#[must_use]
pub fn back(text: &str, columns: usize) -> &str {
    let starts = text.char_indices().map(|(at, _)| at).rev();
    let start = starts.take_while(|at| text.get(*at..).is_some_and(|back| width(back) <= columns)).last();
    start.and_then(|at| text.get(at..)).unwrap_or_default()
}

fn is_harmless(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || !text.chars().any(is_steering)
}

/// Writes a name that is kept text.
fn write_name(out: &mut impl fmt::Write, name: &str) -> fmt::Result {
    if is_harmless(name) && !name.contains('\\') {
        return out.write_str(name);
    }
    name.chars().try_for_each(|char| if char == '\\' { out.write_str(r"\\") } else { write_char(out, char) })
}

fn write_char(out: &mut impl fmt::Write, char: char) -> fmt::Result {
    match char {
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        _ if !is_steering(char) => out.write_char(char),
        _ => match kept(char).or_else(|| u8::try_from(u32::from(char)).ok().filter(u8::is_ascii)) {
            Some(byte) => write!(out, "\\x{byte:02x}"),
            None => write!(out, "\\u{{{:x}}}", u32::from(char)),
        },
    }
}

/// Whether a character steers a terminal or a reader's eye instead of being read: controls, format
/// characters, all that Unicode calls default-ignorable, the separators of lines, private use, and
/// what is no character.
const fn is_steering(char: char) -> bool {
    matches!(char,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}
