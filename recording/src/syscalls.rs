//! The syscall table: all that is known of one call stands in one row.
//!
//! What the kernel side copies ([`capture`]), the text (`decode`), the classes of `trace=` and the
//! filters are derived from the rows, so capture and decoding cannot disagree. To teach a call,
//! write its row in the file of its family; a new meaning of an argument is a new
//! [`arg::ArgKind`].

pub mod answer;
pub mod arg;
pub mod bits;
mod capture;
pub mod class;
pub mod commands;
pub mod compat;
mod descriptor;
mod file;
pub mod flags;
mod ipc;
mod memory;
mod network;
pub mod pointee;
mod poll;
mod process;
mod signal;
mod system;
#[cfg(test)]
mod tests;
mod time;

use arg::{ArgKind, Command, Commands, Shape};
pub use capture::{capture, capture_table, compat_table};
use flags::Set;
use std::collections::HashMap;
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

    /// Bytes from the stack pointer to the mask of signals, when a handler returns: what lies below it in
    /// `struct rt_sigframe` (`arch/x86/include/asm/sigframe.h`, without the address that the handler has
    /// returned to, and `arch/arm64/kernel/signal.c`) and `struct ucontext` (`asm/ucontext.h`).
    #[must_use]
    pub const fn frame_mask(self) -> u16 {
        // `uc_flags`, `uc_link` and `uc_stack`.
        const CONTEXT: u16 = 8 + 8 + 24;
        match self {
            // `uc_mcontext`, a `struct sigcontext`.
            Self::X86_64 => CONTEXT + 256,
            // The `siginfo` stands first, `uc_mcontext` last.
            Self::Aarch64 => 128 + CONTEXT,
        }
    }
}

/// How a result reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    /// A decimal number.
    Int,
    /// A new descriptor, and of what.
    Fd(Made),
    /// An address.
    Hex,
    /// Permission bits.
    Octal,
    /// The call does not return.
    Never,
    /// Depends on the command.
    Command,
    /// How many of the polled descriptors are ready, and which.
    Poll,
    /// How many of the selected descriptors are ready, and which.
    Select,
    /// A signal's number, 0 for none.
    Signal,
    /// A decimal number, and its name.
    Named(&'static Set),
    /// A hexadecimal number, and its name.
    Choice(&'static Set),
    /// Flags; the word, if it is not empty, says of what.
    Flags(&'static str, &'static Set),
    /// Flags of `open`.
    OpenFlags,
    /// An I/O priority.
    Ioprio,
    /// Seconds since 1970.
    Time,
    /// An execution domain.
    Personality,
    /// The commands that `membarrier` knows, if that was asked.
    Membarrier,
}

/// What a new descriptor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// What the path among the arguments leads to.
    Path,
    /// A socket of the family and type in arguments 0 and 1.
    Socket,
    /// A connection of the listening socket in argument 0.
    Accepted,
    /// What the descriptor in argument 0 is.
    Copy,
    /// Something that has no path but this name.
    Anonymous(&'static str),
    /// Memory with the name in argument 0.
    Memory,
    /// The record does not tell.
    Unknown,
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
    pub bits: u64,
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
    pub const fn has(&self, bits: u64) -> bool {
        self.bits & bits != 0
    }

    /// The argument that says which of several calls in one it is, and what it may be.
    #[must_use]
    pub fn commands(&self) -> Option<(usize, &'static Commands)> {
        self.args.iter().enumerate().find_map(|(i, kind)| match kind {
            ArgKind::Command(commands) => Some((i, *commands)),
            _ => None,
        })
    }

    /// The row of the command, where it is many calls in one. `value` gives the value of an argument.
    #[must_use]
    pub fn command(&self, value: impl FnOnce(usize) -> Option<u64>) -> Option<&'static Command> {
        let (at, commands) = self.commands()?;
        commands.row(value(at)?)
    }

    /// What argument `i` means in one call, of which `value` gives the values of arguments.
    #[must_use]
    pub fn kind(&self, i: usize, value: impl FnOnce(usize) -> Option<u64>) -> Option<ArgKind> {
        let kind = *self.args.get(i)?;
        let ArgKind::Operand(n) = kind else { return Some(kind) };
        let (at, commands) = self.commands()?;
        Some(commands.operand(value(at)?, n))
    }

    /// The argument that holds the new effective user, of a call with [`bits::SETS_USER`].
    #[must_use]
    pub fn user_argument(&self) -> Option<usize> {
        // `setuid` has one user, the others have the effective one behind the real one.
        self.has(bits::SETS_USER).then(|| usize::from(self.args.len() > 1))
    }

    /// The argument that holds a signal's number.
    #[must_use]
    pub fn signal_argument(&self) -> Option<usize> {
        self.args.iter().position(|kind| matches!(kind, ArgKind::Signal))
    }

    /// The argument that points to the bytes that are sent, of a call with [`bits::SENDS`]; `None` where these stand
    /// in messages.
    #[must_use]
    pub fn sent_argument(&self) -> Option<usize> {
        let is_bytes = |kind: &ArgKind| matches!(kind, ArgKind::BytesIn(_) | ArgKind::LogBytes(_) | ArgKind::LogVec(_));
        self.args.iter().position(is_bytes).filter(|_| self.has(bits::SENDS))
    }

    /// The argument into which the call writes an object of one of these shapes.
    #[must_use]
    pub fn written(&self, shapes: &[Shape]) -> Option<usize> {
        self.args.iter().position(|kind| matches!(kind, ArgKind::Out(shape) if shapes.contains(shape)))
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
    bits: u64,
) -> Row {
    Row { name, x86_64, aarch64, args, result, bits }
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
    BY_NAME.get(name).copied()
}

static BY_NAME: LazyLock<HashMap<&'static str, &'static Row>> =
    LazyLock::new(|| all().map(|row| (row.name, row)).collect());
