//! Object -> programs in the kernel, their maps filled, their hooks attached.

use super::btf::{self, Btf};
use super::cgroups::path_of;
use super::offsets;
use super::plan::{HOOKS, Plan, Sizes, Stage, TooSmall};
use aya::maps::{Array, HashMap, Map, MapData, PerCpuArray, Queue};
use aya::programs::{BtfTracePoint, Iter, ProgramError};
use aya::{Ebpf, EbpfLoader};
use rewind_common::capture::Capture;
use rewind_common::ring::{Cgroup, Cursors, InFlight, PATH_BYTES, cgroup_state};
use std::io::{ErrorKind, Read as _};
use std::os::fd::{AsFd, BorrowedFd};
use zerocopy::{FromBytes, IntoBytes};

/// The kernel side, as `cargo xtask build-ebpf` made it.
static OBJECT: &[u8] = aya::include_bytes_aligned!(env!("REWIND_EBPF_OBJECT_PATH"));

/// Why the recorder cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel's types.
    #[error(transparent)]
    Btf(#[from] btf::Error),
    /// The budget.
    #[error(transparent)]
    Budget(#[from] TooSmall),
    /// The object or a map of it.
    #[error("cannot load the recorder's maps: {0}")]
    Object(#[source] Box<aya::EbpfError>),
    /// A map is not there, or not as expected.
    #[error("cannot use the recorder's map {name}: {source}")]
    Map {
        /// The map.
        name: &'static str,
        /// What the kernel or the library said.
        source: Box<aya::maps::MapError>,
    },
    /// The kernel's types, once more, as the library reads them.
    #[error("cannot read the kernel's type information: {0}")]
    Types(#[source] Box<aya::BtfError>),
    /// A program was refused. The verifier's words, of which there are many, go to the log.
    #[error("the kernel refused the program {name}: {why}; `rewind-agent doctor` says what this host lacks")]
    Program {
        /// The program, which has the name of its hook.
        name: &'static str,
        /// What the kernel or the library said.
        why: String,
    },
    /// Reading the calls in flight failed.
    #[error("cannot read the calls in flight: {0}")]
    InFlight(#[source] std::io::Error),
}

/// What became of one program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Its name.
    pub name: &'static str,
    /// Instructions that the verifier walked through, where the kernel says (5.16).
    pub verified_instructions: Option<u32>,
    /// What is given up because this kernel lacks its hook.
    pub given_up: Option<&'static str>,
}

/// How to load: what the kernel side copies by call, and how large it is.
#[derive(Clone, Copy, Debug)]
pub struct Load<'a> {
    /// A row a call, `rewind_common::capture::ROWS` of them.
    pub captures: &'a [Capture],
    /// Sizes.
    pub plan: Plan,
}

/// The recorder in the kernel. Dropping it takes it out.
pub struct Kernel {
    ebpf: Ebpf,
    /// How large its maps are.
    pub sizes: Sizes,
    /// What became of each program.
    pub programs: Vec<Loaded>,
}

impl Kernel {
    /// Loads maps and programs, and puts all rings and segments into the pool. Nothing is attached yet.
    ///
    /// # Errors
    /// [`Error`]; all final on this host.
    pub fn load(load: Load<'_>) -> Result<Self, Error> {
        let sizes = load.plan.sizes()?;
        let offsets = offsets::find(&Btf::of_running_kernel()?)?;
        let payload_bytes = load.plan.payload_bytes;
        let mut loader = EbpfLoader::new();
        let ebpf = loader
            // Task storage is a map that the library has no type for.
            .allow_unsupported_maps()
            .override_global("OFFSETS", offsets.as_bytes(), true)
            .override_global("LIMITS", sizes.limits.as_bytes(), true)
            .override_global("PAYLOAD_BYTES", payload_bytes.as_bytes(), true)
            .map_max_entries("ARENA", sizes.segments)
            .map_max_entries("FREE_SEGMENTS", sizes.segments)
            .map_max_entries("RINGS", sizes.rings)
            .map_max_entries("CURSORS", sizes.rings)
            .map_max_entries("FREE_RINGS", sizes.rings)
            .load(OBJECT)
            .map_err(|error| Error::Object(Box::new(error)))?;
        let mut kernel = Self { ebpf, sizes, programs: Vec::new() };
        kernel.fill_captures(load.captures)?;
        for ring in 0..sizes.rings {
            kernel.free_ring(ring)?;
        }
        for segment in 0..sizes.segments {
            kernel.free_segment(segment)?;
        }
        kernel.load_programs()?;
        Ok(kernel)
    }

    fn load_programs(&mut self) -> Result<(), Error> {
        let types = aya::Btf::from_sys_fs().map_err(|error| Error::Types(Box::new(error)))?;
        for hook in HOOKS {
            let refused = |source| refusal(hook.name, &source);
            let program = program::<BtfTracePoint>(&mut self.ebpf, hook.name).map_err(refused)?;
            let given_up = match program.load(hook.name, &types) {
                Ok(()) => None,
                Err(ProgramError::Btf(_)) if hook.without.is_some() => hook.without,
                Err(error) => return Err(refused(error)),
            };
            let verified_instructions = program.info().ok().and_then(|info| info.verified_instruction_count());
            self.programs.push(Loaded { name: hook.name, verified_instructions, given_up });
        }
        let refused = |source| refusal(IN_FLIGHT, &source);
        let program = program::<Iter>(&mut self.ebpf, IN_FLIGHT).map_err(refused)?;
        program.load("task", &types).map_err(refused)?;
        let verified_instructions = program.info().ok().and_then(|info| info.verified_instruction_count());
        self.programs.push(Loaded { name: IN_FLIGHT, verified_instructions, given_up: None });
        Ok(())
    }

    /// Attaches the programs of one stage.
    ///
    /// # Errors
    /// [`Error::Program`].
    pub fn attach(&mut self, stage: Stage) -> Result<(), Error> {
        for (hook, loaded) in HOOKS.iter().zip(&self.programs) {
            if loaded.given_up.is_some() || hook.stage != stage {
                continue;
            }
            let refused = |source| refusal(hook.name, &source);
            let program = program::<BtfTracePoint>(&mut self.ebpf, hook.name).map_err(refused)?;
            program.attach().map_err(refused)?;
        }
        Ok(())
    }

    /// What is given up on this kernel, a sentence each.
    pub fn given_up(&self) -> impl Iterator<Item = String> {
        self.programs.iter().filter_map(|program| program.given_up).map(str::to_owned)
    }

    fn fill_captures(&mut self, captures: &[Capture]) -> Result<(), Error> {
        let mut map: Array<_, [u8; size_of::<Capture>()]> = typed(map_mut(&mut self.ebpf, "CAPTURES")?, "CAPTURES")?;
        for (i, row) in captures.iter().enumerate() {
            let mut bytes = [0; size_of::<Capture>()];
            bytes.copy_from_slice(row.as_bytes());
            map.set(i as u32, bytes, 0).map_err(|source| map_error("CAPTURES", source))?;
        }
        Ok(())
    }

    /// Puts a ring into the pool.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn free_ring(&mut self, ring: u32) -> Result<(), Error> {
        push(&mut self.ebpf, "FREE_RINGS", ring)
    }

    /// Puts a segment into the pool.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn free_segment(&mut self, segment: u32) -> Result<(), Error> {
        push(&mut self.ebpf, "FREE_SEGMENTS", segment)
    }

    /// Says what is to happen with a cgroup's calls. What was said before stays.
    ///
    /// # Errors
    /// [`Error::Map`], when the map is full too.
    pub fn set_cgroup(&mut self, cgroup_id: u64, cgroup: Cgroup) -> Result<(), Error> {
        self.put_cgroup(cgroup_id, cgroup, ONLY_NEW)
    }

    fn put_cgroup(&mut self, cgroup_id: u64, cgroup: Cgroup, flags: u64) -> Result<(), Error> {
        let mut map: HashMap<_, u64, [u8; size_of::<Cgroup>()]> =
            typed(map_mut(&mut self.ebpf, "CGROUPS")?, "CGROUPS")?;
        let mut bytes = [0; size_of::<Cgroup>()];
        bytes.copy_from_slice(cgroup.as_bytes());
        match map.insert(cgroup_id, bytes, flags) {
            Err(aya::maps::MapError::SyscallError(error))
                if matches!(error.io_error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound) =>
            {
                Ok(())
            }
            done => done.map_err(|source| map_error("CGROUPS", source)),
        }
    }

    /// The cgroups that were refused a ring, and their paths.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn refused(&self) -> Result<Vec<(u64, String)>, Error> {
        let paths: HashMap<_, u64, [u8; PATH_BYTES]> = typed(map(&self.ebpf, "PATHS")?, "PATHS")?;
        let path = |id: u64| paths.get(&id, 0).map_or_else(|_| String::new(), |bytes| path_of(&bytes));
        Ok(self.refused_cgroups()?.into_iter().map(|(id, _)| (id, path(id))).collect())
    }

    fn refused_cgroups(&self) -> Result<Vec<(u64, Cgroup)>, Error> {
        let map: HashMap<_, u64, [u8; size_of::<Cgroup>()]> = typed(map(&self.ebpf, "CGROUPS")?, "CGROUPS")?;
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
            self.put_cgroup(id, Cgroup { state: cgroup_state::OPEN, ..cgroup }, ONLY_KNOWN)?;
        }
        Ok(())
    }

    /// Tells the kernel side the path of a cgroup that it may record, for the ring's own description.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn set_path(&mut self, cgroup_id: u64, path: &[u8; PATH_BYTES]) -> Result<(), Error> {
        let mut map: HashMap<_, u64, [u8; PATH_BYTES]> = typed(map_mut(&mut self.ebpf, "PATHS")?, "PATHS")?;
        map.insert(cgroup_id, *path, 0).map_err(|source| map_error("PATHS", source))
    }

    /// What the kernel side knows of a cgroup.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn cgroup(&self, cgroup_id: u64) -> Result<Option<Cgroup>, Error> {
        let map: HashMap<_, u64, [u8; size_of::<Cgroup>()]> = typed(map(&self.ebpf, "CGROUPS")?, "CGROUPS")?;
        match map.get(&cgroup_id, 0) {
            Ok(bytes) => Ok(Cgroup::read_from_bytes(&bytes).ok()),
            Err(aya::maps::MapError::KeyNotFound) => Ok(None),
            Err(source) => Err(map_error("CGROUPS", source)),
        }
    }

    /// Where each CPU stands in a ring.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn cursors(&self, ring: u32) -> Result<Vec<Cursors>, Error> {
        let map: PerCpuArray<_, [u8; size_of::<Cursors>()]> = typed(map(&self.ebpf, "CURSORS")?, "CURSORS")?;
        let values = map.get(&ring, 0).map_err(|source| map_error("CURSORS", source))?;
        Ok(values.iter().filter_map(|bytes| Cursors::read_from_bytes(bytes).ok()).collect())
    }

    /// All calls in flight of all recordings.
    ///
    /// # Errors
    /// [`Error::InFlight`], [`Error::Program`].
    pub fn in_flight(&mut self) -> Result<Vec<InFlight>, Error> {
        let refused = |source| refusal(IN_FLIGHT, &source);
        let program = program::<Iter>(&mut self.ebpf, IN_FLIGHT).map_err(refused)?;
        let link = program.attach().and_then(|id| program.take_link(id)).map_err(refused)?;
        let mut file = link.into_file().map_err(|error| Error::InFlight(std::io::Error::other(error)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(Error::InFlight)?;
        Ok(bytes.chunks_exact(size_of::<InFlight>()).filter_map(|call| InFlight::read_from_bytes(call).ok()).collect())
    }

    /// The descriptor of a map that is to be mapped.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn fd(&self, name: &'static str) -> Result<BorrowedFd<'_>, Error> {
        let data: &MapData = match map(&self.ebpf, name)? {
            Map::Array(data) => data,
            _ => return Err(map_error(name, aya::maps::MapError::InvalidMapType { map_type: 0 })),
        };
        Ok(data.fd().as_fd())
    }
}

