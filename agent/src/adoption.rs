//! `rewind-agent run` on a kernel where another agent may have left its programs and rings.
//!
//! | what is pinned | what is done |
//! |---|---|
//! | nothing | a new recorder is loaded and pinned |
//! | a set that these very programs made | it is taken up: not a record is lost |
//! | a set of other programs in the same layout | its recordings are written into crash files, then it makes room |
//! | a set of another layout | nobody here can read it: it is counted, and makes room |
//! | a torn set (an agent died while it pinned or removed it) | it makes room |

use crate::crash::{self, Keeper};
use crate::kernel::pins::{PinState, Pins};
use crate::kernel::{self, Adopted, Kernel, PinnedRings, Plan};
use crate::recorder::{self, Config, Recorder};
use crate::rings;
use rewind_common::layout::Fingerprint;
use std::path::Path;

/// Why it cannot be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The recorder.
    #[error(transparent)]
    Recorder(#[from] recorder::Error),
    /// The files for what is drained.
    #[error(
        "{0}: the recordings of the agent before cannot be saved; make room, give another directory with --crash-dir, or give them up by `rewind-agent unload`"
    )]
    Drain(#[from] crash::Error),
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
pub(crate) fn begin(config: Config, pins: Pins, keeper: &Keeper) -> Result<Recorder, Error> {
    for other in pins.others()? {
        give_up(&pins, &other, "it has another layout")?;
    }
    let dir = pins.dir();
    match pins.found() {
        PinState::Nothing => {}
        PinState::Torn => {
            let count = pins.remove(&dir)?;
            tracing::warn!(pins = %dir.display(), count, "removed what an agent left that died while it pinned its programs; starting anew");
        }
        PinState::Whole => match Kernel::adopt(&pins)? {
            Adopted::Foreign { why } => give_up(&pins, &dir, &why)?,
            Adopted::Readable { kernel, complete } => return adopt(*kernel, complete, config, pins, keeper),
        },
    }
    Ok(Recorder::start_pinned(config, pins, 0)?)
}

/// Goes on with a set that can be read, or drains it.
fn adopt(kernel: Kernel, complete: bool, config: Config, pins: Pins, keeper: &Keeper) -> Result<Recorder, Error> {
    let wanted = config.plan;
    let programs = kernel::hash(&recorder::captures()?);
    let recorder = Recorder::adopt(kernel, config.clone(), pins)?;
    let made = recorder.fingerprint();
    if complete && made.programs == programs {
        // Before it answers: what tells a container's name may be gone in a moment.
        recorder.reconcile()?;
        let recordings = recorder.numbers().len();
        tracing::info!(recordings, "went on with the programs and rings of the agent before");
        warn_of_sizes(&made, &wanted);
        return Ok(recorder);
    }
    let count = recorder.numbers().len();
    let (saved, recordings) = drain(&recorder, keeper)?;
    let Some(pins) = recorder.leave() else { return Ok(Recorder::start(config)?) };
    pins.remove(&pins.dir())?;
    let given_up = count - saved;
    tracing::warn!(
        saved,
        given_up,
        "the programs and rings that were here are another version's, or not all there; their recordings are saved as crash files, where any are kept; starting anew"
    );
    Ok(Recorder::start_pinned(config, pins, recordings)?)
}

/// Writes all recordings into crash files; how many, and the number of the last that there was.
fn drain(recorder: &Recorder, keeper: &Keeper) -> Result<(usize, u64), Error> {
    let mut saved = 0;
    for recording in recorder.numbers() {
        let (header, records) = recorder.recording(recording)?;
        saved += usize::from(keeper.drain(header, &records)?);
    }
    Ok((saved, recorder.newest()))
}

/// Removes a set that this version cannot read.
fn give_up(pins: &Pins, dir: &Path, why: &str) -> Result<(), Error> {
    let taken = PinnedRings::open(dir).and_then(|rings| rings::count_taken(&rings));
    let recordings = taken.map_or_else(|| "an unknown number of".to_owned(), |rings| rings.to_string());
    pins.remove(dir)?;
    tracing::warn!(pins = %dir.display(), recordings, why, "the programs and rings of an agent of another version cannot be read by this one: its recordings are lost; starting anew");
    Ok(())
}

/// What is asked for but cannot be had of maps that are there.
fn warn_of_sizes(made: &Fingerprint, wanted: &Plan) {
    let differ = (made.budget_bytes, made.ring_bytes, made.payload_bytes, made.protocols)
        != (wanted.budget_bytes, wanted.ring_bytes, wanted.payload_bytes, wanted.protocols);
    if differ {
        tracing::warn!(
            budget_bytes = made.budget_bytes,
            ring_bytes = made.ring_bytes,
            payload_bytes = made.payload_bytes,
            protocols = made.protocols,
            "rings and programs keep what they were made with, not what is asked for; to change them: `rewind-agent unload`, then run"
        );
    }
}
