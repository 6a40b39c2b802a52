//! A small checker of both formats, line by line, by their grammars.

use crate::Format;
use std::collections::{BTreeSet, HashMap};

/// What lines begin with after a family's name, by its type.
fn suffixes(kind: &str, format: Format) -> &'static [&'static str] {
    match (kind, format) {
        ("counter", Format::Classic) | ("gauge", _) => &[""],
        ("counter", Format::OpenMetrics) => &["_total", "_created"],
        ("histogram", _) => &["_bucket", "_count", "_sum", "_created"],
        ("summary", _) => &["", "_count", "_sum", "_created"],
        ("info", Format::OpenMetrics) => &["_info"],
        other => panic!("no type: {other:?}"),
    }
}

/// Names and labels of all lines, with their values, and how many series they are; panics where the text is none of that
/// format.
pub(super) fn checked(text: &str, format: Format) -> (HashMap<String, f64>, usize) {
    let (mut families, mut samples, mut series) = (Vec::<(&str, &str)>::new(), HashMap::new(), BTreeSet::new());
    let text = match format {
        Format::Classic => text,
        Format::OpenMetrics => text.strip_suffix("# EOF\n").expect("an end"),
    };
    let text = text.strip_suffix('\n').unwrap_or(text);
    let mut comments = BTreeSet::new();
    for line in text.split('\n').filter(|_| !text.is_empty()) {
        if let Some(comment) = line.strip_prefix("# ") {
            let (what, rest) = comment.split_once(' ').unwrap();
            let (name, told) = rest.split_once(' ').unwrap();
            assert!(is_name(name, ":") && !told.is_empty(), "{line}");
            assert!(comments.insert((what, name)), "twice: {line}");
            match what {
                "TYPE" => families.push((name, told)),
                "UNIT" => assert!(format == Format::OpenMetrics && name.ends_with(&format!("_{told}")), "{line}"),
                "HELP" => assert!(!told.contains('\0'), "{line}"),
                _ => panic!("{line}"),
            }
            assert_eq!(families.last().unwrap().0, name, "{line}");
            continue;
        }
        let (family, kind) = families.last().expect("a type before all else");
        let (name, labels, rest) = sample(line);
        let suffix = name.strip_prefix(family).unwrap_or_else(|| panic!("{name} in {family}"));
        assert!(suffixes(kind, format).contains(&suffix), "{line}");
        let (value, exemplar) = rest.split_once(" # ").map_or((rest, None), |(value, rest)| (value, Some(rest)));
        if let Some(exemplar) = exemplar {
            assert!(format == Format::OpenMetrics && ["_total", "_bucket"].contains(&suffix), "{line}");
            let (_, labels, rest) = sample(exemplar);
            let chars: usize = labels.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum();
            assert!(chars <= 128 && rest.split(' ').all(|number| number.parse::<f64>().is_ok()), "{line}");
        }
        let own =
            [("histogram", "le"), ("summary", "quantile")].iter().find(|(of, _)| of == kind).map(|(_, label)| *label);
        let others = labels.iter().filter(|(name, _)| Some(*name) != own);
        series.insert(format!("{family}{:?}", others.collect::<Vec<_>>()));
        let value = value.parse().unwrap_or_else(|_| panic!("{line}"));
        assert!(samples.insert(format!("{name}{labels:?}"), value).is_none(), "twice: {line}");
    }
    let names: Vec<_> = families.iter().map(|(name, _)| name).collect();
    assert!(names.is_sorted(), "{names:?}");
    (samples, series.len())
}

/// Name, labels and what comes after the space.
fn sample(line: &str) -> (&str, Vec<(&str, String)>, &str) {
    let (name, mut rest) = line.split_at(line.find(['{', ' ']).expect("a value"));
    assert!(is_name(name, ":") || name.is_empty(), "{line}");
    let mut labels = Vec::new();
    if let Some(within) = rest.strip_prefix('{') {
        rest = within;
        while !rest.starts_with('}') {
            let (label, quoted) = rest.split_once("=\"").expect("a label");
            assert!(is_name(label, "") && labels.iter().all(|(other, _)| *other != label), "{line}");
            let (value, after) = unquoted(quoted);
            assert!(!value.is_empty() && !value.contains('\0'), "{line}");
            labels.push((label, value));
            rest = after.strip_prefix(',').unwrap_or(after);
        }
        rest = &rest[1..];
    }
    (name, labels, rest.strip_prefix(' ').expect("a space"))
}

fn unquoted(quoted: &str) -> (String, &str) {
    let (mut value, mut chars) = (String::new(), quoted.chars());
    loop {
        match chars.next().expect("a quote at the end") {
            '"' => return (value, chars.as_str()),
            '\\' => value.push(match chars.next() {
                Some('n') => '\n',
                Some(char @ ('\\' | '"')) => char,
                other => panic!("no escape: {other:?}"),
            }),
            char => value.push(char),
        }
    }
}

fn is_name(name: &str, more: &str) -> bool {
    let may_be = |char: char| char.is_ascii_alphanumeric() || char == '_' || more.contains(char);
    name.chars().all(may_be) && name.starts_with(|first: char| may_be(first) && !first.is_ascii_digit())
}

#[test]
fn the_checker_refuses_what_is_wrong() {
    let refused = |text: &str| std::panic::catch_unwind(|| checked(text, Format::Classic)).is_err();
    assert!(!refused("# TYPE a gauge\na{b=\"c\\\"\\n\"} 1\na 2\n"));
    for wrong in [
        "a 1\n",
        "# TYPE a gauge\nb 1\n",
        "# TYPE a gauge\na 1\na 2\n",
        "# TYPE a gauge\n# TYPE a gauge\na 1\n",
        "# TYPE b gauge\nb 1\n# TYPE a gauge\na 1\n",
        "# TYPE a gauge\na{b=\"c} 1\n",
        "# TYPE a gauge\na{b=\"\\x\"} 1\n",
        "# TYPE a gauge\na{b=\"1\",b=\"2\"} 1\n",
        "# TYPE a gauge\na{1=\"1\"} 1\n",
        "# TYPE a gauge\na one\n",
        "# TYPE a gauge\na 1 # {} 1\n",
    ] {
        assert!(refused(wrong), "{wrong}");
    }
}
