//! Facts as clauses: words that several rules use.

pub(crate) mod beside_answers;
pub(crate) mod exit_code;
pub(crate) mod failure;
pub(crate) mod fault;
pub(crate) mod signal;
pub(crate) mod throttling;
pub(crate) mod uncaught;
pub(crate) mod upstream;
pub(crate) mod waiting;
