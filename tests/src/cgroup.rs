//! A cgroup of the test's own, in the v2 hierarchy.

use anyhow::{Context as _, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where cgroup2 is mounted: of its own, or beside the v1 hierarchies.
#[must_use]
pub fn root() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    mounts.lines().find_map(|line| {
        let mut words = line.split(' ');
        let (place, kind) = (words.nth(1)?, words.next()?);
        (kind == "cgroup2").then(|| PathBuf::from(place))
    })
}

/// A cgroup that is removed when this is dropped.
#[derive(Debug)]
pub struct Cgroup {
    dir: PathBuf,
}

impl Cgroup {
    /// Makes a cgroup with a name of its own below the root.
    ///
    /// # Errors
    /// When there is no cgroup2 or no right to it.
    pub fn new(name: &str) -> Result<Self> {
        let root = root().context("no cgroup2 is mounted")?;
        Self::make(root.join(format!("rewind-test-{name}-{}", std::process::id())))
    }

    /// Makes a cgroup in the directory of another one.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn below(parent: &Path, name: &str) -> Result<Self> {
        Self::make(parent.join(name))
    }

    fn make(dir: PathBuf) -> Result<Self> {
        fs::create_dir(&dir).with_context(|| format!("cannot make the cgroup {}", dir.display()))?;
        Ok(Self { dir })
    }

    /// Its directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its path from the root of the hierarchy, as recordings name it.
    #[must_use]
    pub fn path(&self) -> String {
        let below = root().and_then(|root| self.dir.strip_prefix(root).ok().map(Path::to_owned)).unwrap_or_default();
        format!("/{}", below.display())
    }

    /// Moves a process into it.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn adopt(&self, tgid: u32) -> Result<()> {
        fs::write(self.dir.join("cgroup.procs"), tgid.to_string())
            .with_context(|| format!("cannot move {tgid} into {}", self.dir.display()))
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // A process that has just ended may still be counted; a runtime may have removed it already.
        let gone = crate::eventually::eventually("an empty cgroup", Duration::from_secs(5), || {
            (fs::remove_dir(&self.dir).is_ok() || !self.dir.exists()).then_some(())
        });
        if let Err(error) = gone {
            eprintln!("{} stays: {error}", self.dir.display());
        }
    }
}
