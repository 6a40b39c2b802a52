//! How a recording travels: over the socket, as a live trace, and as a file.
//!
//! ```text
//! "REWIND\r\n" [version: u32]  frame...
//! frame: [kind: u8] [len: u32] [crc32 of kind, len and payload: u32] [payload: len bytes]
//! ```
//!
//! All numbers are little-endian. The first frame is the [`Header`]; frames of raw ring records
//! follow, each holding whole records sorted by the time they ended; the last frame repeats the
//! header with its final figures, so that a stream without it is known to be cut short. In a
//! snapshot the calls that threads are still in come as records of kind `Enter` behind all others, and
//! those that began before the recording as records of kind `InProgress`, which a trace begins with.
//! Kinds that the reader does not know are skipped and counted, so that new ones can be added.
//! Payloads of [`FrameKind::Header`], [`FrameKind::Status`] and [`FrameKind::End`] are JSON.

use crate::header::{Coverage, Header};
use rewind_common::record::RecordHeader;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Write};
use zerocopy::FromBytes;

mod gather;
#[cfg(test)]
mod tests;

pub use gather::{Gather, Recording, read};

/// What a stream starts with. The line ending shows damage by text conversion at once.
pub const MAGIC: [u8; 8] = *b"REWIND\r\n";
/// The version of the framing that this code writes, and the newest that it reads.
pub const VERSION: u32 = 1;
/// Most bytes of one frame's payload; a longer one is refused unread.
pub const MAX_FRAME_BYTES: usize = 16 << 20;
/// Most bytes of records that [`read`] collects.
pub const MAX_RECORDS_BYTES: usize = 1 << 30;
/// The content type of a stream over HTTP.
pub const CONTENT_TYPE: &str = "application/vnd.rewind.recording";

const PREAMBLE_BYTES: usize = MAGIC.len() + 4;
const FRAME_HEADER_BYTES: usize = 9;
/// What [`Writer::records`] puts into one frame, so that a reader can show progress.
const RECORDS_FRAME_BYTES: usize = 256 << 10;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FrameKind {
    /// JSON of [`Header`]: the first frame.
    Header = 1,
    /// Whole raw records, one behind the other.
    Records = 2,
    /// JSON of [`Status`].
    Status = 3,
    /// JSON of the final [`Header`]: the last frame.
    End = 4,
}

/// What a live trace says between records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// When it was written: `CLOCK_MONOTONIC`, nanoseconds.
    pub at_ns: u64,
    /// Calls that were overwritten before they could be sent, since the previous status.
    pub missed: u64,
    /// Calls that were overwritten before they could be sent, since the trace began.
    pub missed_total: u64,
    /// What the ring covers now.
    pub coverage: Coverage,
    /// What was lost, by name of reason; zeros left out.
    pub losses: BTreeMap<String, u64>,
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The first: whose recording it is.
    Header(Box<Header>),
    /// Whole raw records; not yet parsed, see [`crate::record::all`].
    Records(Vec<u8>),
    /// How a live trace fares.
    Status(Box<Status>),
    /// The last: the header with its final figures.
    End(Box<Header>),
}

/// Why bytes are not a stream.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// They do not start with [`MAGIC`].
    #[error("this is not a recording: it does not start with REWIND")]
    Magic,
    /// A newer version of the framing.
    #[error("the recording has format version {0}; this program reads up to {VERSION}: use a newer one")]
    Version(u32),
    /// A frame longer than [`MAX_FRAME_BYTES`].
    #[error("the recording is damaged: a frame at byte {at} claims {len} bytes")]
    TooLong {
        /// Offset of the frame in the stream.
        at: u64,
        /// The length it claims.
        len: u32,
    },
    /// A frame whose checksum does not match.
    #[error("the recording is damaged: the checksum of the frame at byte {at} is wrong")]
    Checksum {
        /// Offset of the frame in the stream.
        at: u64,
    },
    /// A frame whose JSON cannot be read.
    #[error("the recording is damaged: the frame at byte {at} cannot be read: {source}")]
    Json {
        /// Offset of the frame in the stream.
        at: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The stream ends, or brings records, before its header.
    #[error("the recording is damaged: it has no header")]
    NoHeader,
    /// The compressed frame around it is cut short, or its checksum is wrong.
    #[error("the recording is damaged: it cannot be decompressed: {0}")]
    Damaged(io::Error),
    /// A file whose stream has no end.
    #[error("the recording is damaged: it has no end")]
    NoEnd,
    /// More records than [`MAX_RECORDS_BYTES`].
    #[error("the recording holds more than {MAX_RECORDS_BYTES} bytes of records")]
    TooMany,
    /// The bytes could not be read. Whether to retry depends on the source.
    #[error("the recording could not be read: {0}")]
    Io(#[from] io::Error),
}

/// Takes a stream apart as its bytes arrive.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    taken: usize,
    /// Offset of `buffer[0]` in the stream.
    offset: u64,
    begun: bool,
    failed: bool,
    skipped: u64,
}

