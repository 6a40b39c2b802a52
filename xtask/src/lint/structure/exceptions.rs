//! What breaks a law of order or makes a circle and is known. Each has to go as soon as it breaks none.

use std::fmt;
use std::path::Path;

/// What is in one file or folder may use what is in another one all the same.
pub(super) struct Exception {
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    pub(super) why: &'static str,
}

pub(super) const ALL: &[Exception] = &[];

impl Exception {
    pub(super) fn is(&self, from: &Path, to: &Path) -> bool {
        from.starts_with(self.from) && to.starts_with(self.to)
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the exception {} -> {} ({})", self.from, self.to, self.why)
    }
}
