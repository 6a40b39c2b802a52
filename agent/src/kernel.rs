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
mod load;
mod maps;
mod missed;
mod offsets;
pub mod pins;
mod plan;

pub use adopt::{Adopted, PinnedRings};
pub use entries::{Entered, directory_of, path_of};
pub use error::Error;
pub use load::{Kernel, Load, Loaded, hash};
pub use plan::Plan;
