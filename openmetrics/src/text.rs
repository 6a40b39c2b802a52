//! Attributes' values as text, and escapes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use serde_json::Value as Json;

/// A value as text, by the specification's "AnyValue representation for non-OTLP protocols".
pub(crate) fn of(value: Option<&AnyValue>) -> String {
    match json(value) {
        Json::String(text) => text,
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

fn json(value: Option<&AnyValue>) -> Json {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.as_str().into(),
        Some(Value::BoolValue(is)) => (*is).into(),
        Some(Value::IntValue(number)) => (*number).into(),
        Some(Value::DoubleValue(number)) if number.is_nan() => "NaN".into(),
        Some(Value::DoubleValue(number)) if number.is_infinite() => {
            if *number > 0.0 { "Infinity" } else { "-Infinity" }.into()
        }
        Some(Value::DoubleValue(number)) => (*number).into(),
        Some(Value::BytesValue(bytes)) => STANDARD.encode(bytes).into(),
        Some(Value::ArrayValue(array)) => array.values.iter().map(|value| json(Some(value))).collect(),
        Some(Value::KvlistValue(list)) => {
            let pairs = list.values.iter().map(|pair| (pair.key.clone(), json(pair.value.as_ref())));
            Json::Object(pairs.collect())
        }
        // An index into a table that metrics do not have.
        Some(Value::StringValueStrindex(_)) | None => Json::Null,
    }
}

/// A text as a label's value, or as a description in OpenMetrics.
pub(crate) fn escaped(text: &str) -> String {
    lines(text).replace('"', "\\\"")
}

/// A text as a description in the classic format, which has no escape for quotes there.
pub(crate) fn lines(text: &str) -> String {
    // For Prometheus' parser a NUL is the end of everything.
    text.replace('\0', "\u{fffd}").replace('\\', "\\\\").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::common::v1::{ArrayValue, KeyValue, KeyValueList};

    fn any(value: Value) -> AnyValue {
        AnyValue { value: Some(value) }
    }

    #[test]
    fn values_read_as_the_specification_has_them() {
        let of = |value| super::of(Some(&any(value)));
        assert_eq!(of(Value::StringValue("a \"b\"".to_owned())), "a \"b\"");
        assert_eq!([of(Value::BoolValue(true)), of(Value::IntValue(-42))], ["true", "-42"]);
        let doubles = [3.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(|number| of(Value::DoubleValue(number)));
        assert_eq!(doubles, ["3.5", "NaN", "Infinity", "-Infinity"]);
        assert_eq!(of(Value::BytesValue(b"hello world".to_vec())), "aGVsbG8gd29ybGQ=");
        assert_eq!([super::of(None), super::of(Some(&AnyValue::default()))], ["", ""]);
    }

    #[test]
    fn what_has_parts_is_json() {
        let parts = vec![any(Value::IntValue(1)), any(Value::DoubleValue(f64::NEG_INFINITY)), AnyValue::default()];
        let array = any(Value::ArrayValue(ArrayValue { values: parts }));
        assert_eq!(of(Some(&array)), r#"[1,"-Infinity",null]"#);
        let pair = KeyValue { key: "a".to_owned(), value: Some(array), ..KeyValue::default() };
        let map = any(Value::KvlistValue(KeyValueList { values: vec![pair] }));
        assert_eq!(of(Some(&map)), r#"{"a":[1,"-Infinity",null]}"#);
    }

    #[test]
    fn texts_stay_within_their_line_and_quotes() {
        assert_eq!(escaped("a\\b\"c\nd\0\r"), "a\\\\b\\\"c\\nd\u{fffd}\r");
        assert_eq!(lines("a\\b\"c\nd"), "a\\\\b\"c\\nd");
    }
}
