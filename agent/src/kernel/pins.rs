//! Where programs, rings and pool outlive the agent: a directory in bpffs.
//!
//! ```text
//! /sys/fs/bpf/rewind/       locked by the agent that uses it (flock on the directory)
//!   v3/                     one layout (rewind_common::layout::LAYOUT)
//!     link_sys_enter ...    attached programs, which hold the programs and their maps
//!     iter_in_flight        a file that runs an iterator when it is read
//!     prog_release ...      programs that the agent itself runs
//!     prog_sys_enter ...    attached programs, for what the kernel counts of them
//!     ARENA RINGS ...       maps
//!     NODE                  pinned last and removed first: a set without it is torn
//! ```
//!
//! A link in bpffs is what keeps a program attached (`kernel/bpf/inode.c`): nothing else is needed
//! for recording to go on without the agent, and when its last name is removed the kernel takes it out.

use rewind_common::layout::LAYOUT;
use rustix::fs::{FlockOperation, flock, statfs};
use rustix::mount::{MountFlags, mount};
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// The map of what concerns the node as a whole, which is pinned last.
pub(super) const NODE: &str = "NODE";
/// Where they are unless said otherwise.
pub(crate) const DEFAULT: &str = "/sys/fs/bpf/rewind";
/// Where bpffs belongs; mounted there if it is not.
const BPFFS: &str = "/sys/fs/bpf";
/// `BPF_FS_MAGIC` (`include/uapi/linux/magic.h`).
const MAGIC: u32 = 0xcafe_4a11;

/// Why nothing can be pinned.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Another agent is there.
    #[error(
        "another agent{} has its programs and rings at {path}; stop it first, or give this one a path of its own with --pins",
        by.map(|tgid| format!(" (process {tgid})")).unwrap_or_default()
    )]
    Taken {
        /// The place.
        path: PathBuf,
        /// Who, where the kernel says.
        by: Option<i32>,
    },
    /// bpffs is not mounted and cannot be.
    #[error(
        "cannot mount bpffs at {BPFFS}: {0}; mount it (mount -t bpf bpf {BPFFS}), or let recording end with the agent by --no-pins"
    )]
    Mount(#[source] io::Error),
    /// Another file system.
    #[error(
        "{0} is not in a bpffs, where alone programs outlive the agent; give a path below {BPFFS} with --pins, or let recording end with the agent by --no-pins"
    )]
    Elsewhere(PathBuf),
    /// The directory, or something in it.
    #[error("cannot use the pins at {path}: {source}")]
    Use {
        /// The place.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// One pin.
    #[error("cannot pin {path}: {why}; let recording end with the agent by --no-pins")]
    Pin {
        /// The place.
        path: PathBuf,
        /// What the kernel or the library said.
        why: String,
    },
}

/// What is at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PinState {
    /// Nothing.
    Nothing,
    /// A whole set.
    Whole,
    /// What an agent left that died while it pinned or removed.
    Torn,
}

/// The right to a place. No other agent has it as long as this lives.
#[derive(Debug)]
pub(crate) struct Pins {
    base: PathBuf,
    /// Holds the lock.
    _lock: File,
}

