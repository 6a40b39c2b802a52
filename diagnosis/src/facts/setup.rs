//! What the runtime did last while it set the container up: where that ends before the container's
//! program runs, it tells which step failed.

use super::failure::Failure;
use super::owner::Owner;
use super::seen::Seen;
use super::subject::{Subject, opened};
use crate::calls::{self, bits};
use crate::meaning::Meaning;
use crate::text::last_part;
use rewind_recording::decode;
use std::collections::BTreeSet;

/// The last steps of one process of the runtime.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Whether it has made the container's root its own: paths are the container's from then on.
    pub is_inside: bool,
    /// Whether it has become the container's user: what is left is to look for the program and run it.
    has_user: bool,
    /// Whether it has just entered the working directory, and did nothing since but look for a file: crun does so
    /// before it becomes the container's user.
    has_entered: bool,
    /// The last step; `None` if there was none.
    pub last: Option<Step>,
    /// Other paths of the same name that it looked for in vain right before that.
    pub tried: Vec<String>,
    /// Paths that it found since it was inside.
    pub found: BTreeSet<String>,
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
    /// Whether all that is left is to look for the program and run it.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.has_user || self.has_entered
    }

    /// Takes a call of the runtime into account.
    pub(super) fn feed(&mut self, seen: &Seen<'_, '_>) {
        if seen.row().is_some_and(|row| row.has(bits::SETS_USER)) && seen.has_succeeded() {
            // It has become another user.
            self.has_user = self.is_inside;
        }
        if let Some(step) = Step::of(seen) {
            self.add(step);
        }
    }

    fn add(&mut self, step: Step) {
        if calls::has(&step.call.name, bits::CHANGES_ROOT) && !step.failed {
            self.is_inside = true;
        }
        let enters = calls::has(&step.call.name, bits::CHANGES_DIRECTORY) && !step.failed && self.is_inside;
        self.has_entered = enters || self.has_entered && step.is_look();
        let before = self.last.take();
        // Go looks again at what it could not make.
        if let Some(before) = before.as_ref().filter(|before| before.failed && !before.is_look())
            && step.is_missed_look()
            && before.call.subject == step.call.subject
        {
            self.last = Some(before.clone());
            return;
        }
        let before = before.filter(|before| before.is_missed_look() && step.is_missed_look());
        match (before.map(|before| before.call.subject), &step.call.subject) {
            (Some(Subject::Path(before)), Subject::Path(now))
                if before != *now && last_part(&before) == last_part(now) =>
            {
                self.tried.push(before);
            }
            _ => self.tried.clear(),
        }
        if let (Subject::Path(path), false, true) = (&step.call.subject, step.failed, self.is_inside) {
            self.found.insert(path.clone());
        }
        self.last = Some(step);
    }
}

impl Step {
    /// What a call of the runtime is as a step; `None` where it is none.
    fn of(seen: &Seen<'_, '_>) -> Option<Self> {
        let errno = seen.errno();
        let takes_path = seen.row().is_some_and(|row| row.has(bits::FILE));
        // Go asks of each file whether it can be waited for.
        let failed = errno.is_some_and(|errno| {
            let is_answer = matches!(Meaning::of(seen.name, errno), Meaning::Answer(_));
            !is_answer && !seen.has(bits::WATCHES) && seen.has_failed()
        });
        if !takes_path && !failed {
            return None;
        }
        let mut paths = decode::paths(seen.invocation, seen.arch).map(|path| opened(seen.table, &path));
        let subject = paths.next().map(Subject::Path);
        let target = paths.next();
        let subject = subject.unwrap_or_else(|| Subject::of(seen));
        let call = Failure::of(seen, subject, errno.unwrap_or_default());
        Some(Self { call, failed, target, owner: Owner::told(seen) })
    }

    fn is_look(&self) -> bool {
        calls::has(&self.call.name, bits::ASKS)
    }

    fn is_missed_look(&self) -> bool {
        self.is_look() && self.failed && self.call.is_absent()
    }
}
