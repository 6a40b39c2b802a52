//! What the kernel side counts of each recording, whether its records are held or not.

use super::{Error, Recorder};
use crate::clock;
use rewind_common::capture::call_class::CLASSES;
use rewind_common::ring::ClassCount;
use rewind_container_metrics::Hierarchies;
use rewind_recording::header::Header;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// One recording's counts.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    /// Whose it is, and when it began and ended.
    pub header: Header,
    /// The path of its cgroup from the root of the hierarchy.
    pub cgroup: PathBuf,
    /// Calls by class (`rewind_common::capture::call_class`).
    pub classes: [ClassCount; CLASSES],
    /// Processes that ended with a status other than 0.
    pub failures: u64,
}

impl Counted {
    /// Of calls of all classes: how many there were, and how many have failed.
    pub(crate) fn calls_and_errors(&self) -> (u64, u64) {
        let sum = |of: fn(&ClassCount) -> u64| self.classes.iter().map(of).sum();
        (sum(|class| class.calls), sum(|class| class.errors))
    }
}

impl Recorder {
    /// Where cgroups are mounted now, v1's too; v2 where the recorder has found it. In a pod as well they are where this
    /// process sees them.
    pub(crate) fn hierarchies(&self) -> Hierarchies {
        let mountinfo = fs::read("/proc/self/mountinfo").unwrap_or_default();
        Hierarchies::read(&String::from_utf8_lossy(&mountinfo), Path::new("/")).with_unified(&self.cgroup_mount)
    }

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
                cgroup: OsStr::from_bytes(ring.path.split(|&byte| byte == 0).next().unwrap_or_default()).into(),
                classes,
                failures: ring.failures,
            });
        }
        Ok(all)
    }
}
