//! The 32-bit calls: those of i386 on x86-64 (`asm/unistd_32.h`), of arm's EABI on arm64.
//!
//! Rows stand here for calls that a diagnosis needs: paths, sockets, `argv`, signals, processes, descriptors. Where
//! the layout behind a pointer is another than in 64-bit programs (`stat64`, `flock`, times, `iovec`, `msghdr`) it
//! is not followed, and its address is shown; calls without a row are shown raw.

use super::arg::ArgKind::{
    AddressIn, AddressLen, AddressOut, Argv, BytesIn, BytesOut, Choice, Command, DirFd, Envp, Fd, Flags, Hex, In, Int,
    LinkOut, LogBytes, MapFd, MapFlags, Mode, Name, OpenBits, OpenFlags, OpenMode, Operand, Out, Path, PathOut,
    Pointer, PollFds, Prot, Signal, Size, SocketProtocol, SocketType, SockoptIn, SockoptLen, SockoptLevel, SockoptName,
    SockoptOut, Uid, Uint,
};
use super::arg::Shape::{FdPair, Sigaction32, Sigset, Status};
use super::bits::*;
use super::commands::{FCNTL, FUTEX, IOCTL, PRCTL, SOCKETCALL};
use super::flags::file::{ACCESS, AT, MOUNT, RENAME, UMOUNT, WHENCE};
use super::flags::network::{AF, MSG, SHUTDOWN, SOCK_FLAGS};
use super::flags::process::WAIT4;
use super::flags::signal::SIG_HOW;
use super::{Arch, Made, NONE, Return, Row, row};
use std::sync::LazyLock;

/// The row of number `nr` of the 32-bit table of `arch`.
#[must_use]
pub fn row_of(arch: Arch, nr: u16) -> Option<&'static Row> {
    let table = match arch {
        Arch::X86_64 => &I386,
        Arch::Aarch64 => &ARM,
    };
    table.get(usize::from(nr)).copied().flatten()
}

