//! Failures that are answers: what an errno of one call says that another call's does not.

use super::Row;
use super::arg::ArgKind;
use super::bits;

const EPERM: u16 = 1;
const EINTR: u16 = 4;
const ECHILD: u16 = 10;
const EAGAIN: u16 = 11;
const EEXIST: u16 = 17;
const EXDEV: u16 = 18;
const EINVAL: u16 = 22;
const ENOTTY: u16 = 25;
const ENOSPC: u16 = 28;
const ESPIPE: u16 = 29;
const ERANGE: u16 = 34;
const ENOSYS: u16 = 38;
const ENODATA: u16 = 61;
const EOPNOTSUPP: u16 = 95;
const EISCONN: u16 = 106;
const ENOTCONN: u16 = 107;
const ETIMEDOUT: u16 = 110;
const EALREADY: u16 = 114;
const EINPROGRESS: u16 = 115;

/// What a failure says that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Not yet: to be tried again.
    NotYet,
    /// The kernel, the container or the file system does not offer it.
    NotOffered,
    /// It is no terminal (or no device of that kind).
    NoTerminal,
    /// One cannot seek in it: it is no file.
    NotSeekable,
    /// It is never waited for: it is a file or a directory.
    NotWatched,
    /// There is no child left to wait for.
    NoChild,
    /// It was there already.
    There,
    /// The buffer was too small, to be tried again.
    TooSmall,
    /// It has no such attribute.
    NoAttribute,
    /// The other side had gone.
    PeerGone,
    /// A wait that was meant to end.
    TimeOver,
    /// It is no link.
    NoLink,
    /// Interrupted by a signal, to be restarted.
    Restarted,
}

impl Row {
    /// What it says that the call failed with `errno` (positive), where that is an answer.
    #[must_use]
    pub fn answer(&self, errno: u16) -> Option<Answer> {
        // To run into a limit is no "not yet".
        let again = !self.has(bits::STARTS | bits::ALLOCATES);
        let tells = |kind: fn(&ArgKind) -> bool| self.args.iter().any(kind);
        Some(match errno {
            EAGAIN | EINTR | EALREADY | EINPROGRESS | EISCONN if again => Answer::NotYet,
            ENOSYS => Answer::NotOffered,
            EOPNOTSUPP | EXDEV if self.has(bits::TRIES_FILE_SYSTEM) => Answer::NotOffered,
            // `FICLONE`, of two file systems.
            EXDEV if tells(|kind| kind.is_ioctl()) => Answer::NotOffered,
            EINVAL | EPERM | ENOSPC if self.has(bits::TRIES_KERNEL) => Answer::NotOffered,
            ENOTTY | EINVAL if tells(|kind| kind.is_ioctl()) => Answer::NoTerminal,
            ESPIPE if self.has(bits::SEEKS) => Answer::NotSeekable,
            EPERM if self.has(bits::WATCHES) => Answer::NotWatched,
            ECHILD => Answer::NoChild,
            EEXIST if self.has(bits::MAKES_ENTRY) => Answer::There,
            ERANGE if self.has(bits::FILLS_BUFFER) => Answer::TooSmall,
            ENODATA => Answer::NoAttribute,
            ENOTCONN if self.has(bits::NETWORK) && !self.has(bits::SENDS | bits::RECEIVES) => Answer::PeerGone,
            ETIMEDOUT if self.has(bits::TIMES_OUT) => Answer::TimeOver,
            EINVAL if tells(|kind| matches!(kind, ArgKind::LinkOut)) => Answer::NoLink,
            512..=516 => Answer::Restarted,
            _ => return None,
        })
    }
}
