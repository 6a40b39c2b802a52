//! W3C Trace Context: which trace a request belongs to.
//!
//! Facts from <https://www.w3.org/TR/trace-context/> (level 1) and <https://www.w3.org/TR/trace-context-2/> (the
//! random flag). A header that breaks a rule is no header: the request begins a trace of its own.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it reads |
//! |---|---|
//! | [`parent`] | `traceparent` |
//! | [`state`] | `tracestate` |

mod parent;
mod state;
#[cfg(test)]
mod tests;

pub use parent::TraceParent;
pub use state::{MAX_MEMBERS, MAX_STATE_BYTES, TraceState};
