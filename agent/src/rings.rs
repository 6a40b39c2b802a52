//! Rings, mapped: copying one out, and giving it back; and what no ring holds: the calls in flight, and the
//! descriptors that were open before.

pub mod descriptors;
pub mod in_progress;
mod layout;
mod main_process;
mod map;
mod register;
mod shrink;
mod snapshot;
pub mod tail;

pub use map::{Error, Mapped, count_taken};
pub use register::{Decision, Registrar};
pub use snapshot::{Before, chunks, coverage, snapshot};
