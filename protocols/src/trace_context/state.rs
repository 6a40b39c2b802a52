//! `tracestate`: what vendors hand on beside the ids.

use std::fmt;

/// Most entries of a list (W3C, 3.3.1.1).
pub const MAX_MEMBERS: usize = 32;
/// Longest value that is read. The specification asks for 512 at least.
pub const MAX_STATE_BYTES: usize = 4096;

/// A list of entries, as it stood in the header, or in several (they are one list, with commas between).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TraceState {
    /// `key=value`, without the space around it; each key once.
    members: Vec<String>,
}

impl TraceState {
    /// Reads a header's value. A list with an entry that breaks a rule is none, as is one without an entry. Of
    /// two entries with one key the first, which is the newer one, is kept.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        if value.len() > MAX_STATE_BYTES {
            return None;
        }
        let mut state = Self::default();
        for member in std::str::from_utf8(value).ok()?.split(',') {
            // Space before an entry and after it is optional; a value cannot end with one.
            let member = member.trim_matches([' ', '\t']);
            if member.is_empty() {
                continue;
            }
            let (key, value) = member.split_once('=')?;
            if !is_key(key) || !is_value(value) || state.members.len() == MAX_MEMBERS {
                return None;
            }
            if state.get(key).is_none() {
                state.members.push(member.to_owned());
            }
        }
        (!state.members.is_empty()).then_some(state)
    }

    /// Keys and values, the newest first.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members.iter().filter_map(|member| member.split_once('='))
    }

    /// What stands under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries().find_map(|(other, value)| (other == key).then_some(value))
    }
}

/// As a header's value.
impl fmt::Display for TraceState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.members.join(","))
    }
}

/// `name`, or `tenant@system` (W3C, 3.3.1.3.1).
fn is_key(key: &str) -> bool {
    match key.split_once('@') {
        None => key.len() <= 256 && begins_with_letter(key) && key.bytes().all(is_key_byte),
        Some((tenant, system)) => {
            let is_tenant = tenant.len() <= 241
                && tenant.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
                && tenant.bytes().all(is_key_byte);
            is_tenant && system.len() <= 14 && begins_with_letter(system) && system.bytes().all(is_key_byte)
        }
    }
}

fn begins_with_letter(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/".contains(&byte)
}

/// Printable ASCII but `,` and `=`, no space at the end (W3C, 3.3.1.3.2).
fn is_value(value: &str) -> bool {
    let is_part = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b',' && byte != b'=';
    (1..=256).contains(&value.len()) && value.bytes().all(is_part) && !value.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(value: &str) -> Option<String> {
        TraceState::parse(value.as_bytes()).map(|state| state.to_string())
    }

    #[test]
    fn a_list_is_its_entries_in_their_order() {
        let state = TraceState::parse(b"rojo=00f067aa0ba902b7 ,\t congo=t61rcWkgMzE,,fw529a3039@dt=FfuA").unwrap();
        let entries: Vec<_> = state.entries().collect();
        assert_eq!(entries, [("rojo", "00f067aa0ba902b7"), ("congo", "t61rcWkgMzE"), ("fw529a3039@dt", "FfuA")]);
        assert_eq!(state.get("congo"), Some("t61rcWkgMzE"));
        assert_eq!(state.to_string(), "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE,fw529a3039@dt=FfuA");
    }

    #[test]
    fn of_two_entries_with_one_key_the_newer_one_is_kept() {
        assert_eq!(parse("a=1,b=2,a=3").as_deref(), Some("a=1,b=2"));
    }

    #[test]
    fn keys_and_values_have_the_letters_and_lengths_of_the_specification() {
        let long = |n: usize| "z".repeat(n);
        for (value, is_read) in [
            ("a=b c".to_owned(), true),
            ("a= b".to_owned(), true),
            ("a0_-*/=!~".to_owned(), true),
            ("0a@b=1".to_owned(), true),
            (format!("{}=1", long(256)), true),
            (format!("{}=1", long(257)), false),
            (format!("{}@{}=1", long(241), long(14)), true),
            (format!("{}@{}=1", long(242), long(14)), false),
            (format!("{}@{}=1", long(241), long(15)), false),
            (format!("a={}", long(256)), true),
            (format!("a={}", long(257)), false),
            ("0a=1".to_owned(), false),
            ("A=1".to_owned(), false),
            ("a@b@c=1".to_owned(), false),
            ("a@0b=1".to_owned(), false),
            ("@b=1".to_owned(), false),
            ("a@=1".to_owned(), false),
            ("a =1".to_owned(), false),
            ("a=".to_owned(), false),
            ("a".to_owned(), false),
            ("=1".to_owned(), false),
            ("a=1=2".to_owned(), false),
            ("a=\u{e4}".to_owned(), false),
            ("a=1\u{7f}".to_owned(), false),
            ("a=1,A=2".to_owned(), false),
            (String::new(), false),
            (" , ,".to_owned(), false),
        ] {
            assert_eq!(parse(&value).is_some(), is_read, "{value:?}");
        }
    }

    #[test]
    fn a_list_has_32_entries_at_most() {
        let list = |n: usize| (0..n).map(|at| format!("k{at}=1")).collect::<Vec<_>>().join(",");
        assert!(parse(&list(32)).is_some());
        assert_eq!(parse(&list(33)), None);
        assert_eq!(parse(&format!("a={}", ",".repeat(MAX_STATE_BYTES))), None);
    }
}
