//! What the kernel side copies for one system call: the row of the table as the kernel side sees it.
//!
//! The rows are derived from the syscall table in `recording/src/syscalls/` when the agent starts,
//! and handed to the kernel side in a map: one row a number, the 32-bit table behind the 64-bit one. A call
//! without a row is recorded with six arguments and no bytes.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Rows in the table of one ABI; that of 32-bit calls stands behind that of 64-bit ones. Numbers of both architectures end below (open_tree_attr is 467).
pub const ROWS: u32 = 512;
/// How many operations a row can have.
pub const OPS: usize = 8;
/// How many commands of a row can have operations of their own.
pub const COMMANDS: usize = 6;

/// What is copied for one system call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Capture {
    /// How many arguments the call has, 0 to 6.
    pub args: u8,
    /// See [`capture_flags`].
    pub flags: u8,
    /// How many of `ops` are to be done when the call returns. They stand first.
    pub exit_ops: u8,
    /// How many of `ops` are to be done when the call starts. They stand behind the others.
    pub enter_ops: u8,
    /// What to copy.
    pub ops: [Op; OPS],
    /// The argument that says which of several calls in one it is (`fcntl`, `prctl`).
    pub command_arg: u32,
    /// Which bits of it say so.
    pub command_mask: u32,
    /// What those bits are for the operations with [`when::COMMAND`].
    pub commands: [u32; COMMANDS],
    /// What the call carries, if its descriptor is a socket's: bits of [`carries`]. 0: nothing.
    pub carries: u32,
    /// Under which of [`call_class`] it is counted.
    pub class: u32,
}

/// Classes under which calls are counted. A call is in one of them: what it waits for first, then what it works on.
pub mod call_class {
    /// None of the others, or its number has no row.
    pub const OTHER: u32 = 0;
    /// Takes a path.
    pub const FILE: u32 = 1;
    /// Works on a descriptor: reading and writing, sockets' as well.
    pub const DESCRIPTOR: u32 = 2;
    /// Makes a socket, connects, sends, receives.
    pub const NETWORK: u32 = 3;
    /// Maps memory.
    pub const MEMORY: u32 = 4;
    /// Starts, ends or changes a process.
    pub const PROCESS: u32 = 5;
    /// Sends signals, or says what becomes of them.
    pub const SIGNAL: u32 = 6;
    /// Sleeps, or waits for work, another thread or a child: its time says nothing of how slow anything is.
    pub const WAIT: u32 = 7;
    /// How many there are: a power of two.
    pub const CLASSES: usize = 8;
    /// Their names, by number.
    pub const NAMES: [&str; CLASSES] =
        ["other", "file", "descriptor", "network", "memory", "process", "signal", "wait"];
}

/// What a call on a socket carries, and where it stands.
pub mod carries {
    /// Bytes came; else they were sent.
    pub const RECEIVED: u32 = 1;
    /// Argument 1 points to the bytes themselves.
    pub const BYTES: u32 = 1 << 1;
    /// Argument 1 points to an array of `iovec`.
    pub const VECTOR: u32 = 1 << 2;
    /// Argument 1 points to a `msghdr`.
    pub const MESSAGE: u32 = 1 << 3;
    /// Argument 1 points to an array of `mmsghdr`, the result says how many of them were used.
    pub const MESSAGES: u32 = 1 << 4;
    /// Argument 4 is the address of the peer, where it is not null.
    pub const ADDRESS: u32 = 1 << 5;
    /// From this bit on: the argument that holds flags as `recv` takes them. 0: none does.
    pub const FLAGS_SHIFT: u32 = 8;
}

/// Flags of a row.
pub mod capture_flags {
    /// Its record goes to the protected share, whatever it returns.
    pub const DECISIVE: u8 = 1;
    /// It may have changed the thread's name: the thread is announced anew.
    pub const RENAMES: u8 = 1 << 1;
    /// The row is in use. A number without a row is recorded with six arguments.
    pub const KNOWN: u8 = 1 << 2;
    /// Its failures are ordinary and stay in the main share (`futex`, `epoll_wait`, ...).
    pub const ORDINARY: u8 = 1 << 3;
    /// What is another when the call returns is noted when it starts: the length that it is to overwrite, where
    /// one of its operations is [`super::op::LENGTH`] or [`super::op::MESSAGE_OUT`]; the stack pointer, where one
    /// is [`super::op::FRAME`].
    pub const NOTES: u8 = 1 << 4;
}

