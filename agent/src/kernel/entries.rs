//! What stands in the maps: single entries, read and written.

use super::error::Error;
use super::load::Kernel;
use super::maps::{map_error, typed};
use aya::maps::{Array, HashMap, Map, MapError, PerCpuArray};
use rewind_common::ring::{Cgroup, Cursors, IDENTITY_BYTES, PATH_BYTES, Share, cgroup_state};
use rewind_recording::escape;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use zerocopy::{FromBytes, IntoBytes};

/// `BPF_NOEXIST` (`include/uapi/linux/bpf.h`).
const ONLY_NEW: u64 = 1;
/// `BPF_EXIST`: a cgroup that was removed meanwhile stays so.
const ONLY_KNOWN: u64 = 2;

/// What became of an entry that was to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entered {
    /// It is there now.
    Now,
    /// There was one, or the cgroup is gone.
    Before,
    /// The map is full.
    NoRoom,
}

impl Kernel {
    /// Says what is to happen with a cgroup's calls. What was said before stays, and a full map as it is.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub(crate) fn set_cgroup(&mut self, cgroup_id: u64, cgroup: Cgroup) -> Result<Entered, Error> {
        self.put_cgroup(cgroup_id, cgroup, ONLY_NEW)
    }

    /// Says it anew, of a cgroup that is known.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub(crate) fn correct_cgroup(&mut self, cgroup_id: u64, cgroup: Cgroup) -> Result<(), Error> {
        self.put_cgroup(cgroup_id, cgroup, ONLY_KNOWN).map(drop)
    }

    fn put_cgroup(&mut self, cgroup_id: u64, cgroup: Cgroup, flags: u64) -> Result<Entered, Error> {
        let mut map: HashMap<_, u64, [u8; size_of::<Cgroup>()]> = typed(self.maps.get_mut("CGROUPS")?, "CGROUPS")?;
        let mut bytes = [0; size_of::<Cgroup>()];
        bytes.copy_from_slice(cgroup.as_bytes());
        match map.insert(cgroup_id, bytes, flags) {
            Err(MapError::SyscallError(error))
                if matches!(error.io_error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound) =>
            {
                Ok(Entered::Before)
            }
            Err(MapError::SyscallError(error)) if error.io_error.kind() == ErrorKind::ArgumentListTooLong => {
                Ok(Entered::NoRoom)
            }
            done => done.map(|()| Entered::Now).map_err(|source| map_error("CGROUPS", source)),
        }
    }

    /// Forgets a cgroup that was gone before it was registered: no hook will.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub(crate) fn drop_cgroup(&mut self, cgroup_id: u64) -> Result<(), Error> {
        let mut cgroups: HashMap<_, u64, [u8; size_of::<Cgroup>()]> = typed(self.maps.get_mut("CGROUPS")?, "CGROUPS")?;
        gone(cgroups.remove(&cgroup_id)).map_err(|source| map_error("CGROUPS", source))?;
        let mut paths: HashMap<_, u64, [u8; PATH_BYTES]> = typed(self.maps.get_mut("PATHS")?, "PATHS")?;
        gone(paths.remove(&cgroup_id)).map_err(|source| map_error("PATHS", source))
    }

    /// The cgroups that were refused a ring, and their paths.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub(crate) fn refused(&self) -> Result<Vec<(u64, String)>, Error> {
        let paths: HashMap<_, u64, [u8; PATH_BYTES]> = typed(self.maps.get("PATHS")?, "PATHS")?;
        let path = |id: u64| paths.get(&id, 0).map_or_else(|_| String::new(), |bytes| path_of(&bytes));
        Ok(self.refused_cgroups()?.into_iter().map(|(id, _)| (id, path(id))).collect())
    }

    fn refused_cgroups(&self) -> Result<Vec<(u64, Cgroup)>, Error> {
        let map: HashMap<_, u64, [u8; size_of::<Cgroup>()]> = typed(self.maps.get("CGROUPS")?, "CGROUPS")?;
        let known = map.iter().filter_map(Result::ok);
        let known = known.filter_map(|(id, bytes)| Some((id, Cgroup::read_from_bytes(&bytes).ok()?)));
        Ok(known.filter(|(_, cgroup)| cgroup.state == cgroup_state::REFUSED).collect())
    }

    /// Lets cgroups that were refused a ring try again with their next call.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub(crate) fn reopen_refused(&mut self) -> Result<(), Error> {
        for (id, cgroup) in self.refused_cgroups()? {
            self.correct_cgroup(id, Cgroup { state: cgroup_state::OPEN, ..cgroup })?;
        }
        Ok(())
    }

    /// Hands over the layout that a share is to take.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub(crate) fn set_layout(&mut self, layout: &Share) -> Result<(), Error> {
        let mut map: Array<_, [u8; size_of::<Share>()]> = typed(self.maps.get_mut("LAYOUT")?, "LAYOUT")?;
        let mut bytes = [0; size_of::<Share>()];
        bytes.copy_from_slice(layout.as_bytes());
        map.set(0, bytes, 0).map_err(|source| map_error("LAYOUT", source))
    }

    /// Tells the kernel side the path of a cgroup that it may record, for the ring's own description.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub(crate) fn set_path(&mut self, cgroup_id: u64, path: &[u8; PATH_BYTES]) -> Result<(), Error> {
        let mut map: HashMap<_, u64, [u8; PATH_BYTES]> = typed(self.maps.get_mut("PATHS")?, "PATHS")?;
        map.insert(cgroup_id, *path, 0).map_err(|source| map_error("PATHS", source))
    }

    /// What the kernel side knows of a cgroup.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub(crate) fn cgroup(&self, cgroup_id: u64) -> Result<Option<Cgroup>, Error> {
        let map: HashMap<_, u64, [u8; size_of::<Cgroup>()]> = typed(self.maps.get("CGROUPS")?, "CGROUPS")?;
        match map.get(&cgroup_id, 0) {
            Ok(bytes) => Ok(Cgroup::read_from_bytes(&bytes).ok()),
            Err(MapError::KeyNotFound) => Ok(None),
            Err(source) => Err(map_error("CGROUPS", source)),
        }
    }

    /// Keeps who a ring is of.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub(crate) fn set_identity(&mut self, ring: u32, identity: &[u8; IDENTITY_BYTES]) -> Result<(), Error> {
        let mut map: Array<_, [u8; IDENTITY_BYTES]> = typed(self.maps.get_mut("IDENTITIES")?, "IDENTITIES")?;
        map.set(ring, *identity, 0).map_err(|source| map_error("IDENTITIES", source))
    }

    /// What is kept of who a ring is of.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub(crate) fn identity(&self, ring: u32) -> Result<[u8; IDENTITY_BYTES], Error> {
        let map: Array<_, [u8; IDENTITY_BYTES]> = typed(self.maps.get("IDENTITIES")?, "IDENTITIES")?;
        map.get(&ring, 0).map_err(|source| map_error("IDENTITIES", source))
    }

    /// Where each CPU stands in a ring.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub(crate) fn cursors(&self, ring: u32) -> Result<Vec<Cursors>, Error> {
        let map: PerCpuArray<_, [u8; size_of::<Cursors>()]> = typed(self.maps.get("CURSORS")?, "CURSORS")?;
        let values = map.get(&ring, 0).map_err(|source| map_error("CURSORS", source))?;
        Ok(values.iter().filter_map(|bytes| Cursors::read_from_bytes(bytes).ok()).collect())
    }

    /// How many words there are to keep positions in: as many for each ring.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub(crate) fn position_words(&self) -> Result<u32, Error> {
        self.maps.entries("POSITIONS")
    }

    /// The descriptor of a map that is to be mapped.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub(crate) fn fd(&self, name: &'static str) -> Result<BorrowedFd<'_>, Error> {
        match self.maps.get(name)? {
            Map::Array(data) => Ok(data.fd().as_fd()),
            _ => Err(map_error(name, MapError::InvalidMapType { map_type: 0 })),
        }
    }
}

/// The directory of a path as the kernel side keeps it.
#[must_use]
pub(crate) fn directory_of(mount: &Path, bytes: &[u8; PATH_BYTES]) -> PathBuf {
    let path = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    mount.join(OsStr::from_bytes(path.strip_prefix(b"/").unwrap_or(path)))
}

/// A path as the kernel side keeps it, ended by a NUL, as kept text ([`escape`]).
#[must_use]
pub(crate) fn path_of(bytes: &[u8; PATH_BYTES]) -> String {
    let path = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    escape::text(path).into_owned()
}

/// That a key is not there is no failure to remove it.
fn gone(removed: Result<(), MapError>) -> Result<(), MapError> {
    match removed {
        Err(MapError::SyscallError(error)) if error.io_error.kind() == ErrorKind::NotFound => Ok(()),
        Err(MapError::KeyNotFound) => Ok(()),
        other => other,
    }
}
