//! Numbers as text.

/// A number as a value.
pub(crate) fn value(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        format!("{number:?}")
    }
}

/// A number as a label, in the one form that OpenMetrics has for it (as Go's `%g`, with a fraction): `0.005`, `1.0`,
/// `2.5e+06`. The same in both formats, so that series are the same.
pub(crate) fn label(number: f64) -> String {
    // The shortest digits that tell it from all others.
    let scientific = format!("{number:e}");
    match scientific.split_once('e').map(|(digits, exponent)| (digits, exponent.parse::<i32>().unwrap_or(0))) {
        Some((digits, exponent)) if !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ => value(number),
    }
}

/// A time in seconds.
pub(crate) fn seconds(unix_ns: u64) -> String {
    format!("{}.{:09}", unix_ns / 1_000_000_000, unix_ns % 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_go_parses() {
        let texts = [0.0, -1.5, 1e300, 5e-324, f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(value);
        assert_eq!(texts, ["0.0", "-1.5", "1e300", "5e-324", "NaN", "+Inf", "-Inf"]);
    }

    #[test]
    fn labels_are_canonical() {
        let numbers = [0.0, 1.0, -2.0, 0.005, 0.0001, 0.000_05, 123_456.0, 1e6, 2.5e6, 1e-10, 1e100, f64::INFINITY];
        let texts = [
            "0.0", "1.0", "-2.0", "0.005", "0.0001", "5e-05", "123456.0", "1e+06", "2.5e+06", "1e-10", "1e+100", "+Inf",
        ];
        assert_eq!(numbers.map(label), texts);
    }

    #[test]
    fn times_lose_nothing() {
        assert_eq!(seconds(1_520_879_607_789_000_001), "1520879607.789000001");
        assert_eq!(seconds(7), "0.000000007");
    }
}
