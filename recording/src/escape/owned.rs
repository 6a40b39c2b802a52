//! A name that is kept.

use super::{Untrusted, text, write_name};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A name that somebody else controls, as kept text: `{}` escapes it, JSON and files hold it as it is.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UntrustedString(String);

impl UntrustedString {
    /// The text as it is: to compare, to look up and to export, not to show.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a person who typed `typed` means it: as it is, or as it is shown.
    #[must_use]
    pub fn is(&self, typed: &str) -> bool {
        self.0 == typed || format!("{self}") == typed
    }
}

impl fmt::Display for UntrustedString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_name(f, &self.0)
    }
}

impl fmt::Debug for UntrustedString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl From<String> for UntrustedString {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for UntrustedString {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<Untrusted<'_>> for UntrustedString {
    fn from(name: Untrusted<'_>) -> Self {
        Self(text(name.bytes()).into_owned())
    }
}

impl PartialEq<str> for UntrustedString {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for UntrustedString {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl PartialEq<String> for UntrustedString {
    fn eq(&self, other: &String) -> bool {
        self.0 == *other
    }
}
