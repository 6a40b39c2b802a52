//! `rewind-agent record`: one command, in a cgroup of its own, recorded without the daemon.

mod cgroup;
mod spawn;

pub(crate) use cgroup::Cgroup;

use crate::clock;
use crate::recorder::{self, Recorder};
use crate::rings::descriptors::{self, OpenDescriptors};
use rewind_recording::cut::Tail;
use rewind_recording::event;
use rewind_recording::header::Header;
use std::ffi::OsString;
use std::io;
use std::process::{ExitStatus, Output};
use std::time::Duration;

/// How often the ring is emptied while the command runs.
const INTERVAL: Duration = Duration::from_millis(20);

/// Why a command is not recorded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The recorder.
    #[error(transparent)]
    Recorder(#[from] recorder::Error),
    /// The cgroup.
    #[error("cannot use the cgroup {path}: {source}")]
    Cgroup {
        /// Its directory.
        path: String,
        /// What the kernel said.
        source: io::Error,
    },
    /// The command.
    #[error("cannot run {command}: {source}")]
    Spawn {
        /// What was to be run.
        command: String,
        /// What the kernel said.
        source: io::Error,
    },
}

/// A command that has ended, and its recording.
#[derive(Debug)]
pub(crate) struct Recorded {
    /// How it ended.
    pub status: ExitStatus,
    /// The recording as a whole.
    pub header: Header,
    /// Its records, in order of time.
    pub records: Vec<u8>,
    /// Records that were overwritten before they could be read.
    pub missed: u64,
}

/// Runs `command` in `cgroup`, which `recorder` records, until the last process in it has ended.
///
/// # Errors
/// [`Error`].
pub(crate) fn run(recorder: &Recorder, cgroup: &Cgroup, command: &[OsString]) -> Result<Recorded, Error> {
    let begun_ns = clock::now_ns();
    let mut child = spawn::spawn(command, cgroup)?;
    let mut gathered = Gathered { open: descriptors::of_self(child.id(), begun_ns), ..Gathered::default() };
    let mut status = None;
    loop {
        gathered.look(recorder, cgroup)?;
        let shown = || command.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
        if status.is_none() {
            status = child.try_wait().map_err(|source| Error::Spawn { command: shown(), source })?;
        }
        if let Some(status) = status
            && !cgroup.is_populated()
        {
            gathered.look(recorder, cgroup)?;
            return gathered.finish(recorder, cgroup, status);
        }
        std::thread::sleep(INTERVAL);
    }
}

/// Runs `command` in `cgroup` to its end, and gives what it printed.
///
/// # Errors
/// [`Error::Spawn`].
pub(crate) fn output(cgroup: &Cgroup, command: &[OsString]) -> Result<Output, Error> {
    spawn::output(command, cgroup)
}

/// Records as they come.
#[derive(Default)]
struct Gathered {
    tail: Tail,
    recording: Option<u64>,
    records: Vec<u8>,
    missed: u64,
    redacted: u64,
    /// What the command inherits.
    open: OpenDescriptors,
}

impl Gathered {
    fn look(&mut self, recorder: &Recorder, cgroup: &Cgroup) -> Result<(), Error> {
        if self.recording.is_none() {
            self.recording = recorder.recording_of(cgroup.id);
        }
        if let Some(recording) = self.recording {
            let (header, records, missed) = recorder.follow(recording, &mut self.tail)?;
            self.records.extend_from_slice(&records);
            self.missed += missed;
            self.redacted += header.redacted;
        }
        Ok(())
    }

    fn finish(mut self, recorder: &Recorder, cgroup: &Cgroup, status: ExitStatus) -> Result<Recorded, Error> {
        let mut header = match self.recording {
            Some(recording) => recorder.recording(recording)?.0,
            None => Header { host: recorder.host(), ..Header::default() },
        };
        // The ring was emptied as it filled, so nothing that was overwritten is missing but `missed`.
        header.coverage.calls_held = header.coverage.calls_made.saturating_sub(self.missed);
        header.coverage.calls_overwritten = self.missed;
        if self.missed == 0 {
            header.coverage.complete_from_ns = header.born_ns;
            header.coverage.decisive_from_ns = header.born_ns;
            header.coverage.traffic_from_ns = Some(header.born_ns);
            header.coverage.oldest_ns = header.born_ns;
        }
        self.redacted += recorder.redact(&mut self.open.records);
        let records = event::sorted(&[&self.open.records[..], &self.records].concat());
        header.origins = recorder.origins(&header.container, &self.records);
        header.redacted = self.redacted;
        header.container.id = cgroup.name.as_str().into();
        Ok(Recorded { status, header, records, missed: self.missed })
    }
}