type ByNumber = [Option<&'static Row>; rewind_common::capture::ROWS as usize];

static I386: LazyLock<ByNumber> = LazyLock::new(|| numbered(Arch::X86_64));
static ARM: LazyLock<ByNumber> = LazyLock::new(|| numbered(Arch::Aarch64));

fn numbered(arch: Arch) -> ByNumber {
    let mut rows = [None; rewind_common::capture::ROWS as usize];
    for row in ROWS {
        if let Some(slot) = row.number(arch).and_then(|nr| rows.get_mut(usize::from(nr))) {
            *slot = Some(row);
        }
    }
    rows
}

/// Name, number of i386, number of arm's EABI, arguments, result, classes and flags.
#[rustfmt::skip]
static ROWS: &[Row] = &[
    row("exit", 1, 1, &[Int], Return::Never, PROCESS | DECISIVE | ENDLESS | ENDS),
    row("exit_group", 252, 248, &[Int], Return::Never, PROCESS | DECISIVE | ENDLESS | ENDS | ENDS_PROCESS),
    row("fork", 2, 2, &[], Return::Int, PROCESS | DECISIVE | STARTS),
    row("vfork", 190, 190, &[], Return::Int, PROCESS | DECISIVE | ENDLESS | STARTS),
    row("clone", 120, 120, &[Hex, Pointer, Pointer, Pointer, Pointer], Return::Int, PROCESS | DECISIVE | STARTS),
    row("execve", 11, 11, &[Path, Argv, Envp], Return::Int, FILE | PROCESS | DECISIVE | RENAMES | ENTRY | ENDLESS | RUNS),
    row("execveat", 358, 387, &[DirFd, Path, Argv, Envp, Flags(&AT)], Return::Int, FILE | DESC | PROCESS | DECISIVE | RENAMES | ENTRY | RUNS),
    row("waitpid", 7, NONE, &[Int, Out(Status), Flags(&WAIT4)], Return::Int, PROCESS | WAITS_CHILD),
    row("wait4", 114, 114, &[Int, Out(Status), Flags(&WAIT4), Pointer], Return::Int, PROCESS | WAITS_CHILD),
    row("getpid", 20, 20, &[], Return::Int, PURE),
    row("getppid", 64, 64, &[], Return::Int, PURE),
    row("gettid", 224, 224, &[], Return::Int, PURE),
    row("geteuid32", 201, 201, &[], Return::Int, CREDS | PURE | TELLS_USER),
    row("setuid32", 213, 213, &[Uid], Return::Int, CREDS | DECISIVE | SETS_USER),
    row("setgid32", 214, 214, &[Uid], Return::Int, CREDS | DECISIVE),
    row("prctl", 172, 172, &[Command(&PRCTL), Operand(0), Operand(1), Operand(2), Operand(3)], Return::Command, CREDS | RENAMES | TRIES_KERNEL),
    row("kill", 37, 37, &[Int, Signal], Return::Int, PROCESS | SIGNAL | DECISIVE | KILLS),
    row("tkill", 238, 238, &[Int, Signal], Return::Int, PROCESS | SIGNAL | DECISIVE | KILLS),
    row("tgkill", 270, 268, &[Int, Int, Signal], Return::Int, PROCESS | SIGNAL | DECISIVE | KILLS),
    row("rt_sigaction", 174, 174, &[Signal, In(Sigaction32), Out(Sigaction32), Size], Return::Int, SIGNAL),
    row("rt_sigprocmask", 175, 175, &[Choice(&SIG_HOW), In(Sigset), Out(Sigset), Size], Return::Int, SIGNAL),
    row("pause", 29, 29, &[], Return::Int, SIGNAL | ORDINARY | SLEEPS),
    row("read", 3, 3, &[Fd, BytesOut, Size], Return::Int, DESC | ORDINARY | TRANSFERS | RECEIVES),
    row("write", 4, 4, &[Fd, LogBytes(2), Size], Return::Int, DESC | TRANSFERS | SENDS),
    row("readv", 145, 145, &[Fd, Pointer, Size], Return::Int, DESC | ORDINARY | TRANSFERS | RECEIVES),
    row("writev", 146, 146, &[Fd, Pointer, Size], Return::Int, DESC | TRANSFERS | SENDS),
    row("open", 5, 5, &[Path, OpenFlags, OpenMode(1)], Return::Fd(Made::Path), FILE | DESC | DECISIVE | WAITS_FILE_SYSTEM | TRANSFERS | OPENS),
    row("openat", 295, 322, &[DirFd, Path, OpenFlags, OpenMode(2)], Return::Fd(Made::Path), FILE | DESC | DECISIVE | WAITS_FILE_SYSTEM | TRANSFERS | OPENS),
    row("creat", 8, 8, &[Path, Mode], Return::Fd(Made::Path), FILE | DESC | DECISIVE | OPENS),
    row("close", 6, 6, &[Fd], Return::Int, DESC | CLOSES),
    row("lseek", 19, 19, &[Fd, Int, Choice(&WHENCE)], Return::Int, DESC | SEEKS),
    row("dup", 41, 41, &[Fd], Return::Fd(Made::Copy), DESC),
    row("dup2", 63, 63, &[Fd, Fd], Return::Fd(Made::Copy), DESC),
    row("dup3", 330, 358, &[Fd, Fd, OpenBits], Return::Fd(Made::Copy), DESC),
    row("pipe", 42, 42, &[Out(FdPair)], Return::Int, DESC),
    row("pipe2", 331, 359, &[Out(FdPair), OpenBits], Return::Int, DESC),
    row("fcntl", 55, 55, &[Fd, Command(&FCNTL), Pointer], Return::Command, DESC),
    row("fcntl64", 221, 221, &[Fd, Command(&FCNTL), Pointer], Return::Command, DESC),
    row("ioctl", 54, 54, &[Fd, Command(&IOCTL), Pointer], Return::Int, DESC | ORDINARY),
    row("poll", 168, 168, &[PollFds(1), Uint, Int], Return::Poll, DESC | ORDINARY | ENTRY | WAITS_WORK | POLLS),
    row("futex", 240, 240, &[Pointer, Command(&FUTEX), Uint, Pointer, Pointer, Uint], Return::Int, ORDINARY | WAITS_THREAD | TIMES_OUT),
    row("nanosleep", 162, 162, &[Pointer, Pointer], Return::Int, ORDINARY | SLEEPS),
    row("access", 33, 33, &[Path, Flags(&ACCESS)], Return::Int, FILE | ASKS),
    row("faccessat", 307, 334, &[DirFd, Path, Flags(&ACCESS)], Return::Int, FILE | DESC | ASKS),
    row("stat64", 195, 195, &[Path, Pointer], Return::Int, FILE | STAT | WAITS_FILE_SYSTEM | ASKS),
    row("lstat64", 196, 196, &[Path, Pointer], Return::Int, FILE | LSTAT | ASKS),
    row("fstat64", 197, 197, &[Fd, Pointer], Return::Int, DESC | FSTAT),
    row("fstatat64", 300, 327, &[DirFd, Path, Pointer, Flags(&AT)], Return::Int, FILE | DESC | FSTAT | WAITS_FILE_SYSTEM | ASKS),
    row("readlink", 85, 85, &[Path, LinkOut, Size], Return::Int, FILE | ASKS),
    row("readlinkat", 305, 332, &[DirFd, Path, LinkOut, Size], Return::Int, FILE | DESC | ASKS),
    row("getcwd", 183, 183, &[PathOut, Size], Return::Int, FILE | FILLS_BUFFER),
    row("chdir", 12, 12, &[Path], Return::Int, FILE | DECISIVE | CHANGES_DIRECTORY),
    row("chroot", 61, 61, &[Path], Return::Int, FILE | DECISIVE | CHANGES_ROOT),
    row("mkdir", 39, 39, &[Path, Mode], Return::Int, FILE | MAKES_ENTRY),
    row("mkdirat", 296, 323, &[DirFd, Path, Mode], Return::Int, FILE | DESC | MAKES_ENTRY),
    row("rmdir", 40, 40, &[Path], Return::Int, FILE | DECISIVE | ASKS),
    row("link", 9, 9, &[Path, Path], Return::Int, FILE),
    row("unlink", 10, 10, &[Path], Return::Int, FILE | DECISIVE | WAITS_FILE_SYSTEM | ASKS),
    row("unlinkat", 301, 328, &[DirFd, Path, Flags(&AT)], Return::Int, FILE | DESC | DECISIVE | ASKS),
    row("rename", 38, 38, &[Path, Path], Return::Int, FILE | DECISIVE | WAITS_FILE_SYSTEM),
    row("renameat", 302, 329, &[DirFd, Path, DirFd, Path], Return::Int, FILE | DESC | DECISIVE),
    row("renameat2", 353, 382, &[DirFd, Path, DirFd, Path, Flags(&RENAME)], Return::Int, FILE | DESC | DECISIVE),
    row("symlink", 83, 83, &[Path, Path], Return::Int, FILE | MAKES_ENTRY),
    row("chmod", 15, 15, &[Path, Mode], Return::Int, FILE),
    row("chown32", 212, 212, &[Path, Uid, Uid], Return::Int, FILE),
    row("truncate", 92, 92, &[Path, Size], Return::Int, FILE),
    row("mount", 21, 21, &[Path, Path, Name, Flags(&MOUNT), Name], Return::Int, FILE | DECISIVE | MOUNTS),
    row("umount2", 52, 52, &[Path, Flags(&UMOUNT)], Return::Int, FILE | DECISIVE),
    row("fsync", 118, 118, &[Fd], Return::Int, DESC | WAITS_DISK),
    row("brk", 45, 45, &[Pointer], Return::Hex, MEMORY | ALLOCATES),
    row("mmap2", 192, 192, &[Pointer, Size, Prot, MapFlags, MapFd, Hex], Return::Hex, DESC | MEMORY | ALLOCATES),
    row("munmap", 91, 91, &[Pointer, Size], Return::Int, MEMORY | FREES),
    row("mprotect", 125, 125, &[Pointer, Size, Prot], Return::Int, MEMORY),
    row("socketcall", 102, NONE, &[Command(&SOCKETCALL), Operand(0)], Return::Int, NETWORK),
    row("socket", 359, 281, &[Choice(&AF), SocketType, SocketProtocol(0)], Return::Fd(Made::Socket), NETWORK | SETS_UP_SOCKET),
    row("socketpair", 360, 288, &[Choice(&AF), SocketType, SocketProtocol(0), Out(FdPair)], Return::Int, NETWORK),
    row("bind", 361, 282, &[Fd, AddressIn(2), Int], Return::Int, NETWORK | DECISIVE | BINDS | SETS_UP_SOCKET),
    row("connect", 362, 283, &[Fd, AddressIn(2), Int], Return::Int, NETWORK | DECISIVE | ENTRY | WAITS_PEER | CONNECTS | SETS_UP_SOCKET),
    row("listen", 363, 284, &[Fd, Int], Return::Int, NETWORK | DECISIVE | SETS_UP_SOCKET),
    row("accept", NONE, 285, &[Fd, AddressOut(2), AddressLen(1)], Return::Fd(Made::Accepted), NETWORK | WAITS_WORK),
    row("accept4", 364, 366, &[Fd, AddressOut(2), AddressLen(1), Flags(&SOCK_FLAGS)], Return::Fd(Made::Accepted), NETWORK | WAITS_WORK),
    row("getsockopt", 365, 295, &[Fd, SockoptLevel, SockoptName(1), SockoptOut(4), SockoptLen(3)], Return::Int, NETWORK),
    row("setsockopt", 366, 294, &[Fd, SockoptLevel, SockoptName(1), SockoptIn(4), Int], Return::Int, NETWORK),
    row("getsockname", 367, 286, &[Fd, AddressOut(2), AddressLen(1)], Return::Int, NETWORK),
    row("getpeername", 368, 287, &[Fd, AddressOut(2), AddressLen(1)], Return::Int, NETWORK),
    row("sendto", 369, 290, &[Fd, BytesIn(2), Size, Flags(&MSG), AddressIn(5), Int], Return::Int, NETWORK | WAITS_PEER | SENDS),
    row("sendmsg", 370, 296, &[Fd, Pointer, Flags(&MSG)], Return::Int, NETWORK | WAITS_PEER | SENDS),
    row("recvfrom", 371, 292, &[Fd, BytesOut, Size, Flags(&MSG), AddressOut(5), AddressLen(4)], Return::Int, NETWORK | ORDINARY | WAITS_PEER | RECEIVES),
    row("recvmsg", 372, 297, &[Fd, Pointer, Flags(&MSG)], Return::Int, NETWORK | ORDINARY | WAITS_PEER | RECEIVES),
    row("send", NONE, 289, &[Fd, BytesIn(2), Size, Flags(&MSG)], Return::Int, NETWORK | WAITS_PEER | SENDS),
    row("recv", NONE, 291, &[Fd, BytesOut, Size, Flags(&MSG)], Return::Int, NETWORK | ORDINARY | WAITS_PEER | RECEIVES),
    row("shutdown", 373, 293, &[Fd, Choice(&SHUTDOWN)], Return::Int, NETWORK),
];

/// The name of number `nr` of the i386 table, with a row or without.
#[must_use]
pub fn name(nr: u16) -> Option<&'static str> {
    NAMES.get(usize::from(nr)).copied().filter(|name| !name.is_empty())
}

