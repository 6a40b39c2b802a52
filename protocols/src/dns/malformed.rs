//! Why bytes are no message.

/// Why bytes are no DNS message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Malformed {
    /// Shorter than a header.
    Short,
    /// A label of a kind that is not in use.
    Label,
    /// A pointer that does not lead back.
    Pointer,
    /// A name of more than 255 bytes.
    LongName,
    /// A record is said to be longer than the message.
    PastEnd,
    /// An address of a wrong length, or a name that does not fill its record.
    Value,
}
