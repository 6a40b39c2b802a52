//! What of a record is of variable length: the bytes behind a call's arguments.

mod text;

pub use text::{TextKind, TextSpan};

use rewind_common::call::{Blob, blob_flags};
use zerocopy::FromBytes as _;

/// The bytes of one blob, and how they came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes<'a> {
    /// The argument, 0 to 7 (more than 5 belongs to nothing and is ignored).
    pub arg: usize,
    /// [`rewind_common::call::part`].
    pub part: u8,
    /// [`rewind_common::call::blob_flags`].
    pub flags: u8,
    /// The content.
    pub bytes: &'a [u8],
}

impl Bytes<'_> {
    /// The pointer, where the blob holds it in place of what it points to (unread).
    #[must_use]
    pub fn pointer(&self) -> Option<u64> {
        if self.flags & blob_flags::UNREAD == 0 {
            return None;
        }
        u64::read_from_prefix(self.bytes).ok().map(|(pointer, _)| pointer)
    }

    /// Whether there was more than what is kept.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.flags & blob_flags::CUT != 0
    }

    /// Whether these are the last bytes of what the blob in front has the first of.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        self.flags & blob_flags::LAST != 0
    }
}

/// The blobs of a call, or of another record. A malformed rest ends the iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blobs<'a> {
    pub(crate) rest: &'a [u8],
    /// Blobs that stand before these, and for theirs: see [`crate::call::Call::mended`].
    pub(crate) instead: Instead<'a>,
}

/// What an exec knows better than the call that it belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Instead<'a> {
    pub(crate) rest: &'a [u8],
    /// The argument that is the path; the next one is `argv`.
    pub(crate) first: usize,
    /// Bit 0: the path is wanted, bit 1: `argv` is.
    pub(crate) wanted: u8,
}

impl<'a> Blobs<'a> {
    pub(crate) const fn new(rest: &'a [u8]) -> Self {
        Self { rest, instead: Instead { rest: &[], first: 0, wanted: 0 } }
    }

    /// Bytes of the record that are still to be taken apart: all that are left of it.
    #[must_use]
    pub(crate) const fn left(&self) -> usize {
        self.rest.len()
    }
}

impl<'a> Iterator for Blobs<'a> {
    type Item = Bytes<'a>;

    fn next(&mut self) -> Option<Bytes<'a>> {
        while let Some(blob) = next_blob(&mut self.instead.rest) {
            if blob.arg < 2 && self.instead.wanted >> blob.arg & 1 == 1 {
                return Some(Bytes { arg: blob.arg + self.instead.first, ..blob });
            }
        }
        next_blob(&mut self.rest)
    }
}

fn next_blob<'a>(from: &mut &'a [u8]) -> Option<Bytes<'a>> {
    let (header, rest) = Blob::read_from_prefix(from).ok()?;
    let bytes = rest.get(..usize::from(header.len))?;
    *from = rest.get(bytes.len().next_multiple_of(4)..).unwrap_or_default();
    Some(Bytes { arg: usize::from(header.place & 7), part: header.place >> 3, flags: header.flags, bytes })
}
