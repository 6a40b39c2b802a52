//! `rewind-agent run` on a kernel where another agent may have left its programs and rings.
//!
//! | what is pinned | what is done |
//! |---|---|
//! | nothing | a new recorder is loaded and pinned |
//! | a set that these very programs made | it is taken up: not a record is lost |
//! | a set of other programs in the same layout | its recordings are written into files, then it makes room |
//! | a set of another layout | nobody here can read it: it is counted, and makes room |
//! | a torn set (an agent died while it pinned or removed it) | it makes room |

use crate::clock;
use crate::kernel::pins::{Found, Pins};
use crate::kernel::{self, Adopted, Kernel, Plan};
use crate::recorder::{self, Config, Recorder};
use rewind_common::layout::Made;
use rewind_recording::file::Saving;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// Why it cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The recorder.
    #[error(transparent)]
    Recorder(#[from] recorder::Error),
    /// The directory for what is drained.
    #[error(
        "cannot write the recordings of the agent before into {path}: {source}; give another directory with --drain-dir, or give them up by `rewind-agent unload`"
    )]
    Drain {
        /// The directory or file.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
}

impl From<kernel::pins::Error> for Error {
    fn from(error: kernel::pins::Error) -> Self {
        kernel::Error::from(error).into()
    }
}

impl From<kernel::Error> for Error {
    fn from(error: kernel::Error) -> Self {
        recorder::Error::from(error).into()
    }
}

/// Starts the recorder at `pins`, or goes on with the one that is there.
///
/// # Errors
/// [`Error`].
pub fn begin(config: Config, pins: Pins, drain_dir: &Path) -> Result<Recorder, Error> {
    for other in pins.others()? {
        give_up(&pins, &other, "it has another layout")?;
    }
    let dir = pins.dir();
    match pins.found() {
        Found::Nothing => {}
        Found::Torn => {
            let count = pins.remove(&dir)?;
            tracing::warn!(pins = %dir.display(), count, "removed what an agent left that died while it pinned its programs; starting anew");
        }
        Found::Whole => match Kernel::adopt(&pins)? {
            Adopted::Foreign { why } => give_up(&pins, &dir, &why)?,
            Adopted::Readable { kernel, complete } => return take_up(*kernel, complete, config, pins, drain_dir),
        },
    }
    Ok(Recorder::start_pinned(config, pins, 0)?)
}

/// Goes on with a set that can be read, or drains it.
fn take_up(kernel: Kernel, complete: bool, config: Config, pins: Pins, drain_dir: &Path) -> Result<Recorder, Error> {
    let wanted = config.plan;
    let programs = kernel::hash(&recorder::captures()?);
    let mut recorder = Recorder::resume(kernel, config.clone(), pins)?;
    let made = recorder.made();
    if complete && made.programs == programs {
        // Before it answers: what tells a container's name may be gone in a moment.
        recorder.tend()?;
        let recordings = recorder.numbers().len();
        tracing::info!(recordings, "went on with the programs and rings of the agent before");
        warn_of_sizes(&made, &wanted);
        return Ok(recorder);
    }
    let (saved, recordings) = drain(&mut recorder, drain_dir)?;
    let Some(pins) = recorder.leave() else { return Ok(Recorder::start(config)?) };
    pins.remove(&pins.dir())?;
    tracing::warn!(recordings = saved, dir = %drain_dir.display(), "the programs and rings that were here are another version's, or not all there; their recordings are saved as files; starting anew");
    Ok(Recorder::start_pinned(config, pins, recordings)?)
}

/// Writes all recordings into files; how many, and the number of the last that there was.
fn drain(recorder: &mut Recorder, dir: &Path) -> Result<(usize, u64), Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Drain { path, source }
    };
    let recordings = recorder.numbers();
    if !recordings.is_empty() {
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed(dir))?;
    }
    let unix_s = clock::now_ns().saturating_add_signed(clock::unix_offset_ns()) / 1_000_000_000;
    for recording in &recordings {
        let (header, records) = recorder.recording(*recording)?;
        let path = dir.join(format!("drained-{unix_s}-{recording}.rewind"));
        let saving = Saving::start(&path).map_err(failed(&path))?;
        saving.finish(&header, &records).map_err(failed(&path))?;
    }
    Ok((recordings.len(), recorder.newest()))
}

/// Removes a set that this version cannot read.
fn give_up(pins: &Pins, dir: &Path, why: &str) -> Result<(), Error> {
    let recordings =
        kernel::taken_rings(dir).map_or_else(|| "an unknown number of".to_owned(), |rings| rings.to_string());
    pins.remove(dir)?;
    tracing::warn!(pins = %dir.display(), recordings, why, "the programs and rings of an agent of another version cannot be read by this one: its recordings are lost; starting anew");
    Ok(())
}

/// What is asked for but cannot be had of maps that are there.
fn warn_of_sizes(made: &Made, wanted: &Plan) {
    let differ = (made.budget_bytes, made.ring_bytes, made.payload_bytes)
        != (wanted.budget_bytes, wanted.ring_bytes, wanted.payload_bytes);
    if differ {
        tracing::warn!(
            budget_bytes = made.budget_bytes,
            ring_bytes = made.ring_bytes,
            payload_bytes = made.payload_bytes,
            "the rings keep the sizes that they were made with, not those asked for; to change them: `rewind-agent unload`, then run"
        );
    }
}
