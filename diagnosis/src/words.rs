//! Facts as clauses: words that several rules use.

pub(crate) mod failure;
pub(crate) mod signal;
