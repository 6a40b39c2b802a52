//! Which bytes of a blob are text, and so may hold secrets.

/// How a text is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    /// One text.
    Text,
    /// Strings, each with its NUL.
    Strings,
    /// A secret by what the call is for.
    Secret,
    /// The head of a message of HTTP/1.
    HttpHead,
}

/// Where in a blob its text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextSpan {
    /// The first byte of it.
    pub from: usize,
    /// How it is to be read.
    pub kind: TextKind,
}

impl TextSpan {
    /// The whole blob is one text.
    pub const WHOLE: Self = Self { from: 0, kind: TextKind::Text };
    /// The whole blob is strings, each with its NUL.
    pub const STRINGS: Self = Self { from: 0, kind: TextKind::Strings };
}
