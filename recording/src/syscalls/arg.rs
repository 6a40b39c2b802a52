//! The closed vocabulary of arguments: what a register of a call means.
//!
//! A kind says how the text reads (`decode`), and what is behind the argument: what the kernel side copies of
//! it, whether the call reads or writes it, and what of it is text ([`ArgKind::pointee`]).

mod command;

pub use command::{Command, Commands, Form};

use super::Arch;
use super::flags::Set;

/// What one argument means. A number in brackets is the index of another argument.
#[derive(Clone, Copy, Debug)]
pub enum ArgKind {
    /// Not shown: padding, or shown by an earlier argument.
    Hidden,
    /// `int`.
    Int,
    /// `unsigned int`.
    Uint,
    /// `long`.
    Long,
    /// `size_t`, decimal.
    Size,
    /// A file offset: signed, 64 bits.
    Off,
    /// 64 bits, hexadecimal with `0x`, also when 0.
    Hex,
    /// 32 bits, hexadecimal with `0x`, also when 0.
    HexInt,
    /// 64 bits of flags without names; plain `0` when 0.
    HexFlags,
    /// 32 bits of flags without names; plain `0` when 0.
    HexIntFlags,
    /// 32 bits of flags that `strace` prints as a decimal number.
    UintFlags,
    /// An address that is not followed; `NULL` when 0.
    Pointer,
    /// Flags, any of a set.
    Flags(&'static Set),
    /// One name of a set.
    Choice(&'static Set),
    /// A file descriptor.
    Fd,
    /// A descriptor of a directory, or `AT_FDCWD`.
    DirFd,
    /// The descriptor of `mmap`.
    MapFd,
    /// A descriptor of a directory, `AT_FDCWD`, or `FAN_NOFD`.
    MarkFd,
    /// `int` that counts only if the flags in argument i are any.
    IntIf(usize),
    /// The offset of `mmap`: hexadecimal; argument i holds the flags.
    MapOffset(usize),
    /// User or group id; -1 means unchanged.
    Uid,
    /// Permission bits, octal.
    Mode,
    /// Permission bits that count only if the open flags in argument i make a file.
    OpenMode(usize),
    /// An address that counts only if the open flags in argument i make an object.
    CreateOnly(usize),
    /// Flags of `open`, access mode first.
    OpenFlags,
    /// Flags of `open` without an access mode (`pipe2`, `dup3`).
    OpenBits,
    /// Type and permission bits of `mknod`.
    NodeMode,
    /// Device of `mknod`, shown if the mode in argument i is a device's.
    NodeDev(usize),
    /// A device number.
    Dev,
    /// A path.
    Path,
    /// A path, for which null has a meaning of its own.
    PathOrNull,
    /// A path that the call returns; its result says how long (`getcwd`).
    PathOut,
    /// A string that the call returns without NUL; its result says how long (`readlink`).
    LinkOut,
    /// A string that is not a path.
    Name,
    /// The same, often null.
    NameOrNull,
    /// A string whose length is in argument i.
    NameOf(usize),
    /// `argv`.
    Argv,
    /// `envp`: only its address is shown.
    Envp,
    /// Payload, argument i says how long.
    BytesIn(usize),
    /// Payload that may be the process' own log, argument i says how long.
    LogBytes(usize),
    /// Payload that the call returns; the result says how long.
    BytesOut,
    /// `iovec`s to be written, argument i says how many.
    VecIn(usize),
    /// The same, and it may be the process' own log.
    LogVec(usize),
    /// `iovec`s that are filled, argument i says how many.
    VecOut(usize),
    /// `iovec`s whose content is not looked at, argument i says how many.
    VecRaw(usize),
    /// `msghdr` that is sent.
    MessageIn,
    /// `msghdr` that is filled.
    MessageOut,
    /// Pointer to a file offset that the call moves on.
    Offset,
    /// `mmsghdr`s that are sent, argument i says how many.
    MessagesIn(usize),
    /// `mmsghdr`s that are filled, argument i says how many.
    MessagesOut(usize),
    /// Entries of a directory: only how many is shown.
    Entries,
    /// A socket address, argument i says how long.
    AddressIn(usize),
    /// A socket address that the call returns; argument i points to its length.
    AddressOut(usize),
    /// Pointer to the length of the address in argument i.
    AddressLen(usize),
    /// Value of a socket option, argument i says how long.
    SockoptIn(usize),
    /// The same, returned; argument i points to its length.
    SockoptOut(usize),
    /// Pointer to the length of the value in argument i.
    SockoptLen(usize),
    /// Level of a socket option.
    SockoptLevel,
    /// Socket option of the level in argument i.
    SockoptName(usize),
    /// Type and flags of a socket.
    SocketType,
    /// Protocol of a socket, of the family in argument i.
    SocketProtocol(usize),
    /// An object of a known shape that the call reads.
    In(Shape),
    /// The same, and argument i says how many bytes of it the caller knows.
    InSized(Shape, usize),
    /// An object of a known shape that the call writes.
    Out(Shape),
    /// An object that the call reads and then overwrites.
    InOut(Shape),
    /// `timespec` that is written only when the sleep is interrupted.
    Remaining,
    /// `pollfd`s, argument i says how many.
    PollFds(usize),
    /// For how many descriptors the three `fd_set`s in arguments 1 to 3 are.
    FdSets,
    /// `fd_set`; what argument 0 points to holds it.
    FdSet,
    /// `epoll_event`s that the call returns; the result says how many.
    EpollEventsOut,
    /// `gid_t`s, argument i says how many.
    GroupsIn(usize),
    /// `gid_t`s that the call returns; the result says how many.
    GroupsOut,
    /// CPU mask, argument i says how many bytes.
    CpusIn(usize),
    /// CPU mask that the call returns; the result says how many bytes.
    CpusOut,
    /// `sembuf`s, argument i says how many.
    SemopsIn(usize),
    /// Protection of memory.
    Prot,
    /// Type and flags of a mapping.
    MapFlags,
    /// New address of `mremap`, shown if the flags in argument i have `MREMAP_FIXED`.
    MremapNew(usize),
    /// Memory policy with its flags.
    MempolicyMode,
    /// Flags of `clone`; the whole call is shown in an order of its own.
    Clone,
    /// A signal.
    Signal,
    /// A clock.
    Clock,
    /// Attributes of a mount, one of which is a field: access time.
    MountAttr,
    /// Flags of `mount`, with the magic number of old.
    MountFlags,
    /// Flags of `statx`, with the kind of synchronisation.
    StatxFlags,
    /// Flags of `swapon`, with the priority.
    SwapFlags,
    /// Flags of `memfd_create`, with the page size.
    Memfd,
    /// Flags of `fanotify_init`, class first.
    FanInit,
    /// Which of several calls in one it is; what its operands mean stands in the command's row.
    Command(&'static Commands),
    /// Operand n of the command in the call's [`Self::Command`].
    Operand(usize),
    /// A thread's name.
    ThreadName,
    /// The same, returned.
    ThreadNameOut,
    /// Capability of `PR_CAP_AMBIENT`, where it has one.
    AmbientCap,
    /// Process of `PR_SET_PTRACER`.
    Tracer,
    /// Bits of a futex that are waited for, or woken.
    FutexBits,
    /// Operation and comparison of `FUTEX_WAKE_OP`.
    FutexWakeOp,
    /// Value of `fsconfig` that is a string; it is a secret where its key, in argument 2, is one's name.
    Setting,
    /// Key of System V IPC.
    IpcKey,
    /// Flags and mode of a System V IPC object.
    IpcFlags(&'static Set),
    /// Command of System V IPC.
    IpcCmd(&'static Set),
    /// I/O priority.
    Ioprio,
    /// Execution domain.
    Personality,
    /// A scheduling policy.
    SchedPolicy,
    /// A key of `keyctl`.
    Key,
    /// Arguments in memory: so many 32-bit words (first number); the second number, unless 0, says which of them
    /// points to a socket address.
    Words(u8, u8),
    /// No register's: the mask of signals in the frame at the stack pointer, which `rt_sigreturn` puts back.
    FrameMask,
    /// `restart_syscall` says what it resumes; the kernel alone knows.
    Restarted,
}

/// The layout of an object that a pointer points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `int`.
    I32,
    /// `unsigned int`.
    U32,
    /// `long` or `loff_t`.
    I64,
    /// `unsigned long` that is an address or a handle.
    Address,
    /// `uid_t` or `gid_t`.
    Id,
    /// `int[2]`.
    FdPair,
    /// `struct stat`, the part that is shown.
    Stat,
    /// `struct statx`, the part that is shown.
    Statx,
    /// `struct statfs`.
    Statfs,
    /// `struct timespec`.
    Timespec,
    /// Two `struct timespec`: access and modification.
    Timespecs,
    /// `struct timeval`.
    Timeval,
    /// Two `struct timeval`.
    Timevals,
    /// `struct timezone`.
    Timezone,
    /// `struct utimbuf`.
    Utimbuf,
    /// `time_t`.
    Time,
    /// `struct itimerspec`.
    Itimerspec,
    /// `struct itimerval`.
    Itimerval,
    /// `struct rlimit`.
    Rlimit,
    /// `struct rusage`, the part that is shown.
    Rusage,
    /// Status of `wait`.
    Status,
    /// `siginfo_t`, the first 48 bytes.
    Siginfo,
    /// The kernel's `struct sigaction`.
    Sigaction,
    /// `sigset_t` of the kernel: 64 bits.
    Sigset,
    /// `stack_t`.
    Stack,
    /// `struct sigevent`, the part that is shown.
    Sigevent,
    /// `{sigset_t *, size_t}` of `pselect6`.
    SigmaskBox,
    /// `struct epoll_event`.
    EpollEvent,
    /// `struct utsname`, the part that is shown.
    Uname,
    /// `struct sysinfo`.
    Sysinfo,
    /// `struct __user_cap_header_struct`.
    CapHeader,
    /// Two `struct __user_cap_data_struct`.
    Capabilities,
    /// `struct sched_param`.
    SchedParam,
    /// `struct sched_attr`, first version.
    SchedAttr,
    /// `struct clone_args`, first version.
    CloneArgs,
    /// `struct open_how`.
    OpenHow,
    /// The kernel's `struct sigaction` of 32-bit programs.
    Sigaction32,
    /// `struct flock` that is asked for.
    Lock,
    /// `struct flock` that is in the way, with who holds it.
    LockHolder,
    /// `struct winsize`.
    Winsize,
    /// The four flag words of a `struct termios`.
    Termios,
}

impl Shape {
    /// Where the wanted bytes begin and how many they are (`include/uapi`, by architecture).
    #[must_use]
    pub const fn extent(self, arch: Arch) -> (u16, u16) {
        match self {
            Self::I32 | Self::U32 | Self::Id | Self::Status | Self::SchedParam => (0, 4),
            Self::I64 | Self::Address | Self::FdPair | Self::Timezone | Self::Time | Self::Sigset | Self::CapHeader => {
                (0, 8)
            }
            Self::Stat => match arch {
                Arch::X86_64 => (24, 32),
                Arch::Aarch64 => (16, 40),
            },
            Self::Statx | Self::Siginfo | Self::SchedAttr => (0, 48),
            Self::Statfs => (0, 88),
            Self::Timespec | Self::Timeval | Self::Utimbuf | Self::Rlimit | Self::SigmaskBox => (0, 16),
            Self::Timespecs | Self::Timevals | Self::Itimerspec | Self::Itimerval | Self::Rusage | Self::Sigaction => {
                (0, 32)
            }
            Self::Stack | Self::Sigevent | Self::Capabilities | Self::OpenHow => (0, 24),
            Self::EpollEvent => (0, arch.epoll_event_bytes()),
            Self::Uname => (0, 130),
            Self::Sysinfo => (0, 112),
            Self::CloneArgs => (0, 64),
            // Up to its last field.
            Self::Lock | Self::LockHolder => (0, 28),
            Self::Winsize => (0, 8),
            Self::Sigaction32 => (0, 20),
            Self::Termios => (0, 16),
        }
    }
}

impl ArgKind {
    /// Whether it is the command of an `ioctl`.
    #[must_use]
    pub const fn is_ioctl(&self) -> bool {
        matches!(self, Self::Command(commands) if matches!(commands.form, Form::Ioctl))
    }
}
