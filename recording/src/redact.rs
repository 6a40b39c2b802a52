//! Hides secrets in records, before they leave the agent's memory.
//!
//! What is hidden: known shapes of secrets (`shape`), what stands behind a name that is a secret's
//! (`assign`, `name`), and what a person's own patterns find, in everything of a record that is
//! text (`place`): paths, `argv`, the bytes of reads and writes, names. Numbers and structures are
//! left alone.
//!
//! A secret is overwritten in place, each byte by [`REDACTED_BYTE`], and its blob is flagged. So
//! records keep their lengths, and whatever parses them need not know; what is shown for the bytes
//! is [`mark::WORDS`], however many they are. Where a text is cut short, what may be the beginning
//! of a secret is hidden up to the end; where its middle is missing, the line that goes on behind the gap as well.
//!
//! It knows what it is shown: a secret that is cut in two by two writes, that is encoded, or that
//! has neither a shape nor a name, stays.

mod assign;
pub mod mark;
mod name;
mod place;
mod program;
mod shape;
#[cfg(test)]
mod tests;

use crate::blobs::{Blobs, Bytes, TextKind, TextSpan};
use crate::record::{self, Record};
use crate::syscalls::Arch;
use regex::bytes::{Regex, RegexBuilder};
use rewind_common::call::{Blob, REDACTED_BYTE, blob_flags, part};
use rewind_common::capture::MAX_STRING;
use rewind_protocols::http1::hidden;
use std::mem::offset_of;
use std::ops::Range;

/// Most patterns of one's own.
pub const MAX_PATTERNS: usize = 64;
/// Most memory of one pattern of one's own, compiled.
const PATTERN_BYTES: usize = 256 << 10;

/// Why nothing can be redacted. Final: the patterns must be others.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A pattern is no regular expression, or too large a one.
    #[error(
        "cannot redact by the pattern `{pattern}`: {reason}; it must be a regular expression as the Rust crate regex has them"
    )]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// More than [`MAX_PATTERNS`].
    #[error("cannot redact by {0} patterns: {MAX_PATTERNS} are the most; join some by |")]
    TooMany(usize),
    /// The shapes that are known here do not compile, which a test rules out.
    #[error("cannot redact: the shapes of known secrets do not compile: {0}")]
    Shapes(#[from] regex::Error),
}

/// Hides secrets in records.
#[derive(Clone, Debug)]
pub struct Redactor {
    shapes: shape::Shapes,
    own: Vec<Regex>,
}

impl Redactor {
    /// One that knows the shapes of secrets, and `own` patterns. Of a match of one of those, what its
    /// groups have captured is hidden, or all of it where they have captured nothing.
    ///
    /// # Errors
    /// [`Error`].
    pub fn new(own: &[String]) -> Result<Self, Error> {
        if own.len() > MAX_PATTERNS {
            return Err(Error::TooMany(own.len()));
        }
        let own = own.iter().map(|pattern| compiled(pattern)).collect::<Result<_, _>>()?;
        Ok(Self { shapes: shape::Shapes::new()?, own })
    }

    /// Hides the secrets in `records`, and says in how many arguments it found some. A malformed rest
    /// is overwritten as a whole: nothing can be said of it.
    pub fn redact(&self, records: &mut [u8], arch: Arch) -> u64 {
        let (mut arguments, mut at) = (0, 0);
        let mut edits = Vec::new();
        while let Some(rest) = records.get(at..).filter(|rest| !rest.is_empty()) {
            let Ok((record, behind)) = record::first(rest) else {
                records.get_mut(at..).unwrap_or_default().fill(REDACTED_BYTE);
                break;
            };
            let len = rest.len() - behind.len();
            arguments += match &record {
                Record::Call(call) | Record::Enter(call) | Record::InProgress(call) => {
                    self.blobs(call.blobs, len, |blob| place::of(call, blob, arch), &mut edits)
                }
                record => record.as_event().map_or(0, |event| {
                    let blobs = event.blobs();
                    blobs.map_or(0, |blobs| self.blobs(blobs, len, |blob| event.text_of(blob), &mut edits))
                }),
            };
            for edit in edits.drain(..) {
                edit.apply(records.get_mut(at..at + len).unwrap_or_default());
            }
            at += len;
        }
        arguments
    }

