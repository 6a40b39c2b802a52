//! Object -> programs in the kernel, their maps filled, their hooks attached.

use super::complaints::Complaints;
use super::error::{Error, refusal};
use super::heap;
use super::maps::{Maps, RINGS};
use super::offsets;
use super::plan::{Plan, Sizes};
use crate::host::btf::Btf;
use crate::host::hooks::{Stage, hooks};
use aya::maps::MapError;
use aya::programs::iter::IterLink;
use aya::programs::links::FdLink;
use aya::programs::{
    BtfTracePoint, Iter, ProgramError, ProgramFd, RawTracePoint, RawTracePointRunOptions, TestRun as _,
};
use aya::{Ebpf, EbpfLoader};
use rewind_common::capture::Capture;
use rewind_common::ring::{InFlight, OVERFLOW_THREADS, position_words};
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use zerocopy::{FromBytes, IntoBytes};

/// The part of all segments that rings do not grow by: it is for those to come. Half of what the agent keeps free, so
/// that containers that come between two of its looks find some.
const FIRST: u32 = 16;
/// The kernel side, as `cargo xtask build-ebpf` made it.
static OBJECT: &[u8] = aya::include_bytes_aligned!(env!("REWIND_EBPF_OBJECT_PATH"));

/// What became of one program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loaded {
    /// Its name.
    pub name: &'static str,
    /// Instructions that the verifier walked through, where the kernel says (5.16).
    pub verified_instructions: Option<u32>,
    /// What is given up because this kernel lacks its hook.
    pub given_up: Option<&'static str>,
}

/// How to load: what the kernel side copies by call, and how large it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load<'a> {
    /// A row a call, `rewind_common::capture::ROWS` of them.
    pub captures: &'a [Capture],
    /// Sizes.
    pub plan: Plan,
}

