//! The kernel side, loaded: the only module that names Aya.
//!
//! ```text
//! btf -> offsets -> plan -> load -> pool (rings and segments are free) -> attach
//! ```

pub mod btf;
pub mod cgroups;
mod load;
mod offsets;
mod plan;

pub use load::{Error, Kernel, Load, Loaded};
pub use plan::{Hook, HOOKS, Plan, Sizes};
