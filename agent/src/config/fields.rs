//! One section of a file, field by field: what is not understood is said by its name.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The fields of a section that were not taken yet.
pub(super) struct Fields {
    /// Where it stands, with a point at its end; empty at the top.
    path: String,
    fields: Map<String, Value>,
    known: Vec<&'static str>,
}

impl Fields {
    /// Of what stands at `path`.
    pub(super) fn of(path: &str, value: Value) -> Result<Self, String> {
        let fields = match value {
            Value::Null => Map::new(),
            Value::Object(fields) => fields,
            _ => return Err(format!("`{}` has to have fields", path.trim_end_matches('.'))),
        };
        Ok(Self { path: path.to_owned(), fields, known: Vec::new() })
    }

    /// A section in it, which may be left out.
    pub(super) fn section(&mut self, name: &'static str) -> Result<Self, String> {
        let value = self.value(name);
        Self::of(&format!("{}{name}.", self.path), value)
    }

    /// A field; `None`: it is left out.
    pub(super) fn take<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<Option<T>, String> {
        let value = self.value(name);
        serde_json::from_value(value).map_err(|error| self.wrong(name, &error.to_string()))
    }

    /// A field that is a text which `read` understands.
    pub(super) fn take_as<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        let text = match self.value(name) {
            Value::Null => return Ok(None),
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(is) => is.to_string(),
            _ => return Err(self.wrong(name, "it has to be a text")),
        };
        read(&text).map(Some).map_err(|error| self.wrong(name, &error))
    }

    /// A field that is one of a few words.
    pub(super) fn choice<T: Copy>(&mut self, name: &'static str, words: &[(&str, T)]) -> Result<Option<T>, String> {
        self.take_as(name, |text| {
            let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
            let all: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            found.ok_or_else(|| format!("it has to be one of {}", all.join(", ")))
        })
    }

    /// That was all of it.
    pub(super) fn finish(self) -> Result<(), String> {
        match self.fields.keys().next() {
            None => Ok(()),
            Some(name) => Err(format!("there is no `{}{name}`; there are {}", self.path, self.known.join(", "))),
        }
    }

    fn value(&mut self, name: &'static str) -> Value {
        self.known.push(name);
        self.fields.remove(name).unwrap_or(Value::Null)
    }

    fn wrong(&self, name: &str, why: &str) -> String {
        format!("`{}{name}`: {why}", self.path)
    }
}
