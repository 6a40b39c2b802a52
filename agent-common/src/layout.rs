//! The version of all shapes together, and what a set of pinned maps says of itself.
//!
//! Programs, rings and pool outlive the agent that loaded them (they are pinned in bpffs), so the
//! next agent may be another version.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// To be raised whenever a shape that lies in a map changes in a way that another version cannot
/// read. It stands in the path of the pins: an agent never takes up a set of another layout.
///
/// In every layout the first eight bytes of a ring are its recording, 0 where it is free, so that
/// what is given up can at least be counted.
pub const LAYOUT: u32 = 3;

/// What made a pinned set, and with which sizes: the agent writes it before the set counts as whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Fingerprint {
    /// A hash of the programs and of the table of what they copy. Only the same programs are taken up.
    pub programs: u64,
    /// The budget that was asked for, bytes.
    pub budget_bytes: u64,
    /// Most bytes of one ring.
    pub ring_bytes: u64,
    /// Most payload bytes of one call.
    pub payload_bytes: u32,
    /// What is read of sockets: bits of [`crate::record::message::protocols`].
    pub protocols: u32,
}
