//! The kernel side, loaded: the only module that names Aya.
//!
//! ```text
//! btf -> offsets -> plan -> load (rings and segments in the pool) -> attach -> cgroups that are there -> pin
//!                                                   pins that are there -> adopt -> cgroups that are there
//! ```

mod adopt;
pub mod btf;
mod cgroups;
pub mod floor;
mod load;
mod maps;
mod missed;
mod offsets;
pub mod pins;
mod plan;
mod shrink;

pub use adopt::{Adopted, taken_rings};
pub use cgroups::{directory_of, path_of, register};
pub use load::{Error, Kernel, Load, Loaded, hash};
pub use plan::{HOOKS, Hook, Plan, Sizes, Stage, TooSmall};
