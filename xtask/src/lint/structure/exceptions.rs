//! What breaks a law of order or makes a circle and is known. Each has to go as soon as it breaks none.

use std::fmt;
use std::path::Path;

/// What is in one file or folder may use what is in another one all the same.
pub(super) struct Exception {
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    pub(super) why: &'static str,
}

pub(super) const ALL: &[Exception] = &[
    Exception { from: "agent-ebpf/src/number.rs", to: "agent-ebpf/src/read.rs", why: "UNREADABLE is number's" },
    Exception {
        from: "kubectl-rewind/src/why",
        to: "kubectl-rewind/src/why",
        why: "becomes a crate of its own, without circles",
    },
    Exception {
        from: "recording/src/ending.rs",
        to: "recording/src/filter.rs",
        why: "the name of a thread gets a file of its own",
    },
    Exception {
        from: "recording/src/render/event_text.rs",
        to: "recording/src/render/words.rs",
        why: "each kind of event gets its own words",
    },
];

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