    /// Finds what is to be hidden in the blobs at the end of a record of `len` bytes.
    fn blobs(
        &self,
        mut blobs: Blobs<'_>,
        len: usize,
        place: impl Fn(&Bytes<'_>) -> Option<TextSpan>,
        edits: &mut Vec<Edit>,
    ) -> u64 {
        let mut arguments = 0_u8;
        let mut vector: Vec<(usize, Bytes<'_>)> = Vec::new();
        loop {
            let at = len - blobs.left();
            let next = blobs.next();
            let place = next.and_then(|blob| place(&blob).map(|place| (place, blob)));
            // The elements of a vector are one text, as who reads it sees them.
            let (element, other) = match place {
                Some((_, blob)) if blob.part >= part::BYTES => (Some(blob), None),
                other => (None, other),
            };
            let goes_on = element
                .zip(vector.last())
                .is_some_and(|(blob, (_, last))| (blob.arg, blob.part) == (last.arg, last.part + 1) && !last.is_cut());
            if !goes_on {
                arguments |= self.vector(&std::mem::take(&mut vector), edits);
            }
            vector.extend(element.map(|blob| (at, blob)));
            if let Some((place, blob)) = other {
                arguments |= self.blob(at, place, &blob, edits);
            }
            if next.is_none() {
                return arguments.count_ones().into();
            }
        }
    }

    /// Finds what is to be hidden in a blob at `at`; gives the bit of its argument if there is something.
    fn blob(&self, at: usize, place: TextSpan, blob: &Bytes<'_>, edits: &mut Vec<Edit>) -> u8 {
        let bytes = blob.bytes.get(place.from..).unwrap_or_default();
        let text = Text { is_element: false, is_cut: blob.is_cut(), is_rest: blob.is_last() };
        let mut found = Vec::new();
        match place.kind {
            TextKind::Text => self.text(bytes, text, &mut found),
            TextKind::Strings => self.strings(bytes, text, &mut found),
            TextKind::HttpHead => {
                found = hidden(bytes);
                self.text(bytes, text, &mut found);
            }
            // But for the NUL that ends it, or fills up its field.
            TextKind::Secret => found.push(0..bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)),
        }
        edit(at, place.from, blob, found, edits)
    }

    /// The same for the blobs of a vector's elements.
    fn vector(&self, elements: &[(usize, Bytes<'_>)], edits: &mut Vec<Edit>) -> u8 {
        let (Some((_, first)), Some((_, last))) = (elements.first(), elements.last()) else { return 0 };
        let text = Text { is_element: false, is_cut: last.is_cut(), is_rest: first.is_last() };
        let bytes = elements.iter().map(|(_, blob)| blob.bytes).collect::<Vec<_>>().concat();
        let mut found = Vec::new();
        self.text(&bytes, text, &mut found);
        let (mut from, mut arguments) = (0, 0);
        for (at, blob) in elements {
            let to = from + blob.bytes.len();
            let within = |range: &Range<usize>| range.start.max(from)..range.end.min(to);
            let own = found.iter().map(within).filter(|range| !range.is_empty());
            arguments |= edit(*at, 0, blob, own.map(|range| range.start - from..range.end - from).collect(), edits);
            from = to;
        }
        arguments
    }

    /// Bytes that are a text, or hold several with NULs between them.
    fn text(&self, bytes: &[u8], text: Text, found: &mut Vec<Range<usize>>) {
        if bytes.contains(&0) {
            return self.strings(bytes, text, found);
        }
        self.string(bytes, 0, text, found);
    }

    /// Strings, each with its NUL, as `argv` and `environ` have them.
    fn strings(&self, bytes: &[u8], text: Text, found: &mut Vec<Range<usize>>) {
        let mut from = 0;
        let mut is_value = false;
        let mut is_set = false;
        let mut arguments = program::Arguments::default();
        for string in bytes.split(|byte| *byte == 0) {
            let to = from + string.len();
            // The last one, with or without its NUL, or one as long as any that is kept.
            let is_cut = text.is_cut && to + 1 >= bytes.len() || string.len() + 1 >= MAX_STRING;
            let is_rest = text.is_rest && from == 0;
            if is_value && !string.is_empty() && !assign::is_option(string) {
                found.push(from..to);
            } else {
                self.string(string, from, Text { is_element: true, is_cut, is_rest }, found);
            }
            found.extend(arguments.take(string).map(|range| from + range.start..from + range.end));
            // `--password …`, `set aws_secret_access_key …`
            is_value = assign::announces_secret(string) || is_set && name::of(string) == name::Name::Secret;
            is_set = string == b"set";
            from = to + 1;
        }
    }

    fn string(&self, string: &[u8], offset: usize, text: Text, found: &mut Vec<Range<usize>>) {
        if string.is_empty() {
            return;
        }
        let known = found.len();
        self.shapes.find(string, text, found);
        for pattern in &self.own {
            shape::captured(pattern, string, found);
        }
        for range in found.iter_mut().skip(known) {
            *range = range.start + offset..range.end + offset;
        }
    }
}

/// What is known of a text besides its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Text {
    /// It is a string of its own in a vector of strings, not a stretch of some longer text.
    is_element: bool,
    /// It may go on.
    is_cut: bool,
    /// It goes on from something that is missing.
    is_rest: bool,
}

/// What is to be done to a record.
struct Edit {
    /// Where in the record the blob is.
    at: usize,
    /// Where in the blob the text begins.
    from: usize,
    /// What is to be hidden of the text.
    found: Vec<Range<usize>>,
}

impl Edit {
    fn apply(self, record: &mut [u8]) {
        if let Some(flags) = record.get_mut(self.at + offset_of!(Blob, flags)) {
            *flags |= blob_flags::REDACTED;
        }
        let text = record.get_mut(self.at + self.from..).unwrap_or_default();
        for range in self.found {
            text.get_mut(range).unwrap_or_default().fill(REDACTED_BYTE);
        }
    }
}

/// Notes what of the text of a blob is to be hidden, but for what is hidden already. Gives the bit of
/// its argument if there is something.
fn edit(at: usize, from: usize, blob: &Bytes<'_>, mut found: Vec<Range<usize>>, edits: &mut Vec<Edit>) -> u8 {
    let text = blob.bytes.get(from..).unwrap_or_default();
    found.retain(|range| text.get(range.clone()).is_some_and(|found| found.iter().any(|byte| *byte != REDACTED_BYTE)));
    if found.is_empty() {
        return 0;
    }
    edits.push(Edit { at, from: size_of::<Blob>() + from, found });
    1 << blob.arg
}

fn compiled(pattern: &str) -> Result<Regex, Error> {
    let mut builder = RegexBuilder::new(pattern);
    builder.size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES).build().map_err(|error| {
        // Of several lines, the last says what is wrong.
        let text = error.to_string();
        let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Error::Pattern { pattern: pattern.to_owned(), reason: reason.trim_end_matches('.').to_owned() }
    })
}
