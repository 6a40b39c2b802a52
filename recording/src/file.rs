//! A recording as a file: kept, sent to somebody else, opened years later on any machine.
//!
//! ```text
//! file:   one zstd frame (RFC 8878) with its content checksum, around
//! stream: "REWIND\r\n" [version: u32]  Header  Records...  End      (see stream.rs)
//! ```
//!
//! The stream describes itself (its version stands in front, its header is JSON whose unknown fields
//! are ignored and whose missing fields are defaults), and so does the zstd frame: `zstd -d` gives a
//! stream that reads as well. A file is whole or it is an error: unlike a connection that breaks off,
//! a frame that is cut short, or whose checksum is wrong, is refused ([`StreamError::Damaged`]). Bytes
//! behind the frame are ignored, as room for what later versions may want to append.
//!
//! [`Saving`] writes under a temporary name in the same directory, syncs and renames, so that under
//! the wanted name there is either the whole recording or what was there before. Files are readable
//! by their owner alone: recordings hold what programs wrote and were given.

use crate::header::Header;
use crate::stream::{self, Decoder, Frame, MAX_RECORDS_BYTES, Recording, StreamError, Writer};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

#[cfg(test)]
mod tests;

/// What a zstd frame starts with.
pub const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The usual end of a file's name.
pub const EXTENSION: &str = "rewind";
/// zstd's own default: on records, higher levels cost much time and save little.
const LEVEL: i32 = 3;
/// The largest window that is accepted, as a power of two: what a reader allocates at most. What is
/// written here has a window of 2 MiB.
const WINDOW_LOG_MAX: u32 = 24;
/// Most bytes of a stream that are decompressed: all records, and room for headers and framing.
const MAX_STREAM_BYTES: u64 = MAX_RECORDS_BYTES as u64 + (64 << 20);

/// Writes a recording as a file's bytes.
///
/// # Errors
/// Those of the sink.
pub fn write<W: Write>(sink: W, header: &Header, records: &[u8]) -> io::Result<W> {
    let mut frame = zstd::Encoder::new(sink, LEVEL)?;
    frame.include_checksum(true)?;
    let mut stream = Writer::new(frame, header)?;
    stream.records(records)?;
    let mut sink = stream.finish(header)?.finish()?;
    sink.flush()?;
    Ok(sink)
}

/// Reads a recording from a file's bytes; those of a stream without compression are taken as well.
///
/// # Errors
/// [`StreamError`]. Only of a stream without compression it is no error to be cut short: see
/// [`Recording::complete`].
pub fn read(mut source: impl Read) -> Result<Recording, StreamError> {
    let mut front = Vec::new();
    source.by_ref().take(ZSTD_MAGIC.len() as u64).read_to_end(&mut front)?;
    let whole = front.as_slice().chain(source);
    if front != ZSTD_MAGIC {
        return bounded(whole);
    }
    let mut frame = zstd::Decoder::with_buffer(BufReader::new(whole)).map_err(StreamError::Damaged)?.single_frame();
    frame.window_log_max(WINDOW_LOG_MAX).map_err(StreamError::Damaged)?;
    let recording = bounded(&mut frame).map_err(|error| match error {
        StreamError::Io(error) => StreamError::Damaged(error),
        other => other,
    })?;
    if recording.complete { Ok(recording) } else { Err(StreamError::NoEnd) }
}

/// Reads only what stands in front of a file's records. What follows may be damaged.
///
/// # Errors
/// [`StreamError`].
pub fn read_header(source: impl Read) -> Result<Header, StreamError> {
    let mut frame = zstd::Decoder::new(source).map_err(StreamError::Damaged)?.single_frame();
    frame.window_log_max(WINDOW_LOG_MAX).map_err(StreamError::Damaged)?;
    let mut decoder = Decoder::new();
    let mut part = [0; 4096];
    loop {
        match decoder.next_frame()? {
            Some(Frame::Header(header)) => return Ok(*header),
            Some(_) => return Err(StreamError::NoHeader),
            None => {}
        }
        match frame.read(&mut part).map_err(StreamError::Damaged)? {
            0 => return Err(StreamError::NoHeader),
            read => decoder.push(part.get(..read).unwrap_or_default()),
        }
    }
}

