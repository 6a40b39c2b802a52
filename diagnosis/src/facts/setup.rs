//! What the runtime did last while it set the container up: where that ends before the container's
//! program runs, it tells which step failed.

use super::failure::{Failure, Subject};
use super::owner::Owner;
use crate::text::last_part;

/// The last steps of one process of the runtime.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Whether it has made the container's root its own: paths are the container's from then on.
    pub is_inside: bool,
    /// The last step; `None` if there was none.
    pub last: Option<Step>,
    /// Other paths of the same name that it looked for in vain right before that.
    pub tried: Vec<String>,
    /// The path that it looked at last, and found.
    pub found: Option<String>,
}

/// A call of the runtime that takes a path, or any that failed.
#[derive(Clone, Debug)]
pub struct Step {
    /// The call; of one that did not fail, its errno means nothing.
    pub call: Failure,
    /// Whether it failed.
    pub failed: bool,
    /// Where to, of a call that takes two paths (`mount`).
    pub target: Option<String>,
    /// What it told of a file.
    pub owner: Option<Owner>,
}

impl Setup {
    /// Takes a step into account.
    pub(super) fn add(&mut self, step: Step) {
        if matches!(&*step.call.name, "pivot_root" | "chroot") && !step.failed {
            self.is_inside = true;
        }
        let missing = |step: &Step| step.failed && step.call.is_absent();
        let before = self.last.take().filter(|before| missing(before) && missing(&step));
        match (before.map(|before| before.call.subject), &step.call.subject) {
            (Some(Subject::Path(before)), Subject::Path(now))
                if before != *now && last_part(&before) == last_part(now) =>
            {
                self.tried.push(before);
            }
            _ => self.tried.clear(),
        }
        if let (Subject::Path(path), false) = (&step.call.subject, step.failed) {
            self.found = Some(path.clone());
        }
        self.last = Some(step);
    }
}
