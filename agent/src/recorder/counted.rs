//! What the kernel side counts of each recording, whether its records are held or not.

use super::{Error, Recorder};
use crate::{clock, kernel};
use rewind_common::capture::call_class::CLASSES;
use rewind_common::ring::ClassCount;
use rewind_recording::header::Header;

/// One recording's counts.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    /// Whose it is, and when it began and ended.
    pub header: Header,
    /// The path of its cgroup from the root of the hierarchy.
    pub cgroup: String,
    /// Calls by class (`rewind_common::capture::call_class`).
    pub classes: [ClassCount; CLASSES],
    /// Processes that ended with a status other than 0.
    pub failures: u64,
}

impl Recorder {
    /// All recordings with their counts. Reads no record.
    ///
    /// # Errors
    /// [`Error::Kernel`].
    pub(crate) fn counted(&self) -> Result<Vec<Counted>, Error> {
        let mut all = Vec::new();
        for (index, ring) in self.rings() {
            let mut classes = [ClassCount::default(); CLASSES];
            let cursors = self.kernel().cursors(index)?;
            for cursors in cursors.iter().filter(|cursors| cursors.recording == ring.recording) {
                for (sum, of_cpu) in classes.iter_mut().zip(&cursors.classes) {
                    sum.calls += of_cpu.calls;
                    sum.errors += of_cpu.errors;
                    sum.time_ns += of_cpu.time_ns;
                }
            }
            all.push(Counted {
                header: self.header(&ring, clock::now_ns()),
                cgroup: kernel::path_of(&ring.path),
                classes,
                failures: ring.failures,
            });
        }
        Ok(all)
    }
}
