//! Numbers and strings in the notation of `strace`, straight into the caller's string.

use crate::blobs::Bytes;
use crate::redact::mark;
use crate::syscalls::flags::Set;

/// A decimal number.
pub(super) fn decimal(out: &mut String, number: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend(digits[at..].iter().map(|digit| char::from(*digit)));
}

/// A signed decimal number.
pub(super) fn signed(out: &mut String, number: i64) {
    if number < 0 {
        out.push('-');
    }
    decimal(out, number.unsigned_abs());
}

/// Hexadecimal with `0x`.
pub(super) fn hex(out: &mut String, number: u64) {
    out.push_str("0x");
    hex_digits(out, number, 1);
}

/// Hexadecimal without `0x`, at least `width` digits.
pub(super) fn hex_digits(out: &mut String, number: u64, width: u32) {
    let digits = (16 - number.leading_zeros() / 4).clamp(width.max(1), 16);
    for i in (0..digits).rev() {
        out.push(char::from(b"0123456789abcdef"[(number >> (4 * i) & 15) as usize]));
    }
}

/// Hexadecimal flags without names: plain `0` when there are none.
pub(super) fn hex_or_zero(out: &mut String, number: u64) {
    if number == 0 { out.push('0') } else { hex(out, number) }
}

/// An address: `NULL` when 0.
pub(super) fn pointer(out: &mut String, pointer: u64) {
    if pointer == 0 { out.push_str("NULL") } else { hex(out, pointer) }
}

/// Permission bits: octal with a leading 0 and at least two more digits.
pub(super) fn octal(out: &mut String, number: u64) {
    out.push('0');
    let digits = (66 - number.leading_zeros()) / 3;
    for i in (0..digits.max(2)).rev() {
        out.push(char::from(b'0' + (number >> (3 * i) & 7) as u8));
    }
}

/// Flags: names joined by `|`, then what has none. Of nothing, the set's name for 0, or `0`.
pub(super) fn flags(out: &mut String, set: &Set, number: u64) {
    let number = if set.wide { number } else { number & u64::from(u32::MAX) };
    if number == 0 {
        return out.push_str(set.name(0).unwrap_or("0"));
    }
    let (rest, named) = named_flags(out, set, number);
    if rest == 0 {
        return;
    }
    if named {
        out.push('|');
        return hex(out, rest);
    }
    hex(out, rest);
    comment(out, set.unknown);
}

/// The flags that have names: what is left over, and whether there were any.
pub(super) fn named_flags(out: &mut String, set: &Set, number: u64) -> (u64, bool) {
    let mut rest = number;
    let mut named = false;
    for (value, name) in set.names {
        if *value != 0 && rest & value == *value {
            if named {
                out.push('|');
            }
            out.push_str(name);
            named = true;
            rest &= !value;
            if rest == 0 {
                break;
            }
        }
    }
    (rest, named)
}

/// One name of a set, or the number with a comment.
pub(super) fn choice(out: &mut String, set: &Set, number: u64) {
    let number = if set.wide { number } else { number & u64::from(u32::MAX) };
    match set.name(number) {
        Some(name) => out.push_str(name),
        None => {
            hex_or_zero(out, number);
            comment(out, set.unknown);
        }
    }
}

/// ` /* words */`.
pub(super) fn comment(out: &mut String, words: &str) {
    out.push_str(" /* ");
    out.push_str(words);
    out.push_str(" */");
}

/// Bytes that are to be shown as text, some of which may stand for what was redacted.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    bytes: &'a [u8],
    is_redacted: bool,
}

impl<'a> Text<'a> {
    /// Some bytes of a blob.
    pub(super) const fn of(blob: &Bytes<'_>, bytes: &'a [u8]) -> Self {
        Self { bytes, is_redacted: blob.is_redacted() }
    }
}

impl<'a> From<&'a [u8]> for Text<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self { bytes, is_redacted: false }
    }
}

/// All bytes of a blob.
impl<'a> From<Bytes<'a>> for Text<'a> {
    fn from(blob: Bytes<'a>) -> Self {
        Self::of(&blob, blob.bytes)
    }
}

