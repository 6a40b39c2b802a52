//! A cgroup for one command.

use super::Error;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Where cgroups of recorded commands are made.
const PARENT: &str = "rewind";

/// A cgroup of the unified hierarchy that goes when it is dropped.
#[derive(Debug)]
pub(crate) struct Cgroup {
    dir: PathBuf,
    /// Its name.
    pub name: String,
    /// Its path from the root of the hierarchy.
    pub path: String,
    /// Its id.
    pub id: u64,
}

impl Cgroup {
    /// Makes one below `mount`.
    ///
    /// # Errors
    /// [`Error::Cgroup`].
    pub(crate) fn new(mount: &Path, name: &str) -> Result<Self, Error> {
        let dir = mount.join(PARENT).join(name);
        let failed = |source| Error::Cgroup { path: dir.display().to_string(), source };
        fs::create_dir_all(&dir).map_err(failed)?;
        let id = fs::metadata(&dir).map_err(failed)?.ino();
        Ok(Self { name: name.to_owned(), path: format!("/{PARENT}/{name}"), id, dir })
    }

    /// The file that a process writes 0 to, to join.
    #[must_use]
    pub(crate) fn procs(&self) -> PathBuf {
        self.dir.join("cgroup.procs")
    }

    /// Whether a process lives in it or below it.
    #[must_use]
    pub(crate) fn is_populated(&self) -> bool {
        fs::read_to_string(self.dir.join("cgroup.events")).is_ok_and(|events| events.contains("populated 1"))
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // Its parent goes with the last one; while others are there, it stays.
        let _ = fs::remove_dir(&self.dir);
        let _ = self.dir.parent().map(fs::remove_dir);
    }
}
