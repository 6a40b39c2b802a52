//! What an error is about, by its words.

/// How words begin of errors that have to do with files.
const OF_FILES: &[&str] = &[
    "file", "direct", "path", "conf", "pars", "setting", "load", "read", "open", "find", "found", "exist", "missing",
    "key", "not set", "required", "no such",
];
/// With peers.
const OF_PEERS: &[&str] = &[
    "addrinuse",
    "connect",
    "econn",
    "refused",
    "reach",
    "unavailable",
    "socket",
    "network",
    "peer",
    "server",
    "bind",
    "listen",
    "database",
    "upstream",
    "broker",
    "endpoint",
    "port ",
];

/// How words begin of errors of the program's own code.
const OF_CODE: &[&str] = &[
    "syntaxerror",
    "typeerror",
    "nameerror",
    "attributeerror",
    "indexerror",
    "zerodivision",
    "referenceerror",
    "rangeerror",
    "nullpointer",
    "classcast",
    "nomethod",
    "assert",
    "nil ",
    "undefined",
    "index out of",
];

/// Whether a text is about files.
pub(crate) fn files(text: &str) -> bool {
    has_any(text, OF_FILES)
}

/// Whether a text is about peers.
pub(crate) fn peers(text: &str) -> bool {
    has_any(text, OF_PEERS)
}

/// Whether a text is about the program's own code.
pub(crate) fn code(text: &str) -> bool {
    has_any(text, OF_CODE)
}

/// Whether a word of a text begins so.
fn has_any(text: &str, words: &[&str]) -> bool {
    let text = text.to_lowercase();
    let begins =
        |at: usize| !text.get(..at).is_some_and(|before| before.ends_with(|c: char| c.is_alphanumeric() || c == '_'));
    words.iter().any(|word| text.match_indices(word).any(|(at, _)| begins(at)))
}
