//! What fails in runs that end well: learned from their recordings, kept in one file, told in the headers of others.
//!
//! Nothing is read for it alone but at a crash: a recording that ended is before us anyway when it is decided what is
//! kept of it. Then a few living recordings of the same workload are read, each once.

mod rate;

use crate::clock;
use crate::counts::Counts;
use crate::recorder::{Recorder, bytes_of};
use rate::Rate;
use rewind_diagnosis::healthy::{self, HealthyRun, MAX_BYTES, Memory, Workload};
use rewind_recording::api::counter::Counter;
use rewind_recording::file::Saving;
use rewind_recording::header::Header;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The file's name.
const FILE: &str = "healthy.json";
/// A longer file is none of ours.
const MAX_FILE_BYTES: u64 = 4 * MAX_BYTES as u64;
/// A larger recording costs more than that.
const MAX_RECORDS: usize = 8 << 20;
/// So many living recordings are read at a crash, if that does not take longer.
const SIBLINGS: usize = 2;
const SIBLINGS_WITHIN: Duration = Duration::from_millis(200);
/// What failed so long ago in a living one did it no harm.
const LONG_AGO_NS: u64 = 60_000_000_000;
/// So many living ones are remembered to have been read.
const MAX_SEEN: usize = 4096;
/// The file is written no more often.
const SAVE: Duration = Duration::from_secs(10);

/// What fails in runs that end well.
pub(crate) struct Healthy {
    /// `None`: it is not kept.
    file: Option<PathBuf>,
    counts: OnceLock<Arc<Counts>>,
    inner: Mutex<Inner>,
}

struct Inner {
    memory: Memory,
    rate: Rate,
    /// Living recordings that were read.
    seen: BTreeSet<u64>,
    changed: bool,
    save_at: Instant,
}

impl Healthy {
    /// What an agent before has learned, as it lies in `dir`; `None`: it is not kept.
    #[must_use]
    pub(crate) fn open(dir: Option<&Path>) -> Self {
        let file = dir.map(|dir| dir.join(FILE));
        let memory = file.as_deref().map_or_else(Memory::default, |file| {
            read(file).unwrap_or_else(|error| {
                let file = file.display();
                tracing::warn!(%error, %file, "what was learned of healthy runs cannot be read; it is begun anew");
                Memory::default()
            })
        });
        let now = Instant::now();
        let inner = Inner { memory, rate: Rate::new(now), seen: BTreeSet::new(), changed: false, save_at: now };
        Self { file, counts: OnceLock::new(), inner: Mutex::new(inner) }
    }

    /// From now on it is counted here what is skipped.
    pub(crate) fn set_counts(&self, counts: Arc<Counts>) {
        // The first one stays.
        let _ = self.counts.set(counts);
    }

    /// Learns from a recording, if its container ended well.
    pub(crate) fn learn(&self, header: &Header, records: &[u8]) {
        if header.ending.is_none_or(|ending| !ending.is_success()) {
            return;
        }
        let Some(workload) = Workload::of(&header.container) else { return };
        let is_due = {
            let mut inner = self.lock();
            // Who was read while it lived would count twice.
            if inner.seen.contains(&header.recording) {
                return;
            }
            records.len() <= MAX_RECORDS && inner.rate.take(&workload.namespace, Instant::now())
        };
        if !is_due {
            self.counts.get().map(|counts| counts.add(Counter::HealthySkipped));
            return;
        }
        if let Some(run) = healthy::ended_well(header, records) {
            self.lock().learn(&run);
        }
    }

