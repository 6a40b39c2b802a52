//! The record of a system call.
//!
//! A record is a [`Call`], then by its flags the upper half of the duration and of the result, then
//! the arguments, then the blobs:
//!
//! ```text
//! Call (28 bytes) [duration_hi: u32] [result_hi: u32] argument... blob...
//! ```
//!
//! Of each argument that the call has, there stands either its value (four bytes, or eight where
//! [`args`] says it is wide), or nothing at all where [`args`] says that its bytes stand in a blob.
//! A blob is a [`Blob`] header, its bytes, and padding to four.

use crate::record::RecordHeader;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The fixed part of a call's record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, packed(4))]
pub struct Call {
    /// Length, kind, [`flags`], thread.
    pub header: RecordHeader,
    /// The call's number in the table of its ABI.
    pub nr: u16,
    /// Which arguments follow and how, see [`args`].
    pub args: u16,
    /// From entry to return in nanoseconds; the lower half if [`flags::LONG`]. With [`flags::REFUSED`]
    /// it is no time, but bits of [`refused`].
    pub duration_ns: u32,
    /// Entry: `CLOCK_MONOTONIC`, nanoseconds. With [`flags::REFUSED`] the return: when it was made is not known.
    pub start_ns: u64,
    /// What it returned, sign-extended; the lower half if [`flags::WIDE_RESULT`].
    pub result: u32,
}

const _: () = assert!(size_of::<Call>() == 28);

/// Flags of a call's record.
pub mod flags {
    /// A 32-bit call on a 64-bit kernel: `nr` is a number of the 32-bit table.
    pub const COMPAT: u8 = 1;
    /// Four more bytes of result follow: it is not an `i32`.
    pub const WIDE_RESULT: u8 = 1 << 1;
    /// Four more bytes of duration follow: it took longer than 4.29 s.
    pub const LONG: u8 = 1 << 2;
    /// A record of [`crate::record::Kind::Enter`] of the same thread and start holds the arguments
    /// and what was copied at entry. This one repeats the values of the arguments, and holds in
    /// blobs only what the call itself has written.
    pub const ENTERED: u8 = 1 << 3;
    /// It never returned: the thread died in it. The duration is the time until then.
    pub const UNFINISHED: u8 = 1 << 4;
    /// A call of the x32 ABI (x86-64 only): `nr` is its number there. Numbers and shapes differ from
    /// those of the 64-bit table in places, so nothing behind its pointers is copied.
    pub const X32: u8 = 1 << 5;
    /// The kernel never began it: something answered in its place. `sys_enter` does not fire for such a
    /// call, so number and arguments are those that stood in the registers when it returned, and all that
    /// its pointers point to was copied then. What could have answered is in `duration_ns`, see [`super::refused`].
    pub const REFUSED: u8 = 1 << 6;
}

/// What could have answered a call before the kernel began it ([`flags::REFUSED`]).
pub mod refused {
    /// A seccomp filter (or the strict mode): the thread has one.
    pub const SECCOMP: u32 = 1;
    /// A tracer: the thread has one.
    pub const TRACER: u32 = 1 << 1;
    /// Syscall user dispatch, and nothing else: the kernel itself said so.
    pub const DISPATCH: u32 = 1 << 2;
    /// The thread was sent SIGSYS in place of an answer, and its registers were put back: the result is none.
    pub const SIGSYS: u32 = 1 << 3;
}

/// The word that says which arguments follow.
///
/// Bits 0 to 2: how many arguments the call has. Bits 3 to 8: argument i is eight bytes long.
/// Bits 9 to 14: argument i has no value here, a blob of the record stands for it.
pub mod args {
    /// First bit of the wide mask.
    pub const WIDE_SHIFT: u32 = 3;
    /// First bit of the blob mask.
    pub const BLOB_SHIFT: u32 = 9;

    /// How many arguments the call has, 0 to 7 (more than 6 is malformed).
    #[inline(always)]
    #[must_use]
    pub const fn count(word: u16) -> usize {
        (word & 7) as usize
    }

    /// Whether argument `i` takes eight bytes.
    #[inline(always)]
    #[must_use]
    pub const fn is_wide(word: u16, i: usize) -> bool {
        word >> (WIDE_SHIFT as usize + i) & 1 == 1
    }

    /// Whether a blob stands for argument `i`.
    #[inline(always)]
    #[must_use]
    pub const fn is_blob(word: u16, i: usize) -> bool {
        word >> (BLOB_SHIFT as usize + i) & 1 == 1
    }
}

/// What stands before the bytes of a blob.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Blob {
    /// Bits 0 to 2: the argument it belongs to. Bits 3 to 7: which part of it, see [`part`].
    pub place: u8,
    /// See [`blob_flags`].
    pub flags: u8,
    /// Bytes that follow, without the padding to four.
    pub len: u16,
}

const _: () = assert!(size_of::<Blob>() == 4);

/// Flags of a blob.
pub mod blob_flags {
    /// The memory could not be read: the content is the pointer itself, eight bytes.
    pub const UNREAD: u8 = 1;
    /// There was more than what is kept.
    pub const CUT: u8 = 1 << 1;
    /// The last bytes of what the blob in front of it, of the same place and cut, has the first of. How many are
    /// missing between them is the length of the whole without both.
    pub const LAST: u8 = 1 << 2;
    /// Copied when the call returned (and not when it started): what the call may have written.
    pub const AT_EXIT: u8 = 1 << 3;
    /// Written to the pipe or terminal that standard output is as well, by another descriptor of it.
    pub const TO_OUTPUT: u8 = 1 << 4;
    /// Secrets in it were overwritten by the agent: each byte of them is [`super::REDACTED_BYTE`].
    pub const REDACTED: u8 = 1 << 5;
    /// An offset as it was before the call, eight bytes, which the call has moved on by its result.
    pub const ADVANCED: u8 = 1 << 6;
    /// As [`TO_OUTPUT`], of standard error.
    pub const TO_ERROR: u8 = 1 << 7;
}

/// What stands in place of each byte of a secret, in a blob with [`blob_flags::REDACTED`]: ASCII's
/// `SUB`, which no text has.
pub const REDACTED_BYTE: u8 = 0x1a;

/// Which part of an argument a blob is.
pub mod part {
    /// What the argument points to.
    pub const WHOLE: u8 = 0;
    /// Element of a vector of strings (`argv`), each with its NUL, one behind the other.
    pub const STRINGS: u8 = 1;
    /// `msghdr.msg_name`.
    pub const NAME: u8 = 2;
    /// `msghdr.msg_iov`: the array of `iovec` itself.
    pub const VECTOR: u8 = 3;
    /// `msghdr.msg_control`.
    pub const CONTROL: u8 = 4;
    /// `msghdr.msg_namelen` as it was before the call, where the call has changed it: four bytes.
    pub const NAME_LENGTH: u8 = 5;
    /// `mmsghdr.msg_len`, the last blob of its message: four bytes.
    pub const LENGTH: u8 = 6;
    /// The bytes behind the first `iovec` of a vector; +1 for the second, and so on, up to
    /// [`VECTORS`].
    pub const BYTES: u8 = 8;
    /// How many elements of a vector are followed.
    pub const VECTORS: u8 = 8;
}
