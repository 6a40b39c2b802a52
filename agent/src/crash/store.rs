//! The directory of crash files.
//!
//! * Under a crash file's name there is a whole file or none: see [`Saving`].
//! * A new file is there before older ones go for it.
//! * One agent at a time: the directory itself is locked, and the lock goes with the process.
//! * What cannot be read is reported and left alone; what is not called as crash files are is not
//!   looked at.

use super::limits::{self, End, Entry, Limits, Seen};
use super::name;
use rewind_recording::crash::{Crash, Crashes, Totals, Unreadable};
use rewind_recording::file::{self, Saving};
use rewind_recording::header::{Diagnosed, Header};
use rewind_recording::render::short_id;
use rustix::fs::{FlockOperation, flock};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Why the directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Another agent uses it.
    #[error("another agent keeps its crash files in {}; give this one its own directory with --crash-dir", .0.display())]
    Taken(PathBuf),
    /// It cannot be made or read, or a file in it cannot be written. Worth a retry.
    #[error("cannot keep crash files in {}: {source}", dir.display())]
    Io {
        /// The directory.
        dir: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
}

/// The crash files of this host.
#[derive(Debug)]
pub(crate) struct Store {
    dir: PathBuf,
    limits: Limits,
    held: Mutex<Inner>,
}

/// What is known of them.
#[derive(Debug, Default)]
struct Inner {
    /// The directory, locked; `None`: it could not be opened yet.
    lock: Option<File>,
    next: u64,
    entries: Vec<Entry>,
    /// Names of files that could not be read when the directory was opened, and why.
    unreadable: Vec<Unreadable>,
    /// Where files were sent to, by number.
    sent: BTreeMap<u64, String>,
    totals: Totals,
}

impl Store {
    /// The crash files in `dir`, which is made where it is missing. A directory that cannot be used
    /// now is tried again with each file.
    ///
    /// # Errors
    /// [`Error::Taken`] alone.
    pub(crate) fn open(dir: &Path, limits: Limits, now_s: u64) -> Result<Self, Error> {
        let store = Self::unused(dir, limits);
        match store.reach() {
            Err(taken @ Error::Taken(_)) => return Err(taken),
            Err(error) => store.failed(&error),
            Ok(()) => store.expire(now_s),
        }
        Ok(store)
    }

    /// No crash files: the directory is neither made nor looked at.
    #[must_use]
    pub(crate) fn unused(dir: &Path, limits: Limits) -> Self {
        Self { dir: dir.to_owned(), limits, held: Mutex::default() }
    }

    /// Writes a recording, unless the same end was written before, and lets older files go for it; the number of the
    /// new file.
    ///
    /// # Errors
    /// [`Error`]; there is no new file then.
    pub(crate) fn save(&self, header: &Header, records: &[u8], now_s: u64) -> Result<Option<u64>, Error> {
        let done = self.reach().and_then(|()| self.write(header, records));
        match &done {
            Ok(_) => {
                if !std::mem::take(&mut self.lock().totals.last_error).is_empty() {
                    tracing::info!(directory = %self.dir.display(), "crash files can be written again");
                }
                self.expire(now_s);
            }
            Err(error) => self.failed(error),
        }
        done
    }

    fn write(&self, header: &Header, records: &[u8]) -> Result<Option<u64>, Error> {
        let end = end_of(header);
        let (number, header) = {
            let mut held = self.lock();
            if held.entries.iter().any(|entry| entry.end == end) {
                return Ok(None);
            }
            held.next += 1;
            (held.next, &with_times(header, &held.entries))
        };
        let over_s = over_s(header);
        let file = name::compose(over_s, number, short_id(&header.container.id).as_str(), header.recording);
        let saved = Saving::start(&self.dir.join(&file)).and_then(|saving| saving.finish(header, records));
        let mut held = self.lock();
        match saved {
            Ok(bytes) => {
                let container = &header.container;
                let (name, cgroup) = (container.identity().1, &container.cgroup_path);
                tracing::info!(%file, bytes, container = %name, %cgroup, "crash file written");
                held.totals.written += 1;
                held.entries.push(entry(number, file, bytes, header));
                Ok(Some(number))
            }
            Err(source) => {
                if source.kind() == io::ErrorKind::NotFound {
                    // Somebody has removed the directory: it is made again next time.
                    held.lock = None;
                }
                Err(self.io(source))
            }
        }
    }

