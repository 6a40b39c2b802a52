//! Tells the kernel side what is to happen with the cgroups that are there already.

use super::main_process;
use super::map::Mapped;
use crate::kernel::{Entered, Error, Kernel};
use rewind_common::ring::{Cgroup, ENTRY_LEVELS, PATH_BYTES, cgroup_state};
use rewind_recording::escape;
use std::collections::HashSet;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// How deep directories of cgroups are followed.
const DEPTH: u32 = 32;

/// What is decided of a cgroup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    /// One of [`cgroup_state`].
    pub state: u32,
    /// Whether it lies within a container: then it is as the container, unless its state is another.
    pub is_inner: bool,
}

/// The nearest cgroup above one that has an entry.
#[derive(Clone, Copy)]
struct Above {
    id: u64,
    state: u32,
}

/// Registers cgroups.
pub(crate) struct Registrar<'r> {
    kernel: &'r mut Kernel,
    mapped: &'r Mapped,
    rule: &'r dyn Fn(&str) -> Decision,
    /// Those that have been counted. `None`: no others than those that have no entry yet are to be, for the kernel
    /// side has run before.
    counted: Option<HashSet<u64>>,
    /// Entries made below cgroups that may be containers.
    inner: usize,
    /// Those for which there was no room.
    unfollowed: HashSet<u64>,
}

/// Most entries below cgroups that may be containers (pods of nested clusters, directories of unknown runtimes): who
/// is in a container can make such cgroups. Beyond that they are as the one above.
const MAX_INNER: usize = 2048;

impl<'r> Registrar<'r> {
    /// One that registers by `rule`, which is asked by path. `is_first`: the kernel side has not run before.
    #[must_use]
    pub(crate) fn new(
        kernel: &'r mut Kernel,
        mapped: &'r Mapped,
        rule: &'r dyn Fn(&str) -> Decision,
        is_first: bool,
    ) -> Self {
        Self { kernel, mapped, rule, counted: is_first.then(HashSet::new), inner: 0, unfollowed: HashSet::new() }
    }

    /// How many cgroups there was no room for.
    #[must_use]
    pub(crate) fn unfollowed(&self) -> usize {
        self.unfollowed.len()
    }

    /// Registers all cgroups below `mount`. What the kernel side has learnt itself meanwhile stays.
    ///
    /// # Errors
    /// [`Error::Map`]. Directories that vanish while they are looked at are passed over.
    pub(crate) fn register(&mut self, mount: &Path) -> Result<(), Error> {
        let Ok(root) = fs::metadata(mount) else { return Ok(()) };
        let Some(above) = self.one(mount, root.ino(), None, "/", 0)? else { return Ok(()) };
        self.below(mount, above, "", 1)
    }

    fn below(&mut self, dir: &Path, above: Above, path: &str, level: u32) -> Result<(), Error> {
        let Ok(entries) = fs::read_dir(dir) else { return Ok(()) };
        for entry in entries.filter_map(Result::ok).filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            let Ok(metadata) = entry.metadata() else { continue };
            let path = format!("{path}/{}", escape::text(entry.file_name().as_bytes()));
            let Some(above) = self.one(&entry.path(), metadata.ino(), Some(above), &path, level)? else { continue };
            // Removed since it was listed? Then its hook may have run before it was registered, and no
            // other will; if it is removed from now on, the hook forgets it.
            if !entry.path().exists() {
                self.kernel.drop_cgroup(metadata.ino())?;
                continue;
            }
            if level < DEPTH {
                self.below(&entry.path(), above, &path, level + 1)?;
            }
        }
        Ok(())
    }

    /// Registers one, and says which is the nearest with an entry to those below it. `None`: there is no room.
    fn one(
        &mut self,
        dir: &Path,
        id: u64,
        above: Option<Above>,
        path: &str,
        level: u32,
    ) -> Result<Option<Above>, Error> {
        if let Some(known) = self.kernel.cgroup(id)? {
            return Ok(Some(Above { id, state: known.state }));
        }
        let Decision { state, is_inner } = (self.rule)(path);
        if let Some(above) = above
            && (inherits(above.state, state, is_inner) || level > ENTRY_LEVELS)
        {
            self.count(id, above.state);
            return Ok(Some(above));
        }
        // A directory of containers, or a container whose layout nobody knows.
        let is_below_open = above.is_some_and(|above| above.state == cgroup_state::OPEN);
        if let Some(above) = above.filter(|_| is_below_open && self.inner >= MAX_INNER) {
            if state == above.state {
                self.count(id, above.state);
                return Ok(Some(above));
            }
            self.unfollowed.insert(id);
            return Ok(None);
        }
        self.inner += usize::from(is_below_open);
        let is_open = state == cgroup_state::OPEN;
        if is_open {
            self.kernel.set_path(id, &path_bytes(path))?;
        }
        let main_tgid = if is_open { main_process::of(dir) } else { 0 };
        let parent = above.map_or(0, |above| above.id);
        let entered = self.kernel.set_cgroup(id, Cgroup { state, ring: 0, parent, main_tgid, named: 0 })?;
        if entered == Entered::NoRoom {
            self.unfollowed.insert(id);
            return Ok(None);
        }
        if self.counted.is_some() || entered == Entered::Now {
            self.count_now(id, state);
        }
        Ok(Some(Above { id, state }))
    }

    /// Counts a cgroup without an entry once, unless the kernel side has done so when it was made.
    fn count(&mut self, id: u64, state: u32) {
        if self.counted.is_some() {
            self.count_now(id, state);
        }
    }

    fn count_now(&mut self, id: u64, state: u32) {
        if cgroup_state::may_record(state) && self.counted.as_mut().is_none_or(|counted| counted.insert(id)) {
            self.mapped.count_cgroup(id);
        }
    }
}

/// Whether a cgroup of this state is as the nearest above it that has an entry.
const fn inherits(above: u32, state: u32, is_inner: bool) -> bool {
    match above {
        cgroup_state::IGNORED | cgroup_state::SLICE => state == above,
        // What a container holds of others' (pods of a nested cluster) has another state.
        cgroup_state::OPEN => state == above && is_inner,
        cgroup_state::TAKING | cgroup_state::RECORDED | cgroup_state::REFUSED => state == cgroup_state::OPEN,
        _ => false,
    }
}

/// A path as the kernel side keeps it: ended by a NUL, cut where it is too long.
fn path_bytes(path: &str) -> [u8; PATH_BYTES] {
    let mut bytes = [0; PATH_BYTES];
    for (to, from) in bytes.iter_mut().take(PATH_BYTES - 1).zip(escape::bytes(path).iter()) {
        *to = *from;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_common::ring::cgroup_state::{IGNORED, OPEN, PARENT, RECORDED, SLICE, TOP};

    #[test]
    fn what_a_container_makes_below_itself_has_no_entries() {
        assert!(inherits(OPEN, OPEN, true) && inherits(RECORDED, OPEN, true) && inherits(RECORDED, OPEN, false));
        // A directory of containers whose layout nobody knows hands nothing down before one of its own tasks calls.
        assert!(!inherits(OPEN, OPEN, false));
        assert!(!inherits(OPEN, PARENT, true) && !inherits(OPEN, IGNORED, true));
        assert!(inherits(SLICE, SLICE, false) && !inherits(SLICE, OPEN, false));
        assert!(inherits(IGNORED, IGNORED, false) && !inherits(TOP, OPEN, false) && !inherits(PARENT, PARENT, false));
    }
}
