//! How it reads that something was hidden.

use crate::blobs::Bytes;
use crate::call::Call;
use rewind_common::call::{REDACTED_BYTE, blob_flags};
use std::borrow::Cow;

/// What is shown for a secret, however long it was.
pub const WORDS: &str = "[redacted]";

impl<'a> Bytes<'a> {
    /// Whether something in it was hidden.
    #[must_use]
    pub const fn is_redacted(&self) -> bool {
        self.flags & blob_flags::REDACTED != 0
    }

    /// `bytes`, which are some of this blob's, with words for what was hidden.
    #[must_use]
    pub fn readable<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        if !self.is_redacted() {
            return Cow::Borrowed(bytes);
        }
        let mut readable = Vec::with_capacity(bytes.len());
        for piece in pieces(bytes) {
            readable.extend_from_slice(piece.unwrap_or(WORDS.as_bytes()));
        }
        Cow::Owned(readable)
    }
}

impl Call<'_> {
    /// Whether something in what its arguments point to was hidden.
    #[must_use]
    pub fn is_redacted(&self) -> bool {
        self.blobs.clone().any(|blob| blob.is_redacted())
    }
}

/// The bytes of a redacted blob, piece by piece; `None` stands for a secret.
pub fn pieces(bytes: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    let chunks = bytes.chunk_by(|a, b| (*a == REDACTED_BYTE) == (*b == REDACTED_BYTE));
    chunks.map(|chunk| (chunk.first() != Some(&REDACTED_BYTE)).then_some(chunk))
}