    /// Removes what exceeds a limit.
    pub(crate) fn expire(&self, now_s: u64) {
        let mut held = self.lock();
        for (number, limit) in limits::exceeding(&held.entries, self.limits, now_s) {
            let Some(at) = held.entries.iter().position(|entry| entry.number == number) else { continue };
            let removed = held.entries.get(at).map(|entry| fs::remove_file(self.dir.join(&entry.file)));
            match removed {
                Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => {
                    let error = self.io(error).to_string();
                    tracing::warn!(%error, "a crash file that exceeds a limit cannot be removed");
                    held.totals.failed_writes += 1;
                    held.totals.last_error = error;
                    return;
                }
                _ => {
                    held.entries.remove(at);
                    held.sent.remove(&number);
                    *held.totals.evicted.entry(limit.name().to_owned()).or_default() += 1;
                }
            }
        }
    }

    /// All files, with what stands in front of each.
    #[must_use]
    pub(crate) fn list(&self) -> Crashes {
        let (entries, mut unreadable, mut sent, mut totals) = {
            let held = self.lock();
            (held.entries.clone(), held.unreadable.clone(), held.sent.clone(), held.totals.clone())
        };
        totals.sent = sent.len() as u64;
        totals.files = entries.len() as u64;
        totals.bytes = entries.iter().map(|entry| entry.bytes).sum();
        totals.max_bytes = self.limits.bytes;
        totals.max_age_s = self.limits.age_s;
        totals.per_container = self.limits.per_container as u64;
        let mut crashes = Vec::new();
        for Entry { number: crash, file, bytes, .. } in entries {
            let path = self.dir.join(&file);
            match read_header(&path) {
                Ok(header) => {
                    let url = sent.remove(&crash).unwrap_or_default();
                    crashes.push(Crash { crash, file, bytes, header, url });
                }
                // Removed meanwhile.
                Err(_) if !path.exists() => {}
                Err(error) => unreadable.push(Unreadable { file, error }),
            }
        }
        let directory = self.dir.display().to_string();
        Crashes { directory, crashes, unreadable, totals, ..Crashes::default() }
    }

    /// Where a file was sent to; empty: nowhere that is known.
    #[must_use]
    pub(crate) fn url(&self, number: u64) -> String {
        self.lock().sent.get(&number).cloned().unwrap_or_default()
    }

    /// A file was sent.
    pub(crate) fn set_sent(&self, number: u64, url: &str) {
        let mut held = self.lock();
        held.sent.insert(number, url.to_owned());
        held.totals.last_send_error.clear();
    }

    /// A file could not be sent.
    pub(crate) fn set_not_sent(&self, error: &str) {
        let mut held = self.lock();
        held.totals.failed_sends += 1;
        error.clone_into(&mut held.totals.last_send_error);
    }

    /// How much is kept.
    #[must_use]
    pub(crate) const fn limits(&self) -> Limits {
        self.limits
    }

    /// Numbers of files of what was over at `unix_s` or later.
    #[must_use]
    pub(crate) fn since(&self, unix_s: u64) -> Vec<u64> {
        self.lock().entries.iter().filter(|entry| entry.over_s >= unix_s).map(|entry| entry.number).collect()
    }

    /// Where crash `number` lies.
    #[must_use]
    pub(crate) fn path(&self, number: u64) -> Option<PathBuf> {
        let held = self.lock();
        let entry = held.entries.iter().find(|entry| entry.number == number);
        entry.map(|entry| self.dir.join(&entry.file))
    }

