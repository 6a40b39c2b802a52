//! What a recorder has pinned, as the kernel tells it: ids of its objects, and whether its pool is whole.

use anyhow::{Context as _, Result, bail, ensure};
use aya::maps::{Array, Map, MapData, Queue, loaded_maps};
use aya::programs::links::PinnedLink;
use aya::programs::{loaded_links, loaded_programs};
use rewind_common::ring::{Node, Ring};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use zerocopy::{FromBytes as _, IntoBytes as _};

/// Programs, maps and links by their ids.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Objects {
    /// Programs.
    pub programs: BTreeSet<u32>,
    /// Maps.
    pub maps: BTreeSet<u32>,
    /// Links.
    pub links: BTreeSet<u32>,
}

impl Objects {
    /// All that are in the kernel now.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn loaded() -> Result<Self> {
        Ok(Self {
            programs: loaded_programs().map(|info| Ok(info?.id())).collect::<Result<_>>()?,
            maps: loaded_maps().map(|info| Ok(info?.id())).collect::<Result<_>>()?,
            links: loaded_links().map(|info| Ok(info?.id())).collect::<Result<_>>()?,
        })
    }

    /// What is pinned in a directory, and all that the programs among it use.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn pinned(dir: &Path) -> Result<Self> {
        let mut found = Self::default();
        for path in files(dir)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with("link_") || name.starts_with("iter_") {
                let link: aya::programs::links::FdLink = PinnedLink::from_pin(&path)?.into();
                let info = link.info()?;
                found.links.insert(info.id());
                found.programs.insert(info.program_id());
                // Dropping it would only close the descriptor: the pin holds it.
            } else if name.starts_with("prog_") {
                found.programs.insert(aya::programs::ProgramInfo::from_pin(&path)?.id());
            } else {
                found.maps.insert(MapData::from_pin(&path)?.info()?.id());
            }
        }
        for info in loaded_programs() {
            let info = info?;
            if found.programs.contains(&info.id()) {
                found.maps.extend(info.map_ids()?.unwrap_or_default());
            }
        }
        Ok(found)
    }

    /// Those of them that `other` has too.
    #[must_use]
    pub fn both(&self, other: &Self) -> Self {
        let both = |a: &BTreeSet<u32>, b: &BTreeSet<u32>| a.intersection(b).copied().collect();
        Self {
            programs: both(&self.programs, &other.programs),
            maps: both(&self.maps, &other.maps),
            links: both(&self.links, &other.links),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The one layout in a place of pins.
///
/// # Errors
/// When there is none, or another beside it.
pub fn layout(pins: &Path) -> Result<PathBuf> {
    match files(pins)?.as_slice() {
        [dir] => Ok(dir.clone()),
        other => bail!("not one layout in {}: {other:?}", pins.display()),
    }
}

/// Checks that each ring and each segment is either free or in exactly one ring, and gives how many
/// rings are taken. The pool is emptied for that and filled again, so nothing may take from it meanwhile.
///
/// # Errors
/// When one is missing or there twice.
pub fn check_pool(dir: &Path) -> Result<usize> {
    let open = |name: &str| -> Result<Map> {
        Ok(Map::from_map_data(MapData::from_pin(dir.join(name)).with_context(|| format!("no {name}"))?)?)
    };
    let rings: Array<_, [u8; size_of::<Ring>()]> = open("RINGS")?.try_into()?;
    let (mut ring_numbers, mut segments, mut taken) = (Vec::new(), Vec::new(), 0);
    let free = |name: &str| -> Result<Vec<u32>> {
        let mut queue: Queue<_, u32> = open(name)?.try_into()?;
        let mut popped = Vec::new();
        while let Ok(number) = queue.pop(0) {
            popped.push(number);
        }
        popped.iter().try_for_each(|number| queue.push(number, 0))?;
        Ok(popped)
    };
    ring_numbers.extend(free("FREE_RINGS")?);
    segments.extend(free("FREE_SEGMENTS")?);
    segments.extend(free("FIRST_SEGMENTS")?);
    for index in 0..rings.len() {
        let ring = Ring::read_from_bytes(&rings.get(&index, 0)?).ok().context("not a ring")?;
        if ring.recording != 0 {
            taken += 1;
            ring_numbers.push(index);
            for share in &ring.shares {
                // Those on their way to the pool are given back by the next agent.
                let held = (share.len + share.leaving) as usize;
                segments.extend_from_slice(share.segments.get(..held).context("a share too long")?);
            }
        }
    }
    let Map::Array(arena) = open("ARENA")? else { bail!("ARENA is no array") };
    all_once("rings", ring_numbers, rings.len())?;
    all_once("segments", segments, arena.info()?.max_entries())?;
    Ok(taken)
}

fn all_once(what: &str, mut numbers: Vec<u32>, count: u32) -> Result<()> {
    numbers.sort_unstable();
    let twice: Vec<u32> = numbers.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    let missing: Vec<u32> = (0..count).filter(|number| numbers.binary_search(number).is_err()).collect();
    ensure!(twice.is_empty() && missing.is_empty(), "{what} missing: {missing:?}, there twice: {twice:?}");
    Ok(())
}

/// Makes a pinned set look like that of another version of the same layout.
///
/// # Errors
/// When it has no such map.
pub fn make_foreign(dir: &Path) -> Result<()> {
    let map = Map::from_map_data(MapData::from_pin(dir.join("NODE"))?)?;
    let mut map: Array<_, [u8; size_of::<Node>()]> = map.try_into()?;
    let mut node = Node::read_from_bytes(&map.get(&0, 0)?).ok().context("not a node")?;
    node.fingerprint.programs = !node.fingerprint.programs;
    let mut bytes = [0; size_of::<Node>()];
    bytes.copy_from_slice(node.as_bytes());
    Ok(map.set(0, bytes, 0)?)
}

fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    Ok(entries.flatten().map(|entry| entry.path()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_there_twice_is_named() {
        assert!(all_once("rings", vec![2, 0, 1], 3).is_ok());
        let error = all_once("rings", vec![1, 3, 1], 4).map_err(|error| error.to_string());
        assert_eq!(error, Err("rings missing: [0, 2], there twice: [1]".to_owned()));
    }
}
