//! Attributes: keys with values.

use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, any_value::Value};

/// Most bytes of one value that is text: a path or an argument of a program may be as long as it likes.
const MAX_TEXT: usize = 4096;

/// What a value may be made of.
pub(crate) fn value(value: impl Into<Attribute>) -> AnyValue {
    AnyValue { value: Some(value.into().0) }
}

/// An attribute.
#[must_use]
pub fn attribute(key: &str, of: impl Into<Attribute>) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(value(of)), ..KeyValue::default() }
}

/// An attribute, if there is something to say.
#[must_use]
pub fn known(key: &str, text: &str) -> Option<KeyValue> {
    (!text.is_empty()).then(|| attribute(key, text))
}

/// A value of one of OTLP's types.
#[derive(Debug)]
pub struct Attribute(Value);

impl From<&str> for Attribute {
    fn from(text: &str) -> Self {
        let end = text.floor_char_boundary(MAX_TEXT);
        Self(Value::StringValue(text.get(..end).unwrap_or_default().to_owned()))
    }
}

impl From<String> for Attribute {
    fn from(mut text: String) -> Self {
        text.truncate(text.floor_char_boundary(MAX_TEXT));
        Self(Value::StringValue(text))
    }
}

impl From<i64> for Attribute {
    fn from(number: i64) -> Self {
        Self(Value::IntValue(number))
    }
}

impl From<u32> for Attribute {
    fn from(number: u32) -> Self {
        i64::from(number).into()
    }
}

impl From<u64> for Attribute {
    fn from(number: u64) -> Self {
        i64::try_from(number).unwrap_or(i64::MAX).into()
    }
}

impl From<bool> for Attribute {
    fn from(is: bool) -> Self {
        Self(Value::BoolValue(is))
    }
}

impl From<Vec<String>> for Attribute {
    fn from(texts: Vec<String>) -> Self {
        let values = texts.iter().map(|text| value(text.as_str())).collect();
        Self(Value::ArrayValue(ArrayValue { values }))
    }
}
