//! What fails in healthy runs of the common runtimes, for a first run with nothing learned: a table that
//! `cargo xtask harmless` makes.

use super::run::Failed;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Its columns.
pub const COLUMNS: [&str; 5] = ["program", "call", "errno", "subject", "seen with"];

const TABLE: &str = include_str!("builtin.tsv");

static BUILTIN: LazyLock<HashMap<Failed, &str>> = LazyLock::new(|| TABLE.lines().filter_map(row).collect());

fn row(line: &'static str) -> Option<(Failed, &'static str)> {
    let mut columns = line.split('\t');
    let (program, call, errno) = (columns.next()?, columns.next()?, columns.next()?.parse().ok()?);
    let (subject, version) = (columns.next()?.to_owned(), columns.next()?);
    Some((Failed { program: program.to_owned(), call: call.to_owned(), errno, subject }, version))
}

/// A failure as the table has it: of whichever version.
#[must_use]
pub fn key(failed: &Failed) -> Failed {
    let Failed { program, call, errno, subject } = failed;
    let program = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    Failed { program: program.to_owned(), call: call.clone(), errno: *errno, subject: without_numbers(subject) }
}

/// The version that the table has a failure from.
pub(crate) fn version(failed: &Failed) -> Option<&'static str> {
    BUILTIN.get(&key(failed)).copied()
}

/// A text with each number as a zero.
fn without_numbers(text: &str) -> String {
    let mut general = String::with_capacity(text.len());
    let mut in_number = false;
    for c in text.chars() {
        let is_digit = c.is_ascii_digit();
        if !is_digit {
            general.push(c);
        } else if !in_number {
            general.push('0');
        }
        in_number = is_digit;
    }
    general
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_makes_no_difference() {
        let failed = |program: &str, subject: &str| Failed {
            program: program.into(),
            call: "openat".into(),
            errno: 2,
            subject: subject.into(),
        };
        let one = key(&failed("python3.11", "/usr/lib/python3.11/pyvenv.cfg"));
        assert_eq!(one, key(&failed("python3", "/usr/lib/python3.9/pyvenv.cfg")));
        assert_ne!(one, key(&failed("python3", "/usr/lib/python3.9/os.py")));
    }

    #[test]
    fn each_row_of_the_table_is_one() {
        let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
        assert!(rows.clone().count() > 0 && rows.clone().all(|line| row(line).is_some()));
        assert!(rows.filter_map(row).all(|(failed, version)| key(&failed) == failed && !version.is_empty()));
    }
}