impl Pins {
    /// Takes the place; mounts bpffs and makes directories where they are missing.
    ///
    /// # Errors
    /// [`Error`].
    pub(crate) fn take(base: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Use { path: base.to_owned(), source };
        mounted(base)?;
        loop {
            DirBuilder::new().recursive(true).mode(0o700).create(base).map_err(failed)?;
            let lock = File::open(base).map_err(failed)?;
            match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Err(rustix::io::Errno::WOULDBLOCK) => {
                    return Err(Error::Taken { path: base.to_owned(), by: holder(&lock) });
                }
                other => other.map_err(|error| failed(error.into()))?,
            }
            // `unload` may have removed the directory just before: then the lock is on nothing.
            let (ours, there) = (lock.metadata().map_err(failed)?, fs::metadata(base));
            if there.is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())) {
                return Ok(Self { base: base.to_owned(), _lock: lock });
            }
        }
    }

    /// The directory of this version's layout.
    #[must_use]
    pub(crate) fn dir(&self) -> PathBuf {
        self.base.join(format!("v{LAYOUT}"))
    }

    /// What is in it.
    #[must_use]
    pub(crate) fn found(&self) -> PinState {
        match (self.dir().join(NODE).exists(), self.dir().exists()) {
            (true, _) => PinState::Whole,
            (false, true) => PinState::Torn,
            (false, false) => PinState::Nothing,
        }
    }

    /// Directories of other layouts.
    ///
    /// # Errors
    /// [`Error::Use`].
    pub(crate) fn others(&self) -> Result<Vec<PathBuf>, Error> {
        let own = self.dir();
        Ok(listed(&self.base)?.into_iter().filter(|dir| *dir != own && dir.is_dir()).collect())
    }

    /// Makes the directory for a new set.
    ///
    /// # Errors
    /// [`Error::Use`].
    pub(super) fn make(&self) -> Result<PathBuf, Error> {
        let dir = self.dir();
        let made = DirBuilder::new().mode(0o700).create(&dir);
        made.map_err(|source| Error::Use { path: dir.clone(), source })?;
        Ok(dir)
    }

    /// Removes one directory and what is pinned in it, and says how many pins that were.
    ///
    /// # Errors
    /// [`Error::Use`].
    pub(crate) fn remove(&self, dir: &Path) -> Result<usize, Error> {
        let mut files = listed(dir)?;
        // What says that the set is whole goes first.
        files.sort_by_key(|file| file.file_name() != Some(OsStr::new(NODE)));
        for file in &files {
            fs::remove_file(file).map_err(|source| Error::Use { path: file.clone(), source })?;
        }
        fs::remove_dir(dir).map_err(|source| Error::Use { path: dir.to_owned(), source })?;
        Ok(files.len())
    }

    /// Removes everything; how many pins that were.
    ///
    /// # Errors
    /// [`Error::Use`].
    pub(crate) fn unload(self) -> Result<usize, Error> {
        let mut count = 0;
        for dir in listed(&self.base)?.into_iter().filter(|dir| dir.is_dir()) {
            count += self.remove(&dir)?;
        }
        Ok(count)
    }
}

impl Drop for Pins {
    fn drop(&mut self) {
        // Refused where something is pinned. An agent that waits for the lock sees that it is on nothing.
        let _ = fs::remove_dir(&self.base);
    }
}

/// What is in a directory; nothing, if it is not there.
fn listed(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Use { path: dir.to_owned(), source };
    match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries.map_err(failed)?.map(|entry| Ok(entry.map_err(failed)?.path())).collect(),
    }
}

/// Sees to it that `base` is in a bpffs.
fn mounted(base: &Path) -> Result<(), Error> {
    if is_bpffs(base) {
        return Ok(());
    }
    if !base.starts_with(BPFFS) || is_bpffs(Path::new(BPFFS)) {
        return Err(Error::Elsewhere(base.to_owned()));
    }
    mount("bpf", BPFFS, "bpf", MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC, Some(c"mode=0700"))
        .map_err(|error| Error::Mount(error.into()))?;
    tracing::info!("mounted bpffs at {BPFFS}");
    Ok(())
}

/// Whether what is there of a path is in a bpffs.
fn is_bpffs(path: &Path) -> bool {
    let there = path.ancestors().find(|path| path.exists());
    there.and_then(|path| statfs(path).ok()).is_some_and(|found| found.f_type as u32 == MAGIC)
}

/// Whether there is anything at a place, without taking or making it.
#[must_use]
pub(crate) fn is_there(base: &Path) -> bool {
    is_bpffs(base) && base.exists()
}

/// Who holds the lock on a directory (`proc_locks(5)`).
fn holder(dir: &File) -> Option<i32> {
    let inode = dir.metadata().ok()?.ino();
    let lock = procfs::locks().ok()?.into_iter().find(|lock| lock.inode == inode)?;
    lock.pid.filter(|pid| *pid > 0)
}
