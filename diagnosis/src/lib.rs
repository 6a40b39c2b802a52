//! Why a container ended, or what is wrong with a living one: from a recording to one sentence, and
//! the records that it rests on.
//!
//! ```text
//! header + records -> case.rs -> groups.rs + noise.rs -> rules/ -> diagnosis.rs -> screen | JSON | one sentence
//!                     one pass   what failed             findings   all in words
//! ```
//!
//! A rule is a pure function from a [`case::Case`] to [`rules::Finding`]s, in a file of its own. Each
//! finding names the records it rests on and has a weight; the heaviest is the answer. Weights are
//! compared across rules, so what they mean is said in one place: [`weight`].
//!
//! What the records do not tell is said to be unknown.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod case;
pub mod diagnosis;
mod gather;
pub mod groups;
mod idle;
pub mod memory;
pub mod noise;
mod paths;
mod permission;
mod requests;
pub mod rules;
#[cfg(any(test, feature = "scene"))]
pub mod scene;
mod sections;
#[cfg(test)]
mod tests;
mod text;
pub mod weight;

pub use diagnosis::{Diagnosis, diagnose};
