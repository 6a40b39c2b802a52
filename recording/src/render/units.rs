//! Figures as people read them.

use std::fmt::Write;

/// `18,204`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 call`, `18,204 calls`.
#[must_use]
pub fn counted(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// Writes a duration with three or four significant digits: `850ns`, `12.3µs`, `1.20ms`, `5.01s`, `2m07s`.
pub fn write_duration(out: &mut String, ns: u64) {
    const UNITS: [(u64, &str); 3] = [(1_000, "µs"), (1_000_000, "ms"), (1_000_000_000, "s")];
    let _ = match ns {
        0..1_000 => write!(out, "{ns}ns"),
        60_000_000_000.. => {
            out.push_str(&age(ns));
            return;
        }
        _ => {
            let (unit, name) = UNITS.iter().rfind(|(unit, _)| ns >= *unit).unwrap_or(&UNITS[0]);
            let (whole, thousandths) = (ns / unit, ns % unit / (unit / 1000));
            match whole {
                0..10 => write!(out, "{whole}.{:02}{name}", thousandths / 10),
                10..100 => write!(out, "{whole}.{}{name}", thousandths / 100),
                _ => write!(out, "{whole}{name}"),
            }
        }
    };
}

/// A duration as [`write_duration`] writes it.
#[must_use]
pub fn duration(ns: u64) -> String {
    let mut out = String::new();
    write_duration(&mut out, ns);
    out
}

/// An age as kubectl shows it, with two units: `42s`, `5m12s`, `3h05m`, `2d03h`.
#[must_use]
pub fn age(ns: u64) -> String {
    let seconds = ns / 1_000_000_000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{minutes}m{:02}s", seconds % 60),
        3_600..86_400 => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{days}d{:02}h", hours % 24),
    }
}

/// `512 B`, `64 KiB`, `1.5 MiB`.
#[must_use]
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if number < 1024 {
        return format!("{number} B");
    }
    let mut tenths = number / 1024 * 10 + number % 1024 * 10 / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    let name = UNITS.get(unit).unwrap_or(&"TiB");
    if tenths.is_multiple_of(10) {
        format!("{} {name}", tenths / 10)
    } else {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!([0, 999, 1_000, 18_204, 1_234_567].map(grouped), ["0", "999", "1,000", "18,204", "1,234,567"]);
        assert_eq!([counted(1, "call"), counted(2, "call")], ["1 call", "2 calls"]);
    }

    #[test]
    fn durations_keep_their_significant_digits() {
        let times = [0, 850, 1_000, 12_345, 999_999, 1_204_000, 5_010_000_000, 59_999_000_000, 127_200_000_000];
        assert_eq!(
            times.map(duration),
            ["0ns", "850ns", "1.00µs", "12.3µs", "999µs", "1.20ms", "5.01s", "59.9s", "2m07s"]
        );
        assert!(duration(u64::MAX).ends_with('h'));
    }

    #[test]
    fn ages_have_two_units() {
        let second = 1_000_000_000;
        assert_eq!([42, 312, 11_100, 183_600].map(|s| age(s * second)), ["42s", "5m12s", "3h05m", "2d03h"]);
    }

    #[test]
    fn sizes_are_binary() {
        assert_eq!([0, 1023, 1024, 1 << 20, 3 << 19].map(bytes), ["0 B", "1023 B", "1 KiB", "1 MiB", "1.5 MiB"]);
        assert_eq!(bytes(1 << 60), "1048576 TiB");
    }
}
