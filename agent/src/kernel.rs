//! The kernel side, loaded: the only module that names Aya.
//!
//! ```text
//! offsets -> plan -> load (rings and segments in the pool) -> attach -> pin
//!                                                             pins that are there -> adopt
//! ```

mod adopt;
mod complaints;
mod entries;
mod error;
mod heap;
mod load;
mod maps;
mod missed;
mod offsets;
pub(crate) mod pins;
mod plan;

pub(crate) use adopt::{Adopted, PinnedRings};
pub(crate) use entries::{Entered, directory_of, path_of};
pub(crate) use error::Error;
pub(crate) use load::{Kernel, Load, Loaded, hash};
pub(crate) use plan::{Plan, Protocol};