/// `BPF_NOEXIST` (`include/uapi/linux/bpf.h`).
const ONLY_NEW: u64 = 1;
/// `BPF_EXIST`: a cgroup that was removed meanwhile stays so.
const ONLY_KNOWN: u64 = 2;
/// The iterator's program.
const IN_FLIGHT: &str = "in_flight";

/// The first line of why a program was refused; all of it goes to the log.
fn refusal(name: &'static str, source: &ProgramError) -> Error {
    tracing::debug!(program = name, verifier = %source, "refused");
    let why = match source {
        ProgramError::LoadError { io_error, .. } => io_error.to_string(),
        other => other.to_string().lines().next().unwrap_or_default().to_owned(),
    };
    Error::Program { name, why }
}

fn program<'a, P>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut P, ProgramError>
where
    &'a mut P: TryFrom<&'a mut aya::programs::Program, Error = ProgramError>,
{
    ebpf.program_mut(name).ok_or(ProgramError::NotLoaded)?.try_into()
}

fn map_error(name: &'static str, source: aya::maps::MapError) -> Error {
    Error::Map { name, source: Box::new(source) }
}

fn map<'a>(ebpf: &'a Ebpf, name: &'static str) -> Result<&'a Map, Error> {
    ebpf.map(name).ok_or_else(|| map_error(name, aya::maps::MapError::InvalidName { name: name.to_owned() }))
}

fn map_mut<'a>(ebpf: &'a mut Ebpf, name: &'static str) -> Result<&'a mut Map, Error> {
    ebpf.map_mut(name).ok_or_else(|| map_error(name, aya::maps::MapError::InvalidName { name: name.to_owned() }))
}

fn typed<M, T>(map: M, name: &'static str) -> Result<T, Error>
where
    T: TryFrom<M, Error = aya::maps::MapError>,
{
    T::try_from(map).map_err(|source| map_error(name, source))
}

fn push(ebpf: &mut Ebpf, name: &'static str, value: u32) -> Result<(), Error> {
    let mut queue: Queue<_, u32> = typed(map_mut(ebpf, name)?, name)?;
    queue.push(value, 0).map_err(|source| map_error(name, source))
}
