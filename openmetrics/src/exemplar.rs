//! Exemplars: which one a line has, and how it reads.

use crate::{name, number, text};
use opentelemetry_proto::tonic::metrics::v1::{Exemplar, exemplar};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Most characters of an exemplar's labels, names and values, by OpenMetrics 1.0.
const MAX_CHARS: usize = 128;

/// The newest exemplar whose value is above one number and no more than another, with its value.
pub(crate) fn newest(exemplars: &[Exemplar], above: f64, most: f64) -> Option<(&Exemplar, f64)> {
    let numbers = exemplars.iter().filter_map(|exemplar| match exemplar.value? {
        exemplar::Value::AsDouble(number) => Some((exemplar, number)),
        exemplar::Value::AsInt(number) => Some((exemplar, number as f64)),
    });
    let within = numbers.filter(|(_, number)| *number > above && *number <= most);
    within.max_by_key(|(exemplar, _)| exemplar.time_unix_nano)
}

/// What stands behind the value of a line. Ids of trace and span go first; attributes as long as there is room.
pub(crate) fn text_of((exemplar, value): (&Exemplar, f64)) -> String {
    let ids = [("trace_id", &exemplar.trace_id), ("span_id", &exemplar.span_id)];
    let ids = ids.into_iter().filter(|(_, id)| !id.is_empty()).map(|(key, id)| (key.to_owned(), hex(id)));
    let attributes = exemplar.filtered_attributes.iter();
    let attributes = attributes.map(|attribute| (name::label(&attribute.key), text::of(attribute.value.as_ref())));
    let mut room = MAX_CHARS;
    let mut labels = BTreeMap::new();
    for (name, text) in ids.chain(attributes) {
        let chars = name.chars().count() + text.chars().count();
        if chars <= room && !text.is_empty() && !labels.contains_key(&name) {
            room -= chars;
            labels.insert(name, text::escaped(&text));
        }
    }
    let labels: Vec<String> = labels.iter().map(|(name, text)| format!("{name}=\"{text}\"")).collect();
    let mut told = format!(" # {{{}}} {}", labels.join(","), number::value(value));
    if exemplar.time_unix_nano > 0 {
        told = told + " " + &number::seconds(exemplar.time_unix_nano);
    }
    told
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::attribute;

    fn exemplar(value: f64, time_unix_nano: u64) -> Exemplar {
        Exemplar { time_unix_nano, value: Some(exemplar::Value::AsDouble(value)), ..Exemplar::default() }
    }

    #[test]
    fn a_line_has_the_newest_of_its_bucket() {
        let all = [exemplar(1.0, 9), exemplar(2.0, 3), exemplar(1.5, 4), exemplar(f64::NAN, 10), exemplar(3.0, 11)];
        assert_eq!(newest(&all, 1.0, 2.0).map(|(_, value)| value), Some(1.5));
        assert_eq!(newest(&all, 3.0, f64::INFINITY), None);
    }

    #[test]
    fn ids_go_before_attributes_and_what_does_not_fit_is_not_there() {
        let long = "x".repeat(62);
        let exemplar = Exemplar {
            trace_id: vec![0xab; 16],
            span_id: vec![1; 8],
            filtered_attributes: vec![attribute("trace.id", "no"), attribute("long", &long), attribute("a.b", "c\"")],
            ..exemplar(0.67, 1_520_879_607_789_000_000)
        };
        assert_eq!(
            text_of((&exemplar, 0.67)),
            format!(
                " # {{a_b=\"c\\\"\",span_id=\"{}\",trace_id=\"{}\"}} 0.67 1520879607.789000000",
                "01".repeat(8),
                "ab".repeat(16)
            )
        );
        assert_eq!(text_of((&Exemplar::default(), 1.0)), " # {} 1.0");
    }
}