/// Reads a stream that may be endless.
fn bounded(source: impl Read) -> Result<Recording, StreamError> {
    let mut source = source.take(MAX_STREAM_BYTES);
    let recording = stream::read(&mut source)?;
    if source.limit() == 0 { Err(StreamError::TooMany) } else { Ok(recording) }
}

/// Opens the file at `path`.
///
/// # Errors
/// [`StreamError`].
pub fn open(path: &Path) -> Result<Recording, StreamError> {
    read(File::open(path)?)
}

/// A file in the making. Nothing is seen of it under its name before [`Self::finish`]; dropped
/// before, it leaves nothing behind.
#[derive(Debug)]
pub struct Saving {
    file: File,
    wanted: PathBuf,
    /// What it is called until then; `None`: it is written in place.
    temporary: Option<PathBuf>,
}

impl Saving {
    /// Starts a file, so that a directory that cannot be written to is known before the work is done.
    ///
    /// # Errors
    /// Those of creating a file in the directory of `path`.
    pub fn start(path: &Path) -> io::Result<Self> {
        // A link is followed: what it points to is replaced, not the link.
        let wanted = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if fs::metadata(&wanted).is_ok_and(|found| !found.is_file()) {
            // A device or pipe (/dev/stdout) cannot be replaced by a rename; a directory is refused here.
            let file = OpenOptions::new().write(true).open(&wanted)?;
            return Ok(Self { file, wanted, temporary: None });
        }
        let temporary = temporary_name(&wanted)?;
        let file = private().write(true).create_new(true).open(&temporary)?;
        Ok(Self { file, wanted, temporary: Some(temporary) })
    }

    /// Writes the recording, makes it last, and gives it its name; how many bytes it has.
    ///
    /// # Errors
    /// Those of writing; nothing is left behind then.
    pub fn finish(mut self, header: &Header, records: &[u8]) -> io::Result<u64> {
        let bytes = write(Counted { sink: &self.file, bytes: 0 }, header, records)?.bytes;
        self.last()?;
        Ok(bytes)
    }

    /// Writes what is no recording, makes it last, and gives it its name.
    ///
    /// # Errors
    /// Those of writing; nothing is left behind then.
    pub fn finish_bytes(mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.last()
    }

    fn last(&mut self) -> io::Result<()> {
        if let Some(temporary) = &self.temporary {
            self.file.sync_all()?;
            fs::rename(temporary, &self.wanted)?;
            self.temporary = None;
            sync_directory(&self.wanted)?;
        }
        Ok(())
    }
}

impl Drop for Saving {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // What cannot be removed keeps a name that says what it is.
            let _ = fs::remove_file(temporary);
        }
    }
}

/// Saves a recording at `path`: see [`Saving`].
///
/// # Errors
/// Those of writing; nothing is left behind then.
pub fn save(path: &Path, header: &Header, records: &[u8]) -> io::Result<u64> {
    Saving::start(path)?.finish(header, records)
}

/// `.name.1234.tmp` beside `name`.
fn temporary_name(wanted: &Path) -> io::Result<PathBuf> {
    let Some(name) = wanted.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it does not name a file"));
    };
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}.tmp", std::process::id()));
    Ok(wanted.with_file_name(temporary))
}

#[cfg(unix)]
fn private() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(not(unix))]
fn private() -> OpenOptions {
    OpenOptions::new()
}

/// Makes a rename last.
#[cfg(unix)]
fn sync_directory(file: &Path) -> io::Result<()> {
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Counts what is written.
struct Counted<W> {
    sink: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.sink.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}
