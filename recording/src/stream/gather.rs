//! A stream's frames -> a whole recording in memory.

use super::{Decoder, Frame, MAX_RECORDS_BYTES, StreamError};
use crate::header::Header;
use std::io::Read;

/// A whole recording in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    /// The header; the final one if the stream has its end.
    pub header: Header,
    /// All records, as [`crate::record::all`] parses them.
    pub records: Vec<u8>,
    /// Whether the stream had its end. If not, records may be missing at the end.
    pub complete: bool,
}

/// Reads a stream to its end.
///
/// # Errors
/// [`StreamError`]. A stream that is only cut short is no error: see [`Recording::complete`].
pub fn read(mut source: impl Read) -> Result<Recording, StreamError> {
    let mut gather = Gather::default();
    let mut decoder = Decoder::new();
    let mut block = vec![0; 64 << 10];
    loop {
        let n = source.read(&mut block)?;
        if n == 0 {
            return gather.finish();
        }
        decoder.push(block.get(..n).unwrap_or_default());
        while let Some(frame) = decoder.next_frame()? {
            gather.add(frame)?;
        }
    }
}

/// Puts the frames of a snapshot together.
#[derive(Debug, Default)]
pub struct Gather {
    header: Option<Box<Header>>,
    records: Vec<u8>,
    complete: bool,
}

impl Gather {
    /// Adds the next frame.
    ///
    /// # Errors
    /// [`StreamError::NoHeader`], [`StreamError::TooMany`].
    pub fn add(&mut self, frame: Frame) -> Result<(), StreamError> {
        match frame {
            Frame::Header(header) => self.header = Some(header),
            Frame::End(header) => {
                self.header = Some(header);
                self.complete = true;
            }
            Frame::Records(_) if self.header.is_none() => return Err(StreamError::NoHeader),
            Frame::Records(records) if self.records.len() + records.len() > MAX_RECORDS_BYTES => {
                return Err(StreamError::TooMany);
            }
            Frame::Records(records) => self.records.extend_from_slice(&records),
            Frame::Status(_) => {}
        }
        Ok(())
    }

    /// Bytes of records so far.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.records.len()
    }

    /// The recording.
    ///
    /// # Errors
    /// [`StreamError::NoHeader`].
    pub fn finish(self) -> Result<Recording, StreamError> {
        let header = *self.header.ok_or(StreamError::NoHeader)?;
        Ok(Recording { header, records: self.records, complete: self.complete })
    }
}
