//! Why the kernel side cannot be loaded or used.

use super::pins;
use super::plan::TooSmall;
use crate::host::btf;
use aya::programs::ProgramError;

/// Why the recorder cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
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
    /// A ring was not given back.
    #[error("{failed} parts of ring {ring} could not be given back to the pool; `rewind-agent unload` frees all of it")]
    Release {
        /// The ring.
        ring: u32,
        /// How many.
        failed: u32,
    },
    /// Pins.
    #[error(transparent)]
    Pins(#[from] pins::Error),
}

/// The first line of why a program was refused; all of it goes to the log.
pub(super) fn refusal(name: &'static str, source: &ProgramError) -> Error {
    tracing::debug!(program = name, verifier = %source, "refused");
    let why = match source {
        ProgramError::LoadError { io_error, .. } => io_error.to_string(),
        other => other.to_string().lines().next().unwrap_or_default().to_owned(),
    };
    Error::Program { name, why }
}