/// The recorder in the kernel. Dropping it takes it out, unless it is pinned.
pub(crate) struct Kernel {
    pub(super) maps: Maps,
    pub(super) held: AgentPrograms,
    /// Attached programs that are not pinned.
    pub(super) links: Vec<(&'static str, FdLink)>,
    /// How large its maps are.
    pub sizes: Sizes,
    /// What became of each program.
    pub programs: Vec<Loaded>,
    /// The programs of hooks, for what the kernel counts of them.
    pub(super) hooked: Vec<(&'static str, ProgramFd)>,
    /// What they complain of.
    pub(super) complaints: Complaints,
}

/// The programs that the agent itself runs.
pub(super) enum AgentPrograms {
    /// Among all others, as they were loaded.
    Loaded(Box<Ebpf>),
    /// Opened from their pins.
    Pinned {
        /// The iterator: a file that runs it when it is read. To open its program would take CAP_SYS_ADMIN
        /// (`bpf_btf_get_fd_by_id` in `kernel/bpf/syscall.c`), which an agent in a pod does not have.
        in_flight: PathBuf,
        /// Those of [`RUN`].
        run: [Box<RawTracePoint>; 2],
    },
}

impl Kernel {
    /// Loads maps and programs, and puts all rings and segments into the pool. Nothing is attached yet.
    ///
    /// # Errors
    /// [`Error`]; all final on this host.
    pub(crate) fn load(load: Load<'_>) -> Result<Self, Error> {
        let sizes = load.plan.sizes()?;
        let offsets = offsets::find(&Btf::of_running_kernel()?)?;
        let payload_bytes = load.plan.payload_bytes;
        // Where sockets are not known, neither is what they carry.
        let protocols = if offsets.sock.cgroup == 0 { 0 } else { load.plan.protocols };
        let first_segments = (sizes.segments / FIRST).max(1);
        let mut loader = EbpfLoader::new();
        // `new` reads the types too, for itself: one copy of them is enough.
        loader.btf(None);
        let types = aya::Btf::from_sys_fs().map_err(|error| Error::Types(Box::new(error)))?;
        let mut ebpf = loader
            .btf(Some(&types))
            // Task storage is a map that the library has no type for.
            .allow_unsupported_maps()
            .override_global("OFFSETS", offsets.as_bytes(), true)
            .override_global("LIMITS", sizes.limits.as_bytes(), true)
            .override_global("PAYLOAD_BYTES", payload_bytes.as_bytes(), true)
            .override_global("PROTOCOLS", protocols.as_bytes(), true)
            .map_max_entries("ARENA", sizes.segments)
            .map_max_entries("FREE_SEGMENTS", sizes.segments)
            .map_max_entries("FIRST_SEGMENTS", first_segments)
            .map_max_entries(RINGS, sizes.rings)
            .map_max_entries("IDENTITIES", sizes.rings)
            .map_max_entries("POSITIONS", sizes.rings.saturating_mul(position_words(possible_cpus())))
            .map_max_entries("CURSORS", sizes.rings)
            .map_max_entries("FREE_RINGS", sizes.rings)
            .load(OBJECT)
            .map_err(|error| Error::Object(Box::new(error)))?;
        let programs = load_programs(&mut ebpf, &types)?;
        drop(types);
        heap::trim();
        let hooked = hooked(&ebpf);
        let no_map = |name: &str| MapError::InvalidName { name: name.to_owned() };
        let mut maps = Maps::open(|name| ebpf.take_map(name).ok_or_else(|| no_map(name)))?;
        maps.fill_captures(load.captures)?;
        maps.fill_pool("FREE_RINGS", 0..sizes.rings)?;
        maps.fill_pool("FIRST_SEGMENTS", 0..first_segments)?;
        maps.fill_pool("FREE_SEGMENTS", first_segments..sizes.segments)?;
        maps.fill_pool("FREE_THREADS", 0..OVERFLOW_THREADS)?;
        let complaints = Complaints::of_loaded(&mut ebpf);
        let held = AgentPrograms::Loaded(Box::new(ebpf));
        Ok(Self { maps, held, links: Vec::new(), sizes, programs, hooked, complaints })
    }

    /// Attaches the programs of one stage.
    ///
    /// # Errors
    /// [`Error::Program`].
    pub(crate) fn attach(&mut self, stage: Stage) -> Result<(), Error> {
        // What is pinned is attached.
        let AgentPrograms::Loaded(ebpf) = &mut self.held else { return Ok(()) };
        for (hook, loaded) in hooks().zip(&self.programs) {
            if loaded.given_up.is_some() || hook.stage != stage {
                continue;
            }
            let refused = |source| refusal(hook.name, &source);
            let program = program::<BtfTracePoint>(ebpf, hook.name).map_err(refused)?;
            let link = program.attach().and_then(|id| program.take_link(id)).map_err(refused)?;
            self.links.push((hook.name, link.into()));
        }
        Ok(())
    }

    /// Logs what the kernel side has complained of since the last time, where it is built to.
    pub(crate) fn log_complaints(&mut self) {
        self.complaints.log();
    }

    /// What is given up on this kernel, a sentence each ([`crate::host::hooks::Hook::without`]).
    pub(crate) fn given_up(&self) -> impl Iterator<Item = String> {
        self.programs.iter().filter_map(|program| program.given_up).map(str::to_owned)
    }

    /// Gives a ring and its segments back to the pool, all or nothing, if it is still that recording's
    /// (`agent-ebpf/src/programs/release.rs`).
    ///
    /// # Errors
    /// [`Error::Program`], [`Error::Release`].
    pub(crate) fn release(&mut self, ring: u32, recording: u64) -> Result<(), Error> {
        let failed = self.run(RELEASE, &[u64::from(ring), recording])?;
        if failed == 0 { Ok(()) } else { Err(Error::Release { ring, failed }) }
    }

    /// Runs a step of taking segments from a share (`agent-ebpf/src/programs/shrink.rs`); what it gives.
    ///
    /// # Errors
    /// [`Error::Program`].
    pub(crate) fn shrink_step(&mut self, ring: u32, recording: u64, share: usize, step: &[u64]) -> Result<u32, Error> {
        let mut arguments = vec![u64::from(ring), recording, share as u64];
        arguments.extend(step);
        self.run(SHRINK, &arguments)
    }

    /// Begins the recording of a cgroup, if it is to be recorded and is not yet (`agent-ebpf/src/programs/begin.rs`).
    /// Of what is pinned this has been done when it was loaded.
    ///
    /// # Errors
    /// [`Error::Program`].
    pub(crate) fn begin(&mut self, cgroup_id: u64) -> Result<(), Error> {
        if matches!(self.held, AgentPrograms::Loaded(_)) {
            self.run(BEGIN, &[cgroup_id])?;
        }
        Ok(())
    }

    /// Runs one of the programs of [`RUN`], or [`BEGIN`]; what it gives.
    fn run(&mut self, name: &'static str, arguments: &[u64]) -> Result<u32, Error> {
        let refused = |source| refusal(name, &source);
        let program = match &mut self.held {
            AgentPrograms::Loaded(ebpf) => program::<RawTracePoint>(ebpf, name).map_err(refused)?,
            AgentPrograms::Pinned { run: [release, shrink], .. } => {
                if name == RELEASE {
                    release
                } else {
                    shrink
                }
            }
        };
        let mut args = [0; 12];
        args.iter_mut().zip(arguments).for_each(|(to, from)| *to = *from);
        Ok(program.test_run(RawTracePointRunOptions { args, cpu: None }).map_err(refused)?.return_value)
    }

    /// All calls in flight of all recordings.
    ///
    /// # Errors
    /// [`Error::InFlight`], [`Error::Program`].
    pub(crate) fn in_flight(&mut self) -> Result<Vec<InFlight>, Error> {
        let mut file = match &mut self.held {
            AgentPrograms::Loaded(ebpf) => {
                iterator(ebpf)?.into_file().map_err(|error| Error::InFlight(std::io::Error::other(error)))?
            }
            AgentPrograms::Pinned { in_flight, .. } => File::open(in_flight).map_err(Error::InFlight)?,
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(Error::InFlight)?;
        Ok(bytes.chunks_exact(size_of::<InFlight>()).filter_map(|call| InFlight::read_from_bytes(call).ok()).collect())
    }
}

/// The iterator's program.
const IN_FLIGHT: &str = "in_flight";
/// What gives rings back.
const RELEASE: &str = "release";
/// What takes segments from rings.
const SHRINK: &str = "shrink";
/// What begins recordings.
const BEGIN: &str = "begin";
/// The programs that no hook calls: the agent runs them.
pub(super) const RUN: [&str; 2] = [RELEASE, SHRINK];

/// A number that other programs, another table of what they copy, or another version do not have
/// (FNV-1a: nobody forges it, since whoever can pin is root).
#[must_use]
pub(crate) fn hash(captures: &[Capture]) -> u64 {
    let bytes = OBJECT.iter().chain(captures.as_bytes()).chain(env!("CARGO_PKG_VERSION").as_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn load_programs(ebpf: &mut Ebpf, types: &aya::Btf) -> Result<Vec<Loaded>, Error> {
    let mut programs = Vec::new();
    for hook in hooks() {
        let refused = |source| refusal(hook.name, &source);
        let program = program::<BtfTracePoint>(ebpf, hook.name).map_err(refused)?;
        let given_up = match program.load(hook.name, types) {
            Ok(()) => None,
            Err(ProgramError::Btf(_)) if hook.without.is_some() => hook.without,
            Err(error) => return Err(refused(error)),
        };
        let verified_instructions = program.info().ok().and_then(|info| info.verified_instruction_count());
        programs.push(Loaded { name: hook.name, verified_instructions, given_up });
    }
    let refused = |source| refusal(IN_FLIGHT, &source);
    let in_flight = program::<Iter>(ebpf, IN_FLIGHT).map_err(refused)?;
    in_flight.load("task", types).map_err(refused)?;
    let verified_instructions = in_flight.info().ok().and_then(|info| info.verified_instruction_count());
    programs.push(Loaded { name: IN_FLIGHT, verified_instructions, given_up: None });
    for name in RUN.into_iter().chain([BEGIN]) {
        let refused = |source| refusal(name, &source);
        let program = program::<RawTracePoint>(ebpf, name).map_err(refused)?;
        program.load().map_err(refused)?;
        let verified_instructions = program.info().ok().and_then(|info| info.verified_instruction_count());
        programs.push(Loaded { name, verified_instructions, given_up: None });
    }
    Ok(programs)
}

/// How many CPUs this machine may have. Where the kernel does not tell, none: then no positions are kept.
fn possible_cpus() -> u32 {
    aya::util::nr_cpus().map_or(0, |cpus| u32::try_from(cpus).unwrap_or(0))
}

/// The programs of hooks that this kernel has.
fn hooked(ebpf: &Ebpf) -> Vec<(&'static str, ProgramFd)> {
    let fd = |name| ebpf.program(name)?.fd().ok()?.try_clone().ok();
    hooks().filter_map(|hook| Some((hook.name, fd(hook.name)?))).collect()
}

/// The iterator, attached anew.
pub(super) fn iterator(ebpf: &mut Ebpf) -> Result<IterLink, Error> {
    let refused = |source| refusal(IN_FLIGHT, &source);
    let program = program::<Iter>(ebpf, IN_FLIGHT).map_err(refused)?;
    program.attach().and_then(|id| program.take_link(id)).map_err(refused)
}

fn program<'a, P>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut P, ProgramError>
where
    &'a mut P: TryFrom<&'a mut aya::programs::Program, Error = ProgramError>,
{
    ebpf.program_mut(name).ok_or(ProgramError::NotLoaded)?.try_into()
}

#[cfg(all(test, not(feature = "log")))]
mod tests {
    use super::OBJECT;

    #[test]
    fn the_kernel_side_that_is_shipped_has_no_log() {
        let holds = |name: &[u8]| OBJECT.windows(name.len()).any(|bytes| bytes == name);
        assert!(holds(b"FREE_SEGMENTS"), "the names of maps are not in the object");
        assert!(!holds(b"AYA_LOG"));
    }
}
