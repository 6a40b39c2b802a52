//! Where the host's files are. In a pod they are elsewhere.

use std::fs;
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
    /// By where the host's root directory is mounted, with what is mounted there, if it is. Else by the first process
    /// of a `/proc`: its root directory is the host's if the PID namespace is (`hostPID` in a pod). To look through it
    /// takes the right to trace that process (`proc_pid_root(5)`). Who may not, and sees the same mounts as it, is on the
    /// host itself.
    #[must_use]
    pub fn of(proc: &Path, mounted: Option<&Path>) -> Self {
        let root = mounted.map_or_else(|| Self::root(proc), Path::to_owned);
        // The own one tells of CPUs, at least.
        let sys = Some(root.join("sys")).filter(|sys| sys.join("devices").exists());
        Self { proc: proc.to_owned(), sys: sys.unwrap_or_else(|| "/sys".into()), root }
    }

    fn root(proc: &Path) -> PathBuf {
        let its = proc.join("1/root");
        let mounts = |process: &str| fs::read(proc.join(process).join("mountinfo")).ok();
        let is_own = !its.join("proc").exists() && mounts("1").is_some_and(|its| Some(its) == mounts("self"));
        if is_own { PathBuf::from("/") } else { its }
    }

    /// A file that is at an absolute path for the host's processes.
    #[must_use]
    pub fn at(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roots(own: &str, of_first: &str, has_root: bool) -> (tempfile::TempDir, Roots) {
        let dir = tempfile::tempdir().unwrap();
        for (process, mounts) in [("1", of_first), ("self", own)] {
            fs::create_dir(dir.path().join(process)).unwrap();
            fs::write(dir.path().join(process).join("mountinfo"), mounts).unwrap();
        }
        if has_root {
            fs::create_dir_all(dir.path().join("1/root/proc")).unwrap();
            fs::create_dir_all(dir.path().join("1/root/sys/devices")).unwrap();
        }
        let roots = Roots::of(dir.path(), None);
        (dir, roots)
    }

    #[test]
    fn the_hosts_root_is_that_of_its_first_process() {
        let (dir, roots) = roots("pod", "host", true);
        assert_eq!((roots.root, roots.sys), (dir.path().join("1/root"), dir.path().join("1/root/sys")));
        assert_eq!(Roots::of(dir.path(), None).at(Path::new("/var/lib")), dir.path().join("1/root/var/lib"));
    }

    #[test]
    fn where_it_is_mounted_goes_before_what_the_first_process_sees() {
        let (dir, _) = roots("pod", "host", true);
        let mounted = dir.path().join("1/root");
        let of = Roots::of(Path::new("/nowhere"), Some(&mounted));
        assert_eq!((of.sys, of.root.clone()), (mounted.join("sys"), mounted));
        assert_eq!(of.proc, Path::new("/nowhere"));
    }

    #[test]
    fn who_may_not_look_through_it_is_on_the_host_or_has_no_root() {
        assert_eq!(roots("host", "host", false).1.root, Path::new("/"));
        let (dir, roots) = roots("pod", "host", false);
        assert_eq!((roots.root, roots.sys), (dir.path().join("1/root"), PathBuf::from("/sys")));
        assert_eq!(Roots::of(Path::new("/nowhere"), None).root, Path::new("/nowhere/1/root"));
    }
}
