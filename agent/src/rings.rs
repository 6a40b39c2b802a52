//! Rings, mapped: copying one out, and giving it back; and what no ring holds: the calls in flight, and the
//! descriptors that were open before.

pub(crate) mod descriptors;
pub(crate) mod in_progress;
mod layout;
pub(crate) mod living;
mod main_process;
mod map;
mod register;
mod shrink;
mod snapshot;
pub(crate) mod tail;

pub(crate) use map::{Error, Mapped, Position, count_taken};
pub(crate) use register::{Decision, Registrar};
pub(crate) use snapshot::{Before, chunks, coverage, snapshot};
