//! The recorder's maps, opened by name: whether they were made just now or found pinned.

use super::error::Error;
use super::pins::NODE;
use aya::maps::{Array, Map, MapData, MapError, MapInfo, Queue};
use rewind_common::capture::Capture;
use rewind_common::chunk::ARENA_VALUE_BYTES;
use rewind_common::ring::{Cgroup, Cursors, IDENTITY_BYTES, Node, Ring, Share};
use std::collections::BTreeMap;
use std::ops::Range;
use zerocopy::IntoBytes as _;

/// The rings.
pub(super) const RINGS: &str = "RINGS";
/// All that the agent opens, in the order in which it is pinned: [`NODE`] last, as it says that a set is whole.
pub(super) const MAPS: [&str; 15] = [
    "ARENA",
    RINGS,
    "LAYOUT",
    "IDENTITIES",
    "POSITIONS",
    "CGROUP_COUNTS",
    "CURSORS",
    "FREE_RINGS",
    "FREE_SEGMENTS",
    "FIRST_SEGMENTS",
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
        let mut map: Array<_, [u8; size_of::<Capture>()]> = typed(self.get_mut("CAPTURES")?, "CAPTURES")?;
        for (number, row) in (0..).zip(captures) {
            let mut bytes = [0; size_of::<Capture>()];
            bytes.copy_from_slice(row.as_bytes());
            map.set(number, bytes, 0).map_err(|source| map_error("CAPTURES", source))?;
        }
        Ok(())
    }

    /// Puts numbers into a pool.
    pub(super) fn fill_pool(&mut self, name: &'static str, numbers: Range<u32>) -> Result<(), Error> {
        let mut queue: Queue<_, u32> = typed(self.get_mut(name)?, name)?;
        numbers.into_iter().try_for_each(|number| queue.push(number, 0).map_err(|source| map_error(name, source)))
    }

    fn facts(&self, name: &'static str) -> Result<MapInfo, Error> {
        data(self.get(name)?, name)?.info().map_err(|source| map_error(name, source))
    }

    pub(super) fn get(&self, name: &'static str) -> Result<&Map, Error> {
        self.0.get(name).ok_or_else(|| no_map(name))
    }

    pub(super) fn get_mut(&mut self, name: &'static str) -> Result<&mut Map, Error> {
        self.0.get_mut(name).ok_or_else(|| no_map(name))
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

pub(super) fn typed<M, T>(map: M, name: &'static str) -> Result<T, Error>
where
    T: TryFrom<M, Error = MapError>,
{
    T::try_from(map).map_err(|source| map_error(name, source))
}