    /// Learns from living containers of the workload of one that has ended badly.
    pub(crate) fn learn_from_siblings(&self, recorder: &Recorder, header: &Header) {
        // Without an image nobody knows what else runs the same.
        let has_image = header.container.pod.as_ref().is_some_and(|pod| !pod.image.is_empty());
        if !has_image {
            return;
        }
        let Some(workload) = Workload::of(&header.container) else { return };
        let since = Instant::now();
        let living =
            recorder.rings().filter(|(_, ring)| ring.end_ns().is_none() && bytes_of(ring) < MAX_RECORDS as u64);
        let living = living.filter(|(_, ring)| ring.recording != header.recording);
        let same = living.filter(|(_, ring)| Workload::of(&recorder.container(ring)).as_ref() == Some(&workload));
        let same: Vec<u64> = same.map(|(_, ring)| ring.recording).collect();
        let unseen = same.into_iter().filter(|recording| !self.lock().seen.contains(recording));
        for recording in unseen.take(SIBLINGS).collect::<Vec<_>>() {
            if since.elapsed() > SIBLINGS_WITHIN {
                break;
            }
            let Ok((header, records)) = recorder.recording(recording) else { continue };
            let long_ago_ns = header.read_ns.saturating_sub(LONG_AGO_NS);
            if let Some(run) = healthy::lived_on(&header, &records, long_ago_ns) {
                let mut inner = self.lock();
                if inner.seen.len() >= MAX_SEEN {
                    inner.seen.pop_first();
                }
                inner.seen.insert(recording);
                inner.learn(&run);
            }
        }
    }

    /// Tells in the header of a recording what is known of its failures.
    pub(crate) fn tell(&self, header: &mut Header, records: &[u8]) {
        header.healthy = healthy::known(&self.lock().memory, header, records);
    }

    /// Writes the file, if there is something new and it was not written just now, or `at_once`.
    pub(crate) fn save(&self, at_once: bool) {
        let Some(file) = &self.file else { return };
        let (bytes, now) = {
            let (mut inner, now) = (self.lock(), Instant::now());
            if !inner.changed || now < inner.save_at && !at_once {
                return;
            }
            inner.save_at = now + SAVE;
            inner.changed = false;
            (inner.memory.to_bytes(), now)
        };
        let saved = bytes.map_err(io::Error::from).and_then(|bytes| Saving::start(file)?.finish_bytes(&bytes));
        if let Err(error) = saved {
            tracing::warn!(%error, file = %file.display(), "what was learned of healthy runs cannot be kept for now");
            let mut inner = self.lock();
            (inner.changed, inner.save_at) = (true, now + 6 * SAVE);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn learn(&mut self, run: &HealthyRun) {
        self.memory.learn(run, clock::unix_s());
        self.changed = true;
    }
}

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("it is larger than {MAX_FILE_BYTES} bytes")]
    TooLarge,
    #[error(transparent)]
    Parse(#[from] healthy::ParseError),
}

/// What a file holds; nothing, where there is none.
fn read(file: &Path) -> Result<Memory, Error> {
    let opened = match File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Memory::default()),
        Err(error) => return Err(error.into()),
    };
    let mut bytes = Vec::new();
    opened.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Error::TooLarge);
    }
    Ok(Memory::parse(&bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_recording::ending::Ending;
    use std::fs;

    fn well(recording: u64) -> Header {
        let mut header = Header { recording, died_ns: Some(9), read_ns: 9, ..Header::default() };
        header.ending = Some(Ending { exit_code: Some(0), at_ns: 9, ..Ending::default() });
        header.container.id = "web".into();
        header
    }

    #[test]
    fn a_file_that_cannot_be_read_is_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        for bytes in [&b"{\"version\": 99}"[..], b"nonsense", b""] {
            fs::write(dir.path().join(FILE), bytes).unwrap();
            assert!(Healthy::open(Some(dir.path())).lock().memory.is_empty());
        }
        fs::remove_file(dir.path().join(FILE)).unwrap();
        assert!(read(&dir.path().join(FILE)).is_ok_and(|memory| memory.is_empty()), "no file is no error");
    }

    #[test]
    fn too_many_runs_are_skipped_and_counted() {
        let (healthy, counts) = (Healthy::open(None), Arc::new(Counts::default()));
        healthy.set_counts(Arc::clone(&counts));
        for recording in 0..15 {
            healthy.learn(&well(recording), &[]);
        }
        let skipped = counts.named().get("healthy_skipped").copied();
        assert!(skipped.is_some_and(|skipped| (1..=5).contains(&skipped)), "{skipped:?}");
    }
}
