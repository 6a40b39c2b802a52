//! Why something is missing from a recording: one closed list.

/// A reason for a loss. Each is counted for each ring, and shown in each recording's header.
///
/// Overwritten records are not in this list: they are what a ring is for, and are counted exactly
/// from the sequence numbers in the chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum LossReason {
    /// A writer lost its chunk to a CPU that had come round the ring while it was writing.
    Lapped = 0,
    /// A hook fired while another one was writing on the same CPU.
    Nested = 1,
    /// There was no memory for a thread's state, or all states were other threads', so one of its calls has no record.
    NoThreadState = 2,
    /// A record did not fit into an empty chunk.
    TooLong = 3,
    /// The memory behind an argument could not be read; the record holds its address instead.
    Unread = 4,
    /// The memory behind an argument was longer than what is kept; the record holds its beginning.
    Shortened = 5,
    /// There was no memory for the first segment of a share.
    NoMemory = 6,
}

/// How many reasons there are.
pub const REASONS: usize = 7;

impl LossReason {
    /// All reasons, in the order of their numbers.
    pub const ALL: [Self; REASONS] =
        [Self::Lapped, Self::Nested, Self::NoThreadState, Self::TooLong, Self::Unread, Self::Shortened, Self::NoMemory];

    /// The name used in output, JSON and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lapped => "lapped",
            Self::Nested => "nested",
            Self::NoThreadState => "no_thread_state",
            Self::TooLong => "too_long",
            Self::Unread => "unread_argument",
            Self::Shortened => "shortened_argument",
            Self::NoMemory => "no_memory",
        }
    }

    /// Whether a whole record is missing (and not only a part of one).
    #[must_use]
    pub const fn loses_record(self) -> bool {
        !matches!(self, Self::Unread | Self::Shortened)
    }
}
