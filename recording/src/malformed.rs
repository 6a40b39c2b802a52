//! Why bytes are not a record.

/// Why bytes are not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Fewer bytes than a header, or than the header says.
    #[error("record is cut short")]
    Short,
    /// A length that is not a multiple of four, or smaller than what the kind needs.
    #[error("record of kind {kind} has the impossible length {len}")]
    Length {
        /// The kind.
        kind: u8,
        /// The length it claims.
        len: u16,
    },
    /// A call with more than six arguments.
    #[error("call has more than six arguments")]
    Arguments,
}