impl Decoder {
    /// A decoder at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends bytes as they came. Take the frames out with [`Self::next_frame`] before the next push:
    /// then no more than one frame is held.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed {
            return;
        }
        self.buffer.drain(..self.taken);
        self.offset += self.taken as u64;
        self.taken = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame; `None` until more bytes are pushed.
    ///
    /// # Errors
    /// [`StreamError`] once; nothing comes after it.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, StreamError> {
        if self.failed {
            return Ok(None);
        }
        let frame = self.advance();
        self.failed = frame.is_err();
        frame
    }

    /// How many frames of unknown kinds were skipped.
    #[must_use]
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    fn advance(&mut self) -> Result<Option<Frame>, StreamError> {
        if !self.begun && !self.preamble()? {
            return Ok(None);
        }
        loop {
            let at = self.offset + self.taken as u64;
            let bytes = self.buffer.get(self.taken..).unwrap_or_default();
            let Some((header, behind)) = bytes.split_at_checked(FRAME_HEADER_BYTES) else { return Ok(None) };
            let (kind, len, sum) = (header[0], number(&header[1..5]), number(&header[5..9]));
            if len as usize > MAX_FRAME_BYTES {
                return Err(StreamError::TooLong { at, len });
            }
            let Some(payload) = behind.get(..len as usize) else { return Ok(None) };
            if checksum(kind, len, payload) != sum {
                return Err(StreamError::Checksum { at });
            }
            self.taken += FRAME_HEADER_BYTES + payload.len();
            let json = |source| StreamError::Json { at, source };
            return Ok(Some(match kind {
                k if k == FrameKind::Header as u8 => Frame::Header(serde_json::from_slice(payload).map_err(json)?),
                k if k == FrameKind::Records as u8 => Frame::Records(payload.to_vec()),
                k if k == FrameKind::Status as u8 => Frame::Status(serde_json::from_slice(payload).map_err(json)?),
                k if k == FrameKind::End as u8 => Frame::End(serde_json::from_slice(payload).map_err(json)?),
                _ => {
                    self.skipped += 1;
                    continue;
                }
            }));
        }
    }

    fn preamble(&mut self) -> Result<bool, StreamError> {
        let known = self.buffer.len().min(MAGIC.len());
        if self.buffer[..known] != MAGIC[..known] {
            return Err(StreamError::Magic);
        }
        let Some(version) = self.buffer.get(MAGIC.len()..PREAMBLE_BYTES) else { return Ok(false) };
        match number(version) {
            0 => Err(StreamError::Magic),
            version if version > VERSION => Err(StreamError::Version(version)),
            _ => {
                self.taken = PREAMBLE_BYTES;
                self.begun = true;
                Ok(true)
            }
        }
    }
}

/// Writes a stream.
#[derive(Debug)]
pub struct Writer<W> {
    sink: W,
}

impl<W: Write> Writer<W> {
    /// Starts a stream: magic, version, header.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn new(mut sink: W, header: &Header) -> io::Result<Self> {
        sink.write_all(&MAGIC)?;
        sink.write_all(&VERSION.to_le_bytes())?;
        let mut writer = Self { sink };
        writer.json(FrameKind::Header, header)?;
        Ok(writer)
    }

    /// Writes what has come to be known since the stream began: a header that takes the first one's place.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn header(&mut self, header: &Header) -> io::Result<()> {
        self.json(FrameKind::Header, header)
    }

    /// Writes raw records, sorted by the time they ended, in as many frames as it takes. Bytes that
    /// are not whole records are written as they are: the reader says what is wrong with them.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn records(&mut self, mut records: &[u8]) -> io::Result<()> {
        while !records.is_empty() {
            let (now, later) = records.split_at(whole_records(records, RECORDS_FRAME_BYTES));
            self.frame(FrameKind::Records, now)?;
            records = later;
        }
        Ok(())
    }

    /// Writes how a live trace fares.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn status(&mut self, status: &Status) -> io::Result<()> {
        self.json(FrameKind::Status, status)
    }

    /// Ends the stream with the header's final figures, and flushes.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn finish(mut self, header: &Header) -> io::Result<W> {
        self.json(FrameKind::End, header)?;
        self.sink.flush()?;
        Ok(self.sink)
    }

    /// What is written to; for a `Vec<u8>`, to take what has gathered.
    pub const fn sink(&mut self) -> &mut W {
        &mut self.sink
    }

    fn json(&mut self, kind: FrameKind, body: &impl Serialize) -> io::Result<()> {
        self.frame(kind, &serde_json::to_vec(body)?)
    }

    fn frame(&mut self, kind: FrameKind, payload: &[u8]) -> io::Result<()> {
        let len = u32::try_from(payload.len())
            .ok()
            .filter(|len| *len as usize <= MAX_FRAME_BYTES)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a frame of more than 16 MiB"))?;
        self.sink.write_all(&[kind as u8])?;
        self.sink.write_all(&len.to_le_bytes())?;
        self.sink.write_all(&checksum(kind as u8, len, payload).to_le_bytes())?;
        self.sink.write_all(payload)
    }
}

/// How many bytes at the front of `records` are whole records, `most` or a little less; all of a rest
/// that cannot be parsed counts as one.
fn whole_records(records: &[u8], most: usize) -> usize {
    let mut end = 0;
    while let Some(rest) = records.get(end..).filter(|rest| !rest.is_empty()) {
        let len = match RecordHeader::read_from_prefix(rest) {
            Ok((header, _)) if (8..=rest.len()).contains(&usize::from(header.len)) => usize::from(header.len),
            _ => rest.len().min(MAX_FRAME_BYTES - most),
        };
        if end > 0 && end + len > most {
            break;
        }
        end += len;
    }
    end
}

fn checksum(kind: u8, len: u32, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[kind]);
    hasher.update(&len.to_le_bytes());
    hasher.update(payload);
    hasher.finalize()
}

/// The first four bytes as a number.
fn number(bytes: &[u8]) -> u32 {
    u32::read_from_prefix(bytes).map_or(0, |(number, _)| u32::from_le(number))
}
