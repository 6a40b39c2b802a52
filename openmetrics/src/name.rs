//! Names of metrics and of labels. What they must not have becomes `_`, and several of these are one.

/// A name for a family of metrics, with these words of its unit at the end; `None`: nothing is left of it. The name of a
/// counter's family has no `_total`, which its samples have.
pub(crate) fn family(name: &str, unit: &str, is_counter: bool) -> Option<String> {
    let plain = replaced(name, |char| char.is_ascii_alphanumeric() || char == ':');
    // As Prometheus does where it takes OTLP itself; OpenMetrics keeps what begins with one for itself.
    let trimmed = plain.trim_matches('_');
    let name = if is_counter { trimmed.strip_suffix("_total").unwrap_or(trimmed) } else { trimmed };
    let digit = if name.chars().next()?.is_ascii_digit() { "_" } else { "" };
    let has_unit = unit.is_empty() || name == unit || ends_with(name, unit);
    Some(if has_unit { format!("{digit}{name}") } else { format!("{digit}{name}_{unit}") })
}

/// Whether a name ends with a unit, as OpenMetrics asks of a family that tells one.
pub(crate) fn ends_with(name: &str, unit: &str) -> bool {
    name.strip_suffix(unit).is_some_and(|before| before.ends_with('_'))
}

/// A name for a label.
pub(crate) fn label(key: &str) -> String {
    match plain(key) {
        empty if empty.is_empty() => "_".to_owned(),
        digit if digit.starts_with(|first: char| first.is_ascii_digit()) => format!("key_{digit}"),
        name => name,
    }
}

/// A text of letters, digits and `_`.
pub(crate) fn plain(text: &str) -> String {
    replaced(text, |char| char.is_ascii_alphanumeric())
}

fn replaced(text: &str, may_be: impl Fn(char) -> bool) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut name, char| {
        if may_be(char) {
            name.push(char);
        } else if !name.ends_with('_') {
            name.push('_');
        }
        name
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_has_its_unit_once_and_at_the_end() {
        let gauge = |name, unit| family(name, unit, false).unwrap();
        assert_eq!(gauge("http.server.request.duration", "seconds"), "http_server_request_duration_seconds");
        assert_eq!(gauge("a.seconds", "seconds"), "a_seconds");
        assert_eq!(gauge("a.seconds.b", "seconds"), "a_seconds_b_seconds");
        assert_eq!(gauge("milliseconds", "seconds"), "milliseconds_seconds");
        assert_eq!(gauge("system.cpu.load_average.1m", ""), "system_cpu_load_average_1m");
    }

    #[test]
    fn a_counters_family_has_no_total_and_a_gauge_may() {
        assert_eq!(family("a.total", "bytes", true).unwrap(), "a_bytes");
        assert_eq!(family("a.bytes.total", "bytes", true).unwrap(), "a_bytes");
        assert_eq!(family("total", "", true).unwrap(), "total");
        assert_eq!(family("a.total", "", false).unwrap(), "a_total");
    }

    #[test]
    fn names_have_what_they_may_have() {
        assert_eq!(family("...a--b:c.ä.", "", false).unwrap(), "a_b:c");
        assert_eq!(family("1a", "", false).unwrap(), "_1a");
        assert_eq!(["", "_", "é..", "\0"].map(|name| family(name, "seconds", true)), [None, None, None, None]);
        assert_eq!(
            ["a.b", "1a", "", "_a..b", "__name__", "ä:"].map(label),
            ["a_b", "key_1a", "_", "_a_b", "_name_", "_"]
        );
    }
}
