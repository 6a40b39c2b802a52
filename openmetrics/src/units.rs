//! Units of UCUM as words.

use crate::name::plain;

/// A unit as words (`bytes_per_second`); empty where it has none. What stands in braces is no unit: a count of something.
pub(crate) fn words(unit: &str) -> String {
    let unit = without_braces(unit);
    let (of, per) = unit.split_once('/').unwrap_or((&unit, ""));
    let words = [plain(word(of.trim())), plain(per_word(per.trim()))];
    let [of, per] = words.each_ref().map(|word| word.trim_matches('_'));
    match (of, per) {
        (of, "") => of.to_owned(),
        ("", per) => format!("per_{per}"),
        (of, per) => format!("{of}_per_{per}"),
    }
}

fn without_braces(unit: &str) -> String {
    let mut is_within = false;
    let outside = unit.chars().filter(|char| {
        let was_within = is_within;
        is_within = *char == '{' || (was_within && *char != '}');
        !was_within && !is_within
    });
    outside.collect()
}

/// The specification's words. `1` is none: a ratio is one by its type.
fn word(unit: &str) -> &str {
    match unit {
        "1" => "",
        "d" => "days",
        "h" => "hours",
        "min" => "minutes",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "ns" => "nanoseconds",
        "By" => "bytes",
        "KiBy" => "kibibytes",
        "MiBy" => "mebibytes",
        "GiBy" => "gibibytes",
        "TiBy" => "tebibytes",
        "kBy" | "KBy" => "kilobytes",
        "MBy" => "megabytes",
        "GBy" => "gigabytes",
        "TBy" => "terabytes",
        "m" => "meters",
        "V" => "volts",
        "A" => "amperes",
        "J" => "joules",
        "W" => "watts",
        "g" => "grams",
        "Cel" => "celsius",
        "Hz" => "hertz",
        "%" => "percent",
        other => other,
    }
}

fn per_word(unit: &str) -> &str {
    match unit {
        "s" => "second",
        "min" => "minute",
        "h" => "hour",
        "d" => "day",
        "wk" => "week",
        "mo" => "month",
        "a" => "year",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn units_are_words() {
        for (unit, told) in [
            ("s", "seconds"),
            ("By", "bytes"),
            ("By/s", "bytes_per_second"),
            ("m/s", "meters_per_second"),
            ("%", "percent"),
            ("Hz", "hertz"),
            ("1/s", "per_second"),
            ("kg.m/s2", "kg_m_per_s2"),
        ] {
            assert_eq!(words(unit), told, "{unit}");
        }
    }

    #[test]
    fn counts_of_something_have_no_unit() {
        for unit in ["", "1", "{packet}", "{a}{b}", "{", "}{x", "/", "{a}/{b}", "°"] {
            assert_eq!(words(unit).trim_matches('_'), "", "{unit}");
        }
        assert_eq!([words("{packet}/s"), words("By{page}")], ["per_second", "bytes"]);
    }
}