    /// Makes, locks and reads the directory, unless that is done.
    fn reach(&self) -> Result<(), Error> {
        let mut held = self.lock();
        if held.lock.is_some() {
            return Ok(());
        }
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.dir);
        let dir = made.and_then(|()| File::open(&self.dir)).map_err(|source| self.io(source))?;
        match flock(&dir, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(Error::Taken(self.dir.clone())),
            Err(error) => return Err(self.io(error.into())),
        }
        self.scan(&mut held).map_err(|source| self.io(source))?;
        held.lock = Some(dir);
        Ok(())
    }

    fn scan(&self, held: &mut Inner) -> io::Result<()> {
        (held.entries, held.unreadable) = Default::default();
        for found in fs::read_dir(&self.dir)? {
            let found = found?;
            let Ok(file) = found.file_name().into_string() else { continue };
            if name::is_torn(&file) {
                tracing::warn!(%file, "a crash file was only half written when its agent was killed; it is removed");
                held.totals.torn += 1;
                // Where it cannot be removed the directory cannot be written to, which is reported.
                let _ = fs::remove_file(found.path());
                continue;
            }
            let Some(number) = name::number(&file) else { continue };
            held.next = held.next.max(number);
            match (read_header(&found.path()), found.metadata()) {
                (Ok(header), Ok(metadata)) => held.entries.push(entry(number, file, metadata.len(), &header)),
                (Err(error), _) => {
                    tracing::warn!(%file, %error, "a crash file cannot be read; it is left as it is");
                    held.unreadable.push(Unreadable { file, error });
                }
                (_, Err(_)) => {}
            }
        }
        held.entries.sort_by_key(|entry| entry.number);
        Ok(())
    }

    /// Counts a failure; logs the first of a row.
    fn failed(&self, error: &Error) {
        let mut held = self.lock();
        held.totals.failed_writes += 1;
        if held.totals.last_error.is_empty() {
            tracing::error!(%error, "recordings stay in memory for now");
        }
        held.totals.last_error = error.to_string();
    }

    fn io(&self, source: io::Error) -> Error {
        Error::Io { dir: self.dir.clone(), source }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read_header(path: &Path) -> Result<Header, String> {
    File::open(path)
        .map_err(|error| error.to_string())
        .and_then(|file| file::read_header(file).map_err(|e| e.to_string()))
}

fn entry(number: u64, file: String, bytes: u64, header: &Header) -> Entry {
    let (pod, name) = header.container.identity();
    let identity = (pod.as_str().to_owned(), name.as_str().to_owned());
    let seen = header.diagnosed.as_deref().map(seen).unwrap_or_default();
    Entry { number, file, bytes, over_s: over_s(header), identity, end: end_of(header), seen }
}

fn seen(diagnosed: &Diagnosed) -> Seen {
    let Diagnosed { fingerprint, first_unix_ns, times, .. } = diagnosed;
    Seen { fingerprint: fingerprint.as_str().to_owned(), first_unix_ns: *first_unix_ns, times: *times }
}

/// With how often its container has ended by this cause. The files of a crash loop make room for each other, so that
/// each says it of all.
fn with_times(header: &Header, entries: &[Entry]) -> Header {
    let mut header = header.clone();
    let over_unix_ns = header.over_unix_ns();
    let (pod, name) = header.container.identity();
    let (pod, name) = (pod.as_str().to_owned(), name.as_str().to_owned());
    if let Some(diagnosed) = header.diagnosed.as_mut().filter(|of| !of.fingerprint.is_empty()) {
        let is_it = |entry: &&Entry| {
            entry.seen.fingerprint == diagnosed.fingerprint.as_str()
                && (&entry.identity.0, &entry.identity.1) == (&pod, &name)
                && entry.seen.times > 0
        };
        let before = entries.iter().filter(is_it).max_by_key(|entry| entry.seen.times).map(|entry| &entry.seen);
        diagnosed.first_unix_ns = before.map_or(over_unix_ns, |seen| seen.first_unix_ns);
        diagnosed.times = before.map_or(0, |seen| seen.times).saturating_add(1);
    }
    header
}

fn over_s(header: &Header) -> u64 {
    u64::try_from(header.over_unix_ns() / 1_000_000_000).unwrap_or(0)
}

fn end_of(header: &Header) -> End {
    let container = &header.container;
    (container.id.as_str().to_owned(), container.cgroup_id, header.born_ns, header.died_ns.unwrap_or(header.read_ns))
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
