//! Where the host's files are. In a pod they are elsewhere.

use std::path::{Path, PathBuf};

/// Where the host's files are.
#[derive(Clone, Debug)]
pub struct Roots {
    /// Its `/proc`, of its initial PID namespace.
    pub proc: PathBuf,
    /// Its `/sys`, of its network namespace.
    pub sys: PathBuf,
    /// Its root directory.
    pub root: PathBuf,
}

impl Roots {
    /// By the first process of a `/proc`: its root directory is the host's, with what is mounted there, if the PID
    /// namespace is (`hostPID` in a pod). To look through it takes the right to trace that process
    /// (`proc_pid_root(5)`). Where that is missing, the own `/sys` tells of CPUs, at least.
    #[must_use]
    pub fn of(proc: &Path) -> Self {
        let root = proc.join("1/root");
        let sys = Some(root.join("sys")).filter(|sys| sys.join("devices").exists());
        Self { proc: proc.to_owned(), sys: sys.unwrap_or_else(|| "/sys".into()), root }
    }

    /// A file that is at an absolute path for the host's processes.
    #[must_use]
    pub fn at(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }
}
