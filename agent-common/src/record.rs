//! Framing of records, and the kinds that are not system calls: who a thread is ([`Task`]), and the events.
//!
//! An event is a [`Kind`] and a shape that is an [`EventRecord`]. Bytes of variable length (paths, argv)
//! stand behind the shape as blobs, as behind a call's arguments ([`crate::call::Blob`]).

use crate::ring::PROTECTED;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

pub mod connection;
pub mod message;

pub use connection::{Connection, Listen};
pub use message::SocketMessage;

/// What stands at the start of each record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct RecordHeader {
    /// Bytes of the whole record, this header included; a multiple of four.
    pub len: u16,
    /// What it is: a [`Kind`].
    pub kind: u8,
    /// Flags; their meaning depends on the kind.
    pub flags: u8,
    /// The thread, as the host numbers it.
    pub tid: u32,
}

/// What a record is. A number is never given to another kind.
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
    /// A signal that somebody sent to the thread: [`SignalSent`].
    SignalSent = 6,
    /// The OOM killer chose the thread's process: [`OomKill`].
    OomKill = 7,
    /// The thread made a process or a thread: [`Fork`].
    Fork = 8,
    /// The thread's process runs another program now: [`Exec`].
    Exec = 9,
    /// A call that the thread is in since before the recording began: [`crate::call::Call`] with all six
    /// registers and nothing that they point to, without duration and result. When it began is not known:
    /// `start_ns` is when the recording did. The agent makes it for who reads; no ring holds one.
    InProgress = 10,
    /// A descriptor that the process had open already: [`Descriptor`]. The agent reads it in `/proc`, for who
    /// reads; no ring holds one.
    Descriptor = 11,
    /// A TCP connection came to be, ended, or did not come to be: [`Connection`].
    Connection = 12,
    /// A TCP socket listens: [`Listen`].
    Listen = 13,
    /// A socket carried a message of HTTP/1 or DNS: [`SocketMessage`].
    SocketMessage = 14,
}

/// The shape of an event's record. It starts with the header and the time at which it was written
/// (`CLOCK_MONOTONIC`, nanoseconds); of what takes time that is its end.
pub trait EventRecord {
    /// What stands in [`RecordHeader::kind`]: a [`Kind`].
    const KIND: u8;
    /// The share of the ring that it is written into: [`PROTECTED`] if it is decisive, [`crate::ring::TRAFFIC`] if
    /// it tells what went over the network and well.
    const SHARE: usize = PROTECTED;
}

/// Who a thread is. Written with a thread's first record, after `execve` and `prctl(PR_SET_NAME)`,
/// and again before the ring has come round, so that a reader always finds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, packed(4))]
pub struct Task {
    /// Length, [`Kind::Task`], no flags, thread.
    pub header: RecordHeader,
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
    pub header: RecordHeader,
    /// When: `CLOCK_MONOTONIC`, nanoseconds.
    pub time_ns: u64,
    /// The process, as the host numbers it.
    pub tgid: u32,
    /// As `wait` reports it: signal in bits 0 to 6, core dumped in bit 7, exit code in bits 8 to 15.
    pub status: u32,
}

impl EventRecord for Exit {
    const KIND: u8 = Kind::Exit as u8;
}

/// Flag of [`Exit`]: it was the last thread of its process.
pub const GROUP_DEAD: u8 = 1;

/// A signal that was delivered to the thread (`signal_deliver`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, packed(4))]
pub struct Signal {
    /// Length, [`Kind::Signal`], no flags, thread.
    pub header: RecordHeader,
    /// When: `CLOCK_MONOTONIC`, nanoseconds.
    pub time_ns: u64,
    /// The first 48 bytes of the kernel's `siginfo`: `si_signo`, `si_errno`, `si_code`, padding, and
    /// from byte 16 on the union by signal (`include/uapi/asm-generic/siginfo.h`).
    pub siginfo: [u32; 12],
}

