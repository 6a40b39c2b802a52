//! What fails in healthy runs of the common runtimes, for a first run with nothing learned: a table that
//! `cargo xtask harmless` makes.

use crate::meaning::is_absent;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

/// Its columns.
pub const COLUMNS: [&str; 5] = ["program", "call", "errno", "subject", "seen with"];

const TABLE: &str = include_str!("builtin.tsv");
/// What so many programs have in common is their C library's, or whoever's: any may have it.
const ANY: usize = 3;

/// A failure as the table has it: of whichever version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row {
    /// The program, without the number that some have.
    pub program: String,
    /// The call.
    pub call: String,
    /// How.
    pub errno: u16,
    /// The path in general form, each number in it a zero; empty: nothing that is known.
    pub subject: String,
}

impl Row {
    /// Of a failure in general form.
    #[must_use]
    pub fn of(program: &str, call: &str, errno: u16, subject: &str) -> Self {
        let program = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-').to_owned();
        Self { program, call: call.to_owned(), errno, subject: without_numbers(subject) }
    }

    /// The row that a line is, and the version that it is from.
    fn parse(line: &'static str) -> Option<(Self, &'static str)> {
        let mut columns = line.split('\t');
        let (program, call, errno) = (columns.next()?, columns.next()?, columns.next()?.parse().ok()?);
        let (subject, version) = (columns.next()?.to_owned(), columns.next()?);
        Some((Self { program: program.to_owned(), call: call.to_owned(), errno, subject }, version))
    }
}

static ROWS: LazyLock<HashMap<Row, &str>> = LazyLock::new(|| TABLE.lines().filter_map(Row::parse).collect());

static OF_ANY: LazyLock<HashSet<(u16, &str)>> = LazyLock::new(|| {
    let mut programs = BTreeMap::<_, BTreeSet<&str>>::new();
    for row in ROWS.keys().filter(|row| !row.subject.is_empty()) {
        programs.entry((row.errno, row.subject.as_str())).or_default().insert(&row.program);
    }
    programs.into_iter().filter(|(_, programs)| programs.len() >= ANY).map(|(failed, _)| failed).collect()
});

/// What programs look for that is not there.
static MISSED: LazyLock<HashSet<(&str, &str)>> = LazyLock::new(|| {
    let missed = ROWS.keys().filter(|row| is_absent(row.errno) && !row.subject.is_empty());
    missed.map(|row| (row.program.as_str(), row.subject.as_str())).collect()
});

/// Whether healthy runs of that program fail so; by which call it looks for what is not there depends on its version.
pub(crate) fn has(program: &str, call: &str, errno: u16, subject: &str) -> bool {
    let row = Row::of(program, call, errno, subject);
    ROWS.contains_key(&row) || is_absent(errno) && MISSED.contains(&(row.program.as_str(), row.subject.as_str()))
}

/// Whether healthy runs of several programs fail on a path so: those of others will.
pub(crate) fn is_of_any(path: &str, errno: u16) -> bool {
    OF_ANY.contains(&(errno, path))
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
        let one = Row::of("python3.11", "openat", 2, "/usr/lib/python3.11/pyvenv.cfg");
        assert_eq!(one, Row::of("python3", "openat", 2, "/usr/lib/python3.9/pyvenv.cfg"));
        assert_ne!(one, Row::of("python3", "openat", 2, "/usr/lib/python3.9/os.py"));
        assert!(has("python3.13", "openat", 2, "/usr/bin/pyvenv.cfg"));
        assert!(has("python3", "openat", 2, "/usr/lib/python311.zip"));
        assert!(!has("python3", "openat", 13, "/usr/lib/python311.zip"));
    }

    #[test]
    fn what_several_programs_do_any_may_do() {
        assert!(is_of_any("/etc/localtime", 2) && is_of_any("/etc/nsswitch.conf", 2));
        // Denied is another matter, and so is what only one of them looks for.
        assert!(!is_of_any("/etc/localtime", 13) && !is_of_any("/usr/bin/pyvenv.cfg", 2));
    }

    #[test]
    fn each_line_of_the_table_is_a_row() {
        let lines: Vec<_> = TABLE.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(lines.len(), ROWS.len());
        for (row, version) in ROWS.iter() {
            assert_eq!(Row::of(&row.program, &row.call, row.errno, &row.subject), *row);
            assert!(!version.is_empty() && !row.program.is_empty(), "{row:?}");
        }
    }
}
