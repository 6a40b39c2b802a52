//! Bytes of a ring -> records. Any bytes give records or an error value, never a panic.

use crate::malformed::Malformed;
use rewind_common::record::RecordHeader;
use zerocopy::FromBytes as _;

pub use crate::events::Record;

/// Takes the first record off `bytes`: the record, and what stands behind it.
///
/// # Errors
/// [`Malformed`]; what follows cannot be found then.
pub fn first(bytes: &[u8]) -> Result<(Record<'_>, &[u8]), Malformed> {
    let (header, _) = RecordHeader::read_from_prefix(bytes).map_err(|_| Malformed::Short)?;
    let len = usize::from(header.len);
    if len < size_of::<RecordHeader>() || !len.is_multiple_of(4) {
        return Err(Malformed::Length { kind: header.kind, len: header.len });
    }
    let (record, rest) = bytes.split_at_checked(len).ok_or(Malformed::Short)?;
    Ok((Record::parse(header, record)?, rest))
}

/// All records of `bytes`, up to the first malformed one, which comes last as an error.
pub fn all(bytes: &[u8]) -> impl Iterator<Item = Result<Record<'_>, Malformed>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        match first(rest) {
            Ok((record, behind)) => {
                rest = behind;
                Some(Ok(record))
            }
            Err(malformed) => {
                rest = &[];
                Some(Err(malformed))
            }
        }
    })
}