impl EventRecord for Signal {
    const KIND: u8 = Kind::Signal as u8;
}

/// A signal that somebody sent to the thread (`signal_generate`), in the ring of the thread that got it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, packed(4))]
pub struct SignalSent {
    /// Length, [`Kind::SignalSent`], [`sent_flags`], the thread that got it.
    pub header: RecordHeader,
    /// When: `CLOCK_MONOTONIC`, nanoseconds.
    pub time_ns: u64,
    /// The process that got it, as the host numbers it.
    pub tgid: u32,
    /// Which signal.
    pub signo: u32,
    /// `si_code` of its `siginfo`; 0 where it has none.
    pub code: i32,
    /// The sender's process, as the host numbers it. Where the kernel sent it: what ran meanwhile.
    pub sender_tgid: u32,
    /// The sender's thread, as the host numbers it.
    pub sender_tid: u32,
    /// The sender's process, as the PID namespace of who got it numbers it. 0: it has no number there.
    pub sender_ns_tgid: u32,
    /// The sender's cgroup in the unified hierarchy.
    pub sender_cgroup: u64,
    /// The name of the sender's thread, ended by a NUL.
    pub sender_comm: [u8; 16],
}

impl EventRecord for SignalSent {
    const KIND: u8 = Kind::SignalSent as u8;
}

/// Flags of [`SignalSent`].
pub mod sent_flags {
    /// It was sent to the whole process, not to one thread of it.
    pub const GROUP: u8 = 1;
    /// The kernel sent it: a fault, a terminal, the OOM killer, the end of a PID namespace.
    pub const KERNEL: u8 = 1 << 1;
    /// Who got it ignores it: the kernel threw it away (`TRACE_SIGNAL_IGNORED`).
    pub const IGNORED: u8 = 1 << 2;
}

/// The OOM killer chose a process (`mark_victim`), in the ring of that process. Bytes are of whole
/// pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, packed(4))]
pub struct OomKill {
    /// Length, [`Kind::OomKill`], no flags, the victim's thread.
    pub header: RecordHeader,
    /// When: `CLOCK_MONOTONIC`, nanoseconds.
    pub time_ns: u64,
    /// The victim, as the host numbers it.
    pub tgid: u32,
    /// `signal->oom_score_adj` of the victim.
    pub oom_score_adj: i32,
    /// Its memory without a file. From kernel 6.2 on these three are sums to which each CPU adds only
    /// now and then (`percpu_counter`): good to some hundred KiB a CPU.
    pub anon_bytes: u64,
    /// Its memory that files stand behind.
    pub file_bytes: u64,
    /// Its shared memory.
    pub shmem_bytes: u64,
    /// What of it is swapped out.
    pub swap_bytes: u64,
    /// Its page tables.
    pub page_table_bytes: u64,
    /// What the memory cgroup holds that is nearest to its limit, of the victim's own and those above.
    pub usage_bytes: u64,
    /// That limit. 0: none of them has one.
    pub limit_bytes: u64,
    /// How many levels above the victim's own that cgroup is.
    pub limit_above: u32,
    /// The process whose allocation brought it about, as the host numbers it.
    pub trigger_tgid: u32,
    /// Its thread.
    pub trigger_tid: u32,
    /// That process, as the victim's PID namespace numbers it. 0: it has no number there.
    pub trigger_ns_tgid: u32,
    /// The cgroup of that process in the unified hierarchy.
    pub trigger_cgroup: u64,
    /// The name of that thread, ended by a NUL.
    pub trigger_comm: [u8; 16],
}

impl EventRecord for OomKill {
    const KIND: u8 = Kind::OomKill as u8;
}