#[rustfmt::skip]
static NAMES: [&str; 470] = [
    "restart_syscall", "exit", "fork", "read", "write", "open", "close", "waitpid", "creat", "link", "unlink",
    "execve", "chdir", "time", "mknod", "chmod", "lchown", "break", "oldstat", "lseek", "getpid", "mount", "umount",
    "setuid", "getuid", "stime", "ptrace", "alarm", "oldfstat", "pause", "utime", "stty", "gtty", "access", "nice",
    "ftime", "sync", "kill", "rename", "mkdir", "rmdir", "dup", "pipe", "times", "prof", "brk", "setgid", "getgid",
    "signal", "geteuid", "getegid", "acct", "umount2", "lock", "ioctl", "fcntl", "mpx", "setpgid", "ulimit",
    "oldolduname", "umask", "chroot", "ustat", "dup2", "getppid", "getpgrp", "setsid", "sigaction", "sgetmask",
    "ssetmask", "setreuid", "setregid", "sigsuspend", "sigpending", "sethostname", "setrlimit", "getrlimit",
    "getrusage", "gettimeofday", "settimeofday", "getgroups", "setgroups", "select", "symlink", "oldlstat",
    "readlink", "uselib", "swapon", "reboot", "readdir", "mmap", "munmap", "truncate", "ftruncate", "fchmod",
    "fchown", "getpriority", "setpriority", "profil", "statfs", "fstatfs", "ioperm", "socketcall", "syslog",
    "setitimer", "getitimer", "stat", "lstat", "fstat", "olduname", "iopl", "vhangup", "idle", "vm86old", "wait4",
    "swapoff", "sysinfo", "ipc", "fsync", "sigreturn", "clone", "setdomainname", "uname", "modify_ldt", "adjtimex",
    "mprotect", "sigprocmask", "create_module", "init_module", "delete_module", "get_kernel_syms", "quotactl",
    "getpgid", "fchdir", "bdflush", "sysfs", "personality", "afs_syscall", "setfsuid", "setfsgid", "_llseek",
    "getdents", "_newselect", "flock", "msync", "readv", "writev", "getsid", "fdatasync", "_sysctl", "mlock",
    "munlock", "mlockall", "munlockall", "sched_setparam", "sched_getparam", "sched_setscheduler",
    "sched_getscheduler", "sched_yield", "sched_get_priority_max", "sched_get_priority_min",
    "sched_rr_get_interval", "nanosleep", "mremap", "setresuid", "getresuid", "vm86", "query_module", "poll",
    "nfsservctl", "setresgid", "getresgid", "prctl", "rt_sigreturn", "rt_sigaction", "rt_sigprocmask",
    "rt_sigpending", "rt_sigtimedwait", "rt_sigqueueinfo", "rt_sigsuspend", "pread64", "pwrite64", "chown",
    "getcwd", "capget", "capset", "sigaltstack", "sendfile", "getpmsg", "putpmsg", "vfork", "ugetrlimit", "mmap2",
    "truncate64", "ftruncate64", "stat64", "lstat64", "fstat64", "lchown32", "getuid32", "getgid32", "geteuid32",
    "getegid32", "setreuid32", "setregid32", "getgroups32", "setgroups32", "fchown32", "setresuid32", "getresuid32",
    "setresgid32", "getresgid32", "chown32", "setuid32", "setgid32", "setfsuid32", "setfsgid32", "pivot_root",
    "mincore", "madvise", "getdents64", "fcntl64", "", "", "gettid", "readahead", "setxattr", "lsetxattr",
    "fsetxattr", "getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr", "flistxattr", "removexattr",
    "lremovexattr", "fremovexattr", "tkill", "sendfile64", "futex", "sched_setaffinity", "sched_getaffinity",
    "set_thread_area", "get_thread_area", "io_setup", "io_destroy", "io_getevents", "io_submit", "io_cancel",
    "fadvise64", "", "exit_group", "lookup_dcookie", "epoll_create", "epoll_ctl", "epoll_wait", "remap_file_pages",
    "set_tid_address", "timer_create", "timer_settime", "timer_gettime", "timer_getoverrun", "timer_delete",
    "clock_settime", "clock_gettime", "clock_getres", "clock_nanosleep", "statfs64", "fstatfs64", "tgkill",
    "utimes", "fadvise64_64", "vserver", "mbind", "get_mempolicy", "set_mempolicy", "mq_open", "mq_unlink",
    "mq_timedsend", "mq_timedreceive", "mq_notify", "mq_getsetattr", "kexec_load", "waitid", "", "add_key",
    "request_key", "keyctl", "ioprio_set", "ioprio_get", "inotify_init", "inotify_add_watch", "inotify_rm_watch",
    "migrate_pages", "openat", "mkdirat", "mknodat", "fchownat", "futimesat", "fstatat64", "unlinkat", "renameat",
    "linkat", "symlinkat", "readlinkat", "fchmodat", "faccessat", "pselect6", "ppoll", "unshare", "set_robust_list",
    "get_robust_list", "splice", "sync_file_range", "tee", "vmsplice", "move_pages", "getcpu", "epoll_pwait",
    "utimensat", "signalfd", "timerfd_create", "eventfd", "fallocate", "timerfd_settime", "timerfd_gettime",
    "signalfd4", "eventfd2", "epoll_create1", "dup3", "pipe2", "inotify_init1", "preadv", "pwritev",
    "rt_tgsigqueueinfo", "perf_event_open", "recvmmsg", "fanotify_init", "fanotify_mark", "prlimit64",
    "name_to_handle_at", "open_by_handle_at", "clock_adjtime", "syncfs", "sendmmsg", "setns", "process_vm_readv",
    "process_vm_writev", "kcmp", "finit_module", "sched_setattr", "sched_getattr", "renameat2", "seccomp",
    "getrandom", "memfd_create", "bpf", "execveat", "socket", "socketpair", "bind", "connect", "listen", "accept4",
    "getsockopt", "setsockopt", "getsockname", "getpeername", "sendto", "sendmsg", "recvfrom", "recvmsg",
    "shutdown", "userfaultfd", "membarrier", "mlock2", "copy_file_range", "preadv2", "pwritev2", "pkey_mprotect",
    "pkey_alloc", "pkey_free", "statx", "arch_prctl", "io_pgetevents", "rseq", "", "", "", "", "", "", "semget",
    "semctl", "shmget", "shmctl", "shmat", "shmdt", "msgget", "msgsnd", "msgrcv", "msgctl", "clock_gettime64",
    "clock_settime64", "clock_adjtime64", "clock_getres_time64", "clock_nanosleep_time64", "timer_gettime64",
    "timer_settime64", "timerfd_gettime64", "timerfd_settime64", "utimensat_time64", "pselect6_time64",
    "ppoll_time64", "", "io_pgetevents_time64", "recvmmsg_time64", "mq_timedsend_time64", "mq_timedreceive_time64",
    "semtimedop_time64", "rt_sigtimedwait_time64", "futex_time64", "sched_rr_get_interval_time64",
    "pidfd_send_signal", "io_uring_setup", "io_uring_enter", "io_uring_register", "open_tree", "move_mount",
    "fsopen", "fsconfig", "fsmount", "fspick", "pidfd_open", "clone3", "close_range", "openat2", "pidfd_getfd",
    "faccessat2", "process_madvise", "epoll_pwait2", "mount_setattr", "quotactl_fd", "landlock_create_ruleset",
    "landlock_add_rule", "landlock_restrict_self", "memfd_secret", "process_mrelease", "futex_waitv",
    "set_mempolicy_home_node", "cachestat", "fchmodat2", "map_shadow_stack", "futex_wake", "futex_wait",
    "futex_requeue", "statmount", "listmount", "lsm_get_self_attr", "lsm_set_self_attr", "lsm_list_modules",
    "mseal", "setxattrat", "getxattrat", "listxattrat", "removexattrat", "open_tree_attr", "file_getattr",
    "file_setattr",
];
