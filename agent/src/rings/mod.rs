//! Rings, mapped: copying one out, and giving it back.

pub mod before;
mod map;
pub mod shrink;
mod snapshot;

pub use map::{Error, Mapped, count_taken};
pub use snapshot::{chunks, snapshot};
