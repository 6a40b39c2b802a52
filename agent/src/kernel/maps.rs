//! The recorder's maps, opened by name: whether they were made just now or found pinned.

use super::cgroups::path_of;
use super::load::{Error, Kernel};
use aya::maps::{Array, HashMap, Map, MapData, MapError, MapInfo, PerCpuArray, Queue};
use rewind_common::capture::Capture;
use rewind_common::chunk::ARENA_VALUE_BYTES;
use rewind_common::ring::{Cgroup, Cursors, IDENTITY_BYTES, Node, PATH_BYTES, Ring, Share, cgroup_state};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::os::fd::{AsFd, BorrowedFd};
use zerocopy::{FromBytes, IntoBytes};

/// What concerns the node as a whole.
pub(super) const NODE: &str = "NODE";
/// The rings.
pub(super) const RINGS: &str = "RINGS";
/// All that the agent opens, in the order in which it is pinned: [`NODE`] last, as it says that a set is whole.
pub(super) const MAPS: [&str; 13] = [
    "ARENA",
    RINGS,
    "LAYOUT",
    "IDENTITIES",
    "CGROUP_BITMAP",
    "CURSORS",
    "FREE_RINGS",
    "FREE_SEGMENTS",
    "FREE_THREADS",
    "CGROUPS",
    "PATHS",
    "CAPTURES",
    NODE,
];
/// Bytes of a value of each map that holds shapes.
const SHAPES: [(&str, usize); 8] = [
    ("ARENA", ARENA_VALUE_BYTES),
    (RINGS, size_of::<Ring>()),
    ("LAYOUT", size_of::<Share>()),
    ("IDENTITIES", IDENTITY_BYTES),
    ("CURSORS", size_of::<Cursors>()),
    ("CGROUPS", size_of::<Cgroup>()),
    ("CAPTURES", size_of::<Capture>()),
    (NODE, size_of::<Node>()),
];

/// `BPF_NOEXIST` (`include/uapi/linux/bpf.h`).
const ONLY_NEW: u64 = 1;
/// `BPF_EXIST`: a cgroup that was removed meanwhile stays so.
const ONLY_KNOWN: u64 = 2;

