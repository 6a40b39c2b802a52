//! The syscall table: all that is known of one call stands in one row.
//!
//! What the kernel side copies ([`capture`]), the text (`decode`), the classes of `trace=` and the
//! filters are derived from the rows, so capture and decoding cannot disagree. To teach a call,
//! write its row in the file of its family; a new meaning of an argument is a new
//! [`arg::ArgKind`].

pub mod arg;
mod capture;
pub mod class;
pub mod compat;
mod descriptor;
mod file;
pub mod flags;
mod ipc;
mod memory;
mod network;
mod poll;
mod process;
mod signal;
mod system;
#[cfg(test)]
mod tests;
mod time;

use arg::ArgKind;
pub use capture::{capture, capture_table};
use std::sync::LazyLock;

/// The architecture whose numbers and layouts a recording has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Arch {
    /// x86-64.
    #[default]
    X86_64,
    /// arm64.
    Aarch64,
}

impl Arch {
    /// The architecture that this code runs on; x86-64 where it is neither.
    pub const HERE: Self = if cfg!(target_arch = "aarch64") { Self::Aarch64 } else { Self::X86_64 };

    /// By the name that [`crate::header::Host::arch`] and `uname -m` use.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "x86_64" => Some(Self::X86_64),
            "aarch64" => Some(Self::Aarch64),
            _ => None,
        }
    }

    /// The name that [`Self::parse`] reads.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }

    /// Bytes of a `struct epoll_event`: packed on x86-64 alone (`linux/eventpoll.h`).
    #[must_use]
    pub const fn epoll_event_bytes(self) -> u16 {
        match self {
            Self::X86_64 => 12,
            Self::Aarch64 => 16,
        }
    }
}

/// How a result reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    /// A decimal number.
    Int,
    /// A descriptor.
    Fd,
    /// An address.
    Hex,
    /// Permission bits.
    Octal,
    /// The call does not return.
    Never,
    /// Depends on the command of `fcntl`.
    Fcntl,
    /// How many of the polled descriptors are ready, and which.
    Poll,
    /// How many of the selected descriptors are ready, and which.
    Select,
    /// Depends on the operation of `futex`.
    Futex,
    /// A signal's number.
    SignalNumber,
    /// A scheduling policy.
    SchedPolicy,
    /// An I/O priority.
    Ioprio,
    /// Seconds since 1970.
    Time,
    /// An execution domain.
    Personality,
    /// Depends on the option of `prctl`.
    Prctl,
    /// The commands that `membarrier` knows, if that was asked.
    Membarrier,
}

/// One system call.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name, as `strace` prints it.
    pub name: &'static str,
    /// Number on x86-64, or [`NONE`].
    x86_64: u16,
    /// Number on arm64, or [`NONE`].
    aarch64: u16,
    /// What its arguments mean.
    pub args: &'static [ArgKind],
    /// How its result reads.
    pub result: Return,
    /// Its [`bits`].
    pub bits: u32,
}

impl Row {
    /// Its number, where `arch` has the call.
    #[must_use]
    pub const fn number(&self, arch: Arch) -> Option<u16> {
        let number = match arch {
            Arch::X86_64 => self.x86_64,
            Arch::Aarch64 => self.aarch64,
        };
        if number == NONE { None } else { Some(number) }
    }

    /// Whether it has any of `bits`.
    #[must_use]
    pub const fn has(&self, bits: u32) -> bool {
        self.bits & bits != 0
    }
}

/// An architecture does not have the call.
const NONE: u16 = u16::MAX;

const fn row(
    name: &'static str,
    x86_64: u16,
    aarch64: u16,
    args: &'static [ArgKind],
    result: Return,
    bits: u32,
) -> Row {
    Row { name, x86_64, aarch64, args, result, bits }
}

/// Classes and flags of a row.
pub mod bits {
    /// Takes a path (`%file`).
    pub const FILE: u32 = 1;
    /// Has to do with a descriptor (`%desc`).
    pub const DESC: u32 = 1 << 1;
    /// Starts, ends, awaits or signals a process (`%process`).
    pub const PROCESS: u32 = 1 << 2;
    /// Has to do with a socket (`%network`).
    pub const NETWORK: u32 = 1 << 3;
    /// Has to do with signals (`%signal`).
    pub const SIGNAL: u32 = 1 << 4;
    /// Maps memory (`%memory`).
    pub const MEMORY: u32 = 1 << 5;
    /// System V IPC (`%ipc`).
    pub const IPC: u32 = 1 << 6;
    /// Reads or changes identity (`%creds`).
    pub const CREDS: u32 = 1 << 7;
    /// Reads or changes a clock (`%clock`).
    pub const CLOCK: u32 = 1 << 8;
    /// Always succeeds and takes no arguments (`%pure`).
    pub const PURE: u32 = 1 << 9;
    /// `%stat`.
    pub const STAT: u32 = 1 << 10;
    /// `%lstat`.
    pub const LSTAT: u32 = 1 << 11;
    /// `%fstat`.
    pub const FSTAT: u32 = 1 << 12;
    /// `%%stat` has it, none of the three above.
    pub const STATX: u32 = 1 << 13;
    /// `%statfs`.
    pub const STATFS: u32 = 1 << 14;
    /// `%fstatfs`.
    pub const FSTATFS: u32 = 1 << 15;
    /// `%%statfs` has it, none of the two above.
    pub const USTAT: u32 = 1 << 16;
    /// Goes to the protected share, whatever it returns.
    pub const DECISIVE: u32 = 1 << 24;
    /// Its failures are ordinary.
    pub const ORDINARY: u32 = 1 << 25;
    /// May change the thread's name.
    pub const RENAMES: u32 = 1 << 26;
    /// What its pointers point to is copied when the call starts: it may block, replace the image,
    /// or overwrite what it was given.
    pub const ENTRY: u32 = 1 << 27;
}

static FAMILIES: [&[Row]; 10] = [
    file::ROWS,
    descriptor::ROWS,
    memory::ROWS,
    process::ROWS,
    signal::ROWS,
    network::ROWS,
    time::ROWS,
    poll::ROWS,
    ipc::ROWS,
    system::ROWS,
];

/// All rows.
pub fn all() -> impl Iterator<Item = &'static Row> {
    FAMILIES.iter().copied().flatten()
}

type ByNumber = [Option<&'static Row>; rewind_common::capture::ROWS as usize];

fn numbered(arch: Arch) -> ByNumber {
    let mut rows = [None; rewind_common::capture::ROWS as usize];
    for row in all() {
        if let Some(slot) = row.number(arch).and_then(|nr| rows.get_mut(usize::from(nr))) {
            *slot = Some(row);
        }
    }
    rows
}

static X86_64: LazyLock<ByNumber> = LazyLock::new(|| numbered(Arch::X86_64));
static AARCH64: LazyLock<ByNumber> = LazyLock::new(|| numbered(Arch::Aarch64));

/// The row of number `nr` of the 64-bit table of `arch`.
#[must_use]
pub fn by_number(arch: Arch, nr: u16) -> Option<&'static Row> {
    let table = match arch {
        Arch::X86_64 => &X86_64,
        Arch::Aarch64 => &AARCH64,
    };
    table.get(usize::from(nr)).copied().flatten()
}

/// The row of a name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Row> {
    all().find(|row| row.name == name)
}
