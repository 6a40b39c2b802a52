//! Words that tell of a failure, whatever of.

/// Words that tell of a failure.
const FAILURES: &[&str] = &[
    "fail",
    "error",
    "cannot",
    "can't",
    "can not",
    "could not",
    "couldn't",
    "unable",
    "not found",
    "no such",
    "denied",
    "refused",
    "invalid",
    "missing",
    "unknown",
    "unrecognized",
    "unexpected",
    "unsupported",
    "not permitted",
    "not defined",
    "not allowed",
    "not authori",
    "unauthori",
    "forbidden",
    "timed out",
    "timeout",
    "must ",
    "required",
    "is a directory",
    "not a directory",
    "in use",
    "exceeded",
    "abort",
    "bad ",
    "wrong ",
    "illegal",
    "corrupt",
    "out of memory",
    "no space",
    "does not",
    "doesn't",
    "not set",
    "is not",
    "crash",
    " fault",
    "segfault",
    "exhausted",
    "broken",
    "too many",
    "rejected",
    "denies",
    "gave up",
    "unreachable",
    "mismatch",
    "expired",
    "too long",
    "violation",
    "violates",
    "duplicate",
    "unavailable",
    "read-only",
    "no route",
    "reset by",
    "out of range",
    "is locked",
    " busy",
    "insufficient",
    "incorrect",
    "no valid",
    "no (valid)",
    "no matching",
    "undefined reference",
    "undefined symbol",
    "undeclared",
    "unresolved",
];

/// How words end that tell of a failure behind "not".
const NEGATED: &[&str] =
    &["able", "accepted", "applied", "authenticated", "authorised", "authorized", "ible", "ready", "valid"];

/// Whether a text has a word of a failure.
pub(crate) fn tells_failure(text: &str) -> bool {
    let lower = text.to_lowercase();
    FAILURES.iter().any(|words| lower.contains(words)) || is_negated(&lower)
}

/// Whether a text says that something is not what it is to be: "signing key not usable", "not accepted by".
fn is_negated(lower: &str) -> bool {
    let mut behind = lower.split(" not ").skip(1).filter_map(|rest| rest.split(|c: char| !c.is_alphabetic()).next());
    behind.any(|word| NEGATED.iter().any(|end| word.ends_with(end)))
}
