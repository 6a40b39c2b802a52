//! The floor of all recorders: empty programs on both ends of each call, for `cargo xtask bench`.
//!
//! Nothing of the recorder is in it: no maps, no rings, and an object that is read from disk, since
//! only benchmarks want it.

use aya::Ebpf;
use aya::programs::RawTracePoint;
use std::path::{Path, PathBuf};

/// What this program is called with to attach them.
pub const VERB: &str = "floor";

/// Each program of the object, and its hook.
const PROGRAMS: [(&str, &str); 2] = [("floor_enter", "sys_enter"), ("floor_exit", "sys_exit")];

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
    #[error("there is no program {0} in the object")]
    Missing(&'static str),
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
    /// Loads the object and attaches what is in it.
    ///
    /// # Errors
    /// [`Error`]; all final.
    pub fn attach(object: &Path) -> Result<Self, Error> {
        let missing = |source| Error::Object { path: object.to_owned(), source: Box::new(source) };
        let mut ebpf = Ebpf::load_file(object).map_err(missing)?;
        for (name, hook) in PROGRAMS {
            let refused = |source| Error::Program { name, source: Box::new(source) };
            let program = ebpf.program_mut(name).ok_or(Error::Missing(name))?;
            let program: &mut RawTracePoint = program.try_into().map_err(refused)?;
            program.load().map_err(refused)?;
            program.attach(hook).map_err(refused)?;
        }
        Ok(Self { _ebpf: ebpf })
    }
}
