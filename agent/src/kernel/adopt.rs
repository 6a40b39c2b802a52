//! Handing the recorder over: what is loaded is pinned, what is pinned is taken up.

use super::complaints::Complaints;
use super::error::{Error, refusal};
use super::load::{AgentPrograms, Kernel, Loaded, RUN, iterator};
use super::maps::{MAPS, Maps, RINGS};
use super::pins::{self, Pins};
use super::plan::Sizes;
use crate::host::hooks::hooks;
use aya::maps::{Map, MapData};
use aya::programs::links::FdLink;
use aya::programs::{BtfTracePoint, ProgramFd, RawTracePoint};
use rewind_common::ring::SHARES;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::Path;

/// A program that complains, and so knows where complaints go.
const COMPLAINS: &str = "sys_exit";

/// What became of a pinned set.
pub(crate) enum Adopted {
    /// It can be read.
    Readable {
        /// The recorder.
        kernel: Box<Kernel>,
        /// Whether all programs are attached that this version needs.
        complete: bool,
    },
    /// It cannot be read.
    Foreign {
        /// Why.
        why: String,
    },
}

impl Kernel {
    /// Pins all of it. From then on it stays in the kernel when this is dropped.
    ///
    /// # Errors
    /// [`Error::Pins`], [`Error::Map`]; what was pinned until then is torn.
    pub(crate) fn pin(mut self, pins: &Pins) -> Result<Self, Error> {
        let dir = pins.make()?;
        for (name, link) in std::mem::take(&mut self.links) {
            pinned(&dir, &link_name(name), |path| link.pin(path))?;
        }
        if let AgentPrograms::Loaded(ebpf) = &mut self.held {
            let iterator =
                FdLink::try_from(iterator(ebpf)?).map_err(|error| Error::InFlight(io::Error::other(error)))?;
            pinned(&dir, ITERATOR, |path| iterator.pin(path))?;
            let hooked = self.hooked.iter().map(|(name, _)| *name);
            for name in RUN.into_iter().chain(hooked) {
                let program = ebpf.program_mut(name);
                program.map_or(Ok(()), |program| pinned(&dir, &program_name(name), |path| program.pin(path)))?;
            }
        }
        for (name, map) in self.maps.each()? {
            pinned(&dir, name, |path| map.pin(path))?;
        }
        // Read from the pins at once: there is one way in which a pinned recorder is used.
        let (in_flight, run) = (dir.join(ITERATOR), run_programs(&dir)?);
        let maps = open(&dir)?;
        let (programs, hooked) = (std::mem::take(&mut self.programs), std::mem::take(&mut self.hooked));
        Ok(Self {
            maps,
            held: AgentPrograms::Pinned { in_flight, run },
            links: Vec::new(),
            sizes: self.sizes,
            programs,
            hooked,
            complaints: self.complaints,
        })
    }

    /// Takes up what is pinned; it is attached all the time.
    ///
    /// # Errors
    /// [`Error::Map`], [`Error::Program`].
    pub(crate) fn adopt(pins: &Pins) -> Result<Adopted, Error> {
        let dir = pins.dir();
        let is_there = |name: &str| dir.join(name).exists();
        let (mut programs, mut complete) = (Vec::new(), true);
        for hook in hooks() {
            let attached = is_there(&link_name(hook.name));
            complete &= attached || hook.without.is_some();
            let given_up = if attached { None } else { hook.without };
            programs.push(Loaded { name: hook.name, verified_instructions: None, given_up });
        }
        let own = RUN.map(program_name);
        let needed = MAPS.into_iter().chain(own.iter().map(String::as_str)).chain([ITERATOR]);
        if let Some(name) = needed.into_iter().find(|name| !is_there(name)) {
            return Ok(Adopted::Foreign { why: format!("it has no {name}") });
        }
        let maps = open(&dir)?;
        if let Some(name) = maps.foreign_shape()? {
            return Ok(Adopted::Foreign { why: format!("its map {name} has other values") });
        }
        let (in_flight, run) = (dir.join(ITERATOR), run_programs(&dir)?);
        let sizes = Sizes { segments: maps.entries("ARENA")?, rings: maps.entries(RINGS)?, limits: [0; SHARES] };
        let held = AgentPrograms::Pinned { in_flight, run };
        let hooked = hooked(&dir);
        let complaints = Complaints::of_pinned(&dir.join(program_name(COMPLAINS)));
        let kernel = Box::new(Self { maps, held, links: Vec::new(), sizes, programs, hooked, complaints });
        Ok(Adopted::Readable { kernel, complete })
    }
}

/// The rings of a set, whatever its layout.
pub(crate) struct PinnedRings {
    map: MapData,
    /// Bytes of a ring.
    pub ring_bytes: usize,
    /// How many there are.
    pub count: usize,
}

impl PinnedRings {
    /// Opens those of the set in a directory. `None`: not even that can be done.
    #[must_use]
    pub(crate) fn open(dir: &Path) -> Option<Self> {
        let map = MapData::from_pin(dir.join(RINGS)).ok()?;
        let info = map.info().ok()?;
        Some(Self { map, ring_bytes: info.value_size() as usize, count: info.max_entries() as usize })
    }

    /// What is to be mapped.
    #[must_use]
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.map.fd().as_fd()
    }
}

fn pinned<T, E: std::error::Error>(
    dir: &Path,
    name: &str,
    pin: impl FnOnce(&Path) -> Result<T, E>,
) -> Result<(), Error> {
    let path = dir.join(name);
    match pin(&path) {
        Ok(_) => Ok(()),
        Err(error) => {
            let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            Err(pins::Error::Pin { path, why }.into())
        }
    }
}

fn open(dir: &Path) -> Result<Maps, Error> {
    Maps::open(|name| MapData::from_pin(dir.join(name)).and_then(Map::from_map_data))
}

/// Where the iterator is pinned.
const ITERATOR: &str = "iter_in_flight";

/// The programs that the agent itself runs.
fn run_programs(dir: &Path) -> Result<[Box<RawTracePoint>; 2], Error> {
    let run = |name| RawTracePoint::from_pin(dir.join(program_name(name))).map_err(|error| refusal(name, &error));
    let [first, second] = RUN.map(run);
    Ok([Box::new(first?), Box::new(second?)])
}

/// The programs of hooks; one that is not pinned is known to be missing by its count. They are opened by who has
/// CAP_SYS_ADMIN alone, as the iterator's is.
fn hooked(dir: &Path) -> Vec<(&'static str, ProgramFd)> {
    let fd = |name| BtfTracePoint::from_pin(dir.join(program_name(name))).ok()?.fd().ok()?.try_clone().ok();
    hooks().filter_map(|hook| Some((hook.name, fd(hook.name)?))).collect()
}

fn link_name(hook: &str) -> String {
    format!("link_{hook}")
}

fn program_name(program: &str) -> String {
    format!("prog_{program}")
}
