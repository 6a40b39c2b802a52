//! What `cargo xtask bench` holds the recorder against: empty programs on both ends of each call, and
//! the least that a recorder of durations and pointed-to bytes does (`agent-ebpf/src/floor.rs`).
//!
//! Nothing of the recorder is in it: no rings, and an object that is read from disk, since only
//! benchmarks want it.

use super::btf::{self, Btf};
use super::{maps, offsets};
use aya::programs::{BtfTracePoint, RawTracePoint};
use aya::{Ebpf, EbpfLoader};
use rewind_common::capture::Capture;
use std::path::{Path, PathBuf};
use zerocopy::IntoBytes as _;

/// What this program is called with to attach them.
pub const VERB: &str = "floor";

/// Each program of the object, and its hook.
const EMPTY: [(&str, &str); 2] = [("floor_enter", "sys_enter"), ("floor_exit", "sys_exit")];
const LEAST: [(&str, &str); 2] = [("least_enter", "sys_enter"), ("least_exit", "sys_exit")];

/// Why they are not attached.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The object.
    #[error("cannot load {path}: {source}; `cargo xtask build-ebpf` makes it")]
    Object {
        /// Where it should be.
        path: PathBuf,
        /// What the library said.
        source: Box<aya::EbpfError>,
    },
    /// It has no such program.
    #[error("there is no {0} in the object")]
    Missing(&'static str),
    /// The running kernel's types.
    #[error("cannot read the kernel's types: {0}")]
    Types(Box<dyn std::error::Error + Send + Sync>),
    /// The table of what is copied.
    #[error("cannot fill the table of what is copied: {0}")]
    Captures(#[from] aya::maps::MapError),
    /// A program.
    #[error("cannot attach {name}: {source}")]
    Program {
        /// The program.
        name: &'static str,
        /// What the kernel or the library said.
        source: Box<aya::programs::ProgramError>,
    },
}

/// The attached programs. Dropping it takes them out.
pub struct Floor {
    _ebpf: Ebpf,
}

impl Floor {
    /// Loads the object and attaches its empty programs.
    ///
    /// # Errors
    /// [`Error`]; all final.
    pub fn attach(object: &Path) -> Result<Self, Error> {
        let mut ebpf = load(object, &mut EbpfLoader::new())?;
        for (name, hook) in EMPTY {
            let refused = |source| Error::Program { name, source: Box::new(source) };
            let program = ebpf.program_mut(name).ok_or(Error::Missing(name))?;
            let program: &mut RawTracePoint = program.try_into().map_err(refused)?;
            program.load().map_err(refused)?;
            program.attach(hook).map_err(refused)?;
        }
        Ok(Self { _ebpf: ebpf })
    }

    /// Loads the object and attaches the programs that read the clock and copy what `captures` says.
    ///
    /// # Errors
    /// [`Error`]; all final.
    pub fn attach_least(object: &Path, captures: &[Capture]) -> Result<Self, Error> {
        let types = |error: btf::Error| Error::Types(Box::new(error));
        let registers = offsets::find(&Btf::of_running_kernel().map_err(types)?).map_err(types)?.regs_args;
        let mut loader = EbpfLoader::new();
        let mut ebpf = load(object, loader.override_global("REGISTERS", registers.as_bytes(), true))?;
        let map = ebpf.map_mut("CAPTURES").ok_or(Error::Missing("CAPTURES"))?;
        maps::fill(&mut map.try_into()?, captures)?;
        let types = aya::Btf::from_sys_fs().map_err(|error| Error::Types(Box::new(error)))?;
        for (name, hook) in LEAST {
            let refused = |source| Error::Program { name, source: Box::new(source) };
            let program = ebpf.program_mut(name).ok_or(Error::Missing(name))?;
            let program: &mut BtfTracePoint = program.try_into().map_err(refused)?;
            program.load(hook, &types).map_err(refused)?;
            program.attach().map_err(refused)?;
        }
        Ok(Self { _ebpf: ebpf })
    }
}

fn load(object: &Path, loader: &mut EbpfLoader<'_>) -> Result<Ebpf, Error> {
    loader.load_file(object).map_err(|source| Error::Object { path: object.to_owned(), source: Box::new(source) })
}