/// One copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Op {
    /// The argument that holds the pointer, 0 to 5.
    pub arg: u8,
    /// How to copy: a number of [`op`].
    pub kind: u8,
    /// When to copy: bits of [`when`].
    pub when: u8,
    /// The argument that holds a length or a count (or a pointer to one), by kind.
    pub size_arg: u8,
    /// Bytes of the object, or of one element, by kind.
    pub size: u16,
    /// Where in the object the wanted bytes begin.
    pub offset: u16,
}

/// How to copy.
pub mod op {
    /// Nothing.
    pub const NONE: u8 = 0;
    /// A string up to its NUL. At most [`super::MAX_STRING`] bytes.
    pub const STRING: u8 = 1;
    /// `size` bytes from `offset` on.
    pub const FIXED: u8 = 2;
    /// An array of elements of `size` bytes; argument `size_arg` holds how many.
    pub const COUNTED: u8 = 3;
    /// An array of elements of `size` bytes; the result says how many.
    pub const RETURNED: u8 = 4;
    /// A socket address; the `u32` that argument `size_arg` points to says how long, before the call
    /// and after it: the smaller one counts.
    pub const ADDRESS_OUT: u8 = 5;
    /// A vector of strings, ended by a null pointer: [`super::MAX_STRINGS`] at most. Its blob has
    /// part [`crate::call::part::STRINGS`].
    pub const STRINGS: u8 = 6;
    /// An array of `iovec`, `size_arg` holds how many; the payload behind the first ones where
    /// payload is on.
    pub const VECTOR: u8 = 7;
    /// A `msghdr` (56 bytes), its name, vector, control bytes, and the payload where it is on.
    pub const MESSAGE: u8 = 8;
    /// Payload: as [`COUNTED`] with elements of one byte, but only where payload is on.
    pub const PAYLOAD_IN: u8 = 9;
    /// Payload: as [`RETURNED`] with elements of one byte, but only where payload is on.
    pub const PAYLOAD_OUT: u8 = 10;
    /// As [`VECTOR`], but bytes were received: the result bounds them.
    pub const VECTOR_OUT: u8 = 11;
    /// A vector of strings of which only the pointer (eight bytes) and the number of strings (four
    /// bytes) are kept: the environment, which is nobody's business. At most [`super::MAX_COUNTED`].
    pub const COUNT_STRINGS: u8 = 13;
    /// As [`MESSAGE`], but bytes were received: the result bounds them.
    pub const MESSAGE_OUT: u8 = 12;
    /// A buffer of `linux_dirent` or `linux_dirent64`, the result says how many bytes: kept are the
    /// pointer (eight bytes) and the number of entries (four bytes). At most [`super::MAX_ENTRIES`].
    pub const COUNT_ENTRIES: u8 = 14;
    /// A `u32` that the call overwrites: as it was before, and behind it as it is now if the call has
    /// succeeded and it is another. Not done if argument `size_arg` is null.
    /// The row has [`super::capture_flags::NOTES`], and no second such operation.
    pub const LENGTH: u8 = 15;
    /// Argument 0 is a number of descriptors, arguments 1 to 3 are sets of as many: the number (four
    /// bytes), then of each set whose pointer is not null the words (eight bytes each) that hold
    /// descriptors below that number, [`super::MAX_SET`] bytes at most.
    pub const FD_SETS: u8 = 17;
    /// An array of `mmsghdr`, `size_arg` holds how many, the result how many were used: the blobs of
    /// [`MESSAGE`] for each of the first [`super::MAX_MESSAGES`] used ones, one message behind the
    /// other, each ended by a blob of part [`crate::call::part::LENGTH`].
    pub const MESSAGES: u8 = 18;
    /// The same, but bytes were received.
    pub const MESSAGES_OUT: u8 = 19;
    /// A pointer with a length behind it, and the bytes that it points to: the blobs of a [`VECTOR`]
    /// with one element, whether payload is on or not. The signal mask of `pselect6`.
    pub const BOXED: u8 = 20;
    /// A file offset (`loff_t`) that the call moves on by what it returns, and leaves alone where it
    /// fails (`do_sendfile` in `fs/read_write.c`): as it was before the call, read when it has returned.
    pub const OFFSET: u8 = 23;
    /// The arguments of a call that are handed over in memory (`socketcall`): `size` bytes of 32-bit words, as a
    /// blob of part [`crate::call::part::VECTOR`]; and, unless it is 0, the socket address that word `offset`
    /// points to and the word behind it measures, as a blob of argument `offset`.
    pub const WORDS: u8 = 24;
    /// As [`FIXED`], at the program's stack pointer: that of the start stands in place of the argument. The row has
    /// [`super::capture_flags::NOTES`].
    pub const FRAME: u8 = 25;
}

