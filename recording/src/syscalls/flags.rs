//! Names of numbers, by family.

pub mod file;
pub mod ipc;
pub mod memory;
pub mod network;
pub mod poll;
pub mod process;
pub mod signal;
pub mod system;
pub mod time;

/// A set of named numbers: flags, or alternatives.
#[derive(Debug, PartialEq, Eq)]
pub struct Set {
    /// What stands for a number without a name, in the comment behind it.
    pub unknown: &'static str,
    /// The argument has 64 bits, not 32.
    pub wide: bool,
    /// Number and name. Flags are printed in this order, and the first that fits is taken.
    pub names: &'static [(u64, &'static str)],
}

impl Set {
    /// Of 32 bits.
    #[must_use]
    pub const fn new(unknown: &'static str, names: &'static [(u64, &'static str)]) -> Self {
        Self { unknown, wide: false, names }
    }

    /// Of 64 bits.
    #[must_use]
    pub const fn wide(unknown: &'static str, names: &'static [(u64, &'static str)]) -> Self {
        Self { unknown, wide: true, names }
    }

    /// The name of exactly this number.
    #[must_use]
    pub fn name(&self, number: u64) -> Option<&'static str> {
        self.names.iter().find(|(value, _)| *value == number).map(|(_, name)| *name)
    }
}
