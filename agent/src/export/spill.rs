//! Ends of containers on disk until a backend has taken them: a file each, beside the crash files.
//!
//! * It is written before it is sent: what an agent that is killed has not sent, the next one sends.
//! * Under a file's name there is a whole file or none.
//! * The directory is bounded; the oldest goes first, and is counted.

use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use rewind_otlp::End;
use rewind_recording::header::Header;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// Most bytes of the directory.
const MAX_BYTES: u64 = 16 << 20;
/// Most bytes of a file: what is more leaves out what the feed gives as well.
const MAX_FILE_BYTES: usize = 1 << 20;
/// How the names of files end.
const ENDING: &str = ".json";

/// A container's end as it is kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Spilled {
    /// Whose it is: what the resource is made of.
    pub header: Header,
    /// The run, and what has no end of its own.
    pub spans: Vec<Span>,
    /// Whether spans of requests are wished, as far as that was known when it ended; its pod may be forgotten since.
    pub request_spans: Option<bool>,
    /// Why it ended, if it failed.
    pub crash: Option<LogRecord>,
    /// What the feed gives as well.
    pub earlier_spans: Vec<Span>,
    /// What the feed gives as well.
    pub earlier_logs: Vec<LogRecord>,
}

impl Spilled {
    pub(crate) fn of(header: &Header, end: End, request_spans: Option<bool>) -> Self {
        let Header { format, host, container, recording, born_ns, died_ns, read_ns, .. } = header.clone();
        let header = Header { format, host, container, recording, born_ns, died_ns, read_ns, ..Header::default() };
        let End { spans, crash, earlier_spans, earlier_logs } = end;
        Self { header, spans, request_spans, crash, earlier_spans, earlier_logs }
    }
}

/// The directory.
#[derive(Debug)]
pub(crate) struct Spill {
    dir: PathBuf,
    /// Files and how large they are, the oldest first.
    files: BTreeMap<String, u64>,
}

/// Files that had to make room for others.
pub(crate) type Dropped = Vec<String>;

impl Spill {
    /// What an agent before has left in `dir`, which is made when it is needed.
    pub(crate) fn open(dir: &Path) -> Self {
        let entries = fs::read_dir(dir).into_iter().flatten().flatten();
        let mut files = BTreeMap::new();
        for entry in entries {
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.ends_with(ENDING) {
                files.insert(name, entry.metadata().map_or(0, |metadata| metadata.len()));
            } else {
                // Half a file of an agent that was killed.
                let _ = fs::remove_file(entry.path());
            }
        }
        Self { dir: dir.to_owned(), files }
    }

    /// All files, the oldest first.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.files.keys()
    }

    /// Bytes of all.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.values().sum()
    }

    /// Writes an end under its name, and lets older ones go for it. The same end is written once.
    ///
    /// # Errors
    /// Those of the file system; there is no file then.
    pub(crate) fn write(&mut self, name: &str, spilled: &Spilled) -> io::Result<Dropped> {
        let mut bytes = serde_json::to_vec(spilled)?;
        if bytes.len() > MAX_FILE_BYTES {
            let short = Spilled { earlier_spans: Vec::new(), earlier_logs: Vec::new(), ..spilled.clone() };
            bytes = serde_json::to_vec(&short)?;
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)?;
        let (path, half) = (self.path(name), self.dir.join(format!("{name}.half")));
        if let Err(error) = whole(&half, &bytes).and_then(|()| fs::rename(&half, path)) {
            // A full disk gets no fuller by each try. It is not there if it could not even be made.
            let _ = fs::remove_file(&half);
            return Err(error);
        }
        self.files.insert(name.to_owned(), bytes.len() as u64);
        let mut dropped = Dropped::new();
        while self.bytes() > MAX_BYTES && self.files.len() > 1 {
            let Some(oldest) = self.files.keys().next().cloned() else { break };
            self.remove(&oldest);
            dropped.push(oldest);
        }
        Ok(dropped)
    }

    /// Where a file lies.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// It was sent, or is of no use.
    pub(crate) fn remove(&mut self, name: &str) {
        self.files.remove(name);
        if let Err(error) = fs::remove_file(self.path(name))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, name, "an end that was sent cannot be deleted");
        }
    }
}

fn whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}

/// The name of an end's file: by time, and the same for the same end.
pub(crate) fn name(header: &Header) -> String {
    let container = &header.container;
    format!("{:020}-{}-{}{ENDING}", header.over_unix_ns() / 1_000_000_000, header.recording, container.cgroup_id)
}

/// Reads a file. `None`: it is none of ours, or damaged.
pub(crate) fn read(path: &Path) -> Option<Spilled> {
    let bytes = fs::read(path).ok()?;
    serde_json::from_slice(&bytes)
        .inspect_err(|error| tracing::warn!(%error, path = %path.display(), "an end that was kept cannot be read"))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spilled(recording: u64, text_bytes: usize) -> (String, Spilled) {
        let header = Header { recording, died_ns: Some(recording * 1_000_000_000), ..Header::default() };
        let span = Span { name: "x".repeat(text_bytes), ..Span::default() };
        let end = End { spans: vec![span.clone()], earlier_spans: vec![span], ..End::default() };
        (name(&header), Spilled::of(&header, end, None))
    }

    #[test]
    fn what_was_written_is_there_for_the_next_agent_and_half_a_file_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let below = dir.path().join("export");
        let (name, one) = spilled(1, 10);
        assert!(Spill::open(&below).names().next().is_none());
        assert!(Spill::open(&below).write(&name, &one).unwrap().is_empty());
        fs::write(below.join("0.json.half"), "{").unwrap();
        let mut next = Spill::open(&below);
        assert_eq!(next.names().collect::<Vec<_>>(), [&name]);
        assert!(!below.join("0.json.half").exists());
        let back = read(&next.path(&name)).unwrap();
        assert_eq!((back.header.recording, back.spans, back.earlier_spans.len()), (1, one.spans, 1));
        next.remove(&name);
        assert!(Spill::open(&below).names().next().is_none());
        fs::write(below.join("1.json"), "{\"spans\": 7}").unwrap();
        assert!(read(&below.join("1.json")).is_none());
    }

    #[test]
    fn it_is_bounded_and_the_oldest_goes_first() {
        let dir = tempfile::tempdir().unwrap();
        let mut spill = Spill::open(dir.path());
        let mut dropped = Dropped::new();
        for recording in 1..=40 {
            // Too large with what the feed gives as well.
            let (name, one) = spilled(recording, 700_000);
            dropped.extend(spill.write(&name, &one).unwrap());
        }
        assert!(spill.bytes() <= MAX_BYTES && dropped.len() > 10, "{} {}", spill.bytes(), dropped.len());
        assert_eq!(dropped.first(), Some(&spilled(1, 0).0));
        let newest = read(&spill.path(&spilled(40, 0).0)).unwrap();
        assert_eq!((newest.spans.len(), newest.earlier_spans.len()), (1, 0));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), spill.names().count());
    }
}