/// When to copy.
pub mod when {
    /// Only if the result is not an error.
    pub const SUCCESS: u8 = 1;
    /// Only if argument 0 is standard output or error, or another descriptor of the same pipe or terminal: the process' own
    /// log, kept even where payload is off, and more of it ([`super::FIRST_BYTES`]).
    pub const LOG: u8 = 1 << 1;
    /// The argument is a pointer only in some uses of the call: that it cannot be read is no loss.
    pub const GUESS: u8 = 1 << 2;
    /// Only if a signal has interrupted the call and it is to be restarted (`ERESTARTSYS` to
    /// `ERESTART_RESTARTBLOCK`): the time that was left of a sleep.
    pub const INTERRUPTED: u8 = 1 << 3;
    /// Only if the call's command is one of those of [`super::Capture::commands`] for which `size_arg` has a
    /// bit. For kinds that need no `size_arg`.
    pub const COMMAND: u8 = 1 << 4;
    /// The pointers in the vector have 32 bits.
    pub const NARROW: u8 = 1 << 5;
}

/// Most bytes kept of a string, its NUL included.
pub const MAX_STRING: usize = 512;
/// Most bytes kept of anything else in one blob.
pub const MAX_BYTES: usize = 1024;
/// Of what one write to standard error says, or to standard output unless it is whole pages, and is longer than
/// [`MAX_BYTES`], so many of its first bytes are kept: programs begin with the message.
///
/// What it costs: calls that a ring holds per MiB, of a program that writes once in ten calls.
///
/// | bytes a write | so kept | to another descriptor |
/// |---|---|---|
/// | 100 | 23,607 | 31,957 |
/// | 256 | 16,541 | |
/// | 700 | 9,460 | |
/// | 1,024 | 7,076 | |
/// | 1,500 | 7,076 | 31,816 |
pub const FIRST_BYTES: usize = 384;
/// And so many of its last: a chain of exceptions ends with the cause, and Node has the ten lines of a stack behind it.
pub const LAST_BYTES: usize = MAX_BYTES - FIRST_BYTES;
/// As many times as much of its end is kept of a `write` that ends in an indented line, as the stack of an exception does:
/// of Spring's, whose last cause has up to 2,569 bytes of frames behind it, that cause.
pub const LAST_OF_STACK: usize = 5;
/// The last line of a stack is no longer than that.
pub const MAX_FRAME_BYTES: usize = 256;
/// So many elements of such a vector are kept as one write is: C and C++ libraries write what they have
/// gathered, and what comes on top of it. More of that length are more than a chunk holds.
pub const LOGGED_ELEMENTS: usize = 2;
/// Most strings kept of a vector of strings.
pub const MAX_STRINGS: usize = 32;

/// Most elements counted of what only the number of elements is kept of.
pub const MAX_COUNTED: u32 = 512;
/// Most entries of a directory counted: as many as the 32 KiB hold that C libraries ask for, at 24
/// bytes each.
pub const MAX_ENTRIES: u32 = 1366;
/// Most bytes kept of a set of descriptors.
pub const MAX_SET: usize = 128;
/// Most messages kept of an array of messages.
pub const MAX_MESSAGES: u32 = 4;

const _: () = assert!(size_of::<Op>() == 8 && size_of::<Capture>() == 108);
const _: () =
    assert!(MAX_FRAME_BYTES < LAST_BYTES && FIRST_BYTES + LAST_OF_STACK * LAST_BYTES + 256 < crate::chunk::CHUNK_BYTES);
const _: () = assert!(MAX_BYTES <= crate::chunk::SLACK_BYTES && MAX_STRING <= MAX_BYTES);
