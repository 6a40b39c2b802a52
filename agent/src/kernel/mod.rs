//! The kernel side, loaded: the only module that names Aya.
//!
//! ```text
//! btf -> offsets -> plan -> load (rings and segments in the pool) -> attach -> cgroups that are there
//! ```

pub mod btf;
mod cgroups;
pub mod floor;
mod load;
mod offsets;
mod plan;

pub use cgroups::{path_of, register};
pub use load::{Error, Kernel, Load, Loaded};
pub use plan::{HOOKS, Hook, Plan, Sizes, Stage, TooSmall};
