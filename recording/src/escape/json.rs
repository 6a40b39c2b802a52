//! JSON that is harmless to look at: what steers a terminal stands as `\u001b` and the like, so that a
//! program reads the text as it is and `cat` shows it.

use super::{is_harmless, is_steering};
use serde::Serialize;
use std::fmt::Write as _;
use std::io;

/// Writes a value on one line, without its end.
///
/// # Errors
/// Those of `out`.
pub fn write<T: Serialize + ?Sized>(out: &mut dyn io::Write, value: &T) -> io::Result<()> {
    out.write_all(escaped(serde_json::to_string(value)?).as_bytes())
}

/// Writes a value on several lines, the last without its end.
///
/// # Errors
/// Those of `out`.
pub fn write_pretty<T: Serialize + ?Sized>(out: &mut dyn io::Write, value: &T) -> io::Result<()> {
    out.write_all(escaped(serde_json::to_string_pretty(value)?).as_bytes())
}

/// Outside of its strings JSON is ASCII, so whatever else steers stands in one. Of controls only ends
/// of lines are left by then, and those stand outside.
fn escaped(json: String) -> String {
    if is_harmless(&json) {
        return json;
    }
    let mut shown = String::with_capacity(json.len() + 64);
    for char in json.chars() {
        if char == '\n' || !is_steering(char) {
            shown.push(char);
            continue;
        }
        for unit in char.encode_utf16(&mut [0; 2]) {
            let _ = write!(shown, "\\u{unit:04x}");
        }
    }
    shown
}
