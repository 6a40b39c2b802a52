//! Framing of records, and the kinds that are not system calls.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// What stands at the start of each record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct RecordHead {
    /// Bytes of the whole record, this header included; a multiple of four.
    pub len: u16,
    /// What it is: a [`Kind`].
    pub kind: u8,
    /// Flags; their meaning depends on the kind.
    pub flags: u8,
    /// The thread, as the host numbers it.
    pub tid: u32,
}

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A finished (or finally unfinished) system call: [`crate::call::Call`].
    Call = 1,
    /// The start of a call that may block and whose arguments point to memory, written when it
    /// starts: [`crate::call::Call`] without duration and result.
    Enter = 2,
    /// Who a thread is: [`Task`].
    Task = 3,
    /// A thread's end: [`Exit`].
    Exit = 4,
    /// A signal that was delivered to the thread: [`Signal`].
    Signal = 5,
}

impl TryFrom<u8> for Kind {
    type Error = u8;

    fn try_from(number: u8) -> Result<Self, u8> {
        Ok(match number {
            1 => Self::Call,
            2 => Self::Enter,
            3 => Self::Task,
            4 => Self::Exit,
            5 => Self::Signal,
            other => return Err(other),
        })
    }
}

/// Who a thread is. Written with a thread's first record, after `execve` and `prctl(PR_SET_NAME)`,
/// and again before the ring has come round, so that a reader always finds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, packed(4))]
pub struct Task {
    /// Length, [`Kind::Task`], no flags, thread.
    pub head: RecordHead,
    /// When it was written: `CLOCK_MONOTONIC`, nanoseconds.
    pub time_ns: u64,
    /// The process, as the host numbers it.
    pub tgid: u32,
    /// The parent process, as the host numbers it.
    pub parent_tgid: u32,
    /// The thread, as its own PID namespace numbers it.
    pub ns_tid: u32,
    /// The process, as its own PID namespace numbers it.
    pub ns_tgid: u32,
    /// The thread's name, ended by a NUL.
    pub comm: [u8; 16],
}

/// A thread's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, packed(4))]
pub struct Exit {
    /// Length, [`Kind::Exit`], [`GROUP_DEAD`] or nothing, thread.
    pub head: RecordHead,
    /// When: `CLOCK_MONOTONIC`, nanoseconds.
    pub time_ns: u64,
    /// The process, as the host numbers it.
    pub tgid: u32,
    /// As `wait` reports it: signal in bits 0 to 6, core dumped in bit 7, exit code in bits 8 to 15.
    pub status: u32,
}

/// Flag of [`Exit`]: it was the last thread of its process.
pub const GROUP_DEAD: u8 = 1;

/// A signal that was delivered to the thread (`signal_deliver`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, packed(4))]
pub struct Signal {
    /// Length, [`Kind::Signal`], no flags, thread.
    pub head: RecordHead,
    /// When: `CLOCK_MONOTONIC`, nanoseconds.
    pub time_ns: u64,
    /// The first 48 bytes of the kernel's `siginfo`: `si_signo`, `si_errno`, `si_code`, padding, and
    /// from byte 16 on the union by signal (`include/uapi/asm-generic/siginfo.h`).
    pub siginfo: [u32; 12],
}

const _: () = assert!(size_of::<RecordHead>() == 8);
const _: () = assert!(size_of::<Task>() == 48);
const _: () = assert!(size_of::<Exit>() == 24);
const _: () = assert!(size_of::<Signal>() == 64);