/// The thread made a process or a thread (`sched_process_fork`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, packed(4))]
pub struct Fork {
    /// Length, [`Kind::Fork`], [`NEW_THREAD`] or nothing, the thread that made it.
    pub header: RecordHeader,
    /// When: `CLOCK_MONOTONIC`, nanoseconds.
    pub time_ns: u64,
    /// The process of the thread that made it, as the host numbers it.
    pub tgid: u32,
    /// The new thread, as the host numbers it.
    pub child_tid: u32,
    /// Its process, as the host numbers it.
    pub child_tgid: u32,
    /// The new thread, as its own PID namespace numbers it.
    pub child_ns_tid: u32,
    /// Its process, as its own PID namespace numbers it.
    pub child_ns_tgid: u32,
}

impl EventRecord for Fork {
    const KIND: u8 = Kind::Fork as u8;
}

/// Flag of [`Fork`]: what was made is a thread of the same process.
pub const NEW_THREAD: u8 = 1;

/// A process runs another program now (`sched_process_exec`). Behind it stand blobs, as behind a
/// call's arguments ([`crate::call::Blob`]): of argument 0 the path that was executed, of argument 1
/// the strings that the new program finds as its `argv`, of argument 2 [`ExecSizes`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, packed(4))]
pub struct Exec {
    /// Length, [`Kind::Exec`], [`INTERPRETED`] or nothing, the thread by the number it had before.
    pub header: RecordHeader,
    /// When: `CLOCK_MONOTONIC`, nanoseconds.
    pub time_ns: u64,
    /// The process, as the host numbers it: the thread's number from now on.
    pub tgid: u32,
}

impl EventRecord for Exec {
    const KIND: u8 = Kind::Exec as u8;
}

/// How large the strings are that a new program was given, each with its NUL. Of the environment nothing else is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct ExecSizes {
    /// Those of `argv`, kept or not: bytes.
    pub argv_bytes: u32,
    /// Those of the environment: bytes.
    pub env_bytes: u32,
}

/// Flag of [`Exec`]: an interpreter runs the file (`#!`), so `argv` is the interpreter's.
pub const INTERPRETED: u8 = 1;
/// Most bytes kept of the path of an [`Exec`], its NUL included.
pub const MAX_EXEC_PATH: usize = 256;
/// Most bytes kept of the `argv` of an [`Exec`].
pub const MAX_EXEC_ARGV: usize = 1024;

/// A descriptor that a process had open at a time, as `/proc` told. Behind it stands a blob of argument 0:
/// what it stands for, as strace names it (a path, `TCP:[127.0.0.1:80->127.0.0.1:5000]`, `pipe:[123]`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, packed(4))]
pub struct Descriptor {
    /// Length, [`Kind::Descriptor`], no flags, the process' main thread.
    pub header: RecordHeader,
    /// A time at which it was open: `CLOCK_MONOTONIC`, nanoseconds.
    pub time_ns: u64,
    /// The process, as the host numbers it.
    pub tgid: u32,
    /// The descriptor.
    pub fd: i32,
    /// Its file's flags, as `open` takes them, and `O_CLOEXEC` if an exec closes it (`flags` of its fdinfo).
    pub open_flags: u32,
}

impl EventRecord for Descriptor {
    const KIND: u8 = Kind::Descriptor as u8;
}

/// Most bytes kept of what a [`Descriptor`] stands for.
pub const MAX_DESCRIPTOR_TEXT: usize = 512;

const _: () = assert!(size_of::<Descriptor>() == 28);
const _: () = assert!(size_of::<SignalSent>() == 64 && size_of::<OomKill>() == 120);
const _: () = assert!(size_of::<Fork>() == 36 && size_of::<Exec>() == 20);
const _: () = assert!(MAX_EXEC_ARGV <= crate::chunk::SLACK_BYTES);
const _: () = assert!(size_of::<RecordHeader>() == 8);
const _: () = assert!(size_of::<Task>() == 48);
const _: () = assert!(size_of::<Exit>() == 24);
const _: () = assert!(size_of::<Signal>() == 64);
