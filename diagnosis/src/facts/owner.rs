//! What is known of who may use a file: whom a process ran as, and what a look at the file told.

use super::seen::Seen;
use rewind_common::call::part;
use rewind_recording::syscalls::arg::Shape;
use rewind_recording::syscalls::{Arch, bits};

/// The argument that leaves a user as it is.
const UNCHANGED: u32 = u32::MAX;

/// Owner, mode and type of a file, as `stat` told them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The user.
    pub user: u32,
    /// Permission bits.
    pub mode: u32,
    /// What it is: the type's bits of `st_mode`.
    kind: u32,
}

impl Owner {
    /// Whether it is a regular file, or a directory: no pipe, no device.
    #[must_use]
    pub const fn is_file(&self) -> bool {
        matches!(self.kind, 0o100_000 | 0o040_000)
    }

    /// What a call of the `stat` family told of a path.
    pub(super) fn told(seen: &Seen<'_, '_>) -> Option<Self> {
        if seen.call().errno().is_some() {
            return None;
        }
        // Where mode and user lie in what is captured: from `st_mode` on (`asm/stat.h`), which has the
        // links before the user on arm64; a `struct statx` whole (`linux/stat.h`).
        let row = seen.row().filter(|row| row.has(bits::FILE))?;
        let (arg, mode_at, user_at) = match (row.written(&[Shape::Stat]), seen.arch) {
            (Some(arg), Arch::X86_64) => (arg, 0, 4),
            (Some(arg), Arch::Aarch64) => (arg, 0, 8),
            (None, _) => (row.written(&[Shape::Statx])?, 28, 20),
        };
        let blob = seen.call().blob(arg, part::WHOLE).filter(|blob| blob.pointer().is_none())?;
        let word = |at: usize| Some(u32::from_le_bytes(*blob.bytes.get(at..)?.first_chunk()?));
        // `st_mode` and `stx_mode` have the type above the permission; a link's own says nothing.
        let mode = word(mode_at).filter(|mode| mode & 0o170_000 != 0o120_000)?;
        Some(Self { user: word(user_at)?, mode: mode & 0o7777, kind: mode & 0o170_000 })
    }
}

/// The user that a call makes its process' own, or tells that it is.
pub(super) fn user(seen: &Seen<'_, '_>) -> Option<u32> {
    let (call, row) = (seen.call(), seen.row()?);
    if row.has(bits::TELLS_USER) {
        return u32::try_from(call.result).ok();
    }
    let id = call.value(row.user_argument()?).map(|id| id as u32);
    id.filter(|id| call.result == 0 && *id != UNCHANGED)
}
