//! What a diagnosis asks of a call: kinds of calls by name, in one place.

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Waits for work, or sleeps of its own will: an idle program may well spend its life in it.
    Idle,
    /// Waits for child processes.
    WaitsChild,
    /// Waits for another thread.
    WaitsThread,
    /// Waits for a lock on a file.
    WaitsFileLock,
    /// Waits for the disk to keep what was written.
    WaitsDisk,
    /// Answers as soon as the file system does.
    WaitsFileSystem,
    /// Waits for the other side of a socket.
    WaitsPeer,
    /// Its time is not its own: it does not return, or not before another program has ended or begun.
    Endless,
    /// Makes a connection.
    Connects,
    /// Makes a socket ready to be used.
    SetsUpSocket,
    /// Sends bytes on a descriptor.
    Sends,
    /// Receives bytes from a descriptor.
    Receives,
    /// Looks whether descriptors are ready, which are named in its first argument.
    Polls,
    /// Closes a descriptor.
    Closes,
    /// Runs a program.
    Runs,
    /// Ends a thread or process.
    Ends,
    /// Starts a process or thread.
    Starts,
    /// Maps memory or moves a mapping.
    Maps,
    /// Asks for a property of a path, or wants it gone: the program reckons with a no.
    Asks,
    /// Makes an entry of a directory.
    MakesEntry,
    /// Tries what not each kernel or container offers.
    TriesKernel,
    /// Tries what not each file system offers.
    TriesFileSystem,
    /// Fills a buffer whose size the caller guesses.
    FillsBuffer,
    /// May be told how long to wait.
    TimesOut,
    /// Looks at a link.
    ReadsLink,
    /// Asks for or ends the connection of a socket.
    AsksConnection,
}

/// Whether the call of that name is of a kind.
pub(crate) fn is(name: &str, kind: Kind) -> bool {
    names(kind).contains(&name)
}

const fn names(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Idle => &[
            "poll",
            "ppoll",
            "select",
            "pselect6",
            "epoll_wait",
            "epoll_pwait",
            "epoll_pwait2",
            "accept",
            "accept4",
            "pause",
            "nanosleep",
            "clock_nanosleep",
            "rt_sigtimedwait",
            "rt_sigsuspend",
            "io_uring_enter",
            "restart_syscall",
        ],
        Kind::WaitsChild => &["wait4", "waitid"],
        Kind::WaitsThread => &["futex", "futex_wait", "futex_waitv"],
        Kind::WaitsFileLock => &["flock"],
        Kind::WaitsDisk => &["fsync", "fdatasync", "sync", "syncfs", "msync", "sync_file_range"],
        Kind::WaitsFileSystem => &["openat", "open", "stat", "newfstatat", "statx", "getdents64", "rename", "unlink"],
        Kind::WaitsPeer => &["recvfrom", "recvmsg", "sendto", "sendmsg"],
        Kind::Endless => &["exit", "exit_group", "execve", "vfork"],
        Kind::Connects => &["connect"],
        Kind::SetsUpSocket => &["connect", "bind", "listen", "socket"],
        Kind::Sends => &["sendto", "sendmsg", "sendmmsg", "write", "writev"],
        Kind::Receives => &["recvfrom", "recvmsg", "recvmmsg", "read", "readv"],
        Kind::Polls => &["poll", "ppoll"],
        Kind::Closes => &["close"],
        Kind::Runs => &["execve", "execveat"],
        Kind::Ends => &["exit", "exit_group"],
        Kind::Starts => &["clone", "clone3", "fork"],
        Kind::Maps => &["mmap"],
        Kind::Asks => &[
            "access",
            "faccessat",
            "faccessat2",
            "stat",
            "lstat",
            "newfstatat",
            "statx",
            "readlink",
            "readlinkat",
            "statfs",
            "getxattr",
            "lgetxattr",
            "unlink",
            "unlinkat",
            "rmdir",
            "inotify_add_watch",
        ],
        Kind::MakesEntry => &["mkdir", "mkdirat", "symlink", "symlinkat"],
        Kind::TriesKernel => &[
            "prctl",
            "arch_prctl",
            "rseq",
            "seccomp",
            "sched_setaffinity",
            "mbind",
            "set_mempolicy",
            "get_mempolicy",
            "personality",
            "membarrier",
            "io_uring_setup",
            "perf_event_open",
        ],
        Kind::TriesFileSystem => &["fallocate", "getxattr", "setxattr"],
        Kind::FillsBuffer => &["getcwd", "getxattr", "listxattr"],
        Kind::TimesOut => &["futex", "rt_sigtimedwait", "mq_timedreceive"],
        Kind::ReadsLink => &["readlink", "readlinkat"],
        Kind::AsksConnection => &["shutdown", "getpeername"],
    }
}