/// The maps by their names in the object.
#[derive(Debug)]
pub(super) struct Maps(BTreeMap<&'static str, Map>);

impl Maps {
    /// Opens all of them in some way.
    pub(super) fn open(mut one: impl FnMut(&'static str) -> Result<Map, MapError>) -> Result<Self, Error> {
        let open = |name| Ok((name, one(name).map_err(|source| map_error(name, source))?));
        MAPS.into_iter().map(open).collect::<Result<_, _>>().map(Self)
    }

    /// In the order of [`MAPS`].
    pub(super) fn each(&self) -> Result<Vec<(&'static str, &Map)>, Error> {
        MAPS.into_iter().map(|name| Ok((name, self.get(name)?))).collect()
    }

    /// How many entries a map has.
    pub(super) fn entries(&self, name: &'static str) -> Result<u32, Error> {
        Ok(self.facts(name)?.max_entries())
    }

    /// The map whose values are not as large as this version makes them, if there is one.
    pub(super) fn foreign_shape(&self) -> Result<Option<&'static str>, Error> {
        for (name, bytes) in SHAPES {
            if self.facts(name)?.value_size() as usize != bytes {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// Fills the table of what is copied for each call.
    pub(super) fn fill_captures(&mut self, captures: &[Capture]) -> Result<(), Error> {
        let mut map = typed(self.get_mut("CAPTURES")?, "CAPTURES")?;
        fill(&mut map, captures).map_err(|source| map_error("CAPTURES", source))
    }

    /// Puts numbers `0..count` into a pool.
    pub(super) fn fill_pool(&mut self, name: &'static str, count: u32) -> Result<(), Error> {
        let mut queue: Queue<_, u32> = typed(self.get_mut(name)?, name)?;
        (0..count).try_for_each(|number| queue.push(number, 0).map_err(|source| map_error(name, source)))
    }

    fn facts(&self, name: &'static str) -> Result<MapInfo, Error> {
        data(self.get(name)?, name)?.info().map_err(|source| map_error(name, source))
    }

    fn get(&self, name: &'static str) -> Result<&Map, Error> {
        self.0.get(name).ok_or_else(|| no_map(name))
    }

    fn get_mut(&mut self, name: &'static str) -> Result<&mut Map, Error> {
        self.0.get_mut(name).ok_or_else(|| no_map(name))
    }
}

impl Kernel {
    /// Says what is to happen with a cgroup's calls. What was said before stays.
    ///
    /// # Errors
    /// [`Error::Map`], when the map is full too.
    pub fn set_cgroup(&mut self, cgroup_id: u64, cgroup: Cgroup) -> Result<(), Error> {
        self.put_cgroup(cgroup_id, cgroup, ONLY_NEW)
    }

    /// Says it anew, of a cgroup that is known.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn correct_cgroup(&mut self, cgroup_id: u64, cgroup: Cgroup) -> Result<(), Error> {
        self.put_cgroup(cgroup_id, cgroup, ONLY_KNOWN)
    }

    fn put_cgroup(&mut self, cgroup_id: u64, cgroup: Cgroup, flags: u64) -> Result<(), Error> {
        let mut map: HashMap<_, u64, [u8; size_of::<Cgroup>()]> = typed(self.maps.get_mut("CGROUPS")?, "CGROUPS")?;
        let mut bytes = [0; size_of::<Cgroup>()];
        bytes.copy_from_slice(cgroup.as_bytes());
        match map.insert(cgroup_id, bytes, flags) {
            Err(MapError::SyscallError(error))
                if matches!(error.io_error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound) =>
            {
                Ok(())
            }
            done => done.map_err(|source| map_error("CGROUPS", source)),
        }
    }

    /// Forgets a cgroup that was gone before it was registered: no hook will.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn drop_cgroup(&mut self, cgroup_id: u64) -> Result<(), Error> {
        let mut cgroups: HashMap<_, u64, [u8; size_of::<Cgroup>()]> = typed(self.maps.get_mut("CGROUPS")?, "CGROUPS")?;
        gone(cgroups.remove(&cgroup_id)).map_err(|source| map_error("CGROUPS", source))?;
        let mut paths: HashMap<_, u64, [u8; PATH_BYTES]> = typed(self.maps.get_mut("PATHS")?, "PATHS")?;
        gone(paths.remove(&cgroup_id)).map_err(|source| map_error("PATHS", source))
    }

    /// The cgroups that were refused a ring, and their paths.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn refused(&self) -> Result<Vec<(u64, String)>, Error> {
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
    pub fn reopen_refused(&mut self) -> Result<(), Error> {
        for (id, cgroup) in self.refused_cgroups()? {
            self.correct_cgroup(id, Cgroup { state: cgroup_state::OPEN, ..cgroup })?;
        }
        Ok(())
    }

    /// Hands over the layout that a share is to take.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn set_layout(&mut self, layout: &Share) -> Result<(), Error> {
        let mut map: Array<_, [u8; size_of::<Share>()]> = typed(self.maps.get_mut("LAYOUT")?, "LAYOUT")?;
        let mut bytes = [0; size_of::<Share>()];
        bytes.copy_from_slice(layout.as_bytes());
        map.set(0, bytes, 0).map_err(|source| map_error("LAYOUT", source))
    }

    /// Tells the kernel side the path of a cgroup that it may record, for the ring's own description.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn set_path(&mut self, cgroup_id: u64, path: &[u8; PATH_BYTES]) -> Result<(), Error> {
        let mut map: HashMap<_, u64, [u8; PATH_BYTES]> = typed(self.maps.get_mut("PATHS")?, "PATHS")?;
        map.insert(cgroup_id, *path, 0).map_err(|source| map_error("PATHS", source))
    }

    /// What the kernel side knows of a cgroup.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn cgroup(&self, cgroup_id: u64) -> Result<Option<Cgroup>, Error> {
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
    pub fn set_identity(&mut self, ring: u32, identity: &[u8; IDENTITY_BYTES]) -> Result<(), Error> {
        let mut map: Array<_, [u8; IDENTITY_BYTES]> = typed(self.maps.get_mut("IDENTITIES")?, "IDENTITIES")?;
        map.set(ring, *identity, 0).map_err(|source| map_error("IDENTITIES", source))
    }

    /// What is kept of who a ring is of.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn identity(&self, ring: u32) -> Result<[u8; IDENTITY_BYTES], Error> {
        let map: Array<_, [u8; IDENTITY_BYTES]> = typed(self.maps.get("IDENTITIES")?, "IDENTITIES")?;
        map.get(&ring, 0).map_err(|source| map_error("IDENTITIES", source))
    }

    /// Where each CPU stands in a ring.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn cursors(&self, ring: u32) -> Result<Vec<Cursors>, Error> {
        let map: PerCpuArray<_, [u8; size_of::<Cursors>()]> = typed(self.maps.get("CURSORS")?, "CURSORS")?;
        let values = map.get(&ring, 0).map_err(|source| map_error("CURSORS", source))?;
        Ok(values.iter().filter_map(|bytes| Cursors::read_from_bytes(bytes).ok()).collect())
    }

    /// The descriptor of a map that is to be mapped.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn fd(&self, name: &'static str) -> Result<BorrowedFd<'_>, Error> {
        match self.maps.get(name)? {
            Map::Array(data) => Ok(data.fd().as_fd()),
            _ => Err(map_error(name, MapError::InvalidMapType { map_type: 0 })),
        }
    }
}

pub(super) fn map_error(name: &'static str, source: MapError) -> Error {
    Error::Map { name, source: Box::new(source) }
}

fn no_map(name: &'static str) -> Error {
    map_error(name, MapError::InvalidName { name: name.to_owned() })
}

fn data<'a>(map: &'a Map, name: &'static str) -> Result<&'a MapData, Error> {
    match map {
        Map::Array(data) | Map::PerCpuArray(data) | Map::HashMap(data) | Map::Queue(data) => Ok(data),
        _ => Err(map_error(name, MapError::InvalidMapType { map_type: 0 })),
    }
}

fn typed<M, T>(map: M, name: &'static str) -> Result<T, Error>
where
    T: TryFrom<M, Error = MapError>,
{
    T::try_from(map).map_err(|source| map_error(name, source))
}

/// That a key is not there is no failure to remove it.
fn gone(removed: Result<(), MapError>) -> Result<(), MapError> {
    match removed {
        Err(MapError::SyscallError(error)) if error.io_error.kind() == ErrorKind::NotFound => Ok(()),
        Err(MapError::KeyNotFound) => Ok(()),
        other => other,
    }
}

/// One row a number, into a map of them.
pub(super) fn fill(
    map: &mut Array<&mut MapData, [u8; size_of::<Capture>()]>,
    captures: &[Capture],
) -> Result<(), MapError> {
    captures.iter().enumerate().try_for_each(|(i, row)| {
        let mut bytes = [0; size_of::<Capture>()];
        bytes.copy_from_slice(row.as_bytes());
        map.set(i as u32, bytes, 0)
    })
}
