//! What breaks a law of order or makes a circle and is known. Each has to go as soon as it breaks none.

use std::fmt;
use std::path::Path;

/// One file may use another all the same.
pub(super) struct Exception {
    from: &'static str,
    to: &'static str,
    why: &'static str,
}

pub(super) const ALL: &[Exception] = &[];

impl Exception {
    pub(super) const fn new(from: &'static str, to: &'static str, why: &'static str) -> Self {
        Self { from, to, why }
    }

    pub(super) fn is(&self, from: &Path, to: &Path) -> bool {
        Path::new(self.from) == from && Path::new(self.to) == to
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the exception {} -> {} ({})", self.from, self.to, self.why)
    }
}