/// Bytes in quotes, as C writes them: octal escapes as short as the next byte allows.
pub(super) fn quoted<'a>(out: &mut String, text: impl Into<Text<'a>>) {
    let Text { bytes, is_redacted } = text.into();
    out.push('"');
    if is_redacted {
        for piece in mark::pieces(bytes) {
            match piece {
                Some(piece) => escaped(out, piece),
                None => out.push_str(mark::WORDS),
            }
        }
    } else {
        escaped(out, bytes);
    }
    out.push('"');
}

/// The same without the quotes.
fn escaped(out: &mut String, bytes: &[u8]) {
    escaped_in(out, bytes, "\"");
}

/// What a descriptor stands for, to be put between angle brackets: in a path they are escaped, not quotes; in
/// a socket's addresses (`TCP:[->127.0.0.1:80]`) they are arrows.
pub(super) fn between_angles(out: &mut String, bytes: &[u8]) {
    let is_socket = bytes.windows(2).any(|pair| pair == b":[");
    escaped_in(out, bytes, if is_socket { "\"" } else { "<>" });
}

fn escaped_in(out: &mut String, bytes: &[u8], quotes: &str) {
    let mut rest = bytes;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'"' if quotes == "\"" => out.push_str("\\\""),
            b'<' | b'>' if quotes == "<>" => octal_escape(out, byte, rest),
            b'\\' => out.push_str("\\\\"),
            b' '..=b'~' => out.push(char::from(byte)),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            0x0b => out.push_str("\\v"),
            0x0c => out.push_str("\\f"),
            b'\r' => out.push_str("\\r"),
            _ => octal_escape(out, byte, rest),
        }
    }
}

/// A byte by its number, as short as what is behind allows.
fn octal_escape(out: &mut String, byte: u8, rest: &[u8]) {
    out.push('\\');
    let all = matches!(rest.first(), Some(b'0'..=b'9'));
    for (shift, least) in [(6, 0o100), (3, 0o10), (0, 0)] {
        if all || byte >= least {
            out.push(char::from(b'0' + (byte >> shift & 7)));
        }
    }
}

/// At most `limit` of the bytes of something `total` bytes long, with `...` behind what is not all.
pub(super) fn shortened<'a>(out: &mut String, text: impl Into<Text<'a>>, total: u64, limit: usize) {
    let Text { bytes, is_redacted } = text.into();
    let shown = bytes.get(..limit).unwrap_or(bytes);
    let shown = usize::try_from(total).ok().and_then(|total| shown.get(..total)).unwrap_or(shown);
    quoted(out, Text { bytes: shown, is_redacted });
    if (shown.len() as u64) < total {
        out.push_str("...");
    }
}

/// The bytes before the first NUL, and whether there was one.
pub(super) fn until_nul(bytes: &[u8]) -> (&[u8], bool) {
    match bytes.iter().position(|byte| *byte == 0) {
        Some(end) => (bytes.get(..end).unwrap_or(bytes), true),
        None => (bytes, false),
    }
}

/// The `u16` at `at`.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

/// The `u32` at `at`.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

/// The `u64` at `at`.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

/// The `u32` at `at`, which the caller knows to be there.
pub(super) fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at).unwrap_or_default())
}

/// The `u64` at `at`, which the caller knows to be there.
pub(super) fn long(bytes: &[u8], at: usize) -> u64 {
    u64_at(bytes, at).unwrap_or_default()
}

/// The `i64` at `at`.
pub(super) fn i64_at(bytes: &[u8], at: usize) -> Option<i64> {
    u64_at(bytes, at).map(u64::cast_signed)
}

/// Flags behind others: `|A|B|0x40`.
pub(super) fn more_flags(out: &mut String, set: &Set, value: u64) {
    if value == 0 {
        return;
    }
    out.push('|');
    let (rest, named) = named_flags(out, set, value);
    if rest != 0 {
        if named {
            out.push('|');
        }
        hex(out, rest);
    }
}
