//! The bytes behind a call's arguments.

use super::Bytes;
use rewind_common::call::Blob;
use zerocopy::FromBytes as _;

/// The blobs of a call. A malformed rest ends the iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blobs<'a> {
    pub(super) rest: &'a [u8],
    /// Blobs that stand before these, and for theirs: see [`Call::mended`].
    pub(super) instead: Instead<'a>,
}

/// What an [`super::Exec`] knows better than the call that it belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Instead<'a> {
    pub(super) rest: &'a [u8],
    /// The argument that is the path; the next one is `argv`.
    pub(super) first: usize,
    /// Bit 0: the path is wanted, bit 1: `argv` is.
    pub(super) wanted: u8,
}

impl<'a> Blobs<'a> {
    pub(super) const fn new(rest: &'a [u8]) -> Self {
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
