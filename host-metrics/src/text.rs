//! Texts of the kernel's, in parts.

use std::collections::BTreeMap;

/// Lines of a name and a number, `MemFree:  12 kB` or `pgfault 12`, in bytes where they have the unit. Others are passed
/// over.
#[must_use]
pub fn named(text: &str) -> BTreeMap<&str, u64> {
    let of = |line| -> Option<(_, _)> {
        let mut words = str::split_ascii_whitespace(line);
        let (name, number) = (words.next()?, words.next()?.parse::<u64>().ok()?);
        let number = if words.next() == Some("kB") { number.checked_mul(1024)? } else { number };
        Some((name.trim_end_matches(':'), number))
    };
    text.lines().filter_map(of).collect()
}

/// A path, whose spaces, tabs, newlines and backslashes the kernel writes as three octal digits (`mangle_path`).
#[must_use]
pub fn unescaped(path: &str) -> String {
    let mut parts = path.split('\\');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |whole, part| match part.get(..3).and_then(|octal| u8::from_str_radix(octal, 8).ok()) {
        Some(byte) => whole + &char::from(byte).to_string() + part.get(3..).unwrap_or_default(),
        None => whole + "\\" + part,
    })
}

/// A number that the kernel writes with two decimals, as exact as that.
pub(crate) fn hundredths(number: f32) -> f64 {
    (f64::from(number) * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_their_numbers_and_other_lines_are_passed_over() {
        let found = named(
            "MemFree:   12 kB\nHugePages_Total:  3\npgfault 7\nNew:\n\nOdd: x kB\nHuge: 18446744073709551615 kB\n",
        );
        assert_eq!(found, [("MemFree", 12 << 10), ("HugePages_Total", 3), ("pgfault", 7)].into());
    }

    #[test]
    fn octal_digits_are_bytes_and_other_backslashes_stay() {
        assert_eq!(unescaped("/a\\040b\\134c"), "/a b\\c");
        assert_eq!(unescaped("/a\\04"), "/a\\04");
        assert_eq!(unescaped("\\é\\999"), "\\é\\999");
    }

    #[test]
    fn two_decimals_stay_two() {
        assert_eq!(hundredths("1.40".parse().unwrap()).to_string(), "1.4");
    }
}
